"""Stored queries (read from files, checked, bound, described) and the engine's own few queries about any content."""

from kg.queries.description import describe_queries, query_iri
from kg.queries.naming import kinds_query, named_query, names_query
from kg.queries.overview import (
    CATALOG,
    CATALOG_FACTS,
    CLASSES,
    COUNTS,
    NAMING_PROPERTIES,
    STORED,
    labels_query,
    members_query,
)
from kg.queries.parameters import Parameter
from kg.queries.stored import (
    CHECKS,
    HIDDEN,
    NAMES,
    PAGES,
    SEARCH,
    SEVERITIES,
    StoredQuery,
    bind_parameters,
    load_queries,
    parse_query,
)
from kg.queries.terms import DECLARED, OWN_PROPERTIES, USED_CLASSES, USED_PROPERTIES
from kg.queries.things import things_query
from kg.queries.views import VIEWS
from kg.queries.vocabulary import SCHEMES, USES, graph_statements, ontology_statements

__all__ = [
    "CATALOG",
    "CATALOG_FACTS",
    "CHECKS",
    "CLASSES",
    "COUNTS",
    "DECLARED",
    "HIDDEN",
    "NAMES",
    "NAMING_PROPERTIES",
    "OWN_PROPERTIES",
    "PAGES",
    "SCHEMES",
    "SEARCH",
    "SEVERITIES",
    "STORED",
    "USED_CLASSES",
    "USED_PROPERTIES",
    "USES",
    "VIEWS",
    "Parameter",
    "StoredQuery",
    "bind_parameters",
    "describe_queries",
    "graph_statements",
    "kinds_query",
    "labels_query",
    "load_queries",
    "members_query",
    "named_query",
    "names_query",
    "ontology_statements",
    "parse_query",
    "query_iri",
    "things_query",
]
