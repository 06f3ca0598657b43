"""Why an answer is empty: the parts of a group are told apart, and the first one that leaves nothing is named."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.answer import Ask, vet_query
from kg.errors import KgError
from kg.explain import Explanation, UnknownTerm, explain_empty
from kg.settings import UNION
from kg.sparql import Limits, significant, tokenize, vet
from kg.sparql.groups import inside, modifiers, outermost_group, parts_of
from kg.store import Answers, Description, Readable, Snapshots

BASE = "https://library.example/"
TRIPLES = f"""\
<{BASE}emma> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{BASE}Book>
<{BASE}emma> <http://www.w3.org/2000/01/rdf-schema#label> "Emma"@en
<{BASE}emma> <{BASE}writtenBy> <{BASE}austen>
<{BASE}emma> <{BASE}pages> "474"^^<http://www.w3.org/2001/XMLSchema#integer>
<{BASE}austen> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{BASE}Person>
<{BASE}austen> <http://www.w3.org/2000/01/rdf-schema#label> "Jane Austen"@en
<{BASE}Book> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/2002/07/owl#Class>
<{BASE}Person> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/2002/07/owl#Class>
<{BASE}writtenBy> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/2002/07/owl#ObjectProperty>
<{BASE}writtenBy> <http://www.w3.org/2000/01/rdf-schema#label> "written by"@en
""".splitlines()
PROLOGUE = f"PREFIX : <{BASE}>\nPREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>\n"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Readable:
    snapshots = Snapshots(tmp_path_factory.mktemp("state"), memory_quads=1000)
    quads = [f"{triple} <{BASE}graph/books> .\n" for triple in TRIPLES]
    quads.append(f'<{BASE}> <http://purl.org/dc/terms/title> "Library"@en <{BASE}graph/catalog> .\n')
    nquads = "".join(sorted(quads))
    with snapshots.locked():
        snapshots.publish(nquads.encode(), default_graph=UNION, base=BASE, prefixes={"": BASE})
    return snapshots.current()


def explain(library: Readable, query: str, **graphs: tuple[str, ...]) -> Explanation | None:
    return explain_empty(library, Ask(vet_query(PROLOGUE + query, Limits()), **graphs), Limits())


PARTS = {
    "?s a :Book ; :pages 5 , +6 ; ; rdfs:label 'x'@en .": [
        ("pattern", "?s a :Book"),
        ("pattern", "?s :pages 5"),
        ("pattern", "?s :pages +6"),
        ("pattern", "?s rdfs:label 'x'@en"),
    ],
    "?s ^:p/(:q|!:r)* ?o . ?s :p+ -7 ; ?p '1'^^xsd:int": [
        ("pattern", "?s ^:p/(:q|!:r)* ?o"),
        ("pattern", "?s :p+ -7"),
        ("pattern", "?s ?p '1'^^xsd:int"),
    ],
    "?s :p? ?o FILTER (?o > 1) ?o :q true . FILTER NOT EXISTS { ?o :r ?s } FILTER regex(?o, '}')": [
        ("pattern", "?s :p? ?o"),
        ("FILTER", "FILTER (?o > 1)"),
        ("pattern", "?o :q true"),
        ("FILTER", "FILTER NOT EXISTS { ?o :r ?s }"),
        ("FILTER", "FILTER regex(?o, '}')"),
    ],
    "VALUES ?s { :a } VALUES (?x ?y) { (1 2) } BIND (1 AS ?z) OPTIONAL { ?s :p ?o } MINUS { ?s :q ?o }": [
        ("VALUES", "VALUES ?s { :a }"),
        ("VALUES", "VALUES (?x ?y) { (1 2) }"),
        ("BIND", "BIND (1 AS ?z)"),
        ("OPTIONAL", "OPTIONAL { ?s :p ?o }"),
        ("MINUS", "MINUS { ?s :q ?o }"),
    ],
    "{ ?s :p 1 } UNION { ?s :p 2 } . { SELECT ?s { ?s :q ?o } }": [
        ("group", "{ ?s :p 1 } UNION { ?s :p 2 }"),
        ("group", "{ SELECT ?s { ?s :q ?o } }"),
    ],
    "GRAPH ?g { ?s :p 1 ; :q 2 } GRAPH :g { ?s :p 1 FILTER (?s = 1) }": [
        ("pattern", "GRAPH ?g { ?s :p 1 }"),
        ("pattern", "GRAPH ?g { ?s :q 2 }"),
        ("group", "GRAPH :g { ?s :p 1 FILTER (?s = 1) }"),
    ],
    "[ :p 1 ] :q 2 ; :r 3 . ?s :p [ :q 4 ; :r 5 ] , (1 2)": [
        ("pattern", "[ :p 1 ] :q 2 ; :r 3"),
        ("pattern", "?s :p [ :q 4 ; :r 5 ]"),
        ("pattern", "?s :p (1 2)"),
    ],
    "?s :p ?o {| :q 1 |} ; :r 2 . ?s :t 3": [
        ("pattern", "?s :p ?o {| :q 1 |} ; :r 2"),
        ("pattern", "?s :t 3"),
    ],
}


@pytest.mark.parametrize("group", PARTS)
def test_a_group_is_told_apart(group: str) -> None:
    text = f"SELECT (EXISTS {{ :not :this :one }} AS ?x) WHERE {{ {group} }} LIMIT 5"
    found = list(parts_of(text, outermost_group(vet(text, Limits()).tokens)))
    assert [(part.kind, part.text) for part in found] == PARTS[group]


def test_the_template_of_a_construct_is_not_its_group() -> None:
    [part] = parts_of(text := "CONSTRUCT { ?s :p 1 } WHERE { ?s :q 2 }", outermost_group(significant(tokenize(text))))
    assert part.text == "?s :q 2"


def test_constants_are_terms_and_neither_functions_nor_datatypes() -> None:
    text = "ASK { ?s :p 'a'@en . FILTER (:f(?s) = :b && ?s != '1'^^:int) }"
    pattern, condition = parts_of(text, outermost_group(significant(tokenize(text))))
    assert pattern.constants == (":p", "'a'@en")
    assert condition.constants == (":b",)


SOUP = ["?s", ":p", "a", "5", "'x'", "@en", "^^", ".", ";", ",", "{", "}", "(", ")", "[", "]", "{|", "|}", "+", "/"]
SOUP += ["^", "?", "FILTER", "NOT", "EXISTS", "GRAPH", "UNION", "OPTIONAL", "VALUES", "BIND", "SELECT", "<<", ">>"]
SOUP += ["HAVING", "LIMIT"]


@given(st.lists(st.sampled_from(SOUP), max_size=30))
def test_any_tokens_are_read_to_their_end(words: list[str]) -> None:
    text = "ASK { " + " ".join(words) + " } VALUES ?s " + " ".join(words)
    try:
        tokens = vet(text, Limits()).tokens
    except KgError:
        return
    group = outermost_group(tokens)
    for part in parts_of(text, group):
        assert part.tokens
        assert 0 <= part.start < len(text)
        list(parts_of(text, inside(part.tokens)))
    for part in modifiers(text, tokens):
        assert part.tokens
        assert text.startswith(part.text, part.start)


MISTAKES = {
    "a property": (
        "SELECT * { ?b a :Book ; :writenBy ?p }",
        "?b :writenBy ?p",
        ":writenBy",
        ":writtenBy",
        "written by",
    ),
    "a class": ("SELECT * { ?b a :book }", "?b a :book", ":book", ":Book", ""),
    "a thing": ("ASK { ?b :writtenBy :austin }", "?b :writtenBy :austin", ":austin", ":austen", "Jane Austen"),
    "a word of the label": ("ASK { :JaneAusten ?p ?o }", ":JaneAusten ?p ?o", ":JaneAusten", ":austen", "Jane Austen"),
    "a namespace": (
        "ASK { ?b a <http://library.example/Book> }",
        "?b a <http://library.example/Book>",
        "<http://library.example/Book>",
        ":Book",
        "",
    ),
    "a language": ('ASK { ?b rdfs:label "Emma" }', '?b rdfs:label "Emma"', '"Emma"', '"Emma"@en', ""),
    "a spelling": ('ASK { ?b rdfs:label "Ema"@en }', '?b rdfs:label "Ema"@en', '"Ema"@en', '"Emma"@en', ""),
    "a property of the standard": ("ASK { ?b rdfs:lable ?l }", "?b rdfs:lable ?l", "rdfs:lable", "rdfs:label", ""),
    "a graph": (
        "ASK { GRAPH <https://library.example/graph/boks> { ?b a :Book } }",
        "GRAPH <https://library.example/graph/boks> { ?b a :Book }",
        "<https://library.example/graph/boks>",
        "",
        "",
    ),
    "within a path": (
        "ASK { ?b :writtenBy/rdfs:labels ?l }",
        "?b :writtenBy/rdfs:labels ?l",
        "rdfs:labels",
        "rdfs:label",
        "",
    ),
    "within a subquery": (
        "CONSTRUCT { ?b a :X } WHERE { { SELECT ?b { ?b a :Book ; :page 474 } } ?b rdfs:label ?l }",
        "?b :page 474",
        ":page",
        ":pages",
        "",
    ),
    "within VALUES": ("ASK { VALUES ?b { :ema } ?b a :Book }", "?b a :Book", ":ema", ":emma", "Emma"),
    "nothing is near": ("ASK { ?b :zzz ?o }", "?b :zzz ?o", ":zzz", "", ""),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_an_unknown_term_is_named_with_the_nearest_that_is_known(library: Readable, name: str) -> None:
    query, part, *term = MISTAKES[name]
    told = explain(library, query)
    assert told
    assert (told.kind, told.text) == ("pattern", part)
    assert told.unknown == (UnknownTerm(*term),)


CONFLICTS = {
    "known terms in no such triple": ("ASK { :austen :pages ?n }", "pattern", ":austen :pages ?n", (False, False)),
    "the other way round": ("ASK { :austen :writtenBy ?b }", "pattern", ":austen :writtenBy ?b", (False, True)),
    "only together": ("ASK { ?b a :Person . ?b :pages ?n }", "pattern", "?b :pages ?n", (True, False)),
    "a condition": ("ASK { ?b :pages ?n FILTER (?n > 500) ?b a :Book }", "FILTER", "FILTER (?n > 500)", (False, False)),
    "the second condition": (
        "ASK { ?b :pages ?n ; rdfs:label ?l FILTER (?n > 400) FILTER (LANG(?l) = 'fr') }",
        "FILTER",
        "FILTER (LANG(?l) = 'fr')",
        (False, False),
    ),
    "an absence": (
        "ASK { ?b a :Book FILTER NOT EXISTS { ?b :pages ?n } }",
        "FILTER",
        "FILTER NOT EXISTS { ?b :pages ?n }",
        (False, False),
    ),
    "a difference": ("ASK { ?b a :Book MINUS { ?b :pages ?n } }", "MINUS", "MINUS { ?b :pages ?n }", (True, False)),
    "all alternatives": (
        "ASK { ?b a :Book { ?b a :Person } UNION { ?b :pages 1 } }",
        "group",
        "{ ?b a :Person } UNION { ?b :pages 1 }",
        (True, False),
    ),
    "after an optional part": (
        "ASK { ?b a :Book OPTIONAL { ?b :pages ?n } ?p :pages ?n ; a :Person }",
        "pattern",
        "?p a :Person",
        (True, False),
    ),
}


@pytest.mark.parametrize("name", CONFLICTS)
def test_the_first_part_that_leaves_nothing_is_named(library: Readable, name: str) -> None:
    query, kind, text, (alone, turned) = CONFLICTS[name]
    told = explain(library, query)
    assert told
    assert (told.kind, told.text, told.alone, told.turned, told.unknown) == (kind, text, alone, turned, ())


MODIFIED = {
    "no row is let through": ("SELECT * { ?b a :Book } ORDER BY ?b OFFSET 0 LIMIT 0", "LIMIT", "LIMIT 0", False),
    "all rows are skipped": ("CONSTRUCT WHERE { ?b a :Book } LIMIT 5 OFFSET 100", "OFFSET", "OFFSET 100", False),
    "no group is large enough": (
        "SELECT ?b { ?b :pages ?n } GROUP BY ?b HAVING (COUNT(*) > 5) LIMIT 10 OFFSET 0",
        "HAVING",
        "HAVING (COUNT(*) > 5)",
        False,
    ),
    "the first of two": (
        "SELECT ?b { ?b :pages ?n } GROUP BY ?b HAVING (COUNT(*) > 5) OFFSET 100",
        "HAVING",
        "HAVING (COUNT(*) > 5)",
        False,
    ),
    "values that none has": ("SELECT * { ?b :pages ?n } VALUES ?n { 1 2 }", "VALUES", "VALUES ?n { 1 2 }", True),
    "nothing is said of one beside what is found": (
        "DESCRIBE :shelf ?n { :emma :pages ?n }",
        "DESCRIBE",
        "DESCRIBE :shelf",
        False,
    ),
    "nothing is said of it": (
        "DESCRIBE :graph FROM <https://library.example/graph/books>",
        "DESCRIBE",
        "DESCRIBE :graph",
        False,
    ),
}


@pytest.mark.parametrize("name", MODIFIED)
def test_what_stands_behind_the_patterns_is_named(library: Readable, name: str) -> None:
    query, kind, text, alone = MODIFIED[name]
    told = explain(library, query)
    assert told
    assert (told.kind, told.text, told.alone, told.turned) == (kind, text, alone, False)


@pytest.mark.parametrize(
    ("query", "term"),
    [
        ("DESCRIBE :ema <https://library.example/austin>", UnknownTerm(":ema", ":emma", "Emma")),
        ("SELECT * { ?b a :Book } VALUES ?b { :ema }", UnknownTerm(":ema", ":emma", "Emma")),
        (
            "SELECT ?b { ?b :pages ?n } GROUP BY ?b HAVING (xsd:string(?b) = '' || ?b = :ema)",
            UnknownTerm(":ema", ":emma", "Emma"),
        ),
    ],
)
def test_unknown_terms_are_named_wherever_they_stand(library: Readable, query: str, term: UnknownTerm) -> None:
    told = explain(library, query)
    assert told
    assert told.unknown[0] == term


def test_the_place_is_that_of_the_predicate_in_the_query(library: Readable) -> None:
    told = explain(library, "SELECT * {\n  ?b a :Book ; # each book\n     :wrote ?p\n}")
    assert told
    assert (told.line, told.column) == (5, 6)


def test_the_graphs_of_the_query_are_those_of_the_questions(library: Readable) -> None:
    assert explain(library, "ASK { ?b a :Book }") is None
    for told in (
        explain(library, "ASK FROM <https://library.example/graph/catalog> { ?b a :Book }"),
        explain(library, "ASK { ?b a :Book }", default_graphs=(f"{BASE}graph/catalog",)),
        explain(library, "ASK { GRAPH ?g { ?b a :Book } }", default_graphs=(f"{BASE}graph/books",)),
    ):
        assert told
        assert told.unknown == ()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { ?b a :Book . ?p a :Person FILTER (?b = ?p) }",
        "DESCRIBE ?n { :emma :pages ?n }",
    ],
)
def test_what_is_not_understood_is_not_explained(library: Readable, query: str) -> None:
    assert explain(library, query) is None


@dataclass
class Counted:
    """A snapshot that counts what it is asked."""

    readable: Readable
    asked: list[str] = field(default_factory=list)

    @property
    def description(self) -> Description:
        return self.readable.description

    @property
    def number(self) -> int:
        return self.readable.number

    def query(self, text: str, *, default_graphs: Sequence[str] = (), named_graphs: Sequence[str] = ()) -> Answers:
        self.asked.append(text)
        return self.readable.query(text, default_graphs=default_graphs, named_graphs=named_graphs)


@pytest.mark.parametrize(
    "query",
    [
        "ASK { ?b a :Book . " + "?b :pages ?n . " * 50 + "?b :nothing ?n }",
        "ASK { ?b a :Book " + "FILTER (?b != :x) " * 50 + "FILTER (?b = :x) }",
        "ASK { ?b a :Book { ?b a :Person } UNION { VALUES ?b { " + " ".join(f":none{n}" for n in range(50)) + " } } }",
        "ASK " + "{ ?b a :Book . " * 20 + "?b a :Person" + " }" * 20,
    ],
)
def test_the_number_of_questions_is_bounded(library: Readable, query: str) -> None:
    counted = Counted(library)
    explain(counted, query)
    assert 10 <= len(counted.asked) <= 30


def test_a_long_part_is_shown_in_short(library: Readable) -> None:
    told = explain(library, 'ASK { ?b rdfs:label "' + "long " * 100 + '" }')
    assert told
    assert len(told.text) < 310
    assert told.text.endswith("…")
    assert told.unknown[0].nearest == ""


def test_a_snapshot_without_names_or_vocabulary_is_explained(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path, memory_quads=1000)
    with snapshots.locked():
        snapshots.publish(b"", default_graph=UNION, base=BASE, prefixes={})
    told = explain(snapshots.current(), "ASK { ?b a :Book }")
    assert told
    assert told.unknown == (UnknownTerm(":Book", "", ""),)
