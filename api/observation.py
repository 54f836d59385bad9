"""What an operator sees of requests: an id, a log line, and figures. Never a person: no path below a subject, no query."""

from __future__ import annotations

import logging
import re
import secrets
import time
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("whosaw.access")

NAMED = re.compile(r"^(/v1/(?:subjects|recipients|keys|logs|schemas)/|/problems/)[^/]+")
"""What follows is an id: it is written as {id}."""
LONGEST_ROUTE = 80


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
        self.appended = Counter(
            "whosaw_events_appended", "Events received and recorded", ["outcome"], registry=self.registry
        )


class Observation:
    """The outermost layer: names each request, times it, and says afterwards that it was there."""

    def __init__(self, app: ASGIApp, figures: Figures, most: int) -> None:
        self._app = app
        self._figures = figures
        self._most = most
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
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
            if self._open > self._most and not scope["path"].endswith("z"):
                await _refuse(observed, 429, "overloaded", "Too much waits already")
            else:
                await self._app(scope, receive, observed)
        except Exception as error:  # noqa: BLE001 - the last resort, which must not raise
            # The type alone: a message may quote a row, and the server would log it.
            log.error("request failed", extra={"request_id": request_id, "reason": type(error).__name__})  # noqa: TRY400
            if status is None:
                await _refuse(observed, 500, "internal", "The server failed")
        finally:
            self._open -= 1
            seconds = time.perf_counter() - started
            # Unknown paths are one route: whatever a stranger types must not become a label or a log line.
            route = "unknown" if status in {404, 405} else NAMED.sub(r"\1{id}", scope["path"])[:LONGEST_ROUTE]
            method = scope["method"] if scope["method"] in {"GET", "POST", "DELETE", "HEAD", "PUT"} else "other"
            self._figures.requests.labels(method, route, str(status)).inc()
            self._figures.seconds.labels(method, route).observe(seconds)
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


async def _refuse(send: Send, status: int, code: str, title: str) -> None:
    """Answer with a problem from outside the application.

    Too many open requests are turned away at once: a queue without end would answer nobody.
    """
    body = f'{{"type":"/problems/{code}","title":"{title}","status":{status},"code":"{code}"}}'.encode()
    headers = [(b"content-type", b"application/problem+json"), (b"retry-after", b"1")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
