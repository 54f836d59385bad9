"""One request whose facts belong to several logs: a part to each, and one answer when all of them have theirs.

Each log records its part in a transaction of its own. Crash between two: the caller, who has no answer, sends all of it
again, and what one log has recorded already is a repeat.
"""

from __future__ import annotations

from concurrent.futures import Future
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from ledger.errors import Conflict, LedgerError, Unavailable
from ledger.group import Receipt
from ledger.prepare import Moved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.fact import Fact
    from ledger.route import Directory
    from ledger.writer import Writer

ROUTINGS = 3
"""How often a request is routed again because a reference moved meanwhile."""


class Spread:
    """One request over several logs: a part to each, and one future for all."""

    def __init__(self, directory: Directory, writers: Sequence[Writer], facts: Sequence[Fact]) -> None:
        self.future: Future[list[Receipt]] = Future()
        self._directory = directory
        self._writers = writers
        self._facts = facts
        self._lock = Lock()
        self._routings = 0
        self._start()

    def _start(self) -> None:
        self._routings += 1
        self._parts = self._directory.route(self._facts)
        self._missing = len(self._parts)
        self._results: dict[int, list[Receipt]] = {}
        self._errors: list[BaseException] = []
        for log_id, part in self._parts.items():
            try:
                submitted = self._writers[log_id].submit([fact for _, fact in part])
            except LedgerError as error:
                # Another log may have taken its part already: the caller's retry completes it.
                submitted = Future[list[Receipt]]()
                submitted.set_exception(error)
            submitted.add_done_callback(partial(self._arrived, log_id))

    def _arrived(self, log_id: int, done: Future[list[Receipt]]) -> None:
        error = done.exception()
        with self._lock:
            if error is None:
                self._results[log_id] = done.result()
            elif isinstance(error, Conflict):
                # The part's places are not the request's.
                self._errors.insert(0, Conflict([self._parts[log_id][index][0] for index in error.indexes]))
            else:
                self._errors.append(error)
            self._missing -= 1
            if self._missing:
                return
        if not self._errors:
            self.future.set_result(self._receipts())
        elif all(isinstance(each, Moved) for each in self._errors) and self._routings < ROUTINGS:
            # What another log recorded already shows as a repeat.
            self._start()
        else:
            # A name that moves ever again is a moment's trouble, and nothing of that part is recorded.
            first = self._errors[0]
            self.future.set_exception(Unavailable("a name moves between logs") if isinstance(first, Moved) else first)

    def _receipts(self) -> list[Receipt]:
        found: dict[int, list[Receipt]] = {}
        for log_id in sorted(self._parts):
            for (index, _), receipt in zip(self._parts[log_id], self._results[log_id], strict=True):
                found.setdefault(index, []).append(receipt)
        return [
            found[index][0]._replace(parts=tuple(found[index][1:])) if len(found[index]) > 1 else found[index][0]
            for index in range(len(self._facts))
        ]
