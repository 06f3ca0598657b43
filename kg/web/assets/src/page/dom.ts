// Making parts of a page. Text is always set as text, never as markup.

type Child = Node | string | null | undefined;
type Attributes = Record<string, string | number | boolean | EventListener | undefined>;

/** A new HTML element. An attribute `onclick` and the like is a listener; `true` is an attribute without a value. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  return fill(document.createElement(name), attributes, children);
}

/** A new SVG element. */
export function shape<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[Name] {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fill<Kind extends Element>(made: Kind, attributes: Attributes, children: Child[]): Kind {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...children.filter((child): child is Node | string => child !== null && child !== undefined));
  return made;
}

/** The element of the page with an identifier.
 *
 * Throws an Error that names it when the template has no such element. */
export function byId<Kind extends HTMLElement>(id: string): Kind {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element #${id}; its template must have one`);
  return found as Kind;
}

/** What a block of JSON in the page holds. */
export function dataBlock<Kind>(id: string): Kind {
  return JSON.parse(byId(id).textContent ?? "") as Kind;
}

/** A labelled choice between options, each a value and what it is called. No two in a page have the same label. */
export function choice(
  label: string,
  options: [string, string][],
  chosen: string,
  changed: (value: string) => void,
): HTMLElement {
  const id = `choice-${label.replace(/\s+/g, "-")}`;
  const select = element(
    "select",
    { id, onchange: () => changed(select.value) },
    ...options.map(([value, name]) => element("option", { value, selected: value === chosen }, name)),
  );
  return element("span", { class: "choice" }, element("label", { for: id }, label), select);
}
