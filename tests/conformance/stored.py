"""What tests of stored queries share: the texts, and their answers."""

from functools import cache
from pathlib import Path

from kg.answer import Ask, answer, vet_query
from kg.formats import format_named
from kg.queries import StoredQuery, load_queries
from kg.sparql import Limits
from kg.store import Snapshot

ROOT = Path(__file__).parents[2]


def stored(group: str) -> dict[str, StoredQuery]:
    """The stored queries of a group, by name."""
    return {query.identifier.split("/")[1]: query for query in all_stored() if query.group == group}


@cache
def all_stored() -> tuple[StoredQuery, ...]:
    """Every stored query of this repository."""
    return load_queries(ROOT / "queries", read_text=lambda path: path.read_text(encoding="utf-8"), limits=Limits())


def as_tsv(snapshot: Snapshot, text: str) -> str:
    """The answer as SPARQL 1.1 Query Results TSV."""
    row = format_named("tsv", "SELECT")
    assert row
    return answer(snapshot, Ask(vet_query(text, Limits())), row).decode("utf-8")


def rows(snapshot: Snapshot, text: str) -> list[dict[str, str]]:
    """The rows of an answer: the value of each term by its column; empty where a column has none."""
    results = snapshot.query(text)
    return [
        dict(zip(results.columns, (term.value if term else "" for term in row), strict=True)) for row in results.rows()
    ]
