"""Which format a client gets: by name, or by its Accept header."""

from collections.abc import Sequence
from typing import Final

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from kg.formats import Format, content_type, format_named, formats_for

JSON_PROBLEM: Final = "application/problem+json"
HTML: Final = "text/html"
_GRAPH_FORM: Final = "CONSTRUCT"


def accepted_types(header_values: Sequence[str]) -> MIMEAccept:
    """What the Accept header lines of a request say together; no line at all accepts everything.

    Parameters of a range other than its quality are dropped: `text/turtle;charset=utf-8` asks for Turtle, which is
    always UTF-8.
    Source: RFC 9110 §12.5.1, and §5.3 for several lines of one name.
    """
    joined = ", ".join(value for value in header_values if value.strip())
    if not joined:
        return MIMEAccept([("*/*", 1.0)])
    ranges = [(media_range.split(";")[0].strip(), quality) for media_range, quality in parse_accept_header(joined)]
    return MIMEAccept(ranges)


def best_type(accepted: MIMEAccept, offers: Sequence[str]) -> str | None:
    """The offer of the highest quality, the earlier of two that are equal; None where nothing offered is acceptable.

    The most specific range decides about an offer, so that `text/csv;q=0, */*` excludes CSV.
    """
    best = max(offers, key=accepted.quality, default=None)
    return best if best is not None and accepted.quality(best) > 0 else None


def choose_format(accepted: MIMEAccept, rows: Sequence[Format]) -> tuple[Format, str] | None:
    """The best of some formats (best first), with the content type to send; None where none is acceptable.

    >>> from kg.formats import formats_for
    >>> choose_format(accepted_types(["application/json"]), formats_for("ASK"))[1]
    'application/json'
    """
    offers = {row.media_type: row for row in rows}
    for row in rows:
        for media_type in row.other_media_types:
            offers.setdefault(media_type, row)
    # A second name of a format comes after the first names of all.
    best = best_type(accepted, list(offers))
    return (offers[best], content_type(best, charset=offers[best].charset)) if best else None


def choose_graph_format(format_name: str, accept: Sequence[str]) -> tuple[Format, str] | None:
    """The format of a graph that is named, or else the best one that is accepted, with the content type to send.

    HTML is one of them. None where the name is of no such format, or none is acceptable.
    """
    if format_name:
        row = format_named(format_name, _GRAPH_FORM)
        return (row, row.content_type) if row else None
    return choose_format(accepted_types(accept), formats_for(_GRAPH_FORM))


def prefers_html(accepted: MIMEAccept) -> bool:
    """Whether a message is best shown as a page: the client likes HTML better than a problem document."""
    return best_type(accepted, [JSON_PROBLEM, HTML]) == HTML
