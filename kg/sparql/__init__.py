"""The text of SPARQL: tokens, what a query may ask, the parts of it that are read or replaced. No engine is needed."""

from kg.sparql.calls import Call, called_services
from kg.sparql.edits import (
    DatasetClause,
    bind,
    dataset_clause,
    iri_term,
    parameter_terms,
    projection,
    prologue,
    string_term,
)
from kg.sparql.excess import Limits
from kg.sparql.guard import QUERY_FORMS, UPDATE, Query, query_form, vet, vet_update
from kg.sparql.relative import first_relative
from kg.sparql.tokens import Token, offset_of, position, significant, tokenize, without_comments
from kg.sparql.whole import WholeGraph, whole_graph

__all__ = [
    "QUERY_FORMS",
    "UPDATE",
    "Call",
    "DatasetClause",
    "Limits",
    "Query",
    "Token",
    "WholeGraph",
    "bind",
    "called_services",
    "dataset_clause",
    "first_relative",
    "iri_term",
    "offset_of",
    "parameter_terms",
    "position",
    "projection",
    "prologue",
    "query_form",
    "significant",
    "string_term",
    "tokenize",
    "vet",
    "vet_update",
    "whole_graph",
    "without_comments",
]
