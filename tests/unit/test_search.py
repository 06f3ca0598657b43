"""Search: words are folded, names come first, mistakes are understood, and nothing that is written is syntax."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.errors import StoreError
from kg.search import ROLES, Document, Index, IndexFolder, Mark, Name, Search, named, search, suggest, words_of
from kg.search.documents import bounded, load_document
from kg.search.marking import Piece, Wanted, marked, snippet
from kg.search.words import differs_by, fold

BASE = "https://library.example/"
BOOK, PERSON, PLACE = f"{BASE}Book", f"{BASE}Person", f"{BASE}Place"


def document_of(
    iri: str,
    *,
    kinds: Sequence[str] = (),
    names: Sequence[Name] = (),
    descriptions: Sequence[str] = (),
    facets: Mapping[str, Sequence[str]] | None = None,
) -> Document:
    given = {name: tuple(values) for name, values in (facets or {}).items()}
    return bounded(Document(iri, tuple(kinds), tuple(names), tuple(descriptions), facets=given))


def thing(name: str, *names: str | Name, kind: str = BOOK, text: str = "", **facets: Sequence[str]) -> Document:
    return document_of(
        BASE + name,
        kinds=[kind],
        names=[one if isinstance(one, Name) else Name(one, "en") for one in names],
        descriptions=[text] if text else [],
        facets=facets,
    )


DOCUMENTS = (
    thing("emma", "Emma", text="A novel about youthful hubris and romantic misunderstandings.", year=["1815"]),
    thing("emma-guide", "A reader's guide to Emma", text="Emma explained.", year=["2004"]),
    thing("persuasion", "Persuasion", Name("The Elliots", "en", "former"), year=["1817"]),
    thing("sense", "Sense and Sensibility", Name("S&S", "en", "acronym"), Name("Raison et Sensibilité", "fr")),
    thing("the-who", "WHO", Name("World Health Organization", "en", "alternative"), kind=PLACE),
    thing("who-else", "Those who read", kind=PERSON),
    thing("itc", Name("International Trade Centre"), Name("ITC", "", "acronym"), kind=PLACE),
    thing("unitar", Name("UNITAR"), kind=PLACE, text="It trains; ITCs are something else."),
    thing(
        "climate", Name("Changement climatique", "fr"), Name("تغيُّر المناخ", "ar"), Name("气候变化", "zh"), kind=PLACE
    ),
    thing("kraków", Name("Kraków"), Name("Łódź Straße", "pl", "alternative"), kind=PLACE),
    thing("austen", "Jane Austen", kind=PERSON, text="She wrote Emma, Persuasion, and Sense and Sensibility."),
)


@pytest.fixture(scope="module")
def index() -> Index:
    made = Index()
    made.write(DOCUMENTS)
    return made


def found(index: Index, text: str, **filters: tuple[str, ...]) -> list[str]:
    return [hit.document.iri.removeprefix(BASE) for hit in search(index, Search(text, filters=filters)).hits]


def suggested(index: Index, text: str, *kinds: str) -> list[str]:
    return [one.document.iri.removeprefix(BASE) for one in suggest(index, text, kinds=kinds)]


# Words.


def test_words_are_folded_in_any_script() -> None:
    assert [fold(word) for word in ("Québec", "ÉTÉ", "Straße", "Łódź", "ﬁnal", "İzmir", "مُناخ", "Й")] == [
        *("quebec", "ete", "strasse", "lodz", "final", "izmir", "مناخ", "и")
    ]


def test_words_keep_their_places() -> None:
    text = "L'été « 1.5 °C », 气候 e\u0301te\u0301"
    assert [(word.folded, text[word.start : word.end]) for word in words_of(text)] == [
        ("l", "L"),
        ("ete", "été"),
        ("1", "1"),
        ("5", "5"),
        ("c", "C"),
        ("气", "气"),
        ("候", "候"),
        ("ete", "e\u0301te\u0301"),
    ]


@given(st.text())
def test_words_of_any_text_have_no_spaces(text: str) -> None:
    words = words_of(text)
    assert all(word.folded and not any(sign.isspace() for sign in word.folded) for word in words)
    assert all(before.end <= after.start for before, after in pairwise(words))


@given(st.text("abc", max_size=6), st.text("abc", max_size=6), st.integers(0, 2))
def test_words_differ_by_what_was_done_to_them(one: str, other: str, most: int) -> None:
    assert differs_by(one, other, most) == differs_by(other, one, most)
    assert differs_by(one, one + "x" * most, most)
    assert not differs_by(one, one + "x" * (most + 1), most)
    assert not differs_by(one, other, most) or differs_by(one, other, most + 1)


# Documents.


def test_names_come_in_the_order_of_their_roles_then_english_first() -> None:
    made = document_of(
        BASE,
        names=[
            Name("former", "en", "former"),
            Name("Bb", "fr"),
            Name("Aa", "en"),
            Name("other", "en", "of a role that nobody knows"),
            Name("AB", "", "acronym"),
        ],
    )
    assert [(name.text, name.role) for name in made.names] == [
        *(("Aa", "preferred"), ("Bb", "preferred"), ("AB", "acronym"), ("other", "alternative"), ("former", "former"))
    ]
    assert made.label == "Aa"
    assert document_of(BASE).label == BASE


def test_long_texts_and_many_names_are_cut() -> None:
    made = document_of(BASE, names=[Name("x" * 10_000), *(Name(f"n{number:04}") for number in range(5000))])
    assert len(made.names) < 100
    long = document_of(BASE, names=[Name("word " * 2000)], descriptions=["word " * 2000])
    assert len(long.label) <= 300
    assert long.label.endswith("word…")
    assert len(long.descriptions[0]) <= 2000


@given(st.lists(st.tuples(st.text(), st.sampled_from(ROLES))), st.lists(st.text()), st.lists(st.text()))
def test_a_document_is_the_same_after_it_was_written(
    names: list[tuple[str, str]], texts: list[str], values: list[str]
) -> None:
    made = document_of(BASE, names=[Name(text, "en", role) for text, role in names], descriptions=texts)
    made = replace(made, facets={"facet": tuple(values)})
    assert load_document(made.dumped()) == made


# Finding.


def test_the_thing_with_just_this_name_comes_first(index: Index) -> None:
    assert found(index, "Emma") == ["emma", "emma-guide", "austen"]
    assert found(index, "eMMa!")[0] == "emma"


def test_an_acronym_is_not_found_within_words(index: Index) -> None:
    assert found(index, "ITC")[0] == "itc"
    assert found(index, "ITC") == ["itc", "unitar"]  # the latter by its description, in the plural
    assert found(index, "itc", kind=(PERSON,)) == []
    assert found(index, "UNITAR") == ["unitar"]


def test_an_acronym_with_signs_in_it_is_found(index: Index) -> None:
    assert found(index, "s&s")[0] == "sense"


def test_an_acronym_in_capitals_is_no_word_that_says_little(index: Index) -> None:
    assert found(index, "WHO")[0] == "the-who"
    assert found(index, "WHO emma guide misunderstandings")[0] in {"emma", "emma-guide"}


def test_the_parts_of_a_number_stand_beside_each_other() -> None:
    index = Index()
    index.write(
        [
            thing("warming", "A rise of 1.5 °C"),
            thing("row", "Section 1, sentence 5"),
            thing("told", "Warming", text="By 1,5 degrees."),
            thing("dated", "Meeting of 1.5.2022"),
        ]
    )
    assert set(found(index, "1.5")) == {"warming", "told", "dated"}
    assert "row" in found(index, "1 5")
    assert found(index, "1.5.2022")[0] == "dated"
    assert suggested(index, "section 1.5") == ["row"]


def test_words_that_say_little_do_not_empty_a_search(index: Index) -> None:
    assert found(index, "what is the Persuasion about")[0] == "persuasion"
    assert set(found(index, "and")) == {"sense", "emma", "austen"}
    assert found(index, "the")[0] == "persuasion"


def test_capital_operators_are_words_that_need_not_be_there(index: Index) -> None:
    assert found(index, "Persuasion AND Elliots") == ["persuasion"]
    assert found(index, "NOT Persuasion")[0] == "persuasion"


def test_case_and_diacritics_do_not_count(index: Index) -> None:
    assert found(index, "KRAKOW") == found(index, "kraków") == ["kraków"]
    assert found(index, "lodz strasse") == ["kraków"]
    assert found(index, "raison et sensibilite") == ["sense"]


def test_other_scripts_are_found(index: Index) -> None:
    assert found(index, "تغير المناخ") == ["climate"]
    assert found(index, "气候") == ["climate"]
    assert found(index, "changement CLIMATIQUE") == ["climate"]


def test_a_former_name_is_found_after_a_present_one(index: Index) -> None:
    hit = search(index, Search("elliots")).hits[0]
    assert hit.document.iri == f"{BASE}persuasion"
    assert hit.also == (Piece("The "), Piece("Elliots", marked=True))
    assert not any(piece.marked for piece in hit.name)


def test_a_mistyped_word_is_understood_and_corrected(index: Index) -> None:
    answer = search(index, Search("Persuaison by austin"))
    assert answer.instead == "Persuasion by Austen"
    assert answer.hits[0].document.iri == f"{BASE}austen"
    assert search(index, Search("persausion")).hits[0].document.iri == f"{BASE}persuasion"


def test_a_short_word_is_never_taken_for_another(index: Index) -> None:
    answer = search(index, Search("ITX"))
    assert (answer.hits, answer.total, answer.instead) == ((), 0, "")


def test_a_word_that_is_there_is_never_taken_for_another(index: Index) -> None:
    assert search(index, Search("sense")).instead == ""
    assert "persuasion" not in found(index, "sense")


def test_plural_and_singular_find_each_other(index: Index) -> None:
    assert found(index, "novels") == ["emma"]
    assert found(index, "misunderstanding") == ["emma"]


def test_the_beginning_of_a_word_is_found(index: Index) -> None:
    assert found(index, "misunder") == ["emma"]


def test_what_has_some_of_the_words_is_found_where_nothing_has_all(index: Index) -> None:
    answer = search(index, Search("Persuasion Kraków"))
    assert answer.loose
    assert {hit.document.iri for hit in answer.hits} == {f"{BASE}persuasion", f"{BASE}kraków", f"{BASE}austen"}
    assert not search(index, Search("Persuasion")).loose


@pytest.mark.parametrize(
    "text", ['"', "*:*", "(", "🌍", "\0", "names:emma^", "//", "--", "\ud800", "+-&&||!(){}[]^~?:\\"]
)
def test_nothing_that_is_written_is_syntax(index: Index, text: str) -> None:
    answer = search(index, Search(text, facets=("kind",)))
    if not words_of(text):
        assert (answer.hits, answer.total, answer.counts) == ((), 0, {"kind": ()})
    suggest(index, text)
    named(index, text)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300), st.text(max_size=20))
def test_no_text_raises(index: Index, text: str, value: str) -> None:
    search(index, Search(text, filters={"kind": (value,)}, facets=("kind", "year", "nothing")))
    suggest(index, text, kinds=[value])
    named(index, text)


def test_syntax_that_finds_all_elsewhere_finds_nothing_here(index: Index) -> None:
    assert search(index, Search("*:*")).total == 0
    assert found(index, "names:emma OR iri:austen")  # its words, like any others


def test_a_blank_text_finds_all_things_by_name(index: Index) -> None:
    answer = search(index, Search("  ", limit=100))
    assert answer.total == len(DOCUMENTS)
    labels = [hit.document.label for hit in answer.hits]
    assert labels[:3] == ["A reader's guide to Emma", "Changement climatique", "Emma"]


def test_pages_follow_each_other(index: Index) -> None:
    whole = found(index, "")
    pages = [search(index, Search("", offset=offset, limit=4)) for offset in (0, 4, 8, 12)]
    assert [hit.document.iri.removeprefix(BASE) for page in pages for hit in page.hits] == whole
    assert {page.total for page in pages} == {len(DOCUMENTS)}


def test_a_thing_that_counts_more_goes_first_where_names_are_alike() -> None:
    index = Index()
    index.write([replace(thing("term", "Task"), weight=0.0), thing("task", "Task"), thing("a-task", "Task of tasks")])
    assert found(index, "task") == ["task", "term", "a-task"]
    assert suggested(index, "tas") == ["task", "a-task", "term"]


def test_remarks_are_shown_only_where_they_are_found() -> None:
    index = Index()
    index.write([replace(thing("emma", "Emma"), remarks=("Spelled Ema in one place.",))])
    assert search(index, Search("emma")).hits[0].snippet == ()
    assert search(index, Search("spelled")).hits[0].snippet[0] == Piece("Spelled", marked=True)


# Facets.


def test_facets_count_what_is_found() -> None:
    index = Index()
    index.write(DOCUMENTS)
    answer = search(index, Search("emma", facets=("kind", "year", "nobody-knows")))
    assert answer.counts == {
        "kind": ((BOOK, 2), (PERSON, 1)),
        "year": (("1815", 1), ("2004", 1)),
        "nobody-knows": (),
    }


def test_a_filter_narrows_all_counts_but_its_own(index: Index) -> None:
    answer = search(index, Search("emma", filters={"kind": (PERSON,)}, facets=("kind", "year")))
    assert [hit.document.iri for hit in answer.hits] == [f"{BASE}austen"]
    assert answer.counts == {"kind": ((BOOK, 2), (PERSON, 1)), "year": ()}
    both = search(index, Search("emma", filters={"kind": (PERSON, BOOK)}))
    assert both.total == 3


def test_a_value_with_any_signs_is_told_apart() -> None:
    index = Index()
    values = ("a.b", "a", "a\\.b", '"', "a b", "é", "2022", "true")
    index.write(thing(f"t{place}", "Thing", facet=[value]) for place, value in enumerate(values))
    for value in values:
        answer = search(index, Search("", filters={"facet": (value,)}, facets=("facet",)))
        assert [hit.document.facets["facet"] for hit in answer.hits] == [(value,)]
        assert len(answer.counts["facet"]) == len(values)


# Names while somebody types.


def test_names_are_completed(index: Index) -> None:
    assert suggested(index, "em") == ["emma", "emma-guide"]
    assert suggested(index, "sense and sens") == ["sense"]
    assert suggested(index, "guide em") == ["emma-guide"]
    assert suggested(index, "it")[0] == "itc"
    assert suggested(index, "xyz") == []
    assert suggested(index, "") == []


def test_a_name_typed_wrongly_is_completed(index: Index) -> None:
    assert suggested(index, "persausi") == ["persuasion"]


def test_only_names_of_a_kind_are_completed(index: Index) -> None:
    assert suggested(index, "jan", PERSON) == ["austen"]
    assert suggested(index, "jan", BOOK) == []


def test_a_suggestion_tells_which_name_fits(index: Index) -> None:
    assert suggest(index, "s&s")[0].matched == Name("S&S", "en", "acronym")
    assert suggest(index, "raison")[0].matched.text == "Raison et Sensibilité"


def test_only_the_whole_name_counts_for_who_asks_by_name(index: Index) -> None:
    assert [one.document.iri for one in named(index, "EMMA")] == [f"{BASE}emma"]
    assert named(index, "Sense") == ()
    assert [one.matched.role for one in named(index, "the elliots")] == ["former"]
    assert named(index, "Emma", kinds=[PERSON]) == ()


# What is shown.


def test_what_was_asked_for_is_marked(index: Index) -> None:
    hit = search(index, Search("romantic hubris")).hits[0]
    assert [piece.text for piece in hit.snippet if piece.marked] == ["hubris", "romantic"]


def test_a_snippet_holds_the_part_with_most_of_the_words() -> None:
    text = "nothing " * 60 + "the red and the black " + "nothing " * 60
    pieces = snippet(text, [Wanted("red", "red"), Wanted("black", "black")], lambda word: word)
    assert [piece.text for piece in pieces if piece.marked] == ["red", "black"]
    assert pieces[0].text == "… "
    assert pieces[-1].text == " …"
    assert sum(len(piece.text) for piece in pieces) <= 230


@given(st.text(max_size=600), st.text(max_size=5))
def test_pieces_together_are_the_text(text: str, word: str) -> None:
    wanted = [Wanted(word.casefold(), word.casefold(), prefix=True)]
    assert "".join(piece.text for piece in marked(text, wanted, lambda one: one)) == text
    shown = "".join(piece.text for piece in snippet(text, wanted, lambda one: one))
    assert shown.removeprefix("… ").removesuffix(" …") in text


def test_a_very_long_name_is_found_and_cut() -> None:
    index = Index()
    index.write([thing("long", "endless " * 1250)])
    hit = search(index, Search("endless")).hits[0]
    assert sum(len(piece.text) for piece in hit.name) <= 300


# Writing.

_DOCUMENTS = st.builds(
    lambda iri, words, kind, year: thing(iri, *words, kind=kind, year=[year]),
    st.sampled_from("abcdef"),
    st.lists(st.sampled_from(["Emma", "emma x", "Sense", "X", "Persuasion"]), min_size=1, max_size=3),
    st.sampled_from([BOOK, PERSON]),
    st.sampled_from(["1815", "1817"]),
)
_GONE = st.sets(st.sampled_from("abcdef"), max_size=2)
_STEPS = st.lists(st.tuples(st.lists(_DOCUMENTS, max_size=3), _GONE), max_size=6)


@settings(max_examples=40, deadline=None)
@given(_STEPS)
def test_an_index_that_was_changed_is_one_made_anew(steps: list[tuple[list[Document], set[str]]]) -> None:
    changed, state = Index(), dict[str, Document]()
    for documents, gone in steps:
        state = {iri: document for iri, document in state.items() if iri not in {BASE + name for name in gone}}
        state |= {document.iri: document for document in documents}
        last = {document.iri: document for document in documents}
        changed.write(last.values(), gone=[BASE + name for name in gone])
    anew = Index()
    anew.write(state.values())
    assert {document.iri: document for document in changed.documents()} == state
    assert changed.count == anew.count == len(state)
    for text in ("", "emma", "emma x", "persuaison", "sense", "x"):
        answers = [search(index, Search(text, facets=("kind", "year"), limit=10)) for index in (changed, anew)]
        # How good a finding is may depend on words of documents that are gone; what is found does not.
        told = [(a.total, a.counts, a.loose, {hit.document.iri for hit in a.hits}) for a in answers]
        assert told[0] == told[1]


def test_who_searches_sees_all_of_a_change_or_nothing(index: Index) -> None:
    own = Index()
    own.write(DOCUMENTS[:2])

    def broken() -> Iterator[Document]:
        yield DOCUMENTS[2]
        raise KeyError("no more")

    with pytest.raises(KeyError):
        own.write(broken(), gone=[f"{BASE}emma"])
    assert own.count == 2
    own.write([DOCUMENTS[3]])
    assert {document.iri for document in own.documents()} == {DOCUMENTS[place].iri for place in (0, 1, 3)}


def test_an_index_in_a_folder_is_read_by_others(tmp_path: Path) -> None:
    folder = IndexFolder(tmp_path / "search")
    assert folder.mark() is None
    with folder.locked(patience_seconds=0):
        index, name = folder.begin(7)
        index.write(DOCUMENTS[:3])
        mark = Mark(7, 7, "digest", "rules", name)
        folder.put(mark)
    other = folder.open(mark)
    assert (folder.mark(), other.count, found(other, "emma")) == (mark, 3, ["emma", "emma-guide"])
    index.write([DOCUMENTS[10]], gone=[f"{BASE}emma"])
    assert other.count == 3
    other.reload()
    assert found(other, "emma") == ["emma-guide", "austen"]


def test_an_older_index_is_removed_when_a_new_one_is_there(tmp_path: Path) -> None:
    folder = IndexFolder(tmp_path)
    for number in (1, 1, 2):
        index, name = folder.begin(number)
        index.write(DOCUMENTS[:number])
        folder.put(Mark(number, number, "", "", name))
    assert [path.name for path in tmp_path.glob("index-*")] == ["index-000002"]


def _lock(folder: Path, locked: object, done: object) -> None:
    with IndexFolder(folder).locked(patience_seconds=0):
        locked.set()  # type: ignore[attr-defined]
        done.wait(30)  # type: ignore[attr-defined]


def test_only_one_process_writes(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    locked, done = context.Event(), context.Event()
    process = context.Process(target=_lock, args=(tmp_path, locked, done))
    process.start()
    try:
        assert locked.wait(30)
        with pytest.raises(StoreError, match="another process"), IndexFolder(tmp_path).locked(patience_seconds=0.1):
            pass
    finally:
        done.set()
        process.join()
    with IndexFolder(tmp_path).locked(patience_seconds=0):
        pass


def test_a_mark_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    (tmp_path / "mark.json").write_text('{"number": 1}', encoding="utf-8")
    assert IndexFolder(tmp_path).mark() is None
    (tmp_path / "mark.json").write_text("…", encoding="latin-1", errors="replace")
    assert IndexFolder(tmp_path).mark() is None


def test_what_is_no_index_is_told(tmp_path: Path) -> None:
    folder = IndexFolder(tmp_path)
    with pytest.raises(StoreError, match="is missing"):
        folder.open(Mark(1, 1, "", "", "index-1"))
    (tmp_path / "index-1").mkdir()
    (tmp_path / "index-1" / "meta.json").write_text("{}", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot be used"):
        folder.open(Mark(1, 1, "", "", "index-1"))
