"""The dataset as files: each format plain and as a gzip file, and the links to other data as a mapping set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response, url_for

from kg.answer import Ask, vet_query
from kg.describe import Download, dataset_query, merge_query
from kg.errors import ContentError
from kg.formats import FORMATS, Format
from kg.sssom import LINKS, SSSOM, mapping_set
from kg.web.encodings import PACKED
from kg.web.exchange import Plan
from kg.web.problems import Problem
from kg.web.service import planned_response, service
from kg.web.signposts import part_signposts, put_up

blueprint = Blueprint("dumps", __name__)

LINKS_PATH: Final = "/data/links.sssom.tsv"
TSV: Final = "text/tab-separated-values"
_PACKED_EXTENSION: Final = "gz"


@dataclass(frozen=True)
class Dump:
    """One file that holds the dataset."""

    row: Format
    with_graphs: bool
    """Whether its graphs are told apart; else it is their merge."""
    packed: bool = False
    """Whether it is a gzip file."""

    @property
    def extension(self) -> str:
        """What follows the first dot of its name."""
        return f"{self.row.extension}.{_PACKED_EXTENSION}" if self.packed else self.row.extension


def _dumps() -> tuple[Dump, ...]:
    rows = {row.extension: row for row in FORMATS}
    plain = [Dump(rows[extension], with_graphs=True) for extension in ("nq", "trig", "jsonld")]
    plain += [Dump(rows[extension], with_graphs=False) for extension in ("nt", "ttl", "rdf")]
    return (*plain, *(Dump(dump.row, dump.with_graphs, packed=True) for dump in plain))


DUMPS: Final = _dumps()


@blueprint.get("/data/dump.<extension>")
def dump(extension: str) -> Response:
    """All of it: with its named graphs where the format has them, else their merge.

    A plain file is compressed while it is sent, for those who accept that; a gzip file is one for everybody.
    """
    found = next((dump for dump in DUMPS if dump.extension == extension), None)
    if found is None:
        known = ", ".join(f".{dump.extension}" for dump in DUMPS)
        raise Problem("not-found", f"There is no dump.{extension}", remedy=f"take one of {known}")
    union = service().snapshot().description.merges
    text = dataset_query(union=union) if found.with_graphs else merge_query(union=union)
    title = service().title.lower().replace(" ", "-")
    name = "".join(sign for sign in title if sign.isascii() and (sign.isalnum() or sign == "-")) or "graph"
    plan = Plan(
        Ask(vet_query(text, service().limits)),
        found.row,
        PACKED if found.packed else found.row.content_type,
        filename=f"{name}-{service().snapshot().number}.{extension}",
        packed=found.packed,
    )
    return put_up(planned_response(plan), part_signposts())


@blueprint.get(LINKS_PATH)
def links() -> Response:
    """The links to other data as a mapping set.

    Source: SSSOM, version 1.0.
    """
    try:
        text = mapping_set(service().snapshot(), service().contents().questions)
    except ContentError as error:
        raise Problem("not-found", "There is no mapping set", remedy="/data tells which files there are") from error
    response = Response(text, content_type=f"{TSV}; charset=utf-8")
    response.headers["Content-Disposition"] = 'inline; filename="links.sssom.tsv"'
    return put_up(response, part_signposts())


def has_links() -> bool:
    """Whether the content tells of links to other data."""
    return any(stored.identifier == LINKS for stored in service().contents().questions)


def downloads() -> tuple[Download, ...]:
    """The files that there are, at absolute addresses."""
    found = [
        Download(
            url_for("dumps.dump", extension=dump.extension, _external=True),
            f"{'All graphs' if dump.with_graphs else 'The merge of the graphs'}, as {dump.row.label}"
            f"{', gzip' if dump.packed else ''}",
            dump.row.media_type,
            compressed=dump.packed,
            whole=dump.with_graphs,
        )
        for dump in DUMPS
    ]
    if has_links():
        address = url_for("dumps.links", _external=True)
        found.append(Download(address, "Links to other data, as SSSOM", TSV, whole=False, standard=SSSOM))
    return tuple(found)
