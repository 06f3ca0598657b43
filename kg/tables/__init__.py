"""Tables as a way to contribute: a template for each class, filled with what is there, and read back as statements."""

from kg.readers.table import CSV, XLSX
from kg.tables.changes import Changes, Statement, read_table, read_upload
from kg.tables.model import Column, Model, find_model, table_models
from kg.tables.notes import members_of, notes_of, offered, shown
from kg.tables.rows import filled
from kg.tables.state import State, state_of
from kg.tables.template import template, write_table

__all__ = [
    "CSV",
    "XLSX",
    "Changes",
    "Column",
    "Model",
    "State",
    "Statement",
    "filled",
    "find_model",
    "members_of",
    "notes_of",
    "offered",
    "read_table",
    "read_upload",
    "shown",
    "state_of",
    "table_models",
    "template",
    "write_table",
]
