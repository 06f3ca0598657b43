"""Pages for all: what axe finds on every page, and the ways of those who only use keys."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ROOT, Watch
from tests.browser.pages import PAGES, Shown
from tests.browser.test_pages import ALL, show
from tests.serving import eventually

AXE = ROOT / "kg/web/assets/node_modules/axe-core/axe.min.js"
GRAVE = ("serious", "critical")
BY_KEYS = (
    "/",
    "/search?q=nexus+dialogue",
    "/explore/timeline",
    "/questions",
    "/id/agency/unep",
    "/contribute/new/event",
    "/query",
    "/ontology",
)


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe, as npm has installed it."""
    if not AXE.is_file():
        pytest.skip(f"NO PAGE WAS CHECKED FOR ACCESSIBILITY: {AXE} is not there. Run `make assets`.")
    return AXE.read_text("utf-8")


def found(page: Page, **options: Any) -> list[str]:
    """What axe finds that keeps somebody out: the rule, and where."""
    told = page.evaluate(
        "options => axe.run(document, {resultTypes: ['violations'], elementRef: false, ...options})", options
    )
    assert told["passes"]
    return [
        f"{issue['id']}: {issue['help']} at {', '.join(str(node['target']) for node in issue['nodes'][:5])}"
        for issue in told["violations"]
        if issue["impact"] in GRAVE
    ]


@ALL
def test_axe_finds_nothing_grave(bare_page: Page, watch: Watch, axe: str, shown: Shown) -> None:
    page = bare_page
    show(page, shown, watch)
    page.evaluate(axe)
    assert found(page) == []
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")  # no colour is on its way to another
    assert found(page, runOnly=["color-contrast"]) == []


def test_axe_finds_what_is_grave(bare_page: Page, axe: str) -> None:
    bare_page.goto("/")
    bare_page.evaluate(axe)
    bare_page.evaluate("document.querySelector('main').append(document.createElement('input'))")
    assert [issue.partition(":")[0] for issue in found(bare_page)] == ["label"]


def focused(page: Page) -> Any:
    """What has the focus: whether it lies in the content and on the screen, and whether one sees that it has it."""
    return page.evaluate("""() => {
        let one = document.activeElement;
        const host = one;
        while (one.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
        const box = one.getBoundingClientRect();
        const outlined = (part) => part !== null && (getComputedStyle(part).outlineStyle !== "none"
          && parseFloat(getComputedStyle(part).outlineWidth) >= 2 || outlined(part.parentElement));
        return {
          name: one.outerHTML.slice(0, 100),
          content: host.closest("main") !== null,
          body: host === document.body,
          seen: outlined(one) && box.right > 0 && box.left < innerWidth
            && box.bottom > 0 && box.top < innerHeight,
        };
    }""")


def test_first_key_leads_past_the_head_of_the_page(page: Page) -> None:
    page.goto("/data")
    skip = page.get_by_role("link", name="Skip to the content")
    page.keyboard.press("Tab")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused(page)["content"]


@pytest.mark.parametrize("shown", [shown for shown in PAGES if shown.path in BY_KEYS], ids=str)
def test_focus_is_always_seen(bare_page: Page, watch: Watch, shown: Shown) -> None:
    page = bare_page
    show(page, shown, watch)
    unseen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        told = focused(page)
        if told["body"]:
            break
        if not told["seen"] and not eventually(lambda: focused(page)["seen"], seconds=1):
            unseen.append(told["name"])
    assert unseen == []


def test_suggestions_are_taken_by_keys(page: Page) -> None:
    page.goto("/")
    box = page.get_by_role("combobox", name="Search")
    box.focus()
    page.keyboard.type("nexus dial")
    options = page.get_by_role("option")
    expect(options.first).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", options.nth(1).get_attribute("id") or "")
    page.keyboard.press("Escape")
    expect(options.first).to_be_hidden()
    expect(box).to_have_value("nexus dial")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    chosen = options.first.evaluate("option => option.firstChild.textContent")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(chosen)
