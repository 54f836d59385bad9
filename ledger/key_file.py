"""Secrets in files: 32 random bytes in hexadecimal, mode 0600, in a directory of mode 0700. Wider modes are refused."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from ledger.errors import WrongLedger

if TYPE_CHECKING:
    from pathlib import Path

SECRET_BYTES = 32
DIRECTORY_MODE = 0o700
FILE_MODE = 0o600


def write_secret(path: Path, secret: bytes) -> None:
    """Write a new key file, durable on return.

    Raises:
        FileExistsError: The file is there; it is never written over.
    """
    write_text(path, secret.hex())


def write_text(path: Path, line: str) -> None:
    """Write a new file of one line of ASCII, durable on return, but for its name: see `sync`.

    Raises:
        FileExistsError: The file is there; it is never written over.
    """
    # Whole or not at all: it gets its name when it is on disk.
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(line + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        os.link(draft, path)
    finally:
        draft.unlink()


def read_secret(path: Path) -> bytes:
    """Return a key file's 32 bytes.

    Raises:
        WrongLedger: It is missing, malformed, or can be read by others.
    """
    try:
        secret = bytes.fromhex(read_text(path))
    except ValueError:
        secret = b""
    if len(secret) != SECRET_BYTES:
        raise WrongLedger(f"{path.name}: expected {SECRET_BYTES} bytes in hexadecimal")
    return secret


def read_text(path: Path) -> str:
    """Return the line of a file that nobody else may read.

    Raises:
        WrongLedger: It is missing, no ASCII, or can be read by others.
    """
    refuse_wider(path, FILE_MODE)
    try:
        return path.read_text(encoding="ascii").strip()
    except ValueError:
        raise WrongLedger(f"{path.name}: expected a line of ASCII") from None


def destroy_secret(path: Path) -> None:
    """Destroy a key file, durable on return.

    The file may be copied on write below us; overwriting is what can be done here, destroying the medium is not.
    """
    with path.open("r+b") as stream:
        stream.write(os.urandom(path.stat().st_size))
        stream.flush()
        os.fsync(stream.fileno())
    path.unlink()
    sync(path.parent)


def sync(directory: Path) -> None:
    """Make the names in a directory durable: a key whose name a power cut takes would lose every envelope."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refuse_wider(path: Path, mode: int) -> None:
    """Refuse a file or directory that others may read.

    Raises:
        WrongLedger: They may, or it is not there.
    """
    try:
        found = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        raise WrongLedger(f"expected {path.name} in the key directory, found nothing") from None
    if found & ~mode:
        raise WrongLedger(f"{path.name}: expected mode {mode:04o} or narrower, found {found:04o}")
