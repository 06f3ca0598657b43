"""The browser of the tests: found on the machine, or installed by Playwright. As a program it says whether it works."""

from __future__ import annotations

import os
import shutil
import sys

from playwright.sync_api import Browser, Error, Playwright, sync_playwright

NAMED_BY = "KG_CHROMIUM"
NO_CHROMIUM = (
    "NO TEST IN A BROWSER WAS RUN: no Chromium starts here. Install one (`apt-get install chromium`), name one with "
    f"{NAMED_BY}=/path/to/chromium, or let `.venv/bin/playwright install --with-deps chromium` fetch one."
)
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def launch(playwright: Playwright) -> Browser:
    """A browser without a window: the one that is named, else one of the machine, else Playwright's own.

    Raises:
        Error: none of them starts.
    """
    found = next((path for path in map(shutil.which, _PROGRAMS) if path), None)
    # Chromium does not start as root with its sandbox; the pages are our own.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=os.environ.get(NAMED_BY) or found, args=arguments)


def main() -> int:
    """0 where a browser starts."""
    with sync_playwright() as playwright:
        try:
            launch(playwright).close()
        except Error:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
