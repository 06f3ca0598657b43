"""Statements as a JSON-LD text has them, each with the places where its parts are written.

A JSON-LD parser says nothing about places. So each node object gets a number in place of its `@id`, and the text is
parsed again: the statements come in the same order, and their numbers tell which objects they are written in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat, parse

from kg.readers.jsontree import Member, Value, read_tree
from kg.readers.written import BLANK, TYPE, Written

_NODE: Final = "kg-place-"
_MAPS: Final = frozenset({"@graph", "@id", "@index", "@language", "@type"})
_NOT_BELOW: Final = frozenset({"@context", "@id", "@type"})


@dataclass(frozen=True)
class _Terms:
    """What the contexts of a document define; a term with two meanings is left out."""

    meanings: Mapping[str, str]
    maps: frozenset[str]
    """The terms whose objects are not nodes but hold them by language, by index and so on."""

    def keyword(self, key: str) -> str:
        """The keyword that a key is or stands for; else the key."""
        meaning = self.meanings.get(key, key)
        return meaning if meaning.startswith("@") else key

    def expanded(self, name: str, *, most: int = 8) -> str:
        """The IRI that a term or a short name stands for, as far as it can be told."""
        if name in self.meanings and most:
            return self.expanded(self.meanings[name], most=most - 1)
        prefix, colon, local = name.partition(":")
        if colon and prefix in self.meanings and not local.startswith("//"):
            return self.expanded(self.meanings[prefix], most=most - 1) + local if most else name
        return name if colon or name.startswith("@") else self.meanings.get("@vocab", "") + name


@dataclass
class _Marked:
    """The node objects that were found, and what to put into the text for them."""

    nodes: dict[str, Value] = field(default_factory=dict)
    offsets: dict[str, int] = field(default_factory=dict)
    edits: list[tuple[int, int, str]] = field(default_factory=list)

    def mark(self, node: Value, identifier: Member | None) -> None:
        """Give a node object the next number."""
        name = f"{_NODE}{len(self.nodes)}"
        self.nodes[name] = node
        if identifier:
            self.offsets[name] = identifier.value.offset
            self.edits.append((identifier.value.offset, identifier.value.length, f'"_:{name}"'))
        else:
            self.offsets[name] = node.offset
            self.edits.append((node.offset + 1, 0, f'"@id":"_:{name}"{"," if node.members else ""}'))


def written_in_json(text: str, quads: Iterable[Quad], *, base: str) -> list[Written]:
    """The statements of a JSON-LD text whose quads are given; without places for those that cannot be told."""
    tree = read_tree(text)
    terms = _terms(tree)
    marked = _Marked()
    _mark(tree, terms=terms, marked=marked)
    quads = list(quads)
    try:
        again = list(parse(_edited(text, marked.edits), format=RdfFormat.JSON_LD, base_iri=base or None))
    except SyntaxError:
        again = []
    if _same(quads, again):
        return [_written(quad, other, terms=terms, marked=marked) for quad, other in zip(quads, again, strict=True)]
    return _identifiers(marked, terms)


def _terms(tree: Value) -> _Terms:
    meanings: dict[str, set[str]] = {}
    maps: set[str] = set()
    for context in _contexts(tree):
        for key, _, value in context.members:
            if value.kind == "{":
                parts = {member.key: member.value for member in value.members}
                meaning = parts["@id"].text if "@id" in parts else None
                container = parts.get("@container")
                if container and _MAPS & {container.text, *(item.text for item in container.items)}:
                    maps.add(key)
            else:
                meaning = value.text
            meanings.setdefault(key, set()).update({meaning} if meaning else set())
    return _Terms({key: next(iter(found)) for key, found in meanings.items() if len(found) == 1}, frozenset(maps))


def _contexts(value: Value) -> Iterator[Value]:
    for key, _, inner in value.members:
        if key == "@context":
            yield from (item for item in (inner, *inner.items) if item.kind == "{")
        yield from _contexts(inner)
    for item in value.items:
        yield from _contexts(item)


def _mark(value: Value, *, terms: _Terms, marked: _Marked, is_map: bool = False) -> None:
    for item in value.items:
        _mark(item, terms=terms, marked=marked)
    members = {terms.keyword(member.key): member for member in value.members}
    if value.kind == "{" and not is_map and not {"@value", "@list", "@set"} & set(members):
        identifier = members.get("@id")
        if identifier or "@graph" not in members:
            marked.mark(value, identifier)
    for keyword, member in members.items():
        if keyword not in _NOT_BELOW and "@value" not in members:
            below_is_map = keyword in ("@reverse", "@nest") or member.key in terms.maps
            _mark(member.value, terms=terms, marked=marked, is_map=below_is_map)


def _edited(text: str, edits: Iterable[tuple[int, int, str]]) -> str:
    parts: list[str] = []
    end = 0
    for offset, length, replacement in sorted(edits):
        parts += [text[end:offset], replacement]
        end = offset + length
    return "".join([*parts, text[end:]])


def _same(quads: list[Quad], again: list[Quad]) -> bool:
    """Whether the second reading says the same as the first, but for the numbers, each of which means one node."""
    means: dict[str, object] = {}

    def agree(term: object, other: object) -> bool:
        if isinstance(other, BlankNode):
            return means.setdefault(other.value, term) == term and not isinstance(term, Literal)
        return term == other

    return len(quads) == len(again) and all(
        quad.predicate == other.predicate and agree(quad.subject, other.subject) and agree(quad.object, other.object)
        for quad, other in zip(quads, again, strict=True)
    )


def _written(quad: Quad, other: Quad, *, terms: _Terms, marked: _Marked) -> Written:
    subject, predicate, value = _text(quad.subject), quad.predicate.value, _text(quad.object)
    node = marked.nodes.get(other.subject.value) if isinstance(other.subject, BlankNode) else None
    if node is None or not isinstance(other.subject, BlankNode):
        return Written(subject, predicate, value, -1, -1, -1)
    start = marked.offsets[other.subject.value]
    keys = [member for member in node.members if _means(member.key, predicate, terms)]
    if len(keys) != 1:
        return Written(subject, predicate, value, start, start, start)
    at = keys[0].offset
    if isinstance(other.object, BlankNode):
        return Written(subject, predicate, value, start, at, marked.offsets.get(other.object.value, at))
    places = [
        scalar.offset
        for scalar in _scalars(keys[0].value, terms)
        if value in (scalar.text, terms.expanded(scalar.text))
    ]
    return Written(subject, predicate, value, start, at, places[0] if len(places) == 1 else at)


def _means(key: str, predicate: str, terms: _Terms) -> bool:
    return terms.keyword(key) == "@type" if predicate == TYPE else terms.expanded(key) == predicate


def _scalars(value: Value, terms: _Terms) -> Iterator[Value]:
    """The values below a key that are not those of another node."""
    if not value.kind:
        yield value
    for item in value.items:
        yield from _scalars(item, terms)
    for member in value.members:
        if terms.keyword(member.key) in ("@value", "@list", "@set", "@id"):
            yield from _scalars(member.value, terms)


def _identifiers(marked: _Marked, terms: _Terms) -> list[Written]:
    """Where nodes with an `@id` are written, when nothing else can be told."""
    found: list[Written] = []
    for name, node in marked.nodes.items():
        for member in node.members:
            if terms.keyword(member.key) == "@id" and len(node.members) > 1:
                offset = marked.offsets[name]
                found.append(Written(terms.expanded(member.value.text), "", "", offset, offset, offset))
    return found


def _text(term: object) -> str:
    if isinstance(term, BlankNode):
        return f"{BLANK}{term.value}"
    return term.value if isinstance(term, NamedNode | Literal) else ""
