"""Who ever received anything, and everybody whose data one recipient got between two times.

Reads what `disclosures` keeps, in every log: a recipient's people live in all of them. An answer over several logs
stands on one position each.

What an order forbids to tell is told to the cleared alone, and to everybody from the order's end on. Each sealed row is
looked at by itself, since of several people that a fact is about each has a seal of her own.
"""

from __future__ import annotations

from heapq import merge
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from projections.projection import select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from psycopg import Connection

# By the primary key of ledger.opened.
VISIBLE = """(%(everything)s OR {stream} = ANY (%(cleared)s::uuid[]) OR EXISTS (
              SELECT FROM ledger.opened AS o
              WHERE o.log_id = d.log_id AND o.stream = {stream} AND o.position <= %(as_of)s
          ))"""
# By the primary key of ledger.member.
AMONG = """EXISTS (
              SELECT FROM ledger.member AS m
              WHERE d.cohort IS NOT NULL AND m.log_id = d.log_id AND m.position = d.position AND {visible}
          )"""
# Who is to be forgotten, by her own stream or by one that an ended order opened.
REVOKED = """EXISTS (
              SELECT FROM ledger.revoked AS r
              WHERE r.log_id = d.log_id AND r.subject IN ({stream}, (
                  SELECT o.subject FROM ledger.opened AS o WHERE o.log_id = d.log_id AND o.stream = {stream}
              ))
          )"""
ALONE = VISIBLE.replace("{stream}", "d.subject")
AMONG_THEM = AMONG.replace("{visible}", VISIBLE.replace("{stream}", "m.subject"))
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
          AND (NOT d.sealed OR {alone} OR {among_them})
        ORDER BY d.time DESC, d.position DESC LIMIT 1
    ) AS last
""".replace("{alone}", ALONE).replace("{among_them}", AMONG_THEM)
# By disclosure_recipient in its own order; a cohort's people by the primary key of ledger.member. Each disclosure
# gives at most one page of people, so a campaign costs what its page costs. Who is to be forgotten is nobody.
DISCLOSED_TO = (
    """
    SELECT d.log_id, d.position, p.ordinal, coalesce(t.subject, p.subject) AS subject, d.time, d.stated,
           d.precision, d.recipient_name, d.recipient_role, d.categories, d.purpose, d.basis, d.mode, d.cohort,
           d.sealed AND t.subject IS NULL AS sealed
    FROM projections.disclosure AS d
    CROSS JOIN LATERAL (
        (SELECT d.subject, 0 AS ordinal
         WHERE d.cohort IS NULL AND (d.time, d.position) > (%(time)s, %(position)s) AND (NOT d.sealed OR {alone})
           AND NOT {revoked_alone})
        UNION ALL
        (SELECT m.subject, m.ordinal
         FROM ledger.member AS m
         WHERE d.cohort IS NOT NULL AND m.log_id = d.log_id AND m.position = d.position
           AND m.ordinal > CASE WHEN (d.time, d.position) = (%(time)s, %(position)s) THEN %(ordinal)s ELSE -1 END
           AND (NOT d.sealed OR {member}) AND NOT {revoked_member}
         ORDER BY m.ordinal LIMIT %(limit)s)
    ) AS p
    LEFT JOIN ledger.opened AS t
      ON d.sealed AND t.log_id = d.log_id AND t.stream = p.subject AND t.position <= %(as_of)s
    WHERE d.log_id = %(log_id)s AND d.recipient = %(recipient)s AND d.time >= %(since)s AND d.time < %(until)s
      AND d.position <= %(as_of)s
      AND (d.time, d.position) >= (%(time)s, %(position)s)
    ORDER BY d.time, d.position, p.ordinal
    LIMIT %(limit)s
""".replace("{alone}", ALONE)
    .replace("{member}", VISIBLE.replace("{stream}", "m.subject"))
    .replace("{revoked_alone}", REVOKED.replace("{stream}", "d.subject"))
    .replace("{revoked_member}", REVOKED.replace("{stream}", "m.subject"))
)
# By disclosure_recipient. Of several people behind seals, those count who may be told.
TOTALS = """
    SELECT count(*), coalesce(sum(n.people), 0)::bigint
    FROM projections.disclosure AS d
    CROSS JOIN LATERAL (
        SELECT CASE WHEN NOT d.sealed THEN coalesce(d.cohort, 1)
                    WHEN d.cohort IS NULL THEN CASE WHEN {alone} THEN 1 ELSE 0 END
                    ELSE (SELECT count(*) FROM ledger.member AS m
                          WHERE m.log_id = d.log_id AND m.position = d.position AND {member})
               END AS people
    ) AS n
    WHERE d.log_id = %(log_id)s AND d.recipient = %(recipient)s AND d.time >= %(since)s AND d.time < %(until)s
      AND d.position <= %(as_of)s AND n.people > 0
""".replace("{alone}", ALONE).replace("{member}", VISIBLE.replace("{stream}", "m.subject"))


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


class Cursor(NamedTuple):
    """Where a page ended: times may be equal, across logs too."""

    time: datetime
    log_id: int
    position: int
    ordinal: int


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
    sealed: bool
    """Whether an order forbids telling it: then `subject` is the sealed stream."""

    @property
    def cursor(self) -> Cursor:
        """Its place in the answer."""
        return Cursor(self.time, self.log_id, self.position, self.ordinal)


class Totals(NamedTuple):
    """How much a recipient received."""

    disclosures: int
    receipts: int
    """A person counts once for each disclosure; one forgotten since, only where she was told of among several."""


def known(
    connection: Connection[Any], as_of: Mapping[int, int], *, cleared: Sequence[str] | None = ()
) -> list[Recipient]:
    """Return every recipient of anything, by id.

    Args:
        connection: A reader's.
        as_of: For each log the last position that is seen.
        cleared: Sealed streams that the reader may know of; None for all.
    """
    newest: dict[str, Recipient] = {}
    for log_id, position in as_of.items():
        wanted = {"log_id": log_id, "as_of": position} | _clearance(cleared)
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
    cleared: Sequence[str] | None = (),
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
        cleared: Sealed streams that the reader may know of; None for all.
    """
    found: list[list[Received]] = []
    for log_id, position in sorted(as_of.items()):
        wanted = {
            "log_id": log_id,
            "recipient": recipient,
            "since": since,
            "until": until,
            "as_of": position,
            "limit": limit + 1,
        } | _clearance(cleared)
        found.append(
            select(
                connection,
                DISCLOSED_TO,
                wanted | _start(since, log_id, after),
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
    cleared: Sequence[str] | None = (),
) -> Totals:
    """Return how much a recipient received between two times; the arguments are those of `disclosed_to`."""
    window = {
        "recipient": recipient,
        "since": since,
        "until": until,
    } | _clearance(cleared)
    found = [
        select(connection, TOTALS, window | {"log_id": log_id, "as_of": position}, Totals)[0]
        for log_id, position in as_of.items()
    ]
    return Totals(sum(each.disclosures for each in found), sum(each.receipts for each in found))


def _clearance(streams: Sequence[str] | None) -> dict[str, Any]:
    return {"everything": streams is None, "cleared": list(streams or ())}


def _start(since: datetime, log_id: int, after: Cursor | None) -> dict[str, Any]:
    """Return where a log's rows go on: the page before ended in one log, and passed all others at the same time."""
    if after is None:
        return {"time": since, "position": 0, "ordinal": -1}
    if log_id == after.log_id:
        return {
            "time": after.time,
            "position": after.position,
            "ordinal": after.ordinal,
        }
    if log_id < after.log_id:
        # At the cursor's time, lower logs come first and are done.
        return {"time": after.time, "position": LAST_POSITION, "ordinal": 0}
    return {"time": after.time, "position": 0, "ordinal": -1}


LAST_POSITION = 2**63 - 1
