// What things are called and where their pages are, asked of the service as they come into view.

import type { Term } from "./terms";

export interface Name {
  /** Empty for a thing without a name. */
  label: string;
  /** The address of its page on this site. */
  href: string;
}

export interface Names {
  of(iri: string): Name | undefined;
  /** Ask for the names of things that are not known yet. Where the service does not answer they stay unknown. */
  load(iris: string[]): Promise<void>;
  /** A term in a few words. */
  short(term: Term | null): string;
}

// As many as the service names at once.
const AT_ONCE = 1000;

export function namesFrom(address: string, shorten: (iri: string) => string): Names {
  const known = new Map<string, Name>();

  async function load(iris: string[]): Promise<void> {
    const missing = iris.filter((iri) => !known.has(iri));
    for (let start = 0; start < missing.length; start += AT_ONCE) {
      const response = await fetch(address, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify(missing.slice(start, start + AT_ONCE)),
      }).catch(() => null);
      if (!response?.ok) return;
      const found = (await response.json()) as Record<string, [string, string]>;
      for (const [iri, [label, href]] of Object.entries(found)) known.set(iri, { label, href });
    }
  }

  function short(term: Term | null): string {
    if (!term) return "";
    if (term.kind === "iri") return known.get(term.value)?.label || shorten(term.value);
    return term.kind === "blank" ? `_:${term.value}` : term.value;
  }

  return { of: (iri) => known.get(iri), load, short };
}
