"""The database of a command: the one that WHOSAW_DATABASE_URL names, or the embedded server; and what it must hold."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import psycopg
from psycopg.conninfo import make_conninfo

from api.cli.failure import Exit, Failure
from api.key_directory import opened
from ledger import Keys, LedgerError, Unavailable, belonging
from ledger.embedded import EmbeddedServer
from ledger.migrate import OLDEST_SERVER, SCHEMA, create_logs, migrate
from projections.install import install

if TYPE_CHECKING:
    from collections.abc import Generator

    from api.settings import Settings

DATABASE = "whosaw"
DIRECTORIES = (SCHEMA, Path(__file__).parent.parent / "schema")
CONNECT_SECONDS = 10
REASON = re.compile(r".*(?:FATAL: +|failed: )([^\n]+)|([^\n]+)")
"""What a driver's message says after the address."""
EXISTS = "SELECT 1 FROM pg_database WHERE datname = 'whosaw'"
CREATE = "CREATE DATABASE whosaw"


@contextmanager
def database(settings: Settings) -> Generator[str]:
    """Lend the DSN of a server that answers; the embedded one runs only as long as somebody holds it.

    Raises:
        Failure: It does not answer or start, or is older than PostgreSQL 15.
    """
    with failing_clearly():
        if settings.database_url is not None:
            dsn = settings.database_url.get_secret_value()
            check(dsn)
            yield dsn
            return
        with EmbeddedServer(settings.data_dir / "postgres") as server:
            dsn = server.dsn()
            with psycopg.connect(dsn, autocommit=True) as connection:
                if connection.execute(EXISTS).fetchone() is None:
                    connection.execute(CREATE)
            yield make_conninfo(dsn, dbname=DATABASE)


def check(dsn: str) -> None:
    """Return if a server answers and is new enough.

    Raises:
        Failure: Not so. The line never shows the DSN, which may hold a password.
    """
    try:
        connection = psycopg.connect(dsn, connect_timeout=CONNECT_SECONDS)
    except psycopg.ProgrammingError as error:
        raise Failure(
            Exit.ARGUMENT, "WHOSAW_DATABASE_URL is not a database's address", expected="postgresql://USER@HOST/DATABASE"
        ) from error
    with connection:
        version = connection.info.server_version
    if version < OLDEST_SERVER:
        raise Failure(
            Exit.MACHINE,
            f"the database is PostgreSQL {version // 10000}",
            expected="PostgreSQL 15 or newer",
            remedy="set WHOSAW_DATABASE_URL to one, or unset it to use the embedded server",
        )


def prepare(dsn: str, settings: Settings) -> tuple[Keys, list[str]]:
    """Give a database everything that this version needs; return the ledger's keys and what was applied now.

    Safe to repeat: a crash in the middle is mended by calling again. The login owns the database.
    """
    with failing_clearly():
        settings.keys.parent.mkdir(parents=True, exist_ok=True)
        applied = migrate(dsn, DIRECTORIES)
        # Keys first: a log whose signing key does not exist could never be opened.
        # Only a ledger that has nothing yet is given new ones; another's are looked for and compared.
        with psycopg.connect(dsn) as connection:
            kept = connection.execute("SELECT FROM ledger.log WHERE size > 0").fetchone() is not None
            keys = opened(settings, create=not kept)
            belonging.check(connection, keys)
        create_logs(dsn, settings.name, settings.logs)
        return keys, applied + [f"projections/{name}" for name in install(dsn)]


@contextmanager
def failing_clearly() -> Generator[None]:
    """Turn what a database, the ledger or the disk says into one line."""
    try:
        yield
    except psycopg.OperationalError as error:
        unreachable(error)
    except psycopg.Error as error:
        raise Failure(
            Exit.MACHINE,
            f"the database refused: {error.diag.message_primary or type(error).__name__}",
            remedy="run it as the database's owner, and see 'whosaw doctor'",
        ) from error
    except Unavailable as error:
        raise Failure(Exit.UNREACHABLE, str(error), remedy="start it, or correct WHOSAW_DATABASE_URL") from error
    except LedgerError as error:
        raise Failure(Exit.MACHINE, str(error), remedy="see 'whosaw doctor'") from error
    except OSError as error:
        raise Failure(Exit.MACHINE, f"{error.filename}: {error.strerror}", remedy="choose another folder") from error


def unreachable(error: psycopg.OperationalError) -> NoReturn:
    """Say that a database does not answer, without its address: that may hold a password."""
    found = REASON.match(str(error))
    reason = found[1] or found[2] if found else type(error).__name__
    raise Failure(
        Exit.UNREACHABLE,
        f"the database does not answer ({reason})",
        remedy="start it, or correct WHOSAW_DATABASE_URL",
    ) from error
