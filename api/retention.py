"""What may not be kept any longer, of one person and of all: with the rule, the day, and the orders that keep it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import documentation, lists, sight, stream
from api.access import HOLDS
from api.across import refuse
from api.forgetting import ORDINARY_REASON
from api.lists import AT
from api.positions import document_of, pins_of
from api.problems import Problem
from api.question import Question, ask, recorded, subject_of
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.sight import READ, SEALED, VIEW, seen
from api.subjects import ANSWER, AS_OF, AS_OF_ALL, CURSOR, KNOWN_AT, MIN_POSITION, PROBLEMS, VALID_AT, plain
from projections import counting, derived, histories, known, retained, retention, timeline

if TYPE_CHECKING:
    from psycopg import Connection

    from projections.person import Person
    from projections.registers import Registers

router = APIRouter(tags=["retention"])

NAME = retention.RETENTION.name
STATE = Annotated[
    Literal["unproven", "overdue", "due", "asked", "unverified", "deleted", "verified", "endless"],
    Query(
        description="unproven: the last day is over, and it is not verified that it is gone: it is still held, or its "
        "deletion was asked for, or reported as done. overdue: the last day is over and it is still held. due: the "
        "last day is before `due_before`. asked: its deletion was asked for and not done. deleted, unverified: "
        "reported as done, and nobody checked. verified: somebody else checked. endless: no rule says until when."
    ),
]
WHICH = {"overdue": "due", "unverified": "deleted"}
"""What a state is called among the statements, where that is not its name."""
BLOCKED = Annotated[
    Literal["true", "false"] | None, Query(description="Only what an order forbids to destroy now, or only the rest.")
]
DAY = Annotated[date | None, Query(description="With state=due: the first day that is not asked for.")]
NAMED = Annotated[str | None, Query(max_length=128)]


@router.get(
    "/v1/retention",
    operation_id="readRetention",
    summary="What is past its time, and what keeps it?",
    responses=documentation.responses(*PROBLEMS, content=ANSWER),
)
def read_retention(
    request: Request, state: STATE = "overdue", due_before: DAY = None, blocked: BLOCKED = None,
    rule: NAMED = None, system: NAMED = None, at: AT = None, as_of: AS_OF_ALL = None, known_at: KNOWN_AT = None,
    cursor: CURSOR = None, limit: stream.WHOLE = 100,
) -> Response:  # fmt: skip
    """Return what is held on anybody and should not be, as far as is folded; and whether an order forbids to end it.

    Which orders do, only a key with `holds:read` is told.
    Asked for, reported as done, and verified are three states. A day is over when it is over in UTC. Those rules count
    that are in force now; for what is due before a later day, those that will be when it begins. With `at`, now is that
    moment; with `known_at` or `as_of`, what was recorded later is not known.
    """
    question = ask(request, "whosaw:QueryRetention", "subjects:read")
    if due_before is not None and state != "due":
        raise Problem("invalid-parameter", "due_before: expected together with state=due")
    asked = lists.asked(request, question, (NAME,), at)
    now = asked.now
    wanted = retention.Wanted(
        WHICH.get(state, state),
        (due_before or now.date() + timedelta(days=30)) if state == "due" else now.date(),
        now, rule, system, None if blocked is None else blocked == "true",
    )  # fmt: skip
    with question.state.ledger.connection() as connection:
        if rule is not None and not known.retention_rule(connection, rule, asked.logs):
            refuse(question, "invalid-parameter", "rule: expected one that was set, or stated")

    def fetch(
        connection: Connection[Any], after: Place | None, limit: int
    ) -> tuple[list[retention.Retained], Place | None]:
        return _page(connection, asked, wanted, after or BEGIN, limit)

    def tell(page: list[retention.Retained]) -> list[dict[str, Any]]:
        recorded(question, list(dict.fromkeys(row.subject.hex for row in page)), count=len(page),
                 categories=sorted({row.category for row in page}))  # fmt: skip
        return [_explained(question, plain(row), now) for row in page]

    def count(connection: Connection[Any]) -> int:
        return counting.kept(connection, asked.logs, wanted, asked.as_of)

    after: Place | None = None
    if asked.after is not None:
        log_id, day, subject, number = asked.after
        after = Place(log_id, retention.Cursor(date.fromisoformat(day), UUID(subject), number))
    document = {"state": state, "before": wanted.before.isoformat()}
    found = stream.Rows(fetch, tell, count)
    return lists.answer(asked, found, after, document, written=_written, columns=_columns(question))


@router.get(
    "/v1/subjects/{subject_id}/retention",
    operation_id="readSubjectRetention",
    summary="Until when may each thing on her be kept?",
    responses=documentation.responses(*PROBLEMS, content=ANSWER),
)
def read_subject_retention(
    request: Request, subject_id: str, as_of: AS_OF = None, known_at: KNOWN_AT = None, valid_at: VALID_AT = None,
    min_position: MIN_POSITION = None, view: VIEW = "current", sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return each thing that is or was held on a person, the rule that limits it, and whether an order prolongs it.

    Which orders do, only a key with `holds:read` is told.
    What is over, and which orders stand, is said of now; with valid_at, of that time.
    """
    question = ask(request, "whosaw:QueryRetention", "subjects:read")
    kind, when = accepted(request, JSON, CSV, NDJSON), sight.valid_at(request)
    now = when or datetime.now(UTC)
    subject = subject_of(question, subject_id)
    pins = pins_of(request, question, subject, (NAME, *READ))
    with question.state.ledger.connection() as connection:
        question, person = seen(request, question, connection, subject, pins, when)
        registers = rules_of(connection, person, now)
        people = histories.of_person(connection, person, retained.READ)
    items = [_explained(question, _row(each), now) for each in retention.of_histories(people, registers, now)]
    recorded(question, [subject.id], count=len(items), as_of=pins.at, categories=[each["category"] for each in items])
    return rows(request, document_of(question, person, pins), items, following=None, kind=kind)


def rules_of(connection: Connection[Any], person: Person, now: datetime) -> Registers:
    """Return the rules as they were known at the position that a person is seen at."""
    log_id, at = person.subject.log_id, person.as_of
    known = timeline.appended(connection, log_id, at)
    until = datetime.fromisoformat(known) if known is not None else now
    return derived.registered(connection, NAME, log_id, at, until)


class Place(NamedTuple):
    """Where a page ended: log by log."""

    log_id: int
    row: retention.Cursor


BEGIN = Place(0, retention.FIRST)


def _page(
    connection: Connection[Any], asked: lists.Asked, wanted: retention.Wanted, begin: Place, most: int
) -> tuple[list[retention.Retained], Place | None]:
    """Return rows of one log after the other, and where to go on."""
    found: list[retention.Retained] = []
    for log_id in asked.logs[begin.log_id :]:
        if len(found) <= most:
            after = begin.row if log_id == begin.log_id else retention.FIRST
            found += retention.across(connection, log_id, wanted, after, most + 1 - len(found), asked.as_of)
    if len(found) <= most:
        return found, None
    last = found[most - 1]
    return found[:most], Place(last.log_id, retention.Cursor(last.due or date.min, last.subject, last.number))


def _written(place: Place) -> list[Any]:
    """Return a place as a cursor has it."""
    return [place.log_id, place.row.day.isoformat(), place.row.subject.hex, place.row.number]


def _row(each: retained.Kept) -> dict[str, Any]:
    holding, due = each.holding, each.due
    return {
        "category": holding.category,
        "system": holding.system,
        "purposes": holding.purposes,
        "since": holding.since,
        "last": holding.last,
        "state": holding.state,
        "rule": due and due.rule,
        "trigger": due and due.trigger,
        "start": due and due.start and due.start.isoformat(),
        "due": due and due.day and due.day.isoformat(),
        "action": due and due.action,
        "rules": retention.rules_of(each),
        "holds": retention.holds_of(each),
        "deletions": [step._asdict() for step in holding.deletions],
        "positions": holding.positions,
    }


def _columns(question: Question) -> tuple[str, ...]:
    """Return the members of a row, as this key is told them."""
    every = (*retention.Retained._fields, "overdue", "blocked", "reason", "blocked_by")
    return (
        every if HOLDS in question.key.scopes else tuple(each for each in every if each not in {"holds", "blocked_by"})
    )


def _explained(question: Question, row: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return a row with what follows from when it is asked: whether its time is over, and whether an order stands now.

    Which orders do and did, only a key that may read holds is told.
    """
    over = (
        row["due"] is not None
        and row["due"] < now.date().isoformat()
        and row["state"] in {"held", "deletion_requested"}
    )
    standing = [
        hold["hold"]
        for hold in row["holds"]
        if datetime.fromisoformat(hold["starts"]) <= now
        and (hold["ends"] is None or datetime.fromisoformat(hold["ends"]) > now)
    ]
    told = row | {"overdue": over, "blocked": bool(standing), "reason": ORDINARY_REASON if standing else None}
    if HOLDS in question.key.scopes:
        return told | {"blocked_by": standing}
    del told["holds"]
    return told
