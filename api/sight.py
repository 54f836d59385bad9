"""Which of a person's facts an answer sees: what is true now, what was stated, or both."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast, get_args

from fastapi import Query

from api import clearance
from api.problems import Problem
from api.question import denied, moment
from projections.pins import BehindError
from projections.resolution import Sight, person_of

if TYPE_CHECKING:
    from psycopg import Connection
    from starlette.requests import Request

    from api.question import Question
    from ledger import Subject
    from projections.person import Person
    from projections.pins import Pins

VIEW = Annotated[
    Sight,
    Query(
        description="current: what is true as far as is known. stated: as it was first recorded. audit: everything, "
        "also what was voided; needs the scope integrity:read."
    ),
]
SEALED = Annotated[
    Literal["true", "false"],
    Query(description="Whether to tell what orders forbid to tell, as far as the key is cleared for them."),
]
READ = ("identity", "corrections")
"""The projections that every answer about a person rests on, beside its own."""
EVERYTHING = "integrity:read"


def seen(
    request: Request,
    question: Question,
    connection: Connection[Any],
    subject: Subject,
    pins: Pins,
    valid_at: datetime | None = None,
) -> tuple[Question, Person]:
    """Return a person as the answer to this question sees her, and the question as it is to be recorded.

    What happened after `valid_at`, if that is given, she does not see.

    Whoever asks for what is sealed is recorded behind seals, also when there is nothing: an open trace would tell.

    Raises:
        Problem: The view is none, or is not for this key; or she is not cleared for anything; or another log is not
            that far yet.
    """
    sight, hashes = view_of(request, question), question.state.ledger.hashes
    try:
        if not clearance.asked(request, question):
            return question, person_of(connection, hashes, subject, pins, sight, valid_at=valid_at)
        sealed = clearance.streams(question, connection, subject, pins)
        person = person_of(connection, hashes, subject, pins, sight, [stream for _, stream in sealed], valid_at)
    except BehindError:
        raise Problem("not-yet", headers={"Retry-After": "1"}) from None
    return question._replace(
        seals=tuple(dict.fromkeys(seal for seal, _ in sealed if seal is not None)) or ("",)
    ), person


def view_of(request: Request, question: Question) -> Sight:
    """Return the view that is asked for.

    Raises:
        Problem: It is none, or is not for this key.
    """
    view = request.query_params.get("view", "current")
    if view not in get_args(Sight):
        raise Problem("invalid-parameter", f"view: expected one of {', '.join(get_args(Sight))}")
    if view == "audit" and EVERYTHING not in question.key.scopes:
        raise denied(request, question.state, question.key, question.query, EVERYTHING)
    return cast("Sight", view)


def valid_at(request: Request) -> datetime | None:
    """Return the time by which what an answer tells had happened; None if the question names none.

    Raises:
        Problem: It is none.
    """
    text = request.query_params.get("valid_at")
    return None if text is None else moment("valid_at", text, datetime.now(UTC))
