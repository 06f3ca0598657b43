"""Whether what the content asserts is free of contradiction, and each class of the ontology can have members."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kg.ontology import Verdict, reason
from kg.readers import read_quads
from kg.sources import Content
from kg.store import Workspace


def reason_over(content: Content, *, java: Path, seconds: float, tell: Callable[[str], None]) -> Verdict:
    """The verdict of the OWL reasoner on ontology, alignments, vocabularies and data, as asserted.

    Blank nodes stay blank, unlike in what is published: OWL writes its axioms with them. What the rules of the content
    entail is left out, for the reasoner draws its own conclusions.

    Raises:
        ContentError: a file is not as it must be.
        ReasonerFailed: the reasoner ended without a verdict, or not within `seconds`.
    """
    workspace = Workspace()
    files = content.rdf_files()
    total = 0
    for file in files:
        quads, _ = read_quads(content.read_text(file.path), name=content.name(file.path), graph=file.graph)
        workspace.add(quads)
        total += len(quads)
    tell(f"read {total:,} statements from {len(files)} files")
    return reason(workspace.ntriples().decode(), java=java, seconds=seconds)
