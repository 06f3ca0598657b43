"""What somebody wants to change, said before it is known which state it meets; and what it then comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Final

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Store, Triple, serialize

from kg.errors import QueryRefused
from kg.settings import STRICT, UNION
from kg.sources import is_reference
from kg.store.contributions import is_derived
from kg.store.effects import reference_kept
from kg.store.ledger import Ledger
from kg.store.nodes import Naming
from kg.store.patch import Changeset, is_apart, quads_of
from kg.store.pending import Nodes, Scratch
from kg.store.primary import HISTORY
from kg.store.updates import GraphRules, Using, changes_of_update

HERE: Final = "urn:x-kg:here"
"""The graph of a submission, in statements that are written before it has a name."""

ADD: Final = "add"
EDIT: Final = "edit"
EXTEND: Final = "extend"
EXTEND_ALL: Final = "extend all"
PATCH: Final = "patch"
REPLACE: Final = "replace"
REPLACE_ALL: Final = "replace all"
UPDATE: Final = "update"
REVERT: Final = "revert"

_HERE: Final = f" <{HERE}> ."
# As N-Quads writes what cannot be judged, or be text in every format.
_TRIPLE_OPENS: Final = "<<("
_ZERO: Final = "\\u0000"


@dataclass(frozen=True)
class Proposal:
    """A change that is proposed."""

    kind: str
    """`add`: statements, in the graph of the submission. `edit`: statements to add there and to remove wherever they
    stand. `extend`: statements, in the graph that is named. `replace`: all of that graph, by other statements or by
    none. `extend all`, `replace all`: the same of a whole dataset, in several graphs. `patch`: an update of that graph
    alone, as its default graph. `update`: an update. `revert`: a commit."""
    added: tuple[str, ...] = ()
    """N-Quads statements in the graph `HERE`, which stands for the one that they go to; a dataset has others, too."""
    removed: tuple[str, ...] = ()
    """N-Triples statements."""
    graph: str = ""
    """The graph to write to; empty for the default graph."""
    text: str = ""
    """The update, vetted."""
    using_default: tuple[str, ...] = ()
    using_named: tuple[str, ...] = ()
    revision: int = 0
    """The commit to revert."""


@dataclass(frozen=True)
class Meeting:
    """The state that a proposal meets."""

    store: Store
    ledger: Ledger
    merges: bool
    derived: str
    """The IRI below which graphs are that nobody writes to."""
    here: str
    """The graph of the submission."""
    scratch: Scratch
    nodes: Nodes
    history: str = ""
    """The graph that tells who submitted what; nobody writes to it."""


def changes_of(proposal: Proposal, meeting: Meeting) -> Changeset:
    """What a proposal comes to. Of what it adds some may be there already, of what it removes some may not.

    Raises:
        QueryRefused: it would write to a graph that is derived or of reference, or to the default graph, which is a
            merge or empty.
        QuerySyntax, QueryError: an update cannot be evaluated.
        RevisionMissing: there is no such commit to revert.
    """
    changes = _MEANINGS[proposal.kind](proposal, meeting)
    if meeting.merges:
        _refuse_unnamed(changes)
    _refuse_derived(changes, meeting)
    _refuse_reference(changes)
    return changes


def _added(proposal: Proposal, graph: str) -> tuple[str, ...]:
    """What is added, in a graph; empty for the default graph."""
    place = f" <{graph}> ." if graph else " ."
    placed = (f"{line.removesuffix(_HERE)}{place}" if line.endswith(_HERE) else line for line in proposal.added)
    return tuple(sorted({*placed}))


def _add(proposal: Proposal, meeting: Meeting) -> Changeset:
    return Changeset(added=_added(proposal, meeting.here))


def _extend(proposal: Proposal, meeting: Meeting) -> Changeset:
    """In a default graph that is the merge of all graphs, statements get a graph of their own."""
    return Changeset(added=_added(proposal, proposal.graph or (meeting.here if meeting.merges else "")))


def _extend_all(proposal: Proposal, meeting: Meeting) -> Changeset:
    """What a dataset says and is not there. Its default graph goes where statements without a graph are extended to."""
    return Changeset(added=_new(_added(proposal, meeting.here if meeting.merges else ""), meeting))


def _replace_all(proposal: Proposal, meeting: Meeting) -> Changeset:
    """All that may be written is replaced. What a dataset says of other graphs is taken as said where it is there."""
    added = _added(proposal, meeting.here if meeting.merges else "")
    rules = _rules(meeting)
    writable = (quad for quad in meeting.store if rules.may_write(quad.graph_name))
    return Changeset(added=_new(added, meeting), removed=tuple(sorted({*_lines(writable)} - {*added})))


def _new(lines: tuple[str, ...], meeting: Meeting) -> tuple[str, ...]:
    """The statements that are not there."""
    return tuple(line for line, quad in zip(lines, quads_of(lines), strict=True) if quad not in meeting.store)


def _rules(meeting: Meeting) -> GraphRules:
    return GraphRules(
        UNION if meeting.merges else STRICT,
        target=meeting.here,
        derived=meeting.derived,
        history=HISTORY,
        submissions=meeting.history,
    )


def _edit(proposal: Proposal, meeting: Meeting) -> Changeset:
    """A statement is removed from every graph that it is asserted in."""
    found = {
        line
        for quad in quads_of(proposal.removed)
        for line in _lines(
            held
            for held in meeting.store.quads_for_pattern(quad.subject, quad.predicate, quad.object, None)
            if _is_asserted(held, meeting)
        )
    }
    return Changeset(added=_added(proposal, meeting.here), removed=tuple(sorted(found)))


def _replace(proposal: Proposal, meeting: Meeting) -> Changeset:
    before = {*_lines(_graph(proposal, meeting))}
    after = {*_added(proposal, proposal.graph)}
    return Changeset(added=tuple(sorted(after - before)), removed=tuple(sorted(before - after)))


def _patch(proposal: Proposal, meeting: Meeting) -> Changeset:
    quads = [Quad(quad.subject, quad.predicate, quad.object) for quad in _graph(proposal, meeting)]
    changes = changes_of_update(
        proposal.text,
        _store_of(quads),
        rules=GraphRules(STRICT),
        scratch=lambda: nullcontext(_store_of(quads)),
        nodes=replace(meeting.nodes, labels=lambda: _labels(quads, meeting.nodes.naming)),
    )
    _refuse_unjudged(changes)
    target = NamedNode(proposal.graph) if proposal.graph else DefaultGraph()
    moved = []
    for lines in (changes.added, changes.removed):
        quads = quads_of(lines)
        if any(not isinstance(quad.graph_name, DefaultGraph) for quad in quads):
            raise QueryRefused("a patch is about one graph, and this one names others", remedy="send it to /update")
        moved.append(tuple(sorted(_lines(Quad(quad.subject, quad.predicate, quad.object, target) for quad in quads))))
    return Changeset(added=moved[0], removed=moved[1])


def _labels(quads: Iterable[Quad], naming: Naming | None) -> set[str]:
    return naming.labels(_lines(quads)) if naming else set()


def _store_of(quads: Iterable[Quad]) -> Store:
    """A store in memory. Not in bulk: for that the engine reserves more memory than a clerk may have left."""
    store = Store()
    store.extend(quads)
    return store


def _graph(proposal: Proposal, meeting: Meeting) -> Iterable[Quad]:
    """The quads of the graph that is named."""
    if not proposal.graph and meeting.merges:
        raise QueryRefused(
            "the default graph is the merge of all graphs, and none of its own that could be replaced",
            remedy="name the graph, as ?graph=…; or send the statements to /submissions",
        )
    graph = NamedNode(proposal.graph) if proposal.graph else DefaultGraph()
    return meeting.store.quads_for_pattern(None, None, None, graph)


def _update(proposal: Proposal, meeting: Meeting) -> Changeset:
    using = Using(proposal.using_default, proposal.using_named)
    changes = changes_of_update(
        proposal.text,
        meeting.store,
        rules=_rules(meeting),
        scratch=meeting.scratch,
        using=using,
        nodes=meeting.nodes,
    )
    _refuse_unjudged(changes)
    return changes


def _refuse_unjudged(changes: Changeset) -> None:
    """Refuse to add what no document may say either.

    Raises:
        QueryRefused: a statement is about a triple, or has a zero character in it.
    """
    for quad in quads_of(line for line in changes.added if _TRIPLE_OPENS in line or _ZERO in line):
        if isinstance(quad.object, Triple):
            raise QueryRefused(
                f"{quad.subject} is about a statement (a triple term), which no shape can judge",
                remedy="say it with a node of its own, which names subject, property and value",
            )
        if "\0" in quad.object.value:
            raise QueryRefused(
                f"what is said of {quad.subject} has a zero character (U+0000)", remedy="delete what is too much"
            )


def _revert(proposal: Proposal, meeting: Meeting) -> Changeset:
    changes = meeting.ledger.revert(proposal.revision)
    return Changeset(
        added=tuple(line for line in changes.added if not is_derived(line, meeting.derived)),
        removed=tuple(line for line in changes.removed if not is_derived(line, meeting.derived)),
    )


_MEANINGS: Final[Mapping[str, Callable[[Proposal, Meeting], Changeset]]] = {
    ADD: _add,
    EDIT: _edit,
    EXTEND: _extend,
    EXTEND_ALL: _extend_all,
    PATCH: _patch,
    REPLACE: _replace,
    REPLACE_ALL: _replace_all,
    UPDATE: _update,
    REVERT: _revert,
}


def _refuse_unnamed(changes: Changeset) -> None:
    """A default graph that is the merge of all graphs holds nothing of its own."""
    for quad in quads_of((*changes.added, *changes.removed)):
        if isinstance(quad.graph_name, DefaultGraph):
            raise QueryRefused(
                "the default graph is the merge of all graphs, and holds nothing of its own",
                remedy="name the graph, as ?graph=… or GRAPH <…>; or send the statements to /submissions",
            )


def _refuse_derived(changes: Changeset, meeting: Meeting) -> None:
    for line in (*changes.added, *changes.removed):
        if is_derived(line, meeting.derived):
            raise QueryRefused(
                f"the graphs below {meeting.derived} hold what follows from other statements; nobody writes to them",
                remedy="change the statements that it follows from",
            )


def _refuse_reference(changes: Changeset) -> None:
    for quad in quads_of(line for line in (*changes.added, *changes.removed) if is_reference(line)):
        if is_apart(quad):
            raise reference_kept(str(quad.graph_name).strip("<>"))


def _is_asserted(quad: Quad, meeting: Meeting) -> bool:
    if isinstance(quad.graph_name, DefaultGraph):
        return not meeting.merges
    return not is_apart(quad) and not str(quad.graph_name.value).startswith(f"{meeting.derived}/")


def _lines(quads: Iterable[Quad]) -> Iterator[str]:
    text = serialize(quads, format=RdfFormat.N_QUADS) or b""
    yield from text.decode().split("\n")[:-1]
