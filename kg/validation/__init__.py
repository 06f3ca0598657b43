"""Whether data conforms to shapes: shapes are read and checked, pySHACL judges, and a report says what to do."""

from kg.validation.incremental import validate_change
from kg.validation.report import Report, Result, report_of, report_text
from kg.validation.shapes import Shapes, load_shapes
from kg.validation.state import Triple, Triples
from kg.validation.units import CompiledShapes, compile_shapes
from kg.validation.verdict import validate

__all__ = [
    "CompiledShapes",
    "Report",
    "Result",
    "Shapes",
    "Triple",
    "Triples",
    "compile_shapes",
    "load_shapes",
    "report_of",
    "report_text",
    "validate",
    "validate_change",
]
