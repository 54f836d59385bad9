"""An append-only folder of checkpoints, for a disk, a share or a mailing list that the database's owner can not change.

DIR/LOG-ID/000000000123.checkpoint      the signed note, as text
DIR/LOG-ID/000000000123.AUTHORITY.tsr   a time stamp over it
"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from ledger.checkpoint import head_of
from ledger.errors import Forked

if TYPE_CHECKING:
    from pathlib import Path


def place_of(folder: Path, log_id: int, size: int) -> Path:
    """Return the file of a checkpoint."""
    return folder / str(log_id) / f"{size:012d}.checkpoint"


def keep(path: Path, content: bytes) -> bool:
    """Write a file that is not there yet, durable on return; tell whether it was not.

    Raises:
        Forked: It is there, with a checkpoint of another root. Do not retry.
        OSError: It can not be written. Retry.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        _compare(path, content)
        return False
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with half.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A link is never made over a file, and a crash leaves no half of one under its name.
        try:
            os.link(half, path)
        except FileExistsError:
            _compare(path, content)
            return False
    finally:
        half.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return True


def _compare(path: Path, content: bytes) -> None:
    if path.suffix != ".checkpoint":
        return
    try:
        there = head_of(path.read_bytes())
    except ValueError:
        raise Forked(f"{path}: something else stands where a checkpoint of this size was published") from None
    if there != head_of(content):
        raise Forked(f"{path}: a checkpoint of this size was published before with another root")
