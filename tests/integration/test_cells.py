"""Terms and rows of tables as HTML: each value escaped, each thing led to its page, each cell set by its size."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kg.answer import Cell
from kg.settings import Settings
from kg.web import create_app
from kg.web.cells import row_html, term_html, terms_html
from kg.web.links import stay_in

BASE = "https://w3id.org/unemg/"
THING = Cell("iri", f"{BASE}id/theme/water", "theme:water", "Water & <land>", link=True)
ELSEWHERE = Cell("iri", "https://a.example/?a=1&b", "<https://a.example/?a=1&b>", link=True)
THERE = "/about?iri=https%3A%2F%2Fa.example%2F%3Fa%3D1%26b"


@pytest.fixture(autouse=True)
def page(state: Path) -> Iterator[None]:
    app = create_app(Settings(state=state))
    with app.test_request_context():
        yield


def test_a_thing_leads_to_its_page_and_one_of_elsewhere_also_there() -> None:
    named = '<a href="/id/theme/water" dir="auto">Water &amp; &lt;land&gt;</a>'
    assert term_html(THING, brief=True) == named
    assert term_html(THING) == f'{named}<span class="iri">theme:water</span>'
    link = f'<a href="{THERE}" dir="auto">&lt;https://a.example/?a=1&amp;b&gt;</a>'
    assert terms_html([THING, ELSEWHERE]) == f"{named}; {link}"
    outside = '<a href="https://a.example/?a=1&amp;b" rel="external noreferrer">as a web address</a>'
    assert term_html(ELSEWHERE) == f'{link}<span class="iri">{outside}</span>'


def test_a_thing_leads_to_its_page_in_the_state_that_the_page_tells_of() -> None:
    stay_in({"revision": "2"})
    assert 'href="/id/theme/water?revision=2"' in term_html(THING)


def test_a_literal_tells_its_language_and_where_there_is_room_its_datatype() -> None:
    french = Cell("literal", "l'<eau>", language="fr")
    told = '<span class="text" dir="auto" lang="fr">l&#39;&lt;eau&gt;</span><span class="kind">fr</span>'
    assert term_html(french) == term_html(french, brief=True) == told
    assert "kind" not in term_html(Cell("literal", "water", language="en"))
    day = Cell("literal", "2024-05-01", "xsd:date")
    assert term_html(day, brief=True) == '<span class="text" dir="auto">2024-05-01</span>'
    assert term_html(day) == f'{term_html(day, brief=True)}<span class="kind">xsd:date</span>'
    assert term_html(Cell("blank", "_:<b>")) == "_:&lt;b&gt;"


def test_a_text_of_things_that_have_names_is_read_as_those_things_where_people_read() -> None:
    other = Cell("iri", f"{BASE}id/theme/air", "theme:air", "Air", link=True)
    listed = Cell("literal", f"{THING.value} {other.value}", things=(THING, other))
    assert term_html(listed, brief=True) == terms_html([THING, other])
    as_text = f'<span class="text" dir="auto">{listed.value}</span>'
    assert term_html(listed) == as_text
    assert row_html([listed]) == f'<td class="long">{as_text}</td>'
    assert term_html(Cell("literal", listed.value, things=(THING, ELSEWHERE)), brief=True) == as_text
    assert row_html([listed], brief=True) == f"<td>{terms_html([THING, other])}</td>"
    assert row_html([Cell("literal", listed.value, things=(THING,) * 5)], brief=True).startswith('<td class="long">')


def test_a_cell_is_set_by_what_it_holds_and_repeats_its_heading() -> None:
    number = Cell("literal", "7", "xsd:integer", numeric=True)
    row = [number, None, Cell("literal", "x" * 12), Cell("literal", "x" * 13), Cell("literal", "x" * 61)]
    kinds = [part.partition(">")[0] for part in row_html(row, brief=True).split("<td")[1:]]
    assert kinds == [' class="number"', "", ' class="short"', "", ' class="long"']
    named = Cell("iri", THING.value, label="x" * 61)
    assert 'class="long"' in row_html([named], brief=True)
    assert 'class="long"' not in row_html([named])
    headed = row_html([number, None], ['a "count"', "nothing"], brief=True)
    assert headed.startswith('<td data-label="a &#34;count&#34;" class="number">')
    assert headed.endswith("<td></td>")
