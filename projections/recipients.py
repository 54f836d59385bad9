"""Who ever received anything, and everybody whose data one recipient got between two times.

Reads what `disclosures` keeps, in every log: a recipient's people live in all of them. An answer over several logs
stands on one position each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

from projections.across import SAID, Cursor, added, clearance, page, people, whole
from projections.projection import select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from psycopg import Connection

READ = ("disclosures", "corrections")
"""The projections that an answer about one recipient stands on."""
# By the primary key of ledger.opened.
VISIBLE: LiteralString = """(%(everything)s OR {stream} = ANY (%(cleared)s::uuid[]) OR EXISTS (
              SELECT FROM ledger.opened AS o
              WHERE o.log_id = d.log_id AND o.stream = {stream} AND o.position <= %(as_of)s
          ))"""
# By the primary key of ledger.member.
AMONG: LiteralString = """EXISTS (
              SELECT FROM ledger.member AS m
              WHERE d.cohort IS NOT NULL AND m.log_id = d.log_id AND m.position = d.position AND {visible}
          )"""
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
""".replace("{alone}", VISIBLE.replace("{stream}", "d.subject")).replace(
    "{among_them}", AMONG.replace("{visible}", VISIBLE.replace("{stream}", "m.subject"))
)
# By disclosure_recipient in its own order; people by the piece that names them.
DISCLOSED_TO: LiteralString = """
    SELECT d.log_id, d.position, p.ordinal, p.subject, d.time, d.stated, d.precision, d.recipient_name,
           d.recipient_role, d.categories, d.purpose, d.basis, d.mode, d.cohort, d.through, p.sealed
    FROM projections.disclosure AS d
    CROSS JOIN LATERAL ({said}) AS said
    CROSS JOIN LATERAL ({people}) AS p
    WHERE d.log_id = %(log_id)s AND d.recipient = %(recipient)s AND d.time >= %(since)s AND d.time < %(until)s
      AND d.position <= %(as_of)s AND (d.time, d.position) >= (%(time)s, %(position)s)
      AND (%(category)s::text IS NULL OR d.categories ? %(category)s)
      AND (%(purpose)s::text IS NULL OR d.purpose = %(purpose)s)
    ORDER BY d.time, d.position, p.ordinal
    LIMIT %(limit)s
""".replace("{said}", SAID).replace("{people}", people())
# The whole answer once: people in all, for each category and for each purpose.
TOTALS: LiteralString = """
    SELECT c.category, x.purpose, grouping(c.category, x.purpose), count(DISTINCT x.position),
           count(DISTINCT (x.position, x.ordinal)), count(DISTINCT x.subject)
    FROM ({rows}) AS x
    LEFT JOIN LATERAL jsonb_array_elements_text(x.categories) AS c (category) ON true
    GROUP BY GROUPING SETS ((), (c.category), (x.purpose))
""".replace("{rows}", DISCLOSED_TO)
NEITHER, CATEGORY, PURPOSE = 3, 1, 2
"""What a row of totals is over, as the database numbers it."""


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
    through: str | None
    """Who passed it on, if it was not us."""
    sealed: bool
    """Whether an order forbids telling it: then `subject` is the sealed stream."""


class Totals(NamedTuple):
    """How much a recipient received."""

    disclosures: int
    receipts: int
    """A person counts once for each disclosure."""
    people: int
    """Each counts once."""
    categories: dict[str, int]
    """How many people's, by category."""
    purposes: dict[str, int]
    """The same by purpose; the name of none is empty."""


class Counted(NamedTuple):
    """One row of totals: over all, over a category or over a purpose."""

    category: str | None
    purpose: str | None
    over: int
    disclosures: int
    receipts: int
    people: int


class Only(NamedTuple):
    """Which disclosures are wanted; None for any."""

    category: str | None = None
    purpose: str | None = None


ANY = Only()


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
        wanted = {"log_id": log_id, "as_of": position} | clearance(cleared)
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
    only: Only = ANY,
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
        only: Which disclosures are wanted.
        cleared: Sealed streams that the reader may know of; None for all.
    """
    window = {"recipient": recipient, "since": since, "until": until} | only._asdict() | clearance(cleared)
    return page(connection, DISCLOSED_TO, Received, window, as_of, since=since, after=after, limit=limit)


def totals(
    connection: Connection[Any],
    recipient: str,
    since: datetime,
    until: datetime,
    as_of: Mapping[int, int],
    *,
    only: Only = ANY,
    cleared: Sequence[str] | None = (),
) -> Totals:
    """Return how much a recipient received between two times; the arguments are those of `disclosed_to`.

    Costs what the whole answer costs. Who was forgotten since, or is to be, does not count.
    """
    window = {"recipient": recipient, "since": since, "until": until} | only._asdict() | clearance(cleared)
    found = whole(connection, TOTALS, Counted, window, as_of, since=since)
    every = [row for row in found if row.over == NEITHER]
    return Totals(
        sum(row.disclosures for row in every),
        sum(row.receipts for row in every),
        sum(row.people for row in every),
        # Nobody lives in two logs.
        added({row.category or "": row.people} for row in found if row.over == CATEGORY),
        added({row.purpose or "": row.people} for row in found if row.over == PURPOSE),
    )
