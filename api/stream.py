"""An answer of any length in bounded memory: rows as lines, fetched and recorded some at a time.

Nothing is held between two fetches: no connection, no transaction, no lock. So somebody who reads slowly, or goes away,
costs the database nothing, and appends never wait; whoever goes away during a fetch ends its query in the database.
What a fetch shows is on record before it leaves; the first one before the answer begins, so that whatever is wrong is
still told as a problem. How many rows there were when it began is said before them: so a reader knows how far it is.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, NamedTuple, TypeVar

import orjson
from fastapi import Query
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.paging import MOST_ROWS
from api.problems import Problem
from api.rendering import NDJSON, PRIVATE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from psycopg import Connection
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from ledger import Ledger

Row = TypeVar("Row")
Place = TypeVar("Place")

ROWS = 2_000
"""Rows of a fetch. About so many subjects fit into one group of the writer."""
ALL = "all"
AGAIN_SECONDS = 0.05
"""A fetch may ask several statements, and one that begins just then is not met: it is cancelled again."""
WHOLE = Annotated[
    Annotated[int, Field(ge=1, le=MOST_ROWS)] | Literal["all"],
    Query(
        description="Most rows of a page; `all` for a stream of the whole answer, as application/x-ndjson. Its header "
        'Ledger-Rows says how many rows there were when it began, its last line is {"rows": …}.'
    ),
]


class Rows(NamedTuple, Generic[Row, Place]):
    """Where the rows of a stream come from."""

    fetch: Callable[[Connection[Any], Place | None, int], tuple[list[Row], Place | None]]
    """Returns at most so many rows after a place, and where to go on."""
    tell: Callable[[list[Row]], list[dict[str, Any]]]
    """Returns rows as the answer says them, on record by then."""
    total: Callable[[Connection[Any]], int]
    """Returns how many there are. Costs what the whole answer costs, in the database."""


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


class Gone(Exception):
    """Nobody reads any more."""


class _Lent:
    """The connection of a stream's fetch, while there is one, for whoever has to end its query."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = Lock()
        self._connection: Connection[Any] | None = None
        self.gone = False

    @contextmanager
    def connection(self) -> Generator[Connection[Any]]:
        """Lend a connection for one fetch.

        Raises:
            Gone: Nobody reads any more.
        """
        with self._ledger.connection() as connection:
            with self._lock:
                if self.gone:
                    raise Gone
                self._connection = connection
            try:
                yield connection
            finally:
                with self._lock:
                    self._connection = None
                if self.gone:
                    # A cancellation may still be on its way, and must not meet somebody else's query.
                    connection.close()

    def cancel(self) -> bool:
        """End the query that runs, and let no other begin; return whether one may still be running."""
        with self._lock:
            self.gone = True
            if self._connection is None:
                return False
            self._connection.cancel_safe(timeout=5)
            return True


class Stream(Response, Generic[Row, Place]):
    """Every row as a line, and a last line that says how many there were: without it, some are missing."""

    def __init__(self, ledger: Ledger, rows: Rows[Row, Place]) -> None:
        super().__init__(headers=PRIVATE, media_type=NDJSON)
        del self.headers["content-length"]
        self._rows = rows
        self._lent = _Lent(ledger)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, as long as somebody reads."""
        del scope
        watching = asyncio.create_task(self._watch(receive))
        try:
            await self._answer(send)
        except Exception:
            # Whatever a query that was cancelled says, nobody hears it.
            if not self._lent.gone:
                raise
        finally:
            watching.cancel()

    async def _answer(self, send: Send) -> None:
        total = await run_in_threadpool(self._count)
        items, place = await run_in_threadpool(self._next, None)
        self.headers["Ledger-Rows"] = str(total)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        count = len(items)
        while True:
            if items:
                lines = b"".join(orjson.dumps(item) + b"\n" for item in items)
                await send({"type": "http.response.body", "body": lines, "more_body": True})
            if place is None:
                break
            items, place = await run_in_threadpool(self._next, place)
            count += len(items)
        await send({"type": "http.response.body", "body": orjson.dumps({"rows": count}) + b"\n", "more_body": False})

    async def _watch(self, receive: Receive) -> None:
        """Wait until the caller goes away, and end what runs for her."""
        while (await receive())["type"] != "http.disconnect":
            pass
        while await run_in_threadpool(self._lent.cancel):  # noqa: ASYNC110 - the database says nothing when it is done
            await asyncio.sleep(AGAIN_SECONDS)

    def _count(self) -> int:
        with self._lent.connection() as connection:
            return self._rows.total(connection)

    def _next(self, after: Place | None) -> tuple[list[dict[str, Any]], Place | None]:
        with self._lent.connection() as connection:
            found, place = self._rows.fetch(connection, after, ROWS)
        return self._rows.tell(found), place
