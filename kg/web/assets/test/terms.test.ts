// Terms as they stand in TSV and N-Triples. Source: SPARQL 1.1 Query Results CSV and TSV Formats §4; RDF 1.2 N-Triples §2.

import assert from "node:assert/strict";
import test from "node:test";
import { cellTerm, numberOf, tripleTerms, XSD } from "../src/results/terms";

const plain = { datatype: "", language: "" };

test("reads each kind of term", () => {
  assert.equal(cellTerm(""), null);
  assert.deepEqual(cellTerm("<https://library.example/emma>"), {
    kind: "iri",
    value: "https://library.example/emma",
    ...plain,
  });
  assert.deepEqual(cellTerm("_:b0"), { kind: "blank", value: "b0", ...plain });
  assert.deepEqual(cellTerm('"Emma"'), { kind: "literal", value: "Emma", ...plain });
  assert.deepEqual(cellTerm('"Emma"@en-GB'), { kind: "literal", value: "Emma", datatype: "", language: "en-GB" });
  assert.deepEqual(cellTerm(`"2022"^^<${XSD}gYear>`), {
    kind: "literal",
    value: "2022",
    datatype: `${XSD}gYear`,
    language: "",
  });
  assert.equal(cellTerm(`"Emma"^^<${XSD}string>`)?.datatype, "");
});

test("reads abbreviated numbers and truth values", () => {
  const types = ["12", "-1.5", "1e3", "true"].map((cell) => cellTerm(cell)?.datatype);
  assert.deepEqual(
    types,
    ["integer", "decimal", "double", "boolean"].map((name) => XSD + name),
  );
  assert.equal(numberOf(cellTerm("-1.5")), -1.5);
  assert.equal(numberOf(cellTerm('"12"')), null);
});

test("reads escapes", () => {
  assert.equal(cellTerm('"a\\tb\\n\\"c\\" \\\\n \\u00e9 \\U0001F30D"')?.value, 'a\tb\n"c" \\n é 🌍');
  assert.equal(cellTerm("<https://library.example/\\u00e9>")?.value, "https://library.example/é");
});

test("reads a triple in a triple as it is written", () => {
  const written = '<<( <s:s> <p:p> <<( _:b <p:q> "a >> b" )>> )>>';
  assert.deepEqual(cellTerm(written), { kind: "triple", value: written, ...plain });
});

test("reads lines of N-Triples", () => {
  const found = tripleTerms('<s:s> <p:p> "a <b> . c"@en .');
  assert.deepEqual(
    found?.map((term) => term.value),
    ["s:s", "p:p", "a <b> . c"],
  );
  assert.equal(tripleTerms("# a comment"), null);
  assert.equal(tripleTerms("  "), null);
});
