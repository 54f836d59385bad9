"""Rotating a log's signing key: for a while both keys sign, then the old one is let go.

    rotate   a new key signs beside the old one; an entry says so, under a checkpoint that both have signed
    retire   the old key no longer signs, and is destroyed; its public half is kept, for old checkpoints
    revoke   both at once, for a key that somebody else may have

Old checkpoints stay valid under the key that signed them. After a theft, believe only those that a witness or a time
stamp shows to be older than the theft. A process reads its keys at start: restart all of them between the steps.
"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Literal

from ledger.errors import WrongLedger
from ledger.key_file import SECRET_BYTES, destroy_secret, sync, write_secret
from ledger.keys import log_key, old_log_key
from ledger.own_fact import own_fact

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.fact import Fact, KeyedHashes
    from ledger.signer import LogSigner

Change = Literal["rotated", "retired", "revoked"]
TYPE = "ledger.key_changed"


def begin(directory: Path, log_id: int) -> None:
    """Give a log a new key and keep the old one beside it; safe to repeat after a crash.

    Raises:
        WrongLedger: A rotation is under way already: retire its old key first.
    """
    current, old, new = log_key(directory, log_id), old_log_key(directory, log_id), directory / f"log{log_id}.new.key"
    if old.exists() and not old.samefile(current):
        raise WrongLedger(f"{old.name}: a rotation is under way; retire the old key first")
    if not new.exists():
        write_secret(new, secrets.token_bytes(SECRET_BYTES))
    # Crash before the link: an unused file. After it: the same key under two names, which signs once.
    if not old.exists():
        os.link(current, old)
    sync(directory)
    # At no moment is there no current key.
    new.replace(current)
    sync(directory)


def end(directory: Path, log_id: int, signer: LogSigner) -> str:
    """Let the old key go: keep its public half, destroy its secret; return its verifier key.

    Args:
        directory: The keys.
        log_id: The log.
        signer: Opened from this directory, during the rotation.

    Raises:
        WrongLedger: No rotation is under way.
    """
    old = old_log_key(directory, log_id)
    if not old.exists() or len(signer.verifier_keys) < 2:  # noqa: PLR2004 - the new one and the old one
        raise WrongLedger(f"log{log_id}: expected a rotation under way, found one key")
    verifier = signer.verifier_keys[1]
    retired = [verifier, *(key for key in retired_keys(directory, log_id) if key != verifier)]
    # Its public half first: a crash in between leaves a rotation that is ended again.
    written = directory / f"log{log_id}.retired.new"
    with written.open("w", encoding="ascii") as stream:
        stream.write("".join(f"{key}\n" for key in retired))
        stream.flush()
        os.fsync(stream.fileno())
    written.chmod(0o600)
    written.replace(directory / f"log{log_id}.retired")
    sync(directory)
    destroy_secret(old)
    return verifier


def retired_keys(directory: Path, log_id: int) -> list[str]:
    """Return the verifier keys that a log's old checkpoints are checked with, the newest first."""
    path = directory / f"log{log_id}.retired"
    return path.read_text(encoding="ascii").split() if path.exists() else []


def changed(hashes: KeyedHashes, origin: str, change: Change, key: str, previous: str) -> Fact:
    """Return the fact that a log's key changed; to be appended to that very log.

    Args:
        hashes: The ledger's.
        origin: The log's.
        change: What happened.
        key: The verifier key that signs from now on.
        previous: The one before it.
    """
    return own_fact(hashes, TYPE, origin, {"log": origin, "key_change": change, "key": key, "previous": previous})
