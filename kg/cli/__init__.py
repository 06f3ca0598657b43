"""The command `kg`: one module a concern; each command is added by being defined there."""

from kg.cli import access, asking, building, keeping, linking, replicating, serving, tables, writing
from kg.cli.context import main

__all__ = ["access", "asking", "building", "keeping", "linking", "main", "replicating", "serving", "tables", "writing"]
