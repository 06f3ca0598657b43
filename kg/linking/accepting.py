"""Accepted links as statements: each link, and a node that tells how it was found, how sure it is, and who accepted it.

The content says how such a node looks, by its stored query `links/accepted`; where it has none, it is an axiom with
annotations. Source: SSSOM, RDF serialisation; OWL 2 Mapping to RDF §2.3.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kg.errors import ContentError
from kg.namespaces import PREFIXES
from kg.queries import StoredQuery, bind_parameters, parse_query
from kg.sparql import Limits
from kg.store import Workspace

QUERY: Final = "links/accepted"
_OF_A_LINK: Final = ("subject", "predicate", "object", "label", "method", "confidence", "evidence")
PARAMETERS: Final = (*_OF_A_LINK, "reviewer", "date")

_GRAPH: Final = "urn:x-kg:accepted"
_NOT_IN_A_LINE: Final = frozenset({"Cc", "Zl", "Zp", "Cs"})
_DEFAULT: Final = """\
# title: A link that was accepted, as an axiom with annotations
# parameters:
#   subject: {type: iri, label: Ours, default: "urn:x:ours"}
#   predicate: {type: iri, label: Relation, default: "http://www.w3.org/2000/01/rdf-schema#seeAlso"}
#   object: {type: iri, label: Theirs, default: "urn:x:theirs"}
#   label: {type: string, label: Their name, default: ""}
#   method: {type: iri, label: Method, default: "https://w3id.org/semapv/vocab/LexicalMatching"}
#   confidence: {type: string, label: Confidence, default: "0.5"}
#   evidence: {type: string, label: Evidence, default: "the same name"}
#   reviewer: {type: string, label: Reviewer, default: "nobody"}
#   date: {type: date, label: Date, default: "2000-01-01"}
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX sssom: <https://w3id.org/sssom/>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>

CONSTRUCT {
  ?subject ?predicate ?object .
  ?axiom a owl:Axiom ;
    owl:annotatedSource ?subject ; owl:annotatedProperty ?predicate ; owl:annotatedTarget ?object ;
    sssom:object_label ?name ;
    rdfs:comment ?evidence ; sssom:mapping_justification ?method ; sssom:confidence ?sure ;
    sssom:reviewer_label ?reviewer ; sssom:mapping_date ?date .
}
WHERE {
  VALUES ?subject { <urn:x:ours> }
  VALUES ?predicate { <http://www.w3.org/2000/01/rdf-schema#seeAlso> }
  VALUES ?object { <urn:x:theirs> }
  VALUES ?label { "" }
  VALUES ?method { <https://w3id.org/semapv/vocab/LexicalMatching> }
  VALUES ?confidence { "0.5" }
  VALUES ?evidence { "the same name" }
  VALUES ?reviewer { "nobody" }
  VALUES ?date { "2000-01-01"^^<http://www.w3.org/2001/XMLSchema#date> }
  BIND (IF(?label IN ("", STR(?object)), ?none, ?label) AS ?name)
  BIND (xsd:decimal(?confidence) AS ?sure)
  BIND (IRI(CONCAT("urn:sha256:", SHA256(CONCAT(STR(?subject), " ", STR(?predicate), " ", STR(?object))))) AS ?axiom)
}
"""


@dataclass(frozen=True)
class Accepted:
    """A link that somebody accepted."""

    subject: str
    predicate: str
    object: str
    label: str
    """What the object is called there; empty or its IRI where that is not known."""
    method: str
    confidence: str
    """A number from 0 to 1."""
    evidence: str


def accepted_turtle(
    links: Sequence[Accepted],
    stored: Iterable[StoredQuery],
    *,
    reviewer: str,
    date: str,
    prefixes: Mapping[str, str],
) -> str:
    """The links and what is said of them, in Turtle; `date` is the day on which they were accepted, `YYYY-MM-DD`.

    Raises:
        ContentError: the reviewer has no name on one line, or the query of the content has other parameters.
        QueryError: that query cannot be evaluated.
    """
    if not reviewer.strip() or any(unicodedata.category(sign) in _NOT_IN_A_LINE for sign in reviewer):
        raise ContentError("the reviewer has no name on one line", remedy="give it as --reviewer NAME")
    template = next((one for one in stored if one.identifier == QUERY), None)
    template = template or parse_query(Path(f"queries/{QUERY}.rq"), _DEFAULT, limits=Limits())
    names = {parameter.name for parameter in template.parameters}
    if names != {*PARAMETERS}:
        remedy = f"declare {', '.join(PARAMETERS)}"
        raise ContentError("the parameters are not those of a link", remedy=remedy, file=f"queries/{QUERY}.rq")
    nothing, all_of_them, text = Workspace(), Workspace(), ""
    for link in links:
        given = {name: getattr(link, name) for name in _OF_A_LINK} | {"reviewer": reviewer.strip(), "date": date}
        text += nothing.query(bind_parameters(template, given)).serialize("ntriples", {}).decode()
    all_of_them.add_ntriples(text, _GRAPH)
    written = all_of_them.query("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } ORDER BY ?s ?p ?o")
    return written.serialize("turtle", _used(prefixes, text)).decode()


def _used(prefixes: Mapping[str, str], ntriples: str) -> dict[str, str]:
    """The prefixes, of the content and of the links themselves, that some IRI begins with."""
    known = PREFIXES | dict(prefixes) | {"sssom": "https://w3id.org/sssom/", "semapv": "https://w3id.org/semapv/vocab/"}
    return {name: start for name, start in known.items() if f"<{start}" in ntriples}
