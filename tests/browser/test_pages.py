"""Every page at the size of a desk and of a phone, in light and in dark, on paper: whole, and within its width."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from kg.settings import Settings
from kg.web.app import create_app
from tests.browser.conftest import DESKTOP, PHONE, SCREENSHOTS, Open, Watch
from tests.browser.pages import NO_PAGES, PAGES, Shown

NARROW = {"width": 360, "height": 740}
# A4 at 96 dots an inch, where a browser sets no margins.
PAPER = {"width": 794, "height": 1123}
# More of a picture says nothing new, and takes long.
MOST_HEIGHT = 2000

ALL = pytest.mark.parametrize("shown", PAGES, ids=str)


def test_all_pages_are_looked_at() -> None:
    rules = create_app(Settings()).url_map
    read = {rule.endpoint for rule in rules.iter_rules() if "GET" in (rule.methods or ())}
    assert {shown.view for shown in PAGES} | NO_PAGES == read
    assert not {shown.view for shown in PAGES} & NO_PAGES
    here = rules.bind("localhost")
    assert [shown for shown in PAGES if here.match(shown.path.partition("?")[0])[0] != shown.view] == []


def show(page: Page, shown: Shown, watch: Watch) -> None:
    """Open a page and wait until it is whole."""
    watch.expected.add(shown.status)
    response = page.goto(shown.path)
    assert response is not None
    assert response.status == shown.status
    expect(page.locator(shown.ready).first).to_be_visible()


def keep_picture(page: Page, shown: Shown, look: str) -> None:
    size = page.viewport_size or DESKTOP
    height = min(page.evaluate("document.documentElement.scrollHeight"), MOST_HEIGHT)
    name = re.sub(r"[^A-Za-z0-9.]+", "-", shown.path).strip("-")[:80] or "first-page"
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(
        path=SCREENSHOTS / f"page-{name}-{look}.png",
        full_page=True,
        clip={"x": 0, "y": 0, "width": size["width"], "height": max(height, size["height"])},
    )


@ALL
def test_page_fits_each_screen_and_paper(bare_page: Page, watch: Watch, shown: Shown) -> None:
    page = bare_page
    show(page, shown, watch)
    expect(page).to_have_title(re.compile(r"EMG knowledge graph$"))
    for size, name in ((DESKTOP, "desktop"), (PHONE, "phone"), (NARROW, "")):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        for scheme in ("light", "dark") if name else ():
            page.emulate_media(color_scheme=scheme)
            keep_picture(page, shown, f"{name}-{scheme}")
    fits_paper(page)


def test_rows_stand_below_each_other_on_a_phone(open_page: Open) -> None:
    page = open_page(viewport=PHONE)
    page.goto("/explore/timeline")
    region = page.get_by_role("region", name="Rows of the answer", exact=True)
    assert region.evaluate("one => one.scrollWidth - one.clientWidth") == 0
    row = region.get_by_role("row").filter(has_text="synthesis report published in 2017").first
    kind = row.get_by_role("cell").filter(has_text="publication").first
    assert kind.evaluate("one => getComputedStyle(one, '::before').content") == '"date kind"'
    assert kind.bounding_box()["x"] == row.get_by_role("cell").first.bounding_box()["x"]  # type: ignore[index]


def fits_paper(page: Page) -> None:
    """Whether paper shows all there is to read, and nothing that only works on a screen."""
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.get_by_role("navigation").filter(visible=True)).to_have_count(0)
    expect(page.get_by_role("button").filter(visible=True)).to_have_count(0)
    expect(page.locator("input, select").filter(visible=True)).to_have_count(0)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    cut_off = page.evaluate("""() => [...document.querySelectorAll(".scroll, pre")].filter((one) =>
        one.checkVisibility() && getComputedStyle(one).overflowX !== "visible").map((one) => one.className)""")
    assert cut_off == []
    page.set_viewport_size(PAPER)
    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER["width"]
