r"""The text of a cell and the RDF terms it stands for, in both directions without loss.

A cell has values separated by ` | `. A value is written as a person would write it, `2022-05`, `true`, a name, where
that reads back as the same term; and else as Turtle writes the term, `"=1+1"`, `"chat"@fr`, `<https://library.example/>`,
with anything that a spreadsheet might change as an escape, `\n` or `\u000D`. So no cell begins like a formula.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from kg.namespaces import PREFIXES
from kg.sparql import iri_term, string_term
from kg.store import Term
from kg.tables.model import Column, local_name

SEPARATOR: Final = " | "
_XSD: Final = PREFIXES["xsd"]
_EDTF: Final = "http://id.loc.gov/datatypes/edtf/EDTF"
_LANG_STRING: Final = f"{PREFIXES['rdf']}langString"
_STRING: Final = f"{_XSD}string"

_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"(?:@([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)|\^\^(\S+))?', re.DOTALL)
_IN_BRACKETS: Final = re.compile(r"<([^<>\s]+)>")
_SEPARATOR: Final = re.compile(r"(?<!\S)\|(?!\S)")
_SPACE: Final = re.compile(r"\s*")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_SIMPLE_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
# What a spreadsheet, its XML or a reader of CSV would change; and an escape of XLSX, which it would resolve.
_FRAGILE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)|[\U0001fffe\U0001ffff]"
)
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
# A spreadsheet takes these at the start of a cell for a formula. Source: OWASP, CSV Injection.
FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")

_ZONE: Final = r"(Z|[+-][0-9]{2}:[0-9]{2})?"
_YEAR: Final = r"-?[0-9]{4,}"
_MONTH: Final = r"(0[1-9]|1[0-2])"
_DAY: Final = r"(0[1-9]|[12][0-9]|3[01])"
_TIME: Final = r"([01][0-9]|2[0-4]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?"
# Source: Extended Date/Time Format, levels 0 and 1, seasons of level 2; of sets, only the brackets.
_UNSURE: Final = r"[?~%]?"
_EDTF_DATE: Final = (
    rf"{_UNSURE}(Y-?[0-9]{{5,}}|-?[0-9X]{{4}})"
    rf"(-{_UNSURE}({_MONTH}|XX)(-{_UNSURE}({_DAY}|XX))?|-{_UNSURE}(2[1-9]|3[0-9]|4[01]))?{_UNSURE}"
)
_EDTF_TEXT: Final = (
    rf"{_EDTF_DATE}(T{_TIME}{_ZONE})?|{_EDTF_DATE}/({_EDTF_DATE}|\.\.)?|(\.\.)?/{_EDTF_DATE}"
    r"|\[[-0-9X.,~?%]+\]|\{[-0-9X.,~?%]+\}"
)
# Source: XML Schema 1.1 Datatypes §3.3.
_LEXICAL: Final[Mapping[str, tuple[str, str]]] = {
    f"{_XSD}boolean": (r"true|false", "true"),
    f"{_XSD}integer": (r"[+-]?[0-9]+", "12"),
    f"{_XSD}nonNegativeInteger": (r"\+?[0-9]+", "12"),
    f"{_XSD}positiveInteger": (r"\+?0*[1-9][0-9]*", "12"),
    f"{_XSD}int": (r"[+-]?[0-9]+", "12"),
    f"{_XSD}long": (r"[+-]?[0-9]+", "12"),
    f"{_XSD}decimal": (r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)", "12.5"),
    f"{_XSD}double": (r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?INF|NaN", "12.5"),
    f"{_XSD}float": (r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?INF|NaN", "12.5"),
    f"{_XSD}date": (f"{_YEAR}-{_MONTH}-{_DAY}{_ZONE}", "2022-05-18"),
    f"{_XSD}dateTime": (f"{_YEAR}-{_MONTH}-{_DAY}T{_TIME}{_ZONE}", "2022-05-18T09:00:00+02:00"),
    f"{_XSD}time": (f"{_TIME}{_ZONE}", "09:00:00"),
    f"{_XSD}gYearMonth": (f"{_YEAR}-{_MONTH}{_ZONE}", "2022-05"),
    f"{_XSD}gYear": (f"{_YEAR}{_ZONE}", "2022"),
    f"{_XSD}gMonthDay": (f"--{_MONTH}-{_DAY}{_ZONE}", "--05-18"),
    f"{_XSD}gMonth": (f"--{_MONTH}{_ZONE}", "--05"),
    f"{_XSD}gDay": (f"---{_DAY}{_ZONE}", "---18"),
    f"{_XSD}anyURI": (r"[^\s<>\"{}|\\^`]+", "https://library.example/"),
    f"{_XSD}language": (r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*", "en"),
    _EDTF: (_EDTF_TEXT, "2022-21 (spring of 2022)"),
}
_WHOLE_DAY: Final = re.compile(r"(?<![0-9])([0-9]{4})-([0-9]{2})-([0-9]{2})(?![0-9])")
_TRUTH: Final = {"yes": "true", "1": "true", "no": "false", "0": "false", "true": "true", "false": "false"}
_FLOATS: Final = frozenset({f"{_XSD}double", f"{_XSD}float"})
_INTEGERS: Final = frozenset(
    f"{_XSD}{name}" for name in ("integer", "nonNegativeInteger", "positiveInteger", "int", "long")
)


class Unreadable(Exception):
    """A value is not what its column holds."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


def split(cell: str) -> list[str]:
    """The values of a cell; a quoted one may have the separator in it.

    >>> split('a | "b | c"@en | d')
    ['a', '"b | c"@en', 'd']
    """
    values: list[str] = []
    at = 0
    while at < len(cell):
        at = _after(_SPACE, cell, at)
        end = _after(_SPACE, cell, _after(_QUOTED, cell, at))
        closed = end == len(cell) or _SEPARATOR.match(cell, end)
        separator = _SEPARATOR.search(cell, end if closed else at)
        stop = separator.start() if separator else len(cell)
        values.append(cell[at:stop].strip())
        at = stop + 1
    return [value for value in values if value]


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Where a pattern that matches at a place ends; that place, where it does not match."""
    found = pattern.match(text, at)
    return found.end() if found else at


def read_term(value: str, prefixes: Mapping[str, str]) -> Term | None:
    """The term that a value writes as Turtle does; None where it is written as a person writes.

    A quoted text without language and datatype has neither here: that is for its column to say.

    Raises:
        Unreadable: an escape, an IRI or a prefix that is none.
    """
    bracketed = _IN_BRACKETS.fullmatch(value)
    if bracketed:
        return Term("iri", _absolute(bracketed[1]))
    quoted = _QUOTED.fullmatch(value)
    if not quoted:
        return None
    return Term("literal", _unescaped(quoted[1]), quoted[2] or "", _datatype(quoted[3] or "", prefixes))


def read_literal(value: str, column: Column) -> Term:
    """The literal that a person means in a column of literals.

    Raises:
        Unreadable: it has none of the datatypes of the column.
    """
    if column.language:
        return Term("literal", value, column.language)
    for datatype in column.datatypes or (_STRING,):
        lexical = canonical(value, datatype, friendly=True)
        if datatype == _LANG_STRING:
            continue
        if datatype not in _LEXICAL or (re.fullmatch(_LEXICAL[datatype][0], lexical) and _has_days(lexical)):
            return Term("literal", lexical, "", datatype)
    raise Unreadable(f"{value!r} is no {kinds(column)}", f"write it like {examples(column)}")


def untyped(term: Term, column: Column) -> Term:
    """A quoted text without language and datatype, as the column understands it."""
    if term.kind != "literal" or term.language or term.datatype:
        return term
    if column.language:
        return Term("literal", term.value, column.language)
    free = [datatype for datatype in column.datatypes if datatype not in _LEXICAL and datatype != _LANG_STRING]
    return Term("literal", term.value, "", free[0] if free else _STRING)


def canonical(lexical: str, datatype: str, *, friendly: bool = False) -> str:
    """The form in which the engine keeps a number or truth value; `friendly` takes `yes` and `TRUE` too.

    >>> canonical("007", "http://www.w3.org/2001/XMLSchema#integer")
    '7'
    """
    if datatype == f"{_XSD}boolean":
        known = _TRUTH.get(lexical.lower(), lexical)
        return known if friendly or lexical in ("1", "0") else lexical
    if datatype in _INTEGERS and re.fullmatch(r"[+-]?[0-9]{1,18}", lexical):
        return str(int(lexical))
    if datatype == f"{_XSD}decimal" and re.fullmatch(_LEXICAL[datatype][0], lexical):
        try:
            text = f"{Decimal(lexical):f}"
        except InvalidOperation:
            return lexical
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if text == "-0" else text
    return lexical


def key(term: Term) -> tuple[str, str, str, str]:
    """What two terms share that mean the same value."""
    value = canonical(term.value, term.datatype)
    if term.datatype in _FLOATS:
        with suppress(ValueError):
            value = repr(float(value))
    datatype = "" if term.datatype == _STRING else term.datatype
    return (term.kind, value, term.language.lower(), datatype)


def natural(text: str) -> bool:
    """Whether a text survives a spreadsheet as one value, and is not taken for a formula or for a term of Turtle."""
    return (
        not _FRAGILE.search(text)
        and (not text.startswith(FORMULA_SIGNS) or bool(_NUMBER.fullmatch(text)))
        and not text.startswith('"')  # it would reach to the quotation mark of a later value
        and not _IN_BRACKETS.fullmatch(text)
        and split(text) == [text]
    )


def as_turtle(term: Term, column: Column, prefixes: Mapping[str, str]) -> str:
    """A term as Turtle writes it, without what its column says anyway."""
    if term.kind == "iri":
        return f"<{term.value}>"
    escaped = "".join(_escaped(character) for character in term.value)
    quoted = '"' + _FRAGILE.sub(lambda found: f"\\u{ord(found[0]):04X}", escaped) + '"'
    if untyped(Term("literal", term.value), column) == term:
        return quoted
    if term.language:
        return f"{quoted}@{term.language}"
    short = [f"{name}:{term.datatype[len(iri) :]}" for name, iri in prefixes.items() if term.datatype.startswith(iri)]
    return f"{quoted}^^{min(short, key=len) if short else f'<{term.datatype}>'}"


def ntriples(term: Term) -> str:
    """A term as N-Triples writes it.

    Raises:
        ValueError: it is none.
    """
    if term.kind == "iri":
        return iri_term(term.value)
    datatype = "" if term.datatype == _STRING else term.datatype
    return string_term(term.value, language=term.language, datatype=datatype)


def kinds(column: Column) -> str:
    """What the values of a column are, in a few words."""
    if column.language:
        return f"text in the language {column.language}"
    names = [local_name(datatype) for datatype in column.datatypes]
    return " or ".join(names) or "text"


def examples(column: Column) -> str:
    """How values of the datatypes of a column are written; empty for text."""
    return " or ".join(_LEXICAL[datatype][1] for datatype in column.datatypes if datatype in _LEXICAL)


def joined(values: Iterable[str]) -> str:
    """The cell with these values."""
    return SEPARATOR.join(values)


def _has_days(lexical: str) -> bool:
    """Whether each day is one of the calendar; the year 0 and those of more digits pass."""
    try:
        for year, month, day in _WHOLE_DAY.findall(lexical):
            date(int(year) or 1, int(month), int(day))
    except ValueError:
        return False
    return True


def _escaped(character: str) -> str:
    return {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character, character)


def _unescaped(text: str) -> str:
    def character(found: re.Match[str]) -> str:
        code = int(found[1] or found[2] or "0", 16)
        if found[3]:
            if found[3] not in _SIMPLE_ESCAPES:
                raise Unreadable(f"\\{found[3]} is no escape", 'write \\\\ for a backslash and \\" for a quote')
            return _SIMPLE_ESCAPES[found[3]]
        if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:  # noqa: PLR2004 - Unicode §3.9: surrogates are no characters
            raise Unreadable(f"{found[0]} is no character", "write the character itself")
        return chr(code)

    return _ESCAPE.sub(character, text)


def _datatype(written: str, prefixes: Mapping[str, str]) -> str:
    bracketed = _IN_BRACKETS.fullmatch(written)
    if bracketed:
        return _absolute(bracketed[1])
    prefix, _, local = written.partition(":")
    if written and prefix not in prefixes:
        raise Unreadable(f"the datatype {written} has an unknown prefix", "write xsd:date, or the IRI in < >")
    return prefixes[prefix] + local if written else ""


def _absolute(iri: str) -> str:
    try:
        iri_term(iri)
    except ValueError as error:
        raise Unreadable(f"<{iri}> is no IRI", "write it in full, beginning with https://") from error
    return iri


def segments(values: Iterable[Term]) -> Iterator[str]:
    """The last part of each IRI, and each literal, for the name of a new thing."""
    for value in values:
        yield local_name(value.value) if value.kind == "iri" else value.value
