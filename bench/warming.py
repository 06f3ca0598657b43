"""Asking a service that gets faster by being asked, before anything is measured."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import count

from bench.http import connect, fetch, get_request
from bench.measure import new_number
from bench.mixes import Question
from bench.services import Service


def keep_warm(service: Service, questions: Sequence[Question]) -> None:
    """Warm a service up now, and again whenever it is started anew."""
    warm_up(service, questions)
    start = service.again
    if start is None or not service.warm_seconds:
        return

    def again() -> Service:
        new = start()
        warm_up(new, questions)
        return new

    service.again = again


def warm_up(service: Service, questions: Sequence[Question]) -> None:
    """Ask the questions over and over, each time in new words and about another thing, for as long as a service needs.

    It ends early where the service is gone.
    """
    if not service.warm_seconds:
        return
    until = time.monotonic() + service.warm_seconds
    with connect(service.address.port, timeout_seconds=service.warm_seconds) as connection:
        for number in count():
            for question in questions:
                request = get_request(service.address, f"{question.variant(number)}\n#{new_number()}")
                if not fetch(connection, request).status or time.monotonic() > until:
                    return
