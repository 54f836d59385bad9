"""The positions that an answer stands on: one of her own log, and of other logs as soon as it reads them.

Logs have no common position. An answer is exact again by naming the position of each log that it read. One that is
asked for as of a position of her own log alone sees of other logs what was recorded in them before that entry was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from psycopg.rows import scalar_row

from projections import progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from psycopg import Connection

# Append times of a log never go back: halve the positions until one is left. Each step is a look at one entry.
HALVED: LiteralString = """
    WITH RECURSIVE at (moment) AS MATERIALIZED (
        {moment}
    ), halved (low, high) AS (
        SELECT 0::bigint, l.size FROM ledger.log AS l WHERE l.log_id = %(log_id)s
        UNION ALL
        SELECT CASE WHEN e.earlier THEN e.position ELSE h.low END,
               CASE WHEN e.earlier THEN h.high ELSE e.position - 1 END
        FROM halved AS h
        CROSS JOIN LATERAL (
            SELECT position,
                   (convert_from(bytes, 'UTF8')::jsonb ->> 'appended')::timestamptz {than} (SELECT moment FROM at)
                       AS earlier
            FROM ledger.entry WHERE log_id = %(log_id)s AND position = (h.low + h.high + 1) / 2
            OFFSET 0
        ) AS e
        WHERE h.low < h.high
    )
    SELECT low FROM halved WHERE low = high
"""
BEFORE: LiteralString = HALVED.replace("{than}", "<").replace(
    "{moment}",
    """SELECT (convert_from(bytes, 'UTF8')::jsonb ->> 'appended')::timestamptz
        FROM ledger.entry WHERE log_id = %(home)s AND position = %(position)s""",
)
BY: LiteralString = HALVED.replace("{than}", "<=").replace("{moment}", "SELECT %(moment)s::timestamptz")


class BehindError(Exception):
    """Another log's projections are not as far as the answer has to see. A retry helps."""


class Pins:
    """The positions of one answer. Owned by one thread."""

    def __init__(
        self,
        home: int,
        at: int,
        others: Mapping[int, int] | None = None,
        *,
        projections: Sequence[str] = (),
        newest: bool = False,
        known_at: datetime | None = None,
    ) -> None:
        """Pin an answer.

        Args:
            home: Her own log.
            at: The position in it.
            others: Those of other logs, if they are known; those left out have nothing that is seen.
            projections: Else what is read of other logs, for a look-up.
            newest: Whether other logs are seen as far as these are; else as of when the position was recorded.
            known_at: The time that these positions were found by, if they were.
        """
        self.known_at = known_at
        self.home = home
        self.at = at
        self._known = {home: at} | ({} if others is None else {**others, home: at})
        self._fixed = others is not None
        self._projections = list(projections)
        self._newest = newest

    def of(self, connection: Connection[Any], log_id: int) -> int:
        """Return the position of a log; the same one from here on.

        Args:
            connection: A reader's.
            log_id: Which.

        Raises:
            BehindError: See the class.
        """
        if log_id not in self._known:
            self._known[log_id] = 0 if self._fixed else self._look(connection, log_id)
        return self._known[log_id]

    def all(self, logs: int) -> list[int]:
        """Return the positions of all logs, by id; 0 for those that nothing was read of."""
        return [self._known.get(log_id, 0) for log_id in range(logs)]

    @property
    def several(self) -> bool:
        """Whether the answer had to look at other logs, or was told where they stand."""
        return len(self._known) > 1

    def _look(self, connection: Connection[Any], log_id: int) -> int:
        reached = progress.reached(connection, log_id, self._projections)
        if self._newest:
            return reached
        found = recorded_before(connection, self.home, self.at, log_id)
        if found > reached:
            raise BehindError
        return found


def recorded_by(connection: Connection[Any], log_id: int, moment: datetime) -> int:
    """Return the last position of a log that was recorded at or before a time; 0 if nothing was.

    A group that was begun before that moment and is still on its way is not seen: name positions to be exact for ever.
    """
    with connection.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(BY, {"log_id": log_id, "moment": moment}, prepare=True).fetchone() or 0


def recorded_before(connection: Connection[Any], home: int, position: int, log_id: int) -> int:
    """Return the last position of a log that was recorded before an entry of another log was; 0 if nothing was."""
    wanted = {"home": home, "position": position, "log_id": log_id}
    with connection.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(BEFORE, wanted, prepare=True).fetchone() or 0
