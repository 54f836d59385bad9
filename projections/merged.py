"""Rows that are merged from many facts, and tell exactly what they told at any earlier position.

A merged row is of one block of positions of its log, and keeps the last position that it was merged from. An answer as
of a position takes the rows of all blocks before it as they are. Only if its own block holds more by now, the entries
of that block are folded again, up to the position: so an answer never costs more than the newest one and one block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple, TypeVar

from psycopg.rows import scalar_row

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping
    from datetime import datetime

    from psycopg import Connection

Name = TypeVar("Name", bound="Hashable")

BLOCK = 65_536
"""Positions of a block; statements that merge rows divide by the same number. Every log's last one may be begun."""
# By primary key, which begins with log and block.
LAST: LiteralString = "SELECT max(upto) FROM projections.{table} WHERE log_id = %(log_id)s AND block = %(block)s"


class Seen(NamedTuple):
    """How far an answer sees into a log."""

    log_id: int
    whole: int
    """Rows that were merged from nothing behind this position count as they are."""
    as_of: int
    """Entries behind `whole`, up to here, are folded again."""


class Span(NamedTuple):
    """How many facts, and from when to when."""

    facts: int
    first: datetime
    last: datetime


def seen(connection: Connection[Any], table: LiteralString, as_of: Mapping[int, int]) -> list[Seen]:
    """Return how far an answer sees into each log.

    Args:
        connection: A reader's, see `projection.at_once`.
        table: Of merged rows; it has one in every block in which anything was merged.
        as_of: For each log the last position that is seen.
    """
    return [Seen(log_id, _whole(connection, table, log_id, position), position) for log_id, position in as_of.items()]


def _whole(connection: Connection[Any], table: LiteralString, log_id: int, position: int) -> int:
    block = position // BLOCK
    with connection.cursor(row_factory=scalar_row) as cursor:
        wanted = {"log_id": log_id, "block": block}
        last = cursor.execute(LAST.replace("{table}", table), wanted, prepare=True).fetchone()
    return position if last is None or last <= position else block * BLOCK - 1


def united(spans: Iterable[tuple[Name, Span]]) -> dict[Name, Span]:
    """Return one span for each name."""
    found: dict[Name, Span] = {}
    for name, each in spans:
        known = found.get(name, each._replace(facts=0))
        found[name] = Span(known.facts + each.facts, min(known.first, each.first), max(known.last, each.last))
    return found
