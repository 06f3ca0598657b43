"""SPARQLWrapper, the client library of most programs in Python: each of its formats, query forms and ways to ask."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, Final
from xml.dom.minidom import Document

import pytest
from rdflib import RDFS, Graph, Literal, URIRef
from SPARQLWrapper import (
    CSV,
    GET,
    JSON,
    JSONLD,
    N3,
    POST,
    POSTDIRECTLY,
    RDF,
    RDFXML,
    TSV,
    TURTLE,
    URLENCODED,
    XML,
    SPARQLWrapper,
)
from SPARQLWrapper.SPARQLExceptions import QueryBadFormed
from SPARQLWrapper.Wrapper import _allowedFormats

from kg.formats import formats_for
from tests.serving import Command, Server, serving

TEXT: Final = "Größe, “5 + 5”"
TRIPLE: Final = (URIRef("x:s"), URIRef("x:p"), Literal(TEXT))
EMMA: Final = URIRef("https://library.example/emma")
QUERIES: Final = {
    "SELECT": f'SELECT ?text {{ BIND("{TEXT}" AS ?text) }}',
    "ASK": "ASK {}",
    "CONSTRUCT": f'CONSTRUCT {{ <x:s> <x:p> "{TEXT}" }} {{}}',
    "DESCRIBE": f"DESCRIBE <{EMMA}>",
}
WAYS: Final = {"GET": (GET, URLENCODED), "POST": (POST, URLENCODED), "POSTDIRECTLY": (POST, POSTDIRECTLY)}

Read = Callable[[Any], object]


def dom_texts(name: str) -> Read:
    """Reads the texts of the elements of a name."""

    def read(document: Document) -> list[str]:
        return [str(element.firstChild.nodeValue) for element in document.getElementsByTagName(name)]  # type: ignore[union-attr]

    return read


def lines(body: bytes) -> list[str]:
    return body.decode().split()


def graph(format_name: str) -> Read:
    """Reads what SPARQLWrapper leaves as bytes."""
    return lambda body: Graph().parse(data=body, format=format_name)


def same(converted: object) -> object:
    return converted


# Of each format that fits: the media type of the answer, and how to read what SPARQLWrapper makes of it.
RESULTS: Final = {
    JSON: "application/sparql-results+json",
    XML: "application/sparql-results+xml",
    CSV: "text/csv",
    TSV: "text/tab-separated-values",
}
GRAPHS: Final[dict[str, tuple[str, Read]]] = {
    JSON: ("application/ld+json", same),
    XML: ("application/rdf+xml", same),
    TURTLE: ("text/turtle", graph("turtle")),
    N3: ("text/n3", graph("n3")),
    RDF: ("application/rdf+xml", same),
    RDFXML: ("application/rdf+xml", same),
    JSONLD: ("application/ld+json", same),
}
EXPECTED: Final[dict[tuple[str, str], tuple[Read, object]]] = {
    ("SELECT", JSON): (lambda told: told["results"]["bindings"], [{"text": {"type": "literal", "value": TEXT}}]),
    ("SELECT", XML): (dom_texts("literal"), [TEXT]),
    ("SELECT", CSV): (lambda body: body.decode().splitlines(), ["text", f'"{TEXT}"']),
    ("SELECT", TSV): (lambda body: body.decode().splitlines(), ["?text", f'"{TEXT}"']),
    ("ASK", JSON): (lambda told: told["boolean"], True),
    ("ASK", XML): (dom_texts("boolean"), ["true"]),
    ("ASK", CSV): (lines, ["true"]),
    ("ASK", TSV): (lines, ["true"]),
}
MATRIX: Final = list(product(QUERIES, sorted(_allowedFormats), WAYS))

pytestmark = [
    # It warns of each format that it does not know to fit.
    pytest.mark.filterwarnings("ignore:Sending Accept header:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:Format requested was:RuntimeWarning"),
    pytest.mark.filterwarnings(r"ignore:Dataset\.:DeprecationWarning:rdflib"),
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def server(kg_command: Command, small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("sparqlwrapper")
    state = shutil.copytree(small / "state", folder / "state", symlinks=True)
    with serving(kg_command, state, folder / "server") as started:
        yield started


def asking(server: Server, form: str, format_name: str, way: str) -> SPARQLWrapper:
    client = SPARQLWrapper(f"http://127.0.0.1:{server.port}/sparql")
    method, request_method = WAYS[way]
    client.setMethod(method)
    client.setRequestMethod(request_method)
    client.setReturnFormat(format_name)
    client.setQuery(QUERIES[form])
    return client


def fits(form: str, format_name: str) -> bool:
    return format_name in (RESULTS if form in ("SELECT", "ASK") else GRAPHS)


def test_the_matrix_has_every_format() -> None:
    assert len(MATRIX) == 4 * 9 * 3
    assert {*RESULTS, *GRAPHS} == {*_allowedFormats}


@pytest.mark.parametrize(("form", "format_name", "way"), [each for each in MATRIX if fits(*each[:2])])
def test_each_format_that_fits_is_answered(server: Server, form: str, format_name: str, way: str) -> None:
    result = asking(server, form, format_name, way).query()
    media_type = result.info()["content-type"].partition(";")[0]
    converted = result.convert()
    if form in ("SELECT", "ASK"):
        read, expected = EXPECTED[form, format_name]
        assert (media_type, read(converted)) == (RESULTS[format_name], expected)
        return
    expected_type, read = GRAPHS[format_name]
    triples = read(converted)
    assert media_type == expected_type
    assert isinstance(triples, Graph)
    if form == "CONSTRUCT":
        assert set(triples) == {TRIPLE}
    else:
        assert set(triples.subjects()) == {EMMA}
        assert (EMMA, RDFS.label, Literal("Emma", lang="en")) in triples


@pytest.mark.parametrize(("form", "format_name", "way"), [each for each in MATRIX if not fits(*each[:2])])
def test_a_format_that_does_not_fit_is_told_with_those_that_do(
    server: Server, form: str, format_name: str, way: str
) -> None:
    with pytest.raises(QueryBadFormed) as told:
        asking(server, form, format_name, way).query()
    assert ", ".join(row.name for row in formats_for(form)) in str(told.value)
