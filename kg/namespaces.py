"""Public prefixes, and the IRIs of the vocabularies that the engine itself speaks."""

from collections.abc import Callable, Mapping
from typing import Final

PREFIXES: Final = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcterms": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "org": "http://www.w3.org/ns/org#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "https://schema.org/",
    "sd": "http://www.w3.org/ns/sparql-service-description#",
    "sh": "http://www.w3.org/ns/shacl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "void": "http://rdfs.org/ns/void#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

DCAT_CATALOG: Final = f"{PREFIXES['dcat']}Catalog"
DCTERMS_CREATED: Final = f"{PREFIXES['dcterms']}created"
DCTERMS_CREATOR: Final = f"{PREFIXES['dcterms']}creator"
DCTERMS_DESCRIPTION: Final = f"{PREFIXES['dcterms']}description"
DCTERMS_IS_PART_OF: Final = f"{PREFIXES['dcterms']}isPartOf"
DCTERMS_SOURCE: Final = f"{PREFIXES['dcterms']}source"
DCTERMS_TITLE: Final = f"{PREFIXES['dcterms']}title"
RDF_TYPE: Final = f"{PREFIXES['rdf']}type"
RDFS_LABEL: Final = f"{PREFIXES['rdfs']}label"
SKOS_PREF_LABEL: Final = f"{PREFIXES['skos']}prefLabel"
VOID_DATASET: Final = f"{PREFIXES['void']}Dataset"
VOID_URI_SPACE: Final = f"{PREFIXES['void']}uriSpace"

# Below the base IRI: what a blank node is called where a history is kept of it. Source: RDF 1.1 Concepts §3.5.
GENID: Final = ".well-known/genid/"

# Properties that name a thing, best first.
LABEL_PROPERTIES: Final = (RDFS_LABEL, SKOS_PREF_LABEL, DCTERMS_TITLE)


def shorten(iri: str, prefixes: Mapping[str, str] | None = None) -> str:
    """An IRI as a prefixed name where a prefix fits, else in angle brackets.

    >>> shorten("http://www.w3.org/ns/shacl#path")
    'sh:path'
    >>> shorten("https://example.org/x")
    '<https://example.org/x>'
    """
    return shortening(prefixes)(iri)


def shortening(prefixes: Mapping[str, str] | None = None) -> Callable[[str], str]:
    """What `shorten` does with some prefixes, for many IRIs.

    >>> short = shortening({"a": "https://a.example/", "x": "https://a.example/b-"})
    >>> short("https://a.example/c/d"), short("https://a.example/b-c/d"), short("https://a.example/b-")
    ('a:c/d', 'x:c/d', '<https://a.example/b->')
    """
    own = prefixes or {}
    names: dict[str, str] = {}
    for known in (PREFIXES, own):
        for name, start in known.items():
            # A prefix that is declared otherwise no longer means what it does here.
            if start and own.get(name, start) == start:
                names.setdefault(start, name)
    # Nearly all end where a name may begin, so that they need not be tried one by one.
    odd = sorted((start for start in names if start[-1] not in "#/"), key=len, reverse=True)

    def short(iri: str) -> str:
        start = namespace_of(iri)
        while start and start not in names:
            start = namespace_of(start[:-1])
        start = next((each for each in odd if len(each) > len(start) and iri.startswith(each)), start)
        return f"{names[start]}:{iri[len(start) :]}" if start and len(iri) > len(start) else f"<{iri}>"

    return short


def namespace_of(iri: str) -> str:
    """An IRI up to its last `#` or `/`.

    >>> namespace_of("https://example.org/id/thing/a")
    'https://example.org/id/thing/'
    """
    return iri[: max(iri.rfind("#"), iri.rfind("/")) + 1]
