"""What follows: each rule is a CONSTRUCT query that writes to a named graph of its own, until nothing new follows."""

from kg.entailment.account import Effect
from kg.entailment.application import MOST_CHANGES, entail, entail_all, entail_change
from kg.entailment.checks import Checks, Found, check_change, checks_of
from kg.entailment.premises import LivePremises, Premises
from kg.entailment.program import Program, program_of
from kg.entailment.rules import Rule, describe_rules, read_rule

__all__ = [
    "MOST_CHANGES",
    "Checks",
    "Effect",
    "Found",
    "LivePremises",
    "Premises",
    "Program",
    "Rule",
    "check_change",
    "checks_of",
    "describe_rules",
    "entail",
    "entail_all",
    "entail_change",
    "program_of",
    "read_rule",
]
