"""The W3C test suites: their manifests as values, their expected answers, and when two answers are the same.

The suites are not part of the repository. They are found in the folder that `KG_W3C_DIR` names, by default
`../shared/w3c` beside the repository; where they are absent these tests are skipped, and say so.
Answers are read by rdflib, which shares no code with the engine. Literals are compared by value, because the engine
keeps one lexical form a value; blank nodes up to their labels.
"""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import rdflib
import yaml
from _pytest.mark.structures import ParameterSet
from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, parse, serialize
from rdflib import RDF, XSD, BNode, Graph, Literal, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.compare import to_isomorphic
from rdflib.query import Result
from rdflib.term import Node

from kg.answer import Ask, answer, vet_query
from kg.formats import format_named, formats_for
from kg.settings import STRICT
from kg.sparql import Limits, Query, dataset_clause
from kg.store import Snapshot, Snapshots

HERE = Path(__file__).parent
W3C = Path(os.environ.get("KG_W3C_DIR", HERE.parents[1].parent / "shared" / "w3c"))
PUBLISHED = "https://w3c.github.io/"
MF = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
QT = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-query#")
RS = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/result-set#")

QUERY_EVALUATION = frozenset({"QueryEvaluationTest", "CSVResultFormatTest"})
UPDATE_EVALUATION = frozenset({"UpdateEvaluationTest"})
POSITIVE_SYNTAX = frozenset({"PositiveSyntaxTest", "PositiveSyntaxTest11", "PositiveUpdateSyntaxTest11"})
NEGATIVE_SYNTAX = frozenset({"NegativeSyntaxTest", "NegativeSyntaxTest11", "NegativeUpdateSyntaxTest11"})
RESULT_FORMATS = ("csv-tsv-res", "json-res")

_SPARQL_10 = "rdf-tests/sparql/sparql10/manifest.ttl"
_SPARQL_11 = "rdf-tests/sparql/sparql11/manifest-all.ttl"
_SHACL = "data-shapes/data-shapes-test-suite/tests/manifest.ttl"
_MEMORY_QUADS = 1_000_000
_TIMES = (XSD.date, XSD.dateTime, XSD.time)
_RDF_FORMATS = {".ttl": "turtle", ".rdf": "xml", ".nt": "nt"}
_RESULT_FORMATS = {".srx": "xml", ".srj": "json", ".csv": "csv", ".tsv": "tsv"}


@dataclass(frozen=True)
class Entry:
    """One entry of a manifest."""

    id: str
    """The folder and the local name of the test, for instance `aggregates/agg01`."""
    manifest: Graph
    node: Node

    @property
    def kinds(self) -> frozenset[str]:
        """The local names of its classes."""
        return frozenset(str(kind).rpartition("#")[2] for kind in self.manifest.objects(self.node, RDF.type))

    @property
    def action(self) -> Node:
        """What is done: a file, or a node that names several."""
        return self._one(self.node, MF.action)

    @property
    def query(self) -> str:
        """The IRI of the query."""
        return str(self.manifest.value(self.action, QT.query) or self.action)

    @property
    def expected(self) -> Node:
        """The expected answer: a file, or a node of the manifest."""
        return self._one(self.node, MF.result)

    @property
    def default_graph(self) -> list[str]:
        """The IRIs of the files that are the default graph."""
        return sorted(map(str, self.manifest.objects(self.action, QT.data)))

    @property
    def named_graphs(self) -> list[str]:
        """The IRIs of the files that are named graphs; each is the name of its graph."""
        return sorted(map(str, self.manifest.objects(self.action, QT.graphData)))

    @property
    def may_lose_duplicates(self) -> bool:
        """Whether a solution may be there less often than expected (REDUCED)."""
        return (self.node, MF.resultCardinality, MF.LaxCardinality) in self.manifest

    def _one(self, subject: Node, predicate: Node) -> Node:
        found = self.manifest.value(subject, predicate, any=False)
        assert found is not None, f"{self.id} has no {predicate}"
        return found


@dataclass(frozen=True)
class Suite:
    """One suite: its name, its manifest, and what it takes of it."""

    name: str
    manifest: str
    kinds: frozenset[str]
    only: tuple[str, ...] = ()
    """The folders; empty: all."""
    without: tuple[str, ...] = ()
    file: str = ""
    """How the name of the action ends: some updates are listed as queries."""

    def entries(self) -> list[Entry]:
        """Its tests, in the order of the manifests."""
        return [entry for entry in _entries(self.manifest) if entry.kinds & self.kinds and self._takes(entry)]

    def _takes(self, entry: Entry) -> bool:
        folder = entry.id.partition("/")[0]
        chosen = folder not in self.without and (not self.only or folder in self.only)
        return chosen and (not self.file or str(entry.action).endswith(self.file))


QUERY_11 = Suite("query-1.1", _SPARQL_11, QUERY_EVALUATION, without=RESULT_FORMATS)
QUERY_10 = Suite("query-1.0", _SPARQL_10, QUERY_EVALUATION)
RESULTS_11 = Suite("results-1.1", _SPARQL_11, QUERY_EVALUATION, only=RESULT_FORMATS)
SYNTAX_11 = Suite("syntax-query-1.1", _SPARQL_11, POSITIVE_SYNTAX | NEGATIVE_SYNTAX, file=".rq")
SYNTAX_10 = Suite("syntax-query-1.0", _SPARQL_10, POSITIVE_SYNTAX | NEGATIVE_SYNTAX, file=".rq")
SYNTAX_UPDATE_11 = Suite("syntax-update-1.1", _SPARQL_11, POSITIVE_SYNTAX | NEGATIVE_SYNTAX, file=".ru")
UPDATE_11 = Suite("update-1.1", _SPARQL_11, UPDATE_EVALUATION)
PROTOCOL_11 = Suite("protocol-1.1", "rdf-tests/sparql/sparql11/protocol/manifest.ttl", frozenset({"ProtocolTest"}))
GRAPH_STORE_11 = Suite(
    "graph-store-1.1",
    "rdf-tests/sparql/sparql11/graph-store-protocol/manifest.ttl",
    frozenset({"GraphStoreProtocolTest"}),
)
SHACL_CORE = Suite("shacl-core", _SHACL, frozenset({"Validate"}), only=("core",))
SHACL_SPARQL = Suite("shacl-sparql", _SHACL, frozenset({"Validate"}), only=("sparql",))

SUITES = (
    QUERY_11,
    QUERY_10,
    RESULTS_11,
    SYNTAX_11,
    SYNTAX_10,
    SYNTAX_UPDATE_11,
    UPDATE_11,
    PROTOCOL_11,
    GRAPH_STORE_11,
    SHACL_CORE,
    SHACL_SPARQL,
)


def skip_module_without_suites() -> None:
    """Skip a whole file of tests, and say so, where the suites are absent."""
    if not (W3C / _SPARQL_11).is_file():
        pytest.skip(
            f"NOT CHECKED: no W3C test suites in {W3C}; set KG_W3C_DIR to the folder that holds them",
            allow_module_level=True,
        )


def each_entry(*suites: Suite) -> pytest.MarkDecorator:
    """One test for each entry of the suites; a known failure must fail as long as it is known."""
    return pytest.mark.parametrize("entry", [parameter for suite in suites for parameter in _parameters(suite)])


def _parameters(suite: Suite) -> list[ParameterSet]:
    known = known_failures(suite.name)
    entries = suite.entries()
    assert known.keys() <= {entry.id for entry in entries}, f"w3c-known-failures.yaml: no such tests in {suite.name}"
    return [
        pytest.param(
            entry,
            id=f"{suite.name}:{entry.id}",
            marks=[pytest.mark.xfail(strict=True, reason=known[entry.id])] if entry.id in known else [],
        )
        for entry in entries
    ]


def known_failures(suite: str) -> Mapping[str, str]:
    """The reason of each known failure of a suite, by test."""
    return {test: row["reason"] for row in all_known_failures() if row["suite"] == suite for test in row["tests"]}


def all_known_failures() -> list[dict[str, Any]]:
    """The rows of `w3c-known-failures.yaml`: a suite, a reason, and the tests that fail for it."""
    rows: list[dict[str, Any]] = yaml.safe_load((HERE / "w3c-known-failures.yaml").read_text(encoding="utf-8"))
    return rows


def path_of(iri: str) -> Path:
    """Where a published file of the suites lies."""
    return W3C / iri.removeprefix(PUBLISHED)


@cache
def read_graph(iri: str) -> Graph:
    """A published RDF file; relative IRIs in it are resolved as if it were read from the web."""
    path = path_of(iri)
    with _lexical_forms_kept():
        return Graph().parse(path, format=_RDF_FORMATS[path.suffix], publicID=iri)


@contextmanager
def _lexical_forms_kept() -> Iterator[None]:
    """Keeps rdflib from rewriting literals as it reads them, which loses the time zone of a date, and from warning."""
    before = rdflib.NORMALIZE_LITERALS
    rdflib.NORMALIZE_LITERALS = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            yield
    finally:
        rdflib.NORMALIZE_LITERALS = before


@cache
def _entries(manifest: str) -> tuple[Entry, ...]:
    return tuple(_entries_below(PUBLISHED + manifest, PUBLISHED + manifest.rpartition("/")[0] + "/"))


def _entries_below(manifest: str, root: str) -> Iterator[Entry]:
    graph = read_graph(manifest)
    folder = manifest.removeprefix(root).rpartition("/")[0]
    for included in _listed(graph, MF.include):
        yield from _entries_below(str(included), root)
    for node in _listed(graph, MF.entries):
        yield Entry(f"{folder}/{str(node).replace('#', '/').rpartition('/')[2]}", graph, node)


def _listed(graph: Graph, predicate: Node) -> list[Node]:
    """The members of the lists that a manifest has at a predicate, or the values where they are no list."""
    found: list[Node] = []
    for value in sorted(graph.objects(None, predicate), key=str):
        found += Collection(graph, value) if isinstance(value, BNode) else [value]
    return found


def vet_text(iri: str) -> Query:
    """The query in a file, vetted as the endpoint vets it, its relative IRIs resolved as if it were read from the web.

    Raises:
        QueryError: it is not SPARQL, or refused.
    """
    text = path_of(iri).read_bytes().decode("utf-8")
    return vet_query(f"BASE <{iri}> {text}", Limits())


def ask(entry: Entry, *, state: Path, format_name: str = "") -> bytes:
    """The answer to the query of a test, by a strict snapshot that is published in `state` with the test's data.

    Without a format the first that fits is taken.

    Raises:
        QueryError: the query is refused, or the engine cannot evaluate it.
    """
    query = vet_text(entry.query)
    snapshot = _published(serialize(_dataset(entry, query), format=RdfFormat.N_QUADS) or b"", state)
    row = format_named(format_name, query.form) if format_name else formats_for(query.form)[0]
    assert row, f"{format_name} is no format for {query.form}"
    return answer(snapshot, Ask(query), row)


@cache
def _published(nquads: bytes, state: Path) -> Snapshot:
    snapshots = Snapshots(state, memory_quads=_MEMORY_QUADS)
    with snapshots.locked():
        snapshots.publish(nquads, default_graph=STRICT, base=PUBLISHED, prefixes={})
    return snapshots.current()


def _dataset(entry: Entry, query: Query) -> list[Quad]:
    """What a query is asked of: the data of the test, and as named graphs the files that the query chooses itself."""
    clause = dataset_clause(query.tokens)
    chosen = [urljoin(entry.query, term.strip("<>")) for term in clause.default + clause.named]
    named = {*entry.named_graphs, *(iri for iri in chosen if path_of(iri).is_file())}
    return [
        *(quad for iri in entry.default_graph for quad in _quads(iri, DefaultGraph())),
        *(quad for iri in sorted(named) for quad in _quads(iri, NamedNode(iri))),
    ]


@cache
def _quads(iri: str, graph: NamedNode | DefaultGraph) -> tuple[Quad, ...]:
    """The triples of a published file in a graph; two files share no blank node."""
    path = path_of(iri)
    rdf_format = RdfFormat.from_extension(path.suffix[1:])
    found = parse(path=path, format=rdf_format, base_iri=iri, rename_blank_nodes=True)
    return tuple(Quad(quad.subject, quad.predicate, quad.object, graph) for quad in found)


@dataclass(frozen=True)
class Answer:
    """An answer that was read: a truth value, a graph, or solutions."""

    boolean: bool | None = None
    graph: Graph | None = None
    variables: frozenset[str] = frozenset()
    solutions: tuple[Mapping[str, Node], ...] = ()
    ordered: bool = False


def read_answer(data: bytes, format_name: str) -> Answer:
    """An answer in a format of `kg.formats`: json, xml, csv, tsv or turtle."""
    with _lexical_forms_kept():
        if format_name == "turtle":
            return Answer(graph=Graph().parse(data=data, format=format_name))
        found = Result.parse(BytesIO(data), format=format_name)
    if found.type == "ASK":
        return Answer(boolean=found.askAnswer)
    solutions = tuple({str(name): value for name, value in row.items()} for row in found.bindings)
    return Answer(variables=frozenset(map(str, found.vars or ())), solutions=solutions)


def expected_answer(iri: str) -> Answer:
    """The expected answer that a file of the suites holds: results, a result set written as RDF, or a graph."""
    path = path_of(iri)
    if path.suffix in _RESULT_FORMATS:
        return read_answer(path.read_bytes(), _RESULT_FORMATS[path.suffix])
    graph = read_graph(iri)
    found = graph.value(None, RDF.type, RS.ResultSet)
    if found is None:
        return Answer(graph=graph)
    boolean = graph.value(found, RS.boolean)
    if isinstance(boolean, Literal):
        return Answer(boolean=bool(boolean.value))
    solutions = list(graph.objects(found, RS.solution))
    # Not `RS.index`: a namespace is a string, which has a method of that name.
    places = {solution: graph.value(solution, RS["index"]) for solution in solutions}
    if ordered := None not in places.values():
        solutions.sort(key=lambda solution: int(str(places[solution])))
    return Answer(
        variables=frozenset(map(str, graph.objects(found, RS.resultVariable))),
        solutions=tuple(_solution(graph, solution) for solution in solutions),
        ordered=ordered and bool(solutions),
    )


def _solution(graph: Graph, node: Node) -> dict[str, Node]:
    bindings = graph.objects(node, RS.binding)
    return {str(graph.value(binding, RS.variable)): graph.value(binding, RS.value) for binding in bindings}  # type: ignore[misc]


def format_for(iri: str, answer: Answer) -> str:
    """The format, of those of `kg.formats`, in which an expected answer is best asked for: its own where it has one."""
    if answer.graph is not None:
        return "turtle"
    return _RESULT_FORMATS.get(path_of(iri).suffix, "json")


def assert_same(found: Answer, expected: Answer, *, may_lose_duplicates: bool = False) -> None:
    """That two answers are the same: solutions as bags, in order where it is expected, graphs up to isomorphism."""
    assert found.boolean == expected.boolean
    assert found.variables == expected.variables
    assert (found.graph is None) == (expected.graph is None)
    if may_lose_duplicates:
        assert len(found.solutions) <= len(expected.solutions)
    counted = not may_lose_duplicates
    _assert_isomorphic(
        _as_graph(found, ordered=expected.ordered, counted=counted),
        _as_graph(expected, ordered=expected.ordered, counted=counted),
    )


def _assert_isomorphic(found: Graph, expected: Graph) -> None:
    if to_isomorphic(found) != to_isomorphic(expected):
        assert _lines(found) == _lines(expected)
        raise AssertionError("only the blank nodes differ")


def _lines(graph: Graph) -> list[str]:
    """The triples for people, blank nodes without their labels."""
    return sorted(" ".join("[]" if isinstance(term, BNode) else term.n3() for term in triple) for triple in graph)


def _as_graph(answer: Answer, *, ordered: bool, counted: bool) -> Graph:
    """An answer as a graph, literals by value: a node for each different solution, for every one where ordered."""
    graph = Graph()
    for triple in answer.graph or ():
        graph.add(tuple(map(by_value, triple)))  # type: ignore[arg-type]
    rows = [frozenset((name, by_value(value)) for name, value in row.items()) for row in answer.solutions]
    numbered = zip(rows, range(len(rows)), strict=True) if ordered else Counter(rows).items()
    for row, number in numbered:
        node = BNode()
        graph.add((node, RS.size, Literal(number if counted else 1)))
        for name, value in row:
            graph.add((node, URIRef(f"urn:variable:{name}"), value))
    return graph


def by_value(term: Node) -> Node:
    """The term; a literal in one lexical form for its value.

    >>> by_value(Literal("+01.0", datatype=XSD.decimal)) == by_value(Literal("1", datatype=XSD.decimal))
    True
    """
    if not isinstance(term, Literal):
        return term
    if term.language or term.datatype == XSD.string:
        return Literal(str(term), lang=term.language and term.language.lower())
    return Literal(_canonical(term), datatype=term.datatype, normalize=False)


def _canonical(literal: Literal) -> str:
    """The one lexical form in which the value of a literal is compared."""
    value = literal.value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Decimal):
        return format(value.normalize() + 0, "f")
    if literal.datatype in _TIMES and literal.endswith("+00:00"):
        return literal.removesuffix("+00:00") + "Z"
    return str(literal)
