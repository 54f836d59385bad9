"""A ledger written by hand, its projections, and readers in their own role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from ledger.migrate import create_logs
from projections import PROJECTIONS
from projections.follow import follower_dsn
from projections.install import install
from projections.projection import Batch
from tests.conftest import NAME, _database
from tests.projections.given import Log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from projections.projection import Projected

TRUNCATE = "TRUNCATE ledger.entry, ledger.member CASCADE"
EMPTY = "UPDATE ledger.log SET size = 0"
ZERO = "UPDATE projections.progress SET position = 0, stopped_at = NULL, error = NULL"
TABLES = (
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'projections' AND table_name <> 'progress'"
)
PLACE = """
    INSERT INTO progress VALUES (%s, %s, 1, %s)
    ON CONFLICT (log_id, projection) DO UPDATE SET position = excluded.position
"""


class Story:
    """What happened, in one log or several; and what the projections make of it."""

    def __init__(self, dsn: str, logs: int) -> None:
        self.dsn = dsn
        self.owner = psycopg.connect(dsn, autocommit=True)
        self.reader = psycopg.connect(f"{dsn} options='-c role=whosaw_api'", autocommit=True)
        self.follower = psycopg.connect(follower_dsn(dsn), autocommit=True)
        self.logs = [Log(self.owner, log_id, f"{NAME}/log{log_id}") for log_id in range(logs)]
        self.log = self.logs[0]

    def close(self) -> None:
        for connection in (self.owner, self.reader, self.follower):
            connection.close()

    def told(self, *facts: Any, batch: int = 1_000) -> int:
        """Record facts in the first log and fold them; return the last position."""
        before = self.log.size
        position = self.log.happened(*facts)
        self.fold(batch=batch, after=before)
        return position

    def fold(
        self,
        projections: tuple[Projected, ...] = PROJECTIONS,
        *,
        batch: int = 1_000,
        after: int = 0,
        log_id: int = 0,
        upto: int | None = None,
    ) -> None:
        """Fold a log's entries as a follower would, without its threads."""
        end = self.logs[log_id].size if upto is None else upto
        for projection in projections:
            for start in range(after, end, batch):
                with self.follower.transaction(), self.follower.cursor() as cursor:
                    projection.fold(cursor, Batch(log_id, start, min(start + batch, end)))
                    cursor.execute(PLACE, (log_id, projection.name, min(start + batch, end)))

    def forget_rows(self) -> None:
        """Empty the projections, as if nothing had been folded."""
        for (table,) in self.owner.execute(TABLES).fetchall():
            self.owner.execute(SQL("TRUNCATE projections.{}").format(Identifier(table)))
        self.owner.execute(ZERO)

    def begin_again(self) -> None:
        """Empty everything."""
        self.owner.execute(TRUNCATE)
        self.owner.execute(EMPTY)
        self.forget_rows()
        self.logs = [Log(self.owner, log.log_id, f"{NAME}/log{log.log_id}") for log in self.logs]
        self.log = self.logs[0]


@pytest.fixture
def story(server: str, installed: str) -> Iterator[Story]:
    """A ledger of one log."""
    with _database(server, installed) as dsn:
        opened = Story(dsn, 1)
        yield opened
        opened.close()


@pytest.fixture
def three_logs(database: str) -> Iterator[Story]:
    """A ledger of three logs."""
    create_logs(database, NAME, 3)
    install(database)
    opened = Story(database, 3)
    yield opened
    opened.close()
