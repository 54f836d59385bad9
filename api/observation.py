"""What an operator sees of requests: an id, a log line, and figures. Never a person: templates of routes, no query."""

from __future__ import annotations

import logging
import secrets
import time
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.requests import Request

from api.problems import RETRY_SECONDS, Problem, response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("whosaw.access")

PROBES = frozenset({"/livez", "/readyz"})
"""Answered however much waits: an orchestrator must not take a busy process for a dead one."""
METHODS = frozenset({"GET", "POST", "DELETE", "HEAD", "PUT", "PATCH", "OPTIONS"})


class Figures:
    """The counters of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "whosaw_http_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "whosaw_http_request_seconds", "Time to answer", ["method", "route"], registry=self.registry
        )
        appended = Counter(
            "whosaw_events_appended", "Events received and recorded", ["outcome"], registry=self.registry
        )
        self.recorded, self.repeated = appended.labels("recorded"), appended.labels("repeated")
        self._answered: dict[tuple[str, str, int | None], tuple[Counter, Histogram]] = {}

    def answered(self, method: str, route: str, status: int | None, seconds: float) -> None:
        """Count a request. Its counters are looked up once: by labels they cost four times as much."""
        which = method, route, status
        found = self._answered.get(which)
        if found is None:
            found = self.requests.labels(method, route, str(status)), self.seconds.labels(method, route)
            self._answered[which] = found
        found[0].inc()
        found[1].observe(seconds)


class Observation:
    """The outermost layer: names each request, times it, and says afterwards that it was there."""

    def __init__(self, app: ASGIApp, figures: Figures, most: int) -> None:
        self._app = app
        self._figures = figures
        self._most = most
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens below."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope["request_id"] = request_id
        started = time.perf_counter()
        status: int | None = None

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        self._open += 1
        try:
            if self._open > self._most and scope["path"] not in PROBES:
                # At once: a queue without end would answer nobody.
                problem = Problem("overloaded", headers={"Retry-After": RETRY_SECONDS})
                await response(problem, Request(scope))(scope, receive, observed)
            else:
                await self._app(scope, receive, observed)
        except Exception as error:  # noqa: BLE001 - the last resort, which must not raise
            # The type alone: a message may quote a row, and the server would log it.
            log.error("request failed", extra={"request_id": request_id, "reason": type(error).__name__})  # noqa: TRY400
            if status is None:
                await response(Problem("internal"), Request(scope))(scope, receive, observed)
        finally:
            self._open -= 1
            seconds = time.perf_counter() - started
            route = _route(scope)
            method = scope["method"] if scope["method"] in METHODS else "other"
            self._figures.answered(method, route, status, seconds)
            log.info(
                "request",
                extra={
                    "request_id": request_id,
                    "method": method,
                    "route": route,
                    "status": status,
                    "milliseconds": round(seconds * 1000, 1),
                },
            )


def _route(scope: Scope) -> str:
    """Return the template of the route that took a request, such as /v1/subjects/{subject_id}/views.

    All unknown paths are one: whatever a stranger types must not become a label or a log line.
    """
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else "unknown"
