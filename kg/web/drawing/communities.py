"""Who is mostly linked with each other: the communities of a network, and an order in which the linked stand near.

The same links in any order give the same communities.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kg.web.drawing.rows import Value

_ROUNDS: Final = 20
"""How often each node may join the community of most of its neighbours."""

Pair = tuple[str, str]


@dataclass(frozen=True)
class Edge:
    """The links of one kind between two nodes."""

    ends: Pair
    kind: str
    labels: tuple[Value, ...]
    """What links them, each once."""
    times: int


def communities(names: Mapping[str, Value], edges: Sequence[Edge]) -> tuple[tuple[str, ...], ...]:
    """Who is mostly linked with each other, the largest first: each joins what most of its neighbours have joined.

    Source: Raghavan, Albert and Kumara, "Near linear time algorithm to detect community structures", 2007.
    """
    near: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for edge in edges:
        one, other = edge.ends
        near[one][other] += edge.times
        near[other][one] += edge.times
    joined = {key: key for key in names}
    for _ in range(_ROUNDS):
        before = dict(joined)
        for key in sorted(names, key=lambda key: (len(near[key]), key)):
            votes: Counter[str] = Counter()
            for neighbour, times in near[key].items():
                votes[joined[neighbour]] += times
            joined[key] = min(votes, key=lambda community: (-votes[community], community != joined[key], community))
        if joined == before:
            break
    members: defaultdict[str, set[str]] = defaultdict(set)
    for key, community in joined.items():
        members[community].add(key)
    ordered = sorted(members.values(), key=lambda group: (-len(group), min(names[key].text for key in group)))
    return tuple(tuple(_chained(group, near, names)) for group in ordered)


def _chained(group: set[str], near: Mapping[str, Mapping[str, int]], names: Mapping[str, Value]) -> list[str]:
    """The members of a community so that those with links stand near: next is always who has most with those before."""
    order: list[str] = []
    left = set(group)
    while left:
        chosen = min(
            left,
            key=lambda key: (
                -sum(near[key].get(other, 0) for other in order),
                -sum(near[key].values()),
                names[key].text,
                key,
            ),
        )
        left.remove(chosen)
        # The first, with the most links, stays in the middle.
        order.insert(len(order) if len(order) % 2 else 0, chosen)
    return order
