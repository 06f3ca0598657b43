// Prefixes of a query.

import assert from "node:assert/strict";
import test from "node:test";
import { declaration, declared, prefixedName, shortened } from "../src/editor/prefixes";

const PREFIXES = { a: "https://library.example/", b: "https://library.example/books/" };

test("names an IRI by the longest prefix that leaves a plain local name", () => {
  assert.deepEqual(prefixedName("https://library.example/books/emma", PREFIXES), { prefix: "b", local: "emma" });
  assert.equal(prefixedName("https://library.example/a/b", PREFIXES), null);
  assert.equal(prefixedName("https://library.example/books/", PREFIXES), null);
  assert.equal(prefixedName("https://library.example/books/ends.", PREFIXES), null);
  assert.equal(shortened("https://library.example/books/a/b", PREFIXES), "b:a/b");
  assert.equal(shortened("https://other.example/", PREFIXES), "<https://other.example/>");
});

test("adds a declaration behind the others, once", () => {
  const query = "# title: x\nPREFIX a: <https://library.example/>\nSELECT * {}";
  assert.deepEqual(declared(query), { a: PREFIXES.a });
  assert.equal(declaration(query, "a", PREFIXES.a), null);
  const added = declaration(query, "b", PREFIXES.b);
  assert.equal(
    query.slice(0, added?.from) + added?.insert,
    `# title: x\nPREFIX a: <${PREFIXES.a}>\nPREFIX b: <${PREFIXES.b}>`,
  );
  assert.deepEqual(declaration("SELECT * {}", "b", PREFIXES.b), { from: 0, insert: `PREFIX b: <${PREFIXES.b}>\n` });
});
