"""What the company still owes: whom to tell, whom to answer, what to notify, by when, and what brought it about."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import clearance, destruction, documentation, lists, stream
from api.lists import AT, moment, recorded_at
from api.positions import cursor_at, document_of, pins_of, stated
from api.question import Question, ask, following, page_of, recorded, subject_of
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.requests import BEFORE, CODE
from api.sight import READ, SEALED, VIEW, seen
from api.sight import valid_at as happened_by
from api.subjects import (
    ANSWER,
    AS_OF,
    AS_OF_ALL,
    CURSOR,
    KNOWN_AT,
    LIMIT,
    MIN_POSITION,
    PROBLEMS,
    VALID_AT,
    categories_of,
)
from projections import counting, duties, obligations, progress, reissued
from projections.deadlines import read_back, standing, without_law
from projections.owed import DISCHARGED, OPEN, REISSUE, UNFINISHED, Owed, name_of
from projections.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from psycopg import Connection

router = APIRouter(tags=["query"])

LAST_POSITION = 2**63 - 1
ITEM: dict[str, Any] = {
    "id": "3c1f0e5a9b7d2468", "kind": "tell_recipient", "state": "open", "standing": "overdue",
    "subject": "5f9225d8d6726351d4cdbf642b130516", "due": "2026-07-29",
    "deadline": {
        "pack": "ca-pipeda", "version": "2018-11", "clock": "tell_recipients", "day": "2026-07-29",
        "explanation": {
            "en": ["Changed on Wednesday 8 July 2026.", "…", "The day is the one that the company stated."],
            "fr": ["Modifié le mercredi 8 juillet 2026.", "…", "Le jour est celui que l’entreprise a indiqué."],
        },
    },
    "recipient": "cloud-host", "change": "erased", "categories": ["pd:Name"], "notification": "notice-17",
    "positions": [112, 4040, 4051],
}  # fmt: skip
EXAMPLES = {
    JSON: {"positions": [4711], "now": "2026-11-24T15:00:00+00:00", "items": [ITEM], "next": None},
    CSV: "id,kind,state,standing,subject,due,recipient\r\n3c1f0e5a9b7d2468,tell_recipient,open,overdue,"
    "5f9225d8d6726351d4cdbf642b130516,2026-07-29,cloud-host\r\n",
    NDJSON: '{"id":"3c1f0e5a9b7d2468","kind":"tell_recipient","state":"open","recipient":"cloud-host"}\n',
}
OF_SUBJECT = {"subject": ITEM["subject"], "log": "whosaw.example/ledger/log0", "as_of": 4711}
CONTENT = {kind: {**shape, "example": EXAMPLES[kind]} for kind, shape in ANSWER.items()}
CONTENT_OF_SUBJECT = CONTENT | {
    JSON: {**ANSWER[JSON], "example": OF_SUBJECT | {"now": "2026-11-24T15:00:00+00:00", "items": [ITEM], "next": None}}
}
KIND = Annotated[
    Literal[
        "tell_recipient", "answer_request", "confirm_request", "extension_notice", "inform_person", "tell_commissioner",
        "withhold_disclosure", "reissue",
        "assess_incident", "notify_regulator", "notify_persons", "keep_record", "destroy",
    ]
    | None,
    Query(
        description="What is owed. reissue: an account that an order which has ended hid something from."
        " tell_commissioner, withhold_disclosure: after an institution's objection, to cleared keys with `sealed=true`."
    ),
]  # fmt: skip
STATE = Annotated[
    Literal[
        "unfinished", "open", "sent", "discharged", "refused", "bounced", "impossible", "disproportionate", "standing"
    ]
    | None,
    Query(description="unfinished: open, sent without an answer, or bounced. standing: goes on until its day."),
]
RECIPIENT = Annotated[str | None, Query(max_length=128, pattern=CODE, description="Who is to be told.")]


@router.get(
    "/v1/obligations",
    operation_id="readObligations",
    summary="What is still owed?",
    responses=documentation.responses(
        "purpose-required", "bad-cursor", "not-acceptable", "invalid-parameter", "not-yet", content=CONTENT
    ),
)
def read_obligations(
    request: Request, due_before: BEFORE = None, kind: KIND = None, state: STATE = None, recipient: RECIPIENT = None,
    at: AT = None, as_of: AS_OF_ALL = None, known_at: KNOWN_AT = None, cursor: CURSOR = None,
    limit: stream.WHOLE = 100, min_position: MIN_POSITION = None, sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return what is or was owed about everybody, by the day on which it is due, with what brought it about.

    What is due without delay comes at the day that it began with, also with `due_before`; what has no day comes last.
    With `at`, it is how everything stood then: what came about later is not there, and what was done later was not.
    With `known_at` or `as_of`, what was recorded later is not known. A notice to a recipient stays when the person is
    forgotten, or is to be: then nobody is named.
    """
    question = ask(request, "whosaw:QueryObligations", "subjects:read")
    asked = lists.asked(request, question, ("obligations", "duties", "retention", "identity"), at)
    logs, now, seen, then = asked.logs, asked.now, asked.seen, asked.as_of
    wanted = obligations.Filter(kind, state, recipient, due_before)
    sealed_too = clearance.asked(request, question)
    if sealed_too:
        question = question._replace(seals=("",))

    def few(connection: Connection[Any]) -> list[Owed]:
        found = [each for source in BESIDE for each in source(connection, seen, now)]
        found += obligations.of_revoked(connection, logs, now, then)
        return found + (behind(question, connection, asked) if sealed_too else [])

    def fetch(
        connection: Connection[Any], after: obligations.Cursor | None, limit: int
    ) -> tuple[list[dict[str, Any]], obligations.Cursor | None]:
        begin = after or obligations.BEGIN
        beside = few(connection) + destruction.across(connection, logs, wanted, now, begin, limit, then)
        return obligations.found(connection, logs, now, wanted, beside, after=begin, limit=limit, as_of=then)

    def tell(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        items = [shown(each, now) for each in found]
        about = [each["subject"] for each in items if each["subject"] is not None]
        recorded(question, about, count=len(items), categories=categories_of(items))
        return items

    def count(connection: Connection[Any]) -> int:
        admitted = sum(wanted.admits(each) for each in few(connection))
        owed = counting.owed(connection, logs, now, wanted, then)
        return admitted + owed + destruction.count(connection, logs, wanted, now, then)

    after = obligations.Cursor(*asked.after) if asked.after else None
    return lists.answer(asked, stream.Rows(fetch, tell, count), after, {})


@router.get(
    "/v1/subjects/{subject_id}/obligations",
    operation_id="readSubjectObligations",
    summary="What is still owed because of her data?",
    responses=documentation.responses(*PROBLEMS, content=CONTENT_OF_SUBJECT),
)
def read_subject_obligations(
    request: Request, subject_id: str, as_of: AS_OF = None, known_at: KNOWN_AT = None, valid_at: VALID_AT = None,
    at: AT = None, cursor: CURSOR = None, limit: LIMIT = 100, min_position: MIN_POSITION = None,
    view: VIEW = "current", sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return what is or was owed because of a person's facts, oldest first, with what brought it about.

    As of an earlier position or time, each stands as it stood then, unless `at` names another moment.
    """
    question = ask(request, "whosaw:QueryObligations", "subjects:read")
    form = accepted(request, JSON, CSV, NDJSON)
    most, place = page_of(request, question)
    subject = subject_of(question, subject_id)
    pins = pins_of(request, question, subject, READ, place)
    earlier = pins.at if stated(request, "as_of", len(question.state.ledger.recorders)) else None
    with question.state.ledger.connection() as connection:
        question, person = seen(request, question, connection, subject, pins, happened_by(request))
        then = at or person.valid_at or pins.known_at
        now = moment(then) if then else recorded_at(connection, subject.log_id, earlier)
        found = [each for each in obligations.of_person(connection, person, now) if question.seals or not each.sealed]
        found += destruction.of_person(connection, person, now)
        logs = range(len(question.state.ledger.recorders))
        known = {log_id: progress.reached(connection, log_id, ("identity",)) for log_id in logs}
        known |= {part.log_id: part.as_of for part in person.parts}
        found += to_reissue(connection, known, now, [part.stream for part in person.parts])
    start = place.after[0] if place else 0
    end = start + most
    items = [shown(plain(each), now) for each in found[start:end]]
    recorded(question, [subject.id], count=len(items), as_of=pins.at, categories=categories_of(items))
    further = following(request, question, most, cursor_at(question, pins, [end])) if end < len(found) else None
    document = document_of(question, person, pins) | {"now": now.isoformat(timespec="seconds")}
    return rows(request, document, items, following=further, kind=form)


def behind(question: Question, connection: Connection[Any], asked: lists.Asked) -> list[Owed]:
    """Return what orders forbid to tell of and the reader is cleared for, each about the person whose it is."""
    ledger = question.state.ledger
    found: list[Owed] = []
    cleared = clearance.every_stream(question, connection)
    for log_id, each in obligations.behind(connection, asked.logs, asked.now, cleared, asked.as_of):
        owner = ledger.sealed_owner(log_id, each.subject) if each.subject else None
        if owner is not None and ledger.find(owner.id) is not None:
            found.append(each._replace(subject=owner.id))
    return found


def shown(item: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return an obligation as an answer shows it: with how it stands at a moment, while it is not done."""
    unfinished = item["state"] in UNFINISHED
    its = {"standing": standing(read_back(item["deadline"]), now) if unfinished else None}
    first = ("id", "kind", "state")
    return {name: item[name] for name in first} | its | {name: item[name] for name in item if name not in first}


def to_reissue(
    connection: Connection[Any], as_of: Mapping[int, int], now: datetime, subjects: Sequence[str] | None = None
) -> list[Owed]:
    """Return the accounts to issue again, since an order that hid something from them has ended; and those that were.

    Before its end nothing here tells of an order; what it hid is open since.

    Args:
        connection: A reader's.
        as_of: What was known at these positions, one of each log.
        now: As it stood at this moment.
        subjects: Of orders over these names alone; None for everybody's.
    """
    found: list[Owed] = []
    for each in reissued.to_reissue(connection, as_of, subjects):
        since = recorded_at(connection, each.opened_log, each.opened)
        if since > now:
            continue
        renewed = each.renewed
        done = recorded_at(connection, *renewed) if renewed else None
        done = done if done is not None and done <= now else None
        places = [(each.log_id, each.position), (each.opened_log, each.opened)]
        places += [renewed] if renewed and done else []
        found.append(
            Owed(
                name_of(REISSUE, each.log_id, each.subject.hex, each.account), REISSUE, DISCHARGED if done else OPEN,
                each.subject.hex, None, without_law(None), since.isoformat(), done.isoformat() if done else None,
                account=each.account,
                positions=sorted({position for log_id, position in places if log_id == each.log_id}),
            )
        )  # fmt: skip
    return found


BESIDE: tuple[Callable[[Connection[Any], Mapping[int, int], datetime], list[Owed]], ...] = (
    duties.nameless,
    duties.left_out,
    duties.incidents,
    to_reissue,
)
"""What is owed that no row of `obligations` has. Whatever else obliges the company is added here."""
