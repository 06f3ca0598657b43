"""The parts of a group graph pattern: its triple patterns one by one, its filters, and what stands in brackets whole;
and what stands behind the group.

The text is SPARQL that the engine has read. Anything this module does not take apart is left as one part.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kg.sparql.tokens import Token

_BRACKETS: Final = {"(": ")", "[": "]", "{": "}", "{|": "|}", "<<": ">>", "<<(": ")>>"}
_MODIFIERS: Final = frozenset({"GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "VALUES"})
_STARTS: Final = frozenset({"FILTER", "BIND", "VALUES", "OPTIONAL", "LATERAL", "MINUS", "GRAPH"})


@dataclass(frozen=True)
class Part:
    """A part of a group: one triple pattern, one filter, or something in brackets as a whole; or what modifies it."""

    kind: str
    text: str
    tokens: tuple[Token, ...]
    start: int
    """The character offset in the query: of the predicate where it is a pattern, whose subject may stand far before."""
    turned: str = ""
    """The pattern with subject and object changed; empty where that cannot be said."""
    predicate: str = ""
    """The predicate of the pattern; empty where it is a variable or a path."""

    @property
    def variables(self) -> frozenset[str]:
        """The variables and labelled blank nodes in it."""
        return frozenset(token.text.replace("$", "?") for token in self.tokens if token.kind in ("var", "bnode"))

    @property
    def constants(self) -> tuple[str, ...]:
        """The IRIs, but those of functions and datatypes, and the literals of a pattern, as they are written."""
        found: list[str] = []
        for index, token in enumerate(self.tokens):
            if token.kind in ("iri", "pname"):
                calls = self.kind in ("FILTER", "HAVING") and _sign(self.tokens, index + 1) == "("
                if not calls and _sign(self.tokens, index - 1) != "^^":
                    found.append(token.text)
            elif token.kind == "string" and self.kind == "pattern":
                literal = self.tokens[index : _node_end(self.tokens, index)]
                found.append("".join(piece.text for piece in literal))
        return tuple(found)


def outermost_group(tokens: Sequence[Token]) -> Sequence[Token]:
    """The tokens inside the WHERE group; none where there is no group."""
    start, end = _outermost(tokens)
    return tokens[start + 1 : end - 1]


def modifiers(text: str, tokens: Sequence[Token]) -> Iterator[Part]:
    """What stands behind the WHERE group, one keyword after the other: `GROUP`, `HAVING`, `ORDER`, `LIMIT` and so on.

    Source: SPARQL 1.1 Query §19.8, productions 18 and 28.
    """
    _, index = _outermost(tokens)
    while index < len(tokens):
        end = index + 1
        while end < len(tokens) and tokens[end].keyword not in _MODIFIERS:
            end = _closed(tokens, end)
        part = tuple(tokens[index:end])
        yield Part(part[0].keyword, _slice(text, part), part, part[0].start)
        index = end


def described(text: str, tokens: Sequence[Token]) -> Part | None:
    """`DESCRIBE` and the IRIs that stand behind it; None where there is none."""
    start = next((at for at, token in enumerate(tokens) if token.keyword == "DESCRIBE"), len(tokens))
    end = start + 1
    while end < len(tokens) and tokens[end].kind in ("iri", "pname"):
        end += 1
    if end == start + 1:
        return None
    part = tuple(tokens[start:end])
    return Part("DESCRIBE", _slice(text, part), part, part[0].start)


def _outermost(tokens: Sequence[Token]) -> tuple[int, int]:
    """Where the WHERE group opens, and the place behind it; both are the end where there is no group."""
    index = 0
    while index < len(tokens):
        if tokens[index].text == "{" and tokens[index - 1].keyword != "CONSTRUCT":
            return index, _closed(tokens, index)
        index = _closed(tokens, index) if _opens(tokens[index]) else index + 1
    return len(tokens), len(tokens)


def inside(tokens: Sequence[Token]) -> Sequence[Token]:
    """What stands in the braces of a group or subquery; none for a UNION, whose branches all leave nothing."""
    if _closed(tokens, 0) != len(tokens):
        return ()
    inner = tokens[1:-1]
    return outermost_group(inner) if inner and inner[0].keyword == "SELECT" else inner


def parts_of(text: str, tokens: Sequence[Token]) -> Iterator[Part]:
    """The parts of a group in order, each triple of a `;` and `,` list for itself."""
    index = 0
    while index < len(tokens):
        end = _part_end(tokens, index)
        part = tuple(tokens[index:end])
        first = part[0]
        if first.keyword == "GRAPH":
            yield from _graph_parts(text, part)
        elif first.keyword in _STARTS:
            yield Part(first.keyword, _slice(text, part), part, first.start)
        elif first.text == "{":
            yield Part("group", _slice(text, part), part, first.start)
        elif first.text != ".":
            yield from _triples(text, part)
        index = end


def _graph_parts(text: str, part: tuple[Token, ...]) -> Iterator[Part]:
    """`GRAPH ?g { a . b }` as `GRAPH ?g { a }` and `GRAPH ?g { b }`, where it holds nothing but triple patterns."""
    name, held = part[:2], list(parts_of(text, part[3:-1]))
    if any(inner.kind != "pattern" for inner in held):
        yield Part("group", _slice(text, part), part, part[0].start)
        return
    head = _slice(text, name)
    for inner in held:
        turned = f"{head} {{ {inner.turned} }}" if inner.turned else ""
        wrapped = f"{head} {{ {inner.text} }}"
        yield Part("pattern", wrapped, name + inner.tokens, inner.start, turned, inner.predicate)


def _part_end(tokens: Sequence[Token], index: int) -> int:
    """Where the part that starts at `index` ends."""
    first = tokens[index]
    end = index + 1
    if first.text == "{":
        end = _closed(tokens, index)
        while _keyword(tokens, end) == "UNION":
            end = _closed(tokens, end + 1)
    elif first.keyword == "VALUES":
        end = _closed(tokens, _closed(tokens, end))
    elif first.keyword in _STARTS:
        while end < len(tokens) and tokens[end].text not in _BRACKETS:
            end += 1
        end = _closed(tokens, end)
    elif first.text != ".":
        end = _closed(tokens, index)
        while end < len(tokens) and tokens[end].text not in (".", "{") and tokens[end].keyword not in _STARTS:
            end = _closed(tokens, end)
    return end


def _triples(text: str, tokens: tuple[Token, ...]) -> Iterator[Part]:
    """The patterns of `subject predicate object , object ; predicate object`; as a whole where it is not that simple.

    A subject in brackets is one node, so its triples cannot be asked for apart.
    """
    subject = tokens[: _node_end(tokens, 0)]
    found: list[Part] = []
    index = len(subject)
    while index < len(tokens) and not _opens(subject[0]):
        predicate = tokens[index : _path_end(tokens, index)]
        index += len(predicate)
        while True:
            node = tokens[index : _node_end(tokens, index)]
            found.append(_pattern(text, subject, predicate, node))
            index += len(node)
            if _sign(tokens, index) != ",":
                break
            index += 1
        if _sign(tokens, index) != ";":
            break
        while _sign(tokens, index) == ";":
            index += 1
    if index == len(tokens):
        yield from found
    else:
        yield Part("pattern", _slice(text, tokens), tokens, tokens[0].start)


def _pattern(text: str, subject: tuple[Token, ...], predicate: tuple[Token, ...], node: tuple[Token, ...]) -> Part:
    ends = _slice(text, subject), _slice(text, predicate), _slice(text, node)
    turnable = predicate[:1] and predicate[0].kind != "var" and node[:1] and node[0].kind in ("iri", "pname", "var")
    return Part(
        "pattern",
        " ".join(ends),
        subject + predicate + node,
        start=(predicate or subject)[0].start,
        turned=" ".join(reversed(ends)) if turnable else "",
        predicate=ends[1] if len(predicate) == 1 and predicate[0].kind != "var" else "",
    )


def _node_end(tokens: Sequence[Token], index: int) -> int:
    """Where a subject or object ends."""
    if _sign(tokens, index) in ("+", "-"):
        return index + 2
    end = _closed(tokens, index)
    if index < len(tokens) and tokens[index].kind == "string" and end < len(tokens):
        end += {"lang": 1, "punct": 2 * (tokens[end].text == "^^")}.get(tokens[end].kind, 0)
    return end


def _path_end(tokens: Sequence[Token], index: int) -> int:
    """Where a predicate or property path ends.

    Source: SPARQL 1.1 Query §19.8, productions 88 to 96.
    """
    while True:
        while _sign(tokens, index) in ("^", "!"):
            index += 1
        index = _closed(tokens, index)
        while _sign(tokens, index) in ("*", "?", "+") and not _is_signed_number(tokens, index):
            index += 1
        if _sign(tokens, index) not in ("/", "|"):
            return index
        index += 1


def _is_signed_number(tokens: Sequence[Token], index: int) -> bool:
    following = tokens[index + 1 : index + 2]
    return bool(following) and following[0].kind == "number" and following[0].start == tokens[index].end


def _closed(tokens: Sequence[Token], index: int) -> int:
    """The index behind a token, or behind the bracket that closes it."""
    depth = 0
    for at in range(index, len(tokens)):
        if tokens[at].kind == "punct":
            depth += _opens(tokens[at]) - (tokens[at].text in _BRACKETS.values())
        if depth <= 0:
            return at + 1
    return len(tokens)


def _opens(token: Token) -> bool:
    return token.kind == "punct" and token.text in _BRACKETS


def _sign(tokens: Sequence[Token], index: int) -> str:
    return tokens[index].text if index < len(tokens) and tokens[index].kind == "punct" else ""


def _keyword(tokens: Sequence[Token], index: int) -> str:
    return tokens[index].keyword if index < len(tokens) else ""


def _slice(text: str, tokens: Sequence[Token]) -> str:
    return text[tokens[0].start : tokens[-1].end] if tokens else ""
