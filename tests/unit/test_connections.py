"""Connections that rest, and those whose clients are slow to say what they want, are closed; others are not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from kg.web.connections import Connection, Reply
from kg.web.gateway import Exchange

HEAD = b"GET / HTTP/1.1\r\nHost: here\r\n"
Test = Callable[[Connection, asyncio.StreamReader, asyncio.StreamWriter, list[Reply]], Awaitable[None]]


class Waiting:
    """Who answers when the test says so."""

    def __init__(self) -> None:
        self.asked: list[Reply] = []

    def at_once(self, _: Exchange, reply: Reply) -> bool:
        self.asked.append(reply)
        return True


async def nothing(_scope: object, _receive: object, _send: object) -> None:
    """Is never asked."""


@asynccontextmanager
async def connected(front: Waiting) -> AsyncIterator[tuple[Connection, asyncio.StreamReader, asyncio.StreamWriter]]:
    loop = asyncio.get_running_loop()
    config = Config(nothing, lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    state.default_headers = [(b"date", b"now")]
    make = partial(Connection, front, lambda: None, config, state, {}, loop)
    server = await loop.create_server(make, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        while not state.connections:
            await asyncio.sleep(0)
        (connection,) = state.connections
        assert isinstance(connection, Connection)
        try:
            yield connection, reader, writer
        finally:
            writer.close()


def run(test: Test) -> None:
    async def main() -> None:
        front = Waiting()
        async with asyncio.timeout(20), connected(front) as (connection, reader, writer):
            await test(connection, reader, writer, front.asked)

    asyncio.run(main())


async def closed(connection: Connection, *, after_seconds: float) -> bool:
    connection.close_if_idle(asyncio.get_running_loop().time() + after_seconds)
    return connection.transport.is_closing()


async def until(holds: Callable[[], object]) -> None:
    while not holds():
        await asyncio.sleep(0.001)


def test_a_connection_may_rest_for_a_minute() -> None:
    async def test(connection: Connection, reader: asyncio.StreamReader, *_: Any) -> None:
        assert not await closed(connection, after_seconds=60)
        assert await closed(connection, after_seconds=90)
        assert await reader.read() == b""

    run(test)


def test_the_head_of_a_request_may_take_half_as_long() -> None:
    async def test(
        connection: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: list[Reply]
    ) -> None:
        writer.write(HEAD)
        await until(lambda: connection.scope)
        assert not await closed(connection, after_seconds=20)
        assert await closed(connection, after_seconds=40)
        assert await reader.read() == b""

    run(test)


def test_who_waits_for_an_answer_may_wait_for_it_and_then_rest() -> None:
    async def test(
        connection: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: list[Reply]
    ) -> None:
        writer.write(HEAD + b"\r\n")
        await until(lambda: asked)
        assert not await closed(connection, after_seconds=1000)
        asked[0].send(200, [(b"content-type", b"text/plain")], b"done")
        head, _, body = (await reader.readuntil(b"done")).partition(b"\r\n\r\n")
        assert head.split(b"\r\n") == [
            *(b"HTTP/1.1 200 OK", b"date: now", b"content-type: text/plain", b"content-length: 4"),
        ]
        assert body == b"done"
        assert not await closed(connection, after_seconds=60)
        assert await closed(connection, after_seconds=90)

    run(test)


def test_whoever_answers_hears_that_the_client_has_left_and_may_still_answer() -> None:
    async def test(
        connection: Connection, _: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: list[Reply]
    ) -> None:
        writer.write(HEAD + b"\r\n")
        await until(lambda: asked)
        left = asked[0].left()
        assert not left.done()
        writer.close()
        await left
        asked[0].send(200, [], b"nobody")
        assert connection.transport.is_closing()

    run(test)
