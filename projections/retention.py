"""What may not be kept any longer, what forbids to destroy it, and what was asked to be deleted and is not proven gone.

Exact as of any position, for one person and over all people, by the day on which it is due. Nothing is
derived on the day on which a rule takes effect: a holding has a row for each period of its rules, and whoever asks
takes the one that covers the time of the question.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from operator import attrgetter
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple
from uuid import UUID

import orjson
from psycopg.types.json import Jsonb

from projections.derived import Derived, array
from projections.earlier import page
from projections.retained import READ, Kept, kept, periods

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection

    from projections.history import History
    from projections.registers import Registers

DEFINITION = """
    CREATE TABLE retention (
        log_id     smallint NOT NULL,
        subject    uuid     NOT NULL,
        number     integer  NOT NULL,
        category   text     NOT NULL,
        system     text,
        purposes   text[]   NOT NULL,
        since      text     NOT NULL,
        last       text     NOT NULL,
        state      text     NOT NULL,
        rule       text,
        trigger    text,
        start      date,
        due        date,
        action     text,
        rules      jsonb    NOT NULL,
        holds      jsonb    NOT NULL,
        deletions  jsonb    NOT NULL,
        positions  bigint[] NOT NULL,
        sealed     boolean  NOT NULL,
        rules_from timestamptz NOT NULL,
        rules_end  timestamptz NOT NULL,
        PRIMARY KEY (log_id, subject, number, rules_from)
    );
    CREATE INDEX retention_due ON retention (log_id, due, subject, number)
        WHERE state IN ('held', 'deletion_requested') AND due IS NOT NULL;
    CREATE INDEX retention_unproven ON retention (log_id, due, subject, number)
        WHERE state <> 'verified' AND due IS NOT NULL;
    CREATE INDEX retention_asked ON retention (log_id, subject, number) WHERE state = 'deletion_requested';
    CREATE INDEX retention_unverified ON retention (log_id, subject, number) WHERE state = 'deleted';
    CREATE INDEX retention_verified ON retention (log_id, subject, number) WHERE state = 'verified';
    CREATE INDEX retention_endless ON retention (log_id, subject, number)
        WHERE state IN ('held', 'deletion_requested') AND rule IS NULL
"""
# Each condition by its own partial index, in its order. What blocks is looked at row by row: holds are few, and so are
# the periods of one holding.
SELECTED: LiteralString = """
    SELECT r.log_id, r.subject, r.number, r.category, r.system, r.purposes, r.since, r.last, r.state, r.rule,
           r.trigger, r.start, r.due, r.action, r.rules, r.holds, r.deletions, r.positions
    FROM projections.retention AS r
    WHERE r.log_id = %(log_id)s AND {which} AND ({order}) > ({after})
      AND r.rules_from <= %(at)s AND r.rules_end > %(at)s
      AND (%(rule)s::text IS NULL OR r.rule = %(rule)s) AND (%(system)s::text IS NULL OR r.system = %(system)s)
      AND (%(blocked)s::boolean IS NULL OR %(blocked)s = EXISTS (
        SELECT FROM jsonb_to_recordset(r.holds) AS h (starts timestamptz, ends timestamptz)
        WHERE h.starts <= %(now)s AND (h.ends IS NULL OR h.ends > %(now)s)
      ))
      AND (%(sealed)s OR NOT r.sealed)
      AND NOT EXISTS (SELECT FROM ledger.revoked AS v WHERE v.log_id = r.log_id AND v.subject = r.subject)
    ORDER BY {order} LIMIT %(limit)s
"""
BY_DAY: LiteralString = SELECTED.replace("{order}", "r.due, r.subject, r.number").replace(
    "{after}", "%(day)s, %(subject)s, %(number)s"
)
BY_PERSON: LiteralString = SELECTED.replace("{order}", "r.subject, r.number").replace(
    "{after}", "%(subject)s, %(number)s"
)
STATEMENTS: dict[str, LiteralString] = {
    "due": BY_DAY.replace(
        "{which}", "r.state IN ('held', 'deletion_requested') AND r.due IS NOT NULL AND r.due < %(before)s"
    ),
    "unproven": BY_DAY.replace("{which}", "r.state <> 'verified' AND r.due IS NOT NULL AND r.due < %(before)s"),
    "asked": BY_PERSON.replace("{which}", "r.state = 'deletion_requested'"),
    "deleted": BY_PERSON.replace("{which}", "r.state = 'deleted'"),
    "verified": BY_PERSON.replace("{which}", "r.state = 'verified'"),
    "endless": BY_PERSON.replace("{which}", "r.state IN ('held', 'deletion_requested') AND r.rule IS NULL"),
}
"""Due by some day; that, and not verified as gone; deletion asked and not done; done and not verified; verified; kept
without any limit."""


class Retained(NamedTuple):
    """One holding, in an answer about all people."""

    log_id: int
    subject: UUID
    number: int
    """Its place among hers."""
    category: str
    system: str | None
    purposes: list[str]
    since: str
    last: str
    state: str
    """held, deletion_requested, deleted or verified: asked for, done, and proven are three things."""
    rule: str | None
    """The rule that decides, or `stated`."""
    trigger: str | None
    start: date | None
    due: date | None
    """The last day on which it may be kept."""
    action: str | None
    rules: list[dict[str, Any]]
    """Every rule that fits."""
    holds: list[dict[str, Any]]
    """Every order not to destroy it, with its beginning and end."""
    deletions: list[dict[str, Any]]
    positions: list[int]


def derive(person: History, registers: Registers) -> dict[str, list[tuple[Any, ...]]]:
    """Return a person's rows."""
    if not person.facts:
        return {}
    subject, sealed = person.streams[0], person.sealed
    rows: list[tuple[Any, ...]] = []
    for number, (starts, ends, each) in (
        (number, period) for number, some in enumerate(periods(person, registers)) for period in some
    ):
        holding, due = each.holding, each.due
        rows.append((
            person.log_id, subject, number, holding.category, holding.system, array(holding.purposes), holding.since,
            holding.last, holding.state, due and due.rule, due and due.trigger, due and due.start, due and due.day,
            due and due.action, _json(rules_of(each)), _json(holds_of(each)),
            _json([step._asdict() for step in holding.deletions]), array(holding.positions), sealed,
            starts or "-infinity", ends or "infinity",
        ))  # fmt: skip
    return {"retention": rows}


def _json(value: list[dict[str, Any]]) -> Jsonb:
    return Jsonb(value, orjson.dumps)


def rules_of(each: Kept) -> list[dict[str, Any]]:
    """Return every rule that fits a holding, as answers have it."""
    return [
        {
            "rule": due.rule,
            "trigger": due.trigger,
            "start": due.start and due.start.isoformat(),
            "due": due.day and due.day.isoformat(),
            "action": due.action,
            "place": due.place,
        }
        for due in each.rules
    ]


def holds_of(each: Kept) -> list[dict[str, Any]]:
    """Return every order that ever covered a holding, as answers have it."""
    return [
        {
            "hold": hold.hold,
            "reason": hold.reason,
            "basis": hold.basis,
            "starts": hold.starts.isoformat(),
            "ends": hold.ends and hold.ends.isoformat(),
            "position": hold.position,
        }
        for hold in sorted(each.holds, key=lambda hold: (hold.starts, hold.hold))
    ]


RETENTION = Derived(
    name="retention",
    version=7,
    questions=("retention",),
    definitions=DEFINITION,
    types=READ,
    derive=derive,
)


class Cursor(NamedTuple):
    """Where a page ended."""

    day: date
    subject: UUID
    number: int


FIRST = Cursor(date.min, UUID(int=0), -1)
"""Before every row."""


class Wanted(NamedTuple):
    """Which rows are wanted."""

    which: str
    """One of `STATEMENTS`."""
    before: date
    """Of what is due: the first day that is not asked for."""
    now: datetime
    """When it is asked: orders that stand then block, and the rules in force then count."""
    rule: str | None = None
    system: str | None = None
    blocked: bool | None = None
    """Whether an order forbids to destroy it; None for either."""
    sealed: bool = False
    """Whether the reader is cleared for every authority."""

    @property
    def at(self) -> datetime:
        """The time whose rules count: of what will be due by a later day, those in force when that day begins."""
        begins = datetime.combine(self.before, time.min, UTC)
        return max(self.now, begins) if self.which == "due" else self.now


def across(
    connection: Connection[Any],
    log_id: int,
    wanted: Wanted,
    after: Cursor,
    limit: int,
    as_of: Mapping[int, int] | None = None,
) -> list[Retained]:
    """Return the rows of all people in one log, by day if they have one to be due on, else by person.

    Args:
        connection: A reader's.
        log_id: Which.
        wanted: Which rows.
        after: Where the page before ended.
        limit: The most rows.
        as_of: What was known at these positions, one of each log; None for now.
    """
    statement = STATEMENTS[wanted.which]
    order = attrgetter("due", "subject", "number") if "ORDER BY r.due" in statement else attrgetter("subject", "number")
    asked = parameters(log_id, wanted, after) | {"limit": limit}
    return page(connection, RETENTION, as_of, log_id, statement, asked, Retained, order)


def parameters(log_id: int, wanted: Wanted, after: Cursor) -> dict[str, Any]:
    """Return what the statements take, but for the limit."""
    return {"log_id": log_id, "at": wanted.at, **after._asdict(), **wanted._asdict()}


def of_histories(people: Sequence[History], registers: Registers, at: datetime) -> list[Kept]:
    """Return what is held on one person, of whom there is a history for each log that she has facts in.

    Args:
        people: Her histories.
        registers: The rules.
        at: Those count that are in force then.
    """
    return [each for person in people for each in kept(person, registers, at)]
