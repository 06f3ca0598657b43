"""When a name decides for a thing, and when it does not; on a small index about a lake."""

from __future__ import annotations

from typing import Any

import pytest

from kg.reconciliation import Asked, Schema, SchemaTerm, Spellings, suggest_terms
from kg.reconciliation.extension import cell_of
from kg.reconciliation.matching import Fit, fitting
from kg.reconciliation.names import read_written, says_the_same
from kg.reconciliation.queries import Given, Wanted
from kg.reconciliation.values import agreement
from kg.search import Document, Index, Name, named
from kg.store import Term

LAKE = "https://lake.example/"
OWL_CLASS = "http://www.w3.org/2002/07/owl#Class"
XSD = "http://www.w3.org/2001/XMLSchema#"
SPELLINGS = Spellings({("the",): (), ("and",): (), ("lake", "authority"): ("la",), ("program",): ("programme",)})
LONG = "x" * 64


def thing(iri: str, label: str, *others: str, kind: str = "Body", role: str = "alternative", **more: str) -> Document:
    names = [Name(label), *(Name(text, role=role) for text in others)]
    names += [Name(text, role=name) for name, text in more.items()]
    return Document(f"{LAKE}{iri}", (f"{LAKE}{kind}",), tuple(names), weight=1.0)


THINGS = (
    thing("fisheries", "Lake Authority Fisheries Programme", "LAFP"),
    thing("fisheries-north", "LAFP-North"),
    thing("office", "Office of the Treaty of the Lake", "TL"),
    thing("secretariat", "Reed Secretariat", "Secretariat", "Secretariat of the Marsh Ramble Treaty", acronym="MRT"),
    thing("group", "Reed Working Group", "Working Group II", kind="Group"),
    thing("survey", "Second Survey of Birds", "BIRDS2", "BIRDS", kind="Survey"),
    thing("plan", "Plan for a Clean Lake", "Clean Lake", "draft plan", kind="Plan"),
    thing("plan-law", "LK/PLAN/7", "LK/PLAN/8", kind="Plan", role="notation"),
    thing("twin-a", "Mirror", kind="Plan"),
    thing("twin-b", "mirror", kind="Survey"),
    thing("cut", f"{'Very long name ' * 19}it goes…", kind="Plan"),
    thing("wordy", f"{LONG}a", kind="Plan"),
    thing("numbered", "7", kind="Plan"),
    thing("sixteen", " ".join(f"word{n}" for n in range(16)), kind="Plan"),
    thing("chinese", "湖", kind="Plan"),
    thing("north", "Northern Shore", "Côte du Nord de la Baie Claire", kind="Plan"),
    thing("office-head", "Head of Secretariat", kind="Plan"),
    thing("office-north", "Head of the Northern Shore", kind="Plan"),
    thing("office-other", "Head of Office", kind="Plan"),
    Document(f"{LAKE}kind", (f"{LAKE}Kind",), (Name("Wetland Report"),), weight=0.0),
    Document(f"{LAKE}Body", (OWL_CLASS,), (Name("Reed Body"),)),
)
NAMES = {"Body": "body", "Group": "working group", "Survey": "survey", "Plan": "plan", "Thing": "thing"}


@pytest.fixture(scope="module")
def index() -> Index:
    made = Index()
    made.write(THINGS)
    return made


@pytest.fixture(scope="module")
def schema() -> Schema:
    types = {f"{LAKE}{kind}": SchemaTerm(f"{LAKE}{kind}", name, "", 1) for kind, name in NAMES.items()}
    return Schema(
        number=1,
        types=types,
        properties={},
        narrower={f"{LAKE}Thing": frozenset(types) - {f"{LAKE}Thing"}},
        general=(),
        ranges={},
        domains={},
        names={iri: term.name for iri, term in types.items()},
        spellings=SPELLINGS,
    )


def fits(index: Index, schema: Schema, text: str, **asked: Any) -> tuple[Fit, ...]:
    return fitting(index, schema, Asked(text, **asked))


def called(index: Index, schema: Schema, text: str, **asked: Any) -> dict[str, bool]:
    """What is called so, and whether that decides."""
    found = fits(index, schema, text, **asked)
    return {fit.document.iri.removeprefix(LAKE): fit.decides for fit in found if fit.exact}


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("Lake Authority Fisheries Programme", 100),
        ("lake authority: FISHERIES programme", 98),
        ("The Lake Authority Fisheries Program", 96),
        ("LA Fisheries Programme", 96),
        ("Lake Authority Fisheries Programme (LAFP)", 95),
        ("LAFP - Lake Authority Fisheries Programme", 95),
        ("Lake Authority Fisheries Programme, LAFP", 95),
    ],
)
def test_the_same_name_in_other_signs_decides(index: Index, schema: Schema, text: str, score: float) -> None:
    best = fits(index, schema, text)[0]
    assert (best.document.iri, best.score, best.decides) == (f"{LAKE}fisheries", score, True)


@pytest.mark.parametrize(
    "text",
    [
        "Lake Authority Fisheries Programme North",
        "Lake Authority Fisheries",
        "LAFP South",
        "Reed",
        "Treaty of the Lake",
        "Marsh Ramble Treaty",
        "Second Survey",
        "Reed Body",
    ],
)
def test_what_is_a_part_or_a_whole_of_it_is_not_called_so(index: Index, schema: Schema, text: str) -> None:
    assert called(index, schema, text) == {}


@pytest.mark.parametrize(
    ("text", "iri"),
    [
        ("Secretariat", "secretariat"),
        ("Clean Lake", "plan"),
        ("draft plan", "plan"),
        ("Working Group II", "group"),
        ("BIRDS", "survey"),
        ("TL", "office"),
        ("7", "numbered"),
        ("lafp", "fisheries"),
    ],
)
def test_a_name_that_says_too_little_is_offered_and_does_not_decide(
    index: Index, schema: Schema, text: str, iri: str
) -> None:
    assert called(index, schema, text) == {iri: False}
    assert fits(index, schema, text)[0].score == 85


@pytest.mark.parametrize(
    "text", ["LK/PLAN/7", "LK/PLAN/8", "lk plan 8", "湖", "Côte du Nord de la Baie Claire", "BIRDS2"]
)
def test_symbols_and_names_in_other_languages_decide(index: Index, schema: Schema, text: str) -> None:
    assert [*called(index, schema, text).values()] == [True]


def test_the_acronym_of_what_a_body_serves_needs_a_type(index: Index, schema: Schema) -> None:
    assert called(index, schema, "MRT") == {"secretariat": False}
    assert called(index, schema, "MRT", types=(f"{LAKE}Body",)) == {"secretariat": True}
    assert called(index, schema, "MRT", types=(f"{LAKE}Plan",)) == {}


def test_a_name_tells_as_little_as_what_it_hangs_on(index: Index, schema: Schema) -> None:
    assert called(index, schema, "Head of Secretariat") == {"office-head": False}
    assert called(index, schema, "head of the Northern Shore") == {"office-north": True}
    assert called(index, schema, "Head of Office") == {"office-other": True}


def test_the_name_of_a_kind_of_things_needs_a_type(index: Index, schema: Schema) -> None:
    assert called(index, schema, "Wetland Report") == {"kind": False}
    assert called(index, schema, "Wetland Report", types=(f"{LAKE}Kind",)) == {"kind": True}


def test_dots_in_an_acronym_make_no_difference(index: Index, schema: Schema) -> None:
    assert called(index, schema, "L.A.F.P.") == called(index, schema, "LAFP") == {"fisheries": True}
    assert called(index, schema, "L.A. Fisheries Programme") == {"fisheries": True}


def test_all_that_are_called_so_are_found(index: Index, schema: Schema) -> None:
    assert called(index, schema, "Mirror") == {"twin-a": True, "twin-b": True}
    assert called(index, schema, "MIRROR", types=(f"{LAKE}Survey",)) == {"twin-b": True}
    assert set(called(index, schema, "Mirror", types=(f"{LAKE}Thing",))) == {"twin-a", "twin-b"}


@pytest.mark.parametrize(
    "text",
    [
        "Very long name " * 19 + "it goes",
        "Very long name " * 19 + "it goes on",
        f"{LONG}b",
        " ".join(f"word{n}" for n in range(17)),
    ],
)
def test_what_is_the_same_only_as_far_as_it_is_kept_is_not_the_same(index: Index, schema: Schema, text: str) -> None:
    assert called(index, schema, text) == {}


def test_a_text_longer_than_any_name_is_not_looked_up(index: Index, schema: Schema) -> None:
    assert fits(index, schema, f"Northern Shore {'z' * 200}") != ()
    assert fits(index, schema, f"Northern Shore {'z' * 300}") == ()


def test_the_search_for_names_alone_would_take_a_longer_name_for_the_same(index: Index) -> None:
    longer = " ".join(f"word{n}" for n in range(17))
    assert [one.document.iri for one in named(index, longer)] == [f"{LAKE}sixteen"]


def test_a_mistyped_name_comes_first_and_does_not_decide(index: Index, schema: Schema) -> None:
    best = fits(index, schema, "Lake Authority Fishereis Programm")[0]
    assert best.document.iri == f"{LAKE}fisheries"
    assert 70 < best.score < 80
    assert not best.exact


def test_an_acronym_is_never_taken_for_one_like_it(index: Index, schema: Schema) -> None:
    assert not [fit for fit in fits(index, schema, "BIRDS3") if fit.exact]
    assert fits(index, schema, "LAFPS") == ()


def test_words_are_compared_as_the_spellings_say() -> None:
    written = read_written("The Lake  Authority and Program", SPELLINGS)
    assert written.compared == ("la", "programme")
    assert SPELLINGS.variants(written.words) == {
        "the lake authority and program",
        "la programme",
        "lake authority programme",
        "la program",
        "lake authority program",
    }
    short = "LA Programme"
    assert says_the_same(written, read_written(short, SPELLINGS)) == 96
    assert says_the_same(read_written(written.text, Spellings()), read_written(short, Spellings())) == 0


@pytest.mark.parametrize(
    ("given", "value", "agrees"),
    [
        (Given("2022"), Term("literal", "2022-05-18", datatype=f"{XSD}date"), 1),
        (Given("2022-05-18"), Term("literal", "2022-05", datatype=f"{XSD}gYearMonth"), 0.5),
        (Given("2022-06-18"), Term("literal", "2022-05", datatype=f"{XSD}gYearMonth"), 0),
        (Given("2022-05-18T00:00:00Z"), Term("literal", "2022-05-18", datatype=f"{XSD}date"), 1),
        (Given("2022-05-18T10:00:00Z"), Term("literal", "2022-05-18", datatype=f"{XSD}date"), 0.5),
        (Given("2022-05-19T00:00:00Z"), Term("literal", "2022-05-18", datatype=f"{XSD}date"), 0),
        (Given("7"), Term("literal", "7.0", datatype=f"{XSD}decimal"), 1),
        (Given("seven"), Term("literal", "7", datatype=f"{XSD}integer"), 0),
        (Given("CLEAN lake"), Term("literal", "clean lake"), 1),
        (Given("LAFP"), Term("iri", f"{LAKE}fisheries"), 1),
        (Given("LAFP", f"{LAKE}office"), Term("iri", f"{LAKE}fisheries"), 0),
        (Given("", f"{LAKE}office"), Term("iri", f"{LAKE}office"), 1),
        (Given("?"), Term("literal", "!"), 0),
    ],
)
def test_values_agree(index: Index, given: Given, value: Term, agrees: float) -> None:
    assert agreement(Wanted("x:y", (given,)), [value], index, SPELLINGS) == agrees


def test_where_nothing_is_known_nothing_is_contradicted(index: Index) -> None:
    assert agreement(Wanted("x:y", (Given("2022"),)), [], index, SPELLINGS) is None


@pytest.mark.parametrize(
    ("term", "cell"),
    [
        (Term("literal", "2022-05-18", datatype=f"{XSD}date"), {"date": "2022-05-18T00:00:00Z"}),
        (Term("literal", "2022-05", datatype=f"{XSD}gYearMonth"), {"str": "2022-05"}),
        (Term("literal", "2022-05-18T10:00:00Z", datatype=f"{XSD}dateTime"), {"date": "2022-05-18T10:00:00Z"}),
        (Term("literal", "24:00", datatype=f"{XSD}dateTime"), {"str": "24:00"}),
        (Term("literal", "7", datatype=f"{XSD}integer"), {"int": 7}),
        (Term("literal", "9" * 400, datatype=f"{XSD}integer"), {"str": "9" * 400}),
        (Term("literal", "1.5", datatype=f"{XSD}decimal"), {"float": 1.5}),
        (Term("literal", "INF", datatype=f"{XSD}double"), {"str": "INF"}),
        (Term("literal", "true", datatype=f"{XSD}boolean"), {"str": "true"}),
        (Term("literal", "Lac", language="fr"), {"str": "Lac"}),
        (Term("iri", "x:named"), {"id": "x:named", "name": "Named"}),
        (Term("iri", "x:page"), {"str": "x:page"}),
    ],
)
def test_no_cell_says_more_than_its_value(term: Term, cell: dict[str, Any]) -> None:
    assert cell_of(term, {"x:named": "Named"}) == cell


def test_types_are_suggested_by_the_beginnings_of_their_words(schema: Schema) -> None:
    def names(text: str) -> list[str]:
        return [term.name for term in suggest_terms(schema.types.values(), text)]

    assert names("gro") == ["working group"]
    assert names("work gr") == ["working group"]
    assert names(f"{LAKE}Plan") == ["plan"]
    assert names("") == ["body", "working group", "plan", "survey", "thing"]
    assert names("?") == names("lan") == []
