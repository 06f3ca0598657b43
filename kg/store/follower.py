"""Who brings a remote store up to date after it was away: a thread of the server, which looks and has it done.

    python -m kg.store.follower STATE

is the process that does it: the engine's files are not opened where server processes are started. It reads KG_STORE.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from kg.errors import BuildRunning, KgError, StoreAway, WriterRunning
from kg.settings import Remote, Settings
from kg.store.ledger import Ledger
from kg.store.replica import catch_up, lacks_something
from kg.store.snapshots import Snapshots

_LOOK_SECONDS: Final = 2.0
_PATIENCE_SECONDS: Final = 5.0
_BUSY: Final = 3

_log: Final = logging.getLogger(__name__)


class Follower:
    """Keeps a remote store at the last commit of a state folder, in a thread of its own."""

    def __init__(self, state: Path, remote: Remote) -> None:
        self._state = state
        self._remote = remote
        self._told = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="follower", daemon=True)

    def start(self) -> None:
        """Bring it up to date now, if it answers, and look after it from now on.

        Raises:
            RemoteStoreError: it answers, and is none that can be brought up to date.
            KgError: the state folder cannot be used.
        """
        try:
            catch_up(
                Snapshots(self._state, memory_quads=0),
                Ledger(self._state / "ledger"),
                self._remote,
                patience_seconds=_PATIENCE_SECONDS,
            )
        except (BuildRunning, StoreAway, WriterRunning) as error:
            self._tell(error)
        self._thread.start()

    def stop(self) -> None:
        """Look after it no longer."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _follow(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            try:
                # Read anew each time: another process appends.
                if lacks_something(
                    Snapshots(self._state, memory_quads=0), Ledger(self._state / "ledger"), self._remote
                ):
                    self._catch_up()
                self._told = ""
            except (KgError, OSError) as error:
                self._tell(error)

    def _catch_up(self) -> None:
        command = [sys.executable, "-m", "kg.store.follower", str(self._state.absolute())]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own module, our own value
        while process.poll() is None:
            if self._stopping.wait(0.1):
                process.terminate()  # what the store has got it need not get again
                process.wait()

    def _tell(self, error: Exception) -> None:
        """Log what is wrong, once as long as it stays the same."""
        told = str(error)
        if told != self._told:
            _log.warning("%s; what is committed meanwhile is safe, and seen later", told)
        self._told = told


def main(state: Path, remote: Remote) -> None:
    """Bring a store up to date.

    Raises:
        KgError: as `catch_up` does.
    """
    catch_up(Snapshots(state, memory_quads=0), Ledger(state / "ledger"), remote, patience_seconds=_PATIENCE_SECONDS)


if __name__ == "__main__":
    try:
        _settings = Settings.from_environ(os.environ)
        if _settings.remote:
            main(Path(sys.argv[1]), _settings.remote)
    except (BuildRunning, WriterRunning):
        sys.exit(_BUSY)  # who writes brings it up to date, or it is done later
    except KgError as _error:
        sys.exit(f"{_error}\nWhat to do: {_error.remedy}")
