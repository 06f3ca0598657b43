"""Tables as a way to contribute: a template for each class, filled with what is there, and read back as statements."""

from kg.readers.table import CSV, XLSX
from kg.tables.changes import Changes, Statement, read_table, read_upload
from kg.tables.entries import read_entries
from kg.tables.forms import entry_of, form_of
from kg.tables.model import Column, Model, find_model, table_models
from kg.tables.notes import members_of, notes_of, offered, shown
from kg.tables.rows import filled
from kg.tables.state import State, state_of
from kg.tables.template import template, write_table
from kg.tables.written_entries import Entry, entries_in, json_of

__all__ = [
    "CSV",
    "XLSX",
    "Changes",
    "Column",
    "Entry",
    "Model",
    "State",
    "Statement",
    "entries_in",
    "entry_of",
    "filled",
    "find_model",
    "form_of",
    "json_of",
    "members_of",
    "notes_of",
    "offered",
    "read_entries",
    "read_table",
    "read_upload",
    "shown",
    "state_of",
    "table_models",
    "template",
    "write_table",
]
