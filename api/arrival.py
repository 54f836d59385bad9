"""From the writer's threads back to the event loop: one ring for all the requests that a group answered."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")


class Arrivals:
    """Wakes what waits in one event loop for futures of other threads.

    The library's own way makes three futures and rings the loop for each request; here a request makes one, and
    requests that are answered together ring once. Whoever stops waiting stops alone: a future is never cancelled, so
    that facts which are with the writer are recorded whether or not the caller still listens.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._arrived: deque[asyncio.Future[None]] = deque()
        self._rung = False

    async def result(self, awaited: Future[T]) -> T:
        """Return what a future brings, or raise what it raises."""
        if not awaited.done():
            waiter = self._loop.create_future()
            awaited.add_done_callback(lambda _: self._ring(waiter))
            await waiter
        return awaited.result()

    def _ring(self, waiter: asyncio.Future[Any]) -> None:
        """Say, on any thread, that a future is done."""
        self._arrived.append(waiter)
        if not self._rung and not self._loop.is_closed():
            self._rung = True
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        # Before looking: what arrives from here on rings again, at worst for nothing.
        self._rung = False
        while self._arrived:
            waiter = self._arrived.popleft()
            if not waiter.done():
                waiter.set_result(None)
