"""A graph to be asked from a notebook, wherever it is."""

from __future__ import annotations

from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any, Final, Self

from kg.client.answers import Result, result_in
from kg.client.doors import Door, Said
from kg.client.folder import Folder
from kg.client.questions import Question, find_question, texts_of
from kg.client.reports import Receipt, Report
from kg.client.sent import Data, sent_of
from kg.client.served import Served
from kg.endpoints import Bounds
from kg.errors import ContentError
from kg.sources import outside_reference
from kg.store import NOW, Past

_ONTOLOGY: Final = """\
PREFIX dcat: <http://www.w3.org/ns/dcat#>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX void: <http://rdfs.org/ns/void#>
"""
# An ontology of others that the graph only quotes lies outside the space of its own IRIs.
_OWN: Final = f"""\
  GRAPH ?catalogue {{ ?catalog a dcat:Catalog ; void:uriSpace ?space }} {outside_reference("catalogue")}
  GRAPH ?graph {{ ?ontology a owl:Ontology }} {outside_reference("graph")}
  FILTER (STRSTARTS(STR(?ontology), STR(?space)))
"""
_NAMES: Final = f"{_ONTOLOGY}SELECT DISTINCT ?ontology WHERE {{\n{_OWN}}}\nORDER BY ?ontology"
_STATEMENTS: Final = f"{_ONTOLOGY}CONSTRUCT {{ ?s ?p ?o }} WHERE {{\n{_OWN}  GRAPH ?graph {{ ?s ?p ?o }}\n}}"


class Graph:
    """A served graph (`Graph("https://…")`) or one in a folder (`Graph("folder")`), which answer alike.

    A folder of content is built into a temporary folder, which goes when the graph does; what is submitted goes there,
    too, and the content stays as it is. A state folder is used as it is. No request takes longer than `seconds`, or
    brings more than `megabytes`; a query in a folder takes as long as it takes. Requests go through the `proxy` that is
    named, `http://host:port`, and else straight to the host.

    Raises:
        ContentError: the folder is none, or its content cannot be built.
    """

    def __init__(self, place: str | Path, *, seconds: float = 60.0, megabytes: int = 64, proxy: str = "") -> None:
        self.place = str(place)
        self._past = NOW
        self._door: Door
        if isinstance(place, str) and "://" in place:
            if not place.startswith(("https://", "http://")):
                raise ContentError(f"{place} is no address of the web", remedy="begin it with https://")
            self._door = Served.at(place, Bounds(seconds, megabytes * 1024 * 1024, proxy))
        else:
            self._door = Folder.at(Path(place))

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """The stored questions, ordered by group and name.

        Raises:
            KgError: the graph cannot be read.
        """
        return self._door.questions()

    def ask(self, question: str, /, **values: object) -> Result:
        """The answer to a stored question; `values` go in place of the defaults of its parameters.

        Raises:
            QueryRefused: there is no such question or parameter, or a value is not of its type.
            KgError: the question cannot be answered.
        """
        found = find_question(question, self.questions)
        return result_in(self._door.ask(found, texts_of(found, values), past=self._past))

    def query(self, sparql: str) -> Result:
        """The answer to a SPARQL query.

        Raises:
            QuerySyntax: it is not SPARQL.
            KgError: it cannot be answered.
        """
        return result_in(self._door.query(sparql, past=self._past))

    def validate(self, data: Data, *, media_type: str = "", class_name: str = "") -> Report:
        """What would be found if data were submitted; nothing changes. Not to conform is an answer, and no error.

        `data` is a text (Turtle, or of `media_type`), a file, or an rdflib graph; `class_name` the class of a table.

        Raises:
            ContentError: it cannot be read; with the place.
            KgError: it cannot be judged.
        """
        return self._door.validate(sent_of(data, media_type=media_type, class_name=class_name))

    def submit(  # noqa: PLR0913 - one for each thing that can be said of a submission
        self,
        data: Data,
        *,
        message: str,
        token: str = "",
        author: str = "",
        sources: tuple[str, ...] = (),
        expect: int | None = None,
        media_type: str = "",
        class_name: str = "",
        dry_run: bool = False,
    ) -> Receipt:
        """Let data join the graph if it conforms; with `dry_run` only find out whether it would.

        A served graph knows by the `token` who submits; in a folder the `author` is named. `message` says what it is
        and where it comes from, in one line; `sources` are IRIs of documents. `expect` refuses it unless that is the
        last revision.

        Raises:
            NotConforming: it does not conform, and nothing has changed; carries the report.
            AccessError: the token is missing or does not allow it.
            RevisionPassed: the graph is at another revision than `expect`.
            KgError: it cannot be read, judged or written.
        """
        if self._past.members:
            raise ContentError("an earlier state takes nothing in", remedy="submit to the graph itself")
        said = Said(message, token, author, sources=sources, expect=expect, dry_run=dry_run)
        return self._door.submit(sent_of(data, media_type=media_type, class_name=class_name), said)

    def revision(self, number: int) -> Graph:
        """The graph as it was at a revision; revisions count from 1."""
        return self._at(Past(revision=number))

    def as_of(self, time: str) -> Graph:
        """The graph as it was at a time in UTC, or at the end of a day, month or year: `2024-05-01`."""
        return self._at(Past(as_of=time))

    @cached_property
    def ontology(self) -> Any:
        """The ontology as owlready2 objects, in a world of its own: `graph.ontology.classes()`.

        Raises:
            ContentError: the graph has no ontology, or owlready2 cannot read it.
            KgError: the graph cannot be read.
        """
        from kg.ontology import read_ontology  # noqa: PLC0415 - owlready2 is needed here only

        names = self.query(_NAMES).rows
        if not names:
            raise ContentError(f"{self.place} holds no ontology of its own", remedy="ask another graph")
        triples = self.query(_STATEMENTS).terms
        ntriples = "".join(f"{' '.join(term.n3() for term in row if term is not None)} .\n" for row in triples)
        return read_ontology(ntriples, iri=str(names[0]["ontology"]))

    def close(self) -> None:
        """Remove what was built for this graph; it answers no more."""
        self._door.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Graph({self.place!r}){self._when()}"

    def _repr_html_(self) -> str:
        """What it is, as notebooks show it."""
        return f"<p><strong>Graph</strong> <code>{escape(self.place)}</code>{escape(self._when())}</p>"

    def _when(self) -> str:
        return "".join(f" {name.replace('_', ' ')} {value}" for name, value in self._past.members.items())

    def _at(self, past: Past) -> Graph:
        other = object.__new__(Graph)
        other.place, other._door, other._past = self.place, self._door, past
        return other
