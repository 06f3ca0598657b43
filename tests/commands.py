"""The command `kg`, run many times in processes of its own that need not load it anew, for tests."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.submitting import book

WHO = ("--author", "Ada", "-m", "A book")

# Each line of its input is a command to run in a process of its own, or one to wait for. Where it is told to, a command
# ends itself by a kill when the modules that write have called something so often, or were called; or it may not write
# files beyond so many bytes.
FORKS = """
import json, os, resource, signal, sys
from pathlib import Path
import kg.house, kg.intake, kg.publish, kg.store, kg.submit
from kg.cli import main

store = Path(kg.store.__file__)
names = ("primary", "snapshots", "ledger", "appending", "segments", "replay", "scratch", "forthcoming")
writing = {kg.submit.__file__, *(str(store.with_name(f"{name}.py")) for name in names)}

def run(arguments, folder, last, most_bytes):
    handle = os.open(Path(folder, str(os.getpid())), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1), os.dup2(handle, 2)
    seen, status = [0], 0

    def count(frame, event, argument):
        if frame.f_code.co_filename in writing and frame.f_code.co_name != "<genexpr>":
            seen[0] += 1
            if seen[0] == last:
                os.kill(os.getpid(), signal.SIGKILL)

    if most_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    if last is not None:
        sys.setprofile(count)
    try:
        main(arguments)
    except SystemExit as error:
        status = error.code or 0
    finally:
        sys.setprofile(None)
        sys.stdout.flush()
        os.write(1, b"steps %d\\n" % seen[0])
        os._exit(status)

for line in sys.stdin:
    asked = json.loads(line)
    if "wait" in asked:
        answer = os.waitstatus_to_exitcode(os.waitpid(asked["wait"], 0)[1])
    else:
        answer = os.fork()
        if answer == 0:
            run(**asked)
    print(answer, flush=True)
"""


@dataclass(frozen=True)
class Ended:
    """How a command has ended; negative is the signal that killed it."""

    status: int
    output: str

    @property
    def revision(self) -> int | None:
        """What it said that it was accepted as."""
        found = re.search(r"accepted as revision (\d+)", self.output)
        return int(found[1]) if found else None

    @property
    def steps(self) -> int:
        return int(self.output.rpartition("steps ")[2])


@dataclass(frozen=True)
class Commands:
    """Runs `kg` on a content and a state folder, without loading it anew each time."""

    process: subprocess.Popen[str]
    content: Path
    folder: Path

    def start(self, state: Path, *arguments: str | Path, last: int | None = None, most_bytes: int = 0) -> int:
        """Start a command; `last`: the step at which it kills itself; 0 only counts the steps."""
        told = ["--content", str(self.content), "--state", str(state), *map(str, arguments)]
        return self._ask({"arguments": told, "folder": str(self.folder), "last": last, "most_bytes": most_bytes})

    def run(self, state: Path, *arguments: str | Path, last: int | None = None, most_bytes: int = 0) -> Ended:
        return self.wait(self.start(state, *arguments, last=last, most_bytes=most_bytes))

    def wait(self, pid: int) -> Ended:
        status = self._ask({"wait": pid})
        return Ended(status, (self.folder / str(pid)).read_text(encoding="utf-8"))

    def _ask(self, told: dict[str, object]) -> int:
        process = self.process
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(told) + "\n")
        process.stdin.flush()
        return int(process.stdout.readline())


@contextmanager
def commanding(environ: Mapping[str, str], content: Path, folder: Path) -> Iterator[Commands]:
    """Runs commands on a content folder; what they say goes to files in `folder`."""
    folder.mkdir()
    command = [sys.executable, "-c", FORKS]
    with subprocess.Popen(
        command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        yield Commands(process, content, folder)
        process.communicate()


def written(folder: Path, name: str, *, notes: int = 2) -> Path:
    """A file with a book, whose name is its own."""
    file = folder / f"{name}.ttl"
    file.write_text(book(name, notes=notes), encoding="utf-8")
    return file
