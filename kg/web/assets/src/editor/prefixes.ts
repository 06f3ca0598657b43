// Prefixes: those that a query declares, those that the service knows, and how one is added to a query.

const DECLARATION = /^[ \t]*PREFIX\s+([^\s:]*):\s*<([^>]*)>[^\n]*$/gim;
// Source: SPARQL 1.1 Query Language §19.8, PN_LOCAL without what would have to be escaped.
const LOCAL = /^(?:[\p{L}\p{N}_](?:[\p{L}\p{N}_.-]*[\p{L}\p{N}_-])?)?$/u;

export type Prefixes = Record<string, string>;

/** The prefixes that a query declares. */
export function declared(query: string): Prefixes {
  return Object.fromEntries([...query.matchAll(DECLARATION)].map(([, name, iri]) => [name ?? "", iri ?? ""]));
}

/** An IRI as a prefixed name that may stand in a query; null where no prefix fits. */
export function prefixedName(iri: string, prefixes: Prefixes): { prefix: string; local: string } | null {
  let best: { prefix: string; local: string } | null = null;
  for (const [prefix, start] of Object.entries(prefixes)) {
    if (!start || !iri.startsWith(start)) continue;
    const local = iri.slice(start.length);
    if (local && LOCAL.test(local) && (!best || local.length < best.local.length)) best = { prefix, local };
  }
  return best;
}

/** An IRI in short, for reading. */
export function shortened(iri: string, prefixes: Prefixes): string {
  let best = "";
  for (const [prefix, start] of Object.entries(prefixes)) {
    if (start && iri.startsWith(start) && iri.length > start.length) {
      const name = `${prefix}:${iri.slice(start.length)}`;
      if (!best || name.length - prefix.length < best.length - best.indexOf(":")) best = name;
    }
  }
  return best || `<${iri}>`;
}

/** What adds the declaration of a prefix to a query, behind its other declarations; null where it has one. */
export function declaration(query: string, prefix: string, iri: string): { from: number; insert: string } | null {
  if (prefix in declared(query)) return null;
  const last = [...query.matchAll(DECLARATION)].at(-1);
  const line = `PREFIX ${prefix}: <${iri}>`;
  return last ? { from: last.index + last[0].length, insert: `\n${line}` } : { from: 0, insert: `${line}\n` };
}
