"""Why an answer is empty: the first part of the query that leaves nothing, and the known terms nearest to unknown ones.

The parts of the outermost group are asked for one after another, each together with the parts before it that it shares
variables with. Every question is a small ASK; their number and their time together are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cached_property
from itertools import islice
from time import monotonic
from typing import Final

from kg.answer import Ask, labels_of
from kg.errors import QueryError, QueryStopped, ServiceBusy
from kg.namespaces import PREFIXES, namespace_of, shorten
from kg.queries import NAMING_PROPERTIES
from kg.sparql import Limits, Token, called_services, dataset_clause, iri_term, position, prologue, string_term, vet
from kg.sparql.groups import Part, inside, outermost_group, parts_of
from kg.store import Answers, Description, Readable, Term

_MOST_QUESTIONS: Final = 30
_MOST_SECONDS: Final = 3.0
"""When no further question is asked."""
_MOST_UNKNOWN: Final = 3
_MOST_CANDIDATES: Final = 2000
_MOST_CHARACTERS: Final = 300
"""Of a part that is shown, and of a literal that is compared."""
_NEAR: Final = 0.6
"""The least likeness of two names that are shown as near, as `difflib` measures it; its own default."""
_NEAR_ELSEWHERE: Final = 0.85
"""The same for a name of another namespace."""

_NEVER_EMPTY: Final = frozenset({"OPTIONAL", "BIND"})
_XSD_STRING: Final = f"{PREFIXES['xsd']}string"

_OCCURS: Final = """
ASK {{
  {{ GRAPH ?graph {{ {term} ?p ?o }} }}
  UNION {{ GRAPH ?graph {{ ?s {term} ?o }} }}
  UNION {{ GRAPH ?graph {{ ?s ?p {term} }} }}
  UNION {{ GRAPH {term} {{ ?s ?p ?o }} }}
}}"""
_VALUE_OCCURS: Final = "ASK {{ GRAPH ?graph {{ ?s {predicate} {term} }} }}"
_VALUES_OF: Final = (
    "SELECT DISTINCT ?value WHERE {{ GRAPH ?graph {{ ?s {predicate} ?value }} FILTER (isLiteral(?value)) }}"
    f" LIMIT {_MOST_CANDIDATES}"
)
_VOCABULARY: Final = f"""
PREFIX owl: <{PREFIXES["owl"]}>
PREFIX rdf: <{PREFIXES["rdf"]}>
PREFIX rdfs: <{PREFIXES["rdfs"]}>
SELECT DISTINCT ?term WHERE {{
  {{
    VALUES ?kind {{
      owl:Class rdfs:Class rdf:Property owl:ObjectProperty owl:DatatypeProperty owl:AnnotationProperty
    }}
    GRAPH ?graph {{ ?term a ?kind }}
  }} UNION {{
    SELECT ?term WHERE {{ GRAPH ?graph {{ ?s ?term ?o }} }}
    LIMIT 100000
  }}
  FILTER (isIRI(?term))
}}
LIMIT {_MOST_CANDIDATES}
"""
_THINGS: Final = """
SELECT DISTINCT ?term WHERE {{
  VALUES ?naming {{ {naming} }}
  GRAPH ?graph {{ ?term ?naming ?name }}
  FILTER (isIRI(?term) && STRSTARTS(STR(?term), {namespace}))
}}
LIMIT {most}
"""


@dataclass(frozen=True)
class UnknownTerm:
    """A term of the query that the graph does not hold, and the nearest one that it does."""

    written: str
    """As it stands in the query."""
    nearest: str
    """A prefixed name, an IRI in angle brackets or a literal; empty where none is near."""
    label: str
    """The name of the nearest; empty where it has none."""


@dataclass(frozen=True)
class Explanation:
    """The first part of a query that leaves no solution."""

    kind: str
    """`pattern`, `group`, `VALUES`, `MINUS` or `FILTER`."""
    text: str
    """The part; at most 300 characters of it."""
    line: int
    column: int
    alone: bool
    """Whether the part has solutions by itself, and only none together with the parts before it."""
    turned: bool
    """Whether there are solutions when subject and object of the pattern change places."""
    unknown: tuple[UnknownTerm, ...]


class _Bounded:
    """A snapshot that answers no more than so many questions, and none after some time."""

    def __init__(self, snapshot: Readable) -> None:
        self._snapshot = snapshot
        self._left = _MOST_QUESTIONS
        self._until = monotonic() + _MOST_SECONDS

    @property
    def description(self) -> Description:
        """What it is."""
        return self._snapshot.description

    @property
    def number(self) -> int:
        """Its number."""
        return self._snapshot.number

    def query(self, text: str, *, default_graphs: Sequence[str] = (), named_graphs: Sequence[str] = ()) -> Answers:
        """Ask it; the text has been vetted.

        Raises:
            QueryStopped: enough has been asked.
            QueryError: the engine cannot evaluate it.
        """
        self._left -= 1
        if self._left < 0 or monotonic() > self._until:
            raise QueryStopped("the explanation takes too long")
        return self._snapshot.query(text, default_graphs=default_graphs, named_graphs=named_graphs)


@dataclass(frozen=True)
class _Case:
    """The query that is explained, and what answers the questions about it."""

    snapshot: Readable
    ask: Ask
    limits: Limits

    @cached_property
    def prologue(self) -> str:
        """The declarations of the query."""
        return prologue(self.ask.query.tokens)

    @cached_property
    def dataset(self) -> list[str]:
        """The clauses that name the dataset of the query."""
        named = dataset_clause(self.ask.query.tokens)
        return [f"FROM {graph}" for graph in named.default] + [f"FROM NAMED {graph}" for graph in named.named]

    def holds(self, *parts: Part) -> bool:
        """Whether a group of these parts has a solution in the dataset of the query.

        Raises:
            QueryError: enough has been asked, the question is too large, or the engine cannot answer it.
        """
        text = "\n".join([self.prologue, "ASK", *self.dataset, "{", " .\n".join(part.text for part in parts), "}"])
        results = self.snapshot.query(
            vet(text, self.limits).text, default_graphs=self.ask.default_graphs, named_graphs=self.ask.named_graphs
        )
        return bool(results.boolean)

    def resolve(self, term: str) -> Term | None:
        """A constant of the query as the engine reads it."""
        text = f"{self.prologue}\nSELECT ?term {{ VALUES ?term {{ {term} }} }}"
        return next(self.snapshot.query(text).rows(1))[0]


def explain_empty(snapshot: Readable, ask: Ask, limits: Limits) -> Explanation | None:
    """Which part of a SELECT, ASK or CONSTRUCT that was answered without a row leaves nothing.

    None where every part that is understood leaves something (then LIMIT or HAVING, say, is the reason), where it
    cannot be found out with few questions in a short time, and where each question would call other endpoints again.
    """
    if called_services(ask.query.text):
        return None
    case = _Case(_Bounded(snapshot), ask, limits)
    with suppress(QueryError, ServiceBusy):
        return _explain(case, outermost_group(ask.query.tokens))
    return None


def named_things(snapshot: Readable, namespace: str) -> list[str]:
    """The IRIs of a namespace that have a name, ordered; at most 2,000."""
    naming = " ".join(iri_term(iri) for iri in NAMING_PROPERTIES)
    text = _THINGS.format(naming=naming, namespace=string_term(namespace), most=_MOST_CANDIDATES)
    return sorted(row[0].value for row in snapshot.query(text).rows() if row[0])


def _explain(case: _Case, group: Sequence[Token]) -> Explanation | None:
    parts = list(parts_of(case.ask.query.text, group))
    filters = [part for part in parts if part.kind == "FILTER"]
    others = [part for part in parts if part.kind != "FILTER"]
    for place, part in enumerate(others):
        before = _sharing(others[:place], part)
        if part.kind not in _NEVER_EMPTY and not case.holds(*before, part):
            return _explained(case, part, before)
    kept: list[Part] = []
    for part in filters:
        before = _sharing(others, part)
        if not _joined(before):
            continue
        if not case.holds(*before, *_touching(kept, before), part):
            return _explained(case, part, before)
        kept.append(part)
    return None


def _explained(case: _Case, part: Part, before: Sequence[Part]) -> Explanation:
    alone = part.kind != "FILTER" and bool(before) and case.holds(part)
    if part.kind == "group" and not alone:
        inner = _explain(case, inside(part.tokens))
        if inner:
            return inner
    turned = bool(part.turned) and case.holds(*before, replace(part, text=part.turned))
    line, column = position(case.ask.query.text, part.start)
    unknown: list[UnknownTerm] = []
    with suppress(QueryError, ServiceBusy):
        unknown.extend(islice(_unknown_terms(case, part, before), _MOST_UNKNOWN))
    return Explanation(part.kind, _clipped(part.text), line, column, alone=alone, turned=turned, unknown=tuple(unknown))


def _clipped(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS].rstrip()} …"


def _sharing(parts: Sequence[Part], part: Part) -> list[Part]:
    """The parts that share a variable with a part, or with a part that does, in order.

    What shares none can be left out: it has a solution, and multiplies those of the others.
    """
    reached = set(part.variables)
    found: set[int] = set()
    while more := [at for at, other in enumerate(parts) if at not in found and other.variables & reached]:
        found.update(more)
        reached.update(*(parts[at].variables for at in more))
    return [parts[at] for at in sorted(found)]


def _touching(filters: Sequence[Part], parts: Sequence[Part]) -> list[Part]:
    """The filters that use a variable of some parts."""
    return [part for part in filters if any(part.variables & other.variables for other in parts)]


def _joined(parts: Sequence[Part]) -> bool:
    """Whether parts hang together by their variables; a filter over parts that do not compares each row with each."""
    return not parts or len(_sharing(parts, parts[0])) == len(parts)


def _unknown_terms(case: _Case, part: Part, before: Sequence[Part]) -> Iterator[UnknownTerm]:
    """The constants of a part, and those that VALUES gives to its variables, that no graph holds."""
    given = [other for other in before if other.kind == "VALUES" and other.variables & part.variables]
    written = dict.fromkeys(constant for source in (*given, part) for constant in source.constants)
    for text in written:
        literal = text[0] in "\"'"
        question = (_VALUE_OCCURS if literal else _OCCURS).format(term=text, predicate=part.predicate or "?p")
        if case.snapshot.query(f"{case.prologue}\n{question}").boolean:
            continue
        term = case.resolve(text)
        if term:
            near = _nearest_value(case, part, term) if literal else _nearest_iri(case.snapshot, term.value)
            yield UnknownTerm(text, *near)


def _nearest_value(case: _Case, part: Part, wanted: Term) -> tuple[str, str]:
    """The literal nearest to one among the values of the same property, and no label."""
    if not part.predicate:
        return "", ""
    text = f"{case.prologue}\n{_VALUES_OF.format(predicate=part.predicate)}"
    values = {
        string_term(
            term.value, language=term.language, datatype="" if term.datatype == _XSD_STRING else term.datatype
        ): (term.value.casefold(),)
        for (term,) in case.snapshot.query(text).rows()
        if term and len(term.value) <= _MOST_CHARACTERS
    }
    return _nearest(wanted.value[:_MOST_CHARACTERS].casefold(), values), ""


def _nearest_iri(snapshot: Readable, wanted: str) -> tuple[str, str]:
    """The IRI nearest to one, by its last part or its label, and that label.

    Searched are classes, properties, and the named things of the same namespace or else of the one around it.
    """
    namespace = namespace_of(wanted)
    things = named_things(snapshot, namespace) or named_things(snapshot, namespace_of(namespace[:-1]))
    known = sorted({row[0].value for row in snapshot.query(_VOCABULARY).rows() if row[0]} | set(things))
    labels = labels_of(snapshot, known)
    # Of two that are equally near: a class for a class (both have a capital).
    capital = _local(wanted)[:1].isupper()
    names = {
        iri: tuple(_words(name) for name in (_local(iri), labels.get(iri, "")) if name)
        for iri in sorted(known, key=lambda iri: _local(iri)[:1].isupper() != capital)
    }
    here = {iri: spellings for iri, spellings in names.items() if namespace_of(iri) == namespace}
    words = _words(_local(wanted))
    found = words and (_nearest(words, here) or _nearest(words, names, least=_NEAR_ELSEWHERE))
    return (shorten(found, PREFIXES | snapshot.description.prefixes), labels.get(found, "")) if found else ("", "")


def _nearest(wanted: str, names: Mapping[str, Collection[str]], *, least: float = _NEAR) -> str:
    """The first of the keys one of whose names is most like what is wanted; empty where none is near."""
    found = ""
    matcher = SequenceMatcher(b=wanted, autojunk=False)
    for key, spellings in names.items():
        for spelling in spellings:
            matcher.set_seq1(spelling)
            if min(matcher.real_quick_ratio(), matcher.quick_ratio()) < least:
                continue
            likeness = matcher.ratio()
            if likeness > least or (not found and likeness == least):
                found, least = key, likeness
    return found


def _local(iri: str) -> str:
    return iri[len(namespace_of(iri)) :]


def _words(name: str) -> str:
    """A name as words in small letters.

    >>> _words("hasTopConcept"), _words("img-biodiversity")
    ('has top concept', 'img biodiversity')
    """
    return " ".join(re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name))).casefold()
