"""What shapes ask of each property of a class, put together from all shapes that say anything of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from rdflib import Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.namespace import OWL, RDF, RDFS, SH
from rdflib.term import Node

from kg.store import Term

_ALTERNATIVES: Final = (SH["or"], SH.xone)
_LIST_PARAMETERS: Final = (*_ALTERNATIVES, SH["and"])


@dataclass(frozen=True)
class PropertyRules:
    """What shapes ask of the values of one property. Source: SHACL §4."""

    property: str
    name: str = ""
    required: bool = False
    most: int | None = None
    datatypes: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    unique: bool = False
    """Whether there is at most one text in a language."""
    alternative: bool = False
    """Whether it stands among alternatives, of which a thing needs one."""
    classes: tuple[str, ...] = ()
    """Classes of which a value has one."""
    having: tuple[tuple[str, str], ...] = ()
    """Values that each value must have itself: property and IRI."""
    listed: tuple[Term, ...] = ()
    things: bool = False
    literals: bool = False
    messages: tuple[str, ...] = ()


def classes_with_shapes(graph: Graph) -> list[str]:
    """The classes that a node shape is about, sorted. Source: SHACL §2.1.3.1 and §2.1.3.3."""
    targets = {target for shape, target in graph.subject_objects(SH.targetClass) if _is_active(graph, shape)}
    implicit = {
        shape
        for kind in (RDFS.Class, OWL.Class)
        for shape in graph.subjects(RDF.type, kind)
        if (shape, RDF.type, SH.NodeShape) in graph and _is_active(graph, shape)
    }
    return sorted(str(target) for target in targets | implicit if isinstance(target, URIRef))


def rules_by_class(graph: Graph, classes: Mapping[str, Sequence[str]]) -> dict[str, list[PropertyRules]]:
    """What shapes ask of the properties of things of a class, given with it and all wider ones, the widest first.

    Only for single properties; other paths have no column. Those of the narrowest class come first. Where two shapes
    ask for different classes of a value, the one of the narrower class counts.
    """

    @cache
    def of_class(class_iri: str) -> list[PropertyRules]:
        return [rules for shape in _shapes_of(graph, URIRef(class_iri)) for rules in _of_node(graph, shape)]

    @cache
    def of_whatever_has(property_iri: str) -> list[PropertyRules]:
        # A shape for whatever has the property tells more of its values, as of each of several states.
        shapes = sorted(graph.subjects(SH.targetSubjectsOf, URIRef(property_iri)), key=str)
        further = (rules for shape in shapes if _is_active(graph, shape) for rules in _of_node(graph, shape))
        return [replace(rules, required=False) for rules in further if rules.property == property_iri]

    return {iri: _together([of_class(each) for each in family], of_whatever_has) for iri, family in classes.items()}


def _together(
    by_depth: Sequence[Sequence[PropertyRules]], of_whatever_has: Callable[[str], Sequence[PropertyRules]]
) -> list[PropertyRules]:
    found: dict[str, PropertyRules] = {}
    narrowest: dict[str, int] = {}
    for depth, asked in enumerate(by_depth):
        for rules in asked:
            found[rules.property] = _merged(found[rules.property], rules) if rules.property in found else rules
            narrowest[rules.property] = depth
    for property_iri in [*found]:
        for further in of_whatever_has(property_iri):
            found[property_iri] = _merged(found[property_iri], further)
    return sorted(found.values(), key=lambda rules: -narrowest[rules.property])


def _is_active(graph: Graph, shape: Node) -> bool:
    return graph.value(shape, SH.deactivated) != Literal(True)


def _shapes_of(graph: Graph, class_iri: URIRef) -> list[Node]:
    shapes = {*graph.subjects(SH.targetClass, class_iri)}
    if (class_iri, RDF.type, SH.NodeShape) in graph:
        shapes.add(class_iri)
    # The one with most to say of the class comes first, so that its order is that of the columns.
    active = [shape for shape in shapes if _is_active(graph, shape)]
    return sorted(active, key=lambda shape: (-len([*graph.objects(shape, SH.property)]), str(shape)))


def _of_node(graph: Graph, shape: Node, *, sure: bool = True) -> Iterator[PropertyRules]:
    """The rules of the property shapes of a node shape; inside alternatives, nothing is required."""
    # A set has no order of its own: required ones first, then by the name of the shape.
    parts = sorted(graph.objects(shape, SH.property), key=lambda part: (not graph.value(part, SH.minCount), str(part)))
    for part in parts:
        rules = _of_property(graph, part)
        if rules and _is_active(graph, part):
            yield rules if sure else replace(rules, alternative=rules.required, required=False, most=None, messages=())
    for inner in sorted(graph.objects(shape, SH.node), key=str):
        yield from _of_node(graph, inner, sure=sure)
    for parameter in _LIST_PARAMETERS:
        for members in sorted(graph.objects(shape, parameter), key=str):
            for member in Collection(graph, members):
                yield from _of_node(graph, member, sure=sure and parameter not in _ALTERNATIVES)


def _of_property(graph: Graph, shape: Node) -> PropertyRules | None:
    path = graph.value(shape, SH.path)
    if not isinstance(path, URIRef) or path == RDF.type or graph.value(shape, SH.maxCount) == Literal(0):
        return None
    least, most = _number(graph, shape, SH.minCount), _number(graph, shape, SH.maxCount)
    alternatives = [
        member for parameter in _ALTERNATIVES for members in graph.objects(shape, parameter)
        for member in Collection(graph, members)
    ]  # fmt: skip
    classes = _iris(graph, [shape], SH["class"]) or _iris(graph, alternatives, SH["class"])
    having = tuple(_having(graph, shape))
    kind = graph.value(shape, SH.nodeKind)
    listed = tuple(_term(value) for members in graph.objects(shape, SH["in"]) for value in Collection(graph, members))
    return PropertyRules(
        property=str(path),
        name=_text(graph, shape, SH.name),
        required=bool(least) and graph.value(shape, SH.severity, default=SH.Violation) == SH.Violation,
        most=most,
        datatypes=_iris(graph, [shape], SH.datatype) or _iris(graph, alternatives, SH.datatype),
        languages=tuple(
            str(tag) for members in graph.objects(shape, SH.languageIn) for tag in Collection(graph, members)
        ),
        unique=graph.value(shape, SH.uniqueLang) == Literal(True),
        classes=classes,
        having=having,
        listed=listed,
        things=bool(classes or having) or kind == SH.IRI or any(term.kind == "iri" for term in listed),
        literals=kind == SH.Literal,
        messages=tuple(filter(None, [_text(graph, shape, SH.message)])),
    )


def _having(graph: Graph, shape: Node) -> Iterator[tuple[str, str]]:
    for inner in sorted(graph.objects(shape, SH.node), key=str):
        for part in sorted(graph.objects(inner, SH.property), key=str):
            path, value = graph.value(part, SH.path), graph.value(part, SH.hasValue)
            if isinstance(path, URIRef) and isinstance(value, URIRef):
                yield str(path), str(value)


def _merged(wide: PropertyRules, narrow: PropertyRules) -> PropertyRules:
    """What both ask; where they differ in the kind of value, the narrower one counts."""
    limits = [most for most in (wide.most, narrow.most) if most is not None]
    return PropertyRules(
        property=wide.property,
        name=narrow.name or wide.name,
        required=wide.required or narrow.required,
        most=min(limits) if limits else None,
        datatypes=narrow.datatypes or wide.datatypes,
        languages=narrow.languages or wide.languages,
        unique=wide.unique or narrow.unique,
        alternative=wide.alternative or narrow.alternative,
        classes=narrow.classes or wide.classes,
        having=tuple(dict.fromkeys((*wide.having, *narrow.having))),
        listed=narrow.listed or wide.listed,
        things=wide.things or narrow.things,
        literals=wide.literals or narrow.literals,
        messages=tuple(dict.fromkeys((*wide.messages, *narrow.messages))),
    )


def _iris(graph: Graph, shapes: Sequence[Node], parameter: URIRef) -> tuple[str, ...]:
    values = [sorted(str(value) for value in graph.objects(shape, parameter)) for shape in shapes]
    return tuple(dict.fromkeys(iri for each in values for iri in each))


def _number(graph: Graph, shape: Node, parameter: URIRef) -> int | None:
    value = graph.value(shape, parameter)
    return int(value) if isinstance(value, Literal) else None


def _text(graph: Graph, shape: Node, parameter: URIRef) -> str:
    texts = [value for value in graph.objects(shape, parameter) if isinstance(value, Literal)]
    first = sorted(texts, key=lambda value: (value.language not in ("en", None), str(value)))
    return " ".join(str(first[0]).split()) if first else ""


def _term(value: Node) -> Term:
    if isinstance(value, Literal):
        return Term("literal", str(value), value.language or "", str(value.datatype or ""))
    return Term("iri", str(value))
