"""The key directory: every secret of a ledger, outside its database.

    kek           wraps the subjects' data keys
    lookup.key    finds references, repeats and actors by keyed hash
    home.key      chooses a subject's log; never rotates, else the same person would get a second home
    logN.key      signs log N's checkpoints
    logN.old.key  its predecessor, while a rotation is under way: both sign
    signed/logN   the newest head that log N's key signed: no secret, but the only memory outside the database

Each key file holds 32 random bytes in hexadecimal. The directory is 0700 and the files 0600; wider modes are refused.
"""

from __future__ import annotations

import os
import secrets
import stat
from typing import TYPE_CHECKING, Self

from ledger.errors import WrongLedger
from ledger.signed_head import SignedHead
from ledger.signer import HeldKey, Signer

if TYPE_CHECKING:
    from pathlib import Path

SECRET_BYTES = 32
DIRECTORY_MODE = 0o700
FILE_MODE = 0o600


class Keys:
    """The secrets of one ledger, read once at start. Immutable; threads may share it."""

    def __init__(self, *, kek: bytes, lookup: bytes, home: bytes, signers: tuple[Signer, ...]) -> None:
        self.kek = kek
        self.lookup = lookup
        self.home = home
        self.signers = signers
        """One for each log, by log id."""

    @classmethod
    def create(cls, directory: Path, name: str, logs: int, signed: Path | None = None) -> Self:
        """Make the key directory of a new ledger and open it.

        Keys that exist already are kept: a crash in the middle is mended by calling again.

        Raises:
            WrongLedger: The directory can not be written, or its modes are too wide.
        """
        directory.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        for file in ("kek", "lookup.key", "home.key", *(f"log{log_id}.key" for log_id in range(logs))):
            try:
                descriptor = os.open(directory / file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
            except FileExistsError:
                continue
            with os.fdopen(descriptor, "w", encoding="ascii") as stream:
                stream.write(secrets.token_hex(SECRET_BYTES) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
        # A name that is not on disk after a power cut would lose every envelope.
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return cls.open(directory, name, logs, signed)

    @classmethod
    def open(cls, directory: Path, name: str, logs: int, signed: Path | None = None) -> Self:
        """Read the key directory of the ledger `name`.

        Args:
            directory: The keys; only read.
            name: The ledger's.
            logs: How many it has.
            signed: Folder of the newest signed heads, which is written; `signed` in the key directory if None.

        Raises:
            WrongLedger: A key is missing, malformed, or readable by somebody else.
        """
        _refuse_wider(directory, DIRECTORY_MODE)
        return cls(
            kek=_read(directory / "kek"),
            lookup=_read(directory / "lookup.key"),
            home=_read(directory / "home.key"),
            signers=tuple(
                _signer(directory, f"{name}/log{log_id}", log_id, signed or directory / "signed")
                for log_id in range(logs)
            ),
        )


def _signer(directory: Path, origin: str, log_id: int, signed: Path) -> Signer:
    files = [directory / f"log{log_id}.key", directory / f"log{log_id}.old.key"]
    keys = [HeldKey(_read(file)) for file in files[: 1 + files[1].exists()]]
    return Signer(origin, keys, SignedHead(signed / f"log{log_id}"))


def _read(path: Path) -> bytes:
    _refuse_wider(path, FILE_MODE)
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        secret = b""
    if len(secret) != SECRET_BYTES:
        raise WrongLedger(f"{path.name}: expected {SECRET_BYTES} bytes in hexadecimal")
    return secret


def _refuse_wider(path: Path, mode: int) -> None:
    try:
        found = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        raise WrongLedger(f"expected {path.name} in the key directory, found nothing") from None
    if found & ~mode:
        raise WrongLedger(f"{path.name}: expected mode {mode:04o} or narrower, found {found:04o}")
