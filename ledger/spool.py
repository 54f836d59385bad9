"""Sorting more records than memory holds: sorted runs, in unnamed files once they are long, merged when read."""

from __future__ import annotations

from heapq import merge
from tempfile import SpooledTemporaryFile, TemporaryFile
from typing import IO, TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_RUNS = 64
"""Of about the same length, before they are merged into one that is longer: bounds open files and memory."""
IN_MEMORY_BYTES = 1 << 18
"""Of one run; a longer one goes to a file."""
READ_RECORDS = 1_000


class Spool:
    """Records of one length, given in sorted runs, read back sorted. Not for several threads.

    Its files have no names: whatever ends the process, the system removes them.
    """

    def __init__(self, size: int) -> None:
        """Begin empty; a record has `size` bytes."""
        self._size = size
        self._levels: list[list[IO[bytes]]] = [[]]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for runs in self._levels:
            for run in runs:
                run.close()

    def add(self, records: bytes) -> None:
        """Add a sorted run of records."""
        if not records:
            return
        run = SpooledTemporaryFile[bytes](max_size=IN_MEMORY_BYTES)
        run.write(records)
        self._levels[0].append(run)
        level = 0
        while len(self._levels[level]) == MOST_RUNS:
            self._lengthen(level)
            level += 1

    def _lengthen(self, level: int) -> None:
        """Make one run out of those of a level."""
        runs, self._levels[level] = self._levels[level], []
        # A file at once: what is written as one iterable is kept in memory until its end otherwise.
        longer = TemporaryFile()  # noqa: SIM115 - closed with the spool
        longer.writelines(merge(*map(self._records, runs)))
        for run in runs:
            run.close()
        if level + 1 == len(self._levels):
            self._levels.append([])
        self._levels[level + 1].append(longer)

    def __iter__(self) -> Iterator[bytes]:
        """Yield all records, sorted; a second time from the beginning. Nothing may be added meanwhile."""
        return merge(*(self._records(run) for runs in self._levels for run in runs))

    def _records(self, run: IO[bytes]) -> Iterator[bytes]:
        run.seek(0)
        size = self._size
        while block := run.read(size * READ_RECORDS):
            for start in range(0, len(block), size):
                yield block[start : start + size]
