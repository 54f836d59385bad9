"""Keep the projections current: tail every log by position, one thread a projection, one transaction a batch.

A log's head is read before the entries up to it, and positions have no gaps, so no entry can be passed over. What a
commit announces only wakes the follower up earlier: nothing is lost if nobody listens.

Commits here do not wait for the disk (`synchronous_commit = off`): rows and position are lost together or not at all,
and what is lost is folded again from entries that are durable. A crash costs work, never an answer.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from secrets import token_hex
from threading import Condition, Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, LiteralString, Self

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ledger.recorder import datastore
from projections import PROJECTIONS
from projections.lane import Lane
from projections.progress import Progress
from projections.progress import lanes as read_lanes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projections import progress
    from projections.projection import Projected

logger = logging.getLogger(__name__)

ROLE = "whosaw_follow"
LISTEN = "LISTEN whosaw_entry"
WAKE = "NOTIFY whosaw_entry"
END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %(name)s"
HEADS = "SELECT log_id, origin, size FROM ledger.log ORDER BY log_id"

BATCH = 2_000
"""Entries a transaction, at most. Larger is not faster."""
POLL_SECONDS = 0.2
"""How long a head is believed without news of it."""
REST_SECONDS = 0.02
"""Between two looks at the heads, whatever is announced: groups arrive faster than folding them one by one pays."""
RECONNECT_SECONDS = 0.5
FINISHING_SECONDS = 2.0
"""For the batches in hand, when the follower stops."""
DEEPER = 10
"""So many times larger are the batches of a projection that rests."""
RESTS = 4
LONGEST_REST_SECONDS = 2.0
"""A projection that reads everything about a person again, and is where the log ends, rests so many times as long as
its last batch took, so that more of her facts are in the next one: under a steady load four fifths of the time, and a
fraction of a second when one fact has come."""

CONNECTIONS = 6
"""At most, of one follower. Each plans every statement anew, and more do not fold faster."""


class Follower:
    """Keeps projections current from `start` to `stop`. Several may run: a lane's row lock lets one fold at a time."""

    def __init__(
        self,
        dsn: str,
        projections: Sequence[Projected] = PROJECTIONS,
        *,
        batch: int = BATCH,
    ) -> None:
        """Prepare; connect to nothing yet.

        Args:
            dsn: A login that has or may take the role `whosaw_follow`, on an installed database.
            projections: Which.
            batch: Entries a transaction, at most.
        """
        self._login = dsn
        self._name = f"whosaw-follow-{token_hex(8)}"
        self._dsn = make_conninfo(follower_dsn(dsn), application_name=self._name)
        self._projections = tuple(projections)
        self._batch = batch
        self._stopping = Event()
        self._news = Condition()
        self._heads: dict[int, tuple[str, int]] = {}
        self._round = 0
        self._reached: dict[tuple[int, str], int] = {}
        self._threads: list[Thread] = []
        # Shared: a thread has one for as long as a batch takes, and most of them wait for news.
        self._store = datastore(self._dsn, ROLE, pool=min(len(self._projections) + 1, CONNECTIONS))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to follow; return at once. A database that is away is waited for."""
        self._threads = [Thread(target=self._watch, name="follow-heads", daemon=True)]
        self._threads += [
            Thread(
                target=self._follow,
                args=(each,),
                name=f"follow-{each.name}",
                daemon=True,
            )
            for each in self._projections
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish the batches in hand, then stop; end those that take longer, of which nothing is committed then."""
        self._stopping.set()
        with self._news:
            self._news.notify_all()
        self._tell_database(WAKE, {})
        until = monotonic() + FINISHING_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, until - monotonic()))
        while any(thread.is_alive() for thread in self._threads):
            # A campaign to 100,000 people may take minutes. The next start begins with it again.
            self._tell_database(END, {"name": self._name})
            for thread in self._threads:
                thread.join(REST_SECONDS)
        self._threads = []
        self._store.close()

    def lag(self) -> list[progress.Lane]:
        """Return how far each projection is in each log, and where one stopped.

        Raises:
            psycopg.OperationalError: The database does not answer. Retry.
        """
        with psycopg.connect(self._dsn, autocommit=True, connect_timeout=5) as connection:
            return read_lanes(connection)

    def wait(
        self,
        log_id: int,
        position: int,
        timeout_seconds: float,
        projections: Sequence[str] | None = None,
    ) -> bool:
        """Return whether projections reached a position in time, without asking the database.

        Args:
            log_id: Whose position.
            position: What a receipt said.
            timeout_seconds: How long to wait at most.
            projections: Which; None for all.
        """
        names = [each.name for each in self._projections] if projections is None else projections

        def there() -> bool:
            return all(self._reached.get((log_id, name), 0) >= position for name in names)

        with self._news:
            return self._news.wait_for(lambda: there() or self._stopping.is_set(), timeout_seconds) and there()

    def _watch(self) -> None:
        """Read the heads whenever a commit is announced, and now and then without."""
        while not self._stopping.is_set():
            try:
                with psycopg.connect(self._dsn, autocommit=True, connect_timeout=5) as connection:
                    connection.execute(LISTEN)
                    self._look(connection)
            except psycopg.Error as error:
                logger.warning(
                    "follower waits for the database",
                    extra={"reason": type(error).__name__},
                )
                self._stopping.wait(RECONNECT_SECONDS)

    def _look(self, connection: psycopg.Connection[Any]) -> None:
        while not self._stopping.is_set():
            heads = {row[0]: (row[1], row[2]) for row in connection.execute(HEADS, prepare=True)}
            with self._news:
                if heads != self._heads:
                    self._heads = heads
                    self._round += 1
                    self._news.notify_all()
            self._stopping.wait(REST_SECONDS)
            # Returns with the first announcement, those from during the rest included.
            for _ in connection.notifies(timeout=POLL_SECONDS, stop_after=1):
                pass

    def _follow(self, projection: Projected) -> None:
        progress = Progress(self._store, projection.name, projection.version)
        lanes: dict[int, Lane] = {}
        seen = -1
        while not self._stopping.is_set():
            with self._news:
                seen, heads = self._round, self._heads
            moved = False
            for log_id, (origin, size) in heads.items():
                lane = lanes.get(log_id)
                if lane is None:
                    most = self._batch * (DEEPER if projection.rests else 1)
                    lane = lanes[log_id] = Lane(projection, log_id, origin, progress, most)
                if lane.position < size and lane.due(monotonic()):
                    began = monotonic()
                    moved |= lane.step(size)
                    self._tell(lane)
                    if projection.rests and lane.position >= size:
                        self._stopping.wait(min(RESTS * (monotonic() - began), LONGEST_REST_SECONDS))
            if not moved:
                self._rest(seen)

    def _tell_database(self, statement: LiteralString, parameters: dict[str, str]) -> None:
        """End or wake the follower's own connections. A database that can not be reached has ended them already."""
        with suppress(psycopg.Error), psycopg.connect(self._login, autocommit=True, connect_timeout=5) as connection:
            connection.execute(statement, parameters)

    def _rest(self, seen: int) -> None:
        """Wait for news after the round that was seen; not for long, since a lane may be due to try again."""
        with self._news:
            self._news.wait_for(lambda: self._round != seen or self._stopping.is_set(), POLL_SECONDS)

    def _tell(self, lane: Lane) -> None:
        """Let those know who wait for a position."""
        key = (lane.log_id, lane.projection.name)
        with self._news:
            if self._reached.get(key, -1) != lane.position:
                self._reached[key] = lane.position
                self._news.notify_all()


def follower_dsn(dsn: str, schema: str = "projections") -> str:
    """Return the DSN with which a follower connects: its schema first, and commits that do not wait for the disk."""
    options = conninfo_to_dict(dsn).get("options") or ""
    session = f"-c role={ROLE} -c search_path={schema} -c synchronous_commit=off -c client_min_messages=warning"
    return make_conninfo(dsn, options=f"{options} {session}".strip())
