"""Shapes: read from Turtle, put together, and found to be well-formed before anything is judged by them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pyparsing import ParseBaseException
from pyshacl.constraints import CONSTRAINT_PARAMETERS_MAP
from pyshacl.errors import ReportableRuntimeError
from pyshacl.helper import get_query_helper_cls
from pyshacl.shape import Shape
from pyshacl.shapes_graph import ShapesGraph
from rdflib import BNode, Graph, URIRef
from rdflib.collection import Collection
from rdflib.namespace import SH
from rdflib.plugins.parsers.notation3 import BadSyntax
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.sparql import Query
from rdflib.term import Node

from kg.errors import ContentError, QueryError
from kg.sparql import Limits, dataset_clause, vet
from kg.validation.suggestions import suggestions

_SEVERITIES: Final = (SH.Violation, SH.Warning, SH.Info)
_SHAPE_VALUES: Final = (SH.property, SH.node, SH["not"], SH.qualifiedValueShape)
_SHAPE_LISTS: Final = (SH["and"], SH["or"], SH.xone)
# What is said of a shape besides its constraints; their values report for themselves.
_NOT_REPORTED: Final = frozenset({SH.property})
# rdflib declares no attributes for those that are words of Python.
_TERMS: Final = frozenset({*SH.__annotations__, "and", "class", "in", "not", "or"})
_PREFIX: Final = re.compile(r"^@prefix\s+([\w.-]+):\s*<([^>]*)>", re.MULTILINE)


@dataclass(frozen=True)
class Shapes:
    """A checked shapes graph; made by `load_shapes`."""

    graph: Graph
    prefixes: Mapping[str, str]
    """The prefixes that the files declare, to write the names of shapes with."""
    parsed: dict[str, Query] = field(default_factory=dict, compare=False, repr=False)
    """The SPARQL constraints that have been parsed to judge by, by their text."""

    def name_of(self, shape: Node | None) -> str:
        """The IRI of a shape, or of the nearest shape around it; empty where there is none."""
        seen: set[Node] = set()
        while isinstance(shape, BNode) and shape not in seen:
            seen.add(shape)
            shape = next(iter(sorted(self.graph.subjects(None, shape), key=str)), None)
        return str(shape) if isinstance(shape, URIRef) else ""


@dataclass(frozen=True)
class _File:
    """One file of shapes."""

    name: str
    text: str
    graph: Graph

    @property
    def declared(self) -> list[tuple[str, str]]:
        """The prefixes of the file, as far as it declares them itself."""
        return _PREFIX.findall(self.text)

    def problem(self, message: str, *, about: Node, remedy: str) -> ContentError:
        """An error at the line on which a shape is described."""
        return ContentError(message, remedy=remedy, file=self.name, line=_line_of(self.text, about))


def load_shapes(files: Iterable[tuple[str, str]], *, reports: bool = True) -> Shapes:
    """All shapes of the given files (a name for messages, and Turtle), which may refer to each other.

    `reports`: each is to have a name, a message and a severity. Without, they are taken as the standard has them: what
    has no severity is a Violation, and a shape that is described nowhere has no constraint.

    Source: SHACL §2.1.4.

    Raises:
        ContentError: a text is not Turtle; a shape is not well-formed, refers to a shape that no file has, or has no
            name, message or severity to report with; a SPARQL constraint cannot be parsed or calls another service.
    """
    read = [_File(name, text, _parse(name, text)) for name, text in files]
    everything = Graph()
    for file in read:
        for triple in file.graph:
            everything.add(triple)
    for file in read:
        _check_terms(file)
        if reports:
            _check_references(file, everything)
        shapes = _shapes_of(file)
        for shape in shapes:
            _check_shape(file, shape, everything, reports=reports)
    return Shapes(everything, {prefix: name for file in read for prefix, name in file.declared})


def _parse(name: str, text: str) -> Graph:
    try:
        return Graph().parse(data=text, format="turtle")
    except IndexError as error:  # rdflib reads past the end of a text that breaks off
        raise ContentError(
            "not Turtle: the text ends too soon",
            remedy="finish the last statement",
            file=name,
            line=text.rstrip().count("\n") + 1,
        ) from error
    except BadSyntax as error:
        before = error._str[: error._i].decode("utf-8", errors="replace")
        raise ContentError(
            f"not Turtle: {error._why}",
            remedy="correct the file at this place",
            file=name,
            line=error.lines + 1,
            column=len(before) - before.rfind("\n"),
        ) from error


def _shapes_of(file: _File) -> list[Shape]:
    """The shapes that a file describes, as pySHACL finds them."""
    try:
        shapes = list(ShapesGraph(_copy(file.graph)).shapes)
    except (ReportableRuntimeError, RuntimeError) as error:
        raise ContentError(
            f"a shape is not well-formed: {_first_line(error)}", remedy="see SHACL §2", file=file.name
        ) from error
    return sorted(
        (shape for shape in shapes if (shape.node, None, None) in file.graph), key=lambda shape: str(shape.node)
    )


def _check_terms(file: _File) -> None:
    """That what is said in the namespace of SHACL is of SHACL; a misspelled constraint would judge nothing."""
    for subject, predicate in sorted({(subject, predicate) for subject, predicate, _ in file.graph}):
        name = str(predicate).removeprefix(str(SH))
        if name in _TERMS or name == str(predicate):
            continue
        near = suggestions(str(predicate), (f"{SH}{term}" for term in _TERMS))
        raise file.problem(
            f"sh:{name} is no term of SHACL",
            about=subject,
            remedy=f"did you mean sh:{near[0].removeprefix(str(SH))}?" if near else "see SHACL §4 for the constraints",
        )


def _check_references(file: _File, everything: Graph) -> None:
    graph = file.graph
    for predicate in _SHAPE_VALUES:
        for subject, shape in sorted(graph.subject_objects(predicate)):
            _check_reference(file, everything, subject=subject, shape=shape)
            if predicate == SH.property and not isinstance(shape, URIRef) and isinstance(subject, URIRef):
                raise file.problem(f"a property shape of {subject} has no name", about=subject, remedy="give it an IRI")
    for predicate in _SHAPE_LISTS:
        for subject, members in sorted(graph.subject_objects(predicate)):
            for shape in Collection(graph, members):
                _check_reference(file, everything, subject=subject, shape=shape)


def _check_reference(file: _File, everything: Graph, *, subject: Node, shape: Node) -> None:
    if (shape, None, None) not in everything:
        raise file.problem(
            f"{shape} is described in no file", about=subject, remedy="describe the shape, or correct its IRI"
        )


def _check_shape(file: _File, found: Shape, everything: Graph, *, reports: bool) -> None:
    """That each of its constraints can be evaluated with the shapes of all files, and that it reports if it is to."""
    node = found.node
    parameters = sorted(set(everything.predicates(node)) & set(CONSTRAINT_PARAMETERS_MAP), key=str)
    if isinstance(node, URIRef) and set(parameters) - _NOT_REPORTED:
        _check_severity(file, node, is_told=reports)
        if reports:
            _check_message(file, node, parameters)
    path = found.path() if found.is_property_shape else None
    shape = Shape(ShapesGraph(everything), node, p=found.is_property_shape, path=path, logger=found.logger)
    for parameter in parameters:
        try:
            CONSTRAINT_PARAMETERS_MAP[parameter](shape)
        except (ReportableRuntimeError, RuntimeWarning) as error:
            message = f"{node} is not well-formed: {_first_line(error)}"
            raise file.problem(
                message, about=node, remedy="see the parameters of this constraint in SHACL §4"
            ) from error
    for constraint in sorted(everything.objects(node, SH.sparql), key=str):
        _check_sparql(file, shape, constraint)


def _check_severity(file: _File, node: URIRef, *, is_told: bool) -> None:
    severities = set(file.graph.objects(node, SH.severity))
    if severities - set(_SEVERITIES) or (is_told and not severities):
        raise file.problem(
            f"{node} has {'another' if severities else 'no'} severity",
            about=node,
            remedy="give it sh:severity sh:Violation, sh:Warning or sh:Info",
        )


def _check_message(file: _File, node: URIRef, parameters: list[Node]) -> None:
    graph = file.graph
    own = set(parameters) - _NOT_REPORTED - {SH.sparql}
    speakers = [node] if own else list(graph.objects(node, SH.sparql))
    for speaker in speakers:
        if not graph.value(speaker, SH.message) and not graph.value(node, SH.message):
            raise file.problem(
                f"{node} has no message", about=node, remedy="say in sh:message what is wrong and what to do"
            )


def _check_sparql(file: _File, shape: Shape, constraint: Node) -> None:
    select = shape.sg.graph.value(constraint, SH.select)
    helper = get_query_helper_cls()(shape, constraint, str(select))
    try:
        helper.collect_prefixes()
        _, text = helper.pre_bind_variables(URIRef("urn:x-kg:focus"))
        text = helper.apply_prefixes(text)
        vetted = vet(text, Limits())
        if dataset_clause(vetted.tokens):
            raise ValueError("FROM is not allowed")
        prepareQuery(text)
    except (
        ReportableRuntimeError,
        NotImplementedError,
        QueryError,
        ParseBaseException,
        ValueError,
        TypeError,
    ) as error:
        raise file.problem(
            f"the SPARQL constraint of {shape.node} cannot be used: {_first_line(error)}",
            about=shape.node,
            remedy="correct sh:select; each prefix is declared by sh:prefixes",
        ) from error
    except Exception as error:
        # rdflib raises a bare Exception for a prefix that is not declared and for a variable that is not projected.
        if type(error) is not Exception:
            raise
        raise file.problem(
            f"the SPARQL constraint of {shape.node} cannot be used: {_first_line(error)}",
            about=shape.node,
            remedy="correct sh:select; each prefix is declared by sh:prefixes",
        ) from error


def _copy(graph: Graph) -> Graph:
    copy = Graph()
    for triple in graph:
        copy.add(triple)
    return copy


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _line_of(text: str, node: Node) -> int | None:
    """The line, counted from 1, that a description starts on; None where it has no name to look for."""
    if not isinstance(node, URIRef):
        return None
    local = re.escape(re.split(r"[#/]", node)[-1])
    found = re.search(rf"^(?:<[^>]*{local}>|[\w.-]*:{local})(?=\s|$)", text, flags=re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else None
