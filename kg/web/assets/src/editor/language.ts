// SPARQL as the editor knows it: the grammar of its library, and what that leaves out.

import { LanguageSupport } from "@codemirror/language";
import { styleTags, tags } from "@lezer/highlight";
import { SparqlLanguage } from "codemirror-lang-sparql";

const sparql = SparqlLanguage.configure({
  props: [styleTags({ "Pname_ln Pname_ns": tags.propertyName, A_predicate: tags.keyword, Langtag: tags.annotation })],
});

export const language = new LanguageSupport(sparql, [
  sparql.data.of({ commentTokens: { line: "#" }, closeBrackets: { brackets: ["(", "[", "{", '"'] } }),
]);
