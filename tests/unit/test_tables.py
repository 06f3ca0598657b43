"""Tables of a small library: what a class's table looks like, and what a filled one changes."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import date
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from pyoxigraph import RdfFormat, parse

from kg.errors import ContentError, TableErrors
from kg.namespaces import PREFIXES
from kg.sparql import string_term
from kg.store import Term, Workspace
from kg.tables import (
    CSV,
    XLSX,
    Changes,
    Model,
    State,
    filled,
    find_model,
    notes_of,
    offered,
    read_table,
    read_upload,
    table_models,
    template,
    write_table,
)
from kg.tables.subjects import slug
from kg.tables.terms import natural, split
from kg.validation import Shapes, load_shapes

BASE = "https://library.example/"
PREFIX = f"""
@prefix : <{BASE}> .
@prefix book: <{BASE}id/book/> .
@prefix genre: <{BASE}id/genre/> .
@prefix edtf: <http://id.loc.gov/datatypes/edtf/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
SHAPES = f"""{PREFIX}
:BookShape a sh:NodeShape ; sh:targetClass :Book ; sh:property :p-label , :p-author , :p-genre , :p-date , :p-pages ,
    :p-price , :p-lent , :p-note , :p-follows , :p-place .
:p-label a sh:PropertyShape ; sh:path rdfs:label ; sh:minCount 1 ; sh:datatype rdf:langString ; sh:uniqueLang true ;
    sh:severity sh:Violation ; sh:message "A book has a name." .
:p-author a sh:PropertyShape ; sh:path :by ; sh:minCount 1 ; sh:class :Person ;
    sh:severity sh:Violation ; sh:message "A book has an author." .
:p-genre a sh:PropertyShape ; sh:path :genre ; sh:maxCount 1 ;
    sh:node [ sh:property [ sh:path skos:inScheme ; sh:hasValue :genres ] ] ;
    sh:severity sh:Violation ; sh:message "A genre is one of the list." .
:p-date a sh:PropertyShape ; sh:path :date ; sh:maxCount 1 ;
    sh:or ( [ sh:datatype xsd:date ] [ sh:datatype xsd:gYearMonth ] [ sh:datatype xsd:gYear ]
            [ sh:datatype xsd:gMonthDay ] [ sh:datatype edtf:EDTF ] ) ;
    sh:severity sh:Violation ; sh:message "A date." .
:p-pages a sh:PropertyShape ; sh:path :pages ; sh:maxCount 1 ; sh:datatype xsd:integer ;
    sh:severity sh:Violation ; sh:message "A number." .
:p-price a sh:PropertyShape ; sh:path :price ; sh:datatype xsd:decimal ;
    sh:severity sh:Violation ; sh:message "A price." .
:p-lent a sh:PropertyShape ; sh:path :lent ; sh:maxCount 1 ; sh:datatype xsd:boolean ;
    sh:severity sh:Violation ; sh:message "True or false." .
:p-note a sh:PropertyShape ; sh:path :note ; sh:datatype rdf:langString ;
    sh:severity sh:Violation ; sh:message "A note has a language." .
:p-follows a sh:PropertyShape ; sh:path :follows ; sh:class :Book ;
    sh:severity sh:Violation ; sh:message "A book follows a book." .
:p-place a sh:PropertyShape ; sh:path :shelf ; sh:maxCount 1 ; sh:severity sh:Violation ; sh:message "A shelf." .
:LoanShape a sh:NodeShape ; sh:targetClass :Loan ; sh:property :p-of ;
    sh:xone ( [ sh:property [ sh:path :lentOn ; sh:minCount 1 ] ]
              [ sh:property [ sh:path :backOn ; sh:minCount 1 ] ] ) ;
    sh:severity sh:Violation ; sh:message "Out or back." .
:p-of a sh:PropertyShape ; sh:path :loanOf ; sh:minCount 1 ; sh:class :Book ;
    sh:severity sh:Violation ; sh:message "Of a book." .
:p-inverse a sh:PropertyShape ; sh:path [ sh:inversePath :by ] ; sh:minCount 1 ;
    sh:severity sh:Violation ; sh:message "Somebody who wrote." .
:PersonShape a sh:NodeShape ; sh:targetClass :Person ; sh:property :p-label , :p-inverse .
"""
ONTOLOGY = f"""{PREFIX}
:Book a owl:Class ; rdfs:label "book"@en ; skos:definition "What can be lent."@en ; skos:example "book:emma" .
:Novel a owl:Class ; rdfs:subClassOf :Book .
:Loan a owl:Class ; rdfs:label "loan"@en .
:Person a owl:Class ; rdfs:label "person"@en .
:by a owl:ObjectProperty ; rdfs:label "written by"@en ; skos:example "book:emma :by :austen" .
:date rdfs:label "date"@en . :lentOn rdfs:range xsd:date . :backOn rdfs:range xsd:date .
:genres skos:prefLabel "Genres"@en .
genre:novel a skos:Concept ; skos:prefLabel "novel"@en ; skos:inScheme :genres .
genre:comedy a skos:Concept ; skos:prefLabel "comedy"@en ; skos:inScheme :genres .
:elsewhere a skos:Concept ; skos:prefLabel "drama"@en ; skos:inScheme :others .
:austen a :Person ; rdfs:label "Jane Austen"@en ; skos:altLabel "Austen"@en .
:smith1 a :Person ; rdfs:label "J. Smith"@en .
:smith2 a :Person ; rdfs:label "J. Smith"@en .
"""
BOOKS = f"""{PREFIX}
book:emma a :Novel ; rdfs:label "Emma"@en , "Emma (deutsch)"@de ; :by :austen ; :genre genre:novel ;
    :date "1815-12"^^xsd:gYearMonth ; :pages 474 ; :price 9.5 ; :lent false ; :other "kept" .
book:persuasion a :Book ; rdfs:label "Persuasion"@en ; :by :austen , :smith1 ; :follows book:emma ;
    :date "1817-21"^^edtf:EDTF .
"""
DERIVED = f"{PREFIX} book:emma :price 100.0 . book:ghost a :Book ."

Table = tuple[Model, State]


def world(*texts: str) -> State:
    workspace = Workspace()
    for number, text in enumerate([ONTOLOGY, *texts]):
        triples = "".join(f"{triple} .\n" for triple in parse(text, format=RdfFormat.TURTLE))
        workspace.add_ntriples(triples, f"{BASE}graph/{number}")
    derived = "".join(f"{triple} .\n" for triple in parse(DERIVED, format=RdfFormat.TURTLE))
    workspace.add_ntriples(derived, f"{BASE}graph/entailed/rule")
    own = {"": BASE, "book": f"{BASE}id/book/", "genre": f"{BASE}id/genre/"}
    prefixes = PREFIXES | {"edtf": "http://id.loc.gov/datatypes/edtf/"} | own
    return State(lambda text: workspace.query(text).rows(), BASE, prefixes, f"{BASE}graph/entailed")


@cache
def shapes() -> Shapes:
    return load_shapes([("shapes.ttl", SHAPES)])


def models(state: State) -> tuple[Model, ...]:
    return table_models(shapes(), state)


def table(name: str, *texts: str) -> Table:
    state = world(*texts)
    return find_model(models(state), name, prefixes=state.prefixes), state


@pytest.fixture(scope="module")
def books() -> Table:
    return table("Book", BOOKS)


def csv_of(*rows: str) -> bytes:
    return "\r\n".join(rows).encode()


def changed(changes: Changes) -> tuple[set[str], set[str]]:
    """What is added and removed, with short names."""

    def short(statement: tuple[str, str, str]) -> str:
        text = " ".join(statement)
        for prefix, iri in (("book:", f"{BASE}id/book/"), ("genre:", f"{BASE}id/genre/"), (":", BASE)):
            text = re.sub(rf"<{iri}([^>]*)>", rf"{prefix}\1", text)
        text = text.replace(f"<{PREFIXES['rdfs']}label>", "label").replace(f"<{PREFIXES['rdf']}type>", "a")
        return re.sub(rf"<{PREFIXES['xsd']}(\w+)>", r"xsd:\1", text)

    return {short(each) for each in changes.added}, {short(each) for each in changes.removed}


def problems(table: Table, *rows: str) -> list[str]:
    with pytest.raises(TableErrors) as caught:
        read_table(csv_of(*rows), kind=CSV, model=table[0], state=table[1])
    return [str(problem) for problem in caught.value.problems]


def changes_of(table: Table, *rows: str) -> tuple[set[str], set[str]]:
    return changed(read_table(csv_of(*rows), kind=CSV, model=table[0], state=table[1]))


def test_a_column_is_made_for_each_property_of_the_shapes(books: Table) -> None:
    headers = [column.header for column in books[0].columns]
    assert headers[0] == "label@en"
    assert set(headers) == {
        "label@en", "written by", "genre", "date", "pages", "price", "lent", "note@en", "follows", "shelf",
    }  # fmt: skip
    by = next(column for column in books[0].columns if column.header == "written by")
    assert (by.required, by.most, by.things, by.example) == (True, None, True, ":austen")
    assert books[0].namespace == f"{BASE}id/book/"


def test_properties_among_alternatives_have_columns_and_other_paths_have_none() -> None:
    loan, state = table("loan", BOOKS)
    assert [(column.header, column.required) for column in loan.columns] == [
        ("loan of", True),
        ("lent on", False),
        ("back on", False),
    ]
    person = find_model(models(state), f"{BASE}Person", prefixes=state.prefixes)
    assert [column.header for column in person.columns] == ["label@en"]
    assert person.namespace == BASE


def test_a_new_thing_stands_where_the_first_of_its_class_does_and_else_below_its_name() -> None:
    further = f"{PREFIX} <{BASE}id/loan/2> a :Loan . <{BASE}id/lent/1> a :Loan ."
    assert table("loan", BOOKS, further)[0].namespace == f"{BASE}id/lent/"
    assert table("loan", BOOKS)[0].namespace == f"{BASE}id/loan/"


def test_an_unknown_class_is_refused_with_those_that_there_are(books: Table) -> None:
    with pytest.raises(ContentError, match="no class 'Bok' has a table") as caught:
        find_model(models(books[1]), "Bok", prefixes={})
    assert caught.value.remedy == "did you mean Book? There are: Book, Loan, Person"


def test_a_filled_table_has_a_row_for_each_thing_and_a_column_for_each_language(books: Table) -> None:
    data = template(*books, kind=CSV, with_data=True)
    assert data.startswith(b"\xef\xbb\xbfid,label@en,label@de,")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert [(row["id"], row["label@de"]) for row in rows] == [("emma", "Emma (deutsch)"), ("persuasion", "")]
    assert [row["written by"] for row in rows] == ["Jane Austen", ":smith1 | Jane Austen"]
    assert [row["price"] for row in rows] == ["9.5", ""]
    assert [(row["date"], row["lent"]) for row in rows] == [("1815-12", "false"), ("1817-21", "")]


@pytest.mark.parametrize("kind", [CSV, XLSX])
def test_a_table_that_is_read_back_unchanged_changes_nothing(books: Table, kind: str) -> None:
    first, second = (template(*books, kind=kind, with_data=True) for _ in range(2))
    assert first == second
    changes = read_table(first, kind=kind, model=books[0], state=books[1])
    assert (changes.added, changes.removed) == ((), ())
    assert changes.place_of(f"{BASE}id/book/emma", f"{BASE}by", f"{BASE}austen") == "row 2, column D (written by)"
    assert changes.place_of(f"{BASE}id/book/emma", f"{BASE}note") == "row 2, column I (note@en)"
    assert changes.place_of(f"{BASE}id/book/emma", f"{BASE}other") == "row 2"
    assert changes.place_of(f"{BASE}id/book/other") == ""


def test_only_columns_of_the_file_and_only_their_language_are_replaced(books: Table) -> None:
    assert changes_of(books, "id,label@en,written by", "emma,Emma!,Austen") == (
        {'book:emma label "Emma!"@en'},
        {'book:emma label "Emma"@en'},
    )


def test_an_empty_cell_means_no_value(books: Table) -> None:
    assert changes_of(books, "id,price,lent,label@de", "emma,,no,", "persuasion,,,") == (
        set(),
        {'book:emma :price "9.5"^^xsd:decimal', 'book:emma label "Emma (deutsch)"@de'},
    )


def test_a_row_without_an_id_adds_a_thing_that_other_rows_can_name(books: Table) -> None:
    rows = (
        "label@en;written by;genre;date;pages;price;lent;follows;label@fr",
        "Mansfield Park: a novel;:austen;comedy;1814;480;7.50;YES;Sanditon;Le Parc",
        "Sanditon;<https://library.example/smith2>;genre:novel;--03-05;;;;persuasion | Emma;",
    )
    wanted = {
        "book:mansfield-park-a-novel a :Book",
        'book:mansfield-park-a-novel label "Mansfield Park: a novel"@en',
        'book:mansfield-park-a-novel label "Le Parc"@fr',
        "book:mansfield-park-a-novel :by :austen",
        "book:mansfield-park-a-novel :genre genre:comedy",
        'book:mansfield-park-a-novel :date "1814"^^xsd:gYear',
        'book:mansfield-park-a-novel :pages "480"^^xsd:integer',
        'book:mansfield-park-a-novel :price "7.5"^^xsd:decimal',
        'book:mansfield-park-a-novel :lent "true"^^xsd:boolean',
        "book:mansfield-park-a-novel :follows book:sanditon",
        "book:sanditon a :Book",
        'book:sanditon label "Sanditon"@en',
        "book:sanditon :by :smith2",
        "book:sanditon :genre genre:novel",
        'book:sanditon :date "--03-05"^^xsd:gMonthDay',
        "book:sanditon :follows book:emma",
        "book:sanditon :follows book:persuasion",
    }
    found = problems(books, *rows)
    assert found == [
        "row 3, column H (follows): there is no Book 'persuasion'; did you mean Persuasion or book:persuasion?"
    ]
    rows = (rows[0].replace("written by", "WRITTEN  BY *"), rows[1], rows[2].replace(";persuasion", ";Persuasion"))
    assert changes_of(books, *rows) == (wanted, set())


def test_a_new_thing_without_a_name_is_named_by_what_it_must_have() -> None:
    loans = table("Loan", BOOKS)
    assert changes_of(loans, "loan of,lent on", "Emma,2024-05-01") == (
        {
            ":id/loan/emma--2024-05-01 a :Loan",
            ":id/loan/emma--2024-05-01 :loanOf book:emma",
            ':id/loan/emma--2024-05-01 :lentOn "2024-05-01"^^xsd:date',
        },
        set(),
    )
    assert problems(loans, "lent on", ",", "2024-05-01", "2024-05-01") == [
        "row 4: :id/loan/2024-05-01, which this row would be, is in row 3 already; "
        "give its id to change it, or another id to add a thing"
    ]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (("id,lable@en", "emma,x"), "(lable@en): the table has no column 'lable@en'; did you mean 'label@en'?"),
        (("id,label@english", "emma,x"), "'label@english'; did you mean 'label@en'?"),
        (("id,label@en,label@en", "emma,x,y"), "row 1, column C (label@en): this column is there twice"),
        (("id,,label@en", "emma,x,y"), "row 1, column B: a column without a name; name it, or remove it"),
        (("id,pages", "emma,5,6"), "row 2, column C: a value in a column without a name; name the column"),
        (("id", "emma"), "row 1: no column of the table; name columns: label@en"),
        (("id,pages", "emma,many"), "row 2, column B (pages): 'many' is no integer; write it like 12"),
        (("id,pages", "emma,1.5"), "row 2, column B (pages): '1.5' is no integer"),
        (("id,date", "emma,2022-02-30"), "row 2, column B (date): '2022-02-30' is no date or gYearMonth or gYear"),
        (("id,date", "emma,2022-13"), "row 2, column B (date): '2022-13' is no date"),
        (("id,date", "emma,18/05/2022"), "row 2, column B (date): '18/05/2022' is no date"),
        (("id,lent", "emma,maybe"), "row 2, column B (lent): 'maybe' is no boolean; write it like true"),
        (("id,genre", "emma,drama"), "'drama' is no thing in :genres, but :elsewhere; write a name"),
        (("id,genre", "emma,comdy"), "there is no thing in :genres 'comdy'; did you mean comedy"),
        (("id,written by", "emma,J. Smith"), "'J. Smith' names 2 things; write which one: :smith1, :smith2"),
        (("id,written by", "emma,:nobody"), "there is no Person ':nobody'"),
        (("id,written by", "emma,<no iri>"), "there is no Person '<no iri>'"),
        (("id,label@en", 'emma,"""a\\q"""'), "\\q is no escape"),
        (("id,shelf", 'emma,"""a""^^nix:b"'), "the datatype nix:b has an unknown prefix"),
        (("id,label@en", "boook:emma,x"), "the prefix boook: is not known; did you mean book:emma?"),
        (("id,label@en", "em ma,x"), "row 2, column A (id): 'em ma' is no id"),
        (("id,label@en", ":austen,x"), "row 2, column A (id): :austen is :Person, not Book"),
        (("id,label@en", ",Emma"), "row 2, column A (id): book:emma, which this row would be, is in the graph already"),
        (("label@en", "New", "New"), "row 3: book:new, which this row would be, is in row 2 already"),
        (("id,label@en", "emma,A", "book:emma,B"), "(id): row 2 is about the same thing and differs in label@en"),
        (("id,pages", ",5"), "row 2, column A (id): neither an id nor anything to make one of"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_cell_and_a_remedy(books: Table, rows: tuple[str, ...], told: str) -> None:
    found = problems(books, *rows)
    assert len(found) == 1
    assert told in found[0]


def test_all_mistakes_are_told_up_to_a_bound(books: Table) -> None:
    assert len(problems(books, "id,pages,date,lable", "emma,a,b,c", "persuasion,d,e,f")) == 5
    with pytest.raises(TableErrors) as caught:
        read_table(csv_of("id,pages", *(f"b{n},x" for n in range(300))), kind=CSV, model=books[0], state=books[1])
    assert len(caught.value.problems) == 100
    assert caught.value.more
    assert str(caught.value).endswith("and more, which are not listed")


def test_more_names_than_can_be_looked_up_are_refused(books: Table) -> None:
    names = (f"n{number}, {' | '.join(f'x{number}-{at}' for at in range(11))}" for number in range(9_500))
    (found,) = problems(books, "id,written by", *names)
    assert "more than 100,000 different names of things" in found


def test_the_same_row_twice_counts_once(books: Table) -> None:
    assert changes_of(books, "id,price", "emma,9.50", "book:emma,9.5") == (set(), set())


def test_a_text_that_moves_to_the_column_of_its_language_stays(books: Table) -> None:
    assert changes_of(books, "id,label@en,label@de", 'emma,"Emma | ""Emma (deutsch)""@de",') == (set(), set())


def test_a_new_id_adds_a_thing_and_an_iri_of_elsewhere_passes(books: Table) -> None:
    assert changes_of(books, "id,label@en,written by", "lady-susan,Lady Susan,https://viaf.example/1") == (
        {
            "book:lady-susan a :Book",
            'book:lady-susan label "Lady Susan"@en',
            "book:lady-susan :by <https://viaf.example/1>",
        },
        set(),
    )


def test_equal_numbers_are_the_same_value_however_they_are_written(books: Table) -> None:
    assert changes_of(books, "id,price,pages,lent", "emma,+9.500,00474,FALSE") == (set(), set())


AWKWARD = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=30),
    st.sampled_from(
        ["=1+1", "+1", "-1", "@x", "=cmd|' /C calc'!A0", " a ", "a | b", "|", '"', '"a"', "\\", "a\r\nb", "\tx", "'x",
         "_x000D_", "<a:b>", ":austen", "true", "1,5", "a;b", "\ufeffx", "\x00", "\x85", "2022-05", "-2 | =1"]
    ),
)  # fmt: skip


@settings(deadline=None, max_examples=60, derandomize=True, database=None)
@given(texts=st.lists(AWKWARD, min_size=1, max_size=4, unique=True), kind=st.sampled_from([CSV, XLSX]))
def test_any_text_comes_back_as_it_was_and_no_cell_is_a_formula(texts: list[str], kind: str) -> None:
    state = world()
    triples = "".join(f"<{BASE}id/book/x> <{BASE}note> {string_term(text, language='en')} .\n" for text in texts)
    triples += "".join(f"<{BASE}id/book/x> <{BASE}shelf> {string_term(text)} .\n" for text in texts)
    books = table("Book", triples + f"<{BASE}id/book/x> a <{BASE}Book> .\n")
    state = books[1]
    model, rows = filled(books[0], state)
    for cell in (cell for row in rows for cell in row):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")) or re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", cell)
    data = write_table(model, rows, kind=kind)
    changes = read_table(data, kind=kind, model=books[0], state=state)
    assert (changes.added, changes.removed) == ((), ())
    emptied = write_table(model, [["x", *[""] * len(model.columns)]], kind=kind)
    removed = read_table(emptied, kind=kind, model=model, state=state).removed
    assert len(removed) == len({*texts}) * 2


@given(st.lists(st.text(), max_size=5))
def test_a_cell_is_split_at_lone_bars(values: list[str]) -> None:
    kept = [value for value in values if natural(value)]
    assert split(" | ".join(kept)) == kept


@given(st.text(min_size=1))
def test_the_name_of_a_new_thing_is_part_of_an_iri(text: str) -> None:
    assert re.fullmatch(r"([a-z0-9]+(-[a-z0-9]+)*)?", slug(text))
    assert slug(text) == slug(text)


def test_names_without_latin_letters_are_told_apart() -> None:
    assert slug("Отчёт 2022") != slug("Доклад 2022")
    assert slug("Žluťoučký kůň") == "zlutoucky-kun"


def test_a_workbook_offers_what_there_is_and_notes_what_is_needed(books: Table) -> None:
    model, state = books
    workbook = load_workbook(io.BytesIO(template(model, state, kind=XLSX)))
    assert [(sheet.title, sheet.sheet_state) for sheet in workbook] == [
        ("Book", "visible"), ("notes", "visible"), ("lists", "hidden"),
    ]  # fmt: skip
    sheet = workbook["Book"]
    assert sheet.freeze_panes == "B2"
    by = next(cell for cell in sheet[1] if cell.value == "written by")
    assert "Required; any number, separated by ` | `." in by.comment.text
    assert "A book has an author." in by.comment.text
    assert by.fill.fgColor.rgb != sheet["A1"].fill.fgColor.rgb
    lists = {
        str(validation.sqref).partition("2")[0]: validation.formula1
        for validation in sheet.data_validations.dataValidation
    }
    assert lists[by.column_letter] == f"lists!${by.column_letter}$2:${by.column_letter}$4"
    assert offered(model, state)["written by"] == (":smith1", ":smith2", "Jane Austen")
    assert offered(model, state)["genre"] == ("comedy", "novel")
    assert offered(model, state)["lent"] == ("true", "false")
    assert [cell.value for cell in workbook["lists"][by.column_letter]][1:] == [*offered(model, state)["written by"]]
    assert [row[0] for row in notes_of(model)][:3] == ["column", "id", "label@en"]


def test_the_class_of_a_table_is_told_by_a_word_its_sheet_or_its_file(books: Table) -> None:
    state = books[1]
    every = models(state)
    data = csv_of("id,price", "emma,1")
    workbook = write_table(books[0], [["emma", *[""] * len(books[0].columns)]], kind=XLSX)
    for changes in (
        read_upload(data, kind=CSV, models=every, state=state, class_name="book", file_name="loan.csv"),
        read_upload(data, kind=CSV, models=every, state=state, file_name="C:\\tables\\Book (2).csv"),
    ):
        assert len(changes.added) == len(changes.removed) == 1
    assert read_upload(workbook, kind=XLSX, models=every, state=state, file_name="loan.xlsx").removed
    with pytest.raises(ContentError, match="no class 'list' has a table"):
        read_upload(data, kind=CSV, models=every, state=state, file_name="list.csv")
    with pytest.raises(ContentError, match="no class is named"):
        read_upload(data, kind=CSV, models=every, state=state)


def test_cells_of_a_spreadsheet_with_their_own_types_are_values(books: Table) -> None:
    book = Workbook()
    book.active.append(["id", "date", "pages", "price", "lent", "shelf"])
    book.active.append(["persuasion", date(1917, 12, 20), 249.0, 7.25, True, 12])
    saved = io.BytesIO()
    book.save(saved)
    assert changed(read_table(saved.getvalue(), kind=XLSX, model=books[0], state=books[1])) == (
        {
            'book:persuasion :date "1917-12-20"^^xsd:date',
            'book:persuasion :pages "249"^^xsd:integer',
            'book:persuasion :price "7.25"^^xsd:decimal',
            'book:persuasion :lent "true"^^xsd:boolean',
            'book:persuasion :shelf "12"',
        },
        {'book:persuasion :date "1817-21"^^<http://id.loc.gov/datatypes/edtf/EDTF>'},
    )


XSD = PREFIXES["xsd"]
LITERALS = st.builds(
    string_term,
    st.one_of(AWKWARD, st.sampled_from(["2022-05-18", "1", "-5", "01", "1.50", "1E3", "--05", "2022-21", "NaN"])),
    datatype=st.sampled_from(["", *(XSD + name for name in ("date", "gYear", "integer", "decimal", "double", "boolean",
                                                            "dateTime", "token", "anyURI")), f"{BASE}own"]),
) | st.builds(string_term, AWKWARD, language=st.sampled_from(["en", "de", "zh-Hans"]))  # fmt: skip
PLAIN_PROPERTIES = ("date", "pages", "price", "lent", "note", "shelf", "by", "genre", "follows")


@settings(deadline=None, max_examples=60, derandomize=True, database=None)
@given(terms=st.lists(st.tuples(st.sampled_from(PLAIN_PROPERTIES), LITERALS), min_size=1, max_size=6))
def test_any_literal_in_any_column_comes_back_as_it_was(terms: list[tuple[str, str]]) -> None:
    triples = "".join(f"<{BASE}id/book/x> <{BASE}{named}> {term} .\n" for named, term in terms)
    model, state = table("Book", triples + f"<{BASE}id/book/x> a <{BASE}Book> .\n")
    for kind in (CSV, XLSX):
        changes = read_table(template(model, state, kind=kind, with_data=True), kind=kind, model=model, state=state)
        assert (changes.added, changes.removed) == ((), ())


NAMES = st.lists(
    st.tuples(
        st.sampled_from(["austen", "smith1", "n1", "n2", "n 3"]), AWKWARD | st.sampled_from(["Emma", ":n1", ":n2"])
    ),
    min_size=1,
    max_size=6,
)


@settings(deadline=None, max_examples=60, derandomize=True, database=None)
@given(names=NAMES)
def test_things_of_any_name_are_found_again(names: list[tuple[str, str]]) -> None:
    triples = f"<{BASE}id/book/x> a <{BASE}Book> .\n"
    for local, name in names:
        person = f"<{BASE}{local.replace(' ', '%20')}>"
        triples += f"{person} a <{BASE}Person> ; <{PREFIXES['rdfs']}label> {string_term(name, language='en')} .\n"
        triples += f"<{BASE}id/book/x> <{BASE}by> {person} .\n"
    model, state = table("Book", triples)
    for kind in (CSV, XLSX):
        changes = read_table(template(model, state, kind=kind, with_data=True), kind=kind, model=model, state=state)
        assert (changes.added, changes.removed) == ((), ())


def test_too_long_a_value_has_no_place_in_a_workbook(books: Table) -> None:
    row = ["x", "a" * 32_768, *[""] * (len(books[0].columns) - 1)]
    with pytest.raises(ContentError, match=r"row 2, column B \(label@en\): 32,768 characters"):
        write_table(books[0], [row], kind=XLSX)
    assert len(write_table(books[0], [row], kind=CSV)) > 32_768


def test_a_language_that_differs_only_in_capitals_is_the_same(books: Table) -> None:
    assert changes_of(books, "id,label@EN", "emma,Emma") == (set(), set())


def test_a_column_owns_only_the_values_of_its_language(books: Table) -> None:
    label = books[0].columns[0]
    assert label.owns(Term("literal", "a", "en"))
    assert not label.owns(Term("literal", "a", "de"))
    assert not replace(label, language="").owns(Term("blank", "b0"))
