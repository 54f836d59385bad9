"""The key directory: every secret of a ledger, outside its database.

    kek           wraps the subjects' data keys
    lookup.key    finds references, repeats and actors by keyed hash
    home.key      chooses a subject's log; never rotates, else the same person would get a second home
    logN.key      signs log N's checkpoints
    logN.old.key  its predecessor, while a rotation is under way: both sign
    logN.retired  verifier keys that no longer sign, one a line, the newest first: old checkpoints are checked with them
    signed/logN   the newest head that log N's key signed: no secret, but the only memory outside the database

Each key file holds 32 random bytes in hexadecimal. The directory is 0700 and the files 0600; wider modes are refused.
"""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from ledger.errors import WrongLedger
from ledger.signed_head import SignedHead
from ledger.signer import HeldKey, LogSigner, Signer
from ledger.signing_process import Line

if TYPE_CHECKING:
    from pathlib import Path

SECRET_BYTES = 32
DIRECTORY_MODE = 0o700
FILE_MODE = 0o600


class Keys:
    """The secrets of one ledger, read once at start. Immutable; threads may share it."""

    def __init__(self, *, kek: bytes, lookup: bytes, home: bytes, signers: tuple[LogSigner, ...]) -> None:
        self.kek = kek
        self.lookup = lookup
        self.home = home
        self.signers = signers
        """One for each log, by log id."""

    @classmethod
    def create(
        cls, directory: Path, name: str, logs: int, signed: Path | None = None, signing: Path | None = None
    ) -> Self:
        """Make the key directory of a new ledger and open it.

        Keys that exist already are kept: a crash in the middle is mended by calling again.

        Raises:
            WrongLedger: The directory can not be written, or its modes are too wide.
        """
        directory.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        signers = () if signing else tuple(f"log{log_id}.key" for log_id in range(logs))
        for file in ("kek", "lookup.key", "home.key", *signers):
            with suppress(FileExistsError):
                write_secret(directory / file, secrets.token_bytes(SECRET_BYTES))
        sync(directory)
        return cls.open(directory, name, logs, signed, signing)

    @classmethod
    def open(
        cls, directory: Path, name: str, logs: int, signed: Path | None = None, signing: Path | None = None
    ) -> Self:
        """Read the key directory of the ledger `name`.

        Args:
            directory: The keys; only read.
            name: The ledger's.
            logs: How many it has.
            signed: Folder of the newest signed heads, which is written; `signed` in the key directory if None.
            signing: Socket of a process that signs; then the logs' keys are not read here.

        Raises:
            WrongLedger: A key is missing, malformed, or readable by somebody else.
            Unavailable: The signing process does not answer. Retry.
        """
        _refuse_wider(directory, DIRECTORY_MODE)
        return cls(
            kek=_read(directory / "kek"),
            lookup=_read(directory / "lookup.key"),
            home=_read(directory / "home.key"),
            signers=_signers_at(signing, name, logs)
            if signing
            else tuple(
                _signer(directory, f"{name}/log{log_id}", log_id, signed or directory / "signed")
                for log_id in range(logs)
            ),
        )


def _signers_at(socket: Path, name: str, logs: int) -> tuple[LogSigner, ...]:
    found = Line(socket).signers()
    wanted = [f"{name}/log{log_id}" for log_id in range(logs)]
    if missing := [origin for origin in wanted if origin not in found]:
        raise WrongLedger(f"expected a process that signs {missing[0]}, found one that signs {', '.join(found)}")
    return tuple(found[origin] for origin in wanted)


def log_key(directory: Path, log_id: int) -> Path:
    """Return the file of the key that signs a log."""
    return directory / f"log{log_id}.key"


def old_log_key(directory: Path, log_id: int) -> Path:
    """Return the file of its predecessor, which is there only while a rotation is under way."""
    return directory / f"log{log_id}.old.key"


def _signer(directory: Path, origin: str, log_id: int, signed: Path) -> Signer:
    keys = [HeldKey(_read(log_key(directory, log_id)))]
    old = old_log_key(directory, log_id)
    if old.exists():
        predecessor = HeldKey(_read(old))
        # A rotation that stopped half-way left the same key under both names.
        keys += [predecessor] if predecessor.public_key != keys[0].public_key else []
    return Signer(origin, keys, SignedHead(signed / f"log{log_id}"))


def write_secret(path: Path, secret: bytes) -> None:
    """Write a new key file, durable on return.

    Raises:
        FileExistsError: The file is there; it is never written over.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(secret.hex() + "\n")
        stream.flush()
        os.fsync(stream.fileno())


def sync(directory: Path) -> None:
    """Make the names in a directory durable: a key whose name a power cut takes would lose every envelope."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
