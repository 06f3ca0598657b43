"""Stored queries described in RDF, as `sh:SPARQLExecutable`s, so that shapes judge them and people find them."""

from collections.abc import Iterable, Iterator
from typing import Final

from kg.queries.stored import StoredQuery
from kg.sparql import iri_term, string_term

_RDF_TYPE: Final = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
_RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"
_SH: Final = "http://www.w3.org/ns/shacl#"
_DCTERMS: Final = "http://purl.org/dc/terms/"
_SCHEMA: Final = "https://schema.org/"
_SKOS: Final = "http://www.w3.org/2004/02/skos/core#"
_XSD: Final = "http://www.w3.org/2001/XMLSchema#"

# Source: SHACL Advanced Features §5 (SPARQL-based executables) and §6.1 (parameters).
_EXECUTABLE: Final = {
    "SELECT": ("SPARQLSelectExecutable", "select"),
    "ASK": ("SPARQLAskExecutable", "ask"),
    "CONSTRUCT": ("SPARQLConstructExecutable", "construct"),
}
_DATATYPE: Final = {"string": "string", "integer": "integer", "date": "date", "language": "string"}


def describe_queries(queries: Iterable[StoredQuery], base_iri: str) -> str:
    """The descriptions as N-Triples, sorted; a query's IRI is `{base_iri}query/{group}/{name}`.

    Each has its form, title, question, text, group, columns and parameters.
    """
    return "".join(sorted(f"{triple} .\n" for query in queries for triple in _triples(query, base_iri)))


def query_iri(query: StoredQuery, base_iri: str) -> str:
    """The IRI that stands for a stored query."""
    return f"{base_iri}query/{query.identifier}"


def _triples(query: StoredQuery, base_iri: str) -> Iterator[str]:
    iri = query_iri(query, base_iri)
    node = iri_term(iri)
    executable, text_property = _EXECUTABLE[query.form]
    yield f"{node} {_RDF_TYPE} <{_SH}SPARQLExecutable>"
    yield f"{node} {_RDF_TYPE} <{_SH}{executable}>"
    yield f"{node} <{_RDFS}label> {string_term(query.title, language='en')}"
    if query.question:
        yield f"{node} <{_RDFS}comment> {string_term(query.question, language='en')}"
    yield f"{node} <{_SH}{text_property}> {string_term(query.text)}"
    yield f"{node} <{_DCTERMS}identifier> {string_term(query.identifier)}"
    yield f"{node} <{_SCHEMA}keywords> {string_term(query.group)}"
    if query.code:
        yield f"{node} <{_SKOS}notation> {string_term(query.code)}"
    if query.severity:
        yield f"{node} <{_SH}severity> <{_SH}{query.severity}>"
    for name, meaning in query.columns.items():
        column = iri_term(f"{iri}#column-{name}")
        yield f"{node} <{_SCHEMA}variableMeasured> {column}"
        yield f"{column} {_RDF_TYPE} <{_SCHEMA}PropertyValue>"
        yield f"{column} <{_SCHEMA}name> {string_term(name)}"
        yield f"{column} <{_SCHEMA}description> {string_term(meaning, language='en')}"
    yield from _parameter_triples(query, iri)


def _parameter_triples(query: StoredQuery, iri: str) -> Iterator[str]:
    for parameter in query.parameters:
        node = iri_term(f"{iri}#parameter-{parameter.name}")
        yield f"{iri_term(iri)} <{_SH}parameter> {node}"
        yield f"{node} {_RDF_TYPE} <{_SH}Parameter>"
        # The local name of the path is the name of the variable.
        yield f"{node} <{_SH}path> {iri_term(f'{iri}#{parameter.name}')}"
        yield f"{node} <{_SH}name> {string_term(parameter.label, language='en')}"
        if parameter.type == "iri":
            yield f"{node} <{_SH}nodeKind> <{_SH}IRI>"
            yield f"{node} <{_SH}defaultValue> {iri_term(parameter.default)}"
        else:
            datatype = f"{_XSD}{_DATATYPE[parameter.type]}"
            yield f"{node} <{_SH}datatype> <{datatype}>"
            yield f"{node} <{_SH}defaultValue> {string_term(parameter.default, datatype=datatype)}"
