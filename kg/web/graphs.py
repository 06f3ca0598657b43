"""The graph store: each graph of the dataset by its name, to read and to write, and the list of them.

Source: SPARQL 1.1 Graph Store HTTP Protocol.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, Response, render_template, request, url_for

from kg.access import REVIEW
from kg.answer import Ask, answer_table, vet_query
from kg.describe import dataset_description, dataset_query, graph_query
from kg.desk import Errand, Task
from kg.entities import first_known
from kg.formats import format_read, formats_for
from kg.sparql import Limits
from kg.web.addresses import to_about
from kg.web.descriptions import current_dataset, description_response
from kg.web.exchange import Plan, Request, plan_answer
from kg.web.iris import is_absolute_iri
from kg.web.links import base_iri
from kg.web.negotiation import choose_graph_format
from kg.web.problems import Problem
from kg.web.protocol import UPDATE, GraphRequest, parameters, read_graph_request
from kg.web.service import asked_request, planned_response, service
from kg.web.submissions import admit, new_submission, read_sent, submitted

blueprint = Blueprint("graphs", __name__)

PATH: Final = "/graphs"
DIRECT: Final = "/graph/"
"""Below this path each graph is found by the path of its own IRI, where the base IRI leads to this service."""
BY_URL: Final = f"{PATH}/"
"""Below this path each graph is found by its own IRI, as the URL that the client has asked."""

_WRITES: Final = {"PUT": "replace", "POST": "extend", "DELETE": "replace", "PATCH": "patch"}
_DATASET_WRITES: Final = {"PUT": "replace all", "POST": "extend all"}
_DATASET_FORMATS: Final = ("trig", "nquads", "jsonld")
# JSON-LD may say a graph or a dataset; posted, it says a graph, as it always has.
_SAY_DATASETS: Final = {"PUT": _DATASET_FORMATS, "POST": ("trig", "nquads")}
_MOST_ROWS: Final = 1000
_NOT_IN_A_FILENAME: Final = re.compile(r"[^A-Za-z0-9.-]+")


def plan_graph(asked: Request, limits: Limits, *, graphs: Collection[str], base: str) -> Plan | None:
    """The triples of the graph that a request names; None where it names none.

    `graphs` are the IRIs of the named graphs there are; `base` is the IRI that the root of this service stands for.

    Source: SPARQL 1.1 Graph Store HTTP Protocol §4 and §5.2.

    Raises:
        Problem: there is no such graph, the request is wrong, or no acceptable format.
    """
    read = read_graph_name(asked, base)
    graph = read.graph
    if graph is None and not read.default:
        return None
    if graph is not None and graph not in graphs:
        raise Problem("not-found", f"There is no graph <{graph}>", remedy=f"choose one that is listed at {PATH}")
    ask = Ask(vet_query(graph_query(graph), limits))
    plan = plan_answer(ask, format_name=read.format_name, accept=asked.accept)
    return plan._replace(filename=f"{_slug(graph, base)}.{plan.row.extension}") if plan.filename else plan


def read_graph_name(asked: Request, base: str) -> GraphRequest:
    """The graph that a request names, by its parameters, by its path, or by its URL.

    Source: SPARQL 1.1 Graph Store HTTP Protocol §4.1 and §4.2.

    Raises:
        Problem: it names more than one, or the parameters are wrong.
    """
    read = read_graph_request(asked)
    if not asked.path.startswith((DIRECT, BY_URL)):
        return read
    if read.default or read.graph is not None:
        raise Problem(
            "bad-request",
            "the path names a graph, and so do the parameters",
            remedy=f"ask for another graph at {PATH}?graph=…",
        )
    if asked.path.startswith(BY_URL):
        return replace(read, graph=asked.address)
    return replace(read, graph=base + asked.path.removeprefix("/"))


@blueprint.get(PATH)
def graph_store() -> Response:
    """The graph that the parameters name; without any, the whole dataset, or the graphs there are.

    A format that can hold several graphs asks for the dataset. In any other one, the graphs are listed.
    """
    return _response(asked_request(request))


@blueprint.get(f"{DIRECT}<path:name>")
def graph(name: str) -> Response:
    """The graph whose IRI has this path; what is said of it, where it is described but has no statement.

    Source: SPARQL 1.1 Graph Store HTTP Protocol §4.1.
    """
    asked = asked_request(request)
    path = f"{DIRECT.removeprefix('/')}{name}"
    iri = base_iri() + path
    if all(graph.iri != iri for graph in current_dataset().graphs) and first_known(service().snapshot(), [iri]):
        return to_about(path, dict(parameters(asked.query_string, "the URL")))
    return _response(asked)


@blueprint.get(f"{BY_URL}<path:name>")
def graph_by_url(name: str) -> Response:  # noqa: ARG001 - it is read from the request
    """The graph whose IRI is the URL that was asked.

    Source: SPARQL 1.1 Graph Store HTTP Protocol §4.1.
    """
    return _response(asked_request(request))


@blueprint.route(PATH, methods=["PUT", "POST", "DELETE", "PATCH"])
def write_graph_store() -> Response:
    """Replace, extend, delete or patch the graph that the parameters name; without any, replace or extend the dataset.

    Source: as `_write`; a dataset by the address of the graph store is beyond that standard.
    """
    return _write()


@blueprint.route(f"{BY_URL}<path:name>", methods=["PUT", "POST", "DELETE", "PATCH"])
@blueprint.route(f"{DIRECT}<path:name>", methods=["PUT", "POST", "DELETE", "PATCH"])
def write_graph(name: str) -> Response:  # noqa: ARG001 - it is read from the request
    """The same for the graph whose IRI has this path, or is this URL."""
    return _write()


def _write() -> Response:
    """Source: SPARQL 1.1 Graph Store HTTP Protocol §5.3 to §5.7, where a patch is a SPARQL update; RFC 5789 §2.2."""
    dataset = current_dataset()
    read = read_graph_name(asked_request(request)._replace(body=b""), dataset.base)
    unnamed = read.graph is None and not read.default
    if unnamed and _says_dataset():
        errand = Errand(Task.SUBMIT, _DATASET_WRITES[request.method], author=admit(REVIEW))
        return submitted(read_sent(request), errand)
    if unnamed and request.method == "POST":
        return _minted()
    author = admit(REVIEW)  # it changes graphs that others have made
    if unnamed:
        raise Problem(
            "bad-request",
            "no graph is named",
            remedy=f"name it, as {PATH}?graph=… or {PATH}?default; or send a whole dataset as N-Quads or TriG",
        )
    if read.graph is not None and not is_absolute_iri(read.graph):
        raise Problem(
            "bad-request", f"<{read.graph}> is no IRI", remedy="name the graph with letters, digits and hyphens"
        )
    if read.graph is not None and service().snapshot().description.naming.label(read.graph):
        raise Problem("bad-request", f"<{read.graph}> names a blank node", remedy="name the graph by an IRI of its own")
    known = {graph.iri for graph in dataset.graphs}
    is_new = read.graph is not None and read.graph not in known
    if request.method in ("DELETE", "PATCH") and is_new:
        raise Problem("not-found", f"There is no graph <{read.graph}>", remedy=f"choose one that is listed at {PATH}")
    if request.method == "PATCH" and request.mimetype != UPDATE:
        raise Problem(
            "unsupported-media-type",
            f"a patch of type {request.mimetype or 'none'} is sent",
            remedy=f"send a SPARQL update, as {UPDATE}",
            headers=(("Accept-Patch", UPDATE),),
        )
    errand = Errand(Task.SUBMIT, _WRITES[request.method], author=author, graph=read.graph or "")
    return submitted(read_sent(request, optional=request.method == "DELETE"), errand, is_new=is_new)


def _says_dataset() -> bool:
    """Whether the request carries a document in a format for datasets."""
    row = format_read(request.mimetype)
    return row is not None and row.name in _SAY_DATASETS.get(request.method, ())


def _minted() -> Response:
    """A new graph, which is that of the submission; so whoever may submit may have one.

    Source: SPARQL 1.1 Graph Store HTTP Protocol §5.5.
    """
    return submitted(read_sent(request), new_submission(), is_new=True, is_named=True)


def _response(asked: Request) -> Response:
    dataset = current_dataset()
    graphs = {graph.iri: graph for graph in dataset.graphs}
    plan = plan_graph(asked, service().limits, graphs=graphs, base=dataset.base)
    read = read_graph_name(asked, dataset.base)
    if plan is None:
        chosen = choose_graph_format(read.format_name, asked.accept)
        if chosen is None or chosen[0].name not in _DATASET_FORMATS:
            return description_response(asked, read.format_name, dataset_description)
        plan = Plan(Ask(vet_query(dataset_query(union=dataset.union), service().limits)), *chosen)
    if plan.row.name != "html":
        return planned_response(plan)
    graph = graphs.get(read.graph or "")
    parameters: dict[str, Any] = {"graph": graph.iri} if graph else {"default": ""}
    page = render_template(
        "graph.html",
        graph=graph,
        triples=graph.triples if graph else dataset.default_triples,
        result=answer_table(service().snapshot(), plan.ask, most_rows=_MOST_ROWS),
        downloads=[
            {"label": row.label, "href": url_for("graphs.graph_store", **parameters, format=row.name)}
            for row in formats_for(plan.ask.query.form)
            if row.name != "html"
        ],
    )
    response = Response(page, content_type=plan.content_type)
    response.vary.add("Accept")
    return response


def _slug(graph: str | None, base: str) -> str:
    name = "default" if graph is None else graph.removeprefix(base + DIRECT.removeprefix("/"))
    return _NOT_IN_A_FILENAME.sub("-", name).strip("-.") or "graph"
