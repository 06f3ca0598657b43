"""A graph that is served somewhere: asked by SPARQLWrapper and over its own addresses, its problems as our errors."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from kg.client.doors import Said
from kg.client.problems import problem_in
from kg.client.questions import Question, questions_in
from kg.client.reports import Receipt, Report, receipt_in, report_in, trial_of
from kg.client.sent import Sent
from kg.endpoints import GRAPH_TYPE, ROWS_TYPE, Bounds, Reply, ask_endpoint, host_of, send, serious
from kg.errors import EndpointAway, NotAuthenticated
from kg.store import Past

_JSON: Final = "application/json"
_ANSWER: Final = f"{ROWS_TYPE}, {GRAPH_TYPE}"
_TOKEN: Final = re.compile(r"[!-~]{1,1000}")
_ACCEPTED: Final = (200, 201)

Told = TypeVar("Told")


@dataclass(frozen=True)
class Served:
    """A graph behind an address."""

    root: str
    """The address of the service, with a slash at its end."""
    bounds: Bounds

    @classmethod
    def at(cls, address: str, bounds: Bounds) -> Served:
        """The graph at the address of a service, or of its SPARQL endpoint."""
        plain = address.partition("#")[0].partition("?")[0].rstrip("/").removesuffix("/sparql")
        return cls(f"{plain}/", bounds)

    def questions(self) -> tuple[Question, ...]:
        """The stored questions, ordered by group and name.

        Raises:
            EndpointAway: the service does not answer, or has no list of questions.
        """
        return self._read(self._get("questions", {}, accept=_JSON), questions_in)

    def ask(self, question: Question, values: Mapping[str, str], *, past: Past) -> Reply:
        """The answer to a stored question.

        Raises:
            KgError: whatever the service tells of.
        """
        return self._get(f"questions/{quote(question.id)}", {**values, **_members(past)}, accept=_ANSWER)

    def query(self, text: str, *, past: Past) -> Reply:
        """The answer to a query.

        Raises:
            KgError: whatever the service tells of.
        """
        asked_of = [*_members(past).items()]
        return _good(ask_endpoint(f"{self.root}sparql", text, bounds=self.bounds, accept=_ANSWER, parameters=asked_of))

    def validate(self, sent: Sent) -> Report:
        """What would be said of data if it were submitted.

        Raises:
            KgError: whatever the service tells of.
        """
        return self._read(self._post("validate", sent, {}, {}), report_in)

    def submit(self, sent: Sent, said: Said) -> Receipt:
        """What became of data that was submitted.

        Raises:
            NotAuthenticated: there is no token, or none that can be sent there.
            KgError: whatever the service tells of.
        """
        headers = {"Authorization": f"Bearer {self._token(said.token)}"}
        if said.expect is not None:
            headers["If-Match"] = f'"{said.expect}"'
        told: dict[str, Any] = {"message": said.message, "source": list(said.sources)}
        if said.dry_run:
            return trial_of(self._read(self._post("submissions", sent, told | {"dry_run": "1"}, headers), report_in))
        return self._read(self._post("submissions", sent, told, headers), receipt_in)

    def close(self) -> None:
        """Nothing was made for it."""

    def _token(self, token: str) -> str:
        """A token, if it may be sent: in the open it is sent to this machine alone."""
        if not _TOKEN.fullmatch(token):
            problem = "the token is not one word of ASCII signs" if token else "whoever submits needs a token"
            raise NotAuthenticated(problem, remedy="give the token that the operator made, as token=")
        is_open = urlsplit(self.root).scheme != "https"
        if is_open and (self.bounds.proxy or not _is_here(host_of(self.root))):
            raise NotAuthenticated(
                f"the token would be sent to <{self.root}> for anybody to read", remedy="use an address with https://"
            )
        return token

    def _get(self, path: str, parameters: Mapping[str, str], *, accept: str) -> Reply:
        url = f"{self.root}{path}" + (f"?{urlencode(parameters)}" if parameters else "")
        return _good(send("GET", url, bounds=self.bounds, headers={"Accept": accept}))

    def _post(self, path: str, sent: Sent, told: Mapping[str, Any], headers: Mapping[str, str]) -> Reply:
        said = {"name": sent.name, "class": sent.class_name} | dict(told)
        url = f"{self.root}{path}?{urlencode({name: value for name, value in said.items() if value}, doseq=True)}"
        of_type = {"Content-Type": sent.media_type} if sent.media_type else {}
        given = {"Accept": _JSON, **of_type, **headers}
        return _good(send("POST", url, bounds=self.bounds, headers=given, body=sent.data))

    def _read(self, reply: Reply, read: Callable[[Mapping[str, Any]], Told]) -> Told:
        try:
            return read(json.loads(reply.body))
        except (KeyError, RecursionError, TypeError, ValueError) as error:
            raise EndpointAway(
                f"<{self.root}> is no service of this kind: it answers {reply.text!r}",
                remedy="give the address of its first page; of other services only /sparql can be asked",
            ) from error


def _good(reply: Reply) -> Reply:
    """The reply, if it tells of no problem."""
    problem = problem_in(reply)
    if problem:
        raise problem
    return reply if reply.status in _ACCEPTED else serious(reply)


def _members(past: Past) -> dict[str, str]:
    names = {"revision": "revision", "as_of": "asOf"}
    return {names[name]: str(value) for name, value in past.members.items()}


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
