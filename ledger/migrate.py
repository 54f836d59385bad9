"""Bring a database to the newest schema: numbered SQL files, each applied once, forward only.

A file and the record of it commit together: after a crash it is applied, or it is not, never half.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString, NamedTuple, cast

import psycopg

from ledger.errors import WrongLedger

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SCHEMA = Path(__file__).parent / "schema"
OLDEST_SERVER = 150000

# One migrator at a time. Session-level, so that it outlives each file's own transaction.
LOCK = "SELECT pg_advisory_lock(7791223001)"
REGISTER = """
    CREATE TABLE IF NOT EXISTS public.whosaw_migration (
        name       text        PRIMARY KEY,
        digest     text        NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )
"""
APPLIED = "SELECT name, digest FROM public.whosaw_migration"
RECORD = "INSERT INTO public.whosaw_migration (name, digest) VALUES (%s, %s)"
CREATE_LOG = "INSERT INTO ledger.log (log_id, origin) VALUES (%s, %s) ON CONFLICT (log_id) DO NOTHING"
LOGS = "SELECT log_id, origin FROM ledger.log ORDER BY log_id"


class Migration(NamedTuple):
    """One SQL file."""

    name: str
    """Its folder's parent and its own name: `ledger/0001_ledger.sql`."""
    sql: str
    digest: str
    """SHA-256 of the file, hexadecimal: an applied file must never change."""


def migrations(directories: Sequence[Path]) -> Iterator[Migration]:
    """Yield the SQL files in the order in which they apply: folder by folder, by name."""
    for directory in directories:
        for path in sorted(directory.glob("[0-9]*.sql")):
            sql = path.read_text(encoding="utf-8")
            name = f"{directory.parent.name}/{path.name}"
            yield Migration(name, sql, hashlib.sha256(sql.encode()).hexdigest())


def migrate(dsn: str, directories: Sequence[Path] = (SCHEMA,)) -> list[str]:
    """Apply what is missing and return the names of what was applied now.

    The login must own the database's schemas and may create roles.

    Raises:
        WrongLedger: The server is older than PostgreSQL 15, or an applied file has changed since. Do not retry.
    """
    applied_now: list[str] = []
    with psycopg.connect(dsn, autocommit=True) as connection:
        if connection.info.server_version < OLDEST_SERVER:
            found = connection.info.server_version // 10000
            raise WrongLedger(f"expected PostgreSQL 15 or newer, found {found}")
        connection.execute(LOCK)
        connection.execute(REGISTER)
        applied: dict[str, str] = dict(connection.execute(APPLIED).fetchall())
        for migration in migrations(directories):
            if migration.name in applied:
                if applied[migration.name] != migration.digest:
                    raise WrongLedger(f"{migration.name} was applied before, with other content")
                continue
            with connection.transaction():
                # The files of this package are as literal as a string in it.
                connection.execute(cast("LiteralString", migration.sql))
                connection.execute(RECORD, (migration.name, migration.digest))
            applied_now.append(migration.name)
    return applied_now


def create_logs(dsn: str, name: str, count: int) -> None:
    """Give a new ledger its logs, `NAME/log0` onwards; on an existing one, check that they are these.

    Args:
        dsn: A login that owns the schema.
        name: The ledger's name: printable, no spaces, no `+`, no slash at its end. It can never change.
        count: How many, 1 to 1,024; fixed for ever.

    Raises:
        WrongLedger: The ledger has other logs already.
    """
    wanted = [(log_id, f"{name}/log{log_id}") for log_id in range(count)]
    with psycopg.connect(dsn) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(7791223001)")
        found = connection.execute(LOGS).fetchall()
        if found and found != wanted:
            raise WrongLedger(f"expected {count} logs of {name}, found {len(found)}, the first {found[0][1]}")
        if not found:
            connection.cursor().executemany(CREATE_LOG, wanted)
