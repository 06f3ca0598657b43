// When dates are. Source: XML Schema 1.1 Part 2 §3.3; Extended Date/Time Format levels 0 and 1.

import assert from "node:assert/strict";
import test from "node:test";
import { spanOf } from "../src/results/dates";
import { XSD, type Term } from "../src/results/terms";

const EDTF = "http://id.loc.gov/datatypes/edtf/EDTF";

function term(value: string, datatype: string): Term {
  return { kind: "literal", value, datatype, language: "" };
}

function days(value: string, datatype: string): [string, string] | null {
  const span = spanOf(term(value, datatype));
  return span && [new Date(span.start).toISOString().slice(0, 10), new Date(span.end).toISOString().slice(0, 10)];
}

test("reads dates as precise as they are", () => {
  assert.deepEqual(days("2022-05-18", `${XSD}date`), ["2022-05-18", "2022-05-19"]);
  assert.deepEqual(days("2022-05-18T15:00:00+02:00", `${XSD}dateTime`), ["2022-05-18", "2022-05-19"]);
  assert.deepEqual(days("2022-12", `${XSD}gYearMonth`), ["2022-12-01", "2023-01-01"]);
  assert.deepEqual(days("0099", `${XSD}gYear`), ["0099-01-01", "0100-01-01"]);
});

test("reads seasons, intervals and what is not known", () => {
  assert.deepEqual(days("2022-23", EDTF), ["2022-09-01", "2022-12-01"]);
  assert.deepEqual(days("2021-24", EDTF), ["2021-12-01", "2022-03-01"]);
  assert.deepEqual(days("2021-10/2022-03-05", EDTF), ["2021-10-01", "2022-03-06"]);
  assert.deepEqual(days("2022-05~", EDTF), ["2022-05-01", "2022-06-01"]);
  assert.deepEqual(days("202X", EDTF), ["2020-01-01", "2030-01-01"]);
  assert.deepEqual(days("2022-XX", EDTF), ["2022-01-01", "2023-01-01"]);
  assert.deepEqual(days("2022/..", EDTF), ["2022-01-01", "2023-01-01"]);
});

test("takes nothing for a date that is none", () => {
  assert.equal(days("2022", ""), null);
  assert.equal(days("2022-13", `${XSD}gYearMonth`), null);
  assert.equal(days("shortly", EDTF), null);
  assert.equal(spanOf({ kind: "iri", value: "2022-05-18", datatype: "", language: "" }), null);
});
