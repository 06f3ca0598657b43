"""Reconciliation as the page of OpenRefine uses it: from another origin, with previews in a frame that may do nothing.

Source: OpenRefine, `recon-manager.js` (the manifest is fetched as JSON), `suggest-4_3a.js` (suggestions with extra
parameters), `recon-renderer.js` (the identifier goes into the address as it is, and the frame has an empty `sandbox`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.serving import Server
from tests.strangers import says, stranger

ID = "https://w3id.org/unemg/id/"
FETCHED = """async ([address, form]) => {
  const sent = form ? {method: "POST", body: new URLSearchParams(form)} : {};
  return await (await fetch(address, sent)).json();
}"""
FRAMED = """([pattern, id, sandboxed]) => new Promise((done) => {
  const frame = document.createElement("iframe");
  if (sandboxed) frame.setAttribute("sandbox", "");
  frame.addEventListener("load", () => done(true));
  frame.src = encodeURI(pattern.replace("{{id}}", id));
  document.body.append(frame);
})"""


@pytest.fixture
def other(browser: Browser, site: Server) -> Iterator[Page]:
    """A page of somebody else, on another origin."""
    answers = {"/": says("<!doctype html><title>Table</title>", "text/html"), "/favicon.ico": says("", "image/png")}
    with stranger(answers) as (url, _):
        page = browser.new_page()
        page.goto(f"{url}/")
        yield page
        page.close()


def test_a_page_of_another_origin_asks_all_of_it(other: Page, site: Server) -> None:
    endpoint = f"http://127.0.0.1:{site.port}/reconcile"
    manifest = other.evaluate(FETCHED, [endpoint, None])
    assert manifest["versions"] == ["0.2"]
    queries = json.dumps({"q0": {"query": "UNEP"}})
    told = other.evaluate(FETCHED, [endpoint, {"queries": queries}])
    assert told["q0"]["result"][0]["match"]
    suggest = manifest["suggest"]["entity"]
    extra = "&spell=always&exact=false&prefixed=true&filter=a&filter=b"
    address = f"{suggest['service_url']}{suggest['service_path']}?prefix=UNE{extra}"
    assert f"{ID}agency/unep" in [one["id"] for one in other.evaluate(FETCHED, [address, None])["result"]]


@pytest.mark.parametrize("sandboxed", [True, False])
def test_a_preview_is_seen_in_a_frame_of_another_origin(other: Page, site: Server, sandboxed: bool) -> None:
    faults: list[str] = []
    other.on("console", lambda message: faults.append(message.text))
    pattern = other.evaluate(FETCHED, [f"http://127.0.0.1:{site.port}/reconcile", None])["preview"]["url"]
    assert other.evaluate(FRAMED, [pattern, f"{ID}agency/unep", sandboxed])
    frame = other.frame_locator("iframe")
    expect(frame.locator("main")).to_contain_text("United Nations Environment Programme")
    # Its style is there, too.
    margin = frame.locator("body").evaluate("(body) => getComputedStyle(body).margin")
    assert margin != "8px"
    assert faults == []


def test_no_other_page_is_seen_in_a_frame(other: Page, site: Server) -> None:
    faults: list[str] = []
    other.on("console", lambda message: faults.append(message.text))
    paths = ("id/agency/unep", "about?iri={{id}}", "contribute", "reconcile/preview?id=nothing")
    for path in paths:
        other.evaluate(FRAMED, [f"http://127.0.0.1:{site.port}/{path}", f"{ID}agency/unep", False])
    assert len([fault for fault in faults if "frame-ancestors" in fault]) == len(paths)
