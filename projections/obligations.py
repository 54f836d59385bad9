"""What the company still owes, for whom, by when and why; over all people, and about one of them.

Rows are derived from everything that counts about a person (`owed`). What no person's rows have is added when somebody
asks: notices that outlive a person and incidents (`duties`), and accounts to issue again (`reissued`).
"""

from __future__ import annotations

from datetime import date
from heapq import merge
from operator import attrgetter
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple
from uuid import UUID

import orjson

from projections.across import clearance
from projections.deadlines import read_back
from projections.derived import Derived, registered
from projections.earlier import page, pieces, to_forget
from projections.histories import histories
from projections.histories import of_person as parts_of_person
from projections.noticed import Step
from projections.obliging import MARKS, RECEIVED, TYPES, owed, periods
from projections.owed import TELL, UNFINISHED, Owed
from projections.plain import plain
from projections.stood import ALWAYS, NO_DAY, stood
from projections.telling import unowed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from psycopg import Connection

    from ledger import Subject
    from projections.history import History
    from projections.person import Person
    from projections.registers import Registers
    from projections.telling import Unowed

# A row is how one thing stood from one step of it to the next: so it is known of any moment. What is due without delay
# is queued by the day that it began with; what has no day comes last.
DEFINITIONS: LiteralString = """
    CREATE TABLE obligation (
        log_id     smallint    NOT NULL,
        subject    uuid        NOT NULL,
        id         text        NOT NULL,
        since      timestamptz NOT NULL,
        until      timestamptz NOT NULL,
        kind       text        NOT NULL,
        state      text        NOT NULL,
        unfinished boolean     NOT NULL,
        due        date        NOT NULL,
        recipient  text,
        sealed     boolean     NOT NULL,
        content    text        NOT NULL,
        PRIMARY KEY (log_id, subject, id, since)
    );
    CREATE INDEX obligation_due ON obligation (log_id, due, id, subject) WHERE NOT sealed AND until = 'infinity';
    CREATE INDEX obligation_unfinished ON obligation (log_id, due, id, subject)
        WHERE NOT sealed AND until = 'infinity' AND unfinished;
    CREATE INDEX obligation_state ON obligation (log_id, state, due, id, subject)
        WHERE NOT sealed AND until = 'infinity';
    CREATE INDEX obligation_kind ON obligation (log_id, kind, due, id, subject)
        WHERE NOT sealed AND until = 'infinity' AND unfinished;
    CREATE INDEX obligation_recipient ON obligation (log_id, recipient, due, id, subject)
        WHERE NOT sealed AND until = 'infinity';
    CREATE INDEX obligation_sealed ON obligation (log_id, subject) WHERE sealed;
    CREATE INDEX obligation_then ON obligation USING gist (tstzrange(since, until))
        WHERE NOT sealed AND until < 'infinity';
"""
EVERY: LiteralString = "TRUE"
FILTERS: dict[str, LiteralString] = {
    "unfinished": "o.unfinished",
    "state": "o.state = %(state)s",
    "kind": "o.kind = %(kind)s",
    "recipient": "o.recipient = %(recipient)s",
}
"""What narrows an answer. Only what is asked for stands in the statement, so that it is planned for that."""
ONES: LiteralString = """
    (SELECT o.log_id, o.subject, o.id, o.due, o.content
     FROM projections.obligation AS o
     WHERE o.log_id = %(log_id)s AND NOT o.sealed AND {then} AND {wanted} AND o.due < %(before)s
       AND (o.due, o.id, o.subject) > (%(due)s::date, %(id)s::text, %(subject)s::uuid)
       AND NOT EXISTS (SELECT FROM ledger.revoked AS v WHERE v.log_id = o.log_id AND v.subject = o.subject)
     ORDER BY o.due, o.id, o.subject
     LIMIT %(limit)s)
"""
# By the index of what is asked for, and by obligation_then.
FOUND = stood(ONES, "o", "due, id, subject")


# By obligation_sealed: a register of a few rows.
SEALED = """
    SELECT o.log_id, o.subject, o.id, o.due, o.content
    FROM projections.obligation AS o
    WHERE o.log_id = %(log_id)s AND o.sealed AND o.since <= %(now)s AND o.until > %(now)s
      AND (%(everything)s OR o.subject = ANY (%(cleared)s::uuid[]))
    ORDER BY o.due, o.id, o.subject
"""
# Of who is to be forgotten, by the primary key of both. Notices have a name of their own, and are told by that.
REVOKED = """
    SELECT o.log_id, o.subject, o.id, o.due, o.content FROM ledger.revoked AS v
    JOIN projections.obligation AS o ON o.log_id = v.log_id AND o.subject = v.subject
    WHERE v.log_id = %(log_id)s AND o.kind = 'tell_recipient' AND o.unfinished AND NOT o.sealed
      AND o.since <= %(now)s AND o.until > %(now)s
    ORDER BY o.due, o.id
"""


def derive(person: History, registers: Registers) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of one person."""
    del registers  # Who received what stands in her own facts, as it was then.
    return {
        "obligation": [
            (
                person.log_id, UUID(hex=each.subject), each.id, since, until or ALWAYS, each.kind, each.state,
                each.unfinished, each.deadline.place or NO_DAY, each.recipient, each.sealed,
                orjson.dumps(plain(each)).decode(),
            )
            for since, until, each in periods(person)
            if each.subject is not None
        ]
    }  # fmt: skip


OBLIGATIONS = Derived(
    name="obligations",
    version=10,
    questions=("obligation",),
    definitions=DEFINITIONS,
    types=TYPES,
    derive=derive,
    needs=tuple(each for each in TYPES if each not in RECEIVED),
    marked=RECEIVED[:1],
    marks=MARKS,
)


class Cursor(NamedTuple):
    """Where a page ended: by day, then by the obligation's name."""

    due: str
    id: str
    subject: str
    """Nobody's is the lowest."""


BEGIN = Cursor("0001-01-01", "", "")


class Found(NamedTuple):
    """One obligation about somebody."""

    log_id: int
    subject: UUID
    id: str
    due: date
    content: str

    @property
    def cursor(self) -> Cursor:
        """Its place in the answer."""
        return Cursor(self.due.isoformat(), self.id, self.subject.hex)


class Filter(NamedTuple):
    """Which obligations are wanted; None for any."""

    kind: str | None = None
    state: str | None = None
    """A state, or unfinished: whatever something is still to be done about."""
    recipient: str | None = None
    before: date | None = None
    """Due before this day, or without delay since a day before it."""

    def admits(self, its: Owed) -> bool:
        """Return whether one that is in no table is wanted."""
        return (
            self.kind in {None, its.kind}
            and self.recipient in {None, its.recipient}
            and (self.state in {None, its.state} or (self.state == "unfinished" and its.state in UNFINISHED))
            and (self.before is None or (its.deadline.place or date.max) < self.before)
        )


def statement(wanted: Filter) -> LiteralString:
    """Return the query that finds one log's rows."""
    names = [name for name in ("kind", "recipient") if getattr(wanted, name) is not None]
    if wanted.state is not None:
        names.append("unfinished" if wanted.state == "unfinished" else "state")
    return FOUND.replace("{wanted}", " AND ".join(FILTERS[name] for name in names) or EVERY)


def parameters(log_id: int, now: datetime, wanted: Filter, after: Cursor, limit: int | None) -> dict[str, Any]:
    """Return what the query takes."""
    return {
        "log_id": log_id, "now": now, "kind": wanted.kind, "state": wanted.state, "recipient": wanted.recipient,
        "before": wanted.before or "infinity", "due": after.due, "id": after.id, "subject": after.subject or "0" * 32,
        "limit": limit,
    }  # fmt: skip


def found(
    connection: Connection[Any],
    logs: Iterable[int],
    now: datetime,
    wanted: Filter,
    beside: Iterable[Owed] = (),
    *,
    after: Cursor = BEGIN,
    limit: int = 100,
    as_of: Mapping[int, int] | None = None,
) -> tuple[list[dict[str, Any]], Cursor | None]:
    """Return obligations about everybody and nobody, by the day on which they are due, and the cursor to go on after.

    About people who are to be forgotten there are none but what `beside` has of them; what an order forbids to tell is
    not among them.

    Args:
        connection: A reader's.
        logs: Which.
        now: How each stood at this moment, by what had happened then.
        wanted: Which obligations.
        beside: Those that are in no table of ours.
        after: The cursor of the page before.
        limit: The most rows, at least 1.
        as_of: What was known at these positions, one of each log; None for now.
    """
    pages: list[list[tuple[Cursor, dict[str, Any]]]] = []
    asked, place = statement(wanted), attrgetter("cursor")
    for log_id in logs:
        taken = parameters(log_id, now, wanted, after, limit + 1)
        rows = page(connection, OBLIGATIONS, as_of, log_id, asked, taken, Found, place)
        pages.append([(each.cursor, orjson.loads(each.content)) for each in rows])
    others = [(_place(each), plain(each)) for each in beside if wanted.admits(each)]
    pages.append(sorted((each for each in others if each[0] > after), key=lambda each: each[0]))
    rows_of_all = list(merge(*pages, key=lambda each: each[0]))
    shown = rows_of_all[:limit]
    return [each for _, each in shown], shown[-1][0] if len(rows_of_all) > limit else None


def telling(connection: Connection[Any], subject: Subject, upto: int, now: datetime) -> tuple[list[Owed], list[Unowed]]:
    """Return who is or was to be told of a change of somebody's data, and who may have some and is owed no notice.

    Also if she is to be forgotten. It is computed from her facts: the decision to forget stands on the same position as
    that on holds. What an order forbids to tell is not among it, so that forgetting takes as long as if it were about a
    stranger.

    Args:
        connection: A reader's.
        subject: Whom, by one of her names.
        upto: Nothing recorded after this position of her log is seen.
        now: As it stood at this moment.
    """
    known = registered(connection, OBLIGATIONS.name, subject.log_id, upto, now).corrections
    elsewhere = [each for each in known if each.log_id == subject.log_id]
    people = histories(connection, subject.log_id, [subject.id], upto, OBLIGATIONS.types, elsewhere)
    hers = [person for person in people if subject.id in person.streams]
    notices = [each for person in hers for each in owed(person, now) if each.kind == TELL and not each.sealed]
    return notices, [each for person in hers for each in unowed(person, notices)]


def of_revoked(
    connection: Connection[Any], logs: Iterable[int], now: datetime, as_of: Mapping[int, int] | None = None
) -> list[Owed]:
    """Return whom to tell of changes of the data of people who are to be forgotten, as long as no notice was named.

    Forgetting them waits for that; nobody is named.

    Args:
        connection: A reader's.
        logs: Which.
        now: As it stood at this moment.
        as_of: What was known at these positions, one of each log; None for now. Who is to be forgotten is so now.
    """
    rows: list[Found] = []
    for log_id in logs:
        wanted = {"log_id": log_id, "now": now}
        only = to_forget(connection, log_id) if as_of is not None else None
        for piece in pieces(connection, OBLIGATIONS, as_of, log_id, REVOKED, wanted, Found, only=only):
            rows += piece
    found = [orjson.loads(each.content) for each in rows]
    return [_read_back(each)._replace(subject=None) for each in found if each["notification"] is None]


def behind(
    connection: Connection[Any],
    logs: Iterable[int],
    now: datetime,
    streams: Sequence[str] | None,
    as_of: Mapping[int, int] | None = None,
) -> list[tuple[int, Owed]]:
    """Return what is owed because of what orders forbid to tell, each with its log; its subject is a sealed stream.

    Args:
        connection: A reader's.
        logs: Which.
        now: As it stood at this moment.
        streams: The sealed streams that the reader is cleared for; None for all.
        as_of: What was known at these positions, one of each log; None for now.
    """
    wanted = clearance(streams) | {"now": now}
    rows = [
        each
        for log_id in logs
        for piece in pieces(connection, OBLIGATIONS, as_of, log_id, SEALED, wanted | {"log_id": log_id}, Found)
        for each in piece
    ]
    return [(each.log_id, _read_back(orjson.loads(each.content))) for each in rows]


def _read_back(members: dict[str, Any]) -> Owed:
    """Return what is owed from what JSON says of it; see `plain`."""
    days = {each: date.fromisoformat(members[each]) if members[each] else None for each in ("due", "stated_due")}
    steps = [Step(**each) for each in members["steps"]]
    told: dict[str, Any] = members | days | {"deadline": read_back(members["deadline"]), "steps": steps}
    return Owed(**told)


def of_person(connection: Connection[Any], person: Person, now: datetime | None = None) -> list[Owed]:
    """Return everything that is or was owed because of one person's facts, as of the position of the answer.

    Args:
        connection: A reader's.
        person: Whom.
        now: As it stood at this moment; None for after all that is recorded.
    """
    return [each for history in parts_of_person(connection, person, OBLIGATIONS.types) for each in owed(history, now)]


def _place(its: Owed) -> Cursor:
    place = its.deadline.place
    return Cursor(place.isoformat() if place else NO_DAY, its.id, its.subject or "")
