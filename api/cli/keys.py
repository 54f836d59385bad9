"""`whosaw keys`: issue, list and revoke API keys, and show the logs' public keys. Works on the database itself."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg

from api import access
from api.cli.failure import Exit, Failure
from api.cli.processes import told
from api.cli.storage import database, failing_clearly
from api.cli.tables import write_table
from ledger import Keys

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from psycopg import Connection


@contextmanager
def register() -> Generator[Connection[tuple[object, ...]]]:
    """Lend a connection to the register of keys."""
    with database(told()) as dsn, failing_clearly(), psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def issue(role: str, label: str, sources: Sequence[str], days: int) -> None:
    """Issue a key and print it, once: only its hash is stored.

    Raises:
        Failure: There is no such role, or an emitter has no source.
    """
    if role not in access.ROLES:
        raise Failure(Exit.ARGUMENT, "no role has that name", expected=f"one of {', '.join(access.ROLES)}")
    with register() as connection:
        try:
            text, key = access.issue(
                connection,
                label=label,
                scopes=access.ROLES[role],
                sources=sources,
                position=access.POSITIONS[role],
                life=timedelta(days=days),
            )
        except ValueError as error:
            raise Failure(Exit.ARGUMENT, str(error), remedy="add --source, such as /services/billing") from error
    sys.stderr.write(f"{key.key_id}: {', '.join(key.scopes)}, until {key.expires_at:%Y-%m-%d}; shown only now\n")
    print(text)  # noqa: T201 - a command's output


def show() -> None:
    """Print every key ever issued, without its secret."""
    with register() as connection:
        rows = [
            {
                "key": key.key_id,
                "label": key.label,
                "state": "works" if key.alive else "revoked" if key.revoked_at else "expired",
                "until": f"{key.expires_at:%Y-%m-%d}",
                "scopes": " ".join(key.scopes),
                "sources": " ".join(key.sources),
            }
            for key in access.listed(connection)
        ]
    write_table(rows, ("key", "label", "state", "until", "scopes", "sources"))


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
        keys = Keys.open(settings.keys, settings.name, settings.logs, settings.signed, settings.signing_socket)
    for signer in keys.signers:
        print(signer.verifier_key)  # noqa: T201 - a command's output
