"""Progress on standard error: a bar on a terminal, a line now and then elsewhere, nothing for what is quick."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

QUIET_SECONDS = 1.0
LINE_SECONDS = 5.0


class Progress:
    """Shows how far something is. Belongs to one thread."""

    def __init__(self, what: str, total: int | None = None) -> None:
        self._what = what
        self.total = total
        """How much there is to do; None while that is not known."""
        self._began = self._told = time.monotonic()
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, done: int, note: str = "") -> None:
        """Show that so much is done, of the total if there is one."""
        now = time.monotonic()
        if now - self._began < QUIET_SECONDS:
            return
        if sys.stderr.isatty():
            self._show_bar(done, note)
        elif now - self._told >= LINE_SECONDS:
            self._told = now
            sys.stderr.write(f"{self._what}: {done}{f' of {self.total}' if self.total else ''}{note and ', ' + note}\n")
            sys.stderr.flush()

    def _show_bar(self, done: int, note: str) -> None:
        if self._bar is None:
            from rich.console import Console  # noqa: PLC0415 - half of the start-up time, and only here
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
            from rich.progress import Progress as Bar  # noqa: PLC0415

            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[note]}"),
            )
            self._bar = Bar(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(self._what, total=self.total, note="")
        if self._task is not None:
            self._bar.update(self._task, completed=done, total=self.total, note=note)
