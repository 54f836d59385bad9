"""One answer leaves as one write, in order, and nothing is lost when a connection closes."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from api.wire import MOST_BYTES, Gathering


class Told:
    """A transport that remembers what it was told."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def get_extra_info(self, name: str) -> str:
        return name


def gathering(told: Told) -> Gathering:
    """Wrap a transport, in a running loop."""
    return Gathering(cast("Any", told))


async def turn() -> None:
    """Let the loop turn."""
    await asyncio.sleep(0)


def test_what_is_written_in_one_turn_leaves_as_one() -> None:
    async def writes() -> list[bytes]:
        told = Told()
        transport = gathering(told)
        transport.write(b"head ")
        transport.write(b"body")
        await turn()
        transport.write(b"next")
        await turn()
        return told.written

    assert asyncio.run(writes()) == [b"head body", b"next"]


def test_what_waits_is_written_before_the_connection_closes() -> None:
    async def writes() -> tuple[list[bytes], bool]:
        told = Told()
        transport = gathering(told)
        transport.write(b"last")
        transport.close()
        await turn()
        return told.written, told.closed

    assert asyncio.run(writes()) == ([b"last"], True)


def test_a_closed_connection_is_not_written_to() -> None:
    async def writes() -> list[bytes]:
        told = Told()
        transport = gathering(told)
        transport.write(b"nobody")
        told.closed = True
        await turn()
        return told.written

    assert asyncio.run(writes()) == []


def test_much_is_written_at_once() -> None:
    async def writes() -> list[int]:
        told = Told()
        transport = gathering(told)
        for _ in range(3):
            transport.write(b"x" * MOST_BYTES)
        found = [len(data) for data in told.written]
        await turn()
        return [*found, sum(map(len, told.written))]

    assert asyncio.run(writes()) == [2 * MOST_BYTES, 3 * MOST_BYTES]


def test_everything_else_goes_straight_through() -> None:
    async def asks() -> Any:
        return gathering(Told()).get_extra_info("peername")

    assert asyncio.run(asks()) == "peername"
