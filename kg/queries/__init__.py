"""Stored queries (files that are read, checked, bound and described) and the engine's own few queries about any content."""

from kg.queries.description import describe_queries, query_iri
from kg.queries.overview import CATALOG, CLASSES, COUNTS, NAMING_PROPERTIES, description_query, labels_query, members_query
from kg.queries.parameters import Parameter
from kg.queries.stored import CHECKS, SEVERITIES, StoredQuery, bind_parameters, load_queries

__all__ = [
    "CATALOG",
    "CHECKS",
    "CLASSES",
    "COUNTS",
    "NAMING_PROPERTIES",
    "SEVERITIES",
    "Parameter",
    "StoredQuery",
    "bind_parameters",
    "describe_queries",
    "description_query",
    "labels_query",
    "load_queries",
    "members_query",
    "query_iri",
]
