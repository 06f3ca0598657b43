"""Why an answer is empty, and which known terms are nearest to unknown ones."""

from kg.explain.empty import Explanation, UnknownTerm, explain_empty
from kg.explain.nearest import named_things

__all__ = ["Explanation", "UnknownTerm", "explain_empty", "named_things"]
