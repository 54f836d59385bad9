"""How many rows an answer about everybody has, so that whoever reads all of it knows how far she is.

Counted in the database by the same statements that find the rows, and at the same cost. Rows that follow from all that
counts about a person come and go: of those it is how many there were then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

from projections import exposure, findings, obligations, retention
from projections.across import clearance, start
from projections.projection import select

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from psycopg import Connection

COUNT: LiteralString = "SELECT count(*) FROM ({rows}) AS every"


class Counted(NamedTuple):
    """One log's count."""

    rows: int


def exposed(
    connection: Connection[Any], recipient: str, since: datetime, until: datetime, as_of: Mapping[int, int]
) -> int:
    """Return how many rows `exposure.exposed` has in all; the arguments are its."""
    wanted = {"recipient": recipient, "since": since, "until": until, "limit": None} | clearance(())
    return sum(
        _count(
            connection,
            exposure.PAGE,
            wanted | {"log_id": log_id, "as_of": position} | start(exposure.BEGINNING, log_id, None),
        )
        for log_id, position in as_of.items()
    )


def found(connection: Connection[Any], logs: Iterable[int], wanted: findings.Wanted) -> int:
    """Return how many rows `findings.across` has in all; the arguments are its."""
    sights = (False, True) if wanted.seals is None or wanted.seals else (False,)
    return sum(
        _count(
            connection,
            findings.statement(each, sealed=sealed),
            findings.parameters(each, log_id, None, 0, sealed=sealed) | {"limit": None},
        )
        for log_id in logs
        for each in wanted.apart()
        for sealed in sights
    )


def kept(connection: Connection[Any], logs: Iterable[int], wanted: retention.Wanted) -> int:
    """Return how many rows `retention.across` has in all; the arguments are its."""
    return sum(
        _count(
            connection,
            retention.STATEMENTS[wanted.which],
            retention.parameters(log_id, wanted, retention.FIRST) | {"limit": None},
        )
        for log_id in logs
    )


def owed(connection: Connection[Any], logs: Iterable[int], now: datetime, wanted: obligations.Filter) -> int:
    """Return how many rows `obligations.found` has in all, without what is beside them; the arguments are its."""
    return sum(
        _count(
            connection,
            obligations.statement(wanted),
            obligations.parameters(log_id, now, wanted, obligations.BEGIN, None),
        )
        for log_id in logs
    )


def _count(connection: Connection[Any], rows: LiteralString, wanted: Mapping[str, Any]) -> int:
    return select(connection, COUNT.replace("{rows}", rows), wanted, Counted)[0].rows
