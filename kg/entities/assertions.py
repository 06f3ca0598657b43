"""The nodes that say something about a thing: statements about statements, statuses, dates; what each proves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from kg.entities.asking import Row
from kg.entities.background import Background, Roles
from kg.namespaces import PREFIXES, RDF_TYPE
from kg.store import Term

_CITATION: Final = f"{PREFIXES['dcterms']}bibliographicCitation"


@dataclass(frozen=True)
class Assertion:
    """One node that says something about a thing."""

    iri: str
    subjects: frozenset[str]
    """What it is about, by IRI."""
    predicates: frozenset[str]
    """The properties that it states; none where it has a way of its own."""
    objects: frozenset[Term]
    passages: tuple[str, ...]
    """What it cites, by IRI."""
    citations: tuple[str, ...]
    """What it cites in words."""
    remarks: tuple[tuple[str, Term], ...]
    """What else it says: property and value."""

    def states(self, subject: str, predicate: str, value: Term, *, background: Background) -> bool:
        """Whether it carries the evidence for a statement, or for one that its property alone makes follow.

        A node that names no property, such as a status, does so for whatever joins what it is about to what it says.
        """
        if not self.predicates:
            return subject in self.subjects and any(value == said for _, said in self.remarks)
        if subject in self.subjects and value in self.objects and self._means(predicate, background):
            return True
        turned = background.inverses.get(predicate, ())
        return (
            value.value in self.subjects
            and Term("iri", subject) in self.objects
            and any(self._means(each, background) for each in turned)
        )

    def _means(self, predicate: str, background: Background) -> bool:
        return any(each == predicate or predicate in background.matches.get(each, ()) for each in self.predicates)


def read_assertions(rows: Iterable[Row], background: Background) -> tuple[Assertion, ...]:
    """The nodes in rows of node, property and value, in the order of their IRIs."""
    said: dict[str, list[tuple[str, Term]]] = {}
    for node, property_, value in rows:
        if node and property_ and value and node.kind == "iri":
            said.setdefault(node.value, []).append((property_.value, value))
    return tuple(_assertion(iri, said[iri], background) for iri in sorted(said))


def _assertion(iri: str, said: list[tuple[str, Term]], background: Background) -> Assertion:
    roles = background.roles
    structure = roles.subject | roles.predicate | roles.object
    about = roles.subject | (frozenset() if _has(said, roles) else roles.links)
    return Assertion(
        iri,
        subjects=frozenset(value.value for name, value in said if name in about and value.kind == "iri"),
        predicates=frozenset(value.value for name, value in said if name in roles.predicate),
        objects=frozenset(value for name, value in said if name in roles.object),
        passages=tuple(sorted({value.value for name, value in said if name in roles.evidence and value.kind == "iri"})),
        citations=tuple(sorted({value.value for name, value in said if name == _CITATION})),
        remarks=tuple(
            (name, value)
            for name, value in sorted(said, key=lambda pair: (pair[0], pair[1].value))
            if name not in structure | roles.links | roles.evidence | {RDF_TYPE, _CITATION}
            and not _is_said_closer(name, value, said, matches=background.matches)
        ),
    )


def _has(said: list[tuple[str, Term]], roles: Roles) -> bool:
    return any(name in roles.predicate for name, _ in said)


def _is_said_closer(
    name: str, value: Term, said: list[tuple[str, Term]], *, matches: Mapping[str, frozenset[str]]
) -> bool:
    """Whether a narrower property says the same."""
    return any(other != name and same == value and name in matches.get(other, ()) for other, same in said)
