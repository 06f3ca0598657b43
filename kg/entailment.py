"""What follows: each rule is a CONSTRUCT query that writes to a named graph of its own, until nothing new follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from kg.errors import ContentError, EntailmentError, QueryError, QuerySyntax
from kg.namespaces import DCTERMS_DESCRIPTION, DCTERMS_IS_PART_OF, DCTERMS_TITLE, RDF_TYPE, VOID_DATASET
from kg.sparql import Limits, iri_term, string_term, vet
from kg.sparql.header import line_of, read_header

_KEYS: Final = frozenset({"title", "description"})
_MOST_ROUNDS: Final = 100


@dataclass(frozen=True)
class Rule:
    """One rule: what follows from what, as a CONSTRUCT query."""

    path: Path
    title: str
    description: str
    text: str

    @property
    def name(self) -> str:
        """Its name among the rules, which is also that of its graph."""
        return self.path.stem


class Premises(Protocol):
    """Where rules read and write."""

    def insert_new(self, construct: str, graph: str) -> int:
        """Add to a graph what a CONSTRUCT query gives and no graph holds yet; returns how many triples that were."""


def read_rule(path: Path, text: str, *, limits: Limits) -> Rule:
    """The rule in a file's text.

    Raises:
        ContentError: the header lacks the title or has an unknown key, or the text is not a CONSTRUCT query.
    """
    header = read_header(text, path)
    for key in header:
        if key not in _KEYS:
            raise ContentError(
                f'the header has an unknown key "{key}"',
                remedy="use only title and description",
                file=str(path),
                line=line_of(text, str(key)),
            )
    if not header.get("title"):
        raise ContentError("no title", remedy="start the file with `# title: …`", file=str(path), line=1)
    try:
        form = vet(text, limits).form
    except QueryError as error:
        raise _not_a_rule(path, error) from error
    if form != "CONSTRUCT":
        raise ContentError(f"{form} is no rule", remedy="write a CONSTRUCT query", file=str(path))
    return Rule(path=path, title=str(header["title"]), description=str(header.get("description", "")), text=text)


def entail(premises: Premises, rules: Sequence[Rule], *, graph: str) -> dict[str, int]:
    """Apply rules in the given order, over and over, until none adds anything; returns how many triples each added.

    A rule writes to `{graph}/{name of the rule}`, and never repeats what any graph holds.

    Raises:
        ContentError: a rule is not SPARQL, or the engine cannot evaluate it.
        EntailmentError: the rules still add triples after 100 rounds.
    """
    added = dict.fromkeys((rule.name for rule in rules), 0)
    for _ in range(_MOST_ROUNDS):
        new = 0
        for rule in rules:
            count = _apply(premises, rule, graph=graph)
            added[rule.name] += count
            new += count
        if not new:
            return added
    raise EntailmentError(
        f"the rules still add triples after {_MOST_ROUNDS} rounds",
        remedy="look for a rule whose CONSTRUCT makes new terms, by BNODE(), UUID() or a growing text",
    )


def describe_rules(rules: Sequence[Rule], *, graph: str) -> str:
    """What the graph of each rule is, as N-Triples: its title, description, and the graph it is part of."""
    lines: list[str] = []
    for rule in rules:
        node = iri_term(f"{graph}/{rule.name}")
        lines += [
            f"{node} <{RDF_TYPE}> <{VOID_DATASET}> .\n",
            f"{node} <{DCTERMS_TITLE}> {string_term(rule.title, language='en')} .\n",
            f"{node} <{DCTERMS_IS_PART_OF}> {iri_term(graph)} .\n",
        ]
        if rule.description:
            lines.append(f"{node} <{DCTERMS_DESCRIPTION}> {string_term(rule.description, language='en')} .\n")
    return "".join(sorted(lines))


def _apply(premises: Premises, rule: Rule, *, graph: str) -> int:
    try:
        return premises.insert_new(rule.text, f"{graph}/{rule.name}")
    except QueryError as error:
        raise _not_a_rule(rule.path, error) from error


def _not_a_rule(path: Path, error: QueryError) -> ContentError:
    line, column = (error.line, error.column) if isinstance(error, QuerySyntax) else (None, None)
    return ContentError(str(error), remedy=error.remedy, file=str(path), line=line, column=column)
