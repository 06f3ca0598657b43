"""Blank nodes that nothing tells apart: naming them can take longer than anybody waits, so there may be few of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import expm1, lgamma
from typing import Final, TypeAlias

from pyoxigraph import BlankNode, Quad

from kg.errors import ContentError

# Canonicalization tries the orders of nodes that are alike, and follows them from one to the next. As measured, each of
# these takes seconds: a chain of 250 costs its length cubed, a node with nine neighbours that are alike 9!.
_STEPS: Final = 16_000_000
_ORDERS: Final = 100_000
_LARGE: Final = 100.0  # the logarithm of more than can be counted

_Links: TypeAlias = Mapping[str, list[tuple[str, str]]]


def check_alike(quads: Iterable[Quad], *, name: str) -> None:
    """That the blank nodes can be told apart with an effort in proportion.

    Source: RDF Dataset Canonicalization 1.0 §4.6 (hash first degree quads) and §7.1 (dataset poisoning).

    Raises:
        ContentError: too many are alike and point at each other.
    """
    alike, links = _alike(list(quads))
    seen: set[str] = set()
    steps = orders = 0.0
    for start in alike:
        if start in seen:
            continue
        group = _reached(start, links)
        seen |= group
        steps += len(group) ** 3
        orders += expm1(min(sum(_orders(links.get(node, ()), alike) for node in group), _LARGE))
        if steps > _STEPS or orders > _ORDERS:
            raise ContentError(
                f"{len(group):,} blank nodes point at each other and nothing tells them apart",
                remedy="give them IRIs, or say of each something that differs",
                file=name,
            )


def _alike(quads: list[Quad]) -> tuple[Mapping[str, str], _Links]:
    """The nodes of which others have the same said, each with what is said; and how they point at each other."""
    said: dict[str, list[str]] = defaultdict(list)
    for quad in quads:
        for node in _nodes(quad):
            said[node].append(_seen_from(node, quad))
    looks = {node: "\n".join(sorted(lines)) for node, lines in said.items()}
    times: dict[str, int] = defaultdict(int)
    for look in looks.values():
        times[look] += 1
    alike = {node: look for node, look in looks.items() if times[look] > 1}
    links: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for quad in quads:
        nodes = {node for node in _nodes(quad) if node in alike}
        for node in nodes:
            links[node] += [(_seen_from(node, quad), other) for other in nodes if other != node]
    return alike, links


def _nodes(quad: Quad) -> set[str]:
    return {term.value for term in (quad.subject, quad.object, quad.graph_name) if isinstance(term, BlankNode)}


def _seen_from(node: str, quad: Quad) -> str:
    """A quad in which the node is `_:a` and any other blank node `_:z`."""

    def named(term: object) -> str:
        return ("_:a" if term.value == node else "_:z") if isinstance(term, BlankNode) else str(term)

    return " ".join(map(named, (quad.subject, quad.predicate, quad.object, quad.graph_name)))


def _reached(start: str, links: _Links) -> set[str]:
    found = {start}
    ahead = [start]
    while ahead:
        for _, other in links.get(ahead.pop(), ()):
            if other not in found:
                found.add(other)
                ahead.append(other)
    return found


def _orders(links: Iterable[tuple[str, str]], alike: Mapping[str, str]) -> float:
    """The logarithm of how many orders of its neighbours a node makes one try."""
    groups: dict[tuple[str, str], int] = defaultdict(int)
    for way, other in links:
        groups[way, alike[other]] += 1
    return sum(lgamma(size + 1) for size in groups.values())
