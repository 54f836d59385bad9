"""What questions about everybody have in common: times in the address, where pages go on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Path, Query

from api.problems import Problem
from api.question import recorded
from projections.across import Cursor

if TYPE_CHECKING:
    from api import paging
    from api.question import Question

OPAQUE_ID = "^[A-Za-z0-9_.:/#-]+$"
"""What an opaque reference may be made of."""
RECIPIENT = Annotated[str, Path(max_length=128, pattern=OPAQUE_ID, description="The company's own name for it.")]
UNKNOWN_RECIPIENT = "no such recipient: it is in no register, and nothing is known to have been disclosed to it"
DATE_TIME = {"format": "date-time"}
FROM = Annotated[
    str | None, Query(alias="from", description="Happened at or after this time.", json_schema_extra=DATE_TIME)
]
TO = Annotated[str | None, Query(alias="to", description="Happened before this time.", json_schema_extra=DATE_TIME)]
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
END = datetime(9999, 1, 1, tzinfo=UTC)


def refuse(question: Question, code: str, detail: str) -> None:
    """End a question about what nobody knows; that it was asked is on record by then.

    What an address names is not found; a filter that names nothing is no valid one. What only facts name that an order
    forbids to tell is unknown in the same words.

    Raises:
        Problem: Always.
    """
    recorded(question, (), outcome="refused", count=0)
    raise Problem(code, detail)


def place_of(cursor: paging.Cursor | None) -> Cursor | None:
    """Return where the rows of an answer by time go on."""
    return Cursor(datetime.fromisoformat(cursor.after[0]), *cursor.after[1:]) if cursor else None


def written(cursor: Cursor) -> list[Any]:
    """Return the same as a page's cursor has it."""
    return [cursor.time.isoformat(), *cursor[1:]]
