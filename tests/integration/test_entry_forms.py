"""Forms made from shapes, over the content of this repository: as a browser without scripts sends them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.datastructures import MultiDict
from werkzeug.test import encode_multipart

from tests.serving import Command, Reply
from tests.writing import BROWSER, House, problem, receipt, writing

UNEMG = "https://w3id.org/unemg/"
EVENT = f"{UNEMG}id/event/stockholm50"
ENTRIES = "application/vnd.kg.entries+json"
SUGGESTED = "/contribute/new/Event?with=Passage&with=DateAssertion"
CHECK, SUBMIT = ("do", "check"), ("do", "submit")


@pytest.fixture(scope="module")
def house(state: Path, kg_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("forms")
    shutil.copytree(state, folder / "state", symlinks=True)
    with writing(kg_command, folder / "state", folder / "server") as house:
        yield house


@dataclass
class Form(HTMLParser):
    """What a browser would send of a page, and what is tied to its fields."""

    fields: MultiDict[str, str] = field(default_factory=MultiDict)
    attributes: dict[str, dict[str, str]] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    buttons: list[str] = field(default_factory=list)
    action: str = ""
    _select: str = ""
    _area: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self.ids.add(told.get("id", ""))
        if tag == "form":
            self.action = told["action"] if told.get("method") == "post" else ""
        if not self.action:
            return
        name = told.get("name", "")
        if tag in ("input", "select", "textarea"):
            self.attributes.setdefault(name, told)
        if tag == "input":
            self.fields.add(name, told.get("value", ""))
        elif tag == "textarea":
            self._area = name
            self.fields.add(name, "")
        elif tag == "select":
            self._select = name
            self.fields.add(name, "")
        elif tag == "option" and "selected" in told:
            self.fields.setlist(self._select, [*self.fields.getlist(self._select)[:-1], told["value"]])
        elif tag == "button":
            self.buttons.append(told.get("value", ""))

    def handle_data(self, data: str) -> None:
        if self._area:
            texts = self.fields.getlist(self._area)
            self.fields.setlist(self._area, [*texts[:-1], texts[-1] + data.removeprefix("\n")])

    def handle_endtag(self, tag: str) -> None:
        self._area = "" if tag == "textarea" else self._area
        self.action = self.action if tag != "form" or not self.action else self.action + " "


def form_in(text: str) -> Form:
    form = Form()
    form.feed(text)
    return form


def opened(house: House, path: str = SUGGESTED) -> Form:
    reply = house.server.send("GET", path, accept=BROWSER)
    assert reply.status == 200, reply.text
    return form_in(reply.text)


def press(house: House, form: Form, button: tuple[str, str] = CHECK, *, path: str = "", **headers: str) -> Reply:
    sent = form.fields.copy()
    sent.add(*button)
    boundary, data = encode_multipart(sent)
    own = {"origin": f"http://127.0.0.1:{house.server.port}", "sec_fetch_site": "same-origin", "accept": BROWSER}
    where = path or next(each for each in (form.action, "/contribute/new/Event") if each).strip()
    return house.server.send(
        "POST", where, data, content_type=f"multipart/form-data; boundary={boundary}", **own | headers
    )


def event(house: House, name: str) -> Form:
    """A form about an event, with a passage and a date, filled in well."""
    form = opened(house)
    given = {
        "0:label": name,
        "0:event kind": "dialogue",
        "1:in document": "document:som28-midterm-progress-report",
        "1:section": "I.c",
        "1:anchor": "a dialogue of this name",
        "1:line": str(100 + len(name)),
        "1:sentence": "1",
        "2:verbatim": "in May 2023",
        "2:date kind": "occurrence",
        "2:date": "2023-05",
    }
    for field_name, text in given.items():
        assert field_name in form.fields, field_name
        form.fields[field_name] = text
    return form


def page(reply: Reply, status: int = 200) -> str:
    assert (reply.status, reply.headers.get_content_type()) == (status, "text/html"), reply.text
    return reply.text


def fill(form: Form, given: Mapping[str, str]) -> None:
    for name, text in given.items():
        form.fields[name] = text


def add_name(form: Form, name: str) -> None:
    """Another name beside those that there are."""
    given = [
        (text, tag)
        for text, tag in zip(form.fields.getlist("0:alt label"), form.fields.getlist("0@alt label"), strict=True)
        if text
    ]
    form.fields.setlist("0:alt label", [*(text for text, _ in given), name])
    form.fields.setlist("0@alt label", [*(tag for _, tag in given), "en"])


# The pages.


def test_each_class_with_a_page_of_its_own_can_be_added_and_those_come_first(house: House) -> None:
    told = page(house.server.send("GET", "/contribute/new", accept=BROWSER))
    places = [told.index(f'href="/contribute/new/{name}"') for name in ("Event", "DateAssertion", "Catalog")]
    assert places == sorted(places)
    assert told.count("<h2>") == 3


def test_an_empty_form_asks_for_what_shapes_ask_and_offers_what_there_is(house: House) -> None:
    reply = house.server.send("GET", "/contribute/new/event", accept=BROWSER)
    form = form_in(page(reply))
    assert form.fields["0:label"] == ""
    assert form.fields["0@label"] == "en"
    assert '<option value="panel discussion">panel discussion</option>' in reply.text
    assert "An event has one kind" in reply.text
    assert form.attributes["0:stated in"]["data-suggest-kind"] == f"{UNEMG}ontology#Passage"
    assert 'list="e0-' in reply.text
    offered = [value.removeprefix("add:") for value in form.buttons if value.startswith("add:")]
    assert offered[0] == "Passage"
    assert "DateAssertion" in offered
    for name, attributes in form.attributes.items():
        if name.startswith("0:"):
            assert set(attributes["aria-describedby"].split()) <= form.ids, name


def test_a_form_speaks_in_the_words_of_the_ontology(house: House) -> None:
    new = page(house.server.send("GET", "/contribute/new/event", accept=BROWSER))
    assert "give “stated in” a “passage”." in new
    assert "emg:statedIn" not in new
    assert "take one of the list “Kind of event”" in new
    assert re.search(
        r"Example: <span dir=\"auto\">panel discussion</span> \(<code>event-kind:panel-discussion</code>\)", new
    )
    iri = quote(f"{UNEMG}id/event/nd-15c-series", safe="")
    held = page(house.server.send("GET", f"/contribute/edit?iri={iri}", accept=BROWSER))
    assert re.search(
        r'href="/id/passage/som28-mpr.III.i.3.progress.2" dir="auto">Mid-Term Progress Report, section', held
    )


def test_entries_beside_each_other_mean_each_other(house: House) -> None:
    form = opened(house)
    assert (form.fields["0+stated in"], form.fields["2+stated in"]) == ("passage 1", "passage 1")
    assert form.fields["2+date of"] == "event 1"
    again = form_in(page(press(house, form, ("do", "add:Passage"))))
    assert again.fields.getlist("entry") == ["0", "1", "2", "3"]
    assert again.fields["3.local"] == "passage 2"
    fewer = form_in(page(press(house, again, ("do", "remove:1"))))
    assert fewer.fields.getlist("entry") == ["0", "2", "3"]
    assert fewer.fields["3.local"] == "passage 2"


def test_more_places_keep_what_is_written(house: House) -> None:
    form = opened(house)
    form.fields["0:organized by"] = "one"
    more = form_in(page(press(house, form, ("do", "more:0:organized by"))))
    assert more.fields.getlist("0:organized by") == ["one", "", "", ""]


def test_a_class_that_there_is_not_is_told_with_those_called_like_it(house: House) -> None:
    told = page(house.server.send("GET", "/contribute/new/Evnt", accept=BROWSER), 404)
    assert '<a href="/contribute/new/Event" dir="auto">event</a>' in told
    assert page(house.server.send("GET", "/contribute/new/%3Cscript%3E", accept=BROWSER), 404).count("<script>") == 0
    assert house.server.send("GET", "/contribute/new/Event?with=Nothing", accept=BROWSER).status == 404


# Checking.


def test_what_is_good_conforms_and_nothing_is_written(house: House) -> None:
    before = house.head()
    reply = press(house, event(house, "A dialogue to check"))
    assert ">It conforms</h2>" in page(reply)
    assert reply.headers["Cache-Control"] == "no-store"
    assert house.head() == before


@pytest.mark.parametrize(
    ("name", "value", "says", "status"),
    [
        ("0:label", "", "A thing has one label", 200),
        ("0:event kind", "", "An event has one kind", 200),
        ("0:event kind", "no such kind", "&#39;no such kind&#39;", 400),
        ("1:in document", "Nowhere report", "there is no Document &#39;Nowhere report&#39;", 400),
        ("1:line", "twelve", "&#39;twelve&#39; is no integer", 400),
        ("1:line", "0", "A line is a whole number, counted from 1.", 200),
        ("2:date", "May 2023", "&#39;May 2023&#39; is no date", 400),
        ("2:date", "2023-13", "is no date", 400),
        ("0:organized by", "Unknown agency", "there is no Agent", 400),
        ("0:leads up to", "passage 1", "passage 1 is of the class passage", 400),
        ("0@label", "not a language", "the table has no column", 400),
        ("2:starts at", "noon", "is no dateTime", 400),
        ("1:empty cell", "perhaps", "is no boolean", 400),
    ],
)
def test_a_mistake_is_told_at_its_field(house: House, name: str, value: str, says: str, status: int) -> None:
    form = event(house, "A dialogue with a mistake")
    form.fields[name] = value
    told = page(press(house, form), status)
    shown = name.replace("@", ":")
    again = form_in(told)
    assert again.fields[name] == value
    attributes = again.attributes[shown]
    assert attributes["aria-invalid"] == "true"
    faults = next(each for each in attributes["aria-describedby"].split() if each.endswith("-faults"))
    at_field = told[told.index(f'id="{faults}"') :].split("</ul>")[0]
    assert at_field.count(says) == 1
    assert f'href="#{attributes["id"]}"' in told
    assert again.fields["1:anchor"] == "a dialogue of this name"


def test_a_name_that_there_is_already_is_put_to_whoever_adds_it(house: House) -> None:
    form = event(house, "Stockholm+50 International Meetin")
    told = page(press(house, form))
    assert '<a href="/id/event/stockholm50" dir="auto">Stockholm+50 International Meeting</a>' in told
    form.fields["token"] = house.submitter
    before = house.head()
    asked = page(press(house, form, SUBMIT))
    assert "Is it one of these?" in asked
    assert house.head() == before
    again = form_in(asked)
    again.fields["token"] = house.submitter
    assert "Accepted as revision" in page(press(house, again, SUBMIT), 201)
    other = form_in(page(press(house, event(house, "Nothing like any other name"))))
    assert "asked" not in other.fields


# Submitting.


def test_an_event_with_passage_and_date_is_accepted_and_found(house: House) -> None:
    form = event(house, "Zebra crossing dialogue")
    form.fields["token"] = house.submitter
    told = page(press(house, form, SUBMIT), 201)
    revision = house.head()
    assert f"Accepted as revision {revision}" in told
    assert 'href="/id/event/zebra-crossing-dialogue"' in told
    assert f"/submissions/{revision}/revert" in told
    assert house.submitter not in told
    query = f"""
        PREFIX emg: <{UNEMG}ontology#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
        SELECT ?date ?anchor ?line WHERE {{
          ?event a emg:Event ; rdfs:label "Zebra crossing dialogue"@en ; emg:statedIn ?passage .
          ?passage a emg:Passage ; emg:anchor ?anchor ; emg:line ?line .
          ?assertion a emg:DateAssertion ; emg:dateOf ?event ; emg:date ?date ; emg:statedIn ?passage }}"""
    assert house.rows(query) == [["2023-05", "a dialogue of this name", "123"]]
    commit = house.told(f"/history/{revision}")
    assert commit["message"] == "event: Zebra crossing dialogue"
    assert house.submitter not in str(commit)


def test_the_same_once_more_changes_nothing(house: House) -> None:
    form = event(house, "Quokka meeting twice")
    form.fields["token"] = house.submitter
    assert "Accepted" in page(press(house, form, SUBMIT), 201)
    before = house.head()
    form.fields["asked"] = "1"
    assert "<h1>Nothing to change</h1>" in page(press(house, form, SUBMIT))
    form.fields["0:event kind"] = "conference"
    told = page(press(house, form, SUBMIT), 400)
    assert "is in the graph already" in told
    assert house.head() == before


@pytest.mark.parametrize(
    ("token", "headers", "status"),
    [
        ("", {}, 401),
        ("kg_wrong", {}, 401),
        ("{}", {"sec_fetch_site": "cross-site", "origin": "https://other.example"}, 403),
    ],
    ids=["none", "wrong", "from another site"],
)
def test_nobody_else_submits_and_what_was_written_stays(
    house: House, token: str, headers: dict[str, str], status: int
) -> None:
    before = house.head()
    form = event(house, "Nobody may add this one")
    form.fields["token"] = token.format(house.submitter)
    told = page(press(house, form, SUBMIT, **headers), status)
    again = form_in(told)
    assert again.fields["0:label"] == "Nobody may add this one"
    assert again.fields["token"] == ""
    assert house.head() == before
    asked = again.attributes["token"]
    assert ("verdict" in asked["aria-describedby"].split(), "aria-invalid" in asked) == ((status == 401,) * 2)
    assert ("Write your token into the field" in told) == (status == 401)
    assert "Authorization" not in told


HOSTILE = {
    "markup": '"><script>alert(1)</script><img src=x onerror=alert(1)>',
    "formula": "=HYPERLINK(1+1)",
    "right to left": "اجتماع \u202eمجموعة",
    "turtle": '"quoted"@fr',
    "brackets": "<https://example.org/>",
    "separator": "one | two",
    "template": "{{ 7*7 }}{% raise %}",
    "long": "x" * 10_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_text_is_a_text_in_each_field(house: House, text: str) -> None:
    form = event(house, "Texts in all fields")
    for name in [*form.fields]:
        of_entry = re.match("[0-9]+[:@=+~.]", name) and not name.endswith(".class")
        if of_entry or name in ("message", "source", "class"):
            form.fields[name] = text
    reply = press(house, form)
    told = page(reply, 400)
    assert "<script>alert" not in told
    assert "<img src=x" not in told
    assert form_in(told).fields["0:label"] == text
    assert form_in(told).fields["1:anchor"] == text


@pytest.mark.parametrize("text", [each for name, each in HOSTILE.items() if name != "long"])
def test_a_name_is_kept_as_it_was_written(house: House, text: str) -> None:
    form = event(house, text)
    fill(form, {"token": house.submitter, "asked": "1"})
    form.fields["1:line"] = str(1000 + len(text) + ord(text[0]) + ord(text[-1]))
    told = page(press(house, form, SUBMIT), 201)
    assert "<script>alert" not in told
    label = "http://www.w3.org/2000/01/rdf-schema#label"
    assert [text] in house.rows(f"SELECT ?name {{ ?event a <{UNEMG}ontology#Event> ; <{label}> ?name }}")


def test_a_thousand_fields_are_read_and_a_form_bomb_is_not(house: House) -> None:
    form = event(house, "A thousand fields")
    form.fields.setlist("0:alt label", [f"name {number}" for number in range(1_000)])
    assert ">It " in page(press(house, form))
    bomb = event(house, "A bomb")
    bomb.fields.setlist("0:alt label", ["x"] * 50_000)
    assert press(house, bomb).status == 413
    many = event(house, "Many entries")
    many.fields.setlist("entry", [str(number) for number in range(400)])
    assert "at most 40 are read" in page(press(house, many), 400)
    assert press(house, Form()).status == 400


# Changing what is there.


def test_a_form_that_was_not_changed_changes_nothing(house: House) -> None:
    form = opened(house, f"/contribute/edit?iri={EVENT}")
    assert form.fields["0:label"] == "Stockholm+50 International Meeting"
    assert form.fields["0:event kind"] == "conference"
    assert form.fields["if_match"] == str(house.head())
    form.fields["token"] = house.submitter
    assert "<h1>Nothing to change</h1>" in page(press(house, form, SUBMIT))


def test_who_may_submit_adds_and_who_may_review_changes(house: House) -> None:
    form = opened(house, f"/contribute/edit?iri={EVENT}")
    add_name(form, "Fifty years after")
    form.fields["token"] = house.submitter
    assert "Accepted" in page(press(house, form, SUBMIT), 201)
    again = opened(house, f"/contribute/edit?iri={EVENT}")
    again.fields["0:event kind"] = "dialogue"
    again.fields["token"] = house.submitter
    told = page(press(house, again, SUBMIT), 403)
    assert "that others have brought" in told
    assert form_in(told).attributes["0:event kind"]["aria-invalid"] == "true"
    again.fields["token"] = house.reviewer
    assert "Accepted" in page(press(house, again, SUBMIT), 201)
    assert opened(house, f"/contribute/edit?iri={EVENT}").fields["0:event kind"] == "dialogue"


def test_a_change_of_others_meanwhile_is_told_and_then_made(house: House) -> None:
    mine = opened(house, f"/contribute/edit?iri={UNEMG}id/event/nd-15c-series")
    theirs = opened(house, f"/contribute/edit?iri={UNEMG}id/event/nd-15c-series")
    add_name(theirs, "Theirs")
    theirs.fields["token"] = house.submitter
    assert "Accepted" in page(press(house, theirs, SUBMIT), 201)
    add_name(mine, "Mine")
    mine.fields["token"] = house.submitter
    told = page(press(house, mine, SUBMIT), 412)
    assert f'<a href="/history/{house.head()}">' in told
    again = form_in(told)
    assert "Mine" in again.fields.getlist("0:alt label")
    add_name(again, "Theirs")
    again.fields["token"] = house.submitter
    assert "Accepted" in page(press(house, again, SUBMIT), 201)
    names = opened(house, f"/contribute/edit?iri={UNEMG}id/event/nd-15c-series").fields.getlist("0:alt label")
    assert {"Mine", "Theirs"} <= {*names}


def test_a_change_of_something_else_meanwhile_is_no_conflict(house: House) -> None:
    mine = opened(house, f"/contribute/edit?iri={UNEMG}id/event/ml-panel")
    other = event(house, "Elsewhere meanwhile")
    fill(other, {"token": house.submitter, "asked": "1"})
    page(press(house, other, SUBMIT), 201)
    add_name(mine, "Panel")
    mine.fields["token"] = house.submitter
    assert "Accepted" in page(press(house, mine, SUBMIT), 201)


@pytest.mark.parametrize("iri", ["", "https://w3id.org/unemg/id/event/none", '<>" javascript:x', "x" * 3000])
def test_a_thing_that_there_is_not_is_told(house: House, iri: str) -> None:
    status = 404 if iri else 400
    assert house.server.send("GET", f"/contribute/edit?iri={quote(iri)}", accept=BROWSER).status == status


# Programs.


def entries(**values: Any) -> list[dict[str, Any]]:
    passage = {
        "in document": "document:som28-midterm-progress-report",
        "section": "II.a",
        "anchor": "as a program says",
        "line": "77",
        "sentence": "2",
    }
    return [
        {
            "class": "emg:Event",
            "values": {"label@en": "By a program", "event kind": "webinar", "stated in": "here"} | values,
        },
        {"class": f"{UNEMG}ontology#Passage", "local": "here", "values": passage},
    ]


def submit(house: House, told: list[Mapping[str, Any]], path: str = "/submissions") -> Reply:
    return house.submit(json.dumps({"entries": told}), path, media_type=ENTRIES)


def test_a_program_sends_the_same_as_json(house: House) -> None:
    told = receipt(submit(house, entries(**{"event kind": "dialogue"})), 201)
    assert (told["changed"], told["removed"]) == (True, 0)
    assert house.holds(f"<{UNEMG}id/event/by-a-program> <{UNEMG}ontology#statedIn>/<{UNEMG}ontology#line> 77")
    assert receipt(submit(house, entries(**{"event kind": "dialogue"})))["changed"] is False


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({"stated in": "there"}, "entry 1, stated in"),
        ({"nothing": "x"}, "entry 1, nothing"),
        ({"position": "one"}, "entry 1, position"),
    ],
)
def test_a_program_is_told_of_its_mistakes_with_their_places(house: House, values: dict[str, str], place: str) -> None:
    told = problem(submit(house, entries(**values), "/validate"), 400)
    assert place in [each["place"] for each in told["problems"]]


def test_entries_that_tell_each_other_apart_in_a_circle_have_ids_all_the_same(house: House) -> None:
    said = {"verbatim@en": ["in May"], "date kind": ["occurrence"], "stated in": ["here"]}
    both = [
        {"class": "DateAssertion", "local": "one", "values": said | {"date of": ["other"]}},
        {"class": "DateAssertion", "local": "other", "values": said | {"date of": ["one"], "date": ["2023-05"]}},
    ]
    assert receipt(submit(house, [*both, entries()[1]], "/validate"))["conforms"]


def test_two_entries_of_one_name_are_told_apart(house: House) -> None:
    told = problem(submit(house, [entries()[1], entries()[1]], "/validate"), 400)
    assert told["problems"][0]["message"] == "two entries are called so"


def test_what_does_not_conform_is_told_to_a_program_with_its_place(house: House) -> None:
    told = problem(submit(house, [{"class": "Event", "values": {"label@en": ["Alone"], "stated in": []}}]), 422)
    places = {each["place"] for entity in told["results"] for each in entity["results"]}
    assert "entry 1, stated in" in places
    assert problem(submit(house, [{"class": "Evnt"}]), 400)["problems"][0]["place"] == "entry 1"
