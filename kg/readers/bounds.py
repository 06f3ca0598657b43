"""What a document may ask of a parser: depth of nesting, length of a term. Checked in the text, before any parser.

The pass over the text agrees with the parsers on where strings, IRIs and comments end in every text that has no
mistake; at the first mistake the parsers stop.
"""

import re
from typing import Final

from kg.errors import ContentError
from kg.readers.text import problem_at

NESTING: Final = 100
"""How deep brackets may nest; a parser that calls itself for each would end the process at some thousand."""
IRI_CHARACTERS: Final = 4_096
LITERAL_CHARACTERS: Final = 1_000_000

# Source: RDF 1.1 Turtle §6.5; RDF 1.2 Turtle for the brackets of triple terms.
_TURTLE: Final = re.compile(
    r"""
    (?P<comment>\#[^\r\n]*+)
    |(?P<string>"{3}(?:[^"\\]++|\\.|"{1,2}(?!"))*+"{3}|'{3}(?:[^'\\]++|\\.|'{1,2}(?!'))*+'{3}
        |"(?:[^"\\\r\n]++|\\.)*+"|'(?:[^'\\\r\n]++|\\.)*+')
    |(?P<unclosed>["'].*+)
    |(?P<iri><[^<>\s"{}|^`]*+>)
    |(?P<escape>\\.)
    |(?P<open><<\(?|\{\||[\[({])
    |(?P<close>\)?>>|\|\}|[\])}])
    """,
    re.VERBOSE | re.DOTALL,
)


def check_turtle(text: str, *, name: str) -> None:
    """That a text of the Turtle family (TriG, N-Triples and N-Quads too) stays within the bounds.

    Raises:
        ContentError: brackets nest too deep, or a literal or an IRI is too long.
    """
    depth = 0
    for match in _TURTLE.finditer(text):
        kind = match.lastgroup
        if kind == "open":
            depth += 1
            if depth > NESTING:
                raise too_deep(text, match.start(), name=name)
        elif kind == "close":
            depth -= 1
        elif kind == "string" and match.end() - match.start() > LITERAL_CHARACTERS:
            raise too_long("literal", LITERAL_CHARACTERS, text=text, offset=match.start(), name=name)
        elif kind == "iri" and match.end() - match.start() > IRI_CHARACTERS:
            raise too_long("IRI", IRI_CHARACTERS, text=text, offset=match.start(), name=name)


def too_deep(text: str, offset: int, *, name: str) -> ContentError:
    """The error for a bracket that nests too deep."""
    return problem_at(
        f"nested more than {NESTING} deep",
        text=text,
        offset=offset,
        remedy="give the inner things names, and describe each at the top level",
        name=name,
    )


def too_long(kind: str, most: int, *, text: str, offset: int, name: str) -> ContentError:
    """The error for a term with too many characters."""
    return problem_at(
        f"the {kind} is longer than {most:,} characters", text=text, offset=offset, remedy="shorten it", name=name
    )
