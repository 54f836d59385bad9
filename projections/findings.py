"""What rules and emitters find about facts: across people, and for one person as of any position.

Rows follow from all that counts about a person and from the registers (see `derived`). What is lawful is not kept, but
can be shown for one person. What is late to come true is kept with the moment from which it is so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from heapq import merge
from itertools import chain, product
from operator import attrgetter
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple
from uuid import UUID

import orjson
from psycopg.rows import scalar_row

from projections.derived import Derived, array, registered
from projections.earlier import page
from projections.histories import happened_by, read
from projections.history import apart, moment
from projections.judgement import TYPES, Finding, judged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from psycopg import Connection

    from projections.history import History
    from projections.person import Person
    from projections.registers import Registers

NAME = "findings"
# Whoever is not cleared reads one half of each index; what is sealed stands in the other.
DEFINITION = """
    CREATE TABLE finding (
        log_id       smallint    NOT NULL,
        subject      uuid        NOT NULL,
        finding      text        NOT NULL,
        position     bigint      NOT NULL,
        type         text        NOT NULL,
        rule         text        NOT NULL,
        rule_version text        NOT NULL,
        law_pack     text,
        outcome      text        NOT NULL,
        reason       text,
        codes        text[]      NOT NULL,
        inputs       bigint[]    NOT NULL,
        time         timestamptz NOT NULL,
        stated       text        NOT NULL,
        since        timestamptz NOT NULL,
        until        timestamptz,
        recipient    text,
        purposes     text[]      NOT NULL,
        source       text        NOT NULL,
        system       text,
        sealed       boolean     NOT NULL,
        seal         text,
        nobody       boolean     NOT NULL,
        raised       boolean     NOT NULL,
        state        text        NOT NULL,
        decided      bigint[]    NOT NULL,
        resolution   text,
        waiver       text,
        waived       text[]      NOT NULL,
        asked        text[],
        given        text[],
        recipient_name text,
        categories   text[]      NOT NULL,
        PRIMARY KEY (log_id, subject, position, rule, since)
    );
    CREATE INDEX finding_time ON finding (log_id, sealed, time, position, rule, subject);
    CREATE INDEX finding_rule ON finding (log_id, sealed, rule, time, position, subject);
    CREATE INDEX finding_outcome ON finding (log_id, sealed, outcome, time, position, rule, subject);
    CREATE INDEX finding_recipient ON finding (log_id, sealed, recipient, time, position, rule, subject)
        WHERE recipient IS NOT NULL;
    CREATE INDEX finding_name ON finding (log_id, ('finding ' || finding))
"""
# A decision is about the finding that it names, by finding_name; a waiver about what its rule found, by finding_rule.
CONCERNED: LiteralString = """
    SELECT subject FROM finding WHERE log_id = %(log_id)s AND 'finding ' || finding = ANY (%(keys)s::text[])
    UNION
    SELECT f.subject
    FROM unnest(%(keys)s::text[]) AS k (key)
    JOIN finding AS f ON f.log_id = %(log_id)s AND f.rule = substr(k.key, 8) AND f.sealed = ANY ('{false,true}')
    WHERE k.key LIKE 'waiver %%'
"""
COLUMNS: LiteralString = """
    SELECT f.finding, f.log_id, f.subject, f.position, f.type, f.rule, f.rule_version, f.law_pack, f.outcome, f.reason,
           f.codes, f.inputs, f.time, f.stated, f.since, f.until, f.recipient, f.purposes, f.source, f.system, f.sealed,
           f.seal, f.nobody, f.raised, f.state, f.decided, f.resolution, f.waiver, f.waived, f.asked, f.given,
           f.recipient_name, f.categories
    FROM projections.finding AS f
    WHERE f.log_id = %(log_id)s AND f.sealed = %(sealed)s AND f.time >= %(start)s AND f.time < %(until)s
      AND f.since <= %(now)s AND (f.until IS NULL OR f.until > %(now)s)
      AND (f.time, f.position, f.rule, f.subject) > (%(time)s, %(position)s, %(rule_after)s, %(subject)s::uuid)
      AND NOT EXISTS (SELECT FROM ledger.revoked AS r WHERE r.log_id = f.log_id AND r.subject = f.subject)
"""
FILTERS: Mapping[str, LiteralString] = {
    "rule": " AND f.rule = %(rule)s",
    "outcome": " AND f.outcome = %(outcome)s",
    "state": " AND f.state = %(state)s",
    "recipient": " AND f.recipient = %(recipient)s",
    "seals": " AND coalesce(f.seal, '') = ANY (%(seals)s)",
}
"""One for each thing that an answer may be narrowed by: each such question has a plan of its own."""
ORDER: LiteralString = " ORDER BY f.time, f.position, f.rule, f.subject LIMIT %(limit)s"
# By the primary key of ledger.entry.
RECORDED = "SELECT bytes FROM ledger.entry WHERE log_id = %s AND position = %s"
PLACE = attrgetter("time", "log_id", "position", "rule", "subject")
NO_SUBJECT = "00000000000000000000000000000000"
LAST_POSITION = 2**63 - 1


def _rows(person: History, registers: Registers) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of a person, or of a stream that is nobody's: all but what is lawful."""
    return {"finding": [_row(each) for each in judged(person, registers, lawful=False)]}


def _row(each: Finding) -> tuple[Any, ...]:
    return (
        each.log_id, each.subject, each.finding, each.position, each.type, each.rule, each.version, each.law_pack,
        each.outcome, each.reason, array(each.codes), array(chain.from_iterable(each.inputs)), each.time, each.stated,
        each.since, each.until, each.recipient, array(each.purposes), each.source, each.system, each.sealed, each.seal,
        each.nobody, each.raised, each.state, array(each.decided), each.resolution, each.waiver, array(each.waived),
        *(None if some is None else array(some) for some in (each.asked, each.given)), each.recipient_name,
        array(each.categories),
    )  # fmt: skip


FINDINGS = Derived(
    name=NAME, version=21, questions=("finding",), definitions=DEFINITION, types=TYPES, derive=_rows,
    concerned=CONCERNED,
)  # fmt: skip


class Cursor(NamedTuple):
    """Where a page ended."""

    time: datetime
    log_id: int
    position: int
    rule: str
    subject: str


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which findings are wanted; None for any."""

    rules: Sequence[str] = ()
    """Of any of these, each at most once; of every rule, if there are none."""
    outcome: str | None = None
    """violation, gap or excused."""
    state: str | None = None
    """open or resolved."""
    recipient: str | None = None
    since: datetime
    """Of facts that happened from this time on."""
    until: datetime
    """Of facts that happened before this time."""
    now: datetime
    """What becomes a finding after this time is none yet."""
    seals: Sequence[str] | None = ()
    """The orders behind which the reader may look, too; None for all of them."""

    def apart(self) -> list[Wanted]:
        """Return the same for one rule after the other: each reads its own part of an index, in order."""
        return [replace(self, rules=(each,)) for each in self.rules] or [self]


def across(
    connection: Connection[Any],
    logs: Iterable[int],
    wanted: Wanted,
    *,
    after: Cursor | None = None,
    limit: int = 100,
    as_of: Mapping[int, int] | None = None,
) -> tuple[list[Finding], Cursor | None]:
    """Return findings about everybody, by when the facts happened, and the cursor to go on after.

    Args:
        connection: A reader's.
        logs: Which.
        wanted: Which findings.
        after: The cursor of the page before.
        limit: The most rows, at least 1.
        as_of: What was known at these positions, one of each log; None for now.
    """
    sights = (False, True) if wanted.seals is None or wanted.seals else (False,)
    found = [
        _of_log(connection, log_id, each, after, limit, as_of, sealed=sealed)
        for log_id, each, sealed in product(logs, wanted.apart(), sights)
    ]
    rows = list(merge(*found, key=PLACE))
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], Cursor(last.time, last.log_id, last.position, last.rule, last.subject)


def statement(wanted: Wanted, *, sealed: bool) -> LiteralString:
    """Return the query that asks for what is wanted, of at most one rule."""
    named = ["rule"] if wanted.rules else []
    named += [name for name in ("outcome", "state", "recipient") if getattr(wanted, name) is not None]
    if sealed and wanted.seals is not None:
        named.append("seals")
    text = COLUMNS
    for name in named:
        text += FILTERS[name]
    return text + ORDER


def parameters(wanted: Wanted, log_id: int, after: Cursor | None, limit: int, *, sealed: bool) -> dict[str, Any]:
    """Return what the query takes, for at most one rule."""
    place: dict[str, Any] = {"time": wanted.since, "position": 0, "rule_after": "", "subject": NO_SUBJECT}
    if after is not None and log_id == after.log_id:
        place = {"time": after.time, "position": after.position, "rule_after": after.rule, "subject": after.subject}
    elif after is not None:
        # At the cursor's time, lower logs come first and are done.
        place |= {"time": after.time, "position": LAST_POSITION if log_id < after.log_id else 0}
    return place | {
        "log_id": log_id, "sealed": sealed, "start": wanted.since, "until": wanted.until, "now": wanted.now,
        "rule": next(iter(wanted.rules), None), "outcome": wanted.outcome, "state": wanted.state,
        "recipient": wanted.recipient, "seals": list(wanted.seals or ()), "limit": limit + 1,
    }  # fmt: skip


def _of_log(
    connection: Connection[Any],
    log_id: int,
    wanted: Wanted,
    after: Cursor | None,
    limit: int,
    as_of: Mapping[int, int] | None,
    *,
    sealed: bool,
) -> list[Finding]:
    asked, taken = statement(wanted, sealed=sealed), parameters(wanted, log_id, after, limit, sealed=sealed)
    rows = page(connection, FINDINGS, as_of, log_id, asked, taken, Finding, PLACE)
    return [
        each._replace(
            subject=UUID(str(each.subject)).hex,
            inputs=[list(pair) for pair in zip(each.inputs[::2], each.inputs[1::2], strict=True)],
        )
        for each in rows
    ]


def of_person(connection: Connection[Any], person: Person) -> list[Finding]:
    """Return every judgement on a person's facts as of a position, the lawful too, by log, position and rule.

    The same function makes the rows of the table; here it is given what was recorded up to the position.

    Args:
        connection: A reader's.
        person: Whom, by all that is hers, in whatever logs.
    """
    found: list[Finding] = []
    for log_id in sorted({part.log_id for part in person.parts}):
        parts = [part for part in person.parts if part.log_id == log_id]
        upto = parts[0].as_of
        registers = registered(connection, NAME, log_id, upto, known_at(connection, log_id, upto))
        facts = happened_by(person, read(connection, log_id, [part.stream for part in parts], upto, TYPES))
        elsewhere = [each for each in registers.corrections if each.log_id == log_id]
        for history in apart(log_id, [part.stream for part in parts], upto, facts, elsewhere):
            if history.facts or history.gone:
                found += judged(history, registers)
    return found


def known_at(connection: Connection[Any], log_id: int, position: int) -> datetime:
    """Return when a position was recorded; the beginning of the calendar, if nothing was."""
    with connection.cursor(binary=True, row_factory=scalar_row) as cursor:
        found = cursor.execute(RECORDED, (log_id, position)).fetchone()
    return moment("0001-01-02T00:00:00Z") if found is None else moment(_appended(found))


def _appended(entry: bytes) -> str:
    text: str = orjson.loads(entry)["appended"]
    return text
