"""What no one person's history shows: who at work opens many customers' files, and which numbers of an emitter lack.

Found over everybody, by a clock; the ledger then raises each as a finding about nobody.

Source: PIPEDA, Schedule 1, 4.7; P-39.1, s. 20 (need to know); CloudEvents 1.0, extension `sequence`.
"""

from __future__ import annotations

from datetime import date  # noqa: TC003 - select
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

from ledger.own_fact import SOURCE
from projections import progress
from projections.deadlines import ZONE
from projections.emitters import MOST_HOLES, READ, emitters
from projections.projection import select

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from psycopg import Connection

FILES, SEQUENCE = "whosaw:RuleFiles", "whosaw:RuleSequence"
VERSIONS = {FILES: 1, SEQUENCE: 1}
"""Counts up with every change of what a rule says: what an older version raised is then judged again."""
READS = ("views", "emitters", "findings")
"""The projections that these rules read: what they have not followed yet is not there for them."""
MOST_FILES = 100
"""Customers whose files one person at work opens in one day. Lists that show several at once are not counted."""
MOST_INPUTS = 100

# By look_person alone.
MANY: LiteralString = """
    SELECT l.actor, (l.time AT TIME ZONE %(zone)s)::date
    FROM projections.look AS l
    WHERE l.log_id = ANY(%(logs)s::smallint[]) AND l.time >= %(since)s AND l.act = 'data.viewed'
      AND l.actor_kind = 'human' AND l.actor IS NOT NULL AND l.cohort IS NULL
    GROUP BY 1, 2 HAVING count(DISTINCT l.subject) > %(most)s
    ORDER BY 2, 1
"""
# What an order hides is counted for nobody: the finding would tell of it.
LOOKS: LiteralString = """
    SELECT l.log_id, l.position, l.subject::text, l.actor_role
    FROM projections.look AS l
    JOIN ledger.entry AS e ON e.log_id = l.log_id AND e.position = l.position
    WHERE l.log_id = ANY(%(logs)s::smallint[]) AND l.time >= %(day)s::date::timestamp AT TIME ZONE %(zone)s
      AND l.time < (%(day)s::date + 1)::timestamp AT TIME ZONE %(zone)s AND l.act = 'data.viewed'
      AND l.actor_kind = 'human' AND l.actor = %(actor)s AND l.cohort IS NULL
      AND convert_from(e.bytes, 'UTF8')::jsonb #>> '{data,visibility}' IS DISTINCT FROM 'sealed'
    ORDER BY l.time, l.log_id, l.position
"""
# By finding_rule.
KNOWN: LiteralString = """
    SELECT f.finding, f.rule, f.rule_version, f.state, f.resolution FROM projections.finding AS f
    WHERE f.log_id = ANY(%(logs)s::smallint[]) AND NOT f.sealed AND f.rule = ANY(%(rules)s) AND f.raised
      AND f.source = %(source)s
"""


class Raised(NamedTuple):
    """Something that was found over everybody."""

    finding: str
    """Names it: what is found again has the same name."""
    rule: str
    reason: str
    codes: list[str]
    numbers: list[int]
    emitter: str | None
    inputs: list[tuple[int, int]]
    """Log and position of entries that show it."""


class Busy(NamedTuple):
    """A person at work, by the hash that only counts, and a day."""

    actor: str
    day: date


class Look(NamedTuple):
    """One look."""

    log_id: int
    position: int
    subject: str
    role: str | None


class Known(NamedTuple):
    """A finding that the ledger raised once."""

    finding: str
    rule: str
    version: str
    """Of the rule, when it was raised."""
    state: str
    """open or resolved."""
    resolution: str | None
    """How it was dealt with: a code."""

    @property
    def outdated(self) -> bool:
        """Whether there is a newer version of its rule than the one that raised it."""
        return int(self.version) < VERSIONS[self.rule]


def files(connection: Connection[Any], logs: Sequence[int], since: datetime) -> list[Raised]:
    """Return who at work opened more customers' files in one day than is usual.

    Args:
        connection: A reader's.
        logs: All of the ledger.
        since: What happened before is not looked at.
    """
    wanted = {"logs": list(logs), "zone": ZONE.key, "since": since, "most": MOST_FILES}
    found: list[Raised] = []
    for busy in select(connection, MANY, wanted, Busy):
        looks = select(connection, LOOKS, wanted | busy._asdict(), Look)
        people = len({each.subject for each in looks})
        if people > MOST_FILES:
            role = next((each.role for each in looks if each.role), None)
            found.append(Raised(
                _name(FILES, f"{busy.actor} {busy.day}"), FILES, "whosaw:TooManyFiles", [role] if role else [],
                [people], None, [(each.log_id, each.position) for each in looks[:MOST_INPUTS]],
            ))  # fmt: skip
    return found


def gaps(connection: Connection[Any], logs: Sequence[int], now: datetime) -> tuple[list[Raised], bool]:
    """Return the numbers that are missing in the count of each emitter, and whether these are all.

    They may still be on their way: whoever asks, asks again before it is a finding.
    """
    known, _ = emitters(connection, {log_id: progress.reached(connection, log_id, READ) for log_id in logs}, now)
    found = [
        Raised(
            _name(SEQUENCE, f"{each.source} {hole.first}"), SEQUENCE, "whosaw:NumbersMissing", [],
            [hole.first, hole.last], each.source, [],
        )
        for each in known
        for hole in each.holes
    ]  # fmt: skip
    return found, all(len(each.holes) < MOST_HOLES for each in known)


def known(connection: Connection[Any], logs: Sequence[int]) -> list[Known]:
    """Return everything that the ledger raised by these rules, whatever became of it."""
    return select(connection, KNOWN, {"logs": list(logs), "rules": list(VERSIONS), "source": SOURCE}, Known)


def _name(rule: str, about: str) -> str:
    return f"{rule.partition(':')[2]}-{blake2b(about.encode(), digest_size=8, person=b'finding').hexdigest()}"
