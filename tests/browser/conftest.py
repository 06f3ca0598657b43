"""A real browser before the real service: pages that fail their test when anything goes wrong unseen."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, Response, Route, expect, sync_playwright

from tests.browser.chromium import NO_CHROMIUM, launch
from tests.serving import Command, Server, serving
from tests.submitting import UNLIMITED

ROOT = Path(__file__).parents[2]
MANIFEST = ROOT / "kg/web/static/build/manifest.json"
SCREENSHOTS = ROOT / "build/screenshots"
NO_ASSETS = (
    "NO TEST IN A BROWSER WAS RUN: the scripts and styles for browsers have not been built. Run `make assets`, which "
    "needs npm's registry or its cache."
)

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}

_HANGS_AFTER_MILLISECONDS = 15_000
_BAD_STATUS = 400
# The browser says so of each response that is no success; those are judged by their status.
_FAILED_TO_LOAD = "Failed to load resource"
_TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`Content-Security-Policy: ${event.violatedDirective} refuses ${event.blockedURI || "inline"}`));
"""

Open = Callable[..., Page]


@dataclass
class Watch:
    """What a page must not do, as it is seen doing it."""

    host: str
    faults: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)
    """Statuses of responses that the test wants."""

    def page(self, page: Page) -> None:
        """Keep an eye on a page."""
        page.add_init_script(_TELL_VIOLATIONS)
        page.route(lambda url: urlsplit(url).netloc not in ("", self.host), self._refuse)
        page.on("console", self._message)
        page.on("pageerror", lambda error: self.faults.append(f"error in a script: {error}"))
        page.on("response", self._response)
        page.on("requestfailed", self._failed)

    def _refuse(self, route: Route) -> None:
        self.faults.append(f"request that leaves the site: {route.request.url}")
        route.abort()

    def _message(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(_FAILED_TO_LOAD):
            self.faults.append(f"{message.type} in the console: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= _BAD_STATUS and response.status not in self.expected:
            self.faults.append(f"status {response.status} of {response.url[:200]}")

    def _failed(self, request: Request) -> None:
        if "ERR_ABORTED" not in str(request.failure):  # given up by the page itself
            self.faults.append(f"{request.failure} at {request.url[:200]}")


@dataclass(frozen=True)
class WrittenSite:
    """A server that tests write to, and its state folder."""

    server: Server
    state: Path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, one for all tests of a file: while it is there, no other test of this process can run an event loop."""
    with sync_playwright() as playwright:
        try:
            started = launch(playwright)
        except Error as error:
            pytest.skip(f"{NO_CHROMIUM} ({str(error).splitlines()[0]})")
        expect.set_options(timeout=_HANGS_AFTER_MILLISECONDS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def built_assets() -> None:
    """The scripts and styles are there."""
    if not MANIFEST.is_file():
        pytest.skip(NO_ASSETS)


@pytest.fixture(scope="session")
def site(
    built_assets: None, kg_command: Command, state: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The service over the content of this repository; no test changes it."""
    with serving(kg_command, state, tmp_path_factory.mktemp("site")) as server:
        yield server


@pytest.fixture(scope="session")
def written_site(
    built_assets: None, kg_command: Command, state: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WrittenSite]:
    """The service over a copy of that content, for tests that write."""
    folder = tmp_path_factory.mktemp("written")
    own = shutil.copytree(state, folder / "state", symlinks=True)
    with serving(kg_command, own, folder / "log", **UNLIMITED) as server:
        yield WrittenSite(server, own)


@pytest.fixture
def watch(site: Server) -> Iterator[Watch]:
    """Sees what the pages of a test do; at its end nothing may have gone wrong."""
    watch = Watch(f"127.0.0.1:{site.port}")
    yield watch
    assert watch.faults == []


def new_page(browser: Browser, site: Server, watch: Watch, **options: Any) -> Page:
    """A page that nobody has used yet, watched."""
    context = browser.new_context(base_url=f"http://127.0.0.1:{site.port}", **{"viewport": DESKTOP, **options})
    context.set_default_timeout(_HANGS_AFTER_MILLISECONDS)
    page = context.new_page()
    watch.page(page)
    return page


@pytest.fixture
def open_page(browser: Browser, site: Server, watch: Watch, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens pages with the options of a browser context, `open_page(viewport=PHONE)`; keeps a picture of each."""
    opened: list[Page] = []

    def open_one(**options: Any) -> Page:
        opened.append(new_page(browser, site, watch, **options))
        return opened[-1]

    yield open_one
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", request.node.name).strip("-")
    for number, page in enumerate(opened):
        page.screenshot(path=SCREENSHOTS / f"{name}{f'-{number + 1}' if number else ''}.png", full_page=True)
        page.context.close()


@pytest.fixture
def bare_page(browser: Browser, site: Server, watch: Watch) -> Iterator[Page]:
    """A page at the size of a desk, of which no picture is kept."""
    page = new_page(browser, site, watch)
    yield page
    page.context.close()


@pytest.fixture
def page(open_page: Open) -> Page:
    """A page at the size of a desk."""
    return open_page()
