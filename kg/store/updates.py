"""SPARQL updates as changesets: what a request would change, given a store, without changing it.

The engine can only run an update. So each operation is cut from the text, its WHERE is asked as a query, and its
templates are filled in here. Later operations see the effect of earlier ones, where they ask for it, on a copy.

A graph exists when it holds a quad. Where the default graph is one of its own, an update does what the standard says.
Where it is the merge of all graphs, it cannot be written as such:

- what is inserted without GRAPH or WITH goes to the target, unless a graph that may be written holds the triple;
- what is deleted without GRAPH or WITH is removed from every graph that may be written and holds it;
- a triple that one operation both deletes and inserts there stays where it is;
- `DEFAULT` is refused in CLEAR, DROP, ADD, MOVE and COPY; `NAMED` and `ALL` are all graphs that may be written.

Nothing is ever fetched: LOAD is refused, and LOAD SILENT fails, of which nobody is told.

Either way, derived graphs and the history may be read but not written: a request that names one to be written is
refused; `ALL`, `NAMED`, and a deletion whose graph is a variable leave them as they are.

Source: SPARQL 1.1 Update §3 and §4; SPARQL 1.1 Protocol §2.2.3 for graphs that a request chooses for all operations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final, cast

from pyoxigraph import DefaultGraph, NamedNode, Quad, QuerySolutions, Store

from kg.errors import QueryRefused, QuerySyntax
from kg.sparql.updates import DELETE_WHERE, LOAD, MODIFY, Operation, Part, parts_of_update, variables_of
from kg.store.dataset import with_merge
from kg.store.effects import Effect, Graph, GraphRules, too_many
from kg.store.failures import Translated
from kg.store.operations import read_operations, resolved
from kg.store.patch import Changeset
from kg.store.pending import AS_THEY_ARE, DEFAULT, Nodes, Pending, Scratch
from kg.store.replay import _translated
from kg.store.templates import Made, Template, fill, marks_for, read_template

__all__ = ["GraphRules", "UpdateLimits", "Using", "changes_of_update"]

_NOTHING: Final = Template((), ())


@dataclass(frozen=True)
class Using:
    """The graphs that a request chooses for the WHERE of all its operations, by IRI."""

    default: tuple[str, ...] = ()
    named: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether it chooses any."""
        return bool(self.default or self.named)


@dataclass(frozen=True)
class UpdateLimits:
    """How much one request may do."""

    quads: int = 100_000
    """Quads that are added or removed, by one operation or by all together."""
    operations: int = 1_000


@dataclass(frozen=True)
class _Request:
    """What holds for all operations of a request."""

    pending: Pending
    rules: GraphRules
    using: Using
    limits: UpdateLimits
    made: Made
    created: set[Graph] = field(default_factory=set)
    """The graphs that it created, which exist although they are empty."""


def changes_of_update(
    text: str,
    store: Store,
    *,
    rules: GraphRules,
    scratch: Scratch,
    using: Using = Using(),
    limits: UpdateLimits = UpdateLimits(),
    nodes: Nodes = AS_THEY_ARE,
) -> Changeset:
    """The net change that a vetted update would make to a store, which stays as it is.

    The blank nodes that it writes come from `nodes`, in an order that depends on request and store alone. Where the
    store names its blank nodes, each WHERE sees them as they are, and the change is about their names.

    Raises:
        QuerySyntax: it is no update.
        NetworkRefused: it fetches from the network.
        QueryRefused: it changes too much, has too many operations, writes what it may not, or one operation fails.
        QueryError: the engine cannot evaluate it.
        StoreError: the store or its copy cannot be used.
    """
    parts = parts_of_update(text)
    if len(parts) > limits.operations:
        raise QueryRefused(
            f"the update has {len(parts):,} operations, at most {limits.operations:,} are read",
            remedy="write many statements in one INSERT DATA or DELETE DATA, or send several requests",
        )
    operations = read_operations(text, parts)
    if using and any(operation.with_graph or _chooses(operation) for operation in operations):
        raise QueryRefused(
            "the request chooses graphs twice: as parameters, and by WITH or USING in the update",
            remedy="leave out the parameters using-graph-uri and using-named-graph-uri, or WITH and USING",
        )
    with _translated(), ExitStack() as stack:
        pending = Pending(store, scratch, stack, merges=rules.merges, nodes=nodes)
        request = _Request(pending, rules, using, limits, Made(pending, nodes.new))
        for part, operation in zip(parts, operations, strict=True):
            _run(request, part, operation)
            if pending.size > limits.quads:
                raise too_many(limits.quads)
        return pending.changeset()


def _chooses(operation: Operation) -> bool:
    return bool(operation.using or operation.using_named)


def _run(request: _Request, part: Part, operation: Operation) -> None:
    """Add what an operation changes to what is pending."""
    if operation.kind == LOAD:
        return
    if operation.graphs:
        effect = _managed(request, operation, _graphs(request, part, operation))
    else:
        effect = _modified(request, part, operation)
    request.pending.change(*effect.net())


def _graphs(request: _Request, part: Part, operation: Operation) -> list[Graph | str]:
    """The graphs that CLEAR, DROP, CREATE, ADD, MOVE or COPY name; `NAMED` and `ALL` as they are written."""
    if request.rules.merges and "DEFAULT" in operation.graphs:
        raise QueryRefused(
            f"{operation.kind} of DEFAULT: the default graph is the merge of all graphs",
            remedy="name a graph by its IRI",
        )
    words: dict[str, Graph | str] = {"DEFAULT": DEFAULT, "NAMED": "NAMED", "ALL": "ALL"}
    names = resolved(part, [term for term in operation.graphs if term not in words])
    return [words[term] if term in words else names[term] for term in operation.graphs]


def _managed(request: _Request, operation: Operation, graphs: Sequence[Any]) -> Effect:
    """What an operation on whole graphs does.

    Source: SPARQL 1.1 Update §3.2 and §3.1.5; a store that keeps no empty graphs need not fail to clear one.

    Raises:
        QueryRefused: a graph may not be written; or, without SILENT, it is missing, or is there before it is created.
    """
    pending, kind = request.pending, operation.kind
    effect = Effect(pending, request.rules, deletes=kind in ("COPY", "MOVE"), limit=request.limits.quads)
    source, destination = graphs[0], graphs[-1]
    for graph in (source, destination) if kind == "MOVE" else (destination,):
        if not isinstance(graph, str):
            request.rules.refuse_kept(graph)
    _refuse_wrong_graph(request, operation, source)
    if kind == "CREATE":
        request.created.add(source)
    elif kind in ("CLEAR", "DROP"):
        _take_out(request, effect, source)
    elif source != destination:
        if kind != "ADD":
            _take_out(request, effect, destination)
        for quad in pending.graph(source):
            effect.insert(Quad(quad.subject, quad.predicate, quad.object, destination))
        if kind == "MOVE":
            _take_out(request, effect, source)
    if kind in ("DROP", "MOVE"):
        request.created.discard(source)
    return effect


def _refuse_wrong_graph(request: _Request, operation: Operation, graph: Any) -> None:
    if operation.silent or operation.kind == "CLEAR" or isinstance(graph, str | DefaultGraph):
        return
    exists = graph in request.created or any(True for _ in request.pending.graph(graph))
    if exists != (operation.kind == "CREATE"):
        return
    raise QueryRefused(
        f"{operation.kind} of {graph}: there is {'already such a graph' if exists else 'no such graph'}",
        remedy=f"correct its name, or write {operation.kind} SILENT",
    )


def _take_out(request: _Request, effect: Effect, graph: Any) -> None:
    """Take out all quads of a graph, of all named graphs, or of all graphs."""
    found: list[Any] = [graph]
    if isinstance(graph, str):
        named = request.pending.named_graphs()
        found = [*([DEFAULT] if graph == "ALL" else []), *sorted(named, key=str)]
    for name in found:
        if request.rules.may_write(name):
            for quad in request.pending.graph(name):
                effect.delete(quad)


def _modified(request: _Request, part: Part, operation: Operation) -> Effect:
    """What an operation with data or templates does."""
    names = resolved(part, [operation.with_graph, *operation.using, *operation.using_named])
    graph = names[operation.with_graph] if operation.with_graph else DEFAULT
    variables = variables_of(operation.deleted, operation.inserted)
    marks = marks_for(variables, part.request)
    deleted = _template(request, part, operation.deleted, marks=marks, graph=graph)
    inserted = _template(request, part, operation.inserted, marks=marks, graph=graph)
    effect = Effect(request.pending, request.rules, deletes=bool(deleted.quads), limit=request.limits.quads)
    solutions: Iterator[Sequence[Any]] = iter([()])
    if operation.kind in (MODIFY, DELETE_WHERE):
        solutions = _solutions(request, part, operation, names=names, inserted=inserted)
    for solution in solutions:
        values = dict(zip(marks.values(), map(request.made.of, solution), strict=True))
        for quad in fill(deleted, values, request.made.new):
            effect.delete(quad)
        for quad in fill(inserted, values, request.made.new):
            effect.insert(quad)
    return effect


def _template(
    request: _Request, part: Part, block: str, *, marks: Mapping[str, NamedNode], graph: NamedNode | DefaultGraph
) -> Template:
    if not block:
        return _NOTHING
    try:
        template = read_template(part.prologue, block, marks=marks, graph=graph)
    except SyntaxError as error:
        line, column = part.place(len(part.declared) + 2, 1)
        raise QuerySyntax(
            "a template of this operation makes no statement",
            remedy="write an IRI, a variable or a blank node as the subject",
            line=line,
            column=column,
        ) from error
    for quad in template.quads:
        request.rules.refuse_kept(quad.graph_name)
    return template


def _solutions(
    request: _Request, part: Part, operation: Operation, *, names: Mapping[str, NamedNode], inserted: Template
) -> Iterator[Sequence[Any]]:
    """The solutions of WHERE, each as the values of the variables in the templates; equal ones once, if it may be.

    Source: SPARQL 1.1 Update §3.1.3: WITH is the default graph unless there is USING.

    Raises:
        QueryError: the engine cannot evaluate it.
    """
    default = [NamedNode(iri) for iri in request.using.default] or [names[term] for term in operation.using]
    named = [NamedNode(iri) for iri in request.using.named] or [names[term] for term in operation.using_named]
    dataset: dict[str, Any] = {}
    if default or named:
        dataset = {"default_graph": list(dict.fromkeys(default)), "named_graphs": named}
    elif operation.with_graph:
        dataset = {"default_graph": [names[operation.with_graph]]}
    variables = variables_of(operation.deleted, operation.inserted)
    once = "" if inserted.nodes else "DISTINCT"
    shown = " ".join(f"?{name}" for name in variables) or "*"
    ends = "" if variables or inserted.nodes else "LIMIT 1"
    store = request.pending.evaluated_on()
    # In several graphs the engine finds a triple several times, which matters where solutions are counted.
    if len(default) > 1 and (inserted.nodes or "SELECT" in operation.where.upper()):
        store, dataset = with_merge(store, **dataset)
    with Translated():
        query = f"{part.prologue} SELECT {once} {shown} WHERE {operation.where} {ends}"
        for solution in cast("QuerySolutions", store.query(query, **dataset)):
            yield tuple(solution) if variables else ()
