"""The guard: what is refused before the engine sees it, with the place and the remedy, and what is let through."""

import subprocess
import sys

import pytest
from pyoxigraph import Store

from kg.errors import NetworkRefused, QueryRefused, QuerySyntax
from kg.sparql import Limits, called_services, vet, vet_update

LIMITS = Limits()
MIDNIGHT = "'2020-01-01T00:00:00Z'^^<http://www.w3.org/2001/XMLSchema#dateTime>"
DURATION = "<http://www.w3.org/2001/XMLSchema#dayTimeDuration>"


def nested(opening: str, core: str, closing: str, depth: int) -> str:
    return opening * depth + core + closing * depth


def joined(separator: str, part: str, count: int) -> str:
    return separator.join(part.replace("#", str(number)) for number in range(count))


# What ends the engine's process or keeps it planning for minutes, each at a size that was seen to do so.
KILLERS = {
    "nested parentheses": f"SELECT * {{ FILTER({nested('(', '1', ')', 3000)}) }}",
    "nested function calls": f"SELECT * {{ FILTER({nested('STR(', '?a', ')', 300)}) }}",
    "nested groups": "SELECT * " + nested("{", "", "}", 1000),
    "nested EXISTS": f"SELECT * {{ {nested('FILTER EXISTS {', '?s ?p ?o', '}', 300)} }}",
    "nested blank nodes": f"SELECT * {{ ?s ?p {nested('[ ?p ', '1', ']', 300)} }}",
    "nested triple terms": f"SELECT * {{ ?s ?p {nested('<<( ?a ?b ', '1', ')>>', 3000)} }}",
    "nested grouped subqueries": f"SELECT * {{ {nested('{ SELECT (COUNT(*) AS ?c) {', '?s ?p ?o', '}}', 30)} }}",
    "a chain of UNION": f"SELECT * {{ {joined(' UNION ', '{}', 3000)} }}",
    "a chain of OPTIONAL": f"SELECT * {{ {joined(' ', 'OPTIONAL {}', 3000)} }}",
    "a chain of LATERAL": f"SELECT * {{ {joined(' ', 'LATERAL {}', 3000)} }}",
    "nested LATERAL": f"SELECT * {{ {nested('LATERAL { ', '?s ?p ?o', '}', 1000)} }}",
    "a chain of MINUS": f"SELECT * {{ ?s ?p ?o {joined(' ', 'MINUS { ?s ?p ?o }', 1000)} }}",
    "a chain of BIND": f"SELECT * {{ {joined(' ', 'BIND(1 AS ?b#)', 1000)} }}",
    "a chain of FILTER": f"SELECT * {{ {joined(' ', 'FILTER(?a)', 3000)} }}",
    "a chain of &&": f"SELECT * {{ FILTER({joined('&&', '?a', 3000)}) }}",
    "a chain of +": f"SELECT * {{ FILTER({joined('+', '1', 3000)}) }}",
    "a chain of !": f"SELECT * {{ FILTER({'!' * 3000}?a) }}",
    "a chain of path alternatives": f"SELECT * {{ ?s {joined('|', '<x:p>', 3000)} ?o }}",
    "a chain of path steps": f"SELECT * {{ ?s {joined('/', '<x:p>', 1000)} ?o }}",
    "many projected expressions": f"SELECT {joined(' ', '(1 AS ?b#)', 1000)} {{}}",
    "many grouping expressions": f"SELECT (1 AS ?z) {{}} GROUP BY {joined(' ', '(1 AS ?b#)', 1000)}",
    "many HAVING conditions": f"SELECT (1 AS ?z) {{}} HAVING {joined(' ', '(1)', 3000)}",
    "HAVING of a subquery": f"SELECT * {{{{ SELECT (1 AS ?z) {{}} HAVING {joined(' ', '(1)', 3000)} }}}}",
    "many described terms": f"DESCRIBE {joined(' ', '<x:a>', 1000)}",
    "many patterns": f"SELECT * {{ {joined(' . ', '?s <x:p> ?o#', 300)} }}",
    "many predicates": f"SELECT * {{ ?s {joined(' ; ', '<x:p> ?o#', 300)} }}",
    "many objects": f"SELECT * {{ ?s <x:p> {joined(' , ', '?o#', 300)} }}",
    "many patterns without a dot": f"SELECT * {{ {joined(' ', '?s <x:p> ?o# FILTER(1)', 300)} }}",
    "many groups": f"SELECT * {{ {joined(' ', '{?s ?p ?o}', 300)} }}",
    "many GRAPHs": f"SELECT * {{ {joined(' ', 'GRAPH ?g# { ?s ?p ?o }', 300)} }}",
    "many VALUES": f"SELECT * {{ {joined(' ', 'VALUES ?x { 1 }', 300)} }}",
    "a long collection": f"SELECT * {{ ?s ?p ({joined(' ', '1', 300)}) }}",
    "many annotations": f"SELECT * {{ ?s ?p ?o {joined(' ', '{| ?a ?b |}', 100)} }}",
    "a long text": f"ASK {{}} # {'x' * 100_000}",
}


@pytest.mark.parametrize("name", KILLERS)
def test_refuses_what_would_end_or_occupy_the_process(name: str) -> None:
    with pytest.raises(QueryRefused) as refusal:
        vet(KILLERS[name], LIMITS)
    assert refusal.value.remedy


# Each just inside a limit; the engine must survive all of them on the small stack of a server's thread.
SURVIVORS = {
    "deep function calls": f"SELECT * {{ FILTER({nested('STR(', '?a', ')', 98)}) }}",
    "deep EXISTS": f"SELECT * {{ {nested('FILTER EXISTS { ', '', '}', 90)} }}",
    "deep groups": "SELECT * " + nested("{", "", "}", 99),
    "deep OPTIONAL": f"SELECT * {{ {nested('OPTIONAL { ', '?s ?p ?o', '}', 49)} }}",
    "deep LATERAL": f"SELECT * {{ {nested('LATERAL { ', '?s ?p ?o', '}', 49)} }}",
    "a chain of LATERAL": f"SELECT * {{ {joined(' ', 'LATERAL {}', 95)} }}",
    "HAVING conditions of a subquery": f"SELECT * {{{{ SELECT (1 AS ?z) {{}} HAVING {joined(' ', '(1)', 290)} }}}}",
    "a chain of +": f"SELECT * {{ FILTER({joined('+', '1', 290)}) }}",
    "a chain of UNION": f"SELECT * {{ {joined(' UNION ', '{}', 95)} }}",
    "a chain of BIND": f"SELECT * {{ {joined(' ', 'BIND(1 AS ?b#)', 145)} }}",
    "many described terms": f"DESCRIBE {joined(' ', '<x:a>', 299)}",
    "ten thousand values": f"SELECT * {{ VALUES ?x {{ {joined(' ', '<x:a>', 10_000)} }} }}",
    "ten thousand items of IN": f"SELECT * {{ FILTER(?x IN ({joined(', ', '1', 10_000)})) }}",
    "a template of a thousand triples": f"CONSTRUCT {{ {joined(' . ', '?s <x:p> ?o', 1000)} }} WHERE {{}}",
    "many prefixes": f"{joined(' ', 'PREFIX p#: <x:p>', 1000)} SELECT * {{}}",
}

_ON_A_SMALL_STACK = """
import sys, threading, pyoxigraph
threading.stack_size(2 << 20)  # what a thread of the server has
def run():
    list(pyoxigraph.Store().query(sys.stdin.read()))
    print("answered")
thread = threading.Thread(target=run)
thread.start()
thread.join()
"""


@pytest.mark.parametrize("name", SURVIVORS)
def test_the_engine_survives_what_is_let_through(name: str) -> None:
    ended = on_a_small_stack(vet(SURVIVORS[name], Limits(characters=1_000_000)).text)
    assert (ended.returncode, ended.stdout) == (0, "answered\n")


def test_the_engine_does_not_survive_what_is_refused() -> None:
    """When this fails, an engine has learnt to bound its recursion, and the limits can be looked at again."""
    assert on_a_small_stack(KILLERS["a chain of BIND"]).returncode < 0


def on_a_small_stack(text: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", _ON_A_SMALL_STACK]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("text", "limits", "place"),
    [
        ("ASK {\n{ { } } }", Limits(depth=2), "line 2, column 3"),
        ("ASK { ?a ?b ?c .\n ?d ?e ?f . ?g ?h ?i }", Limits(patterns=2), "line 2, column 11"),
        ("ASK { FILTER(1\n+1+1) }", Limits(operators=2), "line 2, column 3"),
        ("ASK { { SELECT ?a {\n{ SELECT ?a {} } } } }", Limits(subqueries=1), "line 2, column 3"),
    ],
)
def test_a_refusal_names_the_place_where_the_limit_is_passed(text: str, limits: Limits, place: str) -> None:
    with pytest.raises(QueryRefused, match=place):
        vet(text, limits)


def test_each_operation_of_an_update_is_measured_for_itself() -> None:
    operation = "INSERT { GRAPH <x:g> { ?s ?p 1 } } WHERE { ?s ?p ?o . ?o ?p ?s FILTER(1 + 1 = ?o) }"
    limits = Limits(patterns=4, operators=4)
    assert vet(" ; ".join(20 * [operation]), limits).form == "UPDATE"
    with pytest.raises(QueryRefused, match="more than 3 patterns"):
        vet(operation, Limits(patterns=3))
    with pytest.raises(QueryRefused, match="more than 3 chained operators"):
        vet(operation, Limits(operators=3))


def test_what_is_written_is_not_counted_as_what_is_joined() -> None:
    data = " . ".join(f"<x:{number}> <x:p> 1, 2 ; <x:q> 3" for number in range(200))
    assert vet(f"INSERT DATA {{ GRAPH <x:g> {{ {data} }} }}", Limits()).form == "UPDATE"
    with pytest.raises(QueryRefused, match="patterns to join"):
        vet(f"DELETE WHERE {{ GRAPH <x:g> {{ {data} }} }}", Limits())


def test_an_update_is_none_without_the_word_for_it_and_may_have_no_operation() -> None:
    assert vet_update("# nothing", LIMITS).form == "UPDATE"
    assert vet_update("BASE <a>", LIMITS, base="http://e/").text == "BASE <http://e/a>"
    with pytest.raises(QuerySyntax, match="ASK is a query"):
        vet_update("ASK {}", LIMITS)
    with pytest.raises(QueryRefused, match="9 characters, at most 8"):
        vet_update("CLEAR ALL", Limits(characters=8))
    with pytest.raises(NetworkRefused, match="SERVICE calls") as refusal:
        vet_update("INSERT {} WHERE { SERVICE <http://e/> {} }", LIMITS)
    assert "KG_SERVICES" not in refusal.value.remedy  # it is of no use to an update


def test_a_text_of_exactly_the_allowed_length_passes() -> None:
    assert vet("ASK {}", Limits(characters=6)).form == "ASK"
    with pytest.raises(QueryRefused, match="7 characters, at most 6"):
        vet("ASK {} ", Limits(characters=6))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { SERVICE <http://a/> { ?s ?p ?o } }",
        "SELECT * { service silent ?x { ?s ?p ?o } }",
        "SELECT * { ?s ?p ?o FILTER(?a<?b)SERVICE<http://a/>{ ?s ?p ?o } }",
        "SELECT * { FILTER EXISTS { { SELECT * { SERVICE <http://a/> {} } } } }",
        "LOAD <http://a/>",
        "CLEAR ALL ; LOAD SILENT <file:///etc/passwd> INTO GRAPH <x:g>",
    ],
)
def test_refuses_what_calls_the_network(text: str) -> None:
    with pytest.raises(QueryRefused, match=r"calls another service|fetches from the network") as refusal:
        vet(text, LIMITS)
    assert refusal.value.remedy


FEDERATED = Limits(services={"http://a/sparql": "http://a/sparql"})


@pytest.mark.parametrize("text", ["SERVICE <http://a/sparql> { ?s ?p ?o }", "SERVICE SILENT<http://a/sparql>{}"])
def test_lets_a_query_call_an_endpoint_that_is_allowed(text: str) -> None:
    [call] = called_services(vet(f"SELECT * {{ {text} }}", FEDERATED).text)
    assert (call.endpoint, call.is_silent) == ("http://a/sparql", "SILENT" in text)


MIRRORED = Limits(services={"http://a/sparql": "http://127.0.0.1:7/query", "http://b/": "http://b/"})
MIRROR = "<http://127.0.0.1:7/query>"


@pytest.mark.parametrize(
    ("written", "run"),
    [
        ("SERVICE <http://a/sparql> { ?s ?p ?o }", f"SERVICE {MIRROR} {{ ?s ?p ?o }}"),
        ("service silent\n<http://a/sparql>{}", f"service silent\n{MIRROR}{{}}"),
        ("SERVICE SILENT #>\n<http://a/sparql> {}", f"SERVICE SILENT   \n{MIRROR} {{}}"),
        ("SERVICE <http://b/> { ?s ?p <http://a/sparql> }", "SERVICE <http://b/> { ?s ?p <http://a/sparql> }"),
        (
            "?s ?p <http://a/sparql> , 'SERVICE <http://a/sparql>'",
            "?s ?p <http://a/sparql> , 'SERVICE <http://a/sparql>'",
        ),
        # What is called inside a call, the other endpoint calls.
        (
            "SERVICE <http://b/> { { ?s ?p '}' } SERVICE <http://a/sparql> {} } SERVICE <http://a/sparql> {}",
            f"SERVICE <http://b/> {{ {{ ?s ?p '}}' }} SERVICE <http://a/sparql> {{}} }} SERVICE {MIRROR} {{}}",
        ),
    ],
)
def test_a_call_is_made_where_the_endpoint_is_asked(written: str, run: str) -> None:
    query = vet(f"SELECT * {{ {written} }}", MIRRORED)
    assert query.text == f"SELECT * {{ {run} }}"
    assert query.written == f"SELECT * {{ {written} }}"
    assert vet_update(f"INSERT {{}} WHERE {{ {written} }}", MIRRORED).text == f"INSERT {{}} WHERE {{ {run} }}"


def test_the_address_of_an_endpoint_is_not_called_by_itself() -> None:
    with pytest.raises(NetworkRefused, match="SERVICE calls") as refusal:
        vet(f"ASK {{ SERVICE {MIRROR} {{}} }}", MIRRORED)
    assert "127.0.0.1" not in refusal.value.remedy
    assert "KG_SERVICES" in refusal.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        "SERVICE <http://a/sparql/> { ?s ?p ?o }",
        "SERVICE <HTTP://a/sparql> { ?s ?p ?o }",
        "SERVICE <http://a/../a/sparql> { ?s ?p ?o }",
        "SERVICE ?x { ?s ?p ?o } VALUES ?x { <http://a/sparql> }",
        "SERVICE a:sparql { ?s ?p ?o }",
        "SERVICE <http://a/sparql> { SERVICE <http://b/> { ?s ?p ?o } }",
        "SERVICE SILENT <http://b/> { ?s ?p <http://a/sparql> }",
    ],
)
def test_allows_no_endpoint_but_by_its_whole_name(text: str) -> None:
    with pytest.raises(QueryRefused, match="calls another service") as refusal:
        vet(f"PREFIX a: <http://a/> SELECT * {{ {text} }}", FEDERATED)
    assert "<http://a/sparql>" in refusal.value.remedy


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "no query"),
        ("# only a comment", 1, 1, "no query"),
        ("PREFIX x: <x:>", 1, 1, "no query"),
        ("ASK {\n  ?s ?p 'open }", 2, 9, "string"),
        ("ASK {\n { ?s ?p ?o }", 1, 5, "not closed"),
        ("ASK { ?s ?p ?o ) }", 1, 16, "closes nothing"),
        ("ASK { ?s ?p ?o } }", 1, 18, "closes nothing"),
        ("ASK { ?s ?p \\u0041 }", 1, 13, "cannot stand here"),
        ("ASK {\n ?s ?p <ht$ps://x> }", 2, 8, "no scheme is before its colon"),
        ("BASE <http://e/> ASK { ?s ?p <1http://x> }", 1, 30, "no scheme is before its colon"),
        ("PREFIX x: <://a/> ASK {}", 1, 11, "no scheme is before its colon"),
        ("ASK { ?s ?p <1\\u003Aa> }", 1, 13, "no scheme is before its colon"),
        ("ASK {\n ?s ?p '''a\\x''' }", 2, 8, r"holds \\x, which stands for nothing"),
        ('ASK { ?s ?p """\\uDC00""" }', 1, 13, r"holds \\u, which stands for nothing"),
        ('ASK { ?s ?p """\\U00110000""" }', 1, 13, r"holds \\U, which stands for nothing"),
    ],
)
def test_says_where_a_text_cannot_be_read(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(QuerySyntax, match=message) as problem:
        vet(text, LIMITS)
    assert (problem.value.line, problem.value.column) == (line, column)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("select * {}", "SELECT"),
        ("BASE <http://ask/> PREFIX construct: <x:> ASK {}", "ASK"),
        ("# SELECT\nCONSTRUCT WHERE { ?s ?p ?o }", "CONSTRUCT"),
        ("VERSION '1.2' DESCRIBE <x:a>", "DESCRIBE"),
        ("INSERT DATA { <x:a> <x:b> 'SELECT' }", "UPDATE"),
        ("PREFIX x: <x:> DELETE WHERE { ?s ?p ?o }", "UPDATE"),
    ],
)
def test_tells_the_form_of_a_query(text: str, form: str) -> None:
    assert vet(text, LIMITS).form == form


@pytest.mark.parametrize(
    "text",
    [
        # `<` behind an operand is an operator to the engine, and `#` behind it starts a comment.
        "SELECT * { FILTER(1<2#>'''\n) SERVICE <http://e/> { ?s ?p ?o } #''')\n }",
        "SELECT * { FILTER(1<2)SERVICE#>)\n<http://e/> { ?s ?p ?o } }",
        "SELECT * { FILTER(true<urn:a#>) }",
        "SELECT * { { SELECT (?a AS ?b) (?c<?d#>) { } } }",
        # A keyword needs no white space behind or before it.
        "SELECT * { ?s ?p trueSERVICE <http://e/> { ?a ?b ?c } }",
        "PREFIX : <http://e/> SELECT * { SERVICE:x { ?s ?p ?o } }",
        "PREFIX x: <http://e/> SELECT * { SERVICEx:y { ?s ?p ?o } }",
        "PREFIX service: <x:> PREFIX : <http://e/> SELECT * { service:x { ?s ?p ?o } }",
        "PREFIX x: <http://e/> SELECT * { ?s ?p falseServiceSilentx:y # why\n { ?a ?b ?c } }",
        # `<<` is an operator and an IRI behind an operand.
        "SELECT * { FILTER(1<<urn:'''>\n) SERVICE <http://e/> { ?s ?p ?o } #''' >> )\n }",
        "BASE <http://e/> SELECT * { FILTER(1<<('''>\n) SERVICE <http://e/> { ?s ?p ?o } #''' )>> )\n }",
        # A long string that cannot be read is an empty one, and one that is open.
        "SELECT * { VALUES ?x { '''a'} SERVICE <http://e/> { ?s ?p ?o } OPTIONAL { #\\x'''\n } }",
        # A prefixed name that makes no IRI is its prefix, and words.
        "PREFIX x: <http://e:80> PREFIX y: <http://e/> SELECT * { ?s ?p x:SERVICEy:z { ?a ?b ?c } }",
        "PREFIX x: <http://e:80> SELECT * { ?s ?p x:SERVICE <http://e/> { ?a ?b ?c } }",
        "PREFIX x: <http://e:80> SELECT * { ?s ?p x:serviceSilent ?v { ?a ?b ?c } }",
        "PREFIX x: <http://e:80> SELECT * { ?s ?p x:SERVICE SILENT ?v { ?a ?b ?c } }",
        # A local name ends at its second dot.
        "PREFIX x: <relative> SELECT * { ?s ?p x:a.b.SERVICE <http://e/> { ?a ?b ?c } }",
        "SELECT * { ?s ?p undeclared:a.b.c }",
    ],
)
def test_refuses_what_the_engine_would_read_otherwise(text: str) -> None:
    with pytest.raises(QuerySyntax):
        vet(text, LIMITS)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { FILTER(?x < ?a && ?b > ?y) }",
        "SELECT * { ?s <urn:p#x> ?o . FILTER(?o IN (<urn:a#b>, <c>)) }",
        "SELECT * { VALUES (?a ?b) { (<urn:a#b> <c>) } }",
        "SELECT * { ?s ?p (<http://e/a#b> <http://e/c>) }",
        "SELECT * { ?s ?p (<urn:a#b> <c> (1 <d>)) ; a ('a'@en <tag:x>) }",
        "SELECT * { BIND(<<(<urn:a> <urn:b> <<(<urn:a> <urn:b> <urn:c>)>>)>> AS ?t) }",
        r"SELECT * { VALUES ?x { '''a\n\\'' \u00e9\U0001F600\"''' '' } }",
        "PREFIX x: <http://e/> SELECT * { ?s x:service ?o ; x:service x:o . { ?s x:service x:c } }",
        "PREFIX service: <http://e/> SELECT * FROM service:g { GRAPH service:g { ?s service:p service:o } }",
        "PREFIX x: <http://e/> SELECT * { ?s ?p x:c { ?a ?b ?c } }",
    ],
)
def test_lets_through_what_the_engine_reads_alike(text: str) -> None:
    assert vet(text, LIMITS).form == "SELECT"


def test_knows_no_word_that_the_standard_does_not() -> None:
    with pytest.raises(QuerySyntax, match="nonsense is no word of SPARQL"):
        vet("nonsense", LIMITS)


def test_a_name_that_is_spelled_out_hides_nothing() -> None:
    text = r"PREFIX x: <urn:a> SELECT * { FILTER(1 x:b.c.d\#) }"
    assert r"<urn:ab.c.d\u0023>" in vet(text, LIMITS).text


def test_lets_through_the_two_extensions_that_the_engine_has() -> None:
    """SPARQL-dev SEP-0002 and SEP-0006."""
    query = vet("SELECT * { VALUES ?x { 1 2 } LATERAL { SELECT ?x (?x + 1 AS ?y) {} } }", LIMITS)
    assert sorted(row["y"].value for row in Store().query(query.text)) == ["2", "3"]
    adjusted = vet(f"SELECT (ADJUST({MIDNIGHT}, 'PT1H'^^{DURATION}) AS ?x) {{}}", LIMITS)
    assert adjusted.repeatable
    [row] = Store().query(adjusted.text)
    assert row["x"].value == "2020-01-01T01:00:00+01:00"
    with pytest.raises(NetworkRefused, match="SERVICE calls"):
        vet("SELECT * { ?s ?p ?o LATERAL { SERVICE <http://e/> { ?s ?p ?o } } }", LIMITS)
