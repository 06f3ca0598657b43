"""The command that finds links to other data, makes a submission of those that were accepted, and finds dead ones."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import click

from kg.answer import stored_queries
from kg.cli.context import Context, echo_columns, main, progress, told, write_file
from kg.cli.writing import submit
from kg.errors import ContentError, NetworkRefused
from kg.namespaces import PREFIXES
from kg.store import readable_snapshot

if TYPE_CHECKING:
    from kg.linking import Checked, Target

_FOUND_DEAD: Final = 1
_CACHE: Final = "linking"


@dataclass(frozen=True)
class _Search:
    """What is looked for, and how."""

    kinds: tuple[str, ...]
    types: tuple[str, ...]
    of_class: str
    languages: tuple[str, ...]
    least: float
    most: int
    page: int
    pause: float
    seconds: float
    contact: str
    fresh: bool
    allow: tuple[str, ...]


@main.command()
@click.argument("target", required=False, default="")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="FILE to write; default: standard output.")
@click.option("--kind", "kinds", multiple=True, metavar="CLASS", help="Only things of ours of this class.")
@click.option("--their-class", "of_class", default="", metavar="IRI", help="Only things of theirs of this class.")
@click.option("--type", "types", multiple=True, metavar="OURS=THEIRS", help="A class of ours that goes with theirs.")
@click.option("--language", "languages", multiple=True, default=("en",), show_default=True, help="Of their names.")
@click.option("--least", type=click.FloatRange(0, 1), default=0.6, show_default=True, help="Lowest score.")
@click.option("--most", type=click.IntRange(1), default=100_000, show_default=True, help="Most names, or addresses.")
@click.option("--page", type=click.IntRange(1, 50_000), default=1000, show_default=True, help="Rows at a time.")
@click.option("--pause", type=click.FloatRange(0), default=1.0, show_default=True, help="Seconds between requests.")
@click.option("--seconds", type=click.FloatRange(1, 600), default=60.0, show_default=True, help="For one request.")
@click.option("--contact", default="", help="Mail address for the operator of the endpoint, told in each request.")
@click.option("--fresh", is_flag=True, help="Ask again what was answered before.")
@click.option("--accept", "table", type=click.Path(path_type=Path), help="FILE with decisions: write what is accepted.")
@click.option("--reviewer", default="", metavar="NAME", help="Who accepts it.")
@click.option("--submit", "is_submitted", is_flag=True, help="Submit what is accepted.")
@click.option("--check", is_flag=True, help="Find dead and moved targets of the links that there are.")
@click.option("--network", is_flag=True, help="Let --check ask the addresses.")
@click.option("--allow", multiple=True, metavar="HOST", help="A host in a private network that may be asked.")
@click.pass_context
def link(  # noqa: PLR0913 - one for each option
    click_context: click.Context,
    /,
    target: str,
    *,
    output: Path | None,
    table: Path | None,
    reviewer: str,
    is_submitted: bool,
    check: bool,
    network: bool,
    **search: object,
) -> None:
    """Find what in TARGET, a file of RDF or the address of a SPARQL endpoint, may be linked: a table to be reviewed.

    Write `accept` into the column decision, then run `kg link --accept FILE --reviewer NAME`.
    Exit status of --check: 0 no link is dead, 1 some are, 2 nothing was asked.
    """
    context: Context = click_context.obj
    wanted = _Search(**search)  # type: ignore[arg-type]  # click has seen to the types
    with told():
        if sum(map(bool, (target, table, check))) != 1:
            raise ContentError("what to do is not clear", remedy="give one of TARGET, --accept FILE and --check")
        if check:
            _check(context, wanted, network=network)
        elif table:
            text = _accepted(context, table, reviewer)
            if is_submitted and text:
                _submit(click_context, text, table, reviewer=reviewer)
            elif text:
                _write(text, output)
        else:
            _write(_found(context, target, wanted), output)


def _found(context: Context, target: str, wanted: _Search) -> str:
    """The table of candidates."""
    from kg import linking  # noqa: PLC0415 - it is needed here only, and loads SPARQLWrapper and rdflib

    snapshot = readable_snapshot(context.snapshots)
    prefixes = PREFIXES | snapshot.description.prefixes
    theirs_of = _opened(context, target, wanted)
    kinds = [_whole(name, prefixes) for name in wanted.kinds]
    ours = linking.our_things(snapshot, kinds=kinds)
    progress(f"{len(ours):,} things of ours")
    of_class = _whole(wanted.of_class, prefixes) if wanted.of_class else ""
    theirs, more = linking.their_things(
        theirs_of, page=wanted.page, most=wanted.most, languages=wanted.languages, of_class=of_class
    )
    progress(f"{len(theirs):,} things of theirs" + (f"; there may be more, --most is {wanted.most:,}" if more else ""))
    wider = linking.wider_classes(snapshot, {iri for thing in ours for iri in thing.classes})
    for pair in wanted.types:
        own, _, other = pair.partition("=")
        for iri in [iri for iri, known in wider.items() if _whole(own, prefixes) in known]:
            wider[iri] |= {_whole(other, prefixes)}
    measure = linking.Measure(wider=wider, least=wanted.least, linked=linking.linked_pairs(snapshot))
    found = linking.candidates(ours, theirs, theirs_of, measure, page=wanted.page)
    progress(f"{len(found):,} candidates for {len({one.ours.iri for one in found}):,} things; review each")
    return linking.table_text(found)


def _opened(context: Context, target: str, wanted: _Search) -> Target:
    from kg import linking  # noqa: PLC0415 - as above
    from kg.endpoints import Bounds, host_of  # noqa: PLC0415 - as above
    from kg.store.federation import names_an_address  # noqa: PLC0415 - as above

    if not target.startswith(("http://", "https://")):
        return linking.file_target(Path(target))
    host = host_of(target)
    # An address that somebody wrote himself is named by that; a name may come to mean another address.
    linking.refuse_unnamed(target, (*wanted.allow, *([host] if names_an_address(host) else [])))
    pace = linking.Pace(
        wanted.page, wanted.pause, Bounds(seconds=wanted.seconds, bytes=32 * 1024 * 1024), wanted.contact
    )
    return linking.endpoint_target(target, cache=context.settings.state / _CACHE, pace=pace, is_fresh=wanted.fresh)


def _accepted(context: Context, table: Path, reviewer: str) -> str:
    """What was accepted, in Turtle; empty where nothing was."""
    from kg import linking  # noqa: PLC0415 - as above

    snapshot = readable_snapshot(context.snapshots)
    links = linking.read_decisions(table)
    if not links:
        progress("no row is accepted; write accept into the column decision")
        return ""
    progress(f"{len(links):,} links accepted")
    return linking.accepted_turtle(
        links,
        stored_queries(snapshot, context.limits),
        reviewer=reviewer,
        date=datetime.now(UTC).date().isoformat(),
        prefixes=snapshot.description.prefixes,
    )


def _submit(click_context: click.Context, text: str, table: Path, *, reviewer: str) -> None:
    with TemporaryDirectory(prefix="kg-link-") as folder:
        file = Path(folder) / f"{table.stem}.ttl"
        file.write_text(text, encoding="utf-8")
        click_context.invoke(submit, file=file, author=reviewer, message=f"Links accepted in {table.name}")


def _check(context: Context, wanted: _Search, *, network: bool) -> None:
    """Tell of each link that is not alive."""
    from kg import linking  # noqa: PLC0415 - as above

    links = linking.links_of(readable_snapshot(context.snapshots))
    asked = [*links][: wanted.most]
    if not network:
        raise NetworkRefused(
            f"this would ask {len(asked):,} addresses for their head, one a second and host",
            remedy="allow that by --network",
        )
    progress(f"{len(asked):,} of {len(links):,} addresses are asked")
    visit = linking.Visit(named=wanted.allow, pause_seconds=wanted.pause)
    found = list(linking.check_links(asked, visit))
    _echo_checked([one for one in found if one.state != "alive" or one.leads_to], links)
    counts = {state: sum(one.state == state for one in found) for state in sorted({one.state for one in found})}
    progress(", ".join(f"{count:,} {state}" for state, count in counts.items()) or "there is no link")
    if counts.get("dead"):
        raise SystemExit(_FOUND_DEAD)


def _echo_checked(found: Sequence[Checked], links: dict[str, int]) -> None:
    rows = [[one.state, one.says, str(links[one.iri]), f"{one.iri} → {one.leads_to}" if one.leads_to else one.iri]
            for one in sorted(found, key=lambda one: (one.state, one.iri))]  # fmt: skip
    echo_columns(["state", "says", "links", "address"], rows)


def _write(text: str, output: Path | None) -> None:
    if output:
        write_file(output, text.encode())
    else:
        sys.stdout.write(text)


def _whole(name: str, prefixes: dict[str, str]) -> str:
    """An IRI, or a prefixed name as one."""
    start, _, rest = name.partition(":")
    return f"{prefixes[start]}{rest}" if start in prefixes and not rest.startswith("//") else name
