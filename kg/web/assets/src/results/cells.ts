// A term as people read it: a thing by its name, linked to its page; a text with its language or datatype.

import { element } from "../page/dom";
import type { Shown } from "./view";
import { numberOf, XSD, type Term } from "./terms";

const LONG = 60;
// Literals of these are recognised by how they are written.
const PLAIN = new Set(["", ...["integer", "decimal", "boolean", "date"].map((name) => XSD + name)]);

/** A cell of a table with a term in it, or an empty one. */
export function termCell(term: Term | null | undefined, shown: Shown, tag: "td" | "th" = "td"): HTMLElement {
  if (!term) return element(tag);
  const attributes = tag === "th" ? { scope: "row" } : {};
  if (term.kind === "iri") return element(tag, attributes, ...thing(term, shown));
  if (term.kind !== "literal") return element(tag, attributes, shown.names.short(term));
  const kind = kindOf(term, shown);
  const name = numberOf(term) !== null ? "number" : term.value.length > LONG ? "long" : undefined;
  return element(
    tag,
    { ...attributes, class: name },
    element("span", { class: "text", lang: term.language || undefined, dir: "auto" }, term.value),
    kind ? element("span", { class: "kind" }, kind) : null,
  );
}

/** What a literal does not say itself: its language where it is not English, or its datatype. */
function kindOf(term: Term, shown: Shown): string {
  if (term.language) return term.language === "en" ? "" : term.language;
  return PLAIN.has(term.datatype) ? "" : shown.shorten(term.datatype);
}

/** The link to the page of a thing, and its IRI in short where it has a name. */
function thing(term: Term, shown: Shown): HTMLElement[] {
  const name = shown.names.of(term.value);
  const link = thingLink(term.value, shown);
  return name?.label ? [link, element("span", { class: "iri" }, shown.shorten(term.value))] : [link];
}

/** A link to the page of a thing. */
export function thingLink(iri: string, shown: Shown): HTMLAnchorElement {
  const name = shown.names.of(iri);
  return element("a", { href: name?.href, dir: "auto" }, name?.label || shown.shorten(iri));
}
