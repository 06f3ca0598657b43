"""A property path, as SPARQL writes it, as the structure in which SHACL writes it."""

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

# Source: SHACL §2.3.1 (property paths); SPARQL 1.1 Query §9.1.
_TOKEN: Final = re.compile(r"<([^<>\s]*)>|([/|^*+?()])|\s+|(.)")
_REPEATED: Final = {"*": "zeroOrMorePath", "+": "oneOrMorePath", "?": "zeroOrOnePath"}


@dataclass(frozen=True)
class Step:
    """A part of a path that is one property."""

    iri: str


@dataclass(frozen=True)
class Composed:
    """A part of a path that is put together: `sequence`, or the local name of the property in SHACL that says how."""

    kind: str
    parts: tuple["Path", ...]


Path: TypeAlias = Step | Composed


def read_path(text: str) -> Path:
    """The structure of a path that is an IRI, or a path of SPARQL with its IRIs in angle brackets.

    >>> read_path("https://e.org/p")
    Step(iri='https://e.org/p')
    >>> read_path("^<x:p>")
    Composed(kind='inversePath', parts=(Step(iri='x:p'),))

    Raises:
        ValueError: it is no such path.
    """
    if "<" not in text:
        return Step(text)
    tokens = [match.group() for match in _TOKEN.finditer(text) if not match.group().isspace()]
    path, rest = _alternatives(tokens)
    if rest:
        raise ValueError(f"{text!r} is not a path")
    return path


def _alternatives(tokens: list[str]) -> tuple[Path, list[str]]:
    return _joined(tokens, "|", "alternativePath")


def _sequence(tokens: list[str]) -> tuple[Path, list[str]]:
    return _joined(tokens, "/", "sequence")


def _joined(tokens: list[str], sign: str, kind: str) -> tuple[Path, list[str]]:
    below = _sequence if sign == "|" else _inverse
    path, rest = below(tokens)
    parts = [path]
    while rest[:1] == [sign]:
        path, rest = below(rest[1:])
        parts.append(path)
    return (parts[0] if len(parts) == 1 else Composed(kind, tuple(parts))), rest


def _inverse(tokens: list[str]) -> tuple[Path, list[str]]:
    if tokens[:1] == ["^"]:
        path, rest = _inverse(tokens[1:])
        return Composed("inversePath", (path,)), rest
    return _repeated(tokens)


def _repeated(tokens: list[str]) -> tuple[Path, list[str]]:
    path, rest = _primary(tokens)
    while rest and rest[0] in _REPEATED:
        path, rest = Composed(_REPEATED[rest[0]], (path,)), rest[1:]
    return path, rest


def _primary(tokens: list[str]) -> tuple[Path, list[str]]:
    if tokens and tokens[0].startswith("<") and tokens[0].endswith(">"):
        return Step(tokens[0][1:-1]), tokens[1:]
    if tokens[:1] == ["("]:
        path, rest = _alternatives(tokens[1:])
        if rest[:1] == [")"]:
            return path, rest[1:]
    raise ValueError(f"no path at {' '.join(tokens[:5]) or 'the end'}")
