"""Which IRI a blank node got: the nodes of a text and those of the store are told apart by what is said of them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

Statement: TypeAlias = tuple[str, str, str]
Names: TypeAlias = Callable[[str], bool]

# A chain of nodes that differ only at its far end needs one round for each; longer ones are not told apart.
_ROUNDS: Final = 50


def match_blanks(
    written: Iterable[Statement], *, is_written: Names, stored: Iterable[Statement], is_stored: Names
) -> Mapping[str, str]:
    """The written node for each stored one, where what is said leaves no doubt.

    `is_written` and `is_stored` tell which terms are such nodes. Source: the colouring of RDF Dataset Canonicalization
    1.0 §4.6 (hash first degree quads), repeated.
    """
    of_written = _by_colour(_colours(set(written), is_written))
    of_stored = _by_colour(_colours(set(stored), is_stored))
    return {
        nodes[0]: of_written[colour][0]
        for colour, nodes in of_stored.items()
        if len(nodes) == len(of_written.get(colour, ())) == 1
    }


def _by_colour(colours: Mapping[str, int]) -> Mapping[int, list[str]]:
    nodes: dict[int, list[str]] = defaultdict(list)
    for node, colour in colours.items():
        nodes[colour].append(node)
    return nodes


def _colours(statements: Iterable[Statement], is_blank: Names) -> Mapping[str, int]:
    """A number for each node; nodes of which the same is said, as far as the rounds reach, have the same."""
    said: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for subject, predicate, value in statements:
        if is_blank(subject):
            said[subject].append((">", predicate, value))
        if is_blank(value):
            said[value].append(("<", predicate, subject))
    colours = dict.fromkeys(said, 0)
    kinds = min(1, len(said))
    for _ in range(_ROUNDS):
        colours = {
            node: hash(tuple(sorted((way, predicate, str(colours.get(term, term))) for way, predicate, term in parts)))
            for node, parts in said.items()
        }
        before, kinds = kinds, len(set(colours.values()))
        if kinds == before:
            break
    return colours
