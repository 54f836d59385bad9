"""Shares the rows that one document may have among its tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from api.report.blocks import Small
from api.report.wording import Wording

MOST_ROWS = 2_000
"""Detail rows in one PDF: about one second of typesetting. The attached JSON has every row."""

_Row = TypeVar("_Row")


class Cap(NamedTuple):
    """How many rows one table may show."""

    most: int

    def shown(self, rows: Sequence[_Row]) -> Sequence[_Row]:
        """Return the first rows, as many as fit."""
        return rows[: self.most]

    def notice(self, total: int, wording: Wording) -> list[Small]:
        """Return the sentence that says rows are missing, if any are."""
        if total <= self.most:
            return []
        shown, every = wording.number(self.most), wording.number(total)
        return [Small(wording.say("cut.rows", shown=shown, n=every))]


def share(sizes: Sequence[int], most: int = MOST_ROWS) -> list[Cap]:
    """Give each table an equal part of the rows; what a short table leaves goes to the others."""
    caps = [0] * len(sizes)
    left = most
    waiting = sorted(range(len(sizes)), key=lambda index: (sizes[index], index))
    for place, index in enumerate(waiting):
        caps[index] = min(sizes[index], left // (len(waiting) - place))
        left -= caps[index]
    return [Cap(cap) for cap in caps]
