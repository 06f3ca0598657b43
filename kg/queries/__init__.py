"""Stored queries (read from files, checked, bound, described) and the engine's own few queries about any content."""

from kg.queries.description import describe_queries, query_iri
from kg.queries.overview import (
    CATALOG,
    CLASSES,
    COUNTS,
    NAMING_PROPERTIES,
    STORED,
    description_query,
    labels_query,
    members_query,
)
from kg.queries.parameters import Parameter
from kg.queries.stored import (
    CHECKS,
    HIDDEN,
    PAGES,
    SEARCH,
    SEVERITIES,
    VIEWS,
    StoredQuery,
    bind_parameters,
    load_queries,
    parse_query,
)

__all__ = [
    "CATALOG",
    "CHECKS",
    "CLASSES",
    "COUNTS",
    "HIDDEN",
    "NAMING_PROPERTIES",
    "PAGES",
    "SEARCH",
    "SEVERITIES",
    "STORED",
    "VIEWS",
    "Parameter",
    "StoredQuery",
    "bind_parameters",
    "describe_queries",
    "description_query",
    "labels_query",
    "load_queries",
    "members_query",
    "parse_query",
    "query_iri",
]
