"""Contributing in a real browser: what scripts make more comfortable, and that all of it works without them."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Open, Watch

WRONG = """@prefix emg: <https://w3id.org/unemg/ontology#> .

<https://w3id.org/unemg/id/event/nameless> a emg:Event .
"""
EVENT = "/contribute/new/Event?with=Passage"


def check(page: Page) -> None:
    page.locator("button[value=check]:not(.visually-hidden)").click()


def test_a_line_that_is_named_leads_into_the_text(page: Page) -> None:
    page.goto("/contribute")
    page.locator("#text").fill(WRONG)
    check(page)
    expect(page.locator("#report")).to_be_focused()
    expect(page.locator("tr.marked th")).to_have_text("3")
    page.locator("#report a[data-line]").first.click()
    expect(page.locator("#text")).to_be_focused()
    selected = page.evaluate(
        "(({value, selectionStart, selectionEnd}) => value.slice(selectionStart, selectionEnd))(text)"
    )
    assert selected == WRONG.splitlines()[2]


def test_more_places_come_without_a_new_page(page: Page) -> None:
    page.goto(EVENT)
    address = page.url
    page.locator('[name="0:organized by"]').fill("one")
    page.get_by_role("button", name="More places for organized by").click()
    places = page.locator('[name="0:organized by"]')
    expect(places).to_have_count(2)
    expect(places.nth(1)).to_be_focused()
    assert [places.nth(0).input_value(), places.nth(1).input_value()] == ["one", ""]
    page.get_by_role("button", name="More places for stated in").first.click()
    expect(page.locator('[name="0:stated in"]').nth(1)).to_have_attribute("role", "combobox")
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(({id}) => id)")
    assert len(ids) == len(set(ids))
    assert page.url == address


def test_a_form_is_filled_in_checked_and_mended_without_scripts_on_a_phone(open_page: Open, watch: Watch) -> None:
    watch.expected.add(400)
    page = open_page(viewport=PHONE, java_script_enabled=False)
    page.goto("/contribute/new/Event")
    page.get_by_role("button", name="passage", exact=True).click()
    for name, text in {"0:label": "A dialogue on a phone", "1:section": "I.c", "1:anchor": "on a phone"}.items():
        page.locator(f'[name="{name}"]').fill(text)
    page.locator('[name="0:event kind"]').select_option("dialogue")
    page.locator('[name="1:in document"]').fill("document:som28-midterm-progress-report")
    page.locator('[name="1:sentence"]').fill("1")
    page.locator('[name="1:line"]').fill("twelve")
    check(page)
    line = page.locator('[name="1:line"]')
    expect(line).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#report")).to_contain_text("is no integer")
    line.fill("12")
    check(page)
    expect(page.get_by_role("heading", name="It conforms")).to_be_visible()
    expect(page.locator('[name="0:label"]')).to_have_value("A dialogue on a phone")
