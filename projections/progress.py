"""How far each projection is in each log; and, if it stopped at an entry, where and why.

The row moves in the transaction that inserts the batch's rows: after any crash both are there, or neither.
"""

from __future__ import annotations

from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, NamedTuple

from eventsourcing.postgres import PostgresTrackingRecorder
from psycopg.rows import args_row, scalar_row
from psycopg.sql import SQL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from eventsourcing.persistence import Tracking
    from eventsourcing.postgres import PostgresDatastore
    from psycopg import Connection, Cursor

DEFINITION = """
    CREATE TABLE IF NOT EXISTS progress (
        log_id     smallint    NOT NULL,
        projection text        NOT NULL,
        version    integer     NOT NULL,
        position   bigint      NOT NULL,
        stopped_at bigint,
        error      text,
        since      timestamptz,
        PRIMARY KEY (log_id, projection)
    ) WITH (fillfactor = 50)
"""
# Raises on a repeat, as the library's own does: no row comes back unless the position moves on. Moving on also
# says that whatever stopped the projection is past.
INSERT_TRACKING = SQL("""
    INSERT INTO progress AS p (log_id, projection, version, position)
    SELECT l.log_id, {projection}, {version}, %(notification_id)s
    FROM ledger.log AS l WHERE l.origin = %(application_name)s
    ON CONFLICT (log_id, projection) DO UPDATE
    SET position = excluded.position, version = excluded.version, stopped_at = NULL, error = NULL, since = NULL
    WHERE p.position < excluded.position
    RETURNING position AS notification_id
""")
MAX_TRACKING_ID = SQL("""
    SELECT max(p.position) AS max FROM progress AS p JOIN ledger.log AS l USING (log_id)
    WHERE l.origin = %s AND p.projection = {projection}
""")
# Whoever holds this row's lock folds; a second follower waits here, then goes on from where the first one ended.
POSITION = "SELECT position, version FROM progress WHERE log_id = %s AND projection = %s FOR UPDATE"
# For a log that is newer than the installation: without a row there is nothing to lock.
BEGIN = """
    INSERT INTO progress (log_id, projection, version, position) VALUES (%s, %s, %s, 0)
    ON CONFLICT (log_id, projection) DO NOTHING
"""
STOP = """
    UPDATE progress SET stopped_at = %(position)s, error = %(error)s,
           since = CASE WHEN stopped_at = %(position)s THEN since ELSE now() END
    WHERE log_id = %(log_id)s AND projection = %(projection)s
"""
# By primary key; the qualified name, because readers have no search path of ours.
LANES = """
    SELECT p.log_id, p.projection, p.version, p.position, l.size, p.stopped_at, p.error, p.since
    FROM projections.progress AS p JOIN ledger.log AS l USING (log_id)
    ORDER BY p.log_id, p.projection
"""
REACHED = """
    SELECT coalesce(min(position), 0) FROM projections.progress
    WHERE log_id = %s AND projection = ANY(%s)
    HAVING count(*) = cardinality(%s::text[])
"""

FIRST_SLEEP_SECONDS = 0.002
LONGEST_SLEEP_SECONDS = 0.05


class OtherVersionError(Exception):
    """The tables are another release's, and must not be folded into. A retry helps once that is rolled back."""


class Lane(NamedTuple):
    """One projection on one log."""

    log_id: int
    projection: str
    version: int
    position: int
    """The last position whose rows can be read."""
    size: int
    """The log's last position."""
    stopped_at: int | None
    """The position of the entry that it can not fold; None while it moves."""
    error: str | None
    """The class of what went wrong there: SQLSTATE and name, never a value."""
    since: datetime | None

    @property
    def behind(self) -> int:
        """How many entries are not folded yet."""
        return max(0, self.size - self.position)


class Progress(PostgresTrackingRecorder):
    """The library's tracking of one projection, on our table. Threads may share it.

    What the library calls an application is a log here, and its name is the log's origin.
    """

    def __init__(self, store: PostgresDatastore, projection: str, version: int) -> None:
        """Name the projection. The table exists already: `projections.install` makes it, never the library."""
        super().__init__(store, tracking_table_name="progress")
        self.sql_create_statements = []
        self.projection = projection
        self.version = version
        self.insert_tracking_statement = INSERT_TRACKING.format(projection=projection, version=version)
        self.max_tracking_id_statement = MAX_TRACKING_ID.format(projection=projection)

    def create_table(self) -> None:
        """Do nothing: see the constructor."""

    def position(self, cursor: Cursor[Any], log_id: int) -> int:
        """Return how far it is, and keep every other follower out until the transaction ends.

        Raises:
            OtherVersionError: See the class.
        """
        row = cursor.execute(POSITION, (log_id, self.projection), prepare=True).fetchone()
        if row is None:
            cursor.execute(BEGIN, (log_id, self.projection, self.version))
            row = cursor.execute(POSITION, (log_id, self.projection), prepare=True).fetchone()
        assert row is not None, "begun, or by another follower"
        if row["version"] != self.version:
            raise OtherVersionError(self.projection)
        return row["position"]

    def record(self, cursor: Cursor[Any], tracking: Tracking) -> None:
        """Move on, within the transaction that holds the batch's rows.

        Raises:
            eventsourcing.persistence.IntegrityError: It is that far already. The transaction must not commit.
        """
        self._insert_tracking(cursor, tracking)

    def stop(self, log_id: int, position: int, error: str) -> None:
        """State that it stands before an entry which it can not fold."""
        row = {
            "log_id": log_id,
            "projection": self.projection,
            "position": position,
            "error": error,
        }
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(STOP, row)


def lanes(connection: Connection[Any]) -> list[Lane]:
    """Return how far each projection is in each log, by log and name."""
    with connection.cursor(row_factory=args_row(Lane)) as cursor:
        return cursor.execute(LANES).fetchall()


def reached(connection: Connection[Any], log_id: int, projections: Sequence[str]) -> int:
    """Return the last position of a log that all of these projections have folded; 0 if one never began."""
    names = list(projections)
    with connection.cursor(row_factory=scalar_row) as cursor:
        found: int | None = cursor.execute(REACHED, (log_id, names, names), prepare=True).fetchone()
    return found or 0


def wait(
    connection: Connection[Any],
    log_id: int,
    position: int,
    projections: Sequence[str],
    timeout_seconds: float,
) -> bool:
    """Return whether these projections reached a position in time.

    Args:
        connection: In autocommit mode: each look must see what was committed since.
        log_id: Whose positions.
        position: What a receipt said.
        projections: Which must have folded it.
        timeout_seconds: How long to wait at most.
    """
    deadline = monotonic() + timeout_seconds
    pause = FIRST_SLEEP_SECONDS
    while reached(connection, log_id, projections) < position:
        left = deadline - monotonic()
        if left <= 0:
            return False
        sleep(min(pause, left))
        pause = min(pause * 2, LONGEST_SLEEP_SECONDS)
    return True
