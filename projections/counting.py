"""How many rows an answer about everybody has, so that whoever reads all of it knows how far she is.

Counted in the database by the same statements that find the rows, and at the same cost. Rows that follow from all that
counts about a person come and go: of those it is how many there were then, or as of the positions that are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

from projections import exposure, findings, obligations, requests, retention
from projections.across import clearance, start
from projections.earlier import pieces
from projections.projection import select

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from psycopg import Connection

    from projections.derived import Derived

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


def found(
    connection: Connection[Any],
    logs: Iterable[int],
    wanted: findings.Wanted,
    as_of: Mapping[int, int] | None = None,
) -> int:
    """Return how many rows `findings.across` has in all; the arguments are its."""
    sights = (False, True) if wanted.seals is None or wanted.seals else (False,)
    return sum(
        _derived(
            connection,
            findings.FINDINGS,
            as_of,
            findings.statement(wanted, sealed=sealed),
            findings.parameters(wanted, log_id, None, 0, sealed=sealed) | {"limit": None},
        )
        for log_id in logs
        for sealed in sights
    )


def kept(
    connection: Connection[Any],
    logs: Iterable[int],
    wanted: retention.Wanted,
    as_of: Mapping[int, int] | None = None,
) -> int:
    """Return how many rows `retention.across` has in all; the arguments are its."""
    return sum(
        _derived(
            connection,
            retention.RETENTION,
            as_of,
            retention.STATEMENTS[wanted.which],
            retention.parameters(log_id, wanted, retention.FIRST) | {"limit": None},
        )
        for log_id in logs
    )


def requested(
    connection: Connection[Any],
    logs: Iterable[int],
    now: datetime,
    wanted: requests.Filter,
    as_of: Mapping[int, int] | None = None,
) -> int:
    """Return how many rows `requests.found` has in all; the arguments are its."""
    return sum(
        _derived(
            connection,
            requests.REQUESTS,
            as_of,
            requests.statement(wanted),
            requests.parameters(log_id, now, wanted, requests.BEGIN, None),
        )
        for log_id in logs
    )


def owed(
    connection: Connection[Any],
    logs: Iterable[int],
    now: datetime,
    wanted: obligations.Filter,
    as_of: Mapping[int, int] | None = None,
) -> int:
    """Return how many rows `obligations.found` has in all, without what is beside them; the arguments are its."""
    return sum(
        _derived(
            connection,
            obligations.OBLIGATIONS,
            as_of,
            obligations.statement(wanted),
            obligations.parameters(log_id, now, wanted, obligations.BEGIN, None),
        )
        for log_id in logs
    )


def _count(connection: Connection[Any], rows: LiteralString, wanted: Mapping[str, Any]) -> int:
    return select(connection, COUNT.replace("{rows}", rows), wanted, Counted)[0].rows


def _derived(
    connection: Connection[Any],
    derived: Derived,
    as_of: Mapping[int, int] | None,
    rows: LiteralString,
    wanted: Mapping[str, Any],
) -> int:
    counts = pieces(connection, derived, as_of, wanted["log_id"], COUNT.replace("{rows}", rows), wanted, Counted)
    return sum(each.rows for piece in counts for each in piece)
