"""Build a projection again from the first entry, beside the live copy, then put it in its place.

Readers and the follower go on meanwhile. The exchange is one transaction: before it everybody sees the old tables,
after it everybody sees the new ones, at a position that is never lower.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from psycopg.errors import LockNotAvailable
from psycopg.sql import SQL, Identifier

from projections import PROJECTIONS
from projections.follow import follower_dsn
from projections.install import DROP, create
from projections.progress import DEFINITION
from projections.projection import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from decimal import Decimal

    from psycopg import Connection

    from projections.projection import Projected

LIVE, BESIDE = "projections", "projections_rebuild"
# One rebuild at a time; the session holds it. Given back by name: the server notices a closed connection only later.
LOCK = "SELECT pg_try_advisory_lock(7791223003)"
UNLOCK = "SELECT pg_advisory_unlock(7791223003)"
SIZES = "SELECT log_id, size FROM ledger.log ORDER BY log_id"
# While these rows are locked no follower folds this projection.
POSITIONS = """
    SELECT log_id, position, version FROM projections.progress WHERE projection = %s ORDER BY log_id FOR UPDATE
"""
PUT = """
    INSERT INTO projections.progress (log_id, projection, version, position) VALUES (%s, %s, %s, %s)
    ON CONFLICT (log_id, projection) DO UPDATE
    SET version = excluded.version, position = excluded.position, stopped_at = NULL, error = NULL, since = NULL
"""
MOVE = SQL("ALTER TABLE {} SET SCHEMA projections")
SEARCH_LIVE = "SET LOCAL search_path TO projections"
ANALYZE = SQL("ANALYZE {}")
PATIENCE = "SET LOCAL lock_timeout = '500ms'"
"""Half of what the server waits before it looks for a deadlock."""
TAKE = SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE")

BATCH = 10_000


class RebuildingError(Exception):
    """Another rebuild is under way. Retry when it is done."""


class Rebuilt(NamedTuple):
    """What a rebuild found."""

    positions: dict[int, int]
    """For each log the last position that the new tables hold."""
    same: bool
    """Whether the old tables, at their own positions, held exactly the same rows."""


def named(name: str) -> Projected:
    """Return the projection of that name.

    Raises:
        KeyError: There is none.
    """
    return {each.name: each for each in PROJECTIONS}[name]


def rebuild(
    dsn: str,
    projection: Projected,
    progress: Callable[[int, int, int], None] | None = None,
    *,
    batch: int = BATCH,
) -> Rebuilt:
    """Build a projection's tables from the first entry and exchange them for the live ones.

    Args:
        dsn: A login that has or may take the role `whosaw_follow`, on an installed database.
        projection: Which.
        progress: Called with log, position and size after each batch.
        batch: Entries a transaction.

    Raises:
        RebuildingError: See the class.
        psycopg.DataError, psycopg.IntegrityError: An entry can not be folded. The live tables are as they were.
    """
    with psycopg.connect(follower_dsn(dsn, BESIDE), autocommit=True) as connection:
        locked = connection.execute(LOCK).fetchone()
        if locked != (True,):
            raise RebuildingError(projection.name)
        try:
            connection.execute(DEFINITION)
            with connection.transaction():
                create(connection, projection)
            positions: dict[int, int] = {}
            for log_id, size in connection.execute(SIZES).fetchall():
                for position in _fold(connection, projection, Batch(log_id, 0, size), batch):
                    if progress is not None:
                        progress(log_id, position, size)
                positions[log_id] = size
            for table in projection.tables:
                connection.execute(ANALYZE.format(Identifier(table)))
            return _exchange(connection, projection, positions, batch)
        finally:
            if not connection.closed:
                for table in projection.tables:
                    connection.execute(DROP.format(Identifier(BESIDE, table)))
                connection.execute(UNLOCK)


def _fold(connection: Connection[Any], projection: Projected, span: Batch, batch: int) -> Iterator[int]:
    """Fold a span of entries, batch by batch; yield where each batch ended."""
    after = span.after
    while after < span.upto:
        upto = min(after + batch, span.upto)
        with connection.transaction(), connection.cursor() as cursor:
            projection.fold(cursor, Batch(span.log_id, after, upto))
        after = upto
        yield after


def _exchange(
    connection: Connection[Any],
    projection: Projected,
    positions: dict[int, int],
    batch: int,
) -> Rebuilt:
    """Bring the new tables to where the live ones are, compare, and exchange them. All of it commits, or nothing."""
    with connection.transaction():
        live = connection.execute(POSITIONS, (projection.name,)).fetchall()
        for log_id, position, _ in live:
            built = positions.get(log_id, 0)
            positions[log_id] = max(position, built)
            deque(_fold(connection, projection, Batch(log_id, built, position), batch), 0)
        new = digest(connection, projection)
        old = None
        if all(version == projection.version for _, _, version in live):
            with connection.transaction(force_rollback=True):
                connection.execute(SEARCH_LIVE)
                # A live copy that is behind is brought up, so as not to compare two positions; then that is undone.
                for log_id, position, _ in live:
                    deque(
                        _fold(
                            connection,
                            projection,
                            Batch(log_id, position, positions[log_id]),
                            batch,
                        ),
                        0,
                    )
                old = digest(connection, projection)
        _take(connection, projection)
        for table in projection.tables:
            connection.execute(DROP.format(Identifier(LIVE, table)))
            connection.execute(MOVE.format(Identifier(BESIDE, table)))
        for log_id, position in positions.items():
            connection.execute(PUT, (log_id, projection.name, projection.version, position))
    return Rebuilt(positions, same=old == new)


def _take(connection: Connection[Any], projection: Projected) -> None:
    """Take the live tables from all who read them.

    A question may hold one of them and want another. Whoever waits for longer than a moment lets go of what it has
    and begins anew, before the server looks for a deadlock and ends one of the two.
    """
    tables = SQL(", ").join(Identifier(LIVE, each) for each in projection.tables)
    while True:
        with suppress(LockNotAvailable), connection.transaction():
            connection.execute(PATIENCE)
            connection.execute(TAKE.format(tables))
            return


def digest(connection: Connection[Any], projection: Projected) -> dict[int, list[tuple[int, Decimal]]]:
    """Return for each log what its rows add up to, table by table: equal for equal contents."""
    found: dict[int, list[tuple[int, Decimal]]] = {}
    for log_id, count, total in connection.execute(projection.digest).fetchall():
        found.setdefault(log_id, []).append((count, total))
    return found
