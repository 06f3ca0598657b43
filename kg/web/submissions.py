"""Writing: what is submitted goes to the desk, which judges it. Here it is asked who may, and told what became of it.

Source: SPARQL 1.1 Protocol §2.2; SPARQL 1.1 Graph Store HTTP Protocol §5.3 to §5.7.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from flask import Blueprint, Request, Response, request
from werkzeug.datastructures import FileStorage

from kg.access import (
    REVIEW,
    SUBMIT,
    Holder,
    client_address,
    counted_address,
    includes,
    origin_of,
    refuse_cross_site,
)
from kg.desk import Errand, Receipt, Task, run_errand
from kg.errors import SnapshotMissing
from kg.store import FOLLOW_SECONDS
from kg.web.iris import base_of
from kg.web.problems import Problem
from kg.web.protocol import UPDATE, parameters, read_update_request
from kg.web.receipts import accepted_response, judged_response, report_format
from kg.web.service import asked_request, service

blueprint = Blueprint("submissions", __name__)

UPDATE_PATH: Final = "/update"
SUBMISSIONS_PATH: Final = "/submissions"
VALIDATE_PATH: Final = "/validate"
PATHS: Final = (SUBMISSIONS_PATH, UPDATE_PATH, VALIDATE_PATH)

_FORWARDED: Final = "X-Forwarded-For"
_REVISION: Final = re.compile(r'\s*(?:W/)?"?([0-9]{1,12})"?\s*')
_FORM: Final = "multipart/form-data"
_ACCEPTED_SECONDS: Final = 60.0
_SEEN_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.02
_TRUE: Final = frozenset({"", "1", "true", "yes"})


@dataclass(frozen=True)
class Sent:
    """The text of a request, and what is said about it."""

    data: bytes
    media_type: str
    name: str
    said: Mapping[str, str]
    sources: tuple[str, ...]
    shapes: bytes = b""

    @property
    def is_trial(self) -> bool:
        """Whether only a judgement is asked for."""
        return "dry_run" in self.said and self.said["dry_run"].lower() in _TRUE


@blueprint.post(SUBMISSIONS_PATH)
def submissions() -> Response:
    """Take in a text of any format that is read; it gets a graph of its own."""
    return submitted(read_sent(request), new_submission(), is_new=True)


@blueprint.post(VALIDATE_PATH)
def validate() -> Response:
    """Judge a text as if it were submitted; or alone, by shapes that come with it. Anybody may."""
    admit_reader()
    sent = read_sent(request)
    errand = _about(sent, Errand(Task.VALIDATE if sent.shapes else Task.JUDGE, "add", author="anybody"))
    bodies = (sent.data, sent.shapes) if sent.shapes else (sent.data,)
    return judged_response(run(errand, *bodies))


@blueprint.post(UPDATE_PATH)
def update() -> Response:
    """Change what a SPARQL update says, as far as the graph then conforms.

    It may take away what others have said, so it needs the scope of a reviewer.

    Source: SPARQL 1.1 Protocol §2.2.
    """
    author = admit(REVIEW)
    _refuse_coded(request)
    asked = asked_request(request)
    read = read_update_request(asked)
    said = dict(parameters(request.query_string, "the URL"))
    sent = Sent(read.text.encode(), UPDATE, "", said, tuple(request.args.getlist("source")))
    errand = Errand(
        Task.SUBMIT,
        "update",
        author=author,
        using_default=read.using_default,
        using_named=read.using_named,
        base=base_of(asked.address),
    )
    return submitted(sent, errand)


@blueprint.post(f"{SUBMISSIONS_PATH}/<int:revision>/revert")
def revert(revision: int) -> Response:
    """Undo a commit by a new one."""
    author = admit(REVIEW)
    errand = Errand(Task.SUBMIT, "revert", author=author, revision=revision)
    return submitted(read_sent(request, optional=True), errand)


def new_submission() -> Errand:
    """The errand of whoever submits with this request: statements in a graph of their own.

    A table may also take statements away; what others have brought, only if a reviewer sends it.

    Raises:
        CrossSite, NotAllowed, NotAuthenticated, TooMany: nobody may.
    """
    holder = _admitted(SUBMIT)
    return Errand(Task.SUBMIT, "add", author=_author(holder), own_only=not includes(holder.scope, REVIEW))


def admit(scope: str) -> str:
    """The name of whoever writes with this request.

    Raises:
        CrossSite, NotAllowed, NotAuthenticated, TooMany: nobody may.
    """
    return _author(_admitted(scope))


def _author(holder: Holder) -> str:
    return f"{holder.name} ({holder.id})"


def _admitted(scope: str) -> Holder:
    refuse_cross_site(
        request.method,
        request.headers.items(),
        own_origin=origin_of(request.host_url) or "",
        allowed_origins=service().settings.write_origins,
    )
    holder = service().tokens.check(_authorization(), scope=scope, now=datetime.now(UTC))
    run(Errand(Task.ADMIT, address=_address(), token=holder.id))
    return holder


def admit_reader() -> None:
    """Count a request that makes work without writing anything.

    Raises:
        TooMany: this address has asked for too much.
    """
    run(Errand(Task.ADMIT, address=_address()))


def submitted(sent: Sent, errand: Errand, *, is_new: bool = False, is_named: bool = False) -> Response:
    """Give the desk an errand, and tell what became of it; `is_new`: it makes a new graph.

    With `is_named`, whoever has sent this is told the IRI of that graph; else they are sent to the commit.

    Raises:
        KgError: any error that the desk tells of.
    """
    if sent.is_trial:
        return judged_response(judged(sent, errand))
    receipt = taken_in(sent, errand)
    response = accepted_response(receipt, HTTPStatus.CREATED if is_new and receipt.revision else HTTPStatus.OK)
    if is_named and receipt.revision:
        response.headers["Location"] = receipt.graph
    return response


def judged(sent: Sent, errand: Errand) -> Receipt:
    """What the desk would make of an errand.

    Raises:
        KgError: any error that the desk tells of.
    """
    return run(replace(_about(sent, errand), task=Task.JUDGE), sent.data)


def taken_in(sent: Sent, errand: Errand) -> Receipt:
    """What has become of an errand, when it can be read here.

    Raises:
        KgError: any error that the desk tells of.
    """
    receipt = run(_about(sent, errand), sent.data)
    _wait_until_seen(receipt.number)
    return receipt


def _authorization() -> str | None:
    """The header; a person gives a token in the form itself, which no browser does by itself either."""
    token = request.form.get("token", "") if request.mimetype == _FORM else ""
    return request.headers.get("Authorization") or (f"Bearer {token}" if token else None)


def _address() -> str:
    forwarded = ",".join(request.headers.getlist(_FORWARDED))
    trusted = service().settings.trusted_proxies
    return counted_address(client_address(request.remote_addr or "", forwarded, trusted=trusted))


def _about(sent: Sent, errand: Errand) -> Errand:
    """The errand with what the request says of it."""
    return replace(
        errand,
        media_type=sent.media_type,
        name=sent.name,
        class_name=sent.said.get("class", ""),
        time=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        message=sent.said.get("message") or f"{request.method} {request.path}",
        sources=sent.sources,
        expected=_expected(request.headers.get("If-Match", "") or sent.said.get("if_match", "")),
        rdf=report_format(),
    )


def _expected(if_match: str) -> int | None:
    """The revision that a request is made for.

    Source: RFC 9110 §13.1.1.
    """
    if not if_match or if_match.strip() == "*":
        return None
    found = _REVISION.fullmatch(if_match)
    if not found:
        raise Problem(
            "bad-request", f"If-Match: {if_match} names no revision", remedy='give the number of a revision, as "7"'
        )
    return int(found[1])


def run(errand: Errand, *bodies: bytes) -> Receipt:
    """What the desk makes of an errand.

    Raises:
        KgError: any error that the desk tells of.
    """
    desk = service().desk
    if desk is None:
        raise SnapshotMissing("this process takes nothing in", remedy="run `kg serve`")
    seconds = service().settings.submission_seconds + _ACCEPTED_SECONDS
    return run_errand(desk, errand, *bodies, seconds=seconds)


def _wait_until_seen(number: int) -> None:
    """Until who reads here next sees what was accepted; not for ever, as it is accepted anyway."""
    until = time.monotonic() + _SEEN_SECONDS
    while service().snapshot().number < number and time.monotonic() < until:
        time.sleep(_LOOK_SECONDS)
    if number:
        time.sleep(2 * FOLLOW_SECONDS)  # the other server processes look as often as this one


def read_sent(asked: Request, *, optional: bool = False) -> Sent:
    """What a request carries: the text as its body, or as the file of a form, whatever the name of its field.

    Raises:
        Problem: a form has several files; or neither a file nor a text, though it is not `optional`.
    """
    _refuse_coded(asked)
    said = dict(parameters(asked.query_string, "the URL"))
    sources = asked.args.getlist("source")
    if asked.mimetype != _FORM:
        return Sent(asked.get_data(), asked.headers.get("Content-Type", ""), said.get("name", ""), said, tuple(sources))
    file, shapes = _files(asked)
    text = asked.form.get("text", "")
    if file is None and not text and not optional:
        raise Problem("bad-request", "the form has neither a file nor a text", remedy="send a file as `file`")
    said |= asked.form.to_dict()
    return Sent(
        data=file.read() if file else text.encode(),
        media_type=said.get("media_type", ""),
        name=(file.filename or "") if file else said.get("name", "text.ttl"),
        said=said,
        sources=tuple(filter(None, (*sources, *asked.form.getlist("source")))),
        shapes=shapes.read() if shapes else said.get("shapes", "").encode(),
    )


def _refuse_coded(asked: Request) -> None:
    """Source: RFC 9110 §8.4: 415 for a content coding that is not taken, with those that are in Accept-Encoding."""
    coding = asked.headers.get("Content-Encoding", "").strip().lower()
    if coding not in ("", "identity"):
        raise Problem(
            "unsupported-media-type",
            f"the body is packed as {coding[:40]}",
            remedy="send it as it is, without Content-Encoding",
            headers=(("Accept-Encoding", "identity"),),
        )


def _files(asked: Request) -> tuple[FileStorage | None, FileStorage | None]:
    """The file of a form and that of the shapes; a browser sends a field that was left empty as a file without name.

    Raises:
        Problem: there are several.
    """
    shapes = [file for file in asked.files.getlist("shapes") if file.filename]
    files = [file for name, file in asked.files.items(multi=True) if name != "shapes" and file.filename]
    if max(len(files), len(shapes)) > 1:
        raise Problem("bad-request", "the form has several files", remedy="send one at a time")
    return next(iter(files), None), next(iter(shapes), None)
