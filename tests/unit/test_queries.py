"""Stored queries: what a good file gives, and that each kind of bad file is refused with its name and line."""

from pathlib import Path

import pyoxigraph
import pytest
import rdflib
from rdflib.namespace import DCTERMS, RDF, RDFS, SH, SKOS

from kg.errors import ContentError, QueryRefused
from kg.queries import StoredQuery, bind_parameters, describe_queries, labels_query, load_queries, members_query
from kg.sparql import Limits, vet

GOOD = """\
# title: Deliverables of a framework
# question: What has been delivered for a framework since a date?
# parameters:
#   framework: {type: iri, label: Framework, default: "https://example.org/f1"}
#   since: {type: date, label: Since, default: 2022-01-01}
#   word: {type: string, label: Word in the title, default: "report"}
#   many: {type: integer, label: At most, default: 5}
#   tongue: {type: language, label: Language, default: en}
# columns:
#   deliverable: what was delivered
#   label: its name
# id: H01
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
SELECT ?deliverable ?label WHERE {
  VALUES ?framework { <https://example.org/f1> }
  VALUES ?since { "2022-01-01"^^<http://www.w3.org/2001/XMLSchema#date> }
  VALUES ?word { "report" }
  VALUES ?many { 5 }
  VALUES ?tongue { "en" }
  ?deliverable ?for ?framework ; ?on ?date ; ?named ?label .
  FILTER(?date >= ?since && CONTAINS(?label, ?word) && LANG(?label) = ?tongue)
}
"""

CHECK = """\
# title: Things without a name
# severity: Warning
SELECT ?focus ?value ?message WHERE { ?focus a ?class . BIND("no name" AS ?message) }
"""


def load(folder: Path, files: dict[str, str]) -> tuple[StoredQuery, ...]:
    for name, text in files.items():
        path = folder / "queries" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load_queries(folder / "queries", read_text=lambda path: path.read_text(encoding="utf-8"), limits=Limits())


def test_a_query_is_picked_up_by_being_there_in_order(tmp_path: Path) -> None:
    queries = load(
        tmp_path, {"explore/b.rq": GOOD, "explore/a.rq": GOOD, "checks/names.rq": CHECK, "explore/notes.md": "no"}
    )
    assert [query.identifier for query in queries] == ["checks/names", "explore/a", "explore/b"]


def test_a_missing_folder_holds_no_queries(tmp_path: Path) -> None:
    assert load(tmp_path, {}) == ()


def test_the_header_is_read(tmp_path: Path) -> None:
    [query] = load(tmp_path, {"competency/delivered.rq": GOOD})
    assert (query.title, query.code, query.form) == ("Deliverables of a framework", "H01", "SELECT")
    assert query.question == "What has been delivered for a framework since a date?"
    assert list(query.columns) == ["deliverable", "label"]
    assert [(parameter.name, parameter.type, parameter.default) for parameter in query.parameters] == [
        ("framework", "iri", "https://example.org/f1"),
        ("since", "date", "2022-01-01"),
        ("word", "string", "report"),
        ("many", "integer", "5"),
        ("tongue", "language", "en"),
    ]


def test_the_header_says_where_a_query_is_shown_and_how(tmp_path: Path) -> None:
    shown = (
        '# id: H01\n# about: ["https://example.org/A", "https://example.org/B"]\n# order: 20\n'
        "# view: {kind: bar, label: label, value: deliverable}"
    )
    [query] = load(tmp_path, {"explore/delivered.rq": GOOD.replace("# id: H01", shown)})
    assert query.about == ("https://example.org/A", "https://example.org/B")
    assert query.order == 20
    assert query.view == {"kind": "bar", "label": "label", "value": "deliverable"}
    [plain] = load(tmp_path, {"explore/delivered.rq": GOOD})
    assert (plain.about, plain.order, plain.view) == ((), 0, {})


VIEWS = {
    "{kind: bar, label: label, value: deliverable, group: label, note: label}": {},
    "{kind: matrix, row: label, column: label, value: label, link: deliverable}": {},
    "{kind: network, from: deliverable, to: deliverable, label: label, group: label}": {},
    "{kind: timeline, label: deliverable, start: label, end: label, group: label, note: label, precision: label}": {},
    "{kind: timeline, label: deliverable, start: label, from: since, to: since}": {"from": "since", "to": "since"},
}


@pytest.mark.parametrize("view", VIEWS)
def test_each_kind_of_view_has_its_parts(tmp_path: Path, view: str) -> None:
    [query] = load(tmp_path, {"explore/delivered.rq": GOOD.replace("# id: H01", f"# view: {view}")})
    assert dict(query.view).items() >= VIEWS[view].items()
    assert "{" + ", ".join(f"{part}: {player}" for part, player in query.view.items()) + "}" == view


def test_a_query_for_pages_has_one_parameter(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="just one parameter") as problem:
        load(tmp_path, {"pages/delivered.rq": GOOD})
    assert problem.value.line == 3


BAD = {
    "no title": ("title: Deliverables of a framework", "titel: Deliverables", 1, "unknown key"),
    "empty title": ("title: Deliverables of a framework", "title: ", 1, "no title"),
    "title is a list": ("title: Deliverables of a framework", "title: [a, b]", 1, "title is not a text"),
    "unknown key": ("# id: H01", "# identifier: H01", 12, 'unknown key "identifier"'),
    "not YAML": ("question: What has", "question: What: has", 2, "not YAML"),
    "a key twice": ("# id: H01", "# title: again", 12, "stands twice"),
    "column not projected": (
        "#   label: its name",
        "#   lable: its name",
        9,
        r"not described: \?label; not projected: \?lable",
    ),
    "column not described": ("#   label: its name\n", "", 9, r"not described: \?label; not projected: none"),
    "parameter without VALUES": ("VALUES ?many { 5 }", "BIND(5 AS ?many)", 7, "no `VALUES"),
    "parameter with two terms": ("VALUES ?many { 5 }", "VALUES ?many { 5 6 }", 7, "no `VALUES"),
    "default differs": ("VALUES ?many { 5 }", "VALUES ?many { 6 }", 7, "is 5 in the header and 6 in the query"),
    "default of another type": ("default: 5}", "default: five}", 7, "not a whole number"),
    "date that is none": ("default: 2022-01-01}", 'default: "2022-02-30"}', 5, "since"),
    "unknown type": ("type: integer", "type: float", 7, "unknown type float"),
    "no label": ("label: At most, ", "", 7, "exactly type, label and default"),
    "parameters is a list": ("# parameters:\n", "# parameters: []\n# old:\n", 4, "unknown key"),
    "order is a word": ("# id: H01", "# order: first", 12, "order is no whole number"),
    "about names no class": ("# id: H01", "# about: {a: b}", 12, "about does not name classes"),
    "about is no IRI": ("# id: H01", "# about: Workstream", 12, "about does not name classes"),
    "view of an unknown kind": ("# id: H01", "# view: {kind: pie, label: label}", 12, "view is of no known kind"),
    "view is a word": ("# id: H01", "# view: timeline", 12, "view is of no known kind"),
    "view that lacks a part": ("# id: H01", "# view: {kind: bar, label: label}", 12, "view lacks value"),
    "view that lacks parts": ("# id: H01", "# view: {kind: matrix, row: label}", 12, "view lacks column, value"),
    "view with an unknown part": (
        "# id: H01",
        "# view: {kind: bar, label: label, value: label, colour: label}",
        12,
        "unknown parts: colour; a bar has label, value, group, note",
    ),
    "view with a part of another kind": (
        "# id: H01",
        "# view: {kind: network, from: label, to: label, start: label}",
        12,
        "unknown parts: start",
    ),
    "view from no day": (
        "# id: H01",
        "# view: {kind: timeline, label: label, start: label, from: many}",
        12,
        "many \\(nor a parameter of type date\\)",
    ),
    "view from a column": (
        "# id: H01",
        "# view: {kind: timeline, label: label, start: label, from: label}",
        12,
        "label \\(nor a parameter",
    ),
    "view of no column": ("# id: H01", "# view: {kind: bar, label: lable}", 12, "no column: lable"),
    "projects everything": ("SELECT ?deliverable ?label", "SELECT *", 14, r"SELECT \*"),
    "an update": ("SELECT ?deliverable ?label WHERE", "DELETE WHERE", 13, "update"),
    "a DESCRIBE": ("SELECT ?deliverable ?label WHERE", "DESCRIBE ?label WHERE", 13, "DESCRIBE"),
    "does not close": ("?tongue)\n}", "?tongue)\n", 14, "not closed"),
    "calls a service": (
        "?deliverable ?for",
        "SERVICE <http://x/> {} ?deliverable ?for",
        1,
        "not named: <http://x/>; not called: none",
    ),
    "asks what it does not call": ("# id: H01", "# asks: http://x/", 12, "not named: none; not called: <http://x/>"),
    "asks no IRI": ("# id: H01", "# asks: wikidata", 12, "asks does not name endpoints"),
    "asks a mapping": ("# id: H01", "# asks: {a: http://x/}", 12, "asks does not name endpoints"),
    "local without asks": ("# id: H01", "# local: competency/delivered", 12, "asks no other endpoint"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_query_is_refused_with_file_and_line(tmp_path: Path, name: str) -> None:
    good, bad, line, message = BAD[name]
    assert GOOD.count(good) == 1
    with pytest.raises(ContentError, match=message) as problem:
        load(tmp_path, {"competency/delivered.rq": GOOD.replace(good, bad)})
    assert problem.value.file.endswith("queries/competency/delivered.rq")
    assert problem.value.line == line
    assert problem.value.remedy


@pytest.mark.parametrize(
    ("good", "bad", "line", "message"),
    [
        ("severity: Warning", "severity: Bad", 2, "severity is Bad"),
        ("# severity: Warning\n", "", 1, "severity is missing"),
        ("?focus ?value ?message WHERE", "?focus ?message ?value WHERE", 3, r"\?focus \?value \?message"),
    ],
)
def test_a_bad_check_is_refused(tmp_path: Path, good: str, bad: str, line: int, message: str) -> None:
    with pytest.raises(ContentError, match=message) as problem:
        load(tmp_path, {"checks/names.rq": CHECK.replace(good, bad)})
    assert problem.value.line == line


VALUES = {
    "framework": "https://example.org/f2",
    "since": "2022-05-18",
    "word": 'a "quoted" } word',
    "many": "-3",
    "tongue": "fr",
}


def test_parameters_are_bound_as_terms(tmp_path: Path) -> None:
    [query] = load(tmp_path, {"competency/delivered.rq": GOOD})
    bound = bind_parameters(query, VALUES)
    names = " ".join(f"?{name}" for name in VALUES)
    [solution] = pyoxigraph.Store().query(  # type: ignore[misc]
        f"SELECT {names} WHERE {{ {bound[bound.index('VALUES ?framework') : bound.index('?deliverable ?for')]} }}"
    )
    xsd = "http://www.w3.org/2001/XMLSchema#"
    assert [solution[name] for name in VALUES] == [
        pyoxigraph.NamedNode("https://example.org/f2"),
        pyoxigraph.Literal("2022-05-18", datatype=pyoxigraph.NamedNode(xsd + "date")),
        pyoxigraph.Literal('a "quoted" } word'),
        pyoxigraph.Literal("-3", datatype=pyoxigraph.NamedNode(xsd + "integer")),
        pyoxigraph.Literal("fr"),
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("framework", "not an iri"),
        ("framework", "https://example.org/> } DROP ALL #"),
        ("since", "18 May 2022"),
        ("since", "2022-02-30"),
        ("since", "2022-W01-1"),
        ("many", "5.0"),
        ("many", "9" * 30),
        ("many", "٣"),
        ("word", "half \ud83d"),
        ("tongue", "not a tag"),
        ("tongue", ""),
        ("unknown", "x"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(tmp_path: Path, name: str, value: str) -> None:
    [query] = load(tmp_path, {"competency/delivered.rq": GOOD})
    with pytest.raises(QueryRefused, match=name) as refusal:
        bind_parameters(query, {name: value})
    assert refusal.value.remedy


def test_descriptions_are_rdf_that_says_what_the_header_says(tmp_path: Path) -> None:
    queries = load(
        tmp_path, {"competency/delivered.rq": GOOD, "checks/names.rq": CHECK, "explore/yes.rq": "# title: Yes\nASK {}"}
    )
    graph = rdflib.Graph().parse(data=describe_queries(queries, "https://example.org/"), format="nt")
    schema = rdflib.Namespace("https://schema.org/")
    node = rdflib.URIRef("https://example.org/query/competency/delivered")
    assert set(graph[node : RDF.type]) == {SH.SPARQLExecutable, SH.SPARQLSelectExecutable}
    assert graph.value(node, RDFS.label) == rdflib.Literal("Deliverables of a framework", lang="en")
    assert str(graph.value(node, RDFS.comment)).startswith("What has been delivered")
    assert str(graph.value(node, SH.select)) == GOOD
    assert str(graph.value(node, DCTERMS.identifier)) == "competency/delivered"
    assert str(graph.value(node, schema.keywords)) == "competency"
    assert str(graph.value(node, SKOS.notation)) == "H01"
    columns = {str(graph.value(column, schema.name)) for column in graph[node : schema.variableMeasured]}
    assert columns == {"deliverable", "label"}
    defaults = {
        str(graph.value(parameter, SH.path)).rpartition("#")[2]: graph.value(parameter, SH.defaultValue)
        for parameter in graph[node : SH.parameter]
    }
    assert defaults["framework"] == rdflib.URIRef("https://example.org/f1")
    assert defaults["many"] == rdflib.Literal(5)
    assert str(graph.value(predicate=SH.severity, object=SH.Warning)).endswith("query/checks/names")
    assert (rdflib.URIRef("https://example.org/query/explore/yes"), SH.ask, None) in graph


def test_descriptions_are_the_same_bytes_whatever_the_order(tmp_path: Path) -> None:
    queries = load(tmp_path, {"explore/a.rq": GOOD, "explore/b.rq": GOOD})
    assert describe_queries(queries, "x:") == describe_queries(queries[::-1], "x:")


def test_the_queries_about_any_content_pass_the_guard_with_odd_iris() -> None:
    labels = labels_query(["https://example.org/a", "not an IRI", "https://example.org/> } #", "x:b"] * 500)
    assert vet(labels, Limits()).form == "SELECT"
    assert "not an IRI" not in labels
    assert vet(members_query("https://example.org/C"), Limits()).form == "SELECT"


THERE = """\
# title: Names, asked there
# asks: http://x/
# local: federated/here
# columns:
#   name: a name
SELECT ?name { SERVICE <http://x/> { ?s ?p ?name } }
"""
HERE = """\
# title: Names
# columns:
#   name: a name
SELECT ?name { ?s ?p ?name }
"""


def test_a_query_says_whom_it_asks_and_what_answers_the_same_from_here(tmp_path: Path) -> None:
    [here, there] = load(tmp_path, {"federated/here.rq": HERE, "federated/there.rq": THERE})
    assert (here.asks, here.local) == ((), "")
    assert (there.asks, there.local) == (("http://x/",), "federated/here")


def test_a_query_may_ask_several_and_needs_no_twin(tmp_path: Path) -> None:
    both = THERE.replace("# local: federated/here\n", "").replace("asks: http://x/", "asks: [http://y/, http://x/]")
    [there] = load(tmp_path, {"federated/there.rq": both.replace("?name }", "?name } SERVICE SILENT <http://y/> {}")})
    assert (there.asks, there.local) == (("http://y/", "http://x/"), "")


@pytest.mark.parametrize(
    ("here", "there", "message", "line"),
    [
        (HERE, THERE.replace("federated/here", "federated/her"), "there is no query federated/her", 3),
        (THERE.replace("# local: federated/here\n", ""), THERE, "federated/here asks another endpoint as well", 3),
        (HERE.replace("name", "label"), THERE, "federated/here has other columns or parameters", 3),
        (
            HERE.replace("# columns", "# parameters:\n#   s: {type: iri, label: S, default: x:s}\n# columns").replace(
                "{ ?s", "{ VALUES ?s { <x:s> } ?s"
            ),
            THERE,
            "federated/here has other columns or parameters",
            3,
        ),
        (HERE, THERE.replace("SERVICE <http://x/>", "SERVICE ?x"), "not called: <http://x/>", 2),
        (HERE, THERE.replace("SERVICE", "GRAPH"), "not called: <http://x/>", 2),
    ],
)
def test_a_query_whose_header_says_otherwise_is_refused(
    tmp_path: Path, here: str, there: str, message: str, line: int
) -> None:
    with pytest.raises(ContentError, match=message) as problem:
        load(tmp_path, {"federated/here.rq": here, "federated/there.rq": there})
    assert (problem.value.file, problem.value.line) == ("queries/federated/there.rq", line)
    assert problem.value.remedy


@pytest.mark.parametrize("group", ["checks", "links", "names", "pages", "search"])
def test_what_the_service_asks_by_itself_asks_no_other(tmp_path: Path, group: str) -> None:
    with pytest.raises(ContentError, match="asks by itself asks another endpoint") as problem:
        load(tmp_path, {f"{group}/there.rq": THERE})
    assert problem.value.line == 2
