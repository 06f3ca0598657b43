"""The short way to a vetted query: it never lets through what reading the tokens refuses, and comes to the same."""

import re
from itertools import product
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.sparql import Limits, Query, significant, tokenize, vet
from kg.sparql.guard import vet_by_tokens
from kg.sparql.plain import MOST_TOKENS, plain

LIMITS: Final = Limits()

# Whatever can be cut in two ways, hides something, opens without closing, or is read otherwise by the engine.
PIECES: Final = [
    *re.findall(
        r"\S+",
        r"""
    SELECT ASK CONSTRUCT DESCRIBE PREFIX BASE VERSION SERVICE service LOAD FROM NAMED NOW RAND UUID STRUUID INSERT WHERE
    FILTER OPTIONAL VALUES a A true false COUNT AS isIRI IN UNDEF Select nonsense trueSERVICE
    ?x $x ?é ? x: x:a : :a x:a.b x:a.b.c x:a-b x:- x-y:z x.y:z a-b:c é:x x:é x:%20 x:\# x:\ service:x SERVICEx:y _:b
    [ ] { } ( ) < <= > >= >> << <<( )>> {| |} | || && & ^ ^^ ! != = * / + - ; , . .. ~ @en @en-US @en- @en--ltr @
    1 1.5 1. 1.e3 .5 1e3 12x <http://e/a> <http://e/a#b> <http://e/(a)> <a> <urn:a> <#> <http://e/é> <http://e/\u0041>
    <http:// "a" 'a' '' "a'b" 'a\'b' "{" '(' "#" '#' "\u0041" "é" " ' \ # #c #' \u0041 % ::
    """,
    ),
    *('""', '"' * 3, '"' * 6, '"""a"b"""', "'" * 3, "'''a'b'''", "#'''\n", "# c\n", "<http://e/ a>", "<http://e/(>"),
    *(" ", "\n", "\r", "\t", "\v", "\xa0", "\x00", "\ufeff", "\ud800", "\u0663", "\u017fELECT", "?\u017f"),
]
PLACES: Final = (
    "SELECT * {{ ?s ?p {} }}",
    "SELECT * {{{}}}",
    "{} ASK {{}}",
    "ASK {{}} {}",
    "SELECT{}{{}}",
    "PREFIX {} <http://e/> ASK {{}}",
    "SELECT * {{ ?s ?p ?o FILTER(?x {} ?y) }} # end",
)
PLAIN: Final = (
    "select ?a where { ?a ?b ?c }",
    "PREFIX x: <http://e/#> SELECT ?a WHERE { ?a x:b ?c . FILTER(?c < 5) } ORDER BY DESC(?a) LIMIT 5",
    "ASK { <http://e/a#b> a x:C } # end",
    'SELECT * { ?s ?p \'a#\'@en, "b\\""^^x:int ; x:p/x:q* true . }',
    "# head\r\n#\nCONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o#o\n . OPTIONAL { ?s a ?t } }\n#t",
    "DESCRIBE <http://e/a>",
    "SELECT (COUNT(?x) AS ?n) { ?x x:p ?y FILTER(?y = 1.5 || ?y >= 2 && !(bound(?z))) } HAVING(?n > 1)",
)


def agrees(text: str) -> bool:
    """Whether a text is found plain; then reading its tokens comes to the same, or this fails."""
    found = plain(text, most_selects=LIMITS.subqueries)
    if found is None:
        return False
    read = vet_by_tokens(text, LIMITS)
    assert (found.text, found.form, True) == (read.text, read.form, read.repeatable)
    assert len(read.tokens) <= MOST_TOKENS
    return True


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_query_is_found_so(text: str) -> None:
    assert agrees(text)
    assert vet(text, LIMITS) == vet_by_tokens(text, LIMITS)


def test_whatever_stands_side_by_side_is_read_alike() -> None:
    texts = [
        place.format(f"{first}{between}{second}")
        for place, first, between, second in product(PLACES, PIECES, ("", " "), PIECES)
    ]
    assert sum(map(agrees, texts)) > len(texts) / 20


@pytest.mark.parametrize("text", PLAIN)
def test_whatever_is_written_into_a_plain_query_is_read_alike(text: str) -> None:
    changed = [
        text[:start] + piece + text[start + cut :]
        for start, piece, cut in product(range(len(text) + 1), PIECES, (0, 1))
    ]
    assert sum(map(agrees, changed)) > len(changed) / 20


@given(st.lists(st.sampled_from(PIECES), max_size=12), st.sampled_from(("", " ")), st.sampled_from(PLACES))
def test_any_row_of_pieces_is_read_alike(pieces: list[str], between: str, place: str) -> None:
    agrees(place.format(between.join(pieces)))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { SERVICE <http://e/> { ?s ?p ?o } }",
        "SELECT * { ?s ?p trueSERVICE <http://e/> { ?a ?b ?c } }",
        "PREFIX service: <http://e/> SELECT * { service:x { ?s ?p ?o } }",
        "SELECT (NOW() AS ?n) {}",
        "SELECT (RAND() AS ?n) {}",
        "INSERT DATA { <http://e/a> <http://e/b> 1 }",
        "LOAD <http://e/>",
        "SELECT * { FILTER(1<2#>'''\n) SERVICE <http://e/> { ?s ?p ?o } #''')\n }",
        "SELECT * { ?s ?p '''# ' }",
        "ASK { ?s ?p '}' ",
    ],
)
def test_what_is_doubtful_is_never_plain(text: str) -> None:
    assert plain(text, most_selects=LIMITS.subqueries) is None


def test_a_plain_query_has_no_more_tokens_than_any_limit_allows() -> None:
    longest = next(count for count in range(40) if not agrees("ASK { " + "?s ?p ?o . " * count + "}")) - 1
    assert longest * 4 < MOST_TOKENS <= min(LIMITS.depth, LIMITS.patterns, LIMITS.operators)
    assert plain("SELECT * { SELECT * {} }", most_selects=2) is not None
    assert plain("SELECT * { SELECT * {} }", most_selects=1) is None


def test_narrower_limits_hold_for_a_plain_query() -> None:
    with pytest.raises(Exception, match="more than 1 patterns"):
        vet("ASK { ?a ?b ?c . ?d ?e ?f }", Limits(patterns=1))


def test_the_tokens_of_a_plain_query_are_those_of_its_text() -> None:
    query = vet(PLAIN[4], LIMITS)
    assert isinstance(query, Query)
    assert list(query.tokens) == significant(tokenize(PLAIN[4])) == significant(tokenize(query.text))
