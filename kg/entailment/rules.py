"""Rules as they are written: a CONSTRUCT query each, taken apart once, and in an order that negation asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kg.errors import ContentError, QueryError, QuerySyntax
from kg.namespaces import DCTERMS_DESCRIPTION, DCTERMS_IS_PART_OF, DCTERMS_TITLE, RDF_TYPE, VOID_DATASET
from kg.sparql import Limits, iri_term, string_term, vet
from kg.sparql.bodies import Disjuncts
from kg.sparql.deltas import require_bounded, triggers_of
from kg.sparql.disjuncts import take_apart
from kg.sparql.header import line_of, read_header
from kg.sparql.patterns import NotTakenApart

_KEYS: Final = frozenset({"title", "description"})


@dataclass(frozen=True)
class Rule:
    """One rule: what follows from what, as a CONSTRUCT query."""

    path: Path
    title: str
    description: str
    text: str
    parts: Disjuncts | None = field(default=None, repr=False, compare=False)
    """The query taken apart; None where the rule is applied as a whole after each change."""
    why: str = ""
    """Why it is applied as a whole; empty where it is not."""

    @property
    def name(self) -> str:
        """Its name among the rules, which is also that of its graph."""
        return self.path.stem

    @property
    def concludes(self) -> frozenset[str]:
        """The predicates of its conclusions; those that a variable stands for are not among them."""
        head = self.parts.head if self.parts else ()
        return frozenset(predicate for _, predicate, _ in head if not predicate.startswith("?"))

    @property
    def is_negative(self) -> bool:
        """Whether more premises can mean less conclusions."""
        return self.parts is None or any(trigger.takes for body in self.parts.bodies for trigger in triggers_of(body))


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
        raise not_a_rule(path, error) from error
    if form != "CONSTRUCT":
        raise ContentError(f"{form} is no rule", remedy="write a CONSTRUCT query", file=str(path))
    parts, why = parts_of(text)
    if parts and any(trigger.pattern.graph for body in parts.bodies for trigger in triggers_of(body)):
        parts, why = None, "GRAPH in a rule"
    return Rule(path, str(header["title"]), str(header.get("description", "")), text, parts=parts, why=why)


def parts_of(text: str) -> tuple[Disjuncts | None, str]:
    """A query taken apart, or why that cannot be done."""
    try:
        parts = take_apart(text)
        require_bounded(parts)
    except NotTakenApart as error:
        return None, str(error)
    return parts, ""


def strata(rules: Sequence[Rule]) -> list[int]:
    """For each rule, how many layers of negation lie below it: it is applied when those below have nothing more to say.

    Predicates that are variables are not looked at, for what they stand for is known from the data only.

    Raises:
        ContentError: a rule depends on the absence of what follows from its own conclusions.
    """
    below = [dict(_needs(rule, rules)) for rule in rules]
    levels = [int(rule.is_negative) for rule in rules]
    for _ in range(len(rules) + 2):
        before = [*levels]
        for place, needs in enumerate(below):
            levels[place] = max([levels[place], *(levels[other] + negated for other, negated in needs.items())])
        if levels == before:
            return levels
    place = max(range(len(rules)), key=levels.__getitem__)
    raise ContentError(
        "the rule needs the absence of what may follow from its own conclusions",
        remedy="let NOT EXISTS, MINUS and OPTIONAL look at nothing that this rule, or one that builds on it, concludes",
        file=str(rules[place].path),
    )


def _needs(rule: Rule, rules: Sequence[Rule]) -> Iterator[tuple[int, bool]]:
    """The rules whose conclusions a rule reads, those last whose absence it may need."""
    triggers = [each for body in rule.parts.bodies for each in triggers_of(body)] if rule.parts else []
    for negated in (False, True):
        read = {name for each in triggers if each.takes == negated for name in each.pattern.predicates}
        yield from ((place, negated) for place, other in enumerate(rules) if read & other.concludes)


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


def not_a_rule(path: Path, error: QueryError) -> ContentError:
    """What is wrong with a rule that is not SPARQL."""
    line, column = (error.line, error.column) if isinstance(error, QuerySyntax) else (None, None)
    return ContentError(str(error), remedy=error.remedy, file=str(path), line=line, column=column)
