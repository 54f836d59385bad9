"""Lists over all people whose rows follow from all that counts about a person: a page, or all of it as a stream.

Such rows come and go with later facts. Asked without a time, each page and each piece of a stream has the newest, and
all of them look at one moment. Asked with `known_at`, or `as_of` with one position of each log, all of them stand on
those positions, and none moves; what was then is then looked at as of `known_at`, unless `at` names another moment.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar

from fastapi import Query
from pydantic import AwareDatetime

from api import stream
from api.paging import Cursor
from api.positions import document_of_all, moment_of_all, pins_of_all
from api.problems import Problem
from api.question import following, page_of
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from projections import timeline
from projections.law.calendar import FIRST_YEAR, LAST_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg import Connection
    from starlette.requests import Request
    from starlette.responses import Response

    from api.question import Question

Row = TypeVar("Row")
Place = TypeVar("Place")

AT = Annotated[
    AwareDatetime | None,
    Query(
        description="How each stood at this moment (with its offset), by what had happened then; if none is named, at "
        "`known_at`, or when the last position of `as_of` was recorded; else now."
    ),
]


class Asked(NamedTuple):
    """A list as it was asked for."""

    request: Request
    question: Question
    kind: str
    """The media type of the answer."""
    whole: bool
    """Whether all of it is wanted as one stream."""
    most: int
    """Rows of a page."""
    after: list[Any] | None
    """The place where the page before ended; None for the first one."""
    positions: list[int]
    """What the answer stands on, log by log."""
    as_of: dict[int, int] | None
    """The same by log, if the question says as of when; None for the newest."""
    now: datetime
    """The moment that is looked at."""

    @property
    def logs(self) -> range:
        """All of them."""
        return range(len(self.positions))

    @property
    def seen(self) -> dict[int, int]:
        """What the answer stands on, by log, whether the question says so or not."""
        return dict(enumerate(self.positions))


def asked(request: Request, question: Question, projections: Sequence[str], at: datetime | None) -> Asked:
    """Return what is asked for.

    Args:
        request: The question's.
        question: Which.
        projections: What is read.
        at: The moment that it names.

    Raises:
        Problem: No such form of an answer; or as `pins_of_all`; or no calendar here has the moment.
    """
    kind = accepted(request, JSON, CSV, NDJSON)
    whole = stream.wanted(request, kind)
    most, place = (stream.ROWS, None) if whole else page_of(request, question)
    earlier = not {"known_at", "as_of"}.isdisjoint(request.query_params)
    positions = pins_of_all(request, question, projections, place if earlier else None)
    if place is not None:
        now = datetime.fromisoformat(place.after[0])
    else:
        now = moment(at or moment_of_all(request, question, positions))
    after = place.after[1:] if place is not None else None
    as_of = dict(enumerate(positions)) if earlier else None
    return Asked(request, question, kind, whole, most, after, positions, as_of, now)


def answer(
    its: Asked,
    found: stream.Rows[Row, Place],
    after: Place | None,
    document: dict[str, Any],
    *,
    written: Callable[[Place], list[Any]] = list,
    columns: Sequence[str] = (),
) -> Response:
    """Return all rows as a stream, or a page of them and the address of the next.

    Args:
        its: What was asked for.
        found: Where the rows come from.
        after: Where the page before ended; None for the first one.
        document: What the answer says besides, as JSON.
        written: What a cursor keeps of a place.
        columns: What a table has in any case.
    """  # fmt: skip
    ledger = its.question.state.ledger
    if its.whole:
        return stream.Stream(ledger, found)
    with ledger.connection() as connection:
        some, more = found.fetch(connection, after, its.most)
    items = found.tell(some)
    further = None
    if more is not None:
        place = Cursor(its.positions, [its.now.isoformat(), *written(more)])
        further = following(its.request, its.question, its.most, place)
    stands = document_of_all(its.request, its.question, its.positions)
    says = document | stands | {"now": its.now.isoformat()}
    return rows(its.request, says, items, following=further, kind=its.kind, columns=columns)


def moment(at: datetime | None) -> datetime:
    """Return the moment that is asked about; now, if none is.

    Raises:
        Problem: No calendar here has it.
    """
    if at is not None and not FIRST_YEAR < at.year < LAST_YEAR:
        raise Problem("invalid-parameter", f"at, known_at: expected a year between {FIRST_YEAR} and {LAST_YEAR}")
    return at or datetime.now(UTC)


def recorded_at(connection: Connection[Any], log_id: int, as_of: int | None) -> datetime:
    """Return when a position was recorded, if one is asked for; else now."""
    text = timeline.appended(connection, log_id, as_of) if as_of else None
    return datetime.fromisoformat(text) if text else datetime.now(UTC)
