"""`kg serve` as a process, forked from one that has loaded it, for tests: to load it takes most of its start."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

# Each text that comes in is a server to start, with the file for what it says and the pipe for its numbers: that of its
# process, which leaves the loop and is what the command would be that has just been started, and that of its end. The
# process between the two waits for the end, while the loop goes on.
_LOADED = """
import contextlib, gc, json, os, socket, sys
import kg.web
from kg.cli import main

gc.collect(), gc.freeze()  # what the processes share with this one stays shared
orders = socket.socket(fileno=int(sys.argv[1]))
orders.set_inheritable(False)
while True:
    told, files, _, _ = socket.recv_fds(orders, 1 << 20, 2)
    if not told:
        os._exit(0)
    between = os.fork()
    if not between:
        break
    for file in files:
        os.close(file)
    with contextlib.suppress(ChildProcessError):  # there is none any more
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
orders.close()
log, numbers = files
child = os.fork()
if child:
    os.close(log)
    os.write(numbers, b"%d\\n" % child)
    os.write(numbers, b"%d\\n" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    os._exit(0)
os.close(numbers)
os.setsid()
os.dup2(log, 1), os.dup2(log, 2), os.close(log)
asked = json.loads(told)
os.chdir(asked["at"])
os.environ.clear(), os.environ.update(asked["environ"])
sys.argv = ["kg", "serve"]
sys.exit(main())
"""


class Forked:
    """A process that was forked: of `subprocess.Popen`, what tests ask of a server."""

    def __init__(self, numbers: int) -> None:
        self._numbers = numbers
        self.returncode: int | None = None
        self.pid = self._number()

    def poll(self) -> int | None:
        """The number of its end; None while it runs."""
        if self.returncode is None and select.select([self._numbers], [], [], 0)[0]:
            self.returncode = self._number()
            os.close(self._numbers)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The number of its end.

        Raises:
            subprocess.TimeoutExpired: it still runs after so many seconds.
        """
        if self.returncode is None and not select.select([self._numbers], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("kg serve", timeout or 0)
        ended = self.poll()
        assert ended is not None
        return ended

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it has ended just now
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _number(self) -> int:
        line = b""
        while not line.endswith(b"\n"):
            byte = os.read(self._numbers, 1)
            assert byte, "who waits for the server is gone"
            line += byte
        return int(line)


def fork_server(environ: Mapping[str, str], log: int) -> Forked:
    """Start `kg serve` with this environment; what it says goes to an open file."""
    numbers, telling = os.pipe()
    told = json.dumps({"environ": {**environ}, "at": str(Path.cwd())}).encode()
    orders, _ = _loaded()
    socket.send_fds(orders, [told], [log, telling])
    os.close(telling)
    return Forked(numbers)


@cache
def _loaded() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """The process that has loaded `kg serve`, and where it takes orders; it ends with this one."""
    orders, taking = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("KG_")}
    process = subprocess.Popen(
        [sys.executable, "-c", _LOADED, str(taking.fileno())],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=(taking.fileno(),),
        start_new_session=True,
    )
    taking.close()
    return orders, process
