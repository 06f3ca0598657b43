"""The parts of the benchmarks that are no timings: data, requests, comparison, report."""

# ruff: noqa: RUF001 - the sign for times is meant

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from pyoxigraph import RdfFormat, Store, parse

import kg.submit
from bench.figures import Figure, ratio, ratio_of_means, rounded
from bench.generate import lines, write_dataset
from bench.growing import copier, new_place, new_report, numbered, stated, triples_of
from bench.http import Address, Reading, fetch, get_request
from bench.load import Job, work
from bench.measure import Bench, Engine, Harm, Pace, compare_answers, measure_harm
from bench.mixes import emg_questions, mixes_of, shop_questions
from bench.publish import publish
from bench.report import Run, chart_groups, markdown, svg
from bench.services import BASELINE, OURS, Service
from bench.warming import keep_warm, warm_up
from bench.writing import CountedStore, Stopwatch, total
from kg.sparql import Limits, vet
from kg.store import Snapshots

_ROOT = Path(__file__).parents[2]
_SOME = 20_000


def _figure(case: str, service: str, *values: float, measure: str = "requests", unit: str = "1/s") -> Figure:
    return Figure("the data", measure, case, service, unit, values)


class TestGenerate:
    def test_gives_the_same_bytes_anywhere(self) -> None:
        text = "".join(lines(1000))
        assert sha256(text.encode()).hexdigest() == "91eba250b6319f7ad566925c2e3eef59f7478d3c20ab2e20d7cc79710fe429e2"

    def test_gives_at_most_what_was_asked_for_and_nearly_all_of_it(self, tmp_path: Path) -> None:
        path = tmp_path / "shop.nq"
        count = write_dataset(path, _SOME)
        assert _SOME - 200 < count <= _SOME
        assert count == len(path.read_bytes().splitlines())

    def test_begins_with_the_smaller_dataset(self) -> None:
        small, large = list(lines(2000)), list(lines(4000))
        assert large[: len(small)] == small

    def test_is_rdf_without_repeated_quads_or_dangling_references(self) -> None:
        quads = list(parse("".join(lines(_SOME)), format=RdfFormat.N_QUADS))
        assert len(set(quads)) == len(quads)
        subjects = {quad.subject for quad in quads}
        named = {quad.object for quad in quads if quad.predicate.value.startswith("http://shop.example/")}
        assert not {term for term in named if "/shop.example/" in str(term)} - subjects


class TestPublish:
    def test_makes_a_snapshot_of_all_quads_of_a_file(self, tmp_path: Path) -> None:
        count = write_dataset(tmp_path / "shop.nq", 1000)
        publish(tmp_path / "shop.nq", tmp_path / "state")
        snapshot = Snapshots(tmp_path / "state", memory_quads=1).current()
        assert snapshot.nquads().splitlines() == sorted((tmp_path / "shop.nq").read_bytes().splitlines())
        assert snapshot.description.quads == count


class TestGrowing:
    _ID = "https://w3id.org/unemg/id/"
    _PAGE = "<https://w3id.org/unemg/graph/page> ."
    _LINES = (
        f'<{_ID}event/e> <x:label> "E" {_PAGE}',
        f"<{_ID}event/e> <x:in> <{_ID}place/p> {_PAGE}",
        f"<{_ID}place/p> <x:size> <{_ID}size/large> {_PAGE}",
        f"<{_ID}agency/a> <x:holds> <{_ID}event/e> {_PAGE}",
        f"<{_ID}size/large> <x:than> <{_ID}size/small> {_PAGE}",
        f'<{_ID}size/large> <x:label> "Large" <https://w3id.org/unemg/graph/vocabularies> .',
    )

    def test_copies_what_is_described_and_nothing_that_is_shared(self) -> None:
        assert list(copier(self._LINES)(7)) == [
            f'<{self._ID}event/e-copy7> <x:label> "Copy 7: E" {self._PAGE}',
            f"<{self._ID}event/e-copy7> <x:in> <{self._ID}place/p-copy7> {self._PAGE}",
            f"<{self._ID}place/p-copy7> <x:size> <{self._ID}size/large> {self._PAGE}",
        ]

    def test_leaves_out_evidence_for_what_no_copy_has(self) -> None:
        about = "<https://w3id.org/unemg/ontology#subject>"
        evidence = [
            f"<{self._ID}statement/{node}> {about} <{self._ID}{subject}> {self._PAGE}"
            for node, subject in (("1", "agency/a"), ("2", "event/e"))
        ]
        copied = list(copier([*self._LINES, *evidence])(1))
        assert [line for line in copied if about in line] == [
            f"<{self._ID}statement/2-copy1> {about} <{self._ID}event/e-copy1> {self._PAGE}"
        ]

    def test_counts_a_triple_of_two_graphs_once_and_no_conclusion(self, tmp_path: Path) -> None:
        told = ["<x:a> <x:b> <x:c> <x:g> .", "<x:a> <x:b> <x:c> <x:h> .", "<x:d> <x:b> <x:c> <x:/graph/entailed/r> ."]
        assert triples_of(told, tmp_path / "told.nt") == 1
        assert (tmp_path / "told.nt").read_text() == "<x:a> <x:b> <x:c> .\n"

    def test_each_number_gives_another_thing(self) -> None:
        told = [
            "<x:d> <https://w3id.org/unemg/ontology#producedBy> <x:/workstream/w> <x:g> .",
            "<x:p> <https://w3id.org/unemg/ontology#inDocument> <x:document> <x:g> .",
        ]
        for text in (new_report(told), new_place(told)):
            first, second = ({*stated(numbered(text, number), "x:g")} for number in (1, 2))
            assert first
            assert not first & second


class TestStopwatch:
    def test_counts_what_is_read_with_the_innermost_part(self) -> None:
        store = CountedStore(Store())
        watch = Stopwatch(store)
        with watch.part("outer"):
            store.query("ASK {}")
            with watch.part("inner"):
                list(store.quads_for_pattern(None, None, None, None))
                assert not list(store.named_graphs())
            store.query("ASK {}")
        assert {part: cost.reads for part, cost in watch.costs.items()} == {"outer": 2, "inner": 1}
        assert total(watch.costs, ("outer", "inner")).reads == 3

    def test_leaves_the_write_path_as_it_was(self) -> None:
        before = kg.submit.changes_of
        with Stopwatch(CountedStore(Store())).watching():
            assert kg.submit.changes_of is not before
        assert kg.submit.changes_of is before


class TestMixes:
    def test_every_question_about_the_shop_has_an_answer(self) -> None:
        store = Store()
        store.extend(parse("".join(lines(_SOME)), format=RdfFormat.N_QUADS))
        empty = [
            question.case
            for question in shop_questions(_SOME)
            if not any(any(True for _ in _rows(store, question.variant(number))) for number in range(20))
        ]
        assert empty == []

    def test_variants_ask_about_different_things(self) -> None:
        question = next(each for each in shop_questions(_SOME) if each.name == "label")
        assert len({question.variant(number) for number in range(50)}) == 50

    def test_has_all_mixes(self) -> None:
        assert mixes_of(shop_questions(_SOME)) == ["small", "star", "path", "aggregate", "text"]

    def test_takes_every_stored_question(self) -> None:
        stored = [each for each in emg_questions(_ROOT / "queries") if each.mix == "stored"]
        files = [*(_ROOT / "queries/competency").glob("*.rq"), *(_ROOT / "queries/explore").glob("*.rq")]
        assert {each.name for each in stored} == {f"{path.parent.name}/{path.stem}" for path in files}
        for question in stored:
            vet(question.text, Limits())


def _rows(store: Store, query: str) -> list[object]:
    found = store.query(query)
    return [True] if type(found).__name__ == "QueryBoolean" else list(found)  # type: ignore[arg-type]


class TestReading:
    @pytest.mark.parametrize("step", [1, 2, 7, 1000])
    @pytest.mark.parametrize(
        ("head", "body"),
        [
            (b"Content-Length: 11", b"hello world"),
            (b"content-length: 0", b""),
            (b"Transfer-Encoding: chunked", b"b\r\nhello world\r\n0\r\n\r\n"),
            (b"transfer-encoding: chunked", b"0\r\n\r\n"),
        ],
    )
    def test_ends_with_the_last_byte_of_an_answer(self, head: bytes, body: bytes, step: int) -> None:
        answer = b"HTTP/1.1 200 OK\r\nServer: x\r\n" + head + b"\r\n\r\n" + body
        reading = Reading()
        ends = [reading.take(answer[start : start + step]) for start in range(0, len(answer), step)]
        assert ends == [False] * (len(ends) - 1) + [True]
        assert (reading.status, reading.received) == (200, len(body))

    def test_tells_of_an_answer_that_breaks_off(self) -> None:
        here, there = socket.socketpair()
        there.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello")
        there.close()
        with here:
            assert fetch(here, b"GET / HTTP/1.1\r\n\r\n").status == 0

    def test_asks_as_the_protocol_says(self) -> None:
        request = get_request(Address(81, "/sparql"), "ASK {}\n#é")
        assert request.startswith(b"GET /sparql?query=ASK%20%7B%7D%0A%23%C3%A9 HTTP/1.1\r\nHost: 127.0.0.1:81\r\n")
        assert request.endswith(b"\r\n\r\n")


class _Listener:
    """A server that answers each request with 200, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        self._socket.settimeout(10)
        connection, _ = self._socket.accept()
        connection.settimeout(10)
        with connection, suppress(OSError):  # the load generator leaves in the midst of an answer
            while data := connection.recv(65536):
                self.asked.append(data)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


class _Yes(BaseHTTPRequestHandler):
    """Answers yes to everything."""

    def do_GET(self) -> None:
        body = b'{"head": {}, "boolean": true}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return None


@contextmanager
def _bench(folder: Path, *, most_seconds: float) -> Iterator[Bench]:
    """A bench of one service, which answers yes to everything."""
    (folder / "empty.nq").touch()
    engine = Engine("memory", str(folder / "empty.nq"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Yes)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    service = Service(OURS, process, Address(server.server_port, "/"), 0.0)
    try:
        yield Bench("the data", [service], engine, Pace(1, 0.1, 5.0, most_seconds))
    finally:
        process.communicate()
        server.shutdown()
        thread.join()
        server.server_close()
        engine.stop()


class TestComparison:
    def test_leaves_out_a_service_that_takes_too_long_over_all_questions(self, tmp_path: Path) -> None:
        with _bench(tmp_path, most_seconds=-1.0) as bench:
            compared = compare_answers(bench, shop_questions(_SOME), reference=OURS)
        assert compared.given_up == {OURS}
        assert compared.remarks == [f"the data: {OURS} is left out, it took over -1 s"]

    def test_asks_every_question_of_one_that_does_not(self, tmp_path: Path) -> None:
        with _bench(tmp_path, most_seconds=60.0) as bench:
            compared = compare_answers(bench, shop_questions(_SOME), reference=OURS)
        assert (compared.given_up, compared.unanswered, compared.remarks) == (frozenset(), frozenset(), [])


class TestHarm:
    def test_has_no_bound_for_a_service_that_was_gone_before(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("bench.measure._CALM_SECONDS", 0.05)
        with _bench(tmp_path, most_seconds=5.0) as bench:
            gone = replace(bench.services[0], address=Address(1, "/"))
            harm = measure_harm(gone, shop_questions(_SOME)[:1], ["cross product"], deadline_seconds=0.05)
        assert harm == Harm(times_p50=float("inf"), failed=0, ended_seconds=float("inf"), alive=False)


class TestWarming:
    def _service(self, port: int, *, warm_seconds: float) -> Service:
        process = subprocess.Popen([sys.executable, "-c", ""])
        process.wait()
        return Service("a peer", process, Address(port, "/"), 0.0, warm_seconds=warm_seconds)

    def test_asks_a_service_that_needs_it_over_and_over_in_new_words(self) -> None:
        listener = _Listener()
        questions = shop_questions(_SOME)[:2]
        warm_up(self._service(listener.port, warm_seconds=0.1), questions)
        listener.close()
        assert len(set(listener.asked)) == len(listener.asked) > len(questions)

    def test_asks_one_again_that_is_started_anew(self) -> None:
        first, second = _Listener(), _Listener()
        service = self._service(first.port, warm_seconds=0.05)
        service.again = lambda: self._service(second.port, warm_seconds=0.05)
        keep_warm(service, shop_questions(_SOME)[:1])
        assert (first.asked != [], second.asked) == (True, [])
        service.restart()
        first.close()
        second.close()
        assert second.asked

    def test_asks_no_other(self) -> None:
        nobody_listens = self._service(1, warm_seconds=0.0)
        warm_up(nobody_listens, shop_questions(_SOME))


class TestLoad:
    def test_counts_what_was_answered_and_makes_every_text_new(self) -> None:
        listener = _Listener()
        outcome = work(Job(listener.port, [("GET /", " HTTP/1.1\r\n\r\n")], 1, 0.1, first_number=100))
        listener.close()
        assert outcome.failed == 0
        assert 0 < outcome.answered <= len(listener.asked) <= outcome.answered + 1
        assert listener.asked[:2] == [b"GET /101 HTTP/1.1\r\n\r\n", b"GET /102 HTTP/1.1\r\n\r\n"]
        assert len(set(listener.asked)) == len(listener.asked)
        assert 0 < outcome.p50_milliseconds <= outcome.p99_milliseconds

    def test_repeats_the_same_requests_when_no_number_is_given(self) -> None:
        listener = _Listener()
        work(Job(listener.port, [("GET /", "a HTTP/1.1\r\n\r\n"), ("GET /", "b HTTP/1.1\r\n\r\n")], 1, 0.05))
        listener.close()
        assert set(listener.asked) == {b"GET /a HTTP/1.1\r\n\r\n", b"GET /b HTTP/1.1\r\n\r\n"}


class TestFigures:
    def test_compares_round_by_round(self) -> None:
        assert ratio(_figure("x", OURS, 2.0, 30.0, 8.0), _figure("x", BASELINE, 1.0, 10.0, 2.0)) == 3.0

    def test_compares_medians_where_rounds_are_missing(self) -> None:
        assert ratio(_figure("x", OURS, 6.0), _figure("x", BASELINE, 1.0, 3.0, 9.0)) == 2.0

    def test_compares_only_what_both_have(self) -> None:
        mine = [_figure("a", OURS, 2.0), _figure("b", OURS, 8.0), _figure("c", OURS, 1000.0)]
        assert ratio_of_means(mine, [_figure("a", BASELINE, 1.0), _figure("b", BASELINE, 1.0)]) == pytest.approx(4.0)
        assert ratio_of_means(mine, []) is None

    def test_bears_a_round_without_an_answer(self) -> None:
        assert ratio_of_means([_figure("x", OURS, 0.0)], [_figure("x", BASELINE, 2.0)]) == 0.0
        assert ratio_of_means([_figure("x", OURS, 2.0)], [_figure("x", BASELINE, 0.0)]) == float("inf")
        unanswered = [_figure("x", OURS, float("inf"))]
        assert ratio_of_means(unanswered, [_figure("x", BASELINE, 2.0)]) == float("inf")

    def test_keeps_four_digits_and_has_no_number_for_what_has_no_bound(self) -> None:
        assert [rounded(1234567.0), rounded(0.00123456), rounded(float("inf"))] == [1235000.0, 0.001235, None]


_RUN = Run(
    "A run",
    {"machine": "small"},
    [
        _figure("small, repeated, 8 connections", OURS, 3000.0),
        _figure("small, repeated, 8 connections", BASELINE, 1500.0),
        _figure("path: a", OURS, 2.0, measure="latency", unit="ms"),
        _figure("path: b", OURS, 8.0, measure="latency", unit="ms"),
        _figure("path: a", BASELINE, 1.0, measure="latency", unit="ms"),
        _figure("path: b", "bare engine", 4.0, measure="latency", unit="ms"),
        _figure("all at once", OURS, float("inf"), measure="harm end", unit="s"),
    ],
    ["Virtuoso is not installed"],
    "2 s",
)


class TestReport:
    def test_shows_figures_with_their_ratio_to_the_baseline(self) -> None:
        text = markdown(_RUN, "chart.svg")
        assert f"| 1/s | {OURS} | {BASELINE} |" in text
        assert "| small, repeated, 8 connections | 3,000 (2.00×) | 1,500 |" in text

    def test_shows_the_mean_of_a_mix_and_how_much_of_it_was_answered(self) -> None:
        text = markdown(_RUN, "chart.svg")
        assert "| path | 4.00 (2.00×) | 1.00, 1 of 2 | 4.00, 1 of 2 | 2.00× |" in text

    def test_shows_the_sum_of_those_who_answer_all(self) -> None:
        text = markdown(_RUN, "chart.svg")
        assert "| all, one after the other: sum | 10.0 | – | – |  |" in text
        third = [_figure("path: c", name, 5.0, measure="latency", unit="ms") for name in (OURS, "bare engine")]
        text = markdown(replace(_RUN, figures=[*_RUN.figures, *third]), "chart.svg")
        assert "| all, one after the other: sum | 15.0 | – | – |  |" in text
        more = [
            _figure("path: b", BASELINE, 3.0, measure="latency", unit="ms"),
            _figure("path: a", "bare engine", 1.0, measure="latency", unit="ms"),
        ]
        text = markdown(replace(_RUN, figures=[*_RUN.figures, *more]), "chart.svg")
        assert "| all, one after the other: sum | 10.0 (2.50×) | 4.00 | 5.00 (1.25×) | 2.00× |" in text

    def test_shows_what_is_slow_by_itself_apart(self) -> None:
        text = markdown(_RUN, "chart.svg")
        assert "| all that take the bare engine 2 ms or more | 8.00 | – | 4.00 | 2.00× |" in text

    def test_shows_what_did_not_end_and_what_was_left_out(self) -> None:
        text = markdown(_RUN, "chart.svg")
        assert "| all at once | ∞ |" in text
        assert "the deadline was 2 s" in text
        assert "- Virtuoso is not installed" in text
        assert "![Ratios to oxigraph serve, memory](chart.svg)" in text

    def test_charts_how_many_times_better_a_service_is(self) -> None:
        groups = {group.label: group.times for group in chart_groups(_RUN.figures)}
        assert groups["the data: requests/s, small, repeated, 8 connections"] == {OURS: 2.0}
        assert groups["the data: latency, path"] == {OURS: pytest.approx(0.5)}

    def test_draws_a_chart_that_is_xml_with_a_bar_for_each_ratio(self) -> None:
        root = ET.fromstring(svg(chart_groups(_RUN.figures)))  # noqa: S314 - our own text
        titles = [each.text for each in root.iter("{http://www.w3.org/2000/svg}title")]
        assert f"{OURS}: 2.00×" in titles
        assert f"{OURS}: 0.50×" in titles
