"""What questions about everybody have in common: one position of each log, times in the address, where pages go on."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Path, Query

from api.problems import Problem
from api.question import position
from projections.across import Cursor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from api import paging
    from api.question import Question

OPAQUE_ID = "^[A-Za-z0-9_.:/#-]+$"
"""What an opaque reference may be made of."""
RECIPIENT = Annotated[str, Path(max_length=128, pattern=OPAQUE_ID, description="The company's own name for it.")]
DATE_TIME = {"format": "date-time"}
FROM = Annotated[
    str | None, Query(alias="from", description="Happened at or after this time.", json_schema_extra=DATE_TIME)
]
TO = Annotated[str | None, Query(alias="to", description="Happened before this time.", json_schema_extra=DATE_TIME)]
RFC3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:]{8}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})")
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
END = datetime(9999, 1, 1, tzinfo=UTC)


def pinned(
    request: Request, question: Question, projections: Sequence[str], place: paging.Cursor | None = None
) -> list[int]:
    """Return the position of each log that the answer stands on: those of its first page.

    Raises:
        Problem: One is not that far yet. A retry helps.
    """
    if place is not None:
        return place.as_of
    logs = range(len(question.state.ledger.recorders))
    return [position(request, question, log_id, projections, None) for log_id in logs]


def place_of(cursor: paging.Cursor | None) -> Cursor | None:
    """Return where the rows of an answer by time go on."""
    return Cursor(datetime.fromisoformat(cursor.after[0]), *cursor.after[1:]) if cursor else None


def written(cursor: Cursor) -> list[Any]:
    """Return the same as a page's cursor has it."""
    return [cursor.time.isoformat(), *cursor[1:]]


def moment(name: str, text: str | None, otherwise: datetime | None) -> datetime:
    """Return a time as RFC 3339 writes it. Source: RFC 3339, 5.6.

    Raises:
        Problem: It is none, or is missing where there is no other.
    """
    if text is None and otherwise is not None:
        return otherwise
    if text is not None and RFC3339.fullmatch(text):
        with suppress(ValueError, OverflowError):
            # In UTC at once: at either end of the calendar there may be no such time.
            return datetime.fromisoformat(text).astimezone(UTC)
    raise Problem("invalid-parameter", f"{name}: expected a time with its offset, such as 2026-11-01T00:00:00-05:00")
