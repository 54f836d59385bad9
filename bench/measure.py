"""Measuring: rates of ours and of the limit in turn, and the ratio of each pair.

The machine drifts and is shared; one rate alone means little. What counts is the ratio within a pair, and its spread.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    ours: float
    """Median; events a second unless the name says otherwise."""
    limit: float
    """Median of the limit or the peer, in the same unit."""
    ratio: tuple[float, float, float]
    """Minimum, median and maximum over the pairs."""
    target: str
    """What the ratio must reach: `>= 0.50` or `<= 1.75`."""
    runs: int

    @property
    def reached(self) -> bool:
        """Whether the median ratio meets the target."""
        sign, number = self.target.split()
        return self.ratio[1] >= float(number) if sign == ">=" else self.ratio[1] <= float(number)

    def json(self) -> dict[str, Any]:
        """Return the row as the results file has it."""
        return asdict(self) | {"ratio": [round(each, 3) for each in self.ratio]}


def compare(name: str, target: str, ours: Callable[[], float], limit: Callable[[], float], runs: int) -> Row:
    """Measure ours and the limit in turn, after one pair that does not count.

    Whichever of the two comes second finds a machine that the first one left: caches, dirty pages, a checkpoint of the
    database that is due. So each goes first in every other pair.

    Args:
        name: Of the row.
        target: Of the row.
        ours: Does the work once and returns its rate.
        limit: Does the limit's or the peer's work once and returns its rate.
        runs: Pairs that count, at least 1.
    """
    ours()
    limit()
    pairs: list[tuple[float, float]] = []
    for number in range(runs):
        if number % 2:
            other = limit()
            pairs.append((ours(), other))
        else:
            pairs.append((ours(), limit()))
    return row(name, target, pairs)


def row(name: str, target: str, pairs: list[tuple[float, float]]) -> Row:
    """Return the row of measured pairs (ours, limit)."""
    ratios = sorted(mine / other for mine, other in pairs)
    return Row(
        name,
        median(mine for mine, _ in pairs),
        median(other for _, other in pairs),
        (ratios[0], median(ratios), ratios[-1]),
        target,
        len(pairs),
    )


class Clock:
    """Times a block of work."""

    def __enter__(self) -> Self:
        self.started = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self.started


def table(rows: list[Row]) -> str:
    """Lay the rows out for a terminal."""
    head = ("what", "ours", "limit", "ratio min / median / max", "must reach", "")
    lines = [
        (
            each.name,
            f"{each.ours:,.0f}" if each.ours >= 100 else f"{each.ours:.2f}",
            f"{each.limit:,.0f}" if each.limit >= 100 else f"{each.limit:.2f}",
            " / ".join(f"{number:.2f}" for number in each.ratio),
            each.target,
            "" if each.reached else "short",
        )
        for each in rows
    ]
    widths = [max(len(line[column]) for line in (head, *lines)) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (head, *lines)
    )
