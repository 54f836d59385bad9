"""What people asked for, when the answers are due, and how they stand; over all people, and about one of them.

Source: PIPEDA 8, P-39.1 s. 32, GDPR Art. 12, 45 CFR 164.528, 11 CCR 7021; what a request is follows in `requested`.
"""

from __future__ import annotations

from heapq import merge
from operator import attrgetter
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple
from uuid import UUID

import orjson

from projections import consulted, requested
from projections.deadlines import left, read_back
from projections.derived import Derived
from projections.earlier import page, pieces
from projections.histories import of_person as of_person_in
from projections.plain import plain
from projections.stood import ALWAYS, NO_DAY, stood

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from psycopg import Connection

    from projections.history import History
    from projections.person import Person
    from projections.registers import Registers

# A row is how a request stood from one step of it to the next: so it is known of any moment. What is due without delay
# is queued by the day that it began with; what has no day comes last.
DEFINITIONS: LiteralString = """
    CREATE TABLE request (
        log_id   smallint    NOT NULL,
        subject  uuid        NOT NULL,
        request  text        NOT NULL,
        since    timestamptz NOT NULL,
        until    timestamptz NOT NULL,
        status   text        NOT NULL,
        timed    text        NOT NULL,
        due      date        NOT NULL,
        zone     text        NOT NULL,
        regime   text,
        "right"  text,
        deemed   boolean     NOT NULL,
        extended boolean     NOT NULL,
        sealed   boolean     NOT NULL,
        content  text        NOT NULL,
        PRIMARY KEY (log_id, subject, request, since)
    );
    CREATE INDEX request_due ON request (log_id, due, subject, request) WHERE NOT sealed AND until = 'infinity';
    CREATE INDEX request_status ON request (log_id, status, due, subject, request)
        WHERE NOT sealed AND until = 'infinity';
    CREATE INDEX request_regime ON request (log_id, regime, due, subject, request)
        WHERE NOT sealed AND until = 'infinity';
    CREATE INDEX request_right ON request (log_id, "right", due, subject, request)
        WHERE NOT sealed AND until = 'infinity';
    CREATE INDEX request_then ON request USING gist (tstzrange(since, until))
        WHERE NOT sealed AND until < 'infinity';
    CREATE TABLE consultation (
        log_id      smallint    NOT NULL,
        subject     uuid        NOT NULL,
        request     text        NOT NULL,
        institution text        NOT NULL,
        position    bigint      NOT NULL,
        since       timestamptz NOT NULL,
        until       timestamptz NOT NULL,
        content     text        NOT NULL,
        PRIMARY KEY (log_id, subject, position, since)
    );
"""
TODAY: LiteralString = "(%(now)s::timestamptz AT TIME ZONE r.zone)::date"
"""Where the request is to be answered."""
FIRST_TODAY: LiteralString = "(%(now)s::timestamptz AT TIME ZONE 'Etc/GMT+12')::date"
LAST_TODAY: LiteralString = "(%(now)s::timestamptz AT TIME ZONE 'Etc/GMT-14')::date"
ANY_TODAY: LiteralString = f"r.due BETWEEN {FIRST_TODAY} AND {LAST_TODAY}"
"""The days that it is anywhere on Earth: these an index finds."""
OVERDUE: LiteralString = f"r.status = 'open' AND r.timed = 'dated' AND r.due < {TODAY} AND r.due < {LAST_TODAY}"
STATES: dict[str, LiteralString] = {
    "open": "r.status = 'open'",
    "running": f"r.status = 'open' AND r.timed = 'dated' AND r.due > {TODAY} AND r.due > {FIRST_TODAY}",
    "due_today": f"r.status = 'open' AND r.timed = 'dated' AND r.due = {TODAY} AND {ANY_TODAY}",
    "overdue": OVERDUE,
    "deemed_refused": f"{OVERDUE} AND r.deemed",
    "watched": "r.status = 'open' AND r.timed = 'watched'",
    "undated": "r.status = 'open' AND r.timed = 'undated'",
    "waiting": "r.status = 'open' AND r.timed = 'waiting'",
    "extended": "r.status = 'open' AND r.extended",
    "answered": "r.status = 'answered'",
    "refused": "r.status = 'refused'",
}
"""What each state that can be asked for means. What is deemed refused is overdue, too."""
NARROWED: dict[str, LiteralString] = {"regime": "r.regime = %(regime)s", "right": 'r."right" = %(right)s'}
"""What narrows an answer. Only what is asked for stands in the statement, so that it is planned for that."""
ONES: LiteralString = """
    (SELECT r.log_id, r.subject, r.request, r.due, r.content
     FROM projections.request AS r
     WHERE r.log_id = %(log_id)s AND NOT r.sealed AND {then} AND {wanted} AND r.due < %(before)s
       AND (r.due, r.subject, r.request) > (%(due)s::date, %(subject)s::uuid, %(request)s::text)
       AND NOT EXISTS (SELECT FROM ledger.revoked AS v WHERE v.log_id = r.log_id AND v.subject = r.subject)
     ORDER BY r.due, r.subject, r.request
     LIMIT %(limit)s)
"""
# By request_right, request_regime or request_status, or request_due when every request is wanted; and by request_then.
FOUND = stood(ONES, "r", "due, subject, request")
# By primary key.
CONSULTED = """
    SELECT c.log_id, c.subject, c.request, c.content FROM projections.consultation AS c
    WHERE c.log_id = %(log_id)s AND c.subject = ANY (%(streams)s::uuid[]) AND c.since <= %(now)s AND c.until > %(now)s
    ORDER BY c.subject, c.position
"""


def derive(person: History, registers: Registers) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of one person."""
    del registers  # A request is judged by the law alone.
    return {
        "request": [
            (
                person.log_id, UUID(hex=each.subject), each.request, since, until or ALWAYS, each.status,
                each.deadline.timed, each.deadline.place or NO_DAY, each.deadline.zone, each.regime, each.right,
                each.deadline.deemed_refusal, any(one.counted for one in each.extensions), each.sealed,
                orjson.dumps(plain(each)).decode(),
            )
            for since, until, each in requested.periods(person)
        ],
        "consultation": [
            (
                person.log_id, UUID(hex=each.stream), each.request, each.institution, each.positions[0], since,
                until or ALWAYS, orjson.dumps(plain(each)).decode(),
            )
            for since, until, each in consulted.periods(person)
        ],
    }  # fmt: skip


REQUESTS = Derived(
    name="requests",
    version=5,
    questions=("request", "consultation"),
    definitions=DEFINITIONS,
    types=(*requested.TYPES, *consulted.TYPES),
    derive=derive,
)


class Found(NamedTuple):
    """One request of somebody."""

    log_id: int
    subject: UUID
    request: str
    due: date
    content: str

    @property
    def cursor(self) -> Cursor:
        """Its place in the answer."""
        return Cursor(self.due.isoformat(), self.log_id, self.subject.hex, self.request)


class Institution(NamedTuple):
    """One institution that was asked about a request."""

    log_id: int
    subject: UUID
    request: str
    content: str


class Cursor(NamedTuple):
    """Where a page ended: by day, then log by log."""

    due: str
    log_id: int
    subject: str
    request: str


class Filter(NamedTuple):
    """Which requests are wanted; None for any."""

    state: str | None = None
    """A key of STATES."""
    before: date | None = None
    """Due before this day."""
    regime: str | None = None
    right: str | None = None


BEGIN = Cursor("0001-01-01", -1, "0" * 32, "")
LAST = ("f" * 32, "\U0010ffff")


def statement(wanted: Filter) -> LiteralString:
    """Return the query that asks for what is wanted."""
    text: LiteralString = STATES[wanted.state] if wanted.state else "TRUE"
    for name, filter_ in NARROWED.items():
        if getattr(wanted, name) is not None:
            text += " AND " + filter_
    return FOUND.replace("{wanted}", text)


def parameters(log_id: int, now: datetime, wanted: Filter, after: Cursor, limit: int | None) -> dict[str, Any]:
    """Return what the query takes."""
    return {
        "log_id": log_id, "now": now, "before": wanted.before or "infinity",
        "regime": wanted.regime, "right": wanted.right, "due": after.due, "subject": _subject(log_id, after),
        "request": _request(log_id, after), "limit": limit,
    }  # fmt: skip


def found(
    connection: Connection[Any],
    logs: Iterable[int],
    now: datetime,
    wanted: Filter,
    *,
    after: Cursor = BEGIN,
    limit: int = 100,
    as_of: Mapping[int, int] | None = None,
) -> tuple[list[dict[str, Any]], Cursor | None]:
    """Return requests of everybody, by the day on which they are due, and the cursor to go on after.

    Those of people who are to be forgotten, or that an order forbids to tell of, are not among them.

    Args:
        connection: A reader's.
        logs: Which.
        now: How each stood at this moment, by what had happened then; what is due today is so at it.
        wanted: Which requests.
        after: The cursor of the page before.
        limit: The most rows, at least 1.
        as_of: What was known at these positions, one of each log; None for now.
    """
    asked, place = statement(wanted), attrgetter("cursor")
    pages = [
        page(
            connection, REQUESTS, as_of, log_id, asked, parameters(log_id, now, wanted, after, limit + 1), Found, place
        )
        for log_id in logs
    ]
    rows = list(merge(*pages, key=place))
    shown = [orjson.loads(each.content) for each in rows[:limit]]
    return shown, rows[limit - 1].cursor if len(rows) > limit else None


def _subject(log_id: int, after: Cursor) -> str:
    """Return from whom on a log's rows go on, at the cursor's day: lower logs are done, higher ones not begun."""
    return after.subject if log_id == after.log_id else "0" * 32 if log_id > after.log_id else LAST[0]


def _request(log_id: int, after: Cursor) -> str:
    return after.request if log_id == after.log_id else "" if log_id > after.log_id else LAST[1]


def consultations(
    connection: Connection[Any],
    log_id: int,
    streams: Sequence[str],
    now: datetime,
    as_of: Mapping[int, int] | None = None,
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return which institutions were asked, by sealed stream and request.

    Args:
        connection: A reader's.
        log_id: Whose streams.
        streams: Sealed streams that the reader is cleared for.
        now: As it stood at this moment.
        as_of: What was known at these positions, one of each log; None for now.
    """
    only = [UUID(hex=each) for each in streams]
    wanted = {"log_id": log_id, "streams": only, "now": now}
    known: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for piece in pieces(connection, REQUESTS, as_of, log_id, CONSULTED, wanted, Institution, only=only):
        for each in piece:
            known.setdefault((each.subject.hex, each.request), []).append(orjson.loads(each.content))
    return known


def of_person(
    connection: Connection[Any], person: Person, now: datetime | None = None, *, consulting: bool
) -> list[dict[str, Any]]:
    """Return everything that a person asked for, by when it was received, as of the position of the answer.

    Args:
        connection: A reader's.
        person: Whom.
        now: As each stood at this moment; None for after all that is recorded.
        consulting: Whether the reader is cleared, and wants to know which institutions were asked.
    """
    parts = of_person_in(connection, person, REQUESTS.types)
    items: list[dict[str, Any]] = [plain(each) for history in parts for each in requested.requests(history, now)]
    if consulting:
        asked = [plain(each) for history in parts for each in consulted.consultations(history, now)]
        items = [
            each | {"consultations": [one for one in asked if one["request"] == each["request"]]} for each in items
        ]
    return items


def standing(item: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return a request as an answer shows it: with how it stands at a moment, and how many days are left."""
    deadline = read_back(item["deadline"])
    remaining = left(deadline, now) if item["status"] == requested.OPEN else None
    first = {
        "request": item["request"], "state": requested.state(item["status"], deadline, now),
        "days_left": remaining and remaining.days, "business_days_left": remaining and remaining.business_days,
    }  # fmt: skip
    shown = first | {name: each for name, each in item.items() if name != "status"}
    if "consultations" in item:
        shown["consultations"] = [
            each | {"state": consulted.state(each["objection"], read_back(each["embargo"]), now)}
            for each in item["consultations"]
        ]
    return shown
