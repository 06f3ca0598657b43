"""The short way to a vetted query: it never lets through what reading the tokens refuses, and comes to the same."""

import re
from itertools import product
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.sparql import Limits, vet
from kg.sparql.guard import vet_by_tokens
from kg.sparql.plain import SHORT_TOKENS, plain

LIMITS: Final = Limits()
QUERIES: Final = Path(__file__).parents[2] / "queries"

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
# So many tokens that they have to be counted.
MANY: Final = "?s ?p ?o . " * 18
LONG_PLACES: Final = (
    f"ASK {{{{ {MANY} {{}} }}}}",
    f"ASK {{{{ {MANY} FILTER(?x {{}} ?y) }}}}",
    f"ASK {{{{ {MANY} ?s ?p ({{}}) }}}}",
    f"ASK {{{{ {MANY} VALUES ?x {{{{ {{}} }}}} }}}}",
    f"SELECT * {{{{ {MANY} }}}} {{}}",
)
PLAIN: Final = (
    "select ?a where { ?a ?b ?c }",
    "PREFIX x: <http://e/#> SELECT ?a WHERE { ?a x:b ?c . FILTER(?c < 5) } ORDER BY DESC(?a) LIMIT 5",
    "ASK { <http://e/a#b> a x:C } # end",
    'SELECT * { ?s ?p \'a#\'@en, "b\\""^^x:int ; x:p/x:q* true . }',
    "# head\r\n#\nCONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o#o\n . OPTIONAL { ?s a ?t } }\n#t",
    "DESCRIBE <http://e/a>",
    "PREFIX x: <http://e/> ASK { ?a x:p? ?b . ?b (x:q|x:r)? ?c }",
    "SELECT (COUNT(?x) AS ?n) { ?x x:p ?y FILTER(?y = 1.5 || ?y >= 2 && !(bound(?z))) } HAVING(?n > 1)",
)


def agrees(text: str) -> bool:
    """Whether a text is found plain; then reading its tokens comes to the same, or this fails."""
    found = plain(text, LIMITS)
    if found is None:
        return False
    read = vet_by_tokens(text, LIMITS)
    assert (found.text, found.form, True) == (read.text, read.form, read.repeatable)
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


@pytest.mark.parametrize("place", LONG_PLACES)
def test_whatever_stands_side_by_side_in_a_long_query_is_read_alike(place: str) -> None:
    texts = [place.format(f"{first}{second}") for first, second in product(PIECES, PIECES)]
    assert sum(map(agrees, texts)) > len(texts) / 50


@pytest.mark.parametrize("text", PLAIN)
def test_whatever_is_written_into_a_plain_query_is_read_alike(text: str) -> None:
    changed = [
        text[:start] + piece + text[start + cut :]
        for start, piece, cut in product(range(len(text) + 1), PIECES, (0, 1))
    ]
    assert sum(map(agrees, changed)) > len(changed) / 20


@given(
    st.lists(st.sampled_from(PIECES), max_size=12),
    st.sampled_from(("", " ")),
    st.sampled_from((*PLACES, *LONG_PLACES)),
)
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
    assert plain(text, LIMITS) is None


# Each member of a group of these is of one kind that a limit counts, or of none.
UNITS: Final = (
    *(
        "?s ?p ?o . ",
        "?s ?p ?o ; ?q ?r . ",
        "?s x:p/^x:q|x:r* ?o . ",
        "?s ?p [ ?q ?r ] . ",
        "?s ?p (1 ?x 'a' <http://e/>) . ",
    ),
    *("{ ?s ?p ?o } ?a ?b ?c . ", "{ ?s ?p ?o } UNION { ?s ?q ?o } ", "OPTIONAL { ?s ?p ?o } ", "MINUS { ?s ?p ?o } "),
    *("FILTER(?a + 1 < ?b && ?a != 2 || !bound(?c)) ", "FILTER(?a IN (1, 2)) ", "BIND (str(?a) AS ?z) ?s ?p ?o . "),
    *(
        "VALUES ?v { 1 2 3 } ",
        "VALUES (?v ?w) { (1 2) (3 4) } ",
        "GRAPH ?g { ?s ?p ?o } ",
        "FILTER x:f(?a) ?s ?p ?o . ",
    ),
    *("FILTER EXISTS { ?s ?p ?o } ", "FILTER FILTER FILTER FILTER ", "FILTER(?a = ?b < ?c > ?d) "),
    "{ SELECT ?s (count(?p) AS ?n) (max(?o) AS ?m) { ?s ?p ?o } GROUP BY ?s } ",
)


@given(st.lists(st.tuples(st.sampled_from(UNITS), st.integers(1, 60)), min_size=1, max_size=4))
def test_a_query_around_the_limits_is_plain_only_where_it_is_within(repeated: list[tuple[str, int]]) -> None:
    agrees("SELECT * { " + "".join(unit * times for unit, times in repeated) + "}")


@pytest.mark.parametrize("unit", UNITS)
def test_one_more_than_a_limit_allows_is_never_plain(unit: str) -> None:
    found = [agrees("SELECT * { " + unit * times + "}") for times in range(1, 110)]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(
    ("start", "end"), [("{ ", "} "), ("{ SELECT * { ", "} } "), ("FILTER EXISTS { ", "} "), ("?s ?p [ ?q ", "] . ")]
)
def test_what_is_nested_deeper_than_a_limit_allows_is_never_plain(start: str, end: str) -> None:
    found = [agrees("SELECT * { " + start * depth + "?s " + end * depth + MANY + "}") for depth in range(110)]
    assert found[0]
    assert found == sorted(found, reverse=True)
    assert not found[-1]


@pytest.mark.parametrize("limit", ["depth", "patterns", "operators", "subqueries"])
def test_a_long_query_is_plain_only_within_limits_that_are_narrower(limit: str) -> None:
    text = PLAIN[0].replace("}", MANY + "OPTIONAL { { SELECT * {} } FILTER(?a + ?b < 9) } }")
    narrower = [Limits(**{limit: most}) for most in range(1, 100)]
    found = [plain(text, limits) is not None for limits in narrower]
    assert found == sorted(found)
    assert found[-1]
    for limits in [limits for limits, is_plain in zip(narrower, found, strict=True) if is_plain]:
        assert vet_by_tokens(text, limits).form == "SELECT"


@pytest.mark.parametrize(
    "text", ["SELECT * {{ {0} ( }}", "SELECT * {{ {0} ( }} )", "SELECT * {{ {0} }} }} {{", "ASK {{ {0}"]
)
def test_brackets_that_do_not_match_are_never_plain(text: str) -> None:
    assert plain(text.format(MANY), LIMITS) is None


def test_a_long_description_of_many_things_is_never_plain() -> None:
    assert not any(agrees("PREFIX x: <http://e/> DESCRIBE " + "x:a " * times) for times in range(100, 320))


def test_a_short_query_has_no_more_tokens_than_any_limit_allows() -> None:
    assert min(LIMITS.depth, LIMITS.patterns, LIMITS.operators) >= SHORT_TOKENS
    assert plain("SELECT * { SELECT * {} }", Limits(subqueries=2)) is not None
    assert plain("SELECT * { SELECT * {} }", Limits(subqueries=1)) is None


def test_stored_questions_are_plain() -> None:
    texts = {path: path.read_text(encoding="utf-8").rpartition("\n# ")[2] for path in QUERIES.glob("[ce]*/*.rq")}
    assert len(texts) > 50
    assert [path for path, text in texts.items() if not agrees(text.partition("\n")[2])] == []
