"""Whom a change of a policy touches: who agreed to which version, and how; and who was never shown one.

Deemed assent stays deemed. Whoever agreed to another version, and to this one never, was never shown it as far as is
known.

Source: PIPEDA Schedule 1, 4.2.4 and 4.3; P-39.1, s. 14.
"""

from __future__ import annotations

from datetime import UTC, datetime
from heapq import merge
from operator import attrgetter
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

from projections.across import SAID, Cursor, added, clearance, people, start
from projections.projection import select

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from psycopg import Connection

READ = ("policies", "corrections")
"""The projections that the answer stands on."""
BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
# Hers by primary key; a cohort's by member_subject, then assent_cohort.
LACKING: LiteralString = """
    CROSS JOIN LATERAL (
        SELECT WHERE NOT %(lacking)s OR NOT EXISTS (
            SELECT FROM projections.assent AS a
            WHERE a.log_id = d.log_id AND a.subject = m.subject AND a.policy = d.policy AND a.version = %(version)s
              AND a.position <= %(as_of)s
        ) AND NOT EXISTS (
            SELECT FROM ledger.member AS of
            JOIN projections.assent AS a
              ON a.log_id = of.log_id AND a.position = of.position AND a.cohort IS NOT NULL
            WHERE of.log_id = d.log_id AND of.subject = m.subject AND a.policy = d.policy AND a.version = %(version)s
              AND a.position <= %(as_of)s
        )
    ) AS lacking
"""
# By assent_policy.
AGREED: LiteralString = """
    SELECT d.log_id, d.position, p.ordinal, p.subject, d.time, d.stated, d.version, d.mode, d.cohort
    FROM (SELECT a.*, false AS sealed FROM projections.assent AS a) AS d
    CROSS JOIN LATERAL ({said}) AS said
    CROSS JOIN LATERAL ({people}) AS p
    WHERE d.log_id = %(log_id)s AND d.policy = %(policy)s AND d.position <= %(as_of)s
      AND (%(version)s::text IS NULL OR (d.version = %(version)s) <> %(lacking)s)
      AND said.data ->> 'visibility' IS DISTINCT FROM 'sealed'
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

    @property
    def cursor(self) -> Cursor:
        """Its place in the answer."""
        return Cursor(self.time, self.log_id, self.position, self.ordinal)


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


def agreed(
    connection: Connection[Any], policy: str, version: str | None, as_of: Mapping[int, int], *, lacking: bool = False,
    after: Cursor | None = None, limit: int = 100,
) -> tuple[list[Agreed], Cursor | None]:  # fmt: skip
    """Return who agreed to a policy, oldest first, and where to go on.

    Args:
        connection: A reader's.
        policy: Which.
        version: Which of it; None for any.
        as_of: For each log the last position that is seen.
        lacking: Instead, the assents to other versions of those who never agreed to this one.
        after: The cursor of the page before.
        limit: The most rows, at least 1.
    """
    wanted = _wanted(policy, version, lacking=lacking) | {"limit": limit + 1}
    found = [
        select(
            connection, AGREED, wanted | {"log_id": log_id, "as_of": position} | start(BEGINNING, log_id, after), Agreed
        )
        for log_id, position in sorted(as_of.items())
    ]
    rows = list(merge(*found, key=attrgetter("cursor")))
    return rows[:limit], rows[limit - 1].cursor if len(rows) > limit else None


def totals(connection: Connection[Any], policy: str, version: str | None, as_of: Mapping[int, int]) -> Totals:
    """Return how many people a change touches; the arguments are those of `agreed`. Costs what the whole costs."""
    found = _counted(connection, _wanted(policy, None, lacking=False), as_of)
    modes: dict[str, dict[str, int]] = {}
    for (name, mode), people_ in added(
        {(row.version or "", row.mode or ""): row.people} for row in found if row.over == BOTH
    ).items():
        modes.setdefault(name, {})[mode] = people_
    by_version = added({row.version or "": row.people} for row in found if row.over == VERSION)
    lacking = None
    if version is not None:
        rest = _counted(connection, _wanted(policy, version, lacking=True), as_of)
        lacking = sum(row.people for row in rest if row.over == NEITHER)
    return Totals(
        sum(row.people for row in found if row.over == NEITHER),
        [Version(name, by_version[name], modes[name]) for name in sorted(by_version)],
        lacking,
    )


def _wanted(policy: str, version: str | None, *, lacking: bool) -> dict[str, Any]:
    return {"policy": policy, "version": version, "lacking": lacking, "limit": None} | clearance(())


def _counted(connection: Connection[Any], wanted: dict[str, Any], as_of: Mapping[int, int]) -> list[Counted]:
    return [
        row
        for log_id, position in as_of.items()
        for row in select(
            connection, TOTALS, wanted | {"log_id": log_id, "as_of": position} | start(BEGINNING, log_id, None), Counted
        )
    ]
