"""W3C updates: the request vetted as by the endpoint, what it would change applied to the data, and compared."""

import re

import pytest
import w3c
from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Store, parse
from rdflib import RDFS, Namespace
from rdflib.term import Node

from kg.errors import QueryError, QueryRefused
from kg.sparql import Limits, vet_update
from kg.store.patch import Changeset
from tests.updates import canonical, changed, changes_of

w3c.skip_module_without_suites()

UT = Namespace("http://www.w3.org/2009/sparql/tests/test-update#")
FAILS_ON_NOTHING = "LOAD fetches from the network|SERVICE calls another service|there is no such graph"


def test_every_entry_is_collected() -> None:
    entries = w3c.UPDATE_11.entries()
    datasets = [(dataset(entry, entry.action), dataset(entry, entry.expected)) for entry in entries]
    assert len(entries) == 94
    assert len([before for before, _ in datasets if before]) == 84
    assert len([after for before, after in datasets if not same(before, after)]) == 62


@w3c.each_entry(w3c.UPDATE_11)
def test_evaluates(entry: w3c.Entry) -> None:
    store = dataset(entry, entry.action)
    changes = published_changes(str(entry.manifest.value(entry.action, UT.request)), store)
    assert same(changed(store, changes), dataset(entry, entry.expected))


@w3c.each_entry(w3c.SYNTAX_UPDATE_11)
def test_reads(entry: w3c.Entry) -> None:
    if not entry.kinds & w3c.POSITIVE_SYNTAX:
        with pytest.raises(QueryError):
            published_changes(entry.query, Store())
        return
    try:
        published_changes(entry.query, Store())
    except QueryRefused as refused:
        if not re.search(FAILS_ON_NOTHING, str(refused)):
            raise


def published_changes(iri: str, store: Store) -> Changeset:
    """What a published request would change; relative IRIs in it are resolved as if it were read from the web."""
    query = vet_update(w3c.path_of(iri).read_text(encoding="utf-8"), Limits(), base=iri)
    return changes_of(query.text, store)


def dataset(entry: w3c.Entry, node: Node) -> Store:
    """The data that a node of the manifest names, each file with blank nodes of its own."""
    store = Store()
    for data in entry.manifest.objects(node, UT.data):
        store.extend(quads(str(data), DefaultGraph()))
    for named in entry.manifest.objects(node, UT.graphData):
        name = NamedNode(str(entry.manifest.value(named, RDFS.label)))
        store.extend(quads(str(entry.manifest.value(named, UT.graph)), name))
    return store


def quads(iri: str, graph: NamedNode | DefaultGraph) -> list[Quad]:
    found = parse(path=w3c.path_of(iri), format=RdfFormat.TURTLE, base_iri=iri, rename_blank_nodes=True)
    return [Quad(quad.subject, quad.predicate, quad.object, graph) for quad in found]


def same(one: Store, other: Store) -> bool:
    """Whether two datasets are the same up to the labels of blank nodes."""
    return canonical(one) == canonical(other)
