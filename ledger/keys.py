"""The key directory: every secret of a ledger, outside its database.

    kek, kek.N    wraps the subjects' data keys: see ledger/key_ring.py
    lookup.key    finds references, repeats and actors by keyed hash
    home.key      chooses a subject's log; never rotates, else the same person would get a second home
    logN.key      signs log N's checkpoints
    logN.old.key  its predecessor, while a rotation is under way: both sign
    logN.retired  verifier keys that no longer sign, one a line, the newest first: old checkpoints are checked with them
    signed/logN   the newest head that log N's key signed: no secret, but the only memory outside the database

Each key file holds 32 random bytes in hexadecimal. The directory is 0700 and the files 0600; wider modes are refused.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from ledger.errors import WrongLedger
from ledger.key_file import DIRECTORY_MODE, SECRET_BYTES, read_secret, refuse_wider, sync, write_secret
from ledger.key_ring import KeyRing, begin
from ledger.signed_head import SignedHead
from ledger.signer import HeldKey, LogSigner, Signer
from ledger.signing_process import Line

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.key_ring import KeyService


class Keys:
    """The secrets of one ledger, read once at start. Immutable; threads may share it."""

    def __init__(self, *, ring: KeyRing, lookup: bytes, home: bytes, signers: tuple[LogSigner, ...]) -> None:
        self.ring = ring
        """The versions of the key-encryption key."""
        self.lookup = lookup
        self.home = home
        self.signers = signers
        """One for each log, by log id."""

    @classmethod
    def create(
        cls,
        directory: Path,
        name: str,
        logs: int,
        signed: Path | None = None,
        signing: Path | None = None,
        service: KeyService | None = None,
    ) -> Self:
        """Make the key directory of a new ledger and open it.

        Keys that exist already are kept: a crash in the middle is mended by calling again.

        Raises:
            WrongLedger: The directory can not be written, or its modes are too wide.
        """
        directory.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        signers = () if signing else tuple(f"log{log_id}.key" for log_id in range(logs))
        begin(directory, name, service)
        for file in ("lookup.key", "home.key", *signers):
            with suppress(FileExistsError):
                write_secret(directory / file, secrets.token_bytes(SECRET_BYTES))
        sync(directory)
        return cls.open(directory, name, logs, signed, signing, service)

    @classmethod
    def open(
        cls,
        directory: Path,
        name: str,
        logs: int,
        signed: Path | None = None,
        signing: Path | None = None,
        service: KeyService | None = None,
    ) -> Self:
        """Read the key directory of the ledger `name`.

        Args:
            directory: The keys; only read.
            name: The ledger's.
            logs: How many it has.
            signed: Folder of the newest signed heads, which is written; `signed` in the key directory if None.
            signing: Socket of a process that signs; then the logs' keys are not read here.
            service: The key management service that seals the key-encryption keys.

        Raises:
            WrongLedger: A key is missing, malformed, or readable by somebody else.
            Unavailable: The signing process or the service does not answer. Retry.
        """
        refuse_wider(directory, DIRECTORY_MODE)
        return cls(
            ring=KeyRing(directory, name, service),
            lookup=read_secret(directory / "lookup.key"),
            home=read_secret(directory / "home.key"),
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
    keys = [HeldKey(read_secret(log_key(directory, log_id)))]
    old = old_log_key(directory, log_id)
    if old.exists():
        predecessor = HeldKey(read_secret(old))
        # A rotation that stopped half-way left the same key under both names.
        keys += [predecessor] if predecessor.public_key != keys[0].public_key else []
    return Signer(origin, keys, SignedHead(signed / f"log{log_id}"))
