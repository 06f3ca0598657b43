"""The command `kg token`, as a process: what it makes lets in, and what it revokes does not."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kg.access import REVIEW, SUBMIT, Tokens
from kg.errors import NotAuthenticated

Kg = Callable[..., "subprocess.CompletedProcess[str]"]


def listed(kg: Kg, state: Path) -> list[list[str]]:
    """The rows of the list; a column ends where two spaces stand."""
    ended = kg("token", "list", state=state)
    assert (ended.returncode, ended.stderr) == (0, "")
    head, rule, *rows = ended.stdout.splitlines()
    assert head.split("  ")[0] == "id"
    starts = [at for at, sign in enumerate(rule) if sign == "-" and (at == 0 or rule[at - 1] == " ")]
    return [[row[start:end].strip() for start, end in zip(starts, [*starts[1:], None], strict=True)] for row in rows]


def test_a_token_is_made_listed_used_and_revoked(kg: Kg, tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    made = kg("token", "create", "--name", "Ada Löw", "--scope", "review", "--expires", "30", state=tmp_path)
    assert made.returncode == 0
    text = made.stdout.removesuffix("\n")
    last_day = str(today + timedelta(days=30))
    assert f"Ada Löw may review with it until {last_day}" in made.stderr
    assert text not in made.stderr
    assert listed(kg, tmp_path) == [[text[3:11], "Ada Löw", "review", str(today), last_day, "never", "works"]]

    tokens = Tokens(tmp_path)
    assert tokens.check(f"Bearer {text}", scope=REVIEW, now=datetime.now(UTC)).name == "Ada Löw"
    assert [row[5] for row in listed(kg, tmp_path)] == [str(today)]

    revoked = kg("token", "revoke", text[3:11], state=tmp_path)
    assert (revoked.returncode, revoked.stderr) == (0, "")
    assert f"token {text[3:11]} of Ada Löw is revoked since {today}T" in revoked.stdout
    assert [row[6] for row in listed(kg, tmp_path)] == [f"revoked {today}"]
    with pytest.raises(NotAuthenticated, match="was revoked"):
        tokens.check(f"Bearer {text}", scope=REVIEW, now=datetime.now(UTC))
    assert kg("token", "revoke", text[3:11], state=tmp_path).stdout == revoked.stdout


def test_a_token_works_for_a_year_unless_told_otherwise(kg: Kg, tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    for options in ((), ("--expires", "never"), ("--expires", "2999-12-31")):
        assert kg("token", "create", "--name", "Bob", "--scope", "submit", *options, state=tmp_path).returncode == 0
    assert [row[4] for row in listed(kg, tmp_path)] == [str(today + timedelta(days=365)), "never", "2999-12-31"]


def test_an_expired_token_is_listed_as_such(kg: Kg, tmp_path: Path) -> None:
    kg("token", "create", "--name", "Ada", "--scope", "submit", "--expires", "2999-12-31", state=tmp_path)
    path = tmp_path / "tokens.json"
    path.write_text(path.read_text().replace("2999-12-31", "2001-12-31"))
    assert listed(kg, tmp_path)[0][4:] == ["2001-12-31", "never", "expired"]


@pytest.mark.parametrize(
    ("arguments", "message", "remedy"),
    [
        (("create", "--name", "Ada", "--scope", "submit", "--expires", "soon"), "'soon' is no last day", "2030-12-31"),
        (("create", "--name", "Ada", "--scope", "submit", "--expires", "2001-01-01"), "2001-01-01 has passed", "come"),
        (("create", "--name", "", "--scope", "submit"), "the name '' cannot be used", "on one line"),
        (("revoke", "abcdefgh"), "there is no token 'abcdefgh'", "see `kg token list`"),
    ],
)
def test_what_cannot_be_done_is_told_with_a_remedy(
    kg: Kg, tmp_path: Path, arguments: tuple[str, ...], message: str, remedy: str
) -> None:
    ended = kg("token", *arguments, state=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert message in ended.stderr
    assert remedy in ended.stderr.partition("What to do: ")[2]
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_register_is_told_and_left_as_it_is(kg: Kg, tmp_path: Path) -> None:
    (tmp_path / "tokens.json").write_text("{")
    for arguments in (("list",), ("revoke", "abcdefgh"), ("create", "--name", "Ada", "--scope", SUBMIT)):
        ended = kg("token", *arguments, state=tmp_path)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "tokens.json is damaged, and nobody can write" in ended.stderr
        assert "What to do: bring it back from a backup" in ended.stderr
    assert (tmp_path / "tokens.json").read_text() == "{"


@pytest.mark.parametrize("command", ["create", "list", "revoke"])
def test_each_command_has_help(kg: Kg, tmp_path: Path, command: str) -> None:
    ended = kg("token", command, "--help", state=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(f"Usage: kg token {command}")
