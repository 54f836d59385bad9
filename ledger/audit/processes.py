"""A pool of processes that do pieces of an audit; with one job, the caller's own process."""

from __future__ import annotations

import os
import signal
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import TYPE_CHECKING, Self, TypeVar

from ledger.audit.piece import leave

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Task = TypeVar("Task")
Done = TypeVar("Done")


class Processes:
    """Runs tasks in parallel and yields what they return in their order. Belongs to one thread."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        # Not forked: a copy of a process with threads may wait for a lock that nobody holds.
        self._pool = (
            ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_begin) if jobs > 1 else None
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        leave()
        if self._pool is not None:
            self._pool.shutdown(wait=kind is None, cancel_futures=True)

    def each(self, do: Callable[[Task], Done], tasks: Iterable[Task]) -> Iterator[Done]:
        """Yield what each task returns; a few are under way ahead of the one that is waited for."""
        if self._pool is None:
            yield from map(do, tasks)
            return
        under_way: deque[Future[Done]] = deque()
        for task in tasks:
            under_way.append(self._pool.submit(do, task))
            if len(under_way) > 2 * self.jobs:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _begin() -> None:
    """Let Ctrl-C end the parent alone, and end with it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(1)

        Thread(target=watch, daemon=True).start()
