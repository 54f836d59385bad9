"""Which of a person's facts an answer sees: what is true now, what was stated, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

from fastapi import Query

from api.problems import Problem
from projections.resolution import Sight, person_of

if TYPE_CHECKING:
    from psycopg import Connection
    from starlette.requests import Request

    from api.question import Question
    from ledger import Subject
    from projections.person import Person

VIEW = Annotated[
    Sight,
    Query(
        description="current: what is true as far as is known. stated: as it was first recorded. audit: everything, "
        "also what was voided; needs the scope integrity:read."
    ),
]
READ = ("identity", "corrections")
"""The projections that every answer about a person rests on, beside its own."""
EVERYTHING = "integrity:read"


def seen(request: Request, question: Question, connection: Connection[Any], subject: Subject, at: int) -> Person:
    """Return a person as the answer to this question sees her.

    Raises:
        Problem: The view is none, or is not for this key.
    """
    return person_of(connection, question.state.ledger.hashes, subject, at, view_of(request, question))


def view_of(request: Request, question: Question) -> Sight:
    """Return the view that is asked for.

    Raises:
        Problem: It is none, or is not for this key.
    """
    view = request.query_params.get("view", "current")
    if view not in get_args(Sight):
        raise Problem("invalid-parameter", f"view: expected one of {', '.join(get_args(Sight))}")
    if view == "audit" and EVERYTHING not in question.key.scopes:
        raise Problem("forbidden", f"expected a key with the scope {EVERYTHING}")
    return cast("Sight", view)
