"""One answer, one write. The server writes an answer's head and its body apart, and each write is a call to the system.

For a request with one event these two calls took two fifths of the server's time.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BYTES = 64 * 1024
"""More is written at once: an answer without end must meet the transport's own bounds."""


class Protocol(HttpToolsProtocol):
    """The server's own protocol, over a transport that gathers."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(cast("asyncio.Transport", Gathering(transport)))


class Gathering:
    """A transport whose writes of one turn of the event loop leave it as one. Everything else goes straight through."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._soon: Callable[..., Any] = asyncio.get_running_loop().call_soon
        self._pending: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        """Write soon, in order."""
        if not self._pending:
            self._soon(self._flush)
        self._pending.append(data)
        self._size += len(data)
        if self._size > MOST_BYTES:
            self._flush()

    def close(self) -> None:
        """Write what waits, then close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._pending:
            data = b"".join(self._pending)
            self._pending.clear()
            self._size = 0
            # A transport that was closed meanwhile has nobody to write to.
            if not self._transport.is_closing():
                self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
