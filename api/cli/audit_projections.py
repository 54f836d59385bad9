"""Projections against their own rebuild: folded again from the first entry, beside the live ones, compared, dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.sql import SQL, Identifier

from api.cli.failure import Exit, Failure
from ledger.audit import Finding, Kind
from projections import PROJECTIONS
from projections.follow import follower_dsn
from projections.install import create
from projections.progress import DEFINITION
from projections.projection import Batch
from projections.rebuild import BATCH, BESIDE, LIVE, LOCK, UNLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg import Connection

    from projections.projection import Projected

INSTALLED = "SELECT to_regclass('projections.progress') IS NOT NULL"
POSITIONS = """
    SELECT log_id, position FROM projections.progress
    WHERE projection = %s AND version = %s AND log_id = ANY (%s) ORDER BY log_id
"""
# While these rows are locked no follower folds this projection.
LOCKED = POSITIONS + "FOR UPDATE"
DIFFERENT = SQL("""
    SELECT log_id, min((different.row ->> 'position')::bigint), count(*), bool_or(mine) FROM (
        (SELECT log_id, to_jsonb(t) AS row, true AS mine FROM {live} AS t
         EXCEPT ALL SELECT log_id, to_jsonb(t), true FROM {beside} AS t)
        UNION ALL
        (SELECT log_id, to_jsonb(t), false FROM {beside} AS t
         EXCEPT ALL SELECT log_id, to_jsonb(t), false FROM {live} AS t)
    ) AS different WHERE log_id = ANY (%s) GROUP BY log_id
""")


def differing(dsn: str, logs: Sequence[int], watch: Callable[[int, str], None]) -> list[Finding]:
    """Compare every projection of some logs; return where the first difference of each table begins.

    A projection that is behind is compared as far as it is. Its follower waits while rows are compared.

    Args:
        dsn: A login that has or may take the role `whosaw_follow`.
        logs: Their ids.
        watch: Told how many are done, and which is compared.

    Raises:
        Failure: A rebuild is under way.
    """
    findings: list[Finding] = []
    with psycopg.connect(follower_dsn(dsn, BESIDE), autocommit=True) as connection:
        if connection.execute(INSTALLED).fetchone() != (True,):
            return []
        if connection.execute(LOCK).fetchone() != (True,):
            raise Failure(Exit.NO, "a projection is being rebuilt", remedy="wait until that is done")
        try:
            for number, projection in enumerate(PROJECTIONS):
                watch(number, projection.name)
                with connection.transaction(force_rollback=True):
                    findings += _compare(connection, projection, list(logs))
        finally:
            if not connection.closed:
                connection.execute(UNLOCK)
    return findings


def _compare(connection: Connection[Any], projection: Projected, logs: list[int]) -> list[Finding]:
    """Fold a projection again and compare; the transaction is rolled back, and with it everything made here."""
    connection.execute(DEFINITION)
    create(connection, projection)
    built: dict[int, int] = {}
    live: list[tuple[int, int]] = []
    # Most of it while the follower goes on; the rest while it waits.
    for query in (POSITIONS, LOCKED):
        live = connection.execute(query, (projection.name, projection.version, logs)).fetchall()
        with connection.cursor() as cursor:
            for log_id, last in live:
                for after in range(built.get(log_id, 0), last, BATCH):
                    projection.fold(cursor, Batch(log_id, after, min(after + BATCH, last)))
                built[log_id] = last
    findings: list[Finding] = []
    for table in projection.tables:
        query = DIFFERENT.format(live=Identifier(LIVE, table), beside=Identifier(BESIDE, table))
        for log_id, position, count, is_live in connection.execute(query, ([log_id for log_id, _ in live],)):
            found = f"{count} rows that differ" + ("" if is_live else ", all of them missing")
            where = f"projections.{table}"
            findings.append(
                Finding(log_id, position or 0, Kind.PROJECTION_DIFFERS, where, "the rows of a rebuild", found)
            )
    return findings
