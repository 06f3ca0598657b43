"""Every kind of page that the service shows, with an address of each: what the tests of pages go through."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

_QUERY = "SELECT * WHERE { ?agency a <https://w3id.org/unemg/ontology#Agency> } ORDER BY ?agency LIMIT 5"


@dataclass(frozen=True)
class Shown:
    """A page: the view that shows it, where it is, and what says that it is whole."""

    view: str
    path: str
    status: int = 200
    ready: str = "main h1"
    """A selector of what comes last."""

    def __str__(self) -> str:
        return self.path


def _things(*names: str) -> tuple[Shown, ...]:
    return tuple(Shown("entities.thing", f"/id/{name}") for name in names)


PAGES = (
    Shown("pages.landing", "/"),
    Shown("search.search", "/search?q=nexus+dialogue"),
    Shown("search.search", "/search?q=nothing-is-called-so"),
    Shown("explore.explore", "/explore"),
    Shown("explore.picture", "/explore/timeline"),
    Shown("explore.picture", "/explore/status-of-tasks"),
    Shown("explore.picture", "/explore/collaborations"),
    Shown("explore.picture", "/explore/coverage-by-section"),
    Shown("questions.question_list", "/questions"),
    Shown("questions.question", "/questions/competency/nexus-dialogues-with-state"),
    Shown("questions.question", "/questions/explore/events-of-workstream"),
    Shown("editor.editor", "/query", ready=".cm-editor"),
    Shown("editor.editor", f"/query?{urlencode({'query': _QUERY})}", ready=".view tbody tr"),
    Shown("sparql.endpoint", "/sparql"),
    Shown("sparql.endpoint", f"/sparql?{urlencode({'query': _QUERY})}", ready="main tbody tr"),
    Shown("sparql.endpoint", "/sparql?query=SELECT", status=400),
    Shown("vocabulary.vocabulary", "/vocabulary"),
    Shown("vocabulary.ontology", "/ontology"),
    *_things(
        "workstream/img-human-rights",
        "agency/unep",
        "deliverable/guidance-ndcs",
        "event/nd-15c-series",
        "framework/ndcs",
        "document/som28-midterm-progress-report",
        "theme/triple-planetary-crisis",
        "task/som28-mpr.III.j.1",
        "passage/som28-mpr.III.i.3.progress.2",
        "decision/som27-img-biodiversity",
        "proposal/rco-unct-support",
        "status/uss-steering-committee--to-be-established--2022-05-18",
    ),
    Shown("entities.thing", "/id/event/nexus-dialoge", status=404),
    Shown("entities.about", "/about?iri=https%3A%2F%2Fw3id.org%2Funemg%2Fgraph%2Feditorial"),
    Shown("entities.about", "/about?iri=urn:nobody:knows:it", status=404),
    Shown("contribute.form", "/contribute"),
    Shown("contribute.tables", "/tables"),
    Shown("entries.classes", "/contribute/new"),
    Shown("entries.new", "/contribute/new/event"),
    Shown("entries.edit", "/contribute/edit?iri=https%3A%2F%2Fw3id.org%2Funemg%2Fid%2Fevent%2Fnd-15c-series"),
    Shown("history.history", "/history"),
    Shown("history.history", "/history?about=https%3A%2F%2Fw3id.org%2Funemg%2Fid%2Fagency%2Funep"),
    Shown("history.commit", "/history/1"),
    Shown("history.blamed", "/blame", status=400),
    Shown("datasets.data", "/data"),
    Shown("datasets.api", "/api"),
    Shown("graphs.graph_store", "/graphs"),
    Shown("graphs.graph", "/graph/editorial"),
    Shown("pages.problem_kind", "/problems/not-found"),
)

NO_PAGES = frozenset(
    {
        # For programs.
        "crawling.part",
        "crawling.robots",
        "crawling.sitemap",
        "datasets.bibtex",
        "datasets.csl",
        "datasets.feed",
        "datasets.linkset",
        "descriptions.void",
        "dumps.dump",
        "dumps.links",
        "editor.examples",
        "editor.words",
        "explaining.of_query",
        "explaining.of_question",
        "graphs.graph_by_url",
        "questions.openapi",
        "reconciliation.endpoint",
        "reconciliation.entity",
        "reconciliation.properties",
        "reconciliation.property_",
        "reconciliation.type_",
        "search.suggest",
        "vocabulary.ontology_file",
        # A frame in pages of others.
        "reconciliation.preview",
        # Files.
        "built.file",
        "contribute.table",
        "static",
        # They lead to pages.
        "addresses.catalog",
        "addresses.node",
        "addresses.query",
        "contribute.before",
        "sparql.endpoint_with_a_slash",
        "vocabulary.term",
    }
)
"""The views that are asked by GET and show no page."""
