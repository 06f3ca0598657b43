"""The report in RDF, as SHACL defines it: Turtle, N-Triples or JSON-LD. Equal reports give equal bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Final, TypeAlias

from kg.namespaces import PREFIXES, RDF_TYPE
from kg.sparql import string_term
from kg.validation.paths import Path, Step, read_path
from kg.validation.report import Report, Result, is_iri

_SH: Final = PREFIXES["sh"]
_RDF: Final = PREFIXES["rdf"]
_XSD: Final = PREFIXES["xsd"]
_NAMELESS: Final = "[]"
# A check is a SELECT query, as such a constraint is.
_CHECK: Final = "SPARQLConstraintComponent"


@dataclass(frozen=True)
class _Iri:
    iri: str


@dataclass(frozen=True)
class _Text:
    text: str
    datatype: str = f"{_XSD}string"
    language: str = ""


@dataclass(frozen=True)
class _Blank:
    """A node without a name, with what is said of it."""

    said: tuple[tuple[str, _Term], ...] = ()


_Term: TypeAlias = _Iri | _Text | _Blank


def report_rdf(report: Report, format_name: str) -> bytes:
    """The validation report in RDF; `format_name` is `turtle`, `ntriples` or `jsonld`.

    A path that is more than one property is written out as its structure. The component of a check is that of a
    SPARQL constraint, its shape the query. Nodes without a name stay without.
    Source: SHACL §3.6 (validation report).

    Raises:
        KeyError: there is no such format.
    """
    writers = {"turtle": _turtle, "ntriples": _ntriples, "jsonld": _jsonld}
    return writers[format_name](_report(report)).encode()


def _report(report: Report) -> _Blank:
    conforms = _Text("true" if report.conforms else "false", f"{_XSD}boolean")
    results = tuple((f"{_SH}result", _result(result)) for result in report.results)
    return _Blank(((RDF_TYPE, _Iri(f"{_SH}ValidationReport")), (f"{_SH}conforms", conforms), *results))


def _result(result: Result) -> _Blank:
    component = result.component if result.component.endswith("ConstraintComponent") else _CHECK
    said: list[tuple[str, _Term]] = [
        (RDF_TYPE, _Iri(f"{_SH}ValidationResult")),
        (f"{_SH}focusNode", _term(result.focus)),
        (f"{_SH}resultSeverity", _Iri(f"{_SH}{result.severity}")),
        (f"{_SH}sourceConstraintComponent", _Iri(f"{_SH}{component}")),
        (f"{_SH}resultMessage", _Text(result.message)),
    ]
    if result.path:
        said.append((f"{_SH}resultPath", _path(read_path(result.path))))
    if result.value or result.datatype or result.language:
        said.append((f"{_SH}value", _term(result.value, datatype=result.datatype, language=result.language)))
    if result.shape:
        said.append((f"{_SH}sourceShape", _Iri(result.shape)))
    return _Blank(tuple(said))


def _term(text: str, *, datatype: str = "", language: str = "") -> _Term:
    if language:
        return _Text(text, "", language)
    if datatype:
        return _Text(text, datatype)
    if text in ("", _NAMELESS):
        return _Blank()
    return _Iri(text) if is_iri(text) else _Text(text)


def _path(path: Path) -> _Term:
    if isinstance(path, Step):
        return _Iri(path.iri)
    if path.kind == "sequence":
        return _list([_path(part) for part in path.parts])
    below = [_path(part) for part in path.parts]
    return _Blank(((f"{_SH}{path.kind}", _list(below) if path.kind == "alternativePath" else below[0]),))


def _list(terms: list[_Term]) -> _Term:
    rest: _Term = _Iri(f"{_RDF}nil")
    for term in reversed(terms):
        rest = _Blank(((f"{_RDF}first", term), (f"{_RDF}rest", rest)))
    return rest


def _written(term: _Iri | _Text) -> str:
    if isinstance(term, _Iri):
        return f"<{term.iri}>"
    if term.language:
        return f"{string_term(term.text)}@{term.language}"
    return string_term(term.text) + ("" if term.datatype == f"{_XSD}string" else f"^^<{term.datatype}>")


def _ntriples(report: _Blank) -> str:
    numbers = count()

    def lines(node: _Blank, name: str) -> Iterator[str]:
        for predicate, term in node.said:
            if isinstance(term, _Blank):
                inner = f"_:n{next(numbers)}"
                yield f"{name} <{predicate}> {inner} ."
                yield from lines(term, inner)
            else:
                yield f"{name} <{predicate}> {_written(term)} ."

    return "".join(f"{line}\n" for line in lines(report, f"_:n{next(numbers)}"))


def _turtle(report: _Blank) -> str:
    def written(term: _Term, indent: str) -> str:
        if isinstance(term, _Blank):
            inner = f"{indent}    "
            said = " ;\n".join(f"{inner}{_short(name)} {written(value, inner)}" for name, value in term.said)
            return f"[\n{said}\n{indent}]" if said else "[]"
        return _short(term.iri) if isinstance(term, _Iri) else _written(term)

    prefixes = "".join(f"@prefix {name}: <{PREFIXES[name]}> .\n" for name in ("rdf", "sh"))
    return f"{prefixes}\n{written(report, '')} .\n"


def _short(iri: str) -> str:
    if iri == RDF_TYPE:
        return "a"
    for name in ("rdf", "sh"):
        local = iri.removeprefix(PREFIXES[name])
        if local != iri and local.isalnum() and local.isascii():
            return f"{name}:{local}"
    return f"<{iri}>"


def _jsonld(report: _Blank) -> str:
    def written(term: _Term) -> Any:
        if isinstance(term, _Iri):
            return {"@id": term.iri}
        if isinstance(term, _Text):
            kind = {"@language": term.language} if term.language else {"@type": term.datatype}
            return {"@value": term.text, **kind}
        said: dict[str, Any] = {}
        for name, value in term.said:
            if name == RDF_TYPE and isinstance(value, _Iri):
                said["@type"] = _short(value.iri)
            else:
                said.setdefault(_short(name), []).append(written(value))
        return said

    context = {name: PREFIXES[name] for name in ("rdf", "sh")}
    return json.dumps({"@context": context, **written(report)}, ensure_ascii=False, indent=2) + "\n"
