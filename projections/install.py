"""Make the tables of the projections, owned by the follower's role; drop those of another version.

Projections are never migrated: a version that the database does not have starts again from the first entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.sql import SQL, Identifier

from projections import PROJECTIONS
from projections.progress import DEFINITION

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from psycopg import Connection

    from projections.projection import Projected

LOCK = "SELECT pg_advisory_xact_lock(7791223002)"
# The follower owns its schemas, so that it can build its tables again without anybody's help; readers only read.
SCHEMAS = """
    CREATE SCHEMA IF NOT EXISTS projections AUTHORIZATION whosaw_follow;
    CREATE SCHEMA IF NOT EXISTS projections_rebuild AUTHORIZATION whosaw_follow;
    GRANT USAGE ON SCHEMA projections TO whosaw_api;
    ALTER DEFAULT PRIVILEGES FOR ROLE whosaw_follow IN SCHEMA projections, projections_rebuild
        GRANT SELECT ON TABLES TO whosaw_api;
    SET LOCAL ROLE whosaw_follow;
    SET LOCAL search_path TO projections;
"""
VERSIONS = "SELECT min(version), max(version) FROM progress WHERE projection = %s"
FORGET = "DELETE FROM progress WHERE projection = %s"
# A row for each log, so that a follower finds one to lock.
BEGIN = """
    INSERT INTO progress (log_id, projection, version, position)
    SELECT log_id, %s, %s, 0 FROM ledger.log
    ON CONFLICT (log_id, projection) DO NOTHING
"""
DROP = SQL("DROP TABLE IF EXISTS {}")


def install(dsn: str, projections: Sequence[Projected] = PROJECTIONS) -> list[str]:
    """Give a migrated ledger the tables of its projections; return the names of those that were built anew.

    Repeatable; run it after each migration and whenever a ledger got its logs. It all commits, or none of it does.

    Args:
        dsn: A login that owns the database and may take the role `whosaw_follow`.
        projections: Which.
    """
    with psycopg.connect(dsn) as connection:
        connection.execute(LOCK)
        connection.execute("SET LOCAL client_min_messages = warning")
        connection.execute(SCHEMAS)
        connection.execute(DEFINITION)
        return [each.name for each in projections if _install(connection, each)]


def _install(connection: Connection[Any], projection: Projected) -> bool:
    row = connection.execute(VERSIONS, (projection.name,)).fetchone()
    current = row == (projection.version, projection.version)
    if not current:
        create(connection, projection)
    connection.execute(BEGIN, (projection.name, projection.version))
    return not current


def forget_again(connection: Connection[Any], logs: Iterable[int]) -> None:
    """Delete the rows of who was forgotten again in a database that was put back; see `projection.forgotten`.

    Args:
        connection: Of the owner, in autocommit mode. Nothing else may fold meanwhile.
        logs: All of them.
    """
    for log_id in logs:
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL search_path TO projections")
            for each in PROJECTIONS:
                each.forget(cursor, log_id)


def create(connection: Connection[Any], projection: Projected) -> None:
    """Make a projection's tables, empty, in the first schema of the search path; what was there is gone."""
    for table in projection.tables:
        connection.execute(DROP.format(Identifier(table)))
    connection.execute(projection.definition)
    connection.execute(FORGET, (projection.name,))
