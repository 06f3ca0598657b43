"""The forms that there are, as the desk tells of them; kept for as long as their snapshot is current."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final, cast

from flask import current_app, url_for

from kg.desk import Errand, Task
from kg.errors import ContentError
from kg.web.problems import Problem
from kg.web.service import service
from kg.web.submissions import admit_reader, run

EXTENSION: Final = "kg.forms"

_LONGEST_NAME: Final = 300
_MOST_KEPT: Final = 200


class Forms:
    """What was told of the forms of the current snapshot."""

    def __init__(self) -> None:
        self._number = 0
        self._tables: Sequence[Mapping[str, Any]] = ()
        self._forms: dict[str, Mapping[str, Any]] = {}
        self._things: dict[str, Mapping[str, Any]] = {}

    def tables(self) -> Sequence[Mapping[str, Any]]:
        """The classes that have a form, by name.

        Raises:
            KgError: any error that the desk tells of.
        """
        self._follow()
        if not self._tables:
            number = self._number
            admit_reader()
            told = run(Errand(Task.TABLES)).tables
            if number != self._number:
                return told
            self._tables = told
        return self._tables

    def form(self, name: str) -> Mapping[str, Any]:
        """What a form of the class with a name is made of.

        Raises:
            Problem: there is no such class; with those that are called like it.
            KgError: any error that the desk tells of.
        """
        self._follow()
        kept = self._forms  # those of this snapshot, also when there is a new one before the desk has told
        if name not in kept:
            admit_reader()
            try:
                [told] = run(Errand(Task.FORM, class_name=name[:_LONGEST_NAME] or "?")).tables
            except ContentError as error:
                raise self._unknown(name) from error
            if len(kept) < _MOST_KEPT:
                kept[name] = told
            return told
        return kept[name]

    def thing(self, iri: str) -> Mapping[str, Any]:
        """What the form of a thing is made of, with what there is of it as `entries`.

        Raises:
            Problem: there is none.
            KgError: any error that the desk tells of.
        """
        if not iri:
            raise Problem("bad-request", "no thing is named", remedy="give its IRI, as ?iri=…")
        self._follow()
        kept = self._things
        if iri in kept:
            return kept[iri]
        admit_reader()
        found = run(Errand(Task.FORM, name=iri)).tables
        if not found:
            shown = iri[:_LONGEST_NAME]
            raise Problem(
                "not-found",
                f"The graph has no thing <{shown}> of a class with a form",
                remedy="look for it by its name, and follow “Change it” on its page",
            )
        if len(kept) < _MOST_KEPT:
            kept[iri] = found[0]
        return found[0]

    def _follow(self) -> None:
        number = service().snapshot().number
        if number != self._number:
            self._number, self._tables, self._forms, self._things = number, (), {}, {}

    def _unknown(self, name: str) -> Problem:
        names = {table["name"].casefold(): table for table in self.tables()}
        names |= {table["label"].casefold(): table for table in self.tables()}
        near = {names[each]["name"]: names[each] for each in get_close_matches(name.casefold(), names, n=5, cutoff=0.5)}
        found = [
            {"iri": table["class"], "name": table["label"], "href": url_for("entries.new", name=table["name"])}
            for table in near.values()
        ]
        detail = f"No class is called {name[:_LONGEST_NAME]!r}"
        return Problem(
            "not-found",
            detail,
            remedy=f"choose one that {url_for('entries.classes')} lists",
            more={"suggestions": found},
        )


def forms() -> Forms:
    """The forms of the application that handles this request."""
    return cast("Forms", current_app.extensions[EXTENSION])
