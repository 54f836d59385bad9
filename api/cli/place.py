"""What a process needs of its machine: a port and a folder. Taken first, so that what fails says so before any work."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from api.cli.failure import Exit, Failure

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

BACKLOG = 2048


@contextmanager
def listen(host: str, port: int) -> Generator[socket.socket]:
    """Hold a listening socket; nobody is answered until a server takes it.

    Raises:
        Failure: The port is busy, or not ours to take.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        # So that a stopped demo starts again at once; a port that somebody listens on stays refused.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(BACKLOG)
        except OSError as error:
            raise Failure(Exit.MACHINE, *_why_not(error, host, port)) from error
        yield listener


def _why_not(error: OSError, host: str, port: int) -> tuple[str]:
    if error.errno == errno.EADDRINUSE:
        return (f"port {port} of {host} is busy; stop what listens there, or choose another with --port",)
    return (f"port {port} of {host} can not be used ({os.strerror(error.errno or 0)}); choose another with --port",)


@contextmanager
def folder(path: Path) -> Generator[None]:
    """Hold a data folder: made if need be, writable, and no other demo's.

    Raises:
        Failure: It can not be made or written, or another demo runs there.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path / "demo.lock", os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise Failure(
            Exit.MACHINE,
            f"{path} can not be written ({error.strerror})",
            expected="a folder of ours",
            remedy="choose another with --data-dir",
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise Failure(
            Exit.MACHINE, f"another demo runs in {path}", remedy="stop it, or choose another --data-dir"
        ) from error
    try:
        yield
    finally:
        # The file stays: who removed it could not tell whether somebody else had just taken it.
        os.close(descriptor)
