"""Triple patterns one by one: which triples match them, and property paths taken apart into such patterns.

Terms are written as N-Triples writes them, variables with a question mark. Of a path, sequences, alternatives and
inverses become patterns of their own; what is left is the closure (`+`, `*`) of single steps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from kg.sparql.tokens import Token

Triple = tuple[str, str, str]
Quad = tuple[str, str, str, str]
"""Subject, predicate, object and graph; the last is empty for a triple of the merge of all graphs."""

RDF_TYPE: Final = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"

_NODE: Final = r"<[^<>\x00-\x20]*>|_:[^ ]+"
_LITERAL: Final = r'"(?:[^"\\]|\\.)*"(?:@[A-Za-z0-9-]+|\^\^<[^<>\x00-\x20]*>)?'
_QUAD: Final = re.compile(rf"({_NODE}) (<[^<>\x00-\x20]*>) ({_NODE}|{_LITERAL})(?: ({_NODE}))? ?\.?")
_ESCAPE: Final = re.compile(r"\\(.)")
# Source: RDF 1.1 N-Triples §7, productions ECHAR and UCHAR.
_ESCAPED: Final = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
_MEANT: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


class NotTakenApart(ValueError):
    """A text that is SPARQL, and says something that is not taken apart; the message tells what."""


@dataclass(frozen=True)
class Pattern:
    """One triple pattern, or the closure of steps between two nodes."""

    subject: str
    predicate: str
    """A term; empty for a closure."""
    object: str
    graph: str = ""
    """The name of the graph, or a variable for it; empty where the merge of all graphs is read."""
    steps: tuple[tuple[str, bool], ...] = ()
    """Of a closure: the predicates of one step, and whether it goes from object to subject."""
    closure: str = ""
    """`+` or `*`; empty for a triple pattern."""

    @property
    def terms(self) -> tuple[str, ...]:
        """What stands in it, in the order of a quad."""
        return (self.subject, self.predicate, self.object, self.graph)

    @property
    def variables(self) -> frozenset[str]:
        """Its variables."""
        return frozenset(term for term in self.terms if term.startswith("?"))

    @property
    def predicates(self) -> tuple[str, ...]:
        """The predicates of the triples that match; empty where it may be any."""
        if self.closure:
            return tuple(dict.fromkeys(step for step, _ in self.steps))
        return () if self.predicate.startswith("?") else (self.predicate,)

    @property
    def text(self) -> str:
        """It as SPARQL."""
        written = f"{self.subject} {self.predicate or self._path('')} {self.object} ."
        return f"GRAPH {self.graph} {{ {written} }}" if self.graph else written

    @property
    def says_all(self) -> bool:
        """Whether a match by `bindings` is a match for the engine: it may write the same literal in another way."""
        return not self.closure and all(term[0] in "?<" for term in self.terms if term)

    def bindings(self, quad: Quad) -> dict[str, str] | None:
        """What its variables are when a quad matches it; None where none can."""
        found: dict[str, str] = {}
        if self.closure or bool(self.graph) != bool(quad[3]):
            return None
        for term, value in zip(self.terms, quad, strict=True):
            if not term:
                continue
            if term.startswith("?"):
                if found.setdefault(term, value) != value:
                    return None
            elif term.startswith("<") and term != value:
                return None
        return found

    def across(self, step: str, *, inverse: bool) -> tuple[Pattern, Pattern, Pattern]:
        """Of a closure: a way that leads over a triple: how it comes there, the triple, and how it goes on."""
        start, end = f"?from{self._tag}", f"?to{self._tag}"
        near, far = (end, start) if inverse else (start, end)
        before = replace(self, object=start, closure="*")
        after = replace(self, subject=end, closure="*")
        return before, Pattern(near, step, far, self.graph), after

    @property
    def _tag(self) -> str:
        return "".join(character for character in self.subject + self.object if character.isalnum())[-40:]

    def _path(self, mark: str) -> str:
        steps = "|".join(f"^{step}" if inverse else step for step, inverse in self.steps)
        return f"({steps}){mark or self.closure}"


def quad_of(line: str) -> Quad:
    """The terms of an N-Quads or N-Triples statement in canonical form, the last empty where it names no graph.

    >>> quad_of('<x:a> <x:b> "c d"@en <x:g> .')
    ('<x:a>', '<x:b>', '"c d"@en', '<x:g>')

    Raises:
        ValueError: it is none.
    """
    found = _QUAD.fullmatch(line.strip())
    if not found:
        raise ValueError(f"{line!r} is no statement of canonical N-Quads")
    subject, predicate, value, graph = found.groups(default="")
    return subject, predicate, value, graph


def value_of(term: str) -> str:
    r"""What a term of N-Triples says: an IRI, the label of a blank node, or the text of a literal.

    >>> value_of('<x:a>'), value_of('"say \\"hi\\"\\n\\u00e9"@en'), value_of("")
    ('x:a', 'say "hi"\né', '')
    """
    if not term.startswith('"'):
        return term.removeprefix("_:").strip("<>")
    text = term[1 : term.rindex('"')]
    return _ESCAPED.sub(_unescaped, text)


def _unescaped(escape: re.Match[str]) -> str:
    code = escape[1]
    return _MEANT.get(code, code) if len(code) == 1 else chr(int(code[1:], 16))


def line_of_quad(quad: Quad) -> str:
    """A quad as a statement of N-Quads."""
    return " ".join(term for term in (*quad, ".") if term)


def resolve(token: Token, namespaces: dict[str, str]) -> str:
    """An IRI or a prefixed name as an IRI in angle brackets; any other token as it is written.

    Raises:
        NotTakenApart: the IRI is relative.
    """
    if token.kind == "pname":
        prefix, _, local = token.text.partition(":")
        if prefix not in namespaces:
            raise NotTakenApart(f"the prefix {prefix}: is not declared")
        return f"<{namespaces[prefix]}{_ESCAPE.sub(lambda escape: escape[1], local)}>"
    if token.kind == "iri" and ":" not in token.text:
        raise NotTakenApart(f"{token.text} is a relative IRI")
    return token.text.replace("$", "?", 1) if token.kind == "var" else token.text


Path = tuple[str, tuple["Path", ...], str]
"""Its kind (`step`, `inverse`, `sequence`, `alternative`, `closure`), its parts, and its IRI or its mark."""


def read_path(tokens: Sequence[Token], namespaces: dict[str, str]) -> Path:
    """A property path.

    Source: SPARQL 1.1 Query §19.8, productions 88 to 96.

    Raises:
        NotTakenApart: it has a negated property set.
    """
    path, rest = _alternative(list(tokens), namespaces)
    if rest:
        raise NotTakenApart(f"{rest[0].text} in a property path")
    return path


def patterns_along(subject: str, path: Path, end: str, *, fresh: Iterator[str]) -> list[tuple[Pattern, ...]]:
    """The ways in which two nodes are joined by a path, each as patterns that must all hold.

    Raises:
        NotTakenApart: a closure of more than single steps, or an optional step.
    """
    kind, parts, word = path
    match kind:
        case "step":
            return [(Pattern(subject, word, end),)]
        case "inverse":
            return patterns_along(end, parts[0], subject, fresh=fresh)
        case "alternative":
            return [way for part in parts for way in patterns_along(subject, part, end, fresh=fresh)]
        case "sequence":
            *starts, last = parts
            ways: list[tuple[Pattern, ...]] = [()]
            for part in starts:
                subject, near = next(fresh), subject
                ways = [way + more for way in ways for more in patterns_along(near, part, subject, fresh=fresh)]
            return [way + more for way in ways for more in patterns_along(subject, last, end, fresh=fresh)]
    if word == "?":
        raise NotTakenApart("an optional step in a property path")
    return [(Pattern(subject, "", end, steps=tuple(_steps(parts[0], inverse=False)), closure=word),)]


def _steps(path: Path, *, inverse: bool) -> Iterator[tuple[str, bool]]:
    kind, parts, word = path
    if kind == "step":
        yield word, inverse
    elif kind == "inverse":
        yield from _steps(parts[0], inverse=not inverse)
    elif kind == "alternative":
        for part in parts:
            yield from _steps(part, inverse=inverse)
    else:
        raise NotTakenApart("the closure of a path of several steps")


def _alternative(tokens: list[Token], namespaces: dict[str, str]) -> tuple[Path, list[Token]]:
    return _chain(tokens, namespaces, mark="|")


def _chain(tokens: list[Token], namespaces: dict[str, str], *, mark: str) -> tuple[Path, list[Token]]:
    parts: list[Path] = []
    while True:
        if mark == "|":
            part, tokens = _chain(tokens, namespaces, mark="/")
        else:
            part, tokens = _element(tokens, namespaces)
        parts.append(part)
        if not tokens or tokens[0].text != mark:
            break
        tokens = tokens[1:]
    kind = "alternative" if mark == "|" else "sequence"
    return (parts[0] if len(parts) == 1 else (kind, tuple(parts), "")), tokens


def _element(tokens: list[Token], namespaces: dict[str, str]) -> tuple[Path, list[Token]]:
    if not tokens:
        raise NotTakenApart("a property path that ends too soon")
    first, rest = tokens[0], tokens[1:]
    path: Path
    if first.text == "^":
        path, rest = _element(rest, namespaces)
        return ("inverse", (path,), ""), rest
    if first.text == "(":
        path, rest = _alternative(rest, namespaces)
        rest = rest[1:]
    elif first.kind in ("iri", "pname"):
        path = ("step", (), resolve(first, namespaces))
    elif first.text == "a":
        path = ("step", (), RDF_TYPE)
    else:
        raise NotTakenApart(f"{first.text} in a property path")
    if rest and rest[0].text in ("*", "+", "?"):
        return ("closure", (path,), rest[0].text), rest[1:]
    return path, rest
