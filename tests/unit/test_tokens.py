"""Tokens and their register: who is let in, and what becomes of it when it is changed, damaged or in use."""

import base64
import hashlib
import json
import os
import re
import stat
import subprocess
import sys
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.access import ADMIN, REVIEW, SCOPES, SUBMIT, Holder, Register, Tokens, read_last_day
from kg.access.tokens import token_id
from kg.errors import NotAllowed, NotAuthenticated, StoreError, TokenError

# Source: RFC 1952 §8: the CRC-32 of the 55 characters before it, in base64url.
CHECKSUM_OF_X = "VWYb0g"
NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
TODAY = NOW.date()
HANGS_AFTER_SECONDS = 10


def make(state: Path, scope: str = SUBMIT, *, name: str = "Ada", expires: date | None = None) -> tuple[str, str]:
    """The text of a new token, and its id."""
    text, token = Register(state).create(name, scope=scope, now=NOW, expires=expires)
    return text, token.id


def refusal(state: Path, authorization: str | None, *, scope: str = SUBMIT, now: datetime = NOW) -> NotAuthenticated:
    with pytest.raises(NotAuthenticated) as caught:
        Tokens(state).check(authorization, scope=scope, now=now)
    return caught.value


# Tokens.


def test_who_holds_a_token_is_let_in_by_name(tmp_path: Path) -> None:
    text, identifier = make(tmp_path, REVIEW, name="Ada Löw")
    found = Tokens(tmp_path).check(f"Bearer {text}", scope=SUBMIT, now=NOW)
    assert found == Holder(identifier, "Ada Löw", REVIEW)


@pytest.mark.parametrize("held", SCOPES)
@pytest.mark.parametrize("needed", SCOPES)
def test_a_scope_includes_those_before_it_and_no_other(tmp_path: Path, held: str, needed: str) -> None:
    assert SCOPES == ("submit", "review", "admin")
    authorization = f"Bearer {make(tmp_path, held)[0]}"
    if (held, needed) in {(SUBMIT, REVIEW), (SUBMIT, ADMIN), (REVIEW, ADMIN)}:
        with pytest.raises(NotAllowed, match=f"needs a token of scope {needed}, and yours has scope {held}") as caught:
            Tokens(tmp_path).check(authorization, scope=needed, now=NOW)
        assert caught.value.scope == needed
    else:
        assert Tokens(tmp_path).check(authorization, scope=needed, now=NOW).scope == held


def test_each_token_has_256_random_bits_and_only_its_digest_is_kept(tmp_path: Path) -> None:
    texts = [make(tmp_path)[0] for _ in range(20)]
    kept = (tmp_path / "tokens.json").read_text()
    assert len({text.split("_", 2)[2][:43] for text in texts}) == len(texts)
    for text in texts:
        assert re.fullmatch(r"kg_[a-z2-7]{8}_[A-Za-z0-9_-]{49}", text)
        assert text not in kept
        assert text.split("_", 2)[2][:43] not in kept
        assert hashlib.sha256(text.encode()).hexdigest() in kept


@given(st.data())
def test_a_character_that_is_wrong_is_noticed_before_anything_is_looked_up(data: st.DataObject) -> None:
    text = "kg_abcdefgh_" + "x" * 43 + CHECKSUM_OF_X
    assert token_id(text) == "abcdefgh"
    at = data.draw(st.integers(0, len(text) - 1))
    wrong = data.draw(st.sampled_from("abAB01_-").filter(lambda sign: sign != text[at]))
    assert token_id(text[:at] + wrong + text[at + 1 :]) is None
    assert token_id(text[:at]) is None


@pytest.mark.parametrize(
    "form", ["{}", "Basic {}", "Token {}", "Bearer{}", "Bearer", "", None, "Bearer {} {}", "{}, Bearer {}"]
)
def test_without_a_bearer_token_there_is_no_error_code(tmp_path: Path, form: str | None) -> None:
    text = make(tmp_path)[0]
    error = refusal(tmp_path, form.format(text, text) if form is not None else None)
    assert str(error) == "this needs a token"
    assert "Authorization: Bearer" in error.remedy
    assert error.code == ""


@pytest.mark.parametrize("form", ["bearer {}", "BEARER {}", "Bearer   {}", " Bearer {} "])
def test_the_scheme_is_read_in_any_case(tmp_path: Path, form: str) -> None:
    assert Tokens(tmp_path).check(form.format(make(tmp_path)[0]), scope=SUBMIT, now=NOW).name == "Ada"


def test_a_token_that_is_not_the_one_of_its_id_lets_nobody_in(tmp_path: Path) -> None:
    """Also one whose checksum is right: of another register, with the same id."""
    (tmp_path / "other").mkdir()
    text, identifier = make(tmp_path)
    path = tmp_path / "tokens.json"
    foreign, foreign_id = make(tmp_path / "other", ADMIN)
    path.write_text(path.read_text().replace(identifier, foreign_id))
    for wrong in (foreign, text, "kg_", "x" * 10_000, "kg_ééééééé_"):
        error = refusal(tmp_path, f"Bearer {wrong}")
        assert (str(error), error.code) == ("this token is not known here", "invalid_token")


def test_only_who_knows_the_secret_is_told_why_it_lets_nobody_in(tmp_path: Path) -> None:
    revoked, identifier = make(tmp_path)
    expired, expired_id = make(tmp_path, expires=TODAY)
    Register(tmp_path).revoke(identifier, now=NOW)
    later = NOW + timedelta(days=1)
    assert "revoked" in str(refusal(tmp_path, f"Bearer {revoked}", now=later))
    assert "expired" in str(refusal(tmp_path, f"Bearer {expired}", now=later))
    for known in (identifier, expired_id):
        body = f"kg_{known}_" + "x" * 43
        checksum = base64.urlsafe_b64encode(zlib.crc32(body.encode()).to_bytes(4, "big")).decode().rstrip("=")
        assert str(refusal(tmp_path, f"Bearer {body}{checksum}", now=later)) == "this token is not known here"


def test_a_token_works_through_its_last_day_in_utc(tmp_path: Path) -> None:
    text = make(tmp_path, expires=date(2024, 5, 31))[0]
    east = timezone(timedelta(hours=14))
    for now in (datetime(2024, 5, 31, 23, 59, tzinfo=UTC), datetime(2024, 6, 1, 13, 59, tzinfo=east)):
        assert Tokens(tmp_path).check(f"Bearer {text}", scope=SUBMIT, now=now).name == "Ada"
    error = refusal(tmp_path, f"Bearer {text}", now=datetime(2024, 6, 1, tzinfo=UTC))
    assert (str(error), error.code) == ("this token expired after 2024-05-31", "invalid_token")


def test_a_token_without_a_last_day_does_not_expire(tmp_path: Path) -> None:
    text = make(tmp_path, expires=None)[0]
    assert Tokens(tmp_path).check(f"Bearer {text}", scope=SUBMIT, now=datetime(2999, 1, 1, tzinfo=UTC)).name == "Ada"


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "bell\a", "x" * 201, "right-to-left \u202e"])
def test_a_name_that_could_not_stand_in_the_ledger_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(TokenError, match="cannot be used") as caught:
        make(tmp_path, name=name)
    assert "on one line" in caught.value.remedy
    assert not (tmp_path / "tokens.json").exists()


def test_a_last_day_that_has_passed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TokenError, match="2024-04-30 has passed"):
        make(tmp_path, expires=date(2024, 4, 30))
    assert make(tmp_path, expires=TODAY)


@pytest.mark.parametrize(
    ("text", "day"),
    [("never", None), ("1", date(2024, 5, 2)), ("365", date(2025, 5, 1)), ("2024-12-31", date(2024, 12, 31))],
)
def test_a_last_day_is_read(text: str, day: date | None) -> None:
    assert read_last_day(text, today=TODAY) == day


@pytest.mark.parametrize("text", ["", "0", "-1", "36501", "99999", "2024-02-30", "20241231", "31.12.2024", "soon", "٣"])
def test_what_is_no_last_day_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(TokenError, match="is no last day") as caught:
        read_last_day(text, today=TODAY)
    assert "2030-12-31" in caught.value.remedy


# The register.


def test_what_is_kept_of_a_token_has_a_known_form(tmp_path: Path) -> None:
    text, identifier = make(tmp_path, REVIEW, expires=date(2024, 12, 31))
    assert json.loads((tmp_path / "tokens.json").read_text()) == {
        "layout": 1,
        "tokens": [
            {
                "id": identifier,
                "name": "Ada",
                "scope": "review",
                "created": "2024-05-01",
                "expires": "2024-12-31",
                "revoked": "",
                "used": "",
                "digest": hashlib.sha256(text.encode()).hexdigest(),
            }
        ],
    }


def test_a_revoked_token_lets_nobody_in_from_the_next_request_on(tmp_path: Path) -> None:
    text, identifier = make(tmp_path)
    other = make(tmp_path, name="Bob")[0]
    tokens = Tokens(tmp_path)
    assert tokens.check(f"Bearer {text}", scope=SUBMIT, now=NOW).name == "Ada"
    Register(tmp_path).revoke(identifier, now=NOW)
    with pytest.raises(NotAuthenticated, match="this token was revoked on 2024-05-01") as caught:
        tokens.check(f"Bearer {text}", scope=SUBMIT, now=NOW)
    assert caught.value.code == "invalid_token"
    assert tokens.check(f"Bearer {other}", scope=SUBMIT, now=NOW).name == "Bob"


def test_a_token_that_is_made_while_a_server_runs_works_at_once(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    with pytest.raises(NotAuthenticated):
        tokens.check(f"Bearer {token_of_nobody()}", scope=SUBMIT, now=NOW)
    for name in ("Ada", "Bob"):
        assert tokens.check(f"Bearer {make(tmp_path, name=name)[0]}", scope=SUBMIT, now=NOW).name == name


def token_of_nobody() -> str:
    return "kg_abcdefgh_" + "x" * 43 + CHECKSUM_OF_X


def test_no_change_can_hide_behind_the_time_of_the_file(tmp_path: Path) -> None:
    """As if the clock had been set back: each file is still later than the one before."""
    identifiers = [make(tmp_path)[1] for _ in range(3)]
    path = tmp_path / "tokens.json"
    late = time_ns(datetime(2100, 1, 1, tzinfo=UTC))
    os.utime(path, ns=(late, late))
    times = [path.stat().st_mtime_ns]
    for identifier in identifiers:
        Register(tmp_path).revoke(identifier, now=NOW)
        times.append(path.stat().st_mtime_ns)
    assert all(before < after for before, after in pairwise(times))


def time_ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000_000


def test_a_register_that_has_not_changed_is_not_read_again(tmp_path: Path) -> None:
    """What stands in a file of the same number and time is not looked at."""
    text = make(tmp_path)[0]
    tokens = Tokens(tmp_path)
    tokens.check(f"Bearer {text}", scope=SUBMIT, now=NOW)
    tokens.check(f"Bearer {text}", scope=SUBMIT, now=NOW)
    path = tmp_path / "tokens.json"
    status = path.stat()
    path.write_bytes(b"damaged")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert tokens.check(f"Bearer {text}", scope=SUBMIT, now=NOW).name == "Ada"
    os.utime(path)
    with pytest.raises(StoreError):
        tokens.check(f"Bearer {text}", scope=SUBMIT, now=NOW)


def test_only_the_owner_of_the_folder_may_read_the_register(tmp_path: Path) -> None:
    """Also where somebody has left a file that all can read behind, and when root makes a token."""
    if os.geteuid() == 0:
        os.chown(tmp_path, 12345, 12345)
    for name in ("tokens.json.new", "tokens.json"):
        (tmp_path / name).write_text('{"layout": 1, "tokens": []}')
        (tmp_path / name).chmod(0o666)
    make(tmp_path)
    owner = tmp_path.stat()
    for name in ("tokens.json", "tokens.lock"):
        status = (tmp_path / name).stat()
        assert stat.S_IMODE(status.st_mode) == 0o600
        assert (status.st_uid, status.st_gid) == (owner.st_uid, owner.st_gid)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tokens.json", "tokens.lock"]


DAMAGE: dict[str, Callable[[str], str]] = {
    "empty": lambda text: text[:0],
    "cut off": lambda text: text[:-20],
    "no JSON": lambda text: "{" + text,
    "of another layout": lambda text: text.replace('"layout": 1', '"layout": 2'),
    "a list": lambda text: f"[{text}]",
    "nested too deep": lambda text: "[" * 100_000 + text,
    "unknown scope": lambda text: text.replace('"submit"', '"everything"'),
    "no scope": lambda text: text.replace('"scope": "submit",', ""),
    "one member more": lambda text: text.replace('"scope"', '"more": "", "scope"'),
    "a number for a day": lambda text: text.replace('"expires": "2030-01-31"', '"expires": 0'),
    "a day that is none": lambda text: text.replace("2030-01-31", "2030-02-31"),
    "a short digest": lambda text: re.sub(r'"digest": "..', '"digest": "', text),
    "a token that is none": lambda text: text.replace('"tokens": [', '"tokens": [1, '),
    "a token twice": lambda text: re.sub(r"\{\s+\"id.*?\}", r"\g<0>, \g<0>", text, flags=re.DOTALL),
    "no UTF-8": lambda text: text.replace("Ada", "\udcff"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_register_lets_nobody_in_and_says_what_to_do(tmp_path: Path, kind: str) -> None:
    text = make(tmp_path, expires=date(2030, 1, 31))[0]
    tokens = Tokens(tmp_path)
    tokens.check(f"Bearer {text}", scope=SUBMIT, now=NOW)
    path = tmp_path / "tokens.json"
    whole = path.read_bytes()
    damaged = DAMAGE[kind](whole.decode()).encode("utf-8", "surrogateescape")
    assert damaged != whole
    path.write_bytes(damaged)
    os.utime(path)
    for asked in (tokens, tokens, Tokens(tmp_path)):
        with pytest.raises(StoreError, match=r"tokens\.json is damaged, and nobody can write") as caught:
            asked.check(f"Bearer {text}", scope=SUBMIT, now=NOW)
        assert "backup" in caught.value.remedy
    with pytest.raises(StoreError, match="damaged"):
        make(tmp_path)
    assert path.read_bytes() == damaged
    path.write_bytes(whole)
    assert tokens.check(f"Bearer {text}", scope=SUBMIT, now=NOW).name == "Ada"


def test_without_a_register_nobody_is_let_in_and_nothing_is_made(tmp_path: Path) -> None:
    state = tmp_path / "nowhere"
    assert refusal(state, f"Bearer {token_of_nobody()}").code == "invalid_token"
    with pytest.raises(TokenError, match="there is no token 'abcdefgh'") as caught:
        Register(state).revoke("abcdefgh", now=NOW)
    assert caught.value.remedy == "see `kg token list`"
    assert Register(state).read() == (None, ())
    assert not state.exists()


def test_a_register_that_is_removed_lets_nobody_in(tmp_path: Path) -> None:
    text = make(tmp_path)[0]
    tokens = Tokens(tmp_path)
    tokens.check(f"Bearer {text}", scope=SUBMIT, now=NOW)
    (tmp_path / "tokens.json").unlink()
    with pytest.raises(NotAuthenticated, match="not known here"):
        tokens.check(f"Bearer {text}", scope=SUBMIT, now=NOW)


@pytest.mark.parametrize("place", ["state", "state/tokens.json", "state/tokens.lock"])
def test_a_register_that_cannot_be_used_is_told_with_a_remedy(tmp_path: Path, place: str) -> None:
    if place == "state":
        (tmp_path / "state").write_text("a file")
    else:
        (tmp_path / place).mkdir(parents=True)
    with pytest.raises(StoreError, match="cannot be used") as caught:
        make(tmp_path / "state")
    assert "owner" in caught.value.remedy


def test_what_was_left_unfinished_by_a_crash_changes_nothing(tmp_path: Path) -> None:
    text = make(tmp_path)[0]
    (tmp_path / "tokens.json.new").write_text('{"layout": 1, "tok')
    assert Tokens(tmp_path).check(f"Bearer {text}", scope=SUBMIT, now=NOW).name == "Ada"
    make(tmp_path, name="Bob")
    assert [token.name for token in Register(tmp_path).read()[1]] == ["Ada", "Bob"]


def test_a_token_stays_revoked_since_the_first_time(tmp_path: Path) -> None:
    identifier = make(tmp_path)[1]
    first = Register(tmp_path).revoke(identifier, now=NOW)
    assert first.revoked == "2024-05-01T12:00:00Z"
    written = Register(tmp_path).stamp()
    assert Register(tmp_path).revoke(identifier, now=NOW + timedelta(days=1)) == first
    assert Register(tmp_path).stamp() == written


def test_the_last_day_of_use_is_noted_once_a_day(tmp_path: Path) -> None:
    text, identifier = make(tmp_path)
    tokens = Tokens(tmp_path)
    written: list[int] = []
    for now in (NOW, NOW, NOW + timedelta(days=1), NOW + timedelta(days=1), NOW):
        tokens.check(f"Bearer {text}", scope=SUBMIT, now=now)
        written.append((tmp_path / "tokens.json").stat().st_mtime_ns)
    assert Register(tmp_path).read()[1][0].used == "2024-05-02"
    assert written[0] == written[1] < written[2] == written[3] == written[4]
    Register(tmp_path).revoke(identifier, now=NOW)
    refusal(tmp_path, f"Bearer {text}", now=NOW + timedelta(days=9))
    assert Register(tmp_path).read()[1][0].used == "2024-05-02"


def test_of_two_processes_that_note_a_use_the_later_day_stays(tmp_path: Path) -> None:
    identifier = make(tmp_path)[1]
    make(tmp_path, name="Bob")
    register = Register(tmp_path)
    for day in ("2024-05-02", "2024-05-01"):
        assert register.note_use(identifier, day=day)
    assert [token.used for token in register.read()[1]] == ["2024-05-02", ""]


def test_who_holds_a_token_is_let_in_also_when_its_use_cannot_be_noted(tmp_path: Path) -> None:
    text = make(tmp_path)[0]
    (tmp_path / "tokens.json.new").mkdir()
    tokens = Tokens(tmp_path)
    for _ in range(2):
        assert tokens.check(f"Bearer {text}", scope=SUBMIT, now=NOW).name == "Ada"
    assert Register(tmp_path).read()[1][0].used == ""


MAKES_TOKENS = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from kg.access import Register
print("ready", flush=True)
sys.stdin.read()
for at in range(10):
    name, register = f"{sys.argv[2]} {at}", Register(Path(sys.argv[1]))
    print(register.create(name, scope="submit", now=datetime.now(UTC), expires=None)[0])
"""


def test_what_processes_change_at_once_is_all_there(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MAKES_TOKENS, str(tmp_path), str(name)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in range(4)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.close()
        process.stdin = None
    texts = [text for process in processes for text in process.communicate()[0].split()]
    assert [process.returncode for process in processes] == [0] * 4
    tokens = Tokens(tmp_path)
    names = {tokens.check(f"Bearer {text}", scope=SUBMIT, now=datetime.now(UTC)).name for text in texts}
    assert names == {f"{name} {at}" for name in range(4) for at in range(10)}


def test_a_server_does_not_wait_for_who_changes_the_register(tmp_path: Path) -> None:
    text = make(tmp_path)[0]
    holds = (
        "import fcntl, sys; file = open(sys.argv[1]); fcntl.flock(file, fcntl.LOCK_EX); print(1, flush=True); input()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", holds, str(tmp_path / "tokens.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    process.stdout.readline()
    tokens = Tokens(tmp_path)
    with ThreadPoolExecutor() as threads:
        found = threads.submit(tokens.check, f"Bearer {text}", scope=SUBMIT, now=NOW)
        waited = wait([found], timeout=HANGS_AFTER_SECONDS).not_done
        used = Register(tmp_path).read()[1][0].used
        process.communicate("\n")
        assert (found.result().name, used, waited) == ("Ada", "", set())
    tokens.check(f"Bearer {text}", scope=SUBMIT, now=NOW)
    assert Register(tmp_path).read()[1][0].used == "2024-05-01"
