"""The writer of one log: takes whatever waits, commits it as one group, and resolves each caller's future.

There is no timer: groups grow under load because facts wait while the group before them commits, and an idle ledger
makes a fact wait for nobody. Two threads share the work. One prepares a group after what it remembers of the log; the
other commits it, which is mostly waiting for the database. A group is prepared ahead of the commit before it only when
many facts wait, since preparing few of them early would only make groups small.

The fast path is optimistic: it commits onto the size that it expects and finds repeats by their unique index. Whatever
goes wrong there has had no effect, and is done again on the sure path: under the lock of the log's head, looking for
repeats in a new statement.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from concurrent.futures import Future
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any

import psycopg

from ledger.errors import Conflict, Overloaded, Unavailable
from ledger.group import Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from psycopg import Connection

    from ledger.fact import Fact
    from ledger.group import Beside, Group
    from ledger.prepare import Preparer
    from ledger.recorder import LedgerRecorder

log = logging.getLogger(__name__)

GROUP_WEIGHT = 2_000
"""Subjects in a group at most, unless one request alone has more."""
PREPARE_AHEAD = 256
"""So many waiting subjects make it worth while to prepare a group during the commit before it."""
WAITING_WEIGHT = 400_000
"""Subjects that may wait; more are refused, so that memory stays bounded."""
PATIENCE_SECONDS = 20.0
"""How long a lost database is looked for before callers are told."""
RETRY_SECONDS = 0.2
IDLE_SECONDS = 0.5
NAMINGS = 5
"""How often a name is read again that another log's writer gave to somebody meanwhile."""
WARY_GROUPS = 16
"""After a repeat, so many groups look for repeats first: retries come in swarms."""


class Request:
    """One caller's facts: recorded together or not at all."""

    __slots__ = ("beside", "facts", "future", "weight")

    def __init__(self, facts: Sequence[Fact], beside: Beside | None = None) -> None:
        self.facts = facts
        self.beside = beside
        """What else happens in its transaction; it is then a group of its own, on the sure path."""
        self.future: Future[list[Receipt]] = Future()
        self.weight = sum(len(fact.about) for fact in facts)

    def settle(self, receipts: list[Receipt]) -> None:
        """Give the caller her receipts, if she still waits."""
        if not self.future.done():
            self.future.set_result(receipts)

    def fail(self, error: BaseException) -> None:
        """Give the caller an error, if she still waits."""
        if not self.future.done():
            self.future.set_exception(error)


class Flight:
    """A prepared group and whose it is."""

    __slots__ = ("group", "requests")

    def __init__(self, group: Group, requests: Sequence[Request]) -> None:
        self.group = group
        self.requests = requests

    def settle(self) -> None:
        """Hand out the receipts."""
        start = 0
        for request in self.requests:
            end = start + len(request.facts)
            request.settle(self.group.receipts[start:end])
            start = end


class Writer:
    """Writes one log. Any thread may submit; `start` and `close` are the owner's."""

    def __init__(self, recorder: LedgerRecorder, preparer: Preparer, connect: Callable[[], Connection[Any]]) -> None:
        """Name the parts.

        Args:
            recorder: Of the log to write.
            preparer: Of the same log; from now on this writer's own.
            connect: Opens a connection in autocommit mode, with tuple rows.
        """
        self._recorder = recorder
        self._preparer = preparer
        self._connect = connect
        self._reading: Connection[Any] | None = None
        self._committing: Connection[Any] | None = None
        self._condition = Condition()
        # Everything below is guarded by the condition.
        self._waiting: deque[Request] = deque()
        self._waiting_weight = 0
        self._flight: Flight | None = None
        self._crashed: Flight | None = None
        self._closing = False
        self._wary = 0
        self._threads = (
            Thread(target=self._prepare_groups, name=f"prepare-{recorder.log_id}", daemon=True),
            Thread(target=self._commit_groups, name=f"commit-{recorder.log_id}", daemon=True),
        )

    def start(self) -> None:
        """Begin to write."""
        for thread in self._threads:
            thread.start()

    @property
    def alive(self) -> bool:
        """Whether facts are still taken."""
        return all(thread.is_alive() for thread in self._threads)

    def close(self) -> None:
        """Write what waits, then stop."""
        with self._condition:
            self._closing = True
            self._condition.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        for connection in (self._reading, self._committing):
            if connection is not None:
                connection.close()

    def submit(self, facts: Sequence[Fact], beside: Beside | None = None) -> Future[list[Receipt]]:
        """Take facts, at least one, to be recorded together; the future brings a receipt each.

        Args:
            facts: One alone, if something is beside it.
            beside: What else happens in the transaction, and what forbids it (`Held`, through the future). It happens
                once: if the facts were recorded before, it was done then.

        Raises:
            Overloaded: Too much waits. Retry later.
            Unavailable: The writer has stopped.
        """
        request = Request(facts, beside)
        with self._condition:
            if self._closing or not self.alive:
                raise Unavailable("the writer has stopped")
            if self._waiting and self._waiting_weight + request.weight > WAITING_WEIGHT:
                raise Overloaded(f"{self._waiting_weight} facts wait already")
            self._waiting.append(request)
            self._waiting_weight += request.weight
            self._condition.notify_all()
        return request.future

    def _prepare_groups(self) -> None:
        """Run the preparing thread until closed and empty."""
        try:
            while self._next_group():
                pass
        finally:
            with self._condition:
                self._closing = True
                self._condition.notify_all()
                while self._waiting:
                    self._waiting.popleft().fail(Unavailable("the writer has stopped"))

    def _next_group(self) -> bool:
        """Move one group on; tell whether there may be another."""
        requests = self._take()
        flight = self._try_prepare(requests) if requests and not self._wary else None
        with self._condition:
            self._condition.wait_for(lambda: self._flight is None)
            crashed, self._crashed = self._crashed, None
            if flight is not None and crashed is None:
                self._flight = flight
                self._condition.notify_all()
                return True
        # Nothing is in flight, and what was prepared onto a group that crashed is worth nothing: in order, surely.
        self._wary = max(self._wary - 1, 0)
        if crashed is not None:
            self._surely(crashed.requests)
        if requests:
            self._surely(requests)
        return bool(requests) or crashed is not None

    def _take(self) -> list[Request]:
        """Wait for work; return requests up to a group's weight, or none after a crash and at the end."""
        with self._condition:
            self._condition.wait_for(
                lambda: (
                    (self._waiting and (self._flight is None or self._waiting_weight >= PREPARE_AHEAD))
                    or self._crashed is not None
                    or (self._closing and not self._waiting and self._flight is None)
                )
            )
            requests: list[Request] = []
            weight = 0
            while self._waiting and (not requests or weight + self._waiting[0].weight <= GROUP_WEIGHT):
                if requests and (self._waiting[0].beside is not None or requests[0].beside is not None):
                    break
                request = self._waiting.popleft()
                weight += request.weight
                requests.append(request)
            self._waiting_weight -= weight
            return requests

    def _try_prepare(self, requests: Sequence[Request]) -> Flight | None:
        """Prepare a group, or return None when it needs the sure path."""
        if requests[0].beside is not None:
            return None
        facts = [fact for request in requests for fact in request.facts]
        if any(fact.unlink is not None for fact in facts):
            return None
        if len({fact.repeat_key for fact in facts}) < len(facts):
            return None
        try:
            if self._reading is None:
                self._reading = self._connect()
            if self._flight is None:
                self._preparer.shrink()
            self._preparer.load(self._reading, facts)
            group = self._preparer.prepare(facts)
            if group.renames:
                self._preparer.forget()
                return None
            return Flight(group, requests)
        except Exception as error:  # noqa: BLE001 - whatever it was, the sure path tells whose it is
            log.info("preparing again under the lock", extra={"reason": type(error).__name__})
            self._preparer.forget()
            return None

    def _commit_groups(self) -> None:
        """Run the committing thread until the preparing one has ended."""
        preparing = self._threads[0]
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._flight or self._closing, timeout=IDLE_SECONDS)
                flight = self._flight
            if flight is None:
                if self._closing:
                    preparing.join(IDLE_SECONDS)
                    if not preparing.is_alive():
                        return
                continue
            crashed: Flight | None = None
            try:
                if self._committing is None:
                    self._committing = self._connect()
                self._recorder.commit(self._committing, flight.group)
            except Exception as error:  # noqa: BLE001 - whatever it was, the sure path tells what is true
                log.info("committing again under the lock", extra={"reason": type(error).__name__})
                crashed = flight
                self._committing = self._committing if _usable(self._committing) else None
                if isinstance(error, psycopg.errors.UniqueViolation):
                    self._wary = WARY_GROUPS
            else:
                flight.settle()
            with self._condition:
                self._flight, self._crashed = None, crashed
                self._condition.notify_all()

    def _surely(self, requests: Sequence[Request]) -> None:
        """Record requests on the sure path; one that can not be recorded fails alone.

        A lost database is looked for until patience ends. A commit whose answer was lost shows as repeats.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        beaten = 0
        while True:
            self._preparer.forget()
            try:
                if self._reading is None or self._reading.closed:
                    self._reading = self._connect()
                self._under_lock(self._reading, requests)
            except Exception as error:  # noqa: BLE001 - a lost session is tried again, all else is handed to its caller
                # Not only operational errors end a session: an idle transaction's time-out is an internal one.
                if isinstance(error, psycopg.errors.UniqueViolation) and beaten < NAMINGS:
                    # Repeats were looked for under the lock. Names of all logs are not under it: one of another log's
                    # people got this name since it was read.
                    beaten += 1
                    continue
                if not isinstance(error, psycopg.OperationalError) and _usable(self._reading):
                    self._halve(requests, error)
                    return
                if self._reading is not None:
                    self._reading.close()
                if time.monotonic() >= deadline or self._closing:
                    for request in requests:
                        request.fail(Unavailable(f"the database does not answer ({type(error).__name__})"))
                    return
                time.sleep(RETRY_SECONDS)
            else:
                return

    def _halve(self, requests: Sequence[Request], error: Exception) -> None:
        """Record the two halves of what could not be recorded together; of one request alone, say why."""
        if len(requests) == 1:
            requests[0].fail(error)
            return
        middle = len(requests) // 2
        self._surely(requests[:middle])
        self._surely(requests[middle:])

    def _under_lock(self, connection: Connection[Any], requests: Sequence[Request]) -> None:
        recorder, preparer = self._recorder, self._preparer
        recorder.lock(connection)
        try:
            # A new statement, hence a new snapshot: it sees what was committed while we waited for the lock.
            recorded = recorder.repeats(connection, [fact for request in requests for fact in request.facts])
            if recorded:
                self._wary = WARY_GROUPS
            fresh, plans = _plan(requests, recorded)
            group = None
            beside = requests[0].beside
            if fresh:
                if beside is not None:
                    recorder.guard(connection, beside)
                preparer.load(connection, fresh)
                group = preparer.prepare(fresh)
                recorder.commit(connection, group, beside)
            else:
                # A repeat is acknowledged like a first recording: only when it is durable.
                recorder.confirm(connection)
        except BaseException:
            recorder.abandon(connection)
            raise
        for request, steps in plans:
            request.settle([_receipt(step, group) for step in steps])


Step = tuple[int, bool] | Receipt
"""How a fact is answered: by the group's receipt at an index (and whether it is a repeat), or by the first receipt."""


def _plan(
    requests: Sequence[Request], recorded: Mapping[bytes, tuple[bytes, Receipt]]
) -> tuple[list[Fact], list[tuple[Request, list[Step]]]]:
    """Tell fresh facts from repeats, also within the group; a request with a conflict fails here, alone and whole."""
    fresh: list[Fact] = []
    plans: list[tuple[Request, list[Step]]] = []
    places: dict[bytes, tuple[bytes, int]] = {}
    for request in requests:
        steps: list[Step] = []
        conflicts: list[int] = []
        mine: dict[bytes, tuple[bytes, int]] = {}
        added: list[Fact] = []
        for index, fact in enumerate(request.facts):
            key = fact.repeat_key
            if key in recorded:
                content, receipt = recorded[key]
                steps.append(receipt)
            elif key in mine or key in places:
                content, place = mine[key] if key in mine else places[key]
                steps.append((place, True))
            else:
                content, place = fact.content, len(fresh) + len(added)
                mine[key] = content, place
                added.append(fact)
                steps.append((place, False))
            if content != fact.content:
                conflicts.append(index)
        if conflicts:
            request.fail(Conflict(conflicts))
            continue
        fresh += added
        places |= mine
        plans.append((request, steps))
    return fresh, plans


def _receipt(step: Step, group: Group | None) -> Receipt:
    if isinstance(step, Receipt):
        return step
    assert group is not None, "a fresh fact has a group"
    index, repeated = step
    return group.receipts[index]._replace(repeated=repeated)


def _usable(connection: Connection[Any] | None) -> bool:
    return connection is not None and not connection.closed and not connection.broken
