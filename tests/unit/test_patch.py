"""RDF Patch: equal changes give equal bytes, any term comes back as it was, and what is not a patch is told by line."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, Store, Triple

from kg.errors import ContentError
from kg.store.patch import Changeset, changeset_of, is_unnamed, quads_of, read_patch, write_patch

XSD = "http://www.w3.org/2001/XMLSchema#"
S, P, G = NamedNode("x:s"), NamedNode("x:p"), NamedNode("x:g")

# Without the halves of surrogate pairs, which are no characters.
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
iris = st.sampled_from(["x:a", "https://é.example/ü?q=1#f", "urn:uuid:0686c69d-8f89-4496-acb5-744f0157a8db"]).map(
    NamedNode
)
datatypes = st.sampled_from(
    [*(XSD + name for name in ("integer", "decimal", "double", "boolean", "date", "dateTime", "gYearMonth")), "x:own"]
).map(NamedNode)
languages = st.sampled_from(["en", "en-GB", "zh-Hant-TW", "es-419"])
numerals = st.sampled_from(["01", "+1", "1.50", "-0.0", "1e3", "NaN", "INF", "true", "1", "2022-05-18Z", "", "x"])
literals = st.one_of(
    text.map(Literal),
    st.builds(lambda value, language: Literal(value, language=language), text, languages),
    st.builds(lambda value, datatype: Literal(value, datatype=datatype), st.one_of(text, numerals), datatypes),
)
triples = st.builds(Triple, iris, iris, st.one_of(iris, literals))
quads = st.builds(Quad, iris, iris, st.one_of(iris, literals, triples), st.one_of(iris, st.just(DefaultGraph())))


def stored(found: list[Quad]) -> set[Quad]:
    store = Store()
    store.extend(found)
    return {*store}


@settings(max_examples=300, deadline=None)
@given(st.lists(quads, max_size=8), st.lists(quads, max_size=8), text, st.randoms())
def test_any_change_comes_back_as_the_engine_stores_it_and_its_order_does_not_matter(
    added: list[Quad], removed: list[Quad], message: str, chance: random.Random
) -> None:
    removed = [quad for quad in removed if not stored([quad]) & stored(added)]
    changes = changeset_of(added, removed)
    header = {"message": Literal(message), "source": NamedNode("x:source")}
    patch = write_patch(header, changes)
    assert read_patch(patch) == (header, changes)
    assert {*quads_of(changes.added)} == stored(added)
    assert {*quads_of(changes.removed)} == stored(removed)
    assert patch.count(b"\n") == 4 + len(changes.added) + len(changes.removed)
    shuffled = [*added, *added]
    chance.shuffle(shuffled)
    assert write_patch(header, changeset_of(shuffled, removed)) == patch
    assert changes.inverse().inverse() == changes


@pytest.mark.parametrize(
    ("literal", "written"),
    [
        (Literal("a\r\nb"), '"a\\r\\nb"'),
        (Literal('"\\\t\x00\x0b\x7f'), '"\\"\\\\\\t\\u0000\\u000B\\u007F"'),
        (Literal("a\u2028b\u0085c\U0001f30d"), '"a\u2028b\u0085c\U0001f30d"'),
        (Literal("TC .\nA <x:s>"), '"TC .\\nA <x:s>"'),
        (Literal("\\u0041"), '"\\\\u0041"'),
        (Literal("colour", language="en-GB"), '"colour"@en-gb'),
        (Literal("007", datatype=NamedNode(f"{XSD}integer")), f'"7"^^<{XSD}integer>'),
        (Literal("x", datatype=NamedNode(f"{XSD}string")), '"x"'),
    ],
)
def test_writes_odd_literals_in_one_line_as_the_engine_keeps_them(literal: Literal, written: str) -> None:
    changes = changeset_of([Quad(S, P, literal, G)])
    assert changes.added == (f"<x:s> <x:p> {written} <x:g> .",)
    assert read_patch(write_patch({}, changes)) == ({}, changes)


def test_writes_headers_then_rows_in_code_point_order() -> None:
    changes = changeset_of(
        [Quad(S, P, Literal("é"), G), Quad(S, P, Literal("z"), G)], [Quad(S, P, Triple(S, P, Literal("a")), G)]
    )
    assert write_patch({"id": Literal("1"), "source": S}, changes).decode() == (
        'H id "1" .\nH source <x:s> .\nTX .\n'
        'A <x:s> <x:p> "z" <x:g> .\nA <x:s> <x:p> "é" <x:g> .\n'
        'D <x:s> <x:p> <<( <x:s> <x:p> "a" )>> <x:g> .\nTC .\n'
    )


def test_a_change_of_nothing_is_false_and_has_a_text() -> None:
    assert not changeset_of()
    assert write_patch({}, Changeset()) == b"TX .\nTC .\n"
    assert read_patch(b"TX .\nTC .\n") == ({}, Changeset())


@pytest.mark.parametrize(
    "quad",
    [
        Quad(BlankNode("b"), P, S, G),
        Quad(S, P, BlankNode("b"), G),
        Quad(S, P, S, BlankNode("b")),
        Quad(S, P, Triple(BlankNode("b"), P, S), G),
        Quad(S, P, Triple(S, P, Triple(S, P, BlankNode("b"))), G),
    ],
)
def test_refuses_blank_nodes(quad: Quad) -> None:
    for added, removed in (([quad], []), ([], [quad])):
        with pytest.raises(ContentError, match="not a statement about IRIs and literals"):
            changeset_of(added, removed)


def test_the_default_graph_has_no_name() -> None:
    changes = changeset_of([Quad(S, P, S)], [Quad(S, P, G)])
    assert changes == Changeset(added=("<x:s> <x:p> <x:s> .",), removed=("<x:s> <x:p> <x:g> .",))
    assert read_patch(write_patch({}, changes)) == ({}, changes)


def test_a_statement_of_the_default_graph_comes_before_the_same_of_a_named_one() -> None:
    changes = changeset_of([Quad(S, P, S, G), Quad(S, P, S)])
    assert write_patch({}, changes) == b"TX .\nA <x:s> <x:p> <x:s> .\nA <x:s> <x:p> <x:s> <x:g> .\nTC .\n"
    assert [is_unnamed(quad) for quad in quads_of(changes.added)] == [True, False]


@pytest.mark.parametrize("graph", [G, DefaultGraph()])
def test_refuses_what_is_both_added_and_removed_even_when_it_is_written_differently(
    graph: NamedNode | DefaultGraph,
) -> None:
    one, other = (Quad(S, P, Literal(text, datatype=NamedNode(f"{XSD}integer")), graph) for text in ("1", "01"))
    with pytest.raises(ContentError, match="both added and removed"):
        changeset_of([one], [other])


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("<x:s> <x:p> <x:o> <x:g> .\nTC .",), "not a statement"),
        (("<x:s> <x:p> <x:o> <x:g> .\rTC .",), "not a statement"),
        (("# nothing .",), "not a statement"),
        (("",), "not a statement"),
        (("<x:s> <x:p> <x:o> <x:g> . # .",), "as the engine writes it"),
        (("<x:s>  <x:p> <x:o> <x:g> .",), "as the engine writes it"),
        (('<x:s> <x:p> "\\u0041" <x:g> .',), "as the engine writes it"),
        (("<x:s> <x:p> <x:o> <x:g> .",) * 2, "in code point order, each once"),
        (("<x:z> <x:p> <x:o> <x:g> .", "<x:a> <x:p> <x:o> <x:g> ."), "in code point order, each once"),
    ],
)
def test_writes_only_statements_in_their_one_form(lines: tuple[str, ...], message: str) -> None:
    for changes in (Changeset(added=lines), Changeset(removed=lines)):
        with pytest.raises(ContentError, match=message):
            write_patch({}, changes)


@pytest.mark.parametrize(
    ("patch", "line", "message"),
    [
        ("", 0, "`TX .` is missing"),
        ('H id "1" .\n', 1, "`TX .` is missing"),
        ("TX .\n", 1, "`TC .` is missing"),
        ("TX .\nTC .", 2, "the last line does not end"),
        ("TX .\nTC .\nTX .\nTC .\n", 2, "not a row"),
        ("id 1 .\nTX .\nTC .\n", 1, "not a header"),
        ('H id "1" "2" .\nTX .\nTC .\n', 1, "not a header with one term"),
        ("H id <not an IRI> .\nTX .\nTC .\n", 1, "not a header with one term"),
        ("H id _:b .\nTX .\nTC .\n", 1, "an IRI or a literal"),
        ('H id "1" <x:g> .\nTX .\nTC .\n', 1, "an IRI or a literal"),
        ('H id "1" .\nH id "2" .\nTX .\nTC .\n', 2, "a second header id"),
        ("TX .\nA <x:s> <x:p> <x:o> <x:g>\nTC .\n", 2, "not a row"),
        ('TX .\nPA "x" <x:> .\nTC .\n', 2, "not a row"),
        ("TX .\nA <x:s> <x:p> <x:o> <x:g> .\nA <x:s> <x:p> <x:o> .\nTC .\n", 3, "in code point order"),
        ("TX .\nA <x:s> <x:p> <x:o> _:b .\nTC .\n", 2, "not a statement"),
        ('TX .\nA <x:s> <x:p> <x:o> "g" .\nTC .\n', 2, "not a statement"),
        ("TX .\nA <x:s> <x:p> .\nTC .\n", 2, "not a statement"),
        ("TX .\nA <x:s> <x:p> <x:o> <x:g> .\nD _:b <x:p> <x:o> <x:g> .\nTC .\n", 3, "not a statement"),
        ("TX .\nA <x:s> <x:p> <x:o> <x:g> .\nA <x:s> <x:p> oops <x:g> .\nTC .\n", 3, "not a statement"),
        ("TX .\nA <x:s> <x:p> <x:o> <x:g> .\nD <x:s> <x:p> <x:o> <x:g> .\nTC .\n", 3, "both added and removed"),
    ],
)
def test_says_in_which_line_a_text_is_not_a_patch(patch: str, line: int, message: str) -> None:
    with pytest.raises(ContentError, match=message) as caught:
        read_patch(patch.encode())
    assert (caught.value.line or 0) == line
    assert caught.value.remedy


def test_says_in_which_line_a_text_is_not_utf_8() -> None:
    with pytest.raises(ContentError, match="not UTF-8") as caught:
        read_patch(b'TX .\nA <x:s> <x:p> "\xff" <x:g> .\nTC .\n')
    assert caught.value.line == 2
