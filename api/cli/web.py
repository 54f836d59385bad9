"""The HTTP server: in this process's main thread for `serve`, beside everything else for the demo."""

from __future__ import annotations

import time
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

import uvicorn

from api.app import create_app
from api.cli.failure import Exit, Failure
from api.wire import Protocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Generator

    from api.settings import Settings

START_SECONDS = 60.0
LOOK_SECONDS = 0.02
GRACE_SECONDS = 10
KEEP_ALIVE_SECONDS = 60


def configured(settings: Settings, dsn: str) -> uvicorn.Server:
    """Return a server of the whole application. Its access log stays off: an address may name a subject."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(settings, dsn=dsn),
            http=Protocol,
            log_level=settings.log_level.lower(),
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
    )


@contextmanager
def serving(settings: Settings, dsn: str, listener: socket.socket) -> Generator[str]:
    """Serve from a thread and lend the address; on leaving, requests in hand are answered and all of it is stopped.

    Raises:
        Failure: The application did not start.
    """
    server = configured(settings, dsn)
    failed: list[BaseException] = []

    def serve() -> None:
        try:
            server.run(sockets=[listener])
        except BaseException as error:  # noqa: BLE001 - whatever it is, the main thread says it
            failed.append(error)

    thread = Thread(target=serve, name="http")
    thread.start()
    try:
        deadline = time.monotonic() + START_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise Failure(Exit.MACHINE, f"the API did not start ({_reason(failed)})")
            time.sleep(LOOK_SECONDS)
        host, port = listener.getsockname()[:2]
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join()


def _reason(failed: list[BaseException]) -> str:
    return type(failed[0]).__name__ if failed else "see the lines above"
