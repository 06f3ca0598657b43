"""Summaries of commits for pages: each read once, and told of the ledger that there is."""

from pathlib import Path

from kg.store import Changeset, Draft, Ledger
from kg.web.commits import Commits


def draft(author: str) -> Draft:
    added = ("<https://a.example/s> <https://a.example/p> <https://a.example/o> <https://a.example/g> .",)
    return Draft(Changeset(added=added), author, "2024-05-01T12:00:00Z", "https://a.example/g", "add")


def test_a_commit_is_read_once(tmp_path: Path) -> None:
    with (ledger := Ledger(tmp_path)).locked():
        ledger.commit(draft("Ada"))
        commits = Commits(ledger)
        first = commits.summary(1)
        assert first == ledger.summary(1)
        ledger.commit(draft("Emma"))
        assert commits.summary(2).author == "Emma"
        assert commits.summary(1) is first
