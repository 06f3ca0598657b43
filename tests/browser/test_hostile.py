"""What people may send to do harm, or just because names are long or read from the right: all of it stays text."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Open, Watch, WrittenSite
from tests.serving import Server
from tests.submitting import make_token, submit

ID = "https://w3id.org/unemg/id/"
MARKUP = '<script>harm()</script>"><img src=x onerror=harm()></title></script><svg onload=harm()>{{7*7}}'
LONG = "word " * 1999 + "words"
HEBREW = "שולחן עגול על הים"
LATIN_WITHIN = "דיאלוג Nexus (2022) על מים"
PASSAGE = f"<{ID}passage/som28-mpr.III.i.1.next-steps.3>"

ENTRIES = f"""\
@prefix emg: <https://w3id.org/unemg/ontology#> .
@prefix id: <{ID}> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

<{ID}agency/hostile> a emg:Agency ; rdfs:label '''Zagency {MARKUP}'''@en ; emg:statedIn {PASSAGE} ;
    emg:bodyKind <{ID}body-kind/agency> ; dcterms:source <javascript:harm()> .
<{ID}event/hostile> a emg:Event ; rdfs:label '''Zevent {MARKUP}'''@en ; skos:altLabel '''Zalias {MARKUP}'''@en ;
    dcterms:description '''{MARKUP}'''@en ; emg:eventKind <{ID}event-kind/dialogue> ; emg:statedIn {PASSAGE} ;
    emg:organizedBy <{ID}agency/hostile> , <{ID}workstream/nexus-dialogues> .
<{ID}date/hostile> a emg:DateAssertion ; emg:dateOf <{ID}event/hostile> ; emg:date "2022-01-15"^^xsd:date ;
    emg:verbatim "<script>harm()</script>"@en ; emg:dateKind <{ID}date-kind/occurrence> ; emg:statedIn {PASSAGE} .
<{ID}participation/hostile> a emg:Participation ; emg:participant <{ID}agency/hostile> ; emg:statedIn {PASSAGE} ;
    emg:participationIn <{ID}event/hostile> ; emg:participationRole <{ID}participation-role/collaborator> ;
    emg:modality <{ID}modality/current> .
<{ID}event/long> a emg:Event ; rdfs:label "Zlong {LONG}"@en ; emg:eventKind <{ID}event-kind/dialogue> ;
    emg:organizedBy <{ID}workstream/nexus-dialogues> ; emg:statedIn {PASSAGE} .
<{ID}event/unbroken> a emg:Event ; rdfs:label "Zunbroken{"x" * 10_000}"@en ;
    emg:eventKind <{ID}event-kind/dialogue> ; emg:organizedBy <{ID}workstream/nexus-dialogues> ;
    emg:statedIn {PASSAGE} .
<{ID}event/hebrew> a emg:Event ; rdfs:label "{HEBREW}"@en ; skos:altLabel "{LATIN_WITHIN}"@he ;
    emg:eventKind <{ID}event-kind/dialogue> ; emg:organizedBy <{ID}workstream/nexus-dialogues> ;
    emg:statedIn {PASSAGE} .
"""
ORGANIZED = "".join(
    f"""<{ID}statement/{number}> a emg:Statement ; emg:subject <{ID}event/{event}> ; emg:predicate emg:organizedBy ;
    emg:object <{ID}{who}> ; emg:certainty <{ID}certainty/stated> ; emg:statedIn {PASSAGE} .
"""
    for number, (event, who) in enumerate(
        (
            ("hostile", "agency/hostile"),
            *((event, "workstream/nexus-dialogues") for event in ("hostile", "long", "unbroken", "hebrew")),
        )
    )
)
_NAMES = (
    "SELECT ?thing ?name WHERE { ?thing <http://www.w3.org/2000/01/rdf-schema#label> ?name "
    "FILTER CONTAINS(?name, 'harm()') }"
)

PAGES_THAT_SHOW_THEM = (
    "/search?q=zevent",
    "/search?q=zagency&kind=ontology%23Agency",
    "/id/event/hostile",
    "/id/agency/hostile",
    "/id/date/hostile",
    "/id/workstream/nexus-dialogues",
    "/explore/timeline?from=2022-01-01&to=2022-01-31",
    "/explore/collaborations",
    "/explore",
    f"/questions/explore/events-of-workstream?{urlencode({'workstream': ID + 'workstream/nexus-dialogues'})}",
    f"/sparql?{urlencode({'query': _NAMES})}",
    "/history",
    "/history/2",
    f"/history?{urlencode({'about': ID + 'event/hostile'})}",
    f"/contribute/edit?{urlencode({'iri': ID + 'event/hostile'})}",
    f"/reconcile/preview?{urlencode({'id': ID + 'event/hostile'})}",
    "/",
)
ADDRESSES = (
    f"/search?{urlencode({'q': MARKUP})}",
    f"/search?{urlencode({'q': 'nexus', 'kind': MARKUP, 'year': MARKUP})}",
    f"/id/{quote(MARKUP, safe='')}",
    f"/about?{urlencode({'iri': 'javascript:harm()'})}",
    f"/about?{urlencode({'iri': MARKUP})}",
    f"/sparql?{urlencode({'query': MARKUP})}",
    f"/query?{urlencode({'query': MARKUP})}",
    f"/query?example={quote(MARKUP)}",
    f"/questions?{urlencode({'words': MARKUP})}",
    f"/questions/{quote(MARKUP, safe='')}",
    f"/questions/explore/events-of-workstream?{urlencode({'workstream': MARKUP})}",
    f"/questions/explore/events-of-workstream?{urlencode({'workstream': 'x' * 9000})}",
    f"/explore/timeline?{urlencode({'from': MARKUP})}",
    f"/explore/{quote(MARKUP, safe='')}",
    f"/history?{urlencode({'about': MARKUP})}",
    f"/blame?{urlencode({'statement': MARKUP})}",
    f"/contribute/new/{quote(MARKUP, safe='')}",
    f"/contribute/edit?{urlencode({'iri': MARKUP})}",
    f"/problems/{quote(MARKUP, safe='')}",
    f"/graph/{quote(MARKUP, safe='')}",
    f"/nothing/{quote(MARKUP, safe='')}",
)


@pytest.fixture(scope="module")
def site(written_site: WrittenSite) -> Server:
    """A server that has accepted it all."""
    message = urlencode({"message": f"Entries {MARKUP}"})
    reply = submit(written_site.server, make_token(written_site.state), ENTRIES + ORGANIZED, f"/submissions?{message}")
    assert reply.status in (200, 201), reply.text[:2000]
    return written_site.server


def foreign(page: Page) -> list[str]:
    """What the page holds that only markup of somebody else can have brought."""
    found: list[str] = page.evaluate("""() => [...document.querySelectorAll("*")].filter((one) =>
        ["IMG", "IFRAME"].includes(one.tagName)
        || (one.tagName === "SCRIPT" && !one.src && !/json/.test(one.type))
        || [...one.attributes].some(({name, value}) => /^on/i.test(name)
          || (/^(href|src|action|formaction|xlink:href)$/i.test(name) && /^\\s*(javascript|data):/i.test(value)))
      ).map((one) => one.outerHTML.slice(0, 200))""")
    return found


@pytest.mark.parametrize("path", PAGES_THAT_SHOW_THEM)
def test_markup_in_names_stays_text(bare_page: Page, path: str) -> None:
    bare_page.set_viewport_size(PHONE)
    bare_page.goto(path)
    expect(bare_page.locator("main h1")).to_be_visible()
    assert foreign(bare_page) == []
    assert bare_page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_foreign_markup_would_be_seen(bare_page: Page) -> None:
    bare_page.goto("/")
    brought = "<a href=' JavaScript:harm()'>x</a><p onclick=x>"
    bare_page.evaluate("brought => document.querySelector('main').insertAdjacentHTML('beforeend', brought)", brought)
    assert len(foreign(bare_page)) == 2


def test_names_are_shown_as_they_were_written(bare_page: Page) -> None:
    bare_page.goto("/id/event/hostile")
    expect(bare_page.get_by_role("heading", level=1)).to_have_text(f"Zevent {MARKUP}")
    expect(bare_page.locator(".description")).to_have_text(MARKUP)
    bare_page.goto("/search?q=zevent")
    expect(bare_page.locator(".findings-list h2").first).to_have_text(f"Zevent {MARKUP}")
    bare_page.goto("/explore/timeline?from=2022-01-01&to=2022-01-31")
    expect(bare_page.get_by_role("region", name="Rows of the answer")).to_contain_text(f"Zevent {MARKUP}")


def test_suggestions_stay_text(bare_page: Page) -> None:
    bare_page.goto("/")
    for words, name in (("zevent", f"Zevent {MARKUP}"), ("zalias", f"Zalias {MARKUP}")):
        bare_page.get_by_role("combobox", name="Search").fill("")
        bare_page.get_by_role("combobox", name="Search").press_sequentially(words)
        expect(bare_page.get_by_role("option").first).to_contain_text(name)
        assert foreign(bare_page) == []


def test_editor_shows_names_as_text_in_all_views(bare_page: Page) -> None:
    query = (
        "PREFIX emg: <https://w3id.org/unemg/ontology#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
        "SELECT ?name ?date ?thing ?by WHERE { ?thing rdfs:label ?name ; emg:organizedBy ?by . ?by a emg:Agency . "
        f"?d emg:dateOf ?thing ; emg:date ?date . FILTER (?thing = <{ID}event/hostile>) }}"
    )
    bare_page.goto(f"/query?{urlencode({'query': query})}")
    expect(bare_page.locator(".view tbody")).to_contain_text("Zevent <script>")
    for view in ("Timeline", "Graph", "Bars", "Pivot", "Table"):
        button = bare_page.get_by_role("button", name=view, exact=True)
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        assert foreign(bare_page) == []


@pytest.mark.parametrize("path", ADDRESSES, ids=lambda path: path.partition("%3C")[0])
def test_markup_in_addresses_stays_text(bare_page: Page, watch: Watch, path: str) -> None:
    watch.expected.update((400, 404, 422))
    bare_page.set_viewport_size(PHONE)
    bare_page.goto(path)
    expect(bare_page.locator("main h1")).to_be_visible()
    assert foreign(bare_page) == []
    assert bare_page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_markup_in_headers_stays_text(open_page: Open, watch: Watch) -> None:
    watch.expected.add(404)
    page = open_page(extra_http_headers={"Accept-Language": MARKUP, "Referer": f"http://127.0.0.1/{quote(MARKUP)}"})
    for path in ("/", "/search?q=nexus", "/id/event/nd-15c-series", "/contribute/new/event", "/nothing"):
        page.goto(path)
        expect(page.locator("main h1")).to_be_visible()
        assert foreign(page) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ('entry"><img src=x onerror=harm()>.ttl', MARKUP.encode()),
        ("page.html", b"<!doctype html><script>harm()</script>"),
        ("picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='harm()'/>"),
        ("outside.rdf", b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'),
        ("table.csv", f"id,label\n=cmd|' /C calc'!A0,{MARKUP}\n".encode()),
        ("nothing.ttl", b""),
        ("bytes.ttl", bytes(range(256))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_uploads_are_judged_and_stay_text(bare_page: Page, watch: Watch, name: str, content: bytes) -> None:
    watch.expected.update((400, 415, 422))
    bare_page.goto("/contribute")
    bare_page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )
    bare_page.get_by_role("button", name="Check").click()
    expect(bare_page.locator("#report, .problem").first).to_be_visible()
    assert foreign(bare_page) == []
    assert "root:" not in bare_page.inner_text("main")


def test_unknown_thing_is_answered_with_what_is_near(bare_page: Page, watch: Watch) -> None:
    watch.expected.add(404)
    response = bare_page.goto("/id/deliverable/guidance-ndc")
    assert response is not None
    assert response.status == 404
    name = "Guidance/support on integrating human rights into NDCs"
    bare_page.get_by_role("main").get_by_role("link", name=name, exact=True).click()
    expect(bare_page.get_by_role("heading", level=1)).to_have_text(name)


@pytest.mark.parametrize("thing", ["long", "unbroken"])
def test_very_long_name_breaks_nothing(open_page: Open, thing: str) -> None:
    page = open_page(viewport=PHONE)
    page.goto(f"/id/event/{thing}")
    name = page.get_by_role("heading", level=1)
    assert len(name.inner_text()) >= 10_000
    for path in (
        f"/id/event/{thing}",
        f"/search?q=z{thing}*",
        f"/search?q=z{thing}",
        "/id/workstream/nexus-dialogues",
        "/questions/explore/events-of-workstream",
        f"/contribute/edit?{urlencode({'iri': f'{ID}event/{thing}'})}",
    ):
        page.goto(path)
        expect(page.locator("main h1")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
    page.goto("/")
    page.get_by_role("combobox", name="Search").press_sequentially(f"z{thing}")
    expect(page.get_by_role("option").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_names_from_right_to_left_are_set_so(page: Page) -> None:
    page.goto("/id/event/hebrew")
    name = page.get_by_role("heading", level=1)
    expect(name).to_have_text(HEBREW)
    assert name.evaluate("one => getComputedStyle(one).direction") == "rtl"
    also = page.get_by_text(LATIN_WITHIN, exact=True).first
    assert also.evaluate("one => getComputedStyle(one).direction") == "rtl"
    page.goto(f"/search?{urlencode({'q': 'שולחן'})}")
    found = page.locator(".findings-list h2 a").first
    expect(found).to_have_text(HEBREW)
    assert found.evaluate("one => getComputedStyle(one).direction") == "rtl"
    assert page.evaluate("getComputedStyle(document.querySelector('header')).direction") == "ltr"
