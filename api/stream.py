"""An answer of any length in bounded memory: rows as lines, fetched and recorded some at a time.

Nothing is held between two fetches: no connection, no transaction, no lock. So somebody who reads slowly, or goes away,
costs the database nothing, and appends never wait. What a fetch shows is on record before it leaves; the first one
before the answer begins, so that whatever is wrong is still told as a problem.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from starlette.responses import StreamingResponse

from api.problems import Problem
from api.rendering import NDJSON, PRIVATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.requests import Request

Place = TypeVar("Place")

ROWS = 2_000
"""Rows of a fetch. About so many subjects fit into one group of the writer."""
ALL = "all"


def wanted(request: Request, kind: str) -> bool:
    """Return whether the whole answer is wanted as one stream.

    Raises:
        Problem: It is, but not as lines; or from the middle.
    """
    if request.query_params.get("limit") != ALL:
        return False
    if kind != NDJSON:
        raise Problem("not-acceptable", f"limit=all: expected Accept: {NDJSON}")
    if "cursor" in request.query_params:
        raise Problem("invalid-parameter", "limit=all: expected no cursor")
    return True


def answer(fetch: Callable[[Place | None], tuple[list[dict[str, Any]], Place | None]]) -> StreamingResponse:
    """Return every row as a line, and a last line that says how many there were: without it, some are missing.

    Args:
        fetch: Returns the rows after a place, on record by then, and where to go on.
    """
    first = fetch(None)

    def lines() -> Iterator[bytes]:
        items, place = first
        count = 0
        while True:
            count += len(items)
            if items:
                yield b"".join(orjson.dumps(item) + b"\n" for item in items)
            if place is None:
                break
            # If the caller is gone, nobody asks for more, and the database does nothing more.
            items, place = fetch(place)
        yield orjson.dumps({"rows": count}) + b"\n"

    return StreamingResponse(lines(), headers=PRIVATE, media_type=NDJSON)
