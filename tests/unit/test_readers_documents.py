"""Submitted documents: every format gives the same quads; mistakes and traps are refused, with their place."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Dataset, Literal, NamedNode, Quad, RdfFormat, Triple, serialize
from pyoxigraph import CanonicalizationAlgorithm as Canonicalization

from kg.errors import ContentError
from kg.readers import Document, Reading, formats_read, read_document, skolemize

BASE = "https://library.example/"
GRAPH = f"{BASE}graph/submission/1"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
XSD = "http://www.w3.org/2001/XMLSchema#"
RDF_XML = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:x="x:">\n{}</rdf:RDF>'
SAME = {
    "turtle": "<x:a> <x:p> 'é'@en , <x:b> .",
    "trig": "{ <x:a> <x:p> 'é'@en , <x:b> }",
    "ntriples": '<x:a> <x:p> "é"@en .\n<x:a> <x:p> <x:b> .\n',
    "nquads": '<x:a> <x:p> "é"@en .\n<x:a> <x:p> <x:b> <' + GRAPH + "> .\n",
    "jsonld": '{"@id": "x:a", "x:p": [{"@value": "é", "@language": "en"}, {"@id": "x:b"}]}',
    "rdfxml": RDF_XML.format(
        '<rdf:Description rdf:about="x:a"><x:p xml:lang="en">é</x:p><x:p rdf:resource="x:b"/></rdf:Description>'
    ),
}
SYNTAX = {
    "turtle": RdfFormat.TURTLE,
    "trig": RdfFormat.TRIG,
    "ntriples": RdfFormat.N_TRIPLES,
    "nquads": RdfFormat.N_QUADS,
    "jsonld": RdfFormat.JSON_LD,
    "rdfxml": RdfFormat.RDF_XML,
}


def read(text: str | bytes, name: str = "a.ttl", media_type: str = "", reading: Reading | None = None) -> Document:
    data = text.encode() if isinstance(text, str) else text
    return read_document(data, name=name, graph=GRAPH, media_type=media_type, reading=reading)


def refused(
    text: str | bytes, name: str = "a.ttl", media_type: str = "", reading: Reading | None = None
) -> ContentError:
    with pytest.raises(ContentError) as caught:
        read(text, name, media_type, reading)
    assert caught.value.remedy
    assert caught.value.file == name
    assert len(str(caught.value)) + len(caught.value.remedy) < 1000
    return caught.value


def test_there_is_an_example_of_each_format() -> None:
    assert {row.name for row in formats_read()} == set(SAME) == set(SYNTAX)


def test_no_media_type_and_no_extension_means_two_formats() -> None:
    rows = formats_read()
    for names in ([row.read_types for row in rows], [row.read_extensions for row in rows]):
        every = [name for some in names for name in some]
        assert all(names)
        assert len(set(every)) == len(every)


@pytest.mark.parametrize("name", SAME)
def test_each_format_gives_the_quads_of_the_submission(name: str) -> None:
    [row] = [row for row in formats_read() if row.name == name]
    expected = {
        Quad(NamedNode("x:a"), NamedNode("x:p"), Literal("é", language="en"), NamedNode(GRAPH)),
        Quad(NamedNode("x:a"), NamedNode("x:p"), NamedNode("x:b"), NamedNode(GRAPH)),
    }
    for media_type in row.read_types:
        assert set(read(SAME[name], "upload", media_type).quads) == expected
    for extension in row.read_extensions:
        document = read(SAME[name], f"upload.{extension.upper()}")
        assert set(document.quads) == expected
        assert document.format is row


@pytest.mark.parametrize(
    "media_type", ["Text/Turtle", "text/turtle; charset=utf-8", 'text/turtle;charset="UTF-8"', "text/turtle; q=1"]
)
def test_a_media_type_may_have_parameters_and_goes_before_the_name(media_type: str) -> None:
    assert read(SAME["turtle"], "a.rdf", media_type).format.name == "turtle"


@pytest.mark.parametrize(
    ("name", "media_type", "message"),
    [
        ("a.ttl", "text/turtle; charset=ISO-8859-1", "character encoding ISO-8859-1"),
        ("a.ttl", "text/turtle; charset='utf-16'", "character encoding utf-16"),
        ("a.ttl", "text/csv", "media type text/csv is of no format"),
        ("a.ttl", "text/html", "media type text/html is of no format"),
        ("a.docx", "", "name is of no format"),
        ("ttl", "", "name is of no format"),
        ("a.n3", "", "name is of no format"),
    ],
)
def test_refuses_a_format_or_an_encoding_that_is_not_read(name: str, media_type: str, message: str) -> None:
    assert message in str(refused(SAME["turtle"], name, media_type))


@pytest.mark.parametrize("name", SAME)
def test_a_mark_in_front_is_no_part_of_the_text(name: str) -> None:
    [row] = [row for row in formats_read() if row.name == name]
    assert len(read(b"\xef\xbb\xbf" + SAME[name].encode(), "upload", row.media_type).quads) == 2


def test_refuses_more_bytes_than_are_allowed() -> None:
    text = SAME["turtle"]
    size = len(text.encode())
    assert read(text, reading=Reading(max_bytes=size)).quads
    assert "bytes" in str(refused(text, reading=Reading(max_bytes=size - 1)))


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        ("<x:é> <x:p> 1 .\n<x:é> <x:p> '".encode() + b"\xe9' .", 2, 14),
        (b"\xff\xfe<", 1, 1),
        ("<x:a> <x:p> '€\n\0' .".encode(), 2, 1),
        (b"<\0x\0:\0", 1, 2),
    ],
    ids=["latin 1", "utf-16 with a mark", "zero", "utf-16 without a mark"],
)
def test_refuses_what_is_not_utf_8_with_its_place(data: bytes, line: int, column: int) -> None:
    for name in ("a.ttl", "a.rdf", "a.jsonld"):
        error = refused(data, name)
        assert (error.line, error.column) == (line, column)
        assert "UTF-8" in error.remedy


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("a.trig", "<x:g> { <x:a> <x:p> 1 }", "line 1, column 1"),
        ("a.nq", '<x:a> <x:p> "1" .\n<x:a> <x:p> "1" <x:g> .', "line 2, column 17"),
        ("a.jsonld", '{"@graph": [{"x:p": 1}],\n "@id": "x:g"}', "line 2, column 9"),
    ],
)
def test_a_submission_is_one_graph_unless_many_are_allowed(name: str, text: str, place: str) -> None:
    error = refused(text, name)
    assert "stands in the graph <x:g>" in str(error)
    assert place in error.place
    many = read(text, name, reading=Reading(graphs="many"))
    assert NamedNode("x:g") in {quad.graph_name for quad in many.quads}
    assert {quad.graph_name.value for quad in many.quads} <= {"x:g", GRAPH}


@pytest.mark.parametrize(
    "text",
    ["<x:a> <x:p> <<( <x:b> <x:q> 1 )>> .", "<x:a> <x:p> <x:b> {| <x:q> 1 |} .", "<< <x:a> <x:b> 1 >> <x:p> 1 ."],
)
def test_refuses_statements_about_statements_as_content_files_do(text: str) -> None:
    assert "which no shape can judge" in str(refused(text))


MISTAKES = [
    ("a.ttl", "<x:a> <x:p> emg:b .", 1, 13, "the prefix emg: is not declared", "add `@prefix emg: <…> .`"),
    ("a.ttl", "\n<x:a> org:x 1 .", 2, 7, "the prefix org: is", "`@prefix org: <http://www.w3.org/ns/org#> .`"),
    ("a.ttl", "<x:a> <x:p> <http://a b> .", 1, 13, "an IRI holds the character ' '", "%XX"),
    ("a.ttl", "<x:a> <x:p> <http://a%zz> .", 1, 13, "an IRI holds '%zz'", "%25"),
    ("a.ttl", "<x:a> <x:p> 1\n<x:b> <x:p> 2 .", 2, 1, "the statement before this place does not end", "`.`"),
    ("a.ttl", "<x:a> <x:p> 'one\n' .", 1, 17, "does not end on its line", '"""'),
    ("a.ttl", "<x:a> <x:p> 'one", 1, 13, "ends in the middle", "quotes"),
    ("a.ttl", "<x:a> <x:p> '\\q' .", 1, 14, "'\\q' stands for nothing", "\\\\"),
    ("a.ttl", "<x:a> <x:p> 'a'@e!n .", 1, 17, "language tag", "@pt-BR"),
    ("a.ttl", "<x:a> <x:p> 1,, 2 .", 1, 15, ", stands where a value is expected", "number"),
    ("a.ttl", "<x:a> 'p' 1 .", 1, 7, "stands where a property is expected", "rdfs:label"),
    ("a.ttl", "'s' <x:p> 1 .", 1, 1, "stands where a statement starts", "< >"),
    ("a.ttl", "<a> <x:p> 1 .", 1, 1, "a relative IRI", "declare a base"),
    ("a.ttl", "<x:a> <x:p> [ <x:q> 1 .", 1, 23, "a bracket [ is not closed", "]"),
    ("a.ttl", "<x:a> <x:p> '\\u0000' .", 1, 13, "a zero character", "delete"),
    ("a.ttl", "# <schema:name>\n<x:a> <schema:name> 1 .", 2, 7, "schema: is a prefix", "https://schema.org/"),
    ("a.ttl", "@prefix emg: <x:> .\nemgg:a <x:p> 1 .", 2, 1, "the prefix emgg: is not", "did you mean emg:? Else add"),
    ("a.ttl", "<x:a> <x:p> orgg:a .", 1, 13, "the prefix orgg: is not", "did you mean org:? Else add"),
    ("a.ttl", f"@prefix s: <{RDFS}> .\n<x:a> s:label 1 ;\n s:labell 2 .", 3, 2, "labell> is no term", "label>?"),
    ("a.ttl", f"<x:a> a <{RDFS}class> .", 1, 9, "class> is no term", f"did you mean <{RDFS}Class>?"),
    ("a.ttl", f"<x:a> <x:p> '1'^^<{XSD}integr> .", 1, 18, "integr> is no term", f"did you mean <{XSD}integer>?"),
    ("a.ttl", f"<x:a> <{RDFS}colour> 1 .", 1, 7, "colour> is no term", f"take a term that <{RDFS}> has"),
    ("a.ttl", "<x:a> <x:p> 'one'@en,\n 'two'@english .", 2, 2, "no language has the code english", "ISO 639"),
    ("a.jsonld", '{"@id": "x:a",\n "x:p": {"@value": "b",\n "@language": "xx"}}', 2, 20, "the code xx", "ISO 639"),
    (
        "a.jsonld",
        f'{{"@context": {{"s": "{RDFS}"}}, "@id": "x:a",\n "s:labl": 1}}',
        2,
        2,
        "labl> is no term",
        "label>?",
    ),
    ("a.rdf", RDF_XML.format(f'<r:labl xmlns:r="{RDFS}">b</r:labl>'), 2, 2, "labl> is no term", "label>?"),
    ("a.nt", '<x:a> <x:p> "1"\n', 2, 1, "the statement does not end", "` .`"),
    ("a.nt", "<x:a> <x:p> x:b .", 1, 13, "no value stands", "no prefixes"),
    ("a.jsonld", '{"@id": "x:a",\n}', 2, 1, "not JSON", "correct the JSON"),
    ("a.jsonld", "", 1, 1, "not JSON", "correct the JSON"),
    ("a.jsonld", '{"x:p": "\\ud800"}', 1, 9, "half a character", "character itself"),
    ("a.jsonld", '{"@id": "a", "x:p": 1}', 1, 9, "<a> is a relative IRI", "@base"),
    ("a.jsonld", '{"@id": "x:a",\n "name": 1}', 2, 2, 'the key "name" means nothing', "@context"),
    ("a.jsonld", '{"@id": "x:a",\n "schema:name": 1}', 2, 2, "schema: is a prefix", "https://schema.org/"),
    ("a.rdf", RDF_XML.format("<x:a>\n</x:b>"), 3, 3, "not XML: mismatched tag", "XML"),
    ("a.rdf", RDF_XML[:-10].format("<x:a/>"), 2, 7, "not XML: no element found", "XML"),
    ("a.rdf", RDF_XML.format("<y:a/>"), 2, 1, "not XML: unbound prefix", "XML"),
    ("a.rdf", RDF_XML.format('<x:a rdf:about="a b"/>'), 2, 16, "an IRI holds the character ' '", "%XX"),
    ("a.rdf", RDF_XML.format("<x:a>&copy;</x:a>"), 2, 6, "not XML: undefined entity", "XML"),
]


@pytest.mark.parametrize(("name", "text", "line", "column", "message", "remedy"), MISTAKES)
def test_a_mistake_is_told_in_plain_words(
    name: str, text: str, line: int, column: int, message: str, remedy: str
) -> None:
    error = refused(text, name)
    assert message in str(error)
    assert remedy in error.remedy
    assert (error.line, error.column) == (line, column)


def test_a_scheme_that_is_also_a_prefix_may_start_an_iri() -> None:
    known = Reading(prefixes={"org": "http://www.w3.org/ns/org#", "urn": "https://e.example/"})
    assert read("<org://host/x> <x:p> <urn:isbn:1> .", reading=known).quads
    assert "org: is a prefix" in str(refused("<x:a> <x:p> <org:role> .", reading=known))


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('{"@context": "https://schema.org", "@id": "x:a"}', 1, 14),
        ('{"@context": [{"p": "x:p"},\n "https://schema.org"]}', 2, 2),
        ('{"\\u0040context":\n "https://schema.org"}', 2, 2),
        ('{"@context": {"p": {"@id": "x:p",\n "@context": "x:c"}}}', 2, 14),
        ('{"@context": {"p": {"@id": "x:p", "@context": [null, {},\n "x:c"]}}}', 2, 2),
        ('{"@context": {\n"@import": "x:c"}}', 2, 1),
        ('[{"x:p": [{"@context":\n"x:c"}]}]', 2, 1),
    ],
)
def test_refuses_a_context_from_elsewhere_with_its_place(text: str, line: int, column: int) -> None:
    error = refused(text, "a.jsonld")
    assert "nothing is fetched" in error.remedy
    assert (error.line, error.column) == (line, column)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('{"@context": {"@vocab": "x:"}, "@id": "x:a", "name": 1}', 1),
        ('{"@context": {"n": {"@id": "x:n", "@container": "@language"}}, "n": {"en": "a", "fr": "b"}}', 2),
        ('{"@context": {"j": {"@id": "x:j", "@type": "@json"}}, "j": {"any": {"key": 1}}}', 1),
        ('{"@context": {"no": null}, "x:p": 1, "no": 2}', 1),
        ('{"@context": {"id": "@id", "p": "x:p"}, "id": "x:a", "p": "https://schema.org"}', 1),
        ('{"x:p": "@import"}', 1),
    ],
)
def test_keys_that_mean_something_are_read(text: str, count: int) -> None:
    assert len(read(text, "a.jsonld").quads) == count


@pytest.mark.parametrize("name", ["a.ttl", "a.jsonld", "a.rdf"])
def test_relative_iris_are_relative_to_the_base_that_the_caller_gives(name: str) -> None:
    text = {
        "a.ttl": "<a> <x:p> <> .",
        "a.jsonld": '{"@id": "a", "x:p": {"@id": ""}}',
        "a.rdf": RDF_XML.format('<rdf:Description rdf:about="a"><x:p rdf:resource=""/></rdf:Description>'),
    }[name]
    [quad] = read(text, name, reading=Reading(base=BASE)).quads
    assert (quad.subject, quad.object) == (NamedNode(f"{BASE}a"), NamedNode(BASE))
    refused(text, name)


def test_nesting_is_bounded_with_a_place() -> None:
    for opening, closing in (("[ <x:p> ", "]"), ("( ", ")")):
        deep = f"<x:a> <x:p>\n {opening * 100}1{closing * 100} ."
        assert read(deep).quads
        assert refused(deep.replace("1", f"{opening}1{closing}")).line == 2
    deep_json = '{"x:p": ' * 100 + "1" + "}" * 100
    assert read(deep_json, "a.jsonld").quads
    assert refused('{"x:p": ' + deep_json + "}", "a.jsonld").column == len('{"x:p": ') * 100 + 1
    deep_xml = "<x:a><x:p>" * 49 + "</x:p></x:a>" * 49
    assert read(RDF_XML.format(deep_xml), "a.rdf").quads
    assert refused(RDF_XML.format(f"<x:a><x:p>{deep_xml}</x:p></x:a>"), "a.rdf").line == 2


def test_brackets_in_texts_iris_comments_and_names_do_not_nest() -> None:
    brackets = "[{(" * 60
    strings = f"'{brackets}' , '''\n'{brackets}''' , \"\\\"{brackets}\""
    text = f"@prefix : <x:> . # {brackets}\n:a :p {strings} , <x:{'(' * 150}> ."
    assert len(read(text).quads) == 4
    assert read("@prefix : <x:> . :a :p " + " , ".join([":b\\("] * 150) + " .").quads
    assert "nested" in str(refused(f"@prefix : <x:> . :a :p :b\\#c , {'( ' * 101}"))
    assert read('{"x:p": "\\"' + brackets + '"}', "a.jsonld").quads


def doctype(entities: str) -> str:
    used = RDF_XML.format("<x:a><x:p>&b;</x:p></x:a>")
    return f'<?xml version="1.0"?>\n<!DOCTYPE r [{entities}]>{used}'


LAUGHS = '<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {name} "' + f"&{before};" * 10 + '">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
AMPLIFIED = f"@prefix p: <https://e.example/{'x' * 4000}> .\np:a p:b " + "p:c , " * 100_000 + "p:d ."
BOMBS: list[tuple[str, str, str, Callable[[], str | bytes]]] = [
    ("deep objects", "nested", "a.jsonld", lambda: '{"x:p":' * 100_000 + "1" + "}" * 100_000),
    ("deep arrays", "nested", "a.jsonld", lambda: "[" * 100_000),
    ("a chain of terms", "one by another", "a.jsonld", lambda: chain(9_000)),
    ("more terms than are read", "too many together", "a.jsonld", lambda: chain(100_000)),
    ("scoped contexts", "too many together", "a.jsonld", lambda: scoped(3_000)),
    ("deep lists", "nested", "a.ttl", lambda: "<x:a> <x:p> " + "(" * 200_000),
    ("deep nodes", "nested", "a.trig", lambda: "<x:g> { <x:a> <x:p> " + "[ <x:p> " * 200_000),
    ("deep triple terms", "nested", "a.nt", lambda: "<x:a> <x:p> " + "<<( <x:a> <x:p> " * 100_000),
    ("deep elements", "nested", "a.rdf", lambda: RDF_XML[:-10].format("<x:a>" * 200_000)),
    ("billion laughs", "DOCTYPE", "a.rdf", lambda: doctype(LAUGHS)),
    ("an entity from a file", "DOCTYPE", "a.rdf", lambda: doctype('<!ENTITY b SYSTEM "file:///etc/passwd">')),
    ("a document type from elsewhere", "DOCTYPE", "a.rdf", lambda: '<!DOCTYPE r SYSTEM "x:y">' + RDF_XML.format("")),
    (
        "another encoding",
        "encoding UTF-7",
        "a.rdf",
        lambda: '<?xml version="1.0" encoding="UTF-7"?>' + RDF_XML.format(""),
    ),
    ("laughs in UTF-16", "not UTF-8", "a.rdf", lambda: doctype(LAUGHS).encode("utf-16")),
    ("one long literal", "the literal is longer", "a.ttl", lambda: f"<x:a> <x:p> '{'x' * 9_900_000}' ."),
    (
        "one long literal of many lines",
        "the literal is longer",
        "a.ttl",
        lambda: "<x:a> <x:p> '''" + "x\n" * 4_900_000 + "''' .",
    ),
    ("one long literal that is not closed", "ends in the middle", "a.ttl", lambda: f"<x:a> <x:p> '{'x' * 9_900_000}"),
    ("attributes", "more than 1,000 attributes", "a.rdf", lambda: RDF_XML.format(f"<x:a {names('x:p')}/>")),
    ("prefixes", "more than 1,000 prefixes", "a.rdf", lambda: RDF_XML.format(f"<x:a {names('xmlns:p')}/>")),
    ("quotes that are not closed", "does not end", "a.ttl", lambda: "<x:a> <x:p> '\n" + "'\\\n" * 1_000_000),
    ("escapes in an open text", "the text is longer", "a.jsonld", lambda: '{"x:p": "' + '\\"' * 2_000_000),
    ("escapes in a short open text", "not JSON", "a.jsonld", lambda: '{"x:p": "' + '\\"' * 400_000),
    ("one long text", "the text is longer", "a.jsonld", lambda: '{"x:p": "' + "x" * 9_900_000 + '"}'),
    ("one long number", "the text is longer", "a.jsonld", lambda: '{"x:p": ' + "9" * 9_900_000 + "}"),
    (
        "one long content",
        "more than 1,000,000",
        "a.rdf",
        lambda: RDF_XML.format(f"<x:a><x:p>{'x' * 9_900_000}</x:p></x:a>"),
    ),
    ("one long IRI", "the IRI is longer", "a.ttl", lambda: f"<x:a> <x:p> <x:{'x' * 5_000}> ."),
    ("one long name", "more than 4,096", "a.ttl", lambda: f"@prefix p: <x:{'x' * 4_000}> . p:{'x' * 100} <x:p> 1 ."),
    ("a long prefix used often", "out of all proportion", "a.ttl", lambda: AMPLIFIED),
    ("a long term used often", "out of all proportion", "a.jsonld", lambda: long_term(4_000)),
]


def names(prefix: str) -> str:
    return " ".join(f'{prefix}{number}="x:y"' for number in range(1_001))


def chain(length: int) -> str:
    terms = ",".join(f'"t{number}": "t{number + 1}:x"' for number in range(length))
    return f'{{"@context": {{{terms}}}, "t0": 1}}'


def scoped(length: int) -> str:
    terms = ",".join(f'"t{number}": {{"@id": "x:t", "@context": {{"u{number}": "x:u"}}}}' for number in range(length))
    uses = ",".join(f'"t{number}": 1' for number in range(length))
    return f'{{"@context": {{{terms}}}, {uses}}}'


def long_term(length: int) -> str:
    return '{"@context": {"p": "x:' + "x" * length + '"}, "p": [' + "1," * 99_999 + "1]}"


@pytest.mark.parametrize(("message", "name", "text"), [bomb[1:] for bomb in BOMBS], ids=[bomb[0] for bomb in BOMBS])
def test_a_bomb_is_refused(message: str, name: str, text: Callable[[], str | bytes]) -> None:
    assert message in str(refused(text(), name))


def test_what_is_large_but_harmless_is_read() -> None:
    prefixes = "".join(f"@prefix p{number}: <https://e.example/{number}/> .\n" for number in range(50_000))
    document = read(f"{prefixes}p7:a p8:b p49999:c .")
    assert document.quads[0].object == NamedNode("https://e.example/49999/c")
    assert len(document.prefixes) == 50_000
    assert len(read(f"<x:a> <x:p> '{'x' * 900_000}' .").quads[0].object.value) == 900_000
    nodes = ",".join(f'{{"@id": "x:{number}", "x:p": 1}}' for number in range(20_000))
    assert len(read(f"[{nodes}]", "a.json").quads) == 20_000
    assert read(chain(40), "a.json").quads
    elements = "".join(f'<p:a xmlns:p="x:" rdf:about="x:{number}" p:q="1"/>' for number in range(2_000))
    assert len(read(RDF_XML.format(elements), "a.rdf").quads) == 4_000


def test_the_deepest_that_is_read_needs_no_deep_stack() -> None:
    """In a process of its own: a parser that overflows its stack ends the process."""
    program = """
import sys, threading
from kg.readers import read_document
text = '{"@context": {' + ",".join(f'"t{n}": "t{n + 1}:x"' for n in range(49)) + '}, "t0": 1, "x:p": '
text += '{"x:p": ' * 99 + '1' + '}' * 99 + '}'
read = lambda: print(len(read_document(text.encode(), name="a.json", graph="x:g").quads))
threading.stack_size(1024 * 1024)
thread = threading.Thread(target=read)
thread.start()
thread.join()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "101\n"


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"_:{one} <x:p> _:{other} .\n" for one in range(9) for other in range(9) if one != other),
        "".join(f"_:{number} <x:p> _:{(number + 1) % 1_000} .\n" for number in range(1_000)),
        f"<x:a> <x:p> ({' 1' * 5_000}) .",
        "".join(f"_:{hub} <x:p> [ <x:q> 1 ] .\n" for hub in range(2) for _ in range(12)),
    ],
    ids=["each to each", "a ring", "a list of one value", "twins with many alike"],
)
def test_refuses_blank_nodes_that_would_take_forever_to_name(text: str) -> None:
    with pytest.raises(ContentError, match="nothing tells them apart") as caught:
        skolemize([*read(text.replace("_:", "_:n")).quads], name="a.ttl", base=BASE)
    assert caught.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        "<x:a> <x:p> " + " , ".join(["[ <x:q> [ <x:r> 1 ] ]"] * 500) + " .",
        f"<x:a> <x:p> ({' '.join(map(str, range(2_000)))}) .",
        "".join(f"_:{hub} <x:p> [ <x:q> 1 ] .\n" for hub in range(2) for _ in range(4)),
    ],
    ids=["the same many times", "a list", "twins with few alike"],
)
def test_blank_nodes_as_people_write_them_are_named(text: str) -> None:
    quads = [*read(text.replace("_:", "_:n")).quads]
    named = skolemize(quads, name="a.ttl", base=BASE)
    assert len(named) == len(quads)
    assert not any(isinstance(term, BlankNode) for quad in named for term in (quad.subject, quad.object))


IRIS = st.builds(
    lambda local: NamedNode(f"{BASE}{local}"), st.text(st.sampled_from("abcé雪-_0"), min_size=1, max_size=5)
)
PROPERTIES = st.builds(lambda local: NamedNode(f"{BASE}p{local}"), st.text(st.sampled_from("abc0"), max_size=2))
BLANKS = st.builds(lambda number: BlankNode(f"b{number}"), st.integers(0, 3))
# XML has no other control characters, and turns a carriage return into a line feed.
CHARACTERS = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
TEXTS = st.text(CHARACTERS | st.sampled_from("\n\t"))
LITERALS = (
    st.builds(Literal, TEXTS)
    | st.builds(lambda text: Literal(text, language="en-gb"), TEXTS)
    | st.builds(lambda number: Literal(str(number), datatype=NamedNode(f"{XSD}integer")), st.integers())
    | st.builds(lambda text: Literal(text, datatype=NamedNode(f"{BASE}type")), TEXTS)
)
GRAPHS = st.lists(st.builds(Triple, IRIS | BLANKS, PROPERTIES, IRIS | BLANKS | LITERALS), max_size=8)


@pytest.mark.parametrize("name", SYNTAX)
@settings(max_examples=60, deadline=None)
@given(triples=GRAPHS)
def test_reading_gives_back_what_was_written(name: str, triples: list[Triple]) -> None:
    data = serialize(triples, format=SYNTAX[name], prefixes={"library": BASE})
    assert data is not None
    [row] = [row for row in formats_read() if row.name == name]
    quads = read(data, "upload", row.media_type).quads
    graph = NamedNode(GRAPH)
    expected = Dataset(Quad(triple.subject, triple.predicate, triple.object, graph) for triple in triples)
    found = Dataset(quads)
    expected.canonicalize(Canonicalization.UNSTABLE)
    found.canonicalize(Canonicalization.UNSTABLE)
    assert found == expected
