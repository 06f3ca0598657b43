"""Reading and changing parts of a query by its tokens: projection, dataset clause, prologue and bound parameters."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kg.sparql.tokens import Token, significant, tokenize

# Source: SPARQL 1.1 Query §19.8 IRIREF; RFC 3987 §2.2 for the scheme.
_ABSOLUTE_IRI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^<>\"{}|^`\\\x00-\x20\x7f]*")
_LOCAL_ESCAPE: Final = re.compile(r"\\(.)")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_DEPTH: Final = {"{": 1, "}": -1}
_ESCAPES: Final = str.maketrans(
    {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
)


@dataclass(frozen=True)
class DatasetClause:
    """The terms behind FROM and FROM NAMED, as they are written in the query."""

    default: tuple[str, ...]
    named: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether the query has a dataset clause at all."""
        return bool(self.default or self.named)


def prologue(tokens: Sequence[Token]) -> str:
    """The BASE, PREFIX and VERSION declarations, as text that can stand before another query.

    >>> prologue(tokenize("PREFIX x: <x:>  ASK {}"))
    'PREFIX x: <x:>'
    """
    written: list[str] = []
    for token in significant(tokens):
        if token.keyword and token.keyword not in ("BASE", "PREFIX", "VERSION"):
            break
        written.append(token.text)
    return " ".join(written)


def dataset_clause(tokens: Sequence[Token]) -> DatasetClause:
    """The graphs a query chooses for itself.

    >>> dataset_clause(tokenize("SELECT * FROM x:a FROM NAMED <x:b> { ?s ?p ?o }"))
    DatasetClause(default=('x:a',), named=('<x:b>',))
    >>> dataset_clause(tokenize("CONSTRUCT { ?s ?p '{' } FROM x:a WHERE { ?s ?p ?o }"))
    DatasetClause(default=('x:a',), named=())
    """
    default: list[str] = []
    named: list[str] = []
    meaning = _without_template(tokens)
    for index, token in enumerate(meaning):
        if token.text == "{":
            break
        if token.keyword == "FROM":
            following = [later.text for later in meaning[index + 1 : index + 3]]
            if following and following[0].upper() == "NAMED":
                named += following[1:]
            else:
                default += following[:1]
    return DatasetClause(tuple(default), tuple(named))


def _without_template(tokens: Sequence[Token]) -> list[Token]:
    """The tokens of a query; of a CONSTRUCT those behind its template, after which it names its graphs.

    Source: SPARQL 1.1 Query §19.8, production ConstructQuery.
    """
    meaning = significant(tokens)
    start = next((place for place, token in enumerate(meaning) if token.keyword == "CONSTRUCT"), None)
    if start is None or [token.text for token in meaning[start + 1 : start + 2]] != ["{"]:
        return meaning
    depth = 0
    for place in range(start + 1, len(meaning)):
        depth += _DEPTH.get(meaning[place].text, 0)
        if not depth:
            return meaning[place + 1 :]
    return meaning


def spell_out(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with each prefixed name that has several dots written as the IRI that it stands for.

    The engine reads `x:a.b` but not `x:a.b.c`, which the standard allows too (SPARQL 1.1 Query §19.8, PN_LOCAL).

    >>> "".join(token.text for token in spell_out(tokenize("PREFIX x: <http://e/> ASK { x:a.b.c ?p x:d.e }")))
    'PREFIX x: <http://e/> ASK { <http://e/a.b.c> ?p x:d.e }'
    """
    if not any(has_several_dots(token) for token in tokens):
        return list(tokens)
    meaning = significant(tokens)
    namespaces = {
        name.text: iri.text[1:-1]
        for keyword, name, iri in zip(meaning, meaning[1:], meaning[2:], strict=False)
        if keyword.keyword == "PREFIX" and iri.kind == "iri" and _ABSOLUTE_IRI.fullmatch(iri.text[1:-1])
    }
    return [_spelled_out(token, namespaces) for token in tokens]


def has_several_dots(token: Token) -> bool:
    """Whether a token is a prefixed name that the engine ends too soon."""
    return token.kind == "pname" and token.text.partition(":")[2].count(".") > 1


def _spelled_out(token: Token, namespaces: Mapping[str, str]) -> Token:
    prefix, colon, local = token.text.partition(":")
    if not has_several_dots(token) or prefix + colon not in namespaces:
        return token
    # By its code point, since the engine may take `<` for an operator and a plain `#` behind it for a comment.
    unescaped = _LOCAL_ESCAPE.sub(lambda escape: f"\\u{ord(escape[1]):04X}", local)
    return Token("iri", f"<{namespaces[prefix + colon]}{unescaped}>", token.start)


def projection(tokens: Sequence[Token]) -> tuple[str, ...] | None:
    """The names of the variables a SELECT query projects, in order; None where it says `*` or is no SELECT.

    >>> projection(tokenize("SELECT DISTINCT ?a (COUNT(?b) AS ?n) WHERE { ?a ?p ?b }"))
    ('a', 'n')
    """
    meaning = significant(tokens)
    start = next((index for index, token in enumerate(meaning) if token.keyword == "SELECT"), None)
    if start is None:
        return None
    names: list[str] = []
    depth = 0
    for before, token in zip(meaning[start:], meaning[start + 1 :], strict=False):
        if depth == 0 and (token.text in ("{", "*") or token.keyword in ("WHERE", "FROM")):
            break
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if token.kind == "var" and (depth == 0 or (depth == 1 and before.keyword == "AS")):
            names.append(token.text[1:])
    return tuple(names) or None


def parameter_terms(tokens: Sequence[Token]) -> dict[str, list[Sequence[Token]]]:
    """For each variable, the single terms it is given by `VALUES ?variable { term }`, one entry a place in the text."""
    found: dict[str, list[Sequence[Token]]] = {}
    meaning = significant(tokens)
    for index, token in enumerate(meaning):
        head = meaning[index + 1 : index + 3]
        if token.keyword != "VALUES" or [part.kind for part in head] != ["var", "punct"] or head[1].text != "{":
            continue
        body = meaning[index + 3 : index + 7]
        length = next((at for at, part in enumerate(body) if part.text == "}" and part.kind == "punct"), 0)
        if _is_one_term(body[:length]):
            found.setdefault(head[0].text[1:], []).append(body[:length])
    return found


def bind(text: str, terms: Mapping[str, str]) -> str:
    """The query with the term of each named `VALUES ?name { term }` replaced, everywhere it is written.

    >>> bind("SELECT ?x { VALUES ?x { <x:a> } } # kept", {"x": '"b"@en'})
    'SELECT ?x { VALUES ?x { "b"@en } } # kept'

    Raises:
        ValueError: a name that the query has no single-term VALUES for, or a replacement that is not one RDF term.
    """
    places = parameter_terms(tokenize(text))
    cuts: list[tuple[int, int, str]] = []
    for name, term in terms.items():
        if name not in places:
            raise ValueError(f"the query has no VALUES ?{name} {{ term }}")
        if not _is_one_term(tokenize(term)):
            raise ValueError(f"{term!r} is not one RDF term")
        cuts += [(place[0].start, place[-1].end, term) for place in places[name]]
    for start, end, term in sorted(cuts, reverse=True):
        text = text[:start] + term + text[end:]
    return text


def _is_one_term(tokens: Sequence[Token]) -> bool:
    kinds = [token.text if token.kind == "punct" else token.kind for token in tokens]
    if kinds == ["word"]:
        return tokens[0].text in ("true", "false")
    return kinds in (
        ["iri"],
        ["pname"],
        ["number"],
        ["+", "number"],
        ["-", "number"],
        ["string"],
        ["string", "lang"],
        ["string", "^^", "iri"],
        ["string", "^^", "pname"],
    )


def iri_term(iri: str) -> str:
    """An absolute IRI as a term of SPARQL.

    Raises:
        ValueError: `iri` is not an absolute IRI.
    """
    if not _ABSOLUTE_IRI.fullmatch(iri) or _SURROGATE.search(iri):
        raise ValueError(f"{iri!r} is not an absolute IRI")
    return f"<{iri}>"


def string_term(value: str, *, language: str = "", datatype: str = "") -> str:
    r"""A literal as a term of SPARQL, with a language tag or a datatype IRI where one is given.

    >>> string_term('say "hi"\n', language="en")
    '"say \\"hi\\"\\n"@en'

    Raises:
        ValueError: a language tag or a datatype that is none, or half a character.
    """
    if _SURROGATE.search(value):
        raise ValueError("the text holds half a character (a surrogate)")
    quoted = f'"{value.translate(_ESCAPES)}"'
    if language:
        if not re.fullmatch(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*", language):
            raise ValueError(f"{language!r} is not a language tag")
        return f"{quoted}@{language}"
    return f"{quoted}^^{iri_term(datatype)}" if datatype else quoted
