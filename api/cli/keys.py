"""`whosaw keys`: issue, list and revoke API keys, and show the logs' public keys. Works on the database itself."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import psycopg

from api import access
from api.cli.failure import Exit, Failure
from api.cli.processes import told
from api.cli.storage import database, failing_clearly
from api.cli.tables import write_table
from api.key_directory import opened
from ledger import Keys, Ledger, rotation

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from psycopg import Connection

    from api.settings import Settings
    from ledger.signer import Signer


@contextmanager
def register() -> Generator[Connection[tuple[object, ...]]]:
    """Lend a connection to the register of keys."""
    with database(told()) as dsn, failing_clearly(), psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def issue(
    role: str | None, label: str, scopes: Sequence[str], sources: Sequence[str], days: int, person: str | None
) -> None:
    """Issue a key and print it, once: only its hash is stored.

    Raises:
        Failure: There is no such role or scope, or neither is named, or an emitter has no source.
    """
    if role is not None and role not in access.ROLES:
        raise Failure(Exit.ARGUMENT, "no role has that name", expected=f"one of {', '.join(access.ROLES)}")
    if role is None and not scopes:
        raise Failure(
            Exit.ARGUMENT, "a key does nothing without a role or scopes", remedy="name a role, or add --scope"
        )
    with register() as connection:
        try:
            text, key = access.issue(
                connection,
                label=label,
                scopes=sorted({*(access.ROLES[role] if role else ()), *scopes}),
                sources=sources,
                position=access.POSITIONS[role or "officer"],
                life=timedelta(days=days),
                person=person,
            )
        except ValueError as error:
            remedy = "see 'whosaw keys issue --help'" if sources else "add --source, such as /services/billing, to emit"
            raise Failure(Exit.ARGUMENT, str(error), remedy=remedy) from error
    sys.stderr.write(f"{key.key_id}: {', '.join(key.scopes)}, until {key.expires_at:%Y-%m-%d}; shown only now\n")
    print(text)  # noqa: T201 - a command's output


def show() -> None:
    """Print every key ever issued, without its secret."""
    with register() as connection:
        rows = [
            {
                "key": key.key_id,
                "label": key.label,
                "person": key.person or "",
                "state": "works" if key.alive else "revoked" if key.revoked_at else "expired",
                "until": f"{key.expires_at:%Y-%m-%d}",
                "scopes": " ".join(key.scopes),
                "sources": " ".join(key.sources),
            }
            for key in access.listed(connection)
        ]
    write_table(rows, ("key", "label", "person", "state", "until", "scopes", "sources"))


def revoke(key_id: str) -> None:
    """Stop a key for good.

    Raises:
        Failure: No working key has that id.
    """
    with register() as connection:
        if not access.revoke(connection, key_id):
            raise Failure(Exit.NO, "no working key has that id", remedy="see 'whosaw keys list'")
    sys.stderr.write(f"{key_id} is revoked; a running server may still take it for 5 s\n")


def show_logs() -> None:
    """Print each log's public key: what a stranger checks its checkpoints with."""
    settings = told()
    with failing_clearly():
        keys = opened(settings)
    for signer in keys.signers:
        print(signer.verifier_key)  # noqa: T201 - a command's output


def rotate(log_id: int, *, retire: bool, revoke: bool) -> None:
    """Give a log a new signing key beside the old one, let the old one go, or both; each is recorded in the log.

    Raises:
        Failure: There is no such log, or no rotation, or one already, under way.
    """
    settings = told()
    if settings.signing_socket is not None:
        raise Failure(Exit.ARGUMENT, "the log's key is in another process", remedy="unset WHOSAW_SIGNING_SOCKET there")
    if log_id >= settings.logs:
        raise Failure(Exit.ARGUMENT, f"there is no log {log_id}", expected=f"0 to {settings.logs - 1}")
    with database(settings) as dsn, failing_clearly():
        if not retire or revoke:
            rotation.begin(settings.keys, log_id)
            # The entry is appended while both keys sign, so the checkpoint that covers it has both signatures.
            _say_changed(settings, dsn, log_id, "revoked" if revoke else "rotated")
        if retire or revoke:
            signer = _opened(settings).signers[log_id]
            rotation.end(settings.keys, log_id, cast("Signer", signer))
            if not revoke:
                _say_changed(settings, dsn, log_id, "retired")
    print(_opened(settings).signers[log_id].verifier_key)  # noqa: T201 - a command's output
    sys.stderr.write("restart every process that serves this ledger, and give the new key to whoever verifies\n")


def _opened(settings: Settings) -> Keys:
    return opened(settings, signing=True)


def _say_changed(settings: Settings, dsn: str, log_id: int, change: rotation.Change) -> None:
    keys = _opened(settings)
    signer = keys.signers[log_id]
    old = signer.verifier_keys[1:] or tuple(rotation.retired_keys(settings.keys, log_id)[:1])
    with Ledger(dsn, keys, durable=settings.durable) as ledger:
        fact = rotation.changed(ledger.hashes, signer.origin, change, signer.verifier_key, old[0])
        ledger.submit_to(log_id, [fact]).result()
