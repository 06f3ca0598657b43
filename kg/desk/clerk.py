"""A clerk: reads the texts of one errand, and judges them, or hands them on to the writer."""

from __future__ import annotations

import signal
import socket
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from kg.desk.wire import (
    LOOK_FIRST,
    Errand,
    Receipt,
    Task,
    error_from,
    receive_bytes,
    receive_json,
    send_json,
    told_of,
)
from kg.desk.writer import outcome_from
from kg.errors import KgError, OthersStatements, ServiceBusy
from kg.house import House, open_house
from kg.intake import Bounds, Taken, Text, take_in
from kg.judgement import Names, text_of
from kg.namespaces import PREFIXES
from kg.readers import Places, read_document, skolemize
from kg.sparql import Limits
from kg.store import HERE, PATCH, REVERT, UPDATE, Ledger, Proposal, Signature, Snapshots, changeset_of
from kg.submit import Outcome, Submission, in_words, located, refused, try_out
from kg.tables import entry_of, find_model, form_of, json_of, members_of, state_of, table_models, template
from kg.validation import Report, load_shapes, nowhere, report_members, report_rdf, validate


@dataclass(frozen=True)
class Office:
    """What a clerk works with."""

    snapshots: Snapshots
    ledger: Ledger
    limits: Limits
    most_bytes: int
    """Longest text that is read, in bytes."""
    writer: str
    """The address of the writer's socket."""


def attend(connection: socket.socket, errand: Errand, count: int, *, house: House | None, office: Office) -> None:
    """Do one errand, behind which `count` bodies come, and tell what became of it.

    Raises:
        EOFError, OSError: whoever asked is gone.
    """
    bodies = [receive_bytes(connection) for _ in range(count)]
    try:
        house = house or open_house(office.snapshots, limits=office.limits)
        reply = asdict(_do(errand, bodies, house, office=office))
    except KgError as error:
        reply = told_of(error)
    send_json(connection, reply)


def _do(errand: Errand, bodies: Sequence[bytes], house: House, *, office: Office) -> Receipt:
    if errand.task == Task.VALIDATE:
        return _alone(errand, bodies, house)
    if errand.task in (Task.TABLES, Task.TABLE, Task.FORM):
        return _table(errand, house, office)
    taken = _take_in(errand, bodies, house, office=office)
    submission = Submission(
        taken.proposal,
        Signature(errand.author, errand.time, errand.message),
        sources=errand.sources,
        expected=errand.expected,
        own_only=errand.own_only,
    )
    try:
        outcome = _outcome(submission, errand, house, office=office)
    except OthersStatements as error:
        raise located(error, taken.place_of) from error
    if errand.task == Task.SUBMIT and not outcome.considered.report.conforms:
        refusal = refused(outcome.considered, house, taken.place_of)
        refusal.rdf = _in_rdf(outcome.considered.report, errand)
        raise refusal
    considered, words = outcome.considered, outcome.considered.names.words(house.prefixes, taken.place_of)
    return Receipt(
        revision=outcome.revision,
        graph=considered.graph if outcome.revision else "",
        added=considered.added,
        removed=considered.removed,
        number=outcome.number,
        report=report_members(considered.report, words),
        text=in_words(considered, house, taken.place_of),
        rdf=_in_rdf(considered.report, errand),
    )


def _outcome(submission: Submission, errand: Errand, house: House, *, office: Office) -> Outcome:
    if errand.task == Task.SUBMIT and errand.kind not in (UPDATE, PATCH):
        return _hand_on(submission, office.writer)
    # What may take long is tried out here, too, where it holds up nobody.
    tried = try_out(submission, house, snapshots=office.snapshots, ledger=office.ledger)
    return _hand_on(submission, office.writer) if errand.task == Task.SUBMIT else tried


def _take_in(errand: Errand, bodies: Sequence[bytes], house: House, *, office: Office) -> Taken:
    if errand.kind == REVERT:
        return Taken(Proposal(REVERT, revision=errand.revision), nowhere)
    text = Text(bodies[0] if bodies else b"", errand.name, errand.media_type, errand.class_name, errand.base)
    bounds = Bounds(office.most_bytes, office.limits)
    taken = take_in(errand.kind, text, graph=errand.graph, house=house, snapshots=office.snapshots, bounds=bounds)
    chosen = replace(taken.proposal, using_default=errand.using_default, using_named=errand.using_named)
    return replace(taken, proposal=chosen)


def _hand_on(submission: Submission, writer: str) -> Outcome:
    signal.alarm(0)  # from here on it is the writer's time
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(writer)
            send_json(connection, asdict(submission))
            told = receive_json(connection)
    except (EOFError, OSError) as error:
        raise ServiceBusy("the writer ended before it told what became of the submission", remedy=LOOK_FIRST) from error
    if "error" in told:
        raise error_from(told)
    return outcome_from(told)


def _in_rdf(report: Report, errand: Errand) -> str:
    return report_rdf(report, errand.rdf).decode() if errand.rdf else ""


def _alone(errand: Errand, bodies: Sequence[bytes], house: House) -> Receipt:
    """Judge a document by the shapes that came with it, and by nothing else."""
    data, shapes = bodies
    document = read_document(data, name=errand.name or "the data", graph=HERE, media_type=errand.media_type)
    given = read_document(shapes, name="shapes.ttl", graph=HERE)
    stored = skolemize([*document.quads], name="data", base=house.description.base)
    ntriples = "".join(f"{line.removesuffix(f' <{HERE}> .')} .\n" for line in changeset_of(added=stored).added)
    report = validate(ntriples.encode(), load_shapes([("the shapes", given.text)], reports=False))
    prefixes, names, place_of = (
        PREFIXES | dict(document.prefixes),
        Names({}, {}),
        Places(document, stored=stored).place_of,
    )
    return Receipt(
        report=report_members(report, names.words(prefixes, place_of)),
        text=text_of(report, names, prefixes=prefixes, file_of=lambda _: document.name, place_of=place_of),
        rdf=_in_rdf(report, errand),
    )


def _table(errand: Errand, house: House, office: Office) -> Receipt:
    """The table of a class, empty or filled, or a form; or which tables there are."""
    state = state_of(office.snapshots.stored())
    models = table_models(house.judges.shapes, state)
    if errand.task == Task.TABLES:
        return Receipt(tables=[members_of(model) for model in models])
    if errand.task == Task.FORM and errand.name:
        found = entry_of(errand.name, models, state)
        return Receipt(tables=[form_of(found[0], models, state) | json_of([found[1]])] if found else [])
    model = find_model(models, errand.class_name, prefixes=state.prefixes)
    if errand.task == Task.FORM:
        return Receipt(tables=[form_of(model, models, state)])
    data = template(model, state, kind=errand.kind, with_data=errand.filled)
    return Receipt(file=b64encode(data).decode())
