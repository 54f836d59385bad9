"""`whosaw doctor`: settings and where they come from, database, roles, keys, lag and clock. Changes nothing.

With the embedded server it looks into a running one; it starts none, so that looking leaves no trace.
"""

from __future__ import annotations

import json
import stat
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from psycopg.conninfo import make_conninfo

from api.cli.failure import Failure
from api.cli.storage import DATABASE, failing_clearly
from api.cli.tables import write_table
from api.cli.variables import read_settings
from api.key_directory import opened
from ledger.embedded import EmbeddedServer
from ledger.key_file import DIRECTORY_MODE, FILE_MODE
from ledger.migrate import OLDEST_SERVER
from projections.progress import lanes

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg import Connection

    from api.settings import Settings

CONNECT_SECONDS = 5
CLOCK_SECONDS = 2.0
LAG_ENTRIES = 10_000
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
ROLES = ("whosaw_api", "whosaw_follow")
SETTINGS = "SELECT name, setting FROM pg_settings WHERE name = ANY (%s) ORDER BY name"
FOUND_ROLES = """
    SELECT rolname, rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls FROM pg_roles WHERE rolname = ANY (%s)
"""
NOW = "SELECT extract(epoch FROM clock_timestamp())::float8"
MIGRATED = "SELECT to_regclass('ledger.log') IS NOT NULL"
LOGS = "SELECT origin, size FROM ledger.log ORDER BY log_id"


class Check(NamedTuple):
    """What one look found."""

    what: str
    well: bool
    found: str
    remedy: str = ""


def examine(*, as_json: bool) -> bool:
    """Look at everything, print it, and return whether all is well."""
    settings = read_settings()
    checks = [*of_keys(settings), *of_database(settings)]
    if as_json:
        for name, value, origin, _ in settings.effective():
            sys.stdout.write(json.dumps({"setting": name, "value": value, "origin": origin}) + "\n")
        for check in checks:
            sys.stdout.write(json.dumps(check._asdict()) + "\n")
    else:
        names = ("setting", "value", "origin", "for")
        rows: list[dict[str, str]] = [dict(zip(names, row, strict=True)) for row in settings.effective()]
        write_table(rows, names)
        sys.stdout.write("\n")
        shown = [{**check._asdict(), "well": "ok" if check.well else "WRONG"} for check in checks]
        write_table(shown, ("well", "what", "found", "remedy"))
    return all(check.well for check in checks)


def of_keys(settings: Settings) -> Iterator[Check]:
    """Look at the key directory: there, whole, and nobody else's."""
    directory = settings.keys
    if not directory.is_dir():
        yield Check("keys", well=False, found=f"{directory}: nothing", remedy="make them with 'whosaw migrate'")
        return
    files = [path for path in sorted(directory.iterdir()) if path.is_file()]
    modes = [(directory, DIRECTORY_MODE), *((path, FILE_MODE) for path in files)]
    wide = [f"{path.name} {mode_of(path):04o}" for path, mode in modes if mode_of(path) & ~mode]
    yield Check(
        "key modes",
        well=not wide,
        found=", ".join(wide) or f"{directory}: nobody else can read them",
        remedy=f"chmod -R go= {directory}" if wide else "",
    )
    if not wide:
        try:
            with failing_clearly():
                keys = opened(settings)
        except Failure as failure:
            yield Check("keys", well=False, found=failure.line(), remedy="restore them; without them nothing opens")
        else:
            yield Check("keys", well=True, found=f"whole, for {settings.name} with {len(keys.signers)} logs")


def mode_of(path: Path) -> int:
    """Return a file's permissions."""
    return stat.S_IMODE(path.stat().st_mode)


def of_database(settings: Settings) -> Iterator[Check]:
    """Look at the database; if it does not answer, that is all."""
    if settings.database_url is not None:
        dsn = settings.database_url.get_secret_value()
    else:
        server = EmbeddedServer(settings.data_dir / "postgres")
        if server.pid() is None:
            yield Check("database", well=True, found="the embedded server, not running now")
            return
        dsn = make_conninfo(server.dsn(), dbname=DATABASE)
    try:
        with failing_clearly(), psycopg.connect(dsn, autocommit=True, connect_timeout=CONNECT_SECONDS) as connection:
            yield from of_server(connection)
            row = connection.execute(MIGRATED).fetchone()
            if row != (True,):
                yield Check("tables", well=False, found="none", remedy="run 'whosaw migrate'")
                return
            yield from of_ledger(connection, settings)
    except Failure as failure:
        yield Check("database", well=False, found=failure.found, remedy=failure.remedy)


def of_server(connection: Connection[Any]) -> Iterator[Check]:
    """Look at the server: version, durability, roles, clock."""
    version = connection.info.server_version
    yield Check(
        "database version",
        well=version >= OLDEST_SERVER,
        found=f"PostgreSQL {version // 10000}.{version % 10000}",
        remedy="" if version >= OLDEST_SERVER else "use PostgreSQL 15 or newer",
    )
    weak = [f"{name} = {value}" for name, value in connection.execute(SETTINGS, (list(DURABLE),)) if value == "off"]
    yield Check(
        "durability",
        well=not weak,
        found=", ".join(weak) or "a receipt means that it is on disk",
        remedy="turn them on in postgresql.conf, or receipts promise what a power cut takes back" if weak else "",
    )
    strong: dict[str, bool] = dict(connection.execute(FOUND_ROLES, (list(ROLES),)).fetchall())
    missing = [name for name in ROLES if name not in strong]
    mighty = [name for name, may_all in strong.items() if may_all]
    yield Check(
        "roles",
        well=not missing and not mighty,
        found=", ".join([*(f"{name} is missing" for name in missing), *(f"{name} may do too much" for name in mighty)])
        or f"{' and '.join(ROLES)}, each with no more than it needs",
        remedy="run 'whosaw migrate'"
        if missing
        else "ALTER ROLE … NOSUPERUSER NOCREATEROLE NOCREATEDB"
        if mighty
        else "",
    )
    before = time.time()
    row = connection.execute(NOW).fetchone()
    apart = abs((row[0] if row else 0.0) - (before + time.time()) / 2)
    yield Check(
        "clock",
        well=apart <= CLOCK_SECONDS,
        found=f"{apart:.2f} s between this machine and the database",
        remedy="" if apart <= CLOCK_SECONDS else "synchronise both clocks",
    )


def of_ledger(connection: Connection[Any], settings: Settings) -> Iterator[Check]:
    """Look at the logs and at how far the projections are."""
    logs: list[tuple[str, int]] = connection.execute(LOGS).fetchall()
    expected = [f"{settings.name}/log{log_id}" for log_id in range(settings.logs)]
    same = [origin for origin, _ in logs] == expected
    yield Check(
        "logs",
        well=same,
        found=f"{len(logs)} logs, {sum(size for _, size in logs)} entries"
        + ("" if same else f"; {logs[0][0]}" if logs else ""),
        remedy="" if same else "set WHOSAW_NAME and WHOSAW_LOGS as they were when the ledger was made",
    )
    with failing_clearly():
        found = lanes(connection)
    for lane in found:
        stopped = lane.stopped_at is not None
        yield Check(
            f"projection {lane.projection} of log {lane.log_id}",
            well=not stopped and lane.behind <= LAG_ENTRIES,
            found=f"stopped at {lane.stopped_at}: {lane.error}" if stopped else f"{lane.behind} entries behind",
            remedy="mend the cause; it goes on by itself"
            if stopped
            else ""
            if lane.behind <= LAG_ENTRIES
            else "run 'whosaw follow'",
        )
