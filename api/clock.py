"""What the clocks of the serving process have in common: a thread that looks once in a while, from `start` to `stop`.

The snapshots have a rhythm of their own (`api.snapshot_clock`): theirs follows from what is recorded.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from threading import Event, Thread


class Clock(ABC):
    """Takes a turn every few seconds. Several processes may each have one; a turn is safe to take again."""

    def __init__(self, name: str, seconds: float) -> None:
        """Wind it up.

        Args:
            name: Of its thread.
            seconds: Between two turns.
        """
        self._seconds = seconds
        self._stopping = Event()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; the first turn comes after the first pause."""
        self._thread.start()

    def stop(self) -> None:
        """End after what it is at."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._seconds):
            self.turn()

    @abstractmethod
    def turn(self) -> None:
        """Look once. Whatever goes wrong (a lost database) is logged by its type, and the clock goes on."""
