"""How many rows an answer about everybody has, so that whoever reads all of it knows how far she is.

Counted in the database by the same statements that find the rows, and at the same cost. Rows that follow from all that
counts about a person come and go: of those it is how many there were then, or as of the positions that are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

from projections import consenting, exposure, findings, impact, obligations, outdated, requests, retention
from projections.across import whole
from projections.earlier import pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from psycopg import Connection

    from projections.derived import Derived

COUNT: LiteralString = "SELECT count(*) FROM ({rows}) AS every"


# Nobody lives in two logs.
UNSEALED: LiteralString = """
    SELECT FROM ({rows}) AS o WHERE NOT EXISTS (
        SELECT FROM unnest(%(positions)s::bigint[], %(subjects)s::uuid[]) AS more (position, subject)
        WHERE more.position = o.position AND more.subject = o.subject
    )
"""


class Counted(NamedTuple):
    """One log's count."""

    rows: int


def exposed(
    connection: Connection[Any], recipient: str, since: datetime, until: datetime, as_of: Mapping[int, int]
) -> int:
    """Return how many rows `exposure.exposed` has in all; the arguments are its."""
    return _whole(connection, exposure.PAGE, exposure.window(recipient, since, until), as_of)


def agreed(connection: Connection[Any], wanted: impact.Wanted, as_of: Mapping[int, int]) -> int:
    """Return how many rows `impact.agreed` has in all; the arguments are its."""
    return _whole(connection, impact.AGREED, wanted.parameters, as_of)


def given(connection: Connection[Any], named: Sequence[str], as_of: Mapping[int, int], now: datetime) -> int:
    """Return how many rows `consenting.consenting` has in all; the arguments are its."""
    return sum(_whole(connection, consenting.GIVEN, consenting.parameters(purpose, now), as_of) for purpose in named)


def issued(
    connection: Connection[Any],
    logs: Iterable[int],
    since: datetime,
    sealed: Sequence[outdated.Outdated],
    as_of: Mapping[int, int] | None = None,
) -> int:
    """Return how many rows `outdated.across` has in all; the arguments are its."""
    more = [each for each in sealed if each.issued >= since]
    beside = {"positions": [each.position for each in more], "subjects": [each.subject for each in more]}
    return len(more) + sum(
        _derived(
            connection,
            outdated.OUTDATED,
            as_of,
            UNSEALED.replace("{rows}", outdated.ACROSS),
            outdated.parameters(log_id, since, None) | beside | {"limit": None},
        )
        for log_id in logs
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
            findings.statement(each, sealed=sealed),
            findings.parameters(each, log_id, None, 0, sealed=sealed) | {"limit": None},
        )
        for log_id in logs
        for each in wanted.apart()
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


def _whole(
    connection: Connection[Any], rows: LiteralString, wanted: Mapping[str, Any], as_of: Mapping[int, int]
) -> int:
    return sum(each.rows for each in whole(connection, COUNT.replace("{rows}", rows), Counted, wanted, as_of))


def _derived(
    connection: Connection[Any],
    derived: Derived,
    as_of: Mapping[int, int] | None,
    rows: LiteralString,
    wanted: Mapping[str, Any],
) -> int:
    counts = pieces(connection, derived, as_of, wanted["log_id"], COUNT.replace("{rows}", rows), wanted, Counted)
    return sum(each.rows for piece in counts for each in piece)
