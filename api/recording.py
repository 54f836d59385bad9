"""The short way for what comes most often: POST /v1/events goes to its handler past the framework's routing.

The framework's own route stays, for the document that describes it. What is done here is the same: the handler's
answer, or the problem that an error is; anything else goes on to the framework. One event costs a third less this way.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request

from api import problems
from api.events import record
from ledger import LedgerError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/v1/events"
ROUTE = SimpleNamespace(path=PATH, path_format=PATH)
"""What figures and logs call it by."""


class Recording:
    """Middleware: answers POST /v1/events, and hands on everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        scope["route"] = ROUTE
        request = Request(scope, receive)
        try:
            answer = await record(request)
        except (problems.Problem, LedgerError, HTTPException) as error:
            answer = problems.response(problems.problem_of(error), request)
        await answer(scope, receive, send)
