"""Queries that run away, clients that do too, and processes that are killed: the service lives through all of it.

The server is `kg serve` as it is, with little memory for a query. Attacks are given little time, so that tests are
short, and others plenty, since the machine may be busy with more than that server.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median

import pytest

from kg.formats import FORMATS, formats_for
from kg.sources import is_reference
from tests.serving import JSON, Command, Reply, Server, eventually, query_path, serving
from tests.states import published

pytestmark = pytest.mark.alone

SECONDS = 2
# One attack alone leaves time enough to ask beside it many times.
ALONE_SECONDS = 1
# Many attacks at once go on for longer: while they begin, hardly more than two questions are asked on a busy machine.
CROWD_SECONDS = 4
# Half of the questions beside attacks, however many and long they are, are answered sooner.
MEDIAN_SECONDS = 0.5
# How much later than its deadline an answer may come on a machine that is busy with other things, too; a query that
# nobody stops takes far longer.
LATE_SECONDS = 1.5
# How long an attack is waited for that a test needs to be under way.
SOON_SECONDS = 10
LIMITS = {"KG_QUERY_SECONDS": "25", "KG_QUERY_MEGABYTES": "200"}
MEGABYTE = 1024 * 1024

Kg = Callable[..., "subprocess.CompletedProcess[str]"]

EVERYTHING = "?a ?b ?c . ?d ?e ?f"
CROSS = f"SELECT (COUNT(*) AS ?n) WHERE {{ {EVERYTHING} . ?g ?h ?i }}"
ENDLESS = f"SELECT * WHERE {{ {EVERYTHING} . ?g ?h ?i }}"
ENDLESS_GRAPH = f"CONSTRUCT {{ ?a ?e ?i }} WHERE {{ {EVERYTHING} . ?g ?h ?i }}"
CLASSES = "SELECT (COUNT(DISTINCT ?class) AS ?n) WHERE { ?thing a ?class }"

ATTACKS = {
    "counting everything times everything": CROSS,
    "sorting everything times everything": f"SELECT * WHERE {{ {EVERYTHING} }} ORDER BY ?f ?c",
    "grouping everything times everything": (
        f"SELECT ?a ?d (GROUP_CONCAT(?f) AS ?all) WHERE {{ {EVERYTHING} }} GROUP BY ?a ?d ?c"
    ),
    "distinct rows of everything times everything": f"SELECT (COUNT(DISTINCT *) AS ?n) WHERE {{ {EVERYTHING} }}",
    "a pattern that backtracks": (
        f'SELECT (COUNT(*) AS ?n) WHERE {{ {EVERYTHING} FILTER REGEX(CONCAT(STR(?c), STR(?f)), "(.*a)*(.*b)*$") }}'
    ),
    "a pattern that is huge": 'SELECT * WHERE { ?a ?b ?c FILTER REGEX(STR(?c), "((a{1,99}){1,99}){1,99}") }',
    "paths of any length from anywhere": "SELECT (COUNT(*) AS ?n) WHERE { ?a (!<x:x>|^!<x:x>)* ?b . ?c (!<x:x>)+ ?d }",
    "a hundred patterns": (
        "SELECT (COUNT(*) AS ?n) WHERE { " + " ".join(f"?x{at} ?p{at} ?x{at + 1} ." for at in range(100)) + " }"
    ),
    "a text that doubles forty times": (
        'SELECT (STRLEN(?t40) AS ?n) WHERE { BIND ("text" AS ?t0) '
        + " ".join(f"BIND (CONCAT(?t{at}, ?t{at}) AS ?t{at + 1})" for at in range(40))
        + " }"
    ),
}
BY_FORMAT = {row.name: ENDLESS if row in formats_for("SELECT") else ENDLESS_GRAPH for row in FORMATS}


@pytest.fixture(scope="module")
def server(kg_command: Command, state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(kg_command, state, tmp_path_factory.mktemp("runaway"), **LIMITS) as started:
        yield started


@pytest.fixture
def own(kg_command: Command, state: Path, tmp_path: Path) -> Iterator[Server]:
    """A server that a test may harm."""
    with serving(kg_command, state, tmp_path, **LIMITS) as started:
        yield started


def ask_anew(server: Server) -> int:
    """The number of classes, by a query that no one has asked before, so that no answer to it is kept."""
    reply = server.ask(f"{CLASSES} # {time.monotonic_ns()}")
    assert reply.status == 200, reply.text
    return int(json.loads(reply.text)["results"]["bindings"][0]["n"]["value"])


@pytest.fixture(scope="module")
def classes(state: Path) -> int:
    """The number of classes, counted in what is published and merged."""
    typed = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
    lines = [line.split() for line in published(state).decode().split("\n")[:-1]]
    return len({line[2] for line in lines if line[1] == typed and not is_reference(line[-2])})


def attack(server: Server, query: str, *, accept: str = JSON, seconds: int = SECONDS) -> Reply:
    return server.ask(query, accept=accept, timeout=str(seconds))


def assert_stopped(reply: Reply) -> None:
    problem = json.loads(reply.text)
    assert (reply.status, reply.headers.get_content_type()) == (503, "application/problem+json")
    assert problem["type"].rpartition("/")[2] in ("stopped", "busy")
    assert problem["remedy"]
    assert int(reply.headers["Retry-After"]) > 0


def assert_quiet(server: Server, *, seconds: float = 1.0) -> None:
    """Nothing computes any more."""
    assert eventually(lambda: not server.busy(), seconds=seconds), server.processes()


def assert_served_beside(
    attacks: Sequence[Future[Reply]], server: Server, classes: int, *, seconds: int = SECONDS
) -> None:
    """Until the attacks are over, others are answered: each within the time of an attack, most in far less."""
    taken = []
    while not all(attacking.done() for attacking in attacks):
        began = time.monotonic()
        assert ask_anew(server) == classes
        taken.append(time.monotonic() - began)
    assert max(taken) < seconds + LATE_SECONDS
    assert median(taken) < MEDIAN_SECONDS


# Queries that run away.


@pytest.mark.parametrize("name", ATTACKS)
def test_a_runaway_query_is_stopped_in_time_and_disturbs_nobody(server: Server, classes: int, name: str) -> None:
    with ThreadPoolExecutor(1) as attackers:
        attacking = attackers.submit(attack, server, ATTACKS[name], seconds=ALONE_SECONDS)
        assert_served_beside([attacking], server, classes, seconds=ALONE_SECONDS)
    reply = attacking.result()
    assert reply.seconds < ALONE_SECONDS + LATE_SECONDS
    if reply.status != 200:
        assert_stopped(reply)
    assert_quiet(server)
    assert ask_anew(server) == classes


def test_most_attacks_are_attacks_indeed(server: Server) -> None:
    with ThreadPoolExecutor(len(ATTACKS)) as attackers:
        replies = dict(zip(ATTACKS, attackers.map(lambda query: attack(server, query), ATTACKS.values()), strict=True))
    harmless = {name for name, reply in replies.items() if reply.status == 200}
    assert harmless <= {"a pattern that is huge"}


def test_all_attacks_at_once_leave_room_for_others(server: Server, classes: int) -> None:
    with ThreadPoolExecutor(2 * len(ATTACKS)) as attackers:
        twice = (*ATTACKS.values(), *ATTACKS.values())
        attacks = [attackers.submit(attack, server, query, seconds=CROWD_SECONDS) for query in twice]
        assert_served_beside(attacks, server, classes)
    for attacking in attacks:
        assert attacking.result().seconds < CROWD_SECONDS + LATE_SECONDS
        if attacking.result().status != 200:
            assert_stopped(attacking.result())
    assert_quiet(server)


def test_a_flood_of_clients_is_answered_or_turned_away_in_time(server: Server, classes: int) -> None:
    """Each asks for more than a worker may compute; together for more than may wait."""
    with ThreadPoolExecutor(200) as clients:
        replies = list(clients.map(lambda at: attack(server, f"{CROSS} # {at}"), range(200)))
    for reply in replies:
        assert_stopped(reply)
        assert reply.seconds < SECONDS + LATE_SECONDS
    assert {json.loads(reply.text)["type"].rpartition("/")[2] for reply in replies} == {"stopped", "busy"}
    assert_quiet(server)
    assert ask_anew(server) == classes


def test_pages_are_stopped_like_other_answers(server: Server, classes: int) -> None:
    with ThreadPoolExecutor(20) as clients:
        texts = [f"{CROSS} # {at}" for at in range(20)]
        pages = [clients.submit(attack, server, text, accept="text/html", seconds=CROWD_SECONDS) for text in texts]
        assert_served_beside(pages, server, classes)
    for page in pages:
        reply = page.result()
        assert (reply.status, reply.headers.get_content_type()) == (503, "text/html")
        assert "What to do" in reply.text
        assert reply.seconds < CROWD_SECONDS + LATE_SECONDS
    assert_quiet(server)


def test_a_page_does_not_hold_more_than_it_shows(server: Server) -> None:
    doubled = " ".join(f"BIND (CONCAT(?t{at}, ?t{at}) AS ?t{at + 1})" for at in range(18))
    before = server.memory_bytes(server.fronts())
    reply = server.ask(f"SELECT ?t18 WHERE {{ ?a ?b ?c BIND (STR(?a) AS ?t0) {doubled} }}", accept="text/html")
    assert reply.status == 400
    assert "too large for a page" in reply.text
    assert server.memory_bytes(server.fronts()) - before < 64 * MEGABYTE


# The time that a client gives.


@pytest.mark.parametrize(("seconds", "said"), [("0.3", "0.3 seconds"), ("1", "1 second")])
def test_a_client_may_give_less_time(server: Server, seconds: str, said: str) -> None:
    reply = server.ask(CROSS, timeout=seconds)
    assert_stopped(reply)
    assert json.loads(reply.text)["detail"].endswith(f" stopped after {said}")
    assert float(seconds) <= reply.seconds < float(seconds) + LATE_SECONDS


def test_a_client_cannot_give_more_time(kg_command: Command, state: Path, tmp_path: Path) -> None:
    with serving(kg_command, state, tmp_path, KG_QUERY_SECONDS=str(ALONE_SECONDS)) as server:
        reply = server.ask(CROSS, timeout="60")
    assert_stopped(reply)
    assert reply.seconds < ALONE_SECONDS + LATE_SECONDS


@pytest.mark.parametrize("seconds", ["", "-1", "soon", "1e3", "nan", "inf", "1s", "٣"])
def test_a_time_that_is_none_is_refused(server: Server, seconds: str) -> None:
    reply = server.ask("ASK {}", timeout=seconds)
    assert reply.status == 400
    assert "timeout" in json.loads(reply.text)["detail"]
    assert "seconds" in json.loads(reply.text)["remedy"]


# Clients that leave, and clients that are slow.


@pytest.mark.parametrize("accept", [JSON, "text/html"])
def test_a_client_that_leaves_before_the_answer_ends_its_query(server: Server, accept: str) -> None:
    connection = server.connect()
    connection.request("GET", query_path(CROSS, timeout="60"), headers={"Accept": accept})
    assert eventually(server.busy, seconds=SOON_SECONDS)
    connection.close()
    assert_quiet(server)


def test_a_client_that_leaves_in_mid_stream_ends_its_query(server: Server) -> None:
    connection = server.connect()
    connection.request("GET", query_path(ENDLESS, timeout=str(SECONDS)), headers={"Accept": JSON})
    response = connection.getresponse()
    assert len(response.read(MEGABYTE)) == MEGABYTE
    workers = {worker.pid for worker in server.workers()}
    response.close()
    connection.close()
    assert_quiet(server)
    assert eventually(lambda: workers - {worker.pid for worker in server.workers()}, seconds=1)


@pytest.mark.parametrize("name", [name for name in BY_FORMAT if name != "html"])
def test_an_answer_that_breaks_off_never_looks_whole(server: Server, name: str) -> None:
    """On a connection that has served before, and in less time than it takes; more time when nothing comes at all."""
    for seconds in ("0.3", "1", "2"):
        with closing(server.connect()) as connection:
            connection.request("GET", query_path("ASK {}"))
            assert connection.getresponse().read()
            connection.request("GET", query_path(BY_FORMAT[name], format=name, timeout=seconds))
            response = connection.getresponse()
            if response.status == 200:
                with pytest.raises((http.client.IncompleteRead, ConnectionError)):
                    response.read()
                break
            assert response.status == 503
    else:
        pytest.fail("no part of the answer came in time")
    assert_quiet(server)


def test_a_client_that_cannot_tell_gets_no_part_of_an_answer(server: Server) -> None:
    """HTTP/1.0 knows the end of the connection only."""
    for query, status in ((ENDLESS, b"503"), ("SELECT * WHERE { ?s ?p ?o }", b"200")):
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
            client.sendall(f"GET {query_path(query, timeout='1')} HTTP/1.0\r\nAccept: text/csv\r\n\r\n".encode())
            head, _, body = b"".join(iter(lambda: client.recv(MEGABYTE), b"")).partition(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        assert head.split()[1] == status
        assert int(length.split()[1]) == len(body) > 0


def test_a_slow_reader_costs_no_memory_and_is_not_cut_off_at_the_deadline(server: Server) -> None:
    """The worker has what it needs for its answer when the first part of it is there; from then on nothing grows."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        client.connect(("127.0.0.1", server.port))
        client.settimeout(10)
        client.sendall(
            f"GET {query_path(ENDLESS, timeout=str(SECONDS))} HTTP/1.1\r\nHost: x\r\nAccept: text/csv\r\n\r\n".encode()
        )
        assert client.recv(64 * 1024)
        time.sleep(0.5)
        before = most = server.memory_bytes()
        started, taken = time.monotonic(), 0
        while time.monotonic() < started + 2.5 * SECONDS:
            taken += len(client.recv(64 * 1024))
            most = max(most, server.memory_bytes())
            time.sleep(0.1)
        workers = {worker.pid for worker in server.workers()}
        assert client.recv(1)
    assert taken > MEGABYTE
    assert most - before < 32 * MEGABYTE
    assert eventually(lambda: workers - {worker.pid for worker in server.workers()}, seconds=1)
    assert_quiet(server)


# More than can be answered at once.


def test_who_cannot_wait_is_turned_away_at_once_and_who_can_is_served(
    kg_command: Command, state: Path, tmp_path: Path, classes: int
) -> None:
    few = {"KG_PROCESSES": "1", "KG_WORKERS": "2", "KG_WAITING": "3"}
    with serving(kg_command, state, tmp_path, **LIMITS, **few) as server, ThreadPoolExecutor(10) as clients:
        slow = [clients.submit(server.ask, f"{CROSS} # {at}", timeout="3") for at in range(2)]
        assert eventually(lambda: len(server.busy()) == 2, seconds=SOON_SECONDS)
        waiting = [clients.submit(ask_anew, server) for _ in range(3)]
        time.sleep(0.1)
        surplus = list(clients.map(lambda at: server.ask(f"{CLASSES} # surplus {at}"), range(4)))
        assert not any(answer.done() for answer in (*slow, *waiting))
        for reply in surplus:
            assert_stopped(reply)
            assert json.loads(reply.text)["type"].endswith("/busy")
        assert [answer.result() for answer in waiting] == [classes] * 3
        for answer in slow:
            assert_stopped(answer.result())
        assert server.send("GET", "/").status == 200


# Processes that are killed.


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def test_a_killed_idle_worker_is_replaced(own: Server, classes: int) -> None:
    for _ in range(3):
        assert ask_anew(own) == classes
        for worker in own.workers():
            kill(worker.pid)
    assert ask_anew(own) == classes


def test_a_killed_busy_worker_ends_its_query_only(own: Server, classes: int) -> None:
    with ThreadPoolExecutor(1) as clients:
        query = clients.submit(own.ask, CROSS, timeout="20")
        busy: set[int] = set()
        assert eventually(lambda: busy.update(own.busy()) or busy, seconds=SOON_SECONDS)
        for pid in busy:
            kill(pid)
        killed = time.monotonic()
        assert_stopped(query.result())
        assert time.monotonic() - killed < LATE_SECONDS
    assert ask_anew(own) == classes


def ask_until_it_is_there(server: Server) -> int:
    """As `ask_anew`; who is told that no turn came until the deadline, as starting may take longer, asks again."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        reply = server.ask(f"{CLASSES} # {time.monotonic_ns()}")
        if reply.status == 200:
            break
        assert (reply.status, json.loads(reply.text)["type"].rsplit("/", 1)[1]) == (503, "busy"), reply.text
    return ask_anew(server)


def test_a_killed_opener_is_started_anew(own: Server, classes: int) -> None:
    first = own.openers()
    with ThreadPoolExecutor(8) as clients:
        for opener in first:
            kill(opener.pid)
        for worker in own.workers():
            kill(worker.pid)
        assert list(clients.map(lambda _: ask_until_it_is_there(own), range(8))) == [classes] * 8
    assert len(own.openers()) == 1
    assert own.openers() != first


def test_a_killed_front_is_started_anew(own: Server, classes: int) -> None:
    first = {front.pid for front in own.fronts()}
    assert len(first) == 2
    kill(min(first))
    assert eventually(lambda: len({front.pid for front in own.fronts()} - {min(first)}) == 2, seconds=10)
    time.sleep(0.5)
    assert [ask_anew(own) for _ in range(20)] == [classes] * 20


def test_nothing_survives_the_killed_main_process(own: Server) -> None:
    with ThreadPoolExecutor(1) as clients:
        query = clients.submit(own.ask, CROSS)
        assert eventually(own.busy, seconds=SOON_SECONDS)
        own.process.kill()
        with pytest.raises((OSError, http.client.HTTPException)):
            query.result()
    own.process.wait()
    assert eventually(lambda: not own.processes(), seconds=3), own.processes()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("work", ["idle", "busy"])
def test_a_server_that_is_told_to_end_ends_without_a_trace(
    kg_command: Command, state: Path, tmp_path: Path, how: signal.Signals, work: str
) -> None:
    """Even when one client waits for an answer, one for a page, and one does not take what it asked for."""
    with serving(kg_command, state, tmp_path, KG_QUERY_SECONDS="60") as server:
        assert list(server.temporary.iterdir())
        clients = [server.connect() for _ in range(3)] if work == "busy" else []
        for client, query, accept in zip(clients, (CROSS, CROSS, ENDLESS), (JSON, "text/html", JSON), strict=False):
            client.request("GET", query_path(query), headers={"Accept": accept})
        assert not clients or eventually(lambda: len(server.busy()) >= 2, seconds=SOON_SECONDS)
        server.process.send_signal(how)
        assert server.process.wait(15) == 0, server.log.read_text()
        assert eventually(lambda: not server.processes(), seconds=1), server.processes()
        assert not list(server.temporary.iterdir())
        assert "Traceback" not in server.log.read_text()
        for client in clients:
            client.close()


def test_who_waits_when_the_server_is_told_to_end_hears_of_it(kg_command: Command, state: Path, tmp_path: Path) -> None:
    with serving(kg_command, state, tmp_path, KG_QUERY_SECONDS="60") as server, ThreadPoolExecutor(1) as clients:
        query = clients.submit(server.ask, CROSS)
        assert eventually(server.busy, seconds=SOON_SECONDS)
        server.process.send_signal(signal.SIGTERM)
        reply = query.result()
        assert (reply.status, reply.headers["Retry-After"]) == (503, "2")
        assert "is being stopped" in reply.text
        assert server.process.wait(15) == 0, server.log.read_text()


# Snapshots that come, and one that is broken.


BOOKS = """
SELECT ?book ?label WHERE {
  ?book a <https://library.example/Book> ; <http://www.w3.org/2000/01/rdf-schema#label> ?label
}
"""


def publish(kg: Kg, content: Path, state: Path, edition: int) -> None:
    """Publish the two books in another edition, which is part of their titles."""
    books = content / "data/books.trig"
    text = re.sub(r'"(Emma|Persuasion)[^"]*"', rf'"\1 edition {edition}."', books.read_text(encoding="utf-8"))
    books.write_text(text, encoding="utf-8")
    built = kg("build", content=content, state=state)
    assert built.returncode == 0, built.stderr


def editions(reply: Reply) -> set[tuple[str, int]]:
    assert reply.status == 200, reply.text
    return {(title, int(number)) for title, number in re.findall(r"(Emma|Persuasion) edition ([0-9]+)\.", reply.text)}


@contextmanager
def clients_that_ask(server: Server, count: int) -> Iterator[list[int | Exception]]:
    """Clients that ask for rows and pages without a pause; gives the editions they see, or what went wrong."""
    seen: list[int | Exception] = []
    stop = threading.Event()

    def ask(accept: str) -> None:
        while not stop.is_set():
            try:
                titles = editions(server.ask(f"{BOOKS} # {len(seen) % 3}", accept=accept))
                assert {title for title, _ in titles} == {"Emma", "Persuasion"}
                (edition,) = {number for _, number in titles}
                seen.append(edition)
            except (AssertionError, ValueError, OSError, http.client.HTTPException) as error:
                seen.append(error)

    with ThreadPoolExecutor(count) as clients:
        for at in range(count):
            clients.submit(ask, "text/html" if at % 2 else "text/csv")
        try:
            yield seen
        finally:
            stop.set()


def open_files(server: Server) -> int:
    """The open files of the processes that stay."""
    staying = [server.process.pid, *(front.pid for front in server.fronts())]
    return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in staying)


def test_each_answer_is_wholly_of_one_snapshot_while_others_are_published(
    kg: Kg, kg_command: Command, small_content: Path, library: Path, tmp_path: Path
) -> None:
    publish(kg, small_content, library, 1)
    with serving(kg_command, library, tmp_path / "server") as server:
        publish(kg, small_content, library, 2)
        assert eventually(lambda: editions(server.ask(BOOKS)) == {("Emma", 2), ("Persuasion", 2)}, seconds=2)
        assert eventually(lambda: len(server.servers()) == 1, seconds=3)
        files, count = open_files(server), len(server.processes()) - len(server.workers())
        with clients_that_ask(server, 8) as seen:
            for edition in range(3, 7):
                publish(kg, small_content, library, edition)
                expected = {("Emma", edition), ("Persuasion", edition)}
                assert eventually(lambda: editions(server.ask(BOOKS)) == expected, seconds=2)  # noqa: B023
                time.sleep(0.2)
                seen.append(-edition)  # from here on, no client may see an older one
                time.sleep(0.3)
        assert not [problem for problem in seen if isinstance(problem, Exception)]
        newest = 0
        for number in seen:
            newest = max(newest, -number)
            assert number < 0 or number >= newest
        assert set(seen) >= set(range(3, 7))
        assert eventually(lambda: len(server.servers()) == 1, seconds=3), server.processes()
        assert eventually(lambda: open_files(server) <= files + 2 * 4, seconds=3)
        assert len(server.processes()) - len(server.workers()) == count
        assert "Traceback" not in server.log.read_text()


def test_a_snapshot_that_cannot_be_opened_is_told_and_the_one_before_stays_in_service(
    kg: Kg, kg_command: Command, small_content: Path, library: Path, tmp_path: Path
) -> None:
    publish(kg, small_content, library, 1)
    with serving(kg_command, library, tmp_path / "server") as server:
        good = library / os.readlink(library / "current")
        broken = shutil.copytree(good, good.with_name("000099"))
        (broken / "store/CURRENT").write_text("nothing", encoding="utf-8")
        told = json.loads((broken / "snapshot.json").read_text(encoding="utf-8"))
        # Of the same commit as what is in memory, it would not have to be read.
        (broken / "snapshot.json").write_text(json.dumps(told | {"digest": "0" * 64}), encoding="utf-8")
        (library / "current.new").symlink_to("snapshots/000099")
        (library / "current.new").replace(library / "current")
        assert eventually(lambda: "snapshot 000099 cannot be opened" in server.log.read_text(), seconds=5)
        assert f"in service stays {good.name}" in server.log.read_text()
        time.sleep(1)
        assert server.log.read_text().count("cannot be used") == 1
        assert editions(server.ask(f"{BOOKS} # anew")) == {("Emma", 1), ("Persuasion", 1)}
        publish(kg, small_content, library, 2)
        assert eventually(lambda: editions(server.ask(BOOKS)) == {("Emma", 2), ("Persuasion", 2)}, seconds=5)
