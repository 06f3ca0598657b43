"""The place of a statement: the line it is written on, else that of its subject, else nothing; never another one."""

import json
from itertools import groupby

from hypothesis import given, settings
from hypothesis import strategies as st

from kg.readers import Document, Places, Reading, read_document, skolemize

BASE = "https://library.example/"
GRAPH = f"{BASE}graph/submission/1"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
FIRST = "http://www.w3.org/1999/02/22-rdf-syntax-ns#first"


def read(text: str, name: str) -> tuple[Document, Places]:
    document = read_document(text.encode(), name=name, graph=GRAPH, reading=Reading(graphs="many"))
    stored = skolemize([*document.quads], name=name, base=BASE)
    return document, Places(document, stored=stored)


def lines(text: str, name: str = "a.ttl") -> dict[tuple[str, str, str], tuple[int, int] | None]:
    """The place of each statement as it is stored, with IRIs of blank nodes shortened to `_`."""
    document, places = read(text, name)
    found = {}
    for quad in skolemize([*document.quads], name=name, base=BASE):
        statement = (quad.subject.value, quad.predicate.value, quad.object.value)
        short = tuple("_" if "genid" in term else term.removeprefix(BASE) for term in statement)
        found[short[0], short[1], short[2]] = places.position_of(*statement)
    return found


TRICKY = f"""\
@prefix : <{BASE}> .   # :a :p 1 . <{BASE}a>
@base <{BASE}> .
:a :p "{BASE}a" ,
   ":a :p 3 . # " ,
   3 ;
   a :T ; ;
   :q [ :r 1 ;
        :s [ :t
             "deep" ] ] .
<b> <p> <c#d> , <> .
:b :list (1
  [ :in "list" ]
  () ) .
:a :p '''
long''' , +1.5 ,
 true , "tagged"@en-GB-oed , "typed"^^:T .
PREFIX : <{BASE}other/>
:a :p 4 .
[ :alone
  "yes" ] .
_:label :p "label" ; :p "caf\\u00e9" .
:esc\\,aped :p :x\\#y .
"""


def test_each_statement_of_a_tricky_turtle_text_has_its_line() -> None:
    assert lines(TRICKY) == {
        ("a", "p", f"{BASE}a".removeprefix(BASE)): (3, 7),
        ("a", "p", ":a :p 3 . # "): (4, 4),
        ("a", "p", "3"): (5, 4),
        ("a", TYPE, "T"): (6, 6),
        ("a", "q", "_"): (7, 7),
        ("_", "r", "1"): (7, 12),
        ("_", "s", "_"): (8, 12),
        ("_", "t", "deep"): (9, 14),
        ("b", "p", "c#d"): (10, 9),
        ("b", "p", ""): (10, 17),
        ("b", "list", "_"): (11, 10),
        ("_", FIRST, "1"): (11, 11),
        ("_", FIRST.replace("first", "rest"), "_"): (13, 3),
        ("_", FIRST, "_"): (12, 3),
        ("_", "in", "list"): (12, 9),
        ("_", FIRST, FIRST.replace("first", "nil")): (13, 3),
        ("_", FIRST.replace("first", "rest"), FIRST.replace("first", "nil")): (13, 6),
        ("a", "p", "\nlong"): (14, 7),
        ("a", "p", "+1.5"): (15, 11),
        ("a", "p", "true"): (16, 2),
        ("a", "p", "tagged"): (16, 9),
        ("a", "p", "typed"): (16, 30),
        ("other/a", "other/p", "4"): (18, 7),
        ("_", "other/alone", "yes"): (20, 3),
        ("_", "other/p", "label"): (21, 12),
        ("_", "other/p", "café"): (21, 25),
        ("other/esc,aped", "other/p", "other/x#y"): (22, 15),
    }


def test_a_statement_that_is_not_there_has_the_place_of_its_subject_or_none() -> None:
    _, places = read(TRICKY, "a.ttl")
    a = f"{BASE}a"
    assert places.place_of(a) == places.place_of(a, f"{BASE}missing") == places.place_of(a, f"{BASE}p", "9") == "line 3"
    assert places.place_of(a, f"{BASE}q") == "line 7"
    assert places.place_of(f"{BASE}other/a") == "line 18"
    assert places.place_of(f"{BASE}c#d") == places.place_of(f"{BASE}nobody", f"{BASE}p") == places.place_of("") == ""


def test_without_a_property_the_value_may_be_a_class_or_a_property() -> None:
    """As the check for undeclared terms reports it."""
    _, places = read(TRICKY, "a.ttl")
    assert places.place_of(f"{BASE}a", "", f"{BASE}T") == "line 6"
    assert places.place_of(f"{BASE}a", "", f"{BASE}q") == "line 7"


def test_relative_iris_are_those_of_the_parser() -> None:
    relative = ("#", "", "?", ".", "../a/./b", "//e", f"{BASE}a/../b")
    text = f"@base <{BASE}x/y?z> .\n" + "".join(f"<{iri}> <p> 1 .\n" for iri in relative)
    text += "@prefix : <../> .\n:a <p> 1 .\n@base <../> .\n<p> <p> 1 ."
    found = {subject: place and place[0] for (subject, _, _), place in lines(text).items()}
    assert found == {
        "x/y?z#": 2,
        "x/y?z": 3,
        "x/y?": 4,
        "x/": 5,
        "a/b": 6,
        "https://e": 7,
        "a/../b": 8,
        "a": 10,
        "p": 12,
    }


def test_graphs_of_trig_and_n_quads() -> None:
    text = f"PREFIX : <{BASE}>\nGRAPH :g {{ :a :p 1 .\n:b :p 2 }}\n:h {{\n:a :p 3 }}\n{{ :a :p 4 ; :p\n5 }}\n:a :p 6 ."
    found = {value: place and place[0] for (_, _, value), place in lines(text, "a.trig").items()}
    assert found == {"1": 2, "2": 3, "3": 5, "4": 6, "5": 7, "6": 8}
    text = f'# <{BASE}a>\n<{BASE}a> <{BASE}p> "1" <{BASE}g> .\n\n<{BASE}a> <{BASE}p> "2" .\n_:b <{BASE}p> "3" _:b .\n'
    found = {value: place and place[0] for (_, _, value), place in lines(text, "a.nq").items()}
    assert found == {"1": 2, "2": 4, "3": 5}
    text = text.replace(f" <{BASE}g> .", " .").replace(" _:b .", " .")
    assert {value: place and place[0] for (_, _, value), place in lines(text, "a.nt").items()} == found


JSON = f"""\
{{"@context": {{"@base": "{BASE}", "l": "{BASE}", "p": "{BASE}p", "q": "l:q", "id": "@id", "type": "@type",
  "name": {{"@id": "{BASE}name", "@container": "@language"}}, "knows": {{"@id": "l:knows", "@type": "@id"}}}},
 "@graph": [
  {{"id": "a",
    "p": [1,
      "two",
      {{"id": "l:b", "p": "in b"}}],
    "type": ["l:T",
      "l:U"],
    "knows":
      "l:c",
    "q": {{
      "p": "{BASE}a"}},
    "name": {{"en": "Forest",
      "fr": "For\\u00eat"}},
    "{BASE}list": {{"@list": [1,
      {{"p": "in list"}}]}},
    "@reverse": {{
      "p": {{"id": "l:d"}}}}
  }},
  {{"p": "again",
    "id": "l:a"}},
  {{"p":
     "alone"}}
]}}
"""


def test_each_statement_of_a_json_text_has_its_line() -> None:
    found = lines(JSON, "a.jsonld")
    assert {statement: place for statement, place in found.items() if statement[:2] not in (("_", FIRST),)} == {
        ("a", "p", "1"): (5, 11),
        ("a", "p", "two"): (6, 7),
        ("a", "p", "b"): (7, 14),
        ("b", "p", "in b"): (7, 26),
        ("a", TYPE, "T"): (8, 14),
        ("a", TYPE, "U"): (9, 7),
        ("a", "knows", "c"): (11, 7),
        ("a", "q", "_"): (12, 10),
        ("_", "p", "a"): (13, 12),
        ("a", "name", "Forest"): (14, 5),
        ("a", "name", "Forêt"): (14, 5),
        ("a", "list", "_"): (16, 5),
        ("_", "p", "in list"): (17, 13),
        ("d", "p", "a"): (19, 19),
        ("a", "p", "again"): (21, 9),
        ("_", "p", "alone"): (24, 6),
        ("_", FIRST.replace("first", "rest"), "_"): None,
        ("_", FIRST.replace("first", "rest"), FIRST.replace("first", "nil")): None,
    }
    _, places = read(JSON, "a.jsonld")
    assert places.place_of(f"{BASE}a", f"{BASE}missing") == "line 4"
    assert places.place_of(f"{BASE}d") == "line 19"


def test_a_map_by_identifier_is_followed() -> None:
    text = f"""{{"@context": {{"in": {{"@id": "{BASE}in", "@container": "@id"}}}},
 "@id": "{BASE}a", "in": {{
   "{BASE}b": {{"{BASE}p": 1}},
   "{BASE}c": {{"{BASE}p": 1}}}}}}"""
    _, places = read(text, "a.jsonld")
    assert places.place_of(f"{BASE}a") == "line 2"
    assert places.place_of(f"{BASE}b", f"{BASE}p", "1") == "line 3"
    assert places.place_of(f"{BASE}c", f"{BASE}p", "1") == "line 4"


def test_where_a_json_text_cannot_be_followed_its_identifiers_have_places() -> None:
    """A key that means `@id` in one context and a property in another: a number for each node would be a second one."""
    text = f"""[{{"@context": {{"id": "@id"}}, "id": "{BASE}a", "{BASE}p": 1}},
 {{"@context": {{"id": "{BASE}id"}}, "id": "5",
  "@id": "{BASE}b", "{BASE}p": 1}}]"""
    _, places = read(text, "a.jsonld")
    assert places.place_of(f"{BASE}a", f"{BASE}p", "1") == ""
    assert places.place_of(f"{BASE}b", f"{BASE}p", "1") == "line 3"


def test_blank_nodes_that_are_alike_have_no_place() -> None:
    document, places = read("<x:a> <x:p> [ <x:q> 1 ] ,\n [ <x:q> 1 ] ,\n [ <x:q> 2 ] .", "a.ttl")
    stored = skolemize([*document.quads], name="a.ttl", base=BASE)
    found = [
        places.place_of(quad.subject.value, "x:q", quad.object.value)
        for quad in stored
        if quad.predicate.value == "x:q"
    ]
    assert sorted(found) == ["", "", "line 3"]


def test_blank_nodes_are_told_apart_by_what_lies_far_behind_them() -> None:
    text = "".join(f"<x:a> <x:p>\n[ <x:in> [ <x:in> [ <x:in> ( 1 1 1 {end} ) ] ] ] .\n" for end in (2, 3, 4))
    document, places = read(text, "a.ttl")
    stored = skolemize([*document.quads], name="a.ttl", base=BASE)
    outer = [quad.object.value for quad in stored if quad.predicate.value == "x:p"]
    assert sorted(places.place_of(node, "x:missing") for node in outer) == ["line 2", "line 4", "line 6"]


STATEMENTS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "é"]),
        st.sampled_from(["p", "q", "a"]),
        st.sampled_from(["1", "a", "b", ":a :p 1 .", f"<{BASE}a>", "# no", "{", 'say "hi"', "two\nlines", "\\"]),
        st.booleans(),
    ),
    unique_by=lambda statement: statement[:3],
    max_size=15,
)
SEPARATORS = st.lists(st.sampled_from([" ", "\n", "\n\n", " # :a :p 1 .\n", '\n# "\n', "\r\n", "\t"]), min_size=1)


@settings(max_examples=200, deadline=None)
@given(statements=STATEMENTS, separators=SEPARATORS, whole=st.booleans())
def test_the_line_is_the_one_that_the_value_was_written_on(
    statements: list[tuple[str, str, str, bool]], separators: list[str], whole: bool
) -> None:
    text = f"@prefix : <{BASE}> .\n"
    expected: dict[tuple[str, str, str], int] = {}
    gaps = (separators[number % len(separators)] for number in range(10_000))
    for subject, about in groupby(statements, key=lambda statement: statement[0]):
        text += (f"<{BASE}{subject}>" if whole else f":{subject}") + next(gaps)
        for number, (_, predicate, value, comma) in enumerate(about):
            text += ";" + next(gaps) if number else ""
            text += f":{predicate}" + next(gaps)
            expected[subject, predicate, value] = text.count("\n") + 1
            text += json.dumps(value, ensure_ascii=False) + (f", {value!r}" if comma and value.isalnum() else "")
            text += next(gaps)
        text += "." + next(gaps)
    _, places = read(text, "a.ttl")
    for (subject, predicate, value), line in expected.items():
        place = places.position_of(BASE + subject, BASE + predicate, value)
        assert place is not None
        assert place[0] == line


@settings(max_examples=200, deadline=None)
@given(statements=STATEMENTS, indent=st.sampled_from([0, 1, 4]))
def test_the_line_in_json_is_the_one_that_the_value_was_written_on(
    statements: list[tuple[str, str, str, bool]], indent: int
) -> None:
    nodes: list[dict[str, object]] = [{"@id": BASE + one, BASE + other: [value]} for one, other, value, _ in statements]
    text = json.dumps(nodes, indent=indent, ensure_ascii=False)
    rows = text.split("\n")
    _, places = read(text, "a.jsonld")
    for one, other, value, _ in statements:
        place = places.position_of(BASE + one, BASE + other, value)
        assert place is not None
        assert json.loads(rows[place[0] - 1]) == value
        assert rows[place[0] - 1].index('"') + 1 == place[1]
        above = "".join(rows[place[0] - 4 : place[0]])
        assert f'"{BASE}{one}"' in above
        assert f'"{BASE}{other}"' in above


XML = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<!-- <rdf:Description rdf:about="{BASE}a"/> -->
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="{BASE}" xmlns:l="{BASE}"
 xml:base="{BASE}">
<T rdf:about="a" l:q="é">
  <p>é &lt;
    two</p> <p rdf:resource="b"/>
  <p>
    <rdf:Description rdf:about="c"><p><![CDATA[deep]]></p></rdf:Description>
  </p>
  <knows><T><p>blank</p></T></knows>
  <knows rdf:nodeID="n"/>
  <has rdf:parseType="Resource"><p>inner</p></has>
  <empty></empty>
</T>
<rdf:Description rdf:nodeID="n"><p>label</p></rdf:Description>
<rdf:Description rdf:about="a">
  <p>again</p>
</rdf:Description>
<rdf:Description rdf:ID="fragment"><rdf:type rdf:resource="T"/></rdf:Description>
</rdf:RDF>
"""


def test_each_statement_of_an_xml_text_has_its_line() -> None:
    assert lines(XML, "a.rdf") == {
        ("a", TYPE, "T"): (5, 1),
        ("a", "q", "é"): (5, 1),
        ("a", "p", "é <\n    two"): (6, 3),
        ("a", "p", "b"): (7, 13),
        ("a", "p", "c"): (9, 5),
        ("c", "p", "deep"): (9, 36),
        ("a", "knows", "_"): (12, 3),
        ("_", TYPE, "T"): (11, 10),
        ("_", "p", "blank"): (11, 13),
        ("_", "p", "label"): (16, 33),
        ("a", "has", "_"): (5, 1),
        ("_", "p", "inner"): None,
        ("a", "empty", ""): (14, 3),
        ("a", "p", "again"): (18, 3),
        ("#fragment", TYPE, "T"): (20, 36),
    }
