"""Whether data conforms to shapes: shapes are read and checked, pySHACL judges, and a report says what to do."""

from kg.validation.findings import Entity, Finding, Words, entities_of, report_members
from kg.validation.incremental import validate_change
from kg.validation.report import Report, Result, nowhere, report_of, report_text
from kg.validation.report_rdf import report_rdf
from kg.validation.shapes import Shapes, load_shapes
from kg.validation.state import Triple, Triples
from kg.validation.suggestions import spellings, suggestions
from kg.validation.units import CompiledShapes, compile_shapes
from kg.validation.verdict import unconverted_literals_in_silence, validate
from kg.validation.whole import validate_all

__all__ = [
    "CompiledShapes",
    "Entity",
    "Finding",
    "Report",
    "Result",
    "Shapes",
    "Triple",
    "Triples",
    "Words",
    "compile_shapes",
    "entities_of",
    "load_shapes",
    "nowhere",
    "report_members",
    "report_of",
    "report_rdf",
    "report_text",
    "spellings",
    "suggestions",
    "unconverted_literals_in_silence",
    "validate",
    "validate_all",
    "validate_change",
]
