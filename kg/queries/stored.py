"""Stored queries: `queries/<group>/<name>.rq`, each a SPARQL text that runs as it stands, and a header."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from kg.errors import ContentError, QueryError, QueryRefused, QuerySyntax
from kg.queries.calls import check_twins, read_asks
from kg.queries.parameters import Parameter, read_parameters
from kg.queries.searches import fault_of
from kg.queries.views import read_view
from kg.sparql import UPDATE, Limits, Query, bind, position, projection, vet
from kg.sparql.header import line_of, read_header

CHECKS: Final = "checks"
PAGES: Final = "pages"
"""The group of the queries that the pages about a thing are made of; each has one parameter, the thing."""
NAMES: Final = "names"
"""The group of the queries that name things which have no name of their own; each has one parameter, the thing, and
the columns ?thing and ?name."""
SEARCH: Final = "search"
"""The group of the queries that say what a search finds."""
LINKS: Final = "links"
"""The group of the queries that say how a link and what is told of it are written."""
HIDDEN: Final = frozenset({CHECKS, LINKS, NAMES, PAGES, SEARCH})
"""The groups whose queries serve the service itself and are no questions of people."""
SEVERITIES: Final = ("Violation", "Warning", "Info")

_KEYS: Final = frozenset(
    {"title", "question", "parameters", "columns", "id", "severity", "about", "order", "view", "asks", "local"}
)
_OTHER_THAN_TEXT: Final = frozenset({"parameters", "columns", "about", "view", "asks"})
_CHECK_COLUMNS: Final = ("focus", "value", "message")
_NAME_COLUMNS: Final = ("thing", "name")


@dataclass(frozen=True)
class StoredQuery:
    """One stored query."""

    group: str
    name: str
    title: str
    question: str
    """What it answers, in plain English; empty where the header has none."""
    text: str
    """The whole file, header included: it runs anywhere as it stands."""
    form: str
    columns: Mapping[str, str]
    """Projected variable -> what it is, in the order of the header."""
    parameters: tuple[Parameter, ...]
    code: str
    """The `id` of the header; empty where it has none."""
    severity: str
    """`Violation`, `Warning` or `Info` for a check; empty for any other query."""
    about: tuple[str, ...] = ()
    """IRIs of the classes whose things it tells about, on the page of each; empty where the header names none."""
    order: int = 0
    """Its place among those on a page, the smallest first."""
    view: Mapping[str, str] = field(default_factory=dict)
    """How the answer is drawn: `kind`, and which column plays which part; empty: as a table only."""
    asks: tuple[str, ...] = ()
    """IRIs of the other endpoints that it asks by SERVICE."""
    local: str = ""
    """The identifier of the query that gives the same answer from here; empty where there is none."""

    @property
    def identifier(self) -> str:
        """Its name among all stored queries, `group/name`."""
        return f"{self.group}/{self.name}"


def load_queries(folder: Path, *, read_text: Callable[[Path], str], limits: Limits) -> tuple[StoredQuery, ...]:
    """Every stored query of a `queries` folder, ordered by group and name; none where the folder is missing.

    `read_text` gives the text of a file, in the base IRI that is published.

    Raises:
        ContentError: a header or a query is not as it must be; names the file and the line.
    """
    paths = sorted(folder.glob("*/*.rq"), key=lambda path: (path.parent.name, path.stem))
    queries = tuple(parse_query(path.relative_to(folder.parent), read_text(path), limits=limits) for path in paths)
    check_twins(queries, folder=folder)
    return queries


def bind_parameters(query: StoredQuery, values: Mapping[str, str]) -> str:
    """The text of a stored query with the given values in place of the defaults.

    Raises:
        QueryRefused: a name that is no parameter of the query, or a value that is not of the parameter's type.
    """
    known = {parameter.name: parameter for parameter in query.parameters}
    terms: dict[str, str] = {}
    for name, value in values.items():
        if name not in known:
            raise QueryRefused(
                f"{query.identifier} has no parameter {name}",
                remedy=f"it has: {', '.join(known) or 'none'}",
            )
        terms[name] = known[name].term(value)
    return bind(query.text, terms) if terms else query.text


def parse_query(path: Path, text: str, *, limits: Limits) -> StoredQuery:
    """The stored query in a text; its `path` gives its group and name, `queries/<group>/<name>.rq`.

    It may call the endpoints that its header names; whether they are asked is decided where it is.

    Raises:
        ContentError: the header or the query is not as it must be; names the file and the line.
    """
    header = read_header(text, path)
    _check_keys(header, text, path=path)
    asks = read_asks(header, text, path=path)
    vetted = _vet(text, path, limits=replace(limits, services={iri: iri for iri in asks}))
    group = path.parent.name
    if asks and group in HIDDEN:
        raise _problem(
            "a query that the service asks by itself asks another endpoint",
            remedy="store what asks others as a question, as in queries/federated",
            path=path,
            line=line_of(text, "asks"),
        )
    columns = _columns(header, vetted, text=text, path=path)
    severity = header.get("severity", "")
    if group == CHECKS:
        _check_the_check(severity, vetted, text=text, path=path)
    if group == SEARCH:
        fault, remedy = fault_of(path.stem, text, projection(vetted.tokens) or ())
        if fault:
            raise _problem(fault, remedy=remedy, path=path, line=1)
    if group == NAMES and projection(vetted.tokens) != _NAME_COLUMNS:
        raise _problem(
            "a query for names does not give a thing and its name",
            remedy="write `SELECT ?thing ?name`, in this order",
            path=path,
            line=1,
        )
    parameters = read_parameters(header.get("parameters"), vetted, text=text, path=path)
    return StoredQuery(
        group=group,
        name=path.stem,
        title=header["title"].strip(),
        question=header.get("question", "").strip(),
        text=text,
        form=vetted.form,
        columns=columns,
        parameters=parameters,
        code=header.get("id", ""),
        severity=severity,
        about=_about(header, group=group, text=text, path=path),
        order=int(header.get("order", "0")),
        view=read_view(
            header.get("view"), projection(vetted.tokens) or (), parameters=parameters, text=text, path=path
        ),
        asks=asks,
        local=header.get("local", "").strip(),
    )


def _check_keys(header: Mapping[str, Any], text: str, *, path: Path) -> None:
    for key in header:
        if key not in _KEYS:
            raise _problem(
                f'the header has an unknown key "{key}"',
                remedy=f"use only {', '.join(sorted(_KEYS))}",
                path=path,
                line=line_of(text, str(key)),
            )
        if key not in _OTHER_THAN_TEXT and not isinstance(header[key], str):
            raise _problem(f"{key} is not a text", remedy="put it in quotes", path=path, line=line_of(text, str(key)))
        if key == "order" and not (header[key].isascii() and header[key].isdigit()):
            raise _problem("order is no whole number", remedy="write `# order: 10`", path=path, line=line_of(text, key))
    if not header.get("title", "").strip():
        raise _problem("no title", remedy="start the file with `# title: …`", path=path, line=line_of(text, "title"))


def _vet(text: str, path: Path, *, limits: Limits) -> Query:
    try:
        vetted = vet(text, limits)
    except QuerySyntax as error:
        line, column = error.line or 1, error.column or 1
        raise _problem(str(error), remedy=error.remedy, path=path, line=line, column=column) from error
    except QueryError as error:
        raise _problem(str(error), remedy=error.remedy, path=path, line=1) from error
    if vetted.form == UPDATE:
        line, _ = position(text, vetted.tokens[0].start)
        raise _problem("an update, not a query", remedy="store a SELECT, ASK or CONSTRUCT query", path=path, line=line)
    if vetted.form == "DESCRIBE":
        line, _ = position(text, vetted.tokens[0].start)
        raise _problem(
            "the answer to DESCRIBE is the engine's choice", remedy="write a CONSTRUCT", path=path, line=line
        )
    if vetted.form == "SELECT" and projection(vetted.tokens) is None:
        start = next(token.start for token in vetted.tokens if token.keyword == "SELECT")
        line, column = position(text, start)
        raise _problem(
            "SELECT * does not name its columns", remedy="name each variable", path=path, line=line, column=column
        )
    return vetted


def _columns(header: Mapping[str, Any], vetted: Query, *, text: str, path: Path) -> Mapping[str, str]:
    columns = header.get("columns") or {}
    line = line_of(text, "columns")
    if not isinstance(columns, dict) or not all(isinstance(meaning, str) for meaning in columns.values()):
        raise _problem(
            "columns is not a list of names with what each is", remedy="`#   name: what it is`", path=path, line=line
        )
    described = {str(name): str(meaning) for name, meaning in columns.items()}
    projected = projection(vetted.tokens) or ()
    if described and set(described) != set(projected):
        missing = ", ".join(f"?{name}" for name in projected if name not in described) or "none"
        surplus = ", ".join(f"?{name}" for name in described if name not in projected) or "none"
        raise _problem(
            f"the columns of the header are not the projection (not described: {missing}; not projected: {surplus})",
            remedy="describe each projected variable under its name, and no other",
            path=path,
            line=line,
        )
    return described


def _about(header: Mapping[str, Any], *, group: str, text: str, path: Path) -> tuple[str, ...]:
    named = header.get("about", [])
    classes = [named] if isinstance(named, str) else named
    if not isinstance(classes, list) or not all(isinstance(name, str) and ":" in name for name in classes):
        raise _problem(
            "about does not name classes",
            remedy='write their IRIs, `# about: ["https://…#Workstream"]`',
            path=path,
            line=line_of(text, "about"),
        )
    if group in (NAMES, PAGES) and len(header.get("parameters") or {}) != 1:
        raise _problem(
            f"a query for {group} does not have just one parameter, the thing that it is about",
            remedy="declare one parameter of type iri",
            path=path,
            line=line_of(text, "parameters"),
        )
    return tuple(classes)


def _check_the_check(severity: str, vetted: Query, *, text: str, path: Path) -> None:
    if severity not in SEVERITIES:
        raise _problem(
            f"severity is {severity or 'missing'}",
            remedy=f"write `# severity: ` and one of {', '.join(SEVERITIES)}",
            path=path,
            line=line_of(text, "severity"),
        )
    if projection(vetted.tokens) != _CHECK_COLUMNS:
        raise _problem(
            "a check does not project ?focus ?value ?message",
            remedy="write `SELECT ?focus ?value ?message`, in this order",
            path=path,
            line=position(text, vetted.tokens[0].start)[0],
        )


def _problem(message: str, *, remedy: str, path: Path, line: int, column: int = 1) -> ContentError:
    return ContentError(message, remedy=remedy, file=str(path), line=line, column=column)
