"""Ten things that somebody new comes for, each from the first page on, by clicks and typing alone."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open, WrittenSite
from tests.conftest import Kg
from tests.serving import Server


@pytest.fixture(scope="module")
def site(written_site: WrittenSite) -> Server:
    """One server for all journeys; those that write come last, and add only things of their own."""
    return written_site.server


def search_for(page: Page, words: str) -> None:
    """From the first page, as somebody would who knows a few words."""
    page.goto("/")
    box = page.get_by_role("combobox", name="Search") if scripted(page) else page.get_by_label("Search", exact=True)
    box.fill(words)
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="Search", level=1)).to_be_visible()


def scripted(page: Page) -> bool:
    """Whether scripts run, by what they make of the search box."""
    return page.locator("#site-search[role=combobox]").count() > 0


def go_to(page: Page, section: str) -> None:
    """From the first page, by the line below its name."""
    page.goto("/")
    page.get_by_role("navigation", name="Site").get_by_role("link", name=section, exact=True).click()


def findings(page: Page) -> Locator:
    return page.locator(".findings-list h2")


def rows_of(page: Page, heading: str) -> Locator:
    """The rows of the table below a heading."""
    return page.get_by_role("region", name=heading, exact=True).locator("tbody tr")


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))


NEXUS_DIALOGUES_OF_2022 = (
    "Nexus Dialogue series on the impacts of 1.5°C rise on UN programming",
    'Nexus Dialogue on "Investing in Natural Infrastructure"',
)


def find_nexus_dialogues(page: Page) -> None:
    search_for(page, "nexus dialogues")
    page.get_by_role("region", name="Year").get_by_role("link", name="2022").click()
    page.get_by_role("region", name="Kind").get_by_role("link", name="event").first.wait_for()
    for name in NEXUS_DIALOGUES_OF_2022:
        expect(findings(page).filter(has_text=name)).to_have_count(1)
    expect(findings(page).filter(has_text="23 November 2021")).to_have_count(0)


def find_agencies(page: Page) -> None:
    search_for(page, "1.5°C series")
    findings(page).get_by_role("link", name=NEXUS_DIALOGUES_OF_2022[0], exact=True).click()
    rows = rows_of(page, "Organisers and participants")
    for agency in ("OCHA", "UNFCCC", "UNHCR"):
        expect(rows.filter(has_text=agency).first).to_be_visible()


def find_what_became_of_the_guidance(page: Page) -> None:
    search_for(page, "NDC guidance")
    guidance = "Guidance/support on integrating human rights into NDCs"
    findings(page).get_by_role("link", name=guidance, exact=True).click()
    row = rows_of(page, "State and history").filter(has_text="postponed").first
    expect(row).to_contain_text("is being postponed until next year")
    row.get_by_role("link", name="«is being postponed until next year»").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("section I.e")
    expect(page.get_by_role("main")).to_contain_text("Mid-Term Progress Report")


def find_frameworks_of_the_group(page: Page) -> None:
    search_for(page, "human rights group")
    findings(page).get_by_role("link", name="Issue Management Group on Human Rights and the Environment").first.click()
    rows = rows_of(page, "Frameworks")
    for framework in ("Convention on Biological Diversity", "NDCs"):
        expect(rows.filter(has_text=framework).first).to_be_visible()


def look_at_the_winter(page: Page) -> None:
    go_to(page, "Explore")
    page.get_by_role("link", name="Timeline", exact=True).click()
    page.get_by_label("From").fill("2021-12-01")
    page.get_by_label("To").fill("2022-02-28")
    page.get_by_role("button", name="Ask").click()
    page.wait_for_url("**from=2021-12-01**", wait_until="load")  # styles decide which of two pictures is shown
    expect(page.get_by_role("group", name="Timeline").get_by_role("link")).not_to_have_count(0)
    expect(page.get_by_role("group", name="Timeline")).to_contain_text("14 December 2021")
    rows = rows_of(page, "Rows of the answer")
    expect(rows.filter(has_text="2021-12-14").first).to_be_visible()
    for outside in ("2021-11-23", "2022-06-07"):
        expect(rows.filter(has_text=outside)).to_have_count(0)


def cite(page: Page) -> None:
    go_to(page, "Data")
    page.get_by_role("main").get_by_role("link", name="How to cite it").click()
    assert urlsplit(page.url).fragment == "cite"
    citation = page.locator("#cite ~ p").first
    expect(citation).to_contain_text("EMG knowledge graph")
    expect(page.locator("#cite ~ pre")).to_contain_text("@misc")


Journey = Callable[[Page], None]
READING: tuple[Journey, ...] = (
    find_nexus_dialogues,
    find_agencies,
    find_what_became_of_the_guidance,
    find_frameworks_of_the_group,
    look_at_the_winter,
    cite,
)


@pytest.mark.parametrize("journey", READING, ids=lambda journey: journey.__name__)
def test_reads(page: Page, journey: Journey) -> None:
    journey(page)


@pytest.mark.parametrize("journey", READING, ids=lambda journey: journey.__name__)
def test_reads_without_scripts(open_page: Open, journey: Journey) -> None:
    journey(open_page(java_script_enabled=False))


def test_opens_an_example_changes_it_and_shares_it(page: Page, open_page: Open) -> None:
    go_to(page, "Query")
    page.get_by_text("Examples", exact=True).click()
    page.get_by_role("link", name="Nexus Dialogues and whether each is held").click()
    status = page.locator("[role=status]")
    expect(status.filter(has_text="8 rows ·")).to_be_visible()
    page.get_by_role("textbox", name="SPARQL query").press("Control+End")
    page.keyboard.type("\nLIMIT 2")
    page.get_by_role("button", name="Run").click()
    expect(status.filter(has_text="2 rows ·")).to_be_visible()

    other = open_page()
    other.goto(page.url)
    expect(other.locator("[role=status]").filter(has_text="2 rows ·")).to_be_visible()
    expect(other.get_by_role("textbox", name="SPARQL query")).to_contain_text("LIMIT 2")


def test_downloads_all_deliverables_as_a_table(page: Page, tmp_path: Path) -> None:
    go_to(page, "Data")
    page.get_by_role("link", name="As tables").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="deliverable, CSV, filled in", exact=True).click()
    download.value.save_as(tmp_path / "deliverables.csv")
    rows = read_csv(tmp_path / "deliverables.csv")
    assert len(rows) == count_of(page, "deliverable")
    assert "Guidance/support on integrating human rights into NDCs" in {value for row in rows for value in row.values()}


def count_of(page: Page, kind: str) -> int:
    """How many things of a kind the first page tells of."""
    page.goto("/")
    line = page.locator("ul.classes li").filter(has=page.get_by_role("link", name=kind, exact=True))
    return int(line.locator("span").inner_text().replace(",", ""))


def test_citation_comes_in_the_forms_of_reference_programs(page: Page) -> None:
    go_to(page, "Data")
    described = {
        name: page.request.get(page.get_by_role("link", name=name, exact=True).get_attribute("href") or "").text()
        for name in ("BibTeX", "CSL-JSON")
    }
    assert described["BibTeX"].startswith("@misc{")
    assert "EMG knowledge graph" in json.dumps(json.loads(described["CSL-JSON"]))


WRONG = """\
@prefix emg: <https://w3id.org/unemg/ontology#> .
@prefix event: <https://w3id.org/unemg/id/event/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .

event:dialogue-on-oceans a emg:Event ;
    rdfs:label "Dialogue on the depths of the oceans"@en ;
    emg:statedIn <https://w3id.org/unemg/id/passage/som28-mpr.III.i.1.progress.2> .
"""
MENDED = WRONG.replace("Event ;", "Event ; emg:eventKind <https://w3id.org/unemg/id/event-kind/dialogue> ;")


def check_and_mend(page: Page) -> None:
    go_to(page, "Contribute")
    page.get_by_label("Statements").fill(WRONG)
    page.get_by_role("button", name="Check").click()
    verdict = page.get_by_role("status", name="It does not conform")
    expect(verdict).to_contain_text("An event has one kind")
    expect(verdict).to_contain_text("line 5")
    expect(page.get_by_label("Statements")).to_have_value(WRONG)
    page.get_by_label("Statements").fill(MENDED)
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("status", name="It conforms")).to_be_visible()


def test_mends_a_wrong_entry(page: Page) -> None:
    check_and_mend(page)


def test_mends_a_wrong_entry_without_scripts(open_page: Open) -> None:
    check_and_mend(open_page(java_script_enabled=False))


@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without-scripts"])
def test_submits_a_new_event(open_page: Open, written_site: WrittenSite, kg: Kg, scripts: bool) -> None:
    name = f"Symposium about tides and {'currents' if scripts else 'whirlpools'}"
    token = kg("token", "create", "--name", "Ada", "--scope", "submit", state=written_site.state).stdout.strip()
    page = open_page(java_script_enabled=scripts)
    go_to(page, "Contribute")
    page.get_by_role("link", name="Fill in a form").click()
    page.get_by_role("link", name="Event", exact=True).click()
    page.get_by_label("label required", exact=True).fill(name)
    page.get_by_label("event kind required", exact=True).select_option("dialogue")
    stated = page.get_by_role("combobox" if scripts else "textbox", name="stated in required", exact=True)
    if scripts:
        stated.press_sequentially("a nexus dialogue series on the impact")
        page.get_by_role("option").filter(has_text="section III.i, row 1, Next steps, sentence 3").click()
    else:
        stated.fill("https://w3id.org/unemg/id/passage/som28-mpr.III.i.1.next-steps.3")
    page.get_by_label("What it is, and where it comes from").fill("An event that was announced")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Submit").click()
    receipt = page.get_by_role("heading", name=re.compile(r"^Accepted as revision \d+$"))
    expect(receipt).to_be_visible()
    revision = receipt.inner_text().rpartition(" ")[2]
    page.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_text(f"Last changed in revision {revision} ")).to_contain_text("by Ada")

    expect(page.locator("#evidence")).to_contain_text("Mid-Term Progress Report")
