"""Links to other data as a mapping set: SSSOM, a table whose head tells the set and its prefixes.

The links are the answer to one stored query of the content; its columns say which part each plays.

Source: SSSOM, A Simple Standard for Sharing Ontological Mappings, version 1.0: TSV, Mapping, MappingSet.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from kg.errors import ContentError
from kg.namespaces import PREFIXES, shorten
from kg.queries import StoredQuery
from kg.store import Readable, Term

LINKS: Final = "explore/links-to-other-data"
"""The stored query whose answer is the mapping set."""

SSSOM: Final = "https://w3id.org/sssom/"
"""The standard, by the IRI of its terms."""

_NAME: Final = "data/links.sssom.tsv"
# Column of the table -> column of the query, and whether it is an entity, which is written as a CURIE.
_COLUMNS: Final[Mapping[str, tuple[str, bool]]] = {
    "subject_id": ("subject", True),
    "subject_label": ("subjectLabel", False),
    "predicate_id": ("predicate", True),
    "object_id": ("object", True),
    "object_label": ("objectLabel", False),
    "mapping_justification": ("justification", True),
    "object_source": ("target", False),
    "confidence": ("confidence", False),
    "comment": ("citation", False),
}
_LICENCE: Final = "licence"


def mapping_set(snapshot: Readable, queries: Sequence[StoredQuery]) -> str:
    """The links of a snapshot as SSSOM, in the order of their query.

    A page without a prefix is a CURIE too: `https:` is a prefix for itself.

    Raises:
        ContentError: the content has no query for its links, or one without the columns that are needed.
        QueryError: the engine cannot evaluate it.
    """
    text = _query_of(queries)
    description = snapshot.description
    answer = snapshot.query(text)
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows()]
    prefixes = {**PREFIXES, **description.prefixes}
    table = [
        [_cell(row[name], prefixes if is_entity else None) for name, is_entity in _COLUMNS.values()] for row in rows
    ]
    entities = [place for place, (_, is_entity) in enumerate(_COLUMNS.values()) if is_entity]
    curies = {row[place] for row in table for place in entities}
    licences = {term.value for row in rows if (term := row[_LICENCE])}
    head = _head(
        {
            "sssom_version": "1.0",
            "mapping_set_id": f"{description.base}{_NAME}",
            "mapping_set_version": str(description.revision),
            "license": next(iter(licences)) if len(licences) == 1 else "",
        },
        _used(curies, prefixes),
    )
    return "".join(head) + _tsv(table)


def _query_of(queries: Sequence[StoredQuery]) -> str:
    file = f"queries/{LINKS}.rq"
    query = next((query for query in queries if query.identifier == LINKS), None)
    if query is None:
        raise ContentError("there is no query for the links", remedy="write one, or export without --sssom", file=file)
    missing = {name for name, _ in _COLUMNS.values()} | {_LICENCE}
    missing -= set(query.columns)
    if missing:
        lacks = ", ".join(f"?{name}" for name in sorted(missing))
        raise ContentError(f"the answer has no {lacks}", remedy="add the columns that SSSOM needs", file=file)
    return query.text


def _cell(term: Term | None, prefixes: Mapping[str, str] | None) -> str:
    """A term as a cell; with prefixes as a CURIE."""
    if term is None:
        return ""
    if prefixes is None:
        return " ".join(term.value.split())
    return shorten(term.value, prefixes).strip("<>")


def _used(curies: set[str], prefixes: Mapping[str, str]) -> dict[str, str]:
    """The prefixes of some CURIEs."""
    names = sorted({curie.partition(":")[0] for curie in curies if curie})
    return {name: prefixes.get(name, f"{name}:") for name in names}


def _head(slots: Mapping[str, str], prefixes: Mapping[str, str]) -> Iterator[str]:
    """The lines before the table: YAML, whose texts are written as JSON, which YAML reads."""
    for name, value in slots.items():
        if value:
            yield f"#{name}: {json.dumps(value, ensure_ascii=False)}\n"
    yield "#curie_map:\n"
    for name, start in prefixes.items():
        yield f"#  {name}: {json.dumps(start, ensure_ascii=False)}\n"


def _tsv(table: Sequence[Sequence[str]]) -> str:
    written = io.StringIO()
    writer = csv.writer(written, dialect="excel-tab", lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(table)
    return written.getvalue()
