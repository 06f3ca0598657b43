"""The engine's own query for the things that have pages."""

from collections.abc import Iterable

from kg.sparql import iri_term, string_term


def things_query(namespace: str, classes: Iterable[str], *, most: int, skipped: int = 0) -> str:
    """A query for the things of some classes whose IRIs begin with a namespace, by IRI: `?thing`."""
    listed = " ".join(iri_term(each) for each in classes)
    return (
        f"SELECT DISTINCT ?thing WHERE {{\n  VALUES ?class {{ {listed} }}\n  GRAPH ?graph {{ ?thing a ?class }}\n"
        f"  FILTER (STRSTARTS(STR(?thing), {string_term(namespace)}))\n}}\n"
        f"ORDER BY ?thing LIMIT {most} OFFSET {skipped}"
    )
