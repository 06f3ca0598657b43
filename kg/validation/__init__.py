"""Whether data conforms to shapes: shapes are read and checked, pySHACL judges, and a report says what to do."""

from kg.validation.report import Report, Result, report_of, report_text
from kg.validation.shapes import Shapes, load_shapes
from kg.validation.verdict import validate

__all__ = ["Report", "Result", "Shapes", "load_shapes", "report_of", "report_text", "validate"]
