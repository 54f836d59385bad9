"""`whosaw tiles export`: the logs as files that any web server can serve and any verifier can read.

    DIR/<log id>/checkpoint
    DIR/<log id>/tile/<level>/<index>[.p/<width>]
    DIR/<log id>/tile/entries/<index>[.p/<width>]

Every file but the checkpoint is written once and never again. The checkpoint is replaced last, when all that it covers
is on disk: a crash leaves the older one, which is whole, and files that the next export finds there already. So the
same command, now and then, keeps a copy current.

Source: C2SP tlog-tiles.
"""

from __future__ import annotations

import fcntl
import os
import sys
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg

from api.cli.failure import Exit, Failure
from api.cli.processes import told
from api.cli.progress import Progress
from api.cli.storage import database, failing_clearly
from ledger import Damaged, belonging, tiles
from ledger.checkpoint import head_of
from ledger.proofs import Proofs

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from psycopg import Connection


class Head(NamedTuple):
    """A signed head."""

    origin: str
    size: int
    root: bytes
    note: bytes


def export(directory: Path, *, hashes_only: bool) -> None:
    """Bring a folder to the newest checkpoint of each log; the work of earlier exports is kept.

    Args:
        directory: Is made if it is not there.
        hashes_only: Leave the entries out: what is left holds nothing about anybody.

    Raises:
        Failure: The folder holds another history than the database, or can not be written.
    """
    with (
        database(told()) as dsn,
        failing_clearly(),
        psycopg.connect(dsn, autocommit=True) as connection,
    ):
        logs: list[tuple[int, str, int]] = connection.execute(belonging.LOGS).fetchall()
        for log_id, origin, _ in logs:
            row = connection.execute(belonging.NEWEST, (log_id,)).fetchone()
            if row is None:
                sys.stderr.write(f"{origin}: nothing is recorded yet\n")
                continue
            head = _head(bytes(row[0]))
            folder = directory / str(log_id)
            folder.mkdir(parents=True, exist_ok=True)
            with _alone(folder):
                _check(connection, log_id, head, folder / "checkpoint")
                written = _export(connection, log_id, head, folder, hashes_only=hashes_only)
            sys.stderr.write(f"{origin}: {head.size} entries, {written} new files\n")


def _head(note: bytes) -> Head:
    return Head(note.split(b"\n", 1)[0].decode(), *head_of(note), note)


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Keep other exports out of a folder; a process that dies lets go of it.

    Raises:
        Failure: Another one is at work.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Failure(Exit.MACHINE, f"{folder} is being written by another export") from error
    finally:
        os.close(descriptor)


def _check(connection: Connection[Any], log_id: int, head: Head, file: Path) -> None:
    """Return if the database leads to the head that it signed, and extends the one that is in the folder.

    Raises:
        Damaged: It does not lead to its own head.
        Failure: It is shorter than the folder, or another history.
    """
    proofs = Proofs(lambda: nullcontext(connection))
    if proofs.root(log_id, head.size) != head.root:
        raise Damaged(f"log {log_id}: what is stored does not lead to the root that was signed at size {head.size}")
    try:
        known = _head(file.read_bytes())
    except FileNotFoundError:
        return
    except ValueError as error:
        raise Failure(Exit.MACHINE, f"{file} is no checkpoint", remedy="export to another folder") from error
    if known.origin != head.origin:
        raise Failure(Exit.NO, f"{file} is of {known.origin}", expected=head.origin, remedy="choose another folder")
    if known.size > head.size:
        raise Failure(
            Exit.NO,
            f"rollback: {file} covers {known.size} entries, and the database has {head.size}",
            remedy="keep the folder: it is the evidence; an older copy of the database was put back",
        )
    if proofs.root(log_id, known.size) != known.root:
        raise Failure(
            Exit.NO,
            f"fork: {file} and the database have different histories of the first {known.size} entries",
            remedy="keep the folder: it is the evidence; run the audit",
        )


def _export(connection: Connection[Any], log_id: int, head: Head, folder: Path, *, hashes_only: bool) -> int:
    """Write what is missing, then the checkpoint; return how many files that were."""
    written, done = 0, 0
    touched: set[Path] = {folder}
    with Progress("entries", head.size) as progress:
        for address in tiles.addresses(head.size):
            if address.level == 0:
                done += address.width
                progress.show(done)
            if address.level is None and hashes_only:
                continue
            file = folder / tiles.write(address)
            if file.exists():
                continue
            read = tiles.entry_bundle if address.level is None else tiles.hash_tile
            content = read(connection, log_id, address, head.size)
            assert content is not None, "the head covers it"
            file.parent.mkdir(parents=True, exist_ok=True)
            _write(file, content)
            touched.update(parent for parent in file.parents if parent.is_relative_to(folder))
            written += 1
    # Names are on disk before the checkpoint promises them.
    for each in touched:
        _settle(each)
    if not (folder / "checkpoint").exists() or (folder / "checkpoint").read_bytes() != head.note:
        _write(folder / "checkpoint", head.note)
        written += 1
    _settle(folder)
    return written


def _write(file: Path, content: bytes) -> None:
    """Write a file whole or not at all: under its name it is complete, and on disk."""
    half = file.with_name(f".{file.name}.half")
    with half.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    half.replace(file)


def _settle(folder: Path) -> None:
    """Bring a folder's names to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
