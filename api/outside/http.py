"""One POST to somebody outside, bounded in time and size."""

from __future__ import annotations

import http.client
import socket
import urllib.error
import urllib.request
from contextlib import suppress
from threading import Timer
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT_SECONDS = 10.0
"""Of connecting, and of each part of an answer."""
ANSWER_SECONDS = 30.0
"""Of all of it: a byte every nine seconds would otherwise be waited for during months."""
MOST_BYTES = 1024 * 1024


class Unreachable(Exception):
    """Somebody outside did not answer as they should. Retry later; nothing here depends on it."""


class Answer(NamedTuple):
    """What came back, whatever its status."""

    status: int
    kind: str
    """Content type without parameters."""
    body: bytes


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """An address that the operator gave is the one that is meant."""

    def http_error_302(self, *_: Any, **__: Any) -> None:
        """Follow nothing."""

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class _Deadline:
    """Hangs up on somebody who has not answered in full by then."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._sockets: list[socket.socket] = []
        self._timer = Timer(seconds, self._hang_up)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        for each in self._sockets:
            each.close()

    def connect(self, *arguments: Any, **more: Any) -> socket.socket:
        """Open a connection, and keep a second handle on it: the first is taken over by TLS."""
        made = socket.create_connection(*arguments, **more)
        self._sockets.append(made.dup())
        if self.passed:
            self._hang_up()
        return made

    def _hang_up(self) -> None:
        self.passed = True
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class _Plain(urllib.request.HTTPHandler):
    """Connects as the deadline does."""

    def __init__(self, deadline: _Deadline) -> None:
        super().__init__()
        self._connect = deadline.connect

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Open a plain connection."""
        return self.do_open(_connecting(http.client.HTTPConnection, self._connect), req)


class _Secure(urllib.request.HTTPSHandler):
    """Connects as the deadline does, and checks certificates."""

    def __init__(self, deadline: _Deadline) -> None:
        super().__init__()
        self._connect = deadline.connect

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Open a connection with TLS."""
        return self.do_open(_connecting(http.client.HTTPSConnection, self._connect), req)


def _connecting(kind: type[http.client.HTTPConnection], connect: Callable[..., socket.socket]) -> Any:
    """Return what makes connections of a kind that are opened with `connect`."""

    def made(host: str, **more: Any) -> http.client.HTTPConnection:
        connection = kind(host, **more)
        setattr(connection, "_create_connection", connect)  # noqa: B010 - http.client has no public way
        return connection

    return made


def post(url: str, body: bytes, kind: str) -> Answer:
    """Send a body and return the answer.

    Raises:
        Unreachable: There was none in time, it was no HTTP, or it was too large.
    """
    request = urllib.request.Request(url, body, {"Content-Type": kind}, method="POST")  # noqa: S310 - http(s) only, see settings
    with _Deadline(ANSWER_SECONDS) as deadline:
        opener = urllib.request.build_opener(_NoRedirect, _Plain(deadline), _Secure(deadline))
        try:
            try:
                with opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                    status, headers, content = response.status, response.headers, response.read(MOST_BYTES + 1)
            except urllib.error.HTTPError as error:
                with error:
                    status, headers, content = error.code, error.headers, error.read(MOST_BYTES + 1)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Unreachable(f"no answer ({type(error).__name__})") from error
    if deadline.passed:
        raise Unreachable("no whole answer in time")
    if len(content) > MOST_BYTES:
        raise Unreachable("the answer is too large")
    return Answer(status, headers.get_content_type(), content)
