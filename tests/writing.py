"""A server that is written to, for tests: who asks, with which token, and what is there then."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from kg.settings import UNION
from tests.serving import Command, Reply, Server, query_path, serving
from tests.states import assert_whole
from tests.stocked import BASE, SANDITON, stock
from tests.submitting import UNLIMITED, make_token

TURTLE = "text/turtle"
UPDATE = "application/sparql-update"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
GRAPH = f"{BASE}graph/"


@dataclass(frozen=True)
class House:
    """A server, and tokens with which to write."""

    server: Server
    state: Path
    submitter: str
    reviewer: str

    def send(self, method: str, path: str, body: str | bytes = b"", media_type: str = TURTLE, **headers: str) -> Reply:
        """One request of somebody who may do this and no more; `authorization=""`: of somebody without a token."""
        data = body.encode() if isinstance(body, str) else body
        token = self.submitter if path.startswith("/submissions") else self.reviewer
        sent = {"content_type": media_type, "authorization": f"Bearer {token}"} | headers
        return self.server.send(method, path, data, **{name: value for name, value in sent.items() if value})

    def submit(self, text: str | bytes, path: str = "/submissions", **headers: str) -> Reply:
        return self.send("POST", path, text, **headers)

    def form(self, path: str, parts: Mapping[str, Any], **headers: str) -> Reply:
        """A form with files (name and bytes) and texts."""
        values = {
            name: FileStorage(io.BytesIO(part[1]), filename=part[0]) if isinstance(part, tuple) else part
            for name, part in parts.items()
        }
        boundary, data = encode_multipart(values)
        return self.send("POST", path, data, f"multipart/form-data; boundary={boundary}", **headers)

    def revert(self, revision: int) -> Reply:
        return self.submit("", f"/submissions/{revision}/revert", authorization=f"Bearer {self.reviewer}")

    def told(self, path: str, **headers: str) -> Any:
        reply = self.server.send("GET", path, **headers)
        assert reply.status == 200, reply.text
        return json.loads(reply.body)

    def head(self) -> int:
        """The last revision."""
        return int(self.told("/history")["commits"][0]["revision"])

    def rows(self, query: str, **parameters: str) -> list[list[str]]:
        reply = self.server.send("GET", query_path(query, **parameters), accept="application/sparql-results+json")
        assert reply.status == 200, reply.text
        answer = json.loads(reply.body)
        return [
            [row[name]["value"] if name in row else "" for name in answer["head"]["vars"]]
            for row in answer["results"]["bindings"]
        ]

    def holds(self, pattern: str, **parameters: str) -> bool:
        """Whether a pattern, in which the empty prefix is that of the library, is there."""
        reply = self.server.ask(f"PREFIX : <{BASE}> ASK {{ {pattern} }}", **parameters)
        assert reply.status == 200, reply.text
        return bool(json.loads(reply.body)["boolean"])


@contextmanager
def writing(command: Command, state: Path, folder: Path, **environ: str) -> Iterator[House]:
    submitter, reviewer = (make_token(state, scope=scope) for scope in ("submit", "review"))
    one = {"KG_PROCESSES": "1"}  # another process would see what was accepted a moment later
    with serving(command, state, folder, **UNLIMITED | one | environ) as server:
        yield House(server, state, submitter, reviewer)


@contextmanager
def stocked_house(command: Command, small: Path, folder: Path, *, default_graph: str = UNION) -> Iterator[House]:
    """A server over the library with what there is more, which is found whole in the end."""
    stock(small, folder, default_graph=default_graph)
    with writing(command, folder / "state", folder / "server", KG_DEFAULT_GRAPH=default_graph) as house:
        yield house
    assert_whole(folder / "state", default_graph=default_graph)


def named(name: str, text: str = SANDITON) -> str:
    """A text about Sanditon, about another book."""
    return text.replace("anditon", name.lower())


def receipt(reply: Reply, status: int = 200) -> Any:
    assert reply.status == status, reply.text
    assert reply.headers.get_content_type() == "application/json"
    return json.loads(reply.body)


def problem(reply: Reply, status: int, says: str = "") -> Any:
    assert (reply.status, reply.headers["Content-Type"]) == (status, "application/problem+json"), reply.text
    told = json.loads(reply.body)
    assert told["status"] == status
    assert says in told["detail"], told
    return told
