"""Reconciliation: which thing a name in somebody's table means, and what is known of it."""

from kg.reconciliation.extension import Column, Extended, extend, proposals
from kg.reconciliation.judging import Candidate, reconcile
from kg.reconciliation.names import Spellings
from kg.reconciliation.queries import MOST_CANDIDATES, STRICTNESS, Asked, Given, Wanted
from kg.reconciliation.schema import Schema, SchemaTerm, read_schema, suggest_terms

__all__ = [
    "MOST_CANDIDATES",
    "STRICTNESS",
    "Asked",
    "Candidate",
    "Column",
    "Extended",
    "Given",
    "Schema",
    "SchemaTerm",
    "Spellings",
    "Wanted",
    "extend",
    "proposals",
    "read_schema",
    "reconcile",
    "suggest_terms",
]
