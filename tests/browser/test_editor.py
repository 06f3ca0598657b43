"""The editor for SPARQL in a real browser: ask, see, change, share, stop; by keyboard, on a phone, without scripts."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from kg.formats import formats_for
from tests.browser.conftest import PHONE, Open, Watch
from tests.serving import Server, eventually

EMG = "https://w3id.org/unemg/ontology#"
ID = "https://w3id.org/unemg/id/"
FIVE = f"""PREFIX emg: <{EMG}>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT ?thing ?name WHERE {{
  ?thing a emg:Agency ; rdfs:label ?name
}}
ORDER BY ?name
LIMIT 5"""
TALLY = """PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
SELECT ?kind ?year ?number ?on ?until WHERE {
  VALUES (?kind ?year ?number ?on ?until) {
    ("one" "2021" 3 "2021-05-18"^^xsd:date "2021-05-20"^^xsd:date)
    ("one" "2022" 4 "2022"^^xsd:gYear UNDEF)
    ("two" "2022" 5 "2022-06"^^xsd:gYearMonth UNDEF)
    ("two" "2022" 6 "2022-06-07"^^xsd:date UNDEF)
    ("two" "2022" 0 UNDEF UNDEF)
  }
}"""
# Joins everything with everything three times, and never comes to an end.
ENDLESS = "SELECT (COUNT(*) AS ?many) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . FILTER (?c != ?f && ?f != ?i) }"
VIEWS = ("Table", "Timeline", "Graph", "Bars", "Pivot")


def editor_path(query: str, view: str = "", **parameters: str) -> str:
    return f"/query?{urlencode({'query': query, **parameters})}" + (f"#view={view}" if view else "")


def status(page: Page) -> Locator:
    return page.locator(".editor-answer [role=status]")


def code(page: Page) -> Locator:
    return page.locator(".cm-content")


def rewrite(page: Page, query: str) -> None:
    """Put another query in as somebody would: select all, and type over it."""
    code(page).click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(query)


def accept(page: Page, name: str) -> None:
    """Take the first completion, which is that name."""
    expect(page.locator(".cm-tooltip-autocomplete [aria-selected=true]")).to_contain_text(name)
    page.wait_for_timeout(200)  # the editor takes a key that comes at once for one that was meant for the text
    page.keyboard.press("Enter")


def query_in_address(page: Page) -> str:
    return parse_qs(urlsplit(page.url).query)["query"][0]


def test_shared_link_runs_and_names_things(page: Page) -> None:
    page.goto(editor_path(FIVE))
    expect(status(page)).to_contain_text("5 rows · ")
    rows = page.locator(".view tbody tr")
    expect(rows).to_have_count(5)
    name = rows.nth(0).locator("td").nth(1).inner_text().splitlines()[0]
    link = rows.nth(0).locator("td").nth(0).locator("a")
    expect(link).to_have_text(name)
    href = link.get_attribute("href") or ""
    assert href.startswith("/id/agency/")


def test_example_is_opened_changed_and_shared(page: Page, open_page: Open) -> None:
    page.goto("/query")
    page.get_by_text("Examples", exact=True).click()
    page.get_by_label("Only examples with these words").fill("nexus dialogues")
    page.locator("[data-example]:visible").first.click()
    expect(status(page)).to_contain_text("row")
    before = query_in_address(page)
    code(page).press("Control+End")
    page.keyboard.type("\nLIMIT 1")
    page.keyboard.press("Control+Enter")
    expect(status(page)).to_contain_text("1 row ·")
    assert query_in_address(page) == f"{before}\nLIMIT 1"

    other = open_page()
    other.goto(page.url)
    expect(status(other)).to_contain_text("1 row ·")
    page.go_back()
    expect(code(page)).not_to_contain_text("LIMIT 1")


def test_example_opens_in_the_view_that_its_header_names(page: Page) -> None:
    page.goto("/query")
    page.get_by_text("Examples", exact=True).click()
    page.locator("[data-example='explore/timeline']").click()
    expect(page.get_by_role("button", name="Timeline")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("Name")).to_have_value("thing")
    expect(page.locator(".timeline .day").first).to_be_visible()


def test_error_is_shown_at_its_line_and_column(page: Page, watch: Watch) -> None:
    watch.expected.add(400)
    page.goto(editor_path("SELECT * WHERE {\n  ?s ?p ?o .\n  ?s ?p ] .\n}"))
    expect(page.locator(".problem")).to_contain_text("The query has a syntax error")
    expect(page.locator(".problem button")).to_have_text("Line 3, column 9")
    expect(page.locator(".cm-lintRange-error")).to_have_text("]")
    expect(page.locator(".cm-activeLineGutter")).to_have_text("3")
    expect(code(page)).to_be_focused()


def test_stop_button_stops_the_worker(page: Page, site: Server) -> None:
    page.goto(editor_path(ENDLESS))
    stop = page.get_by_role("button", name="Stop")
    expect(stop).to_be_visible()
    assert eventually(site.busy, seconds=10)
    stop.click()
    expect(status(page)).to_contain_text("Stopped after")
    expect(stop).to_be_hidden()
    assert eventually(lambda: not site.busy(), seconds=10)


def test_time_limit_is_sent_and_told(page: Page, watch: Watch) -> None:
    watch.expected.add(503)
    page.goto(editor_path(ENDLESS, timeout="5"))
    expect(page.locator(".problem")).to_contain_text("The query was stopped")
    expect(page.get_by_label("Stop after")).to_have_value("5")


def test_earlier_state_can_be_asked(page: Page, watch: Watch) -> None:
    page.goto("/query")
    page.get_by_text("Time limit, and earlier states").click()
    page.get_by_label("As the graph was at revision").fill("1")
    page.get_by_role("button", name="Run").click()
    expect(status(page)).to_contain_text("100 rows")
    assert parse_qs(urlsplit(page.url).query)["revision"] == ["1"]
    watch.expected.update((400, 404))
    page.get_by_label("As the graph was at revision").fill("999")
    page.get_by_role("button", name="Run").click()
    expect(page.locator(".problem")).to_contain_text("999")


def test_large_answer_is_cut_off_and_the_worker_freed(page: Page, site: Server) -> None:
    page.goto(editor_path("SELECT * WHERE { ?s ?p ?o }"))
    expect(status(page)).to_contain_text("The first 10,000 rows; there are more")
    expect(page.locator(".view tbody tr")).to_have_count(100)
    page.get_by_role("button", name="Show 100 more").click()
    expect(page.locator(".view tbody tr")).to_have_count(200)
    assert eventually(lambda: not site.busy(), seconds=10)


def test_table_is_sorted_by_numbers(page: Page) -> None:
    page.goto(editor_path("SELECT ?n WHERE { VALUES ?n { 10 9 100 } }"))
    page.get_by_role("button", name="n", exact=True).click()
    expect(page.locator(".view tbody td")).to_have_text(["9", "10", "100"])
    expect(page.locator("th[aria-sort=ascending]")).to_have_count(1)
    page.locator("th button").click()
    expect(page.locator(".view tbody td")).to_have_text(["100", "10", "9"])


def test_timeline_draws_days_as_dots_and_less_precise_dates_as_bars(page: Page) -> None:
    page.goto(editor_path(TALLY, "timeline"))
    dates = page.locator(".timeline td.date")
    expect(dates).to_have_text(["2021-05-18 \N{EN DASH} 2021-05-20", "2022", "2022-06", "2022-06-07"])
    expect(page.locator(".timeline .day")).to_have_count(1)
    expect(page.locator(".timeline .span")).to_have_count(3)
    expect(page.get_by_text("Rows without a date: 1")).to_be_visible()
    page.get_by_label("End").select_option("none")
    expect(page.locator(".timeline .day")).to_have_count(2)
    assert "end=-" in urlsplit(page.url).fragment


def test_bars_and_pivot_count_what_the_rows_say(page: Page) -> None:
    page.goto(editor_path(TALLY, "bars"))
    expect(page.locator(".bars td.number")).to_have_text(["11", "7"])
    widths = [float((bar.get_attribute("width") or "").rstrip("%")) for bar in page.locator("rect.bar").all()]
    assert widths == pytest.approx([100, 100 * 7 / 11], abs=0.01)
    page.get_by_label("Length").select_option("number of rows")
    expect(page.locator(".bars td.number")).to_have_text(["3", "2"])

    page.get_by_role("button", name="Pivot").click()
    page.get_by_label("Down").select_option("kind")
    page.get_by_label("Across").select_option("year")
    page.get_by_label("Show").select_option("sum")
    page.get_by_label("of", exact=True).select_option("number")
    expect(page.locator(".pivot tbody tr").nth(0)).to_have_text("one347")
    expect(page.locator(".pivot tbody tr").nth(1)).to_have_text("two1111")


def test_graph_shows_links_with_their_names(page: Page) -> None:
    page.goto(editor_path(f"DESCRIBE <{ID}workstream/img-biodiversity>", "graph"))
    points = page.locator("svg.network a.thing")
    expect(points.first).to_be_visible()
    names = points.locator("title").all_text_contents()
    assert any("Biodiversity" in name for name in names)
    page.get_by_text("The links as a table").click()
    rows = page.locator("details table tbody tr")
    assert rows.count() == page.locator("svg.network line.link").count() > 3
    width = page.locator("svg.network").get_attribute("viewBox")
    page.get_by_role("button", name="Zoom in").click()
    assert page.locator("svg.network").get_attribute("viewBox") != width


def test_every_format_can_be_downloaded(page: Page) -> None:
    for query, form in ((FIVE, "SELECT"), ("ASK { ?s ?p ?o }", "ASK"), (f"DESCRIBE <{EMG}Agency>", "CONSTRUCT")):
        page.goto(editor_path(query))
        links = page.locator(".downloads a")
        expect(links).to_have_text([row.label for row in formats_for(form) if row.name != "html"])
        for link in links.all():
            response = page.request.get(link.get_attribute("href") or "")
            assert response.ok
            assert response.body()


def test_completes_properties_classes_and_things_and_declares_prefixes(page: Page) -> None:
    page.goto("/query")
    rewrite(page, "SELECT * WHERE {\n  ?who a Agenc")
    page.keyboard.type("y")
    accept(page, "emg:Agency")
    expect(code(page)).to_contain_text(f"PREFIX emg: <{EMG}>")
    page.keyboard.type(" ; worksO")
    accept(page, "emg:worksOn")
    page.keyboard.type(" biodi")
    page.locator(".cm-completionLabel").get_by_text("Issue Management Group on Biodiversity", exact=True).click()
    expect(code(page)).to_contain_text("workstream:img-biodiversity")
    page.keyboard.type(" }")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Enter")
    expect(status(page)).to_contain_text("Nothing was found")
    assert query_in_address(page).startswith(f"PREFIX emg: <{EMG}>\nPREFIX workstream: <{ID}workstream/>\nSELECT")
    page.get_by_role("link", name="Why nothing was found").click()
    expect(page.locator(".empty")).to_be_visible()
    page.get_by_role("link", name="Open in the editor").click()
    expect(code(page)).to_contain_text("workstream:img-biodiversity")


def test_keyboard_is_never_caught(page: Page) -> None:
    page.goto("/query")
    code(page).focus()
    page.keyboard.press("Control+End")
    page.keyboard.type("\nOR")
    expect(page.locator(".cm-tooltip-autocomplete")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".cm-tooltip-autocomplete")).to_be_hidden()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Run")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(code(page)).to_be_focused()


def test_markup_in_answers_stays_text(page: Page) -> None:
    attack = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    page.goto(editor_path(f'SELECT ?x ?y WHERE {{ VALUES (?x ?y) {{ ("{attack}" <javascript:alert(3)>) }} }}'))
    for view in VIEWS:
        page.get_by_role("button", name=view, exact=True).click()
        expect(page.get_by_role("button", name=view, exact=True)).to_have_attribute("aria-pressed", "true")
        expect(page.locator(".view img, .view script, .view a[href^='javascript:']")).to_have_count(0)
    page.get_by_role("button", name="Table", exact=True).click()
    expect(page.locator(".view td .text")).to_have_text(attack)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fits_a_phone(open_page: Open, scheme: str) -> None:
    page = open_page(viewport=PHONE, color_scheme=scheme, has_touch=True)
    page.goto(editor_path(TALLY))
    for view in VIEWS:
        page.get_by_role("button", name=view, exact=True).tap()
        expect(page.locator(".view > div > *").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_plain_form_works_without_scripts(open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(editor_path(FIVE))
    assert page.get_by_label("SPARQL query").input_value() == FIVE
    page.get_by_role("button", name="Run").click()
    expect(page.locator("table tbody tr")).to_have_count(5)
    page.goto("/query")
    page.get_by_text("Examples", exact=True).click()
    page.locator("[data-example='explore/timeline']").click()
    assert "# title: Timeline" in page.get_by_label("SPARQL query").input_value()
