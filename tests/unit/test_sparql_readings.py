"""What the guard lets through is read by the engine as the tokens say: the same IRIs and strings, and no call between.

The engine is asked whether it reads a text at all. It reads a word as SERVICE where the text is SPARQL with that word
and is none with another in its place; it reads an IRI as one where the text stays SPARQL with an IRI of brackets there.
"""

from itertools import product
from typing import Final, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Store

from kg.errors import QueryRefused, QuerySyntax
from kg.sparql import UPDATE, Limits, Token, significant, tokenize, vet
from kg.sparql.groups import outermost_group, parts_of

LIMITS: Final = Limits()
ADDRESS: Final = "http://e/sparql"
# `p:` is an IRI that ends in a port, so `p:` stands for an IRI, and `p:name` for none.
PROLOGUE: Final = "BASE <http://e/> PREFIX : <urn:> PREFIX x: <urn:> PREFIX p: <http://e:80> "
CALL: Final = "SERVICE <urn:s> {}"


class Place(NamedTuple):
    """What opens and closes around terms or an expression in a group; the group itself stands between the last two."""

    opening: str
    closing: str
    before: str = "SELECT * {"
    behind: str = "}"


COLLECTIONS: Final = (
    Place("?s ?p (", ") ."),
    Place("(", ") ?p ?o ."),
    Place("?s <urn:p> (", ") ."),
    Place("?s a (", ") ."),
    Place("?s x:p/:q* 1, (", ") ."),
    Place("?s ?p [ x:q 1 ; x:r (2 (", ")) ] ."),
    Place("FILTER EXISTS { ?s ?p (", ") }"),
    Place("?s ?p ?o . FILTER(1 = 1) (", ") ?p ?o ."),
    Place("?s ?p (", ") .", "CONSTRUCT WHERE {"),
    Place("?s ?p (", ") .", "CONSTRUCT {", "} WHERE {}"),
    Place("x:s x:p (", ") .", "INSERT DATA {"),
    Place("?s ?p (", ") .", "DELETE {} INSERT {", "} WHERE {}"),
    Place("?s ?p (", ") .", "INSERT {} WHERE {"),
    Place("VALUES (?a ?b) { (", ") }"),
)
TERMS: Final = (
    Place("VALUES ?a {", "}"),
    Place("?s ?p <<(", ")>> ."),
    Place("<<", ">> ?p ?o ."),
    Place("BIND(<<(", ")>> AS ?t)"),
    Place("FILTER(?t IN (1, <<(", ")>>))"),
)
EXPRESSIONS: Final = (
    Place("FILTER(", ")"),
    Place("BIND(", "AS ?v)"),
    Place("FILTER x:f(", ")"),
    Place("FILTER <urn:f> (", ")"),
    Place("FILTER(?a IN (", "))"),
    Place("FILTER(x:f(1, ", "))"),
    Place("FILTER COALESCE(", ")"),
    Place("{ SELECT (1 AS ?b) (", "AS ?c) {} }"),
    Place("{ SELECT ?b (", "AS ?c) {} }"),
    Place("{ SELECT ?b {} GROUP BY ?b (", ") }"),
    Place("{ SELECT ?b {} GROUP BY ?b HAVING (1) (", ") }"),
    Place("{ SELECT ?b {} ORDER BY ?b x:f(", ") }"),
    Place("{ SELECT ?b {} ORDER BY <urn:f>(", ") }"),
)
# The engine reads a word in each name.
UNCLEAR: Final = (
    Place("FILTERx:f(", ")"),
    Place("?s ?p ?o FILTERx:f (", ")"),
    Place("?s ?p p:FILTER(", ")"),
    Place("?s ?p p:FILTER <urn:f> (", ")"),
    Place("?s ?p p:FILTERx:f(", ")"),
    Place("?s ?p p:BIND(", "AS ?v)"),
)
OBJECT: Final = Place("?s ?p ", ".")
PLACES: Final = (OBJECT, *COLLECTIONS, *TERMS, *EXPRESSIONS, *UNCLEAR)

OPERANDS: Final = (
    "",
    "1",
    "?a",
    "'a'",
    "'a'@en",
    "1.5",
    "true",
    "x:c",
    "<urn:a>",
    "<a>",
    "_:b",
    "(1)",
    "1 ,",
    "1 =",
    "[]",
)
DOUBTFUL: Final = (
    *("<urn:b>", "<urn:b#>", "<2#>", "<b>", "<:b#>", "<x:b'>", "<x:b'''>", "<http://e/b#>", "<http://e/'''>", "<"),
    *("<<", "<<(", "<<x:", "<<urn:a", "<<(urn:a", "<<(<urn:a>", "<<'>", "<<(?b>,", "<<(?b> 1 <2#>", "<= 1 <2#>"),
    *("<urn:b> <urn:c#>", "('''a')", "p:SERVICEx:b {}", f"p:{CALL}", "x:c SERVICEx:b {}", "p:a p:SERVICE SILENT ?v {}"),
)
BEHIND: Final = ("", "1", ")>>", ", <urn:d#>")
PIECES: Final = (*OPERANDS, *DOUBTFUL, *BEHIND, "'''", "\n", "#", CALL, "FILTER(", "(", ")")


def hidden(place: Place) -> tuple[str, ...]:
    """What is a string or nothing to one who reads it so, and a call to one who reads on."""
    on = f"{place.closing} {CALL} {place.opening} 1 #"
    return (
        f"'''\n{on}'''",
        f"'''>\n{on}'''",
        f"'''>\n{on}''')>>",
        f"'''>\n{on}''' >>",
        f"'''a' {on}\\x'''",
        f"'''a' {on}\\uD800'''",
    )


def is_read(text: str, form: str) -> bool:
    """Whether the engine reads a text; that it cannot answer or do what it says then does not count."""
    try:
        if form == UPDATE:
            Store().update(text)
        else:
            Store().query(text)
    except SyntaxError:
        return False
    except (OSError, RuntimeError, ValueError):
        return True
    return True


def another(token: Token) -> str:
    """A token of the same kind that is read only as what it is."""
    if token.kind == "iri":
        return "<urn:((@>"
    return '"s"' if token.kind == "string" else f"{token.text} "


def agrees(text: str) -> bool:
    """Whether a text is let through and read; then the engine reads it as the guard does, or this fails."""
    try:
        query = vet(PROLOGUE + text, LIMITS, base=ADDRESS)
    except (QueryRefused, QuerySyntax):
        return False
    if not is_read(query.text, query.form):
        return False
    assert is_read(query.text.replace("SERVICE", "SERVIXE"), query.form), "the engine reads a call"
    for token in tokenize(query.text):
        if token.start > len(PROLOGUE) and (token.kind in ("iri", "string") or token.text in ("<", "<<", "<<(")):
            changed = query.text[: token.start] + another(token) + query.text[token.end :]
            assert is_read(changed, query.form), f"{token.text} is read otherwise"
    return True


def text_in(place: Place, held: str) -> str:
    return f"{place.before} {place.opening}{held}\n{place.closing} {place.behind}"


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.before[:9] + place.opening)
def test_whatever_stands_behind_a_term_is_read_alike(place: Place) -> None:
    ends = (*BEHIND, *hidden(place))
    texts = [text_in(place, "".join(row)) for row in product(OPERANDS, DOUBTFUL, ends)]
    assert sum(map(agrees, texts)) > 5


@given(
    st.sampled_from(PLACES),
    st.lists(st.sampled_from(PIECES), max_size=8),
    st.sampled_from(("", " ")),
    st.integers(0, 5),
)
def test_any_row_of_pieces_is_read_alike(place: Place, pieces: list[str], between: str, hide: int) -> None:
    agrees(text_in(place, between.join(pieces) + hidden(place)[hide]))


@pytest.mark.parametrize("place", COLLECTIONS, ids=lambda place: place.before[:9] + place.opening)
@pytest.mark.parametrize("first", ["1", "'a'@en", "<mailto:a@b>", "<a>"])
def test_iris_in_a_collection_need_no_authority(place: Place, first: str) -> None:
    assert agrees(text_in(place, f"{first} <urn:b#>"))


@pytest.mark.parametrize("place", TERMS[1:], ids=lambda place: place.opening)
def test_iris_in_a_triple_term_need_no_authority(place: Place) -> None:
    assert agrees(text_in(place, "<urn:a> <urn:b#> <urn:c#>"))


@pytest.mark.parametrize("place", [*EXPRESSIONS, *UNCLEAR], ids=lambda place: place.opening)
@pytest.mark.parametrize("doubtful", ["<2#>", "<<x:a >>", "<<(?b>, 1 )>>"])
def test_what_may_compare_is_refused_with_its_place(place: Place, doubtful: str) -> None:
    text = text_in(place, f"1{doubtful}")
    with pytest.raises(QuerySyntax, match="to compare, write a space behind <") as refusal:
        vet(text, LIMITS)
    assert (refusal.value.line, refusal.value.column) == (1, text.index(doubtful) + 1)


def test_lateral_and_its_group_are_one_part_of_a_group() -> None:
    text = "SELECT * { ?s ?p ?o LATERAL { ?o ?q ?r } ?s a ?t }"
    group = outermost_group(significant(tokenize(text)))
    assert [(part.kind, part.text) for part in parts_of(text, group)] == [
        ("pattern", "?s ?p ?o"),
        ("LATERAL", "LATERAL { ?o ?q ?r }"),
        ("pattern", "?s a ?t"),
    ]
