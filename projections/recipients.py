"""Who ever received anything, and everybody whose data one recipient got between two times.

Reads what `disclosures` keeps, in every log: a recipient's people live in all of them. An answer over several logs
stands on one position each.
"""

from __future__ import annotations

from heapq import merge
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from projections.across import Cursor, start
from projections.projection import select

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from psycopg import Connection

# One recipient after the other by disclosure_recipient, skipping to the next name: never a scan of all disclosures.
KNOWN = """
    WITH RECURSIVE known (recipient) AS (
        (SELECT recipient FROM projections.disclosure WHERE log_id = %(log_id)s ORDER BY recipient LIMIT 1)
        UNION ALL
        SELECT (SELECT d.recipient FROM projections.disclosure AS d
                WHERE d.log_id = %(log_id)s AND d.recipient > k.recipient ORDER BY d.recipient LIMIT 1)
        FROM known AS k WHERE k.recipient IS NOT NULL
    )
    SELECT k.recipient, last.recipient_name, last.recipient_address, last.recipient_country, last.recipient_kind,
           last.recipient_role, last.time
    FROM known AS k
    CROSS JOIN LATERAL (
        SELECT recipient_name, recipient_address, recipient_country, recipient_kind, recipient_role, time
        FROM projections.disclosure AS d
        WHERE d.log_id = %(log_id)s AND d.recipient = k.recipient AND d.position <= %(as_of)s
          AND (NOT d.sealed OR %(cleared)s)
        ORDER BY d.time DESC, d.position DESC LIMIT 1
    ) AS last
"""
# By disclosure_recipient in its own order; a cohort's people by the primary key of ledger.member. Each disclosure
# gives at most one page of people, so a campaign costs what its page costs.
DISCLOSED_TO = """
    SELECT d.log_id, d.position, p.ordinal, p.subject, d.time, d.stated, d.precision, d.recipient_name,
           d.recipient_role, d.categories, d.purpose, d.basis, d.mode, d.cohort
    FROM projections.disclosure AS d
    CROSS JOIN LATERAL (
        (SELECT d.subject, 0 AS ordinal
         WHERE d.cohort IS NULL AND (d.time, d.position) > (%(time)s, %(position)s))
        UNION ALL
        (SELECT m.subject, m.ordinal
         FROM ledger.member AS m
         WHERE d.cohort IS NOT NULL AND m.log_id = d.log_id AND m.position = d.position
           AND m.ordinal > CASE WHEN (d.time, d.position) = (%(time)s, %(position)s) THEN %(ordinal)s ELSE -1 END
         ORDER BY m.ordinal LIMIT %(limit)s)
    ) AS p
    WHERE d.log_id = %(log_id)s AND d.recipient = %(recipient)s AND d.time >= %(since)s AND d.time < %(until)s
      AND d.position <= %(as_of)s AND (NOT d.sealed OR %(cleared)s)
      AND (d.time, d.position) >= (%(time)s, %(position)s)
    ORDER BY d.time, d.position, p.ordinal
    LIMIT %(limit)s
"""
# By disclosure_recipient.
TOTALS = """
    SELECT count(*), coalesce(sum(coalesce(cohort, 1)), 0)::bigint
    FROM projections.disclosure
    WHERE log_id = %(log_id)s AND recipient = %(recipient)s AND time >= %(since)s AND time < %(until)s
      AND position <= %(as_of)s AND (NOT sealed OR %(cleared)s)
"""


class Recipient(NamedTuple):
    """A recipient as it was when it last received something."""

    id: str
    name: str | None
    """None for a natural person."""
    address: str | None
    country: str | None
    kind: str
    role: str
    last: datetime
    """When it last received something."""


class Received(NamedTuple):
    """One person's data, received once."""

    log_id: int
    position: int
    ordinal: int
    """The person's place in a cohort; 0 if it was about one."""
    subject: UUID
    time: datetime
    stated: str
    """The time as the emitter wrote it."""
    precision: str
    recipient_name: str | None
    """Its name then."""
    recipient_role: str
    categories: list[str]
    purpose: str | None
    basis: str | None
    mode: str | None
    cohort: int | None

    @property
    def cursor(self) -> Cursor:
        """Its place in the answer."""
        return Cursor(self.time, self.log_id, self.position, self.ordinal)


class Totals(NamedTuple):
    """How much a recipient received."""

    disclosures: int
    receipts: int
    """A person counts once for each disclosure; those who were forgotten since count too."""


def known(connection: Connection[Any], as_of: Mapping[int, int], *, cleared: bool = False) -> list[Recipient]:
    """Return every recipient of anything, by id.

    Args:
        connection: A reader's.
        as_of: For each log the last position that is seen.
        cleared: Whether the reader may know of sealed disclosures.
    """
    newest: dict[str, Recipient] = {}
    for log_id, position in as_of.items():
        wanted = {"log_id": log_id, "as_of": position, "cleared": cleared}
        for row in select(connection, KNOWN, wanted, Recipient):
            if row.id not in newest or newest[row.id].last < row.last:
                newest[row.id] = row
    return [newest[name] for name in sorted(newest)]


def disclosed_to(
    connection: Connection[Any],
    recipient: str,
    since: datetime,
    until: datetime,
    as_of: Mapping[int, int],
    *,
    after: Cursor | None = None,
    limit: int = 100,
    cleared: bool = False,
) -> tuple[list[Received], Cursor | None]:
    """Return everybody whose data a recipient got between two times, oldest first, and the cursor to go on after.

    Args:
        connection: A reader's.
        recipient: The company's own reference for it.
        since: From this time on.
        until: Before this time.
        as_of: For each log the last position that is seen.
        after: The cursor of the page before.
        limit: The most rows, at least 1.
        cleared: Whether the reader may know of sealed disclosures.
    """
    found: list[list[Received]] = []
    for log_id, position in sorted(as_of.items()):
        wanted = {
            "log_id": log_id,
            "recipient": recipient,
            "since": since,
            "until": until,
            "as_of": position,
            "cleared": cleared,
            "limit": limit + 1,
        }
        found.append(
            select(
                connection,
                DISCLOSED_TO,
                wanted | start(since, log_id, after),
                Received,
            )
        )
    rows = list(merge(*found, key=attrgetter("cursor")))
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], rows[limit - 1].cursor


def totals(
    connection: Connection[Any],
    recipient: str,
    since: datetime,
    until: datetime,
    as_of: Mapping[int, int],
    *,
    cleared: bool = False,
) -> Totals:
    """Return how much a recipient received between two times; the arguments are those of `disclosed_to`."""
    window = {
        "recipient": recipient,
        "since": since,
        "until": until,
        "cleared": cleared,
    }
    found = [
        select(connection, TOTALS, window | {"log_id": log_id, "as_of": position}, Totals)[0]
        for log_id, position in as_of.items()
    ]
    return Totals(sum(each.disclosures for each in found), sum(each.receipts for each in found))
