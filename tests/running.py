"""The command `kg`, run to its end in processes of its own that are forked from one that has loaded it, for tests."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

# Each line that comes in is a command; the process that is forked for it leaves the loop and is what the command would
# be that has just been started. The numbers of that process and of its end go out.
_LOADED = """
import atexit, gc, json, os, sys, threading
import kg.audit, kg.intake, kg.linking, kg.publish, kg.submit, kg.tables
from kg.cli import main

gc.collect(), gc.freeze()  # what the processes share with this one stays shared
coming, going = (int(number) for number in sys.argv[1:])
os.set_inheritable(coming, False), os.set_inheritable(going, False)
for line in os.fdopen(coming):
    child = os.fork()
    if not child:
        break
    os.write(going, b"%d\\n" % child)
    os.write(going, b"%d\\n" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
else:
    sys.exit()
asked = json.loads(line)
os.chdir(asked["at"])
os.environ.clear(), os.environ.update(asked["environ"])
for number, name in enumerate(("in", "out", "err")):
    handle = os.open(os.path.join(asked["folder"], name), os.O_RDWR)
    os.dup2(handle, number), os.close(handle)
sys.argv = ["kg", *asked["arguments"]]
try:
    main()
    status = 0
except SystemExit as ended:
    if not isinstance(ended.code, int | None):
        raise
    status = ended.code or 0
threading._shutdown(), atexit._run_exitfuncs()
sys.stdout.flush(), sys.stderr.flush()
os._exit(status)  # to take all that is loaded apart takes longer than most commands
"""


@dataclass(frozen=True)
class Loaded:
    """The process that has loaded `kg`; it runs one command at a time, whoever asks."""

    coming: int
    going: int
    folder: Path
    lock: Lock

    def run(
        self, arguments: Sequence[str | Path], *, environ: Mapping[str, str], stdin: str, seconds: float
    ) -> subprocess.CompletedProcess[str]:
        """What `subprocess.run` gives of a command.

        Raises:
            subprocess.TimeoutExpired: it has not ended in time, and was killed.
        """
        told = [str(argument) for argument in arguments]
        asked = {"arguments": told, "environ": {**environ}, "at": str(Path.cwd()), "folder": str(self.folder)}
        with self.lock:
            (self.folder / "in").write_text(stdin, encoding="utf-8")
            for name in ("out", "err"):
                (self.folder / name).write_bytes(b"")
            os.write(self.coming, f"{json.dumps(asked)}\n".encode())
            child = self._number(seconds)
            try:
                status = self._number(seconds)
            except TimeoutError:
                os.kill(child, signal.SIGKILL)
                self._number(seconds)
                raise subprocess.TimeoutExpired(told, seconds) from None
            out, err = ((self.folder / name).read_text(encoding="utf-8") for name in ("out", "err"))
        return subprocess.CompletedProcess(told, status, out, err)

    def _number(self, seconds: float) -> int:
        line = b""
        while not line.endswith(b"\n"):
            if not select.select([self.going], [], [], seconds)[0]:
                raise TimeoutError
            byte = os.read(self.going, 1)
            assert byte, "the process that has loaded `kg` is gone"
            line += byte
        return int(line)


@contextmanager
def loaded(environ: Mapping[str, str], folder: Path) -> Iterator[Loaded]:
    """`kg`, loaded; what its commands read and write goes through files in `folder`."""
    coming, asking = os.pipe()
    hearing, going = os.pipe()
    command = [sys.executable, "-c", _LOADED, str(coming), str(going)]
    with subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, pass_fds=(coming, going)):
        os.close(coming), os.close(going)
        try:
            yield Loaded(asking, hearing, folder, Lock())
        finally:
            os.close(asking), os.close(hearing)
