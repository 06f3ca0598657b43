"""The server processes: as many as there are to be, each started anew when it ends by itself."""

from __future__ import annotations

import mmap
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from kg.settings import Settings
from kg.web.process import Share, run

# How long a server process may take to end: for answers on their way to clients that do not take them.
_PATIENCE_SECONDS: Final = 3.0
# One that ends sooner is not started again before that has passed.
_LEAST_SECONDS: Final = 1.0
_NUMBER_BYTES: Final = 4


def keep_fronts(settings: Settings, folder: Path, listener: socket.socket) -> None:
    """Have server processes serve what comes to a listening socket, until SIGTERM or SIGINT; for the main thread."""
    context = multiprocessing.get_context("fork")  # what they share with this process stays shared
    connections = memoryview(mmap.mmap(-1, settings.processes * _NUMBER_BYTES)).cast("I")
    begin = [
        partial(_begin, context, partial(run, settings, folder, os.getpid(), share=Share(listener, connections, own)))
        for own in range(settings.processes)
    ]
    told, tell = socket.socketpair()
    tell.setblocking(False)
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    woken = signal.set_wakeup_fd(tell.fileno())
    fronts: list[BaseProcess] = []
    try:
        fronts += [begin_one() for begin_one in begin]
        started = time.monotonic()
        while told not in (ready := wait([told, *(front.sentinel for front in fronts)])):
            time.sleep(max(0.0, started + _LEAST_SECONDS - time.monotonic()))
            started = time.monotonic()
            fronts = [begin[own]() if front.sentinel in ready else front for own, front in enumerate(fronts)]
    finally:
        _end(fronts)
        signal.set_wakeup_fd(woken)
        for number, handler in before.items():
            signal.signal(number, handler)
        told.close()
        tell.close()


def _begin(context: multiprocessing.context.ForkContext, target: Callable[[], None]) -> BaseProcess:
    front = context.Process(target=target, name="front", daemon=True)
    front.start()
    return front


def _end(fronts: list[BaseProcess]) -> None:
    for front in fronts:
        front.terminate()
    until = time.monotonic() + _PATIENCE_SECONDS
    for front in fronts:
        front.join(max(0.0, until - time.monotonic()))
        if front.is_alive():
            front.kill()
            front.join()
