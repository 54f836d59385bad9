"""Whom a change of a policy touches: who agreed to which version, and how; and who was never shown one.

Deemed assent stays deemed. Whoever agreed to another version, and to this one never, was never shown it as far as is
known.

Source: PIPEDA Schedule 1, 4.2.4 and 4.3; P-39.1, s. 14.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

from projections.across import HERS, SAID, Cursor, added, clearance, page, people, whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from psycopg import Connection

READ = ("policies", "corrections")
"""The projections that the answer stands on."""
# Hers by primary key; a cohort's by member_subject, then assent_cohort.
LACKING: LiteralString = """{hers}
    CROSS JOIN LATERAL (
        SELECT WHERE NOT %(lacking)s OR NOT EXISTS (
            SELECT FROM projections.assent AS a
            WHERE a.log_id = d.log_id AND a.subject = ANY (hers.streams) AND a.policy = d.policy
              AND a.version = %(version)s AND a.position <= %(as_of)s
              AND (%(valid_at)s::timestamptz IS NULL OR a.time <= %(valid_at)s)
        ) AND NOT EXISTS (
            SELECT FROM ledger.member AS of
            JOIN projections.assent AS a
              ON a.log_id = of.log_id AND a.position = of.position AND a.cohort IS NOT NULL
            WHERE of.log_id = d.log_id AND of.subject = ANY (hers.streams) AND a.policy = d.policy
              AND a.version = %(version)s AND a.position <= %(as_of)s
              AND (%(valid_at)s::timestamptz IS NULL OR a.time <= %(valid_at)s)
        )
    ) AS lacking
""".replace("{hers}", HERS)
# By assent_policy.
AGREED: LiteralString = """
    SELECT d.log_id, d.position, p.ordinal, p.subject, d.time, d.stated, d.version, d.mode, d.cohort
    FROM projections.assent AS d
    CROSS JOIN LATERAL ({said}) AS said
    CROSS JOIN LATERAL ({people}) AS p
    WHERE d.log_id = %(log_id)s AND d.policy = %(policy)s AND d.position <= %(as_of)s
      AND (%(version)s::text IS NULL OR (d.version = %(version)s) <> %(lacking)s)
      AND (%(valid_at)s::timestamptz IS NULL OR d.time <= %(valid_at)s)
      AND (d.time, d.position) >= (%(time)s, %(position)s)
    ORDER BY d.time, d.position, p.ordinal
    LIMIT %(limit)s
""".replace("{said}", SAID).replace("{people}", people(more=LACKING))
# The whole answer once.
TOTALS: LiteralString = """
    SELECT x.version, x.mode, grouping(x.version, x.mode), count(DISTINCT x.subject)
    FROM ({rows}) AS x GROUP BY GROUPING SETS ((), (x.version), (x.version, x.mode))
""".replace("{rows}", AGREED)
NEITHER, VERSION, BOTH = 3, 1, 0
"""What a row of totals is over, as the database numbers it."""


class Agreed(NamedTuple):
    """One person's assent to a version."""

    log_id: int
    position: int
    ordinal: int
    """The person's place in a cohort; 0 if it was about one."""
    subject: UUID
    time: datetime
    stated: str
    """The time as the emitter wrote it."""
    version: str
    mode: str
    """express, implied or deemed_by_use."""
    cohort: int | None


class Version(NamedTuple):
    """How many people agreed to a version."""

    version: str
    people: int
    modes: dict[str, int]
    """By mode; who agreed in two ways counts in both."""


class Totals(NamedTuple):
    """Whom a change touches."""

    people: int
    """Who ever agreed to any version; each counts once."""
    versions: list[Version]
    lacking: int | None
    """How many of them never agreed to the version asked about, and so were never shown it as far as is known."""


class Counted(NamedTuple):
    """One row of totals."""

    version: str | None
    mode: str | None
    over: int
    people: int


class Wanted(NamedTuple):
    """Which assents are wanted."""

    policy: str
    version: str | None
    """Of it; None for any."""
    lacking: bool = False
    """Instead, those to other versions of who never agreed to this one."""
    valid_at: datetime | None = None
    """None later than this; None for all that are recorded."""

    @property
    def parameters(self) -> dict[str, Any]:
        """What statements take."""
        return self._asdict() | clearance(())


def agreed(
    connection: Connection[Any], wanted: Wanted, as_of: Mapping[int, int], *, after: Cursor | None = None,
    limit: int = 100,
) -> tuple[list[Agreed], Cursor | None]:  # fmt: skip
    """Return who agreed to a policy, oldest first, and where to go on.

    Args:
        connection: A reader's.
        wanted: To which.
        as_of: For each log the last position that is seen.
        after: The cursor of the page before.
        limit: The most rows, at least 1.
    """
    return page(connection, AGREED, Agreed, wanted.parameters, as_of, after=after, limit=limit)


def totals(connection: Connection[Any], wanted: Wanted, as_of: Mapping[int, int]) -> Totals:
    """Return how many people a change touches; the arguments are those of `agreed`. Costs what the whole costs."""
    every = wanted._replace(version=None, lacking=False)
    found = whole(connection, TOTALS, Counted, every.parameters, as_of)
    modes: dict[str, dict[str, int]] = {}
    for (name, mode), people_ in added(
        {(row.version or "", row.mode or ""): row.people} for row in found if row.over == BOTH
    ).items():
        modes.setdefault(name, {})[mode] = people_
    by_version = added({row.version or "": row.people} for row in found if row.over == VERSION)
    lacking = None
    if wanted.version is not None:
        rest = whole(connection, TOTALS, Counted, wanted._replace(lacking=True).parameters, as_of)
        lacking = sum(row.people for row in rest if row.over == NEITHER)
    return Totals(
        sum(row.people for row in found if row.over == NEITHER),
        [Version(name, by_version[name], modes[name]) for name in sorted(by_version)],
        lacking,
    )
