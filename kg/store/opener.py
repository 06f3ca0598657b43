"""The process that has the current state open, and forks a server of its workers for each snapshot.

    python -m kg.store.opener STATE MEMORY_QUADS MOST_BYTES MOST_SECONDS

It takes orders from its standard input, a JSON text a line: `{"serve": "snapshots/000007", "at": "/…/000007"}` has a
snapshot served at the address of a Unix socket, which appears when it is ready; `{"retire": "/…/000006"}` lets a server
end when its last worker has. A snapshot in memory is not read anew when it follows from the one before: the commits
between are made in the memory that is there, which the servers before share and keep as it was.

Where a snapshot cannot be read, a file `/…/000007.failed` appears, and what is served stays so. The process ends, and
all servers with it, when its standard input is closed; and when the server that it forked last has ended.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys
import traceback
from pathlib import Path
from typing import Final

from kg.errors import KgError, ServerError
from kg.settings import Remote, Settings
from kg.store.distant import Shared, shared_snapshot
from kg.store.ledger import Ledger
from kg.store.opened import Description, Snapshot, describe_snapshot
from kg.store.primary import Primary
from kg.store.worker import Bounds, serve

_LOOK_SECONDS: Final = 0.2
# With more commits than this between two snapshots, the later one is read anew.
_MOST_COMMITS: Final = 1000


class Opener:
    """What the process holds from one order to the next."""

    def __init__(self, state: Path, *, memory_quads: int, bounds: Bounds, remote: Remote | None) -> None:
        self._state = state
        self._memory_quads = memory_quads
        self._bounds = bounds
        self._remote = remote
        self._ledger = Ledger(state / "ledger")
        self._held: Shared | None = None
        self._servers: dict[str, int] = {}
        self._latest = 0
        # Servers and workers see by it that this process has ended, however it did.
        self._lifeline, self._held_end = os.pipe()

    def run(self) -> None:
        """Take orders until there are no more.

        Raises:
            ServerError: the latest server has ended.
        """
        held = b""
        while True:
            ready, _, _ = select.select([sys.stdin], [], [], _LOOK_SECONDS)
            self._collect()
            if not ready:
                continue
            read = os.read(sys.stdin.fileno(), 65536)
            if not read:
                break
            *orders, held = (held + read).split(b"\n")
            for order in orders:
                self._obey(json.loads(order))

    def _obey(self, order: dict[str, str]) -> None:
        if "retire" in order:
            server = self._servers.get(order["retire"])
            if server:
                os.kill(server, signal.SIGTERM)
            return
        folder, address = self._state / order["serve"], order["at"]
        try:
            self._held = self._opened(folder)
        except KgError as error:
            print(f"{error}\nWhat to do: {error.remedy}", file=sys.stderr, flush=True)
            Path(f"{address}.failed").touch()
            return
        gc.collect()
        gc.freeze()  # what is shared with the servers and workers stays shared
        self._latest = self._servers[address] = self._fork(folder, address)

    def _opened(self, folder: Path) -> Shared | None:
        description = describe_snapshot(folder)
        advanced = self._advanced(description)
        if advanced is not None:
            return advanced
        return shared_snapshot(folder, memory_quads=self._memory_quads, remote=self._remote)

    def _advanced(self, description: Description) -> Shared | None:
        """What is held, with the commits since; None where it is not in memory, or the snapshot is no later state."""
        held = self._held
        if not isinstance(held, Snapshot) or description.quads > self._memory_quads:
            return None
        before = held.description
        told = [(one.merges, one.base) for one in (before, description)]
        follows = 0 <= description.revision - before.revision <= _MOST_COMMITS and told[0] == told[1]
        try:
            if not follows or not self._ledger.has(before.revision, before.digest):
                return None
            if not self._ledger.has(description.revision, description.digest):
                return None
            self._held = None  # it is neither the one nor the other from here on
            primary = Primary(held.store, self._ledger, merges=before.merges)
            for commit in self._ledger.entries(before.revision + 1, description.revision):
                primary.change(description.naming.blank_changes(commit.changeset))
        except KgError:
            traceback.print_exc()
            self._ledger = Ledger(self._state / "ledger")  # what is known of it may be of one that was replaced
            return None
        return Snapshot(description, held.store)

    def _fork(self, folder: Path, address: str) -> int:
        child = os.fork()
        if child:
            return child
        status = 1
        try:
            os.close(self._held_end)
            serve(folder, address, self._held, bounds=self._bounds, lifeline=self._lifeline)
            status = 0
        except BaseException:  # noqa: BLE001 - this is the outermost handler of a process that must not go on
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _collect(self) -> None:
        """Forget the servers that have ended; without the latest one there is nothing to be open for."""
        for address, server in [*self._servers.items()]:
            if os.waitpid(server, os.WNOHANG)[0]:
                del self._servers[address]
                if server == self._latest:
                    raise ServerError(f"the server at {address} has ended", remedy="it is started again")


if __name__ == "__main__":
    _state, *_numbers = sys.argv[1:]
    _quads, _bytes, _seconds = map(int, _numbers)
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        # A store's password is no argument: others could read it.
        _remote = Settings.from_environ(os.environ).remote
        Opener(Path(_state), memory_quads=_quads, bounds=Bounds(_bytes, _seconds), remote=_remote).run()
    except KgError as _error:
        sys.exit(f"{_error}\nWhat to do: {_error.remedy}")
