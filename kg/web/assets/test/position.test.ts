// What is expected where a query is being typed.

import assert from "node:assert/strict";
import test from "node:test";
import { positionAt } from "../src/editor/position";

const EXPECTED: [string, string][] = [
  ["SELECT * WHERE { ?x ", "property"],
  ["SELECT * WHERE { ?x emg:wo", "property"],
  ["SELECT * WHERE { ?x a emg:Wo", "class"],
  ["SELECT * WHERE { ?x a ?y ; ", "property"],
  ["SELECT * WHERE { ?x emg:worksOn ", "term"],
  ["SELECT * WHERE { ?x emg:worksOn/", "property"],
  ["SELECT * WHERE { ?x emg:worksOn/rdfs:label ", "term"],
  ["SELECT * WHERE { ?x emg:worksOn ?y , ", "term"],
  ["SELECT * WHERE { ?x emg:worksOn ?y . ?y ", "property"],
  ['SELECT * WHERE { ?x rdfs:label "a . b"@en ; ', "property"],
  ["SELECT * WHERE { FILTER (?x = ?y) ?x ", "property"],
  ["SELECT * WHERE { OPTIONAL { ?x ", "property"],
  ["SELECT * WHERE { <https://library.example/a.b> ", "property"],
  ["SELECT ?x WHERE { ?x a ?wo", "variable"],
  ["# a comm", "nothing"],
  ['SELECT * WHERE { ?x ?y "a te', "nothing"],
  ["PREFIX em", "prefix"],
  ["SELECT * WHERE { ?x a emg:Task } OR", "term"],
];

test("knows what is expected at a place", () => {
  for (const [before, expected] of EXPECTED) assert.equal(positionAt(before).expected, expected, before);
});

test("knows the word that is being typed", () => {
  assert.deepEqual(positionAt("SELECT * { ?x emg:wo"), { expected: "property", word: "emg:wo", from: 14 });
  assert.equal(positionAt("SELECT * { ?x ").word, "");
  assert.equal(positionAt("SELECT * { ?x <https://li").word, "<https://li");
});
