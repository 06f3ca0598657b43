// An answer as a network of things, laid out by forces; beneath it the same links as a table.

import {
  forceCollide,
  forceLink,
  forceManyBody,
  forceSimulation,
  forceX,
  forceY,
  type SimulationLinkDatum,
  type SimulationNodeDatum,
} from "d3-force";
import { choice, element, shape } from "../page/dom";
import { text } from "../page/texts";
import { termCell } from "./cells";
import { columnNamed, columnOptions, thingColumns } from "./columns";
import { networkOf, type Ends, type Link, type Network, type Thing } from "./links";
import type { Shown } from "./view";

const STEPS = 300;
const NAMED_AT_MOST = 80;
const LINKS_NAMED_AT_MOST = 30;
const LONGEST_NAME = 34;
const MARGIN = 60;
// A picture of few things is not blown up.
const NARROWEST = 900;
const ZOOM = 1.4;
const NONE = "-";

type Node = SimulationNodeDatum & { thing: Thing };
type Edge = SimulationLinkDatum<Node> & { link: Link };

export async function draw(place: HTMLElement, shown: Shown): Promise<void> {
  const { answer, choices } = shown;
  const things = thingColumns(answer);
  const ends = endsOf(shown, things);
  if (answer.kind === "solutions") {
    const name = (at: number): string => answer.columns[at] ?? NONE;
    place.append(
      element(
        "div",
        { class: "choices" },
        choice(text("from"), columnOptions(answer), name(ends.from), (value) => choices.set("from", value)),
        choice(text("to"), columnOptions(answer), name(ends.to), (value) => choices.set("to", value)),
        choice(text("label"), [[NONE, text("none")], ...columnOptions(answer)], name(ends.by), (value) =>
          choices.set("label", value),
        ),
      ),
    );
  }
  const network = networkOf(answer, ends);
  if (!network.links.length) {
    place.append(element("p", {}, text("noLinks")));
    return;
  }
  const named = [...network.things.map(({ term }) => term), ...network.links.map(({ by }) => by)];
  await shown.names.load([...new Set(named.flatMap((term) => (term?.kind === "iri" ? [term.value] : [])))]);
  place.append(picture(network, shown));
  if (network.left) place.append(element("p", { class: "quiet" }, text("tooManyThings", { number: network.left })));
  place.append(list(network, shown));
}

function endsOf(shown: Shown, things: number[]): Ends {
  const { answer, choices } = shown;
  if (answer.kind === "graph") return { from: 0, by: 1, to: 2 };
  const from = columnNamed(answer, choices.get("from"), things[0] ?? 0);
  const to = columnNamed(answer, choices.get("to"), things.find((at) => at !== from) ?? things[0] ?? 0);
  return { from, to, by: columnNamed(answer, choices.get("label"), -1) };
}

function picture(network: Network, shown: Shown): HTMLElement {
  const { nodes, edges } = laidOut(network);
  const arrow = shape(
    "marker",
    { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" },
    shape("path", { class: "arrow", d: "M0 0 L8 4 L0 8 z" }),
  );
  const named = edges.length <= LINKS_NAMED_AT_MOST;
  const svg = shape(
    "svg",
    { class: "network", role: "group", "aria-label": text("network", { things: nodes.length, links: edges.length }) },
    shape("defs", {}, arrow),
    ...edges.map((edge) => line(edge, shown, named)),
    ...nodes.map((node) => point(node, shown, nodes.length <= NAMED_AT_MOST)),
  );
  const whole = boxAround(nodes);
  const box = movable(svg, whole);
  const button = (name: string, sign: string, act: () => void): HTMLElement =>
    element("button", { type: "button", class: "secondary", "aria-label": name, title: name, onclick: act }, sign);
  return element(
    "div",
    { class: "picture" },
    svg,
    element(
      "div",
      { class: "zoom" },
      button(text("zoomIn"), "+", () => box.scale(1 / ZOOM)),
      button(text("zoomOut"), "−", () => box.scale(ZOOM)),
      button(text("whole"), "⤢", () => box.show(whole)),
    ),
  );
}

/** Where each thing stands. The same answer is always laid out in the same way. */
function laidOut(network: Network): { nodes: Node[]; edges: Edge[] } {
  const nodes: Node[] = network.things.map((thing) => ({ thing }));
  const at = new Map(network.things.map((thing, place) => [thing, place]));
  const edges: Edge[] = network.links.map((link) => ({
    link,
    source: at.get(link.source) ?? 0,
    target: at.get(link.target) ?? 0,
  }));
  forceSimulation(nodes)
    .force("link", forceLink<Node, Edge>(edges).distance(150))
    .force("charge", forceManyBody().strength(-700))
    .force("collide", forceCollide(34))
    .force("x", forceX().strength(0.05))
    .force("y", forceY().strength(0.12))
    .stop()
    .tick(STEPS);
  return { nodes, edges };
}

function radius(thing: Thing): number {
  return 5 + Math.min(9, Math.sqrt(thing.degree) * 1.5);
}

function line(edge: Edge, shown: Shown, named: boolean): SVGElement {
  const [source, target] = [edge.source as Node, edge.target as Node];
  const [x1, y1, x2, y2] = [source.x ?? 0, source.y ?? 0, target.x ?? 0, target.y ?? 0];
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  const short = Math.min(length, radius(target.thing) + 2) / length;
  const what = shown.names.short(edge.link.by);
  const drawn = shape("line", {
    class: "link",
    x1,
    y1,
    x2: x2 - (x2 - x1) * short,
    y2: y2 - (y2 - y1) * short,
    "stroke-width": Math.min(1 + Math.log2(edge.link.rows), 6),
    "marker-end": "url(#arrow)",
  });
  const label =
    what && named
      ? shape("text", { class: "by", x: x1 + (x2 - x1) * 0.6, y: y1 + (y2 - y1) * 0.6 - 3 }, clipped(what))
      : null;
  return shape("g", {}, drawn, label, what ? shape("title", {}, what) : null);
}

/** A thing: who points at it sees its name, a click leads to its page. The table beneath is for the keyboard. */
function point(node: Node, shown: Shown, named: boolean): SVGElement {
  const { term } = node.thing;
  const name = shown.names.short(term);
  const size = radius(node.thing);
  return shape(
    "a",
    {
      class: named || node.thing.degree > 4 ? "thing named" : "thing",
      href: shown.names.of(term.value)?.href,
      tabindex: -1,
    },
    shape("circle", { cx: node.x ?? 0, cy: node.y ?? 0, r: size }),
    shape("text", { x: (node.x ?? 0) + size + 3, y: (node.y ?? 0) + 4 }, clipped(name)),
    shape("title", {}, name),
  );
}

function clipped(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

function boxAround(nodes: Node[]): Box {
  const [xs, ys] = [nodes.map((node) => node.x ?? 0), nodes.map((node) => node.y ?? 0)];
  const [x, y] = [Math.min(...xs) - MARGIN, Math.min(...ys) - MARGIN];
  // Names stand to the right of their things.
  const [width, height] = [Math.max(...xs) - x + 3 * MARGIN, Math.max(...ys) - y + MARGIN];
  const wider = Math.max(width, NARROWEST);
  return { x: x - (wider - width) / 2, y, width: wider, height };
}

/** Lets a picture be moved by dragging; gives what zooms it. */
function movable(svg: SVGSVGElement, whole: Box): { scale: (by: number) => void; show: (box: Box) => void } {
  let shown = whole;
  const show = (box: Box): void => {
    shown = box;
    svg.setAttribute("viewBox", `${box.x} ${box.y} ${box.width} ${box.height}`);
  };
  const scale = (by: number): void => {
    const [width, height] = [shown.width * by, shown.height * by];
    show({ x: shown.x + (shown.width - width) / 2, y: shown.y + (shown.height - height) / 2, width, height });
  };
  svg.addEventListener("pointermove", (event) => {
    if (event.buttons !== 1) return;
    const units = shown.width / svg.clientWidth;
    show({ ...shown, x: shown.x - event.movementX * units, y: shown.y - event.movementY * units });
  });
  show(whole);
  return { scale, show };
}

function list(network: Network, shown: Shown): HTMLElement {
  const rows = network.links.map(({ source, by, target }) =>
    element("tr", {}, termCell(source.term, shown), termCell(by, shown), termCell(target.term, shown)),
  );
  const header = [text("from"), text("label"), text("to")].map((name) => element("th", { scope: "col" }, name));
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...header)), element("tbody", {}, ...rows));
  return element(
    "details",
    {},
    element("summary", {}, text("links")),
    element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": text("links") }, table),
  );
}
