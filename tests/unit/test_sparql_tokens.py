"""The tokenizer: without loss, in linear time, and right about where keywords, strings and comments are."""

import os
import random
import re
from pathlib import Path

import pyoxigraph
import pytest

from kg.errors import QueryError
from kg.sparql import Limits, offset_of, position, significant, tokenize, vet, without_comments

W3C = Path(os.environ.get("KG_W3C_DIR") or Path(__file__).parents[3] / "shared" / "w3c")


@pytest.fixture(scope="module")
def w3c_texts() -> dict[str, str]:
    if not W3C.is_dir():
        pytest.skip(f"W3C test files are not at {W3C}: set KG_W3C_DIR to a checkout that holds rdf-tests/")
    paths = sorted([*W3C.rglob("*.rq"), *W3C.rglob("*.ru")])
    assert len(paths) > 1000, "the W3C suites hold more than 1,000 queries and updates"
    return {str(path.relative_to(W3C)): path.read_bytes().decode("utf-8") for path in paths}


def test_every_w3c_query_is_given_back_unchanged(w3c_texts: dict[str, str]) -> None:
    changed = [name for name, text in w3c_texts.items() if "".join(token.text for token in tokenize(text)) != text]
    assert changed == []


def test_service_is_found_in_exactly_the_w3c_federation_queries(w3c_texts: dict[str, str]) -> None:
    flagged = {name for name, text in w3c_texts.items() if any(token.keyword == "SERVICE" for token in tokenize(text))}
    # A second opinion that knows nothing of tokens: the federation files spell the keyword at the start of a pattern.
    spelled = {
        name for name, text in w3c_texts.items() if re.search(r"(?im)^[^#<\"']*\bservice\s+(silent\s+)?[<?]", text)
    }
    assert flagged == spelled
    assert len(flagged) == 10
    assert {name.split("/")[-2] for name in flagged} == {"service", "syntax-fed"}


def test_nothing_that_the_engine_accepts_is_refused_but_service(w3c_texts: dict[str, str]) -> None:
    """And a text that passes means the same to the engine with its comments blanked."""
    store = pyoxigraph.Store()
    queries = {name: text for name, text in w3c_texts.items() if name.endswith(".rq")}
    accepted = {name: text for name, text in queries.items() if _engine_accepts(store, text)}
    assert len(accepted) > 700
    refused = set()
    for name, text in accepted.items():
        try:
            assert _engine_accepts(store, vet(text, Limits()).text), name
        except QueryError:
            refused.add(name)
    # By the standard `?x<?a&&?b>?y` holds an IRI; the engine compares.
    against_the_standard = {name for name in refused if name.endswith("syntax-sparql3/syn-bad-26.rq")}
    assert len(against_the_standard) == 1
    assert {name.split("/")[-2] for name in refused - against_the_standard} == {"service", "syntax-fed"}


def _engine_accepts(store: pyoxigraph.Store, text: str) -> bool:
    try:
        store.query(text, base_iri="http://example/")
    except SyntaxError:
        return False
    except RuntimeError:  # well-formed, but with an unknown function or service
        return True
    return True


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("<http://a#b>", ["iri"]),
        ("?a<?b", ["var", "punct", "var"]),
        (
            "?a <b && ?c> ?d",
            ["var", "space", "punct", "word", "space", "punct", "space", "var", "punct", "space", "var"],
        ),
        (r"<http://a/\u0041#b>", ["iri"]),
        ("ex:a.b.", ["pname", "punct"]),
        (r"ex:a\'b", ["pname"]),
        ("ex:%41", ["pname"]),
        (":", ["pname"]),
        ("SERVICE:s", ["pname"]),
        ("_:b1.", ["bnode", "punct"]),
        ("$x", ["var"]),
        ("'a'@en-GB", ["string", "lang"]),
        ("'''a'b''c'''", ["string"]),
        ('"""a\n"b"""', ["string"]),
        (r"'it\'s'", ["string"]),
        ("1.5e3", ["number"]),
        ("1.", ["number", "punct"]),
        (".5", ["number"]),
        ("1+1", ["number", "punct", "number"]),
        ("# a ' \" <\n'b'", ["comment", "space", "string"]),
        ("<<( ?s ?p ?o )>>", ["punct", "space", "var", "space", "var", "space", "var", "space", "punct"]),
        ("{| |}", ["punct", "space", "punct"]),
        ("'open", ["bad"]),
        ("'two\nlines'", ["bad"]),
        (r"\u0053ERVICE", ["bad"]),
        ("\ufeffASK", ["bad"]),
    ],
)
def test_kinds_of_tokens(text: str, kinds: list[str]) -> None:
    assert [token.kind for token in tokenize(text)] == kinds


def test_what_stands_in_strings_iris_names_and_comments_is_no_keyword() -> None:
    text = "# SERVICE\nSELECT ?SERVICE { ?SERVICE <x:SERVICE> 'SERVICE'@service, ex:SERVICE, _:SERVICE, SERVICE:x }"
    assert [token.keyword for token in tokenize(text) if token.keyword] == ["SELECT"]


@pytest.mark.parametrize(
    "seed", ["a.", "'''\\", '"', "<a", "a" + "." * 300, "_:a.", ":a.", "%41:", "1.", "'''a''", "\\", "((", "?"]
)
def test_no_text_takes_more_than_a_few_steps_a_character(seed: str) -> None:
    """Ten times the text makes at most ten times the tokens, and reading it does not hang."""
    text = seed * (200_000 // len(seed))
    assert "".join(token.text for token in tokenize(text)) == text


def test_blanked_comments_leave_every_other_token_in_its_place() -> None:
    text = "ASK { # one {\n ?s ?p '#' } # two"
    blanked = without_comments(tokenize(text))
    assert "#" not in blanked.replace("'#'", "")
    assert [(token.text, token.start) for token in significant(tokenize(blanked))] == [
        (token.text, token.start) for token in significant(tokenize(text))
    ]


def test_positions_are_counted_from_one_and_invert() -> None:
    text = "ab\ncd\n"
    assert [position(text, offset) for offset in range(6)] == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)]
    assert all(offset_of(text, line, column=column) == at for at in range(6) for line, column in [position(text, at)])
    assert offset_of(text, 99, column=99) == len(text)


_PIECES = [
    "'",
    '"',
    "'''",
    '"""',
    "#",
    "\n",
    "\r",
    "\\",
    "<",
    ">",
    "<x:a>",
    "<x:b#c>",
    "?a",
    "?b<",
    "ex:",
    "ex:a",
    "\\'",
    "%41",
    "{",
    "}",
    "(",
    ")",
    "SERVICE <nowhere:x> {?s ?p ?o}",
    "SERVICE",
    " ",
    ".",
    "FILTER(",
    "||",
    "{|",
    "|}",
    "\\u0022",
    "\\u0053ERVICE",
    "@en",
    "^^",
    "1",
]


def test_no_way_was_found_to_hide_service_from_the_tokenizer() -> None:
    """Random texts: whatever the engine parses and then fails on its SERVICE, the guard had refused."""
    chosen = random.Random(20221118)
    store = pyoxigraph.Store()
    with pytest.raises(OSError, match="nowhere"):  # this is how a service that was reached looks
        list(store.query("SELECT * { SERVICE <nowhere:x> { ?s ?p ?o } }"))  # type: ignore[arg-type]
    reached = 0
    for _ in range(30_000):
        pieces = chosen.choices(_PIECES, k=chosen.randrange(1, 7))
        text = "PREFIX ex: <x:> SELECT * { " + "".join(pieces) + "\n}"
        try:
            vetted = vet(text, Limits())
        except QueryError:
            continue
        reached += 1
        try:
            solutions = store.query(vetted.text)
            list(solutions)  # type: ignore[arg-type]
        except (SyntaxError, RuntimeError):
            continue
        except OSError as error:
            pytest.fail(f"the engine called a service for {text!r}: {error}")
    assert reached > 1000
