"""Whether this process lives, whether it can serve, and the figures that an operator watches."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import APIRouter
from prometheus_client import generate_latest
from starlette.requests import Request
from starlette.responses import Response

from api.snapshot_clock import ANY_POSITION
from api.state import State, state_of
from ledger import LedgerError, snapshot
from projections import progress

if TYPE_CHECKING:
    from psycopg import Connection

router = APIRouter(tags=["admin"])

MOST_BEHIND = 100_000
"""A projection further behind than this answers with too old a picture."""


NOT_READY: dict[int | str, dict[str, Any]] = {
    503: {
        "description": "Not now, and why.",
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["status", "reasons", "projections"]},
                "example": {"status": "not ready", "reasons": ["a writer has stopped"], "projections": []},
            }
        },
    }
}


@router.get("/livez", operation_id="live", summary="Is the process alive?")
def live() -> dict[str, str]:
    """Answer, if anything can."""
    return {"status": "alive"}


@router.get("/readyz", operation_id="ready", summary="Can it serve?", responses=NOT_READY)
def ready(request: Request) -> Response:
    """Tell whether facts are taken and answers are current, with every reason why not."""
    reasons, lanes = _reasons(state_of(request))
    body = {"status": "not ready" if reasons else "ready", "reasons": reasons, "projections": lanes}
    return Response(orjson.dumps(body), 503 if reasons else 200, media_type="application/json")


@router.get("/metrics", operation_id="metrics", summary="Figures for Prometheus", response_class=Response)
def metrics(request: Request) -> Response:
    """Return the figures of this process, and how far each projection is behind."""
    state = state_of(request)
    text = generate_latest(state.figures.registry).decode()
    lines = [
        "# HELP whosaw_projection_lag_entries Entries not yet folded",
        "# TYPE whosaw_projection_lag_entries gauge",
    ]
    try:
        with state.ledger.connection() as connection:
            lines.extend(
                f'whosaw_projection_lag_entries{{projection="{lane.projection}",log="{lane.log_id}"}} {lane.behind}'
                for lane in progress.lanes(connection)
            )
            lines += _ages(connection, len(state.ledger.recorders))
    except LedgerError:
        lines.append("# the database does not answer")
    return Response(text + "\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")


def _ages(connection: Connection[Any], logs: int) -> list[str]:
    """Return how old each log's newest heads snapshot is; a log without one has no figure."""
    lines = [
        "# HELP whosaw_snapshot_age_seconds Since the newest heads snapshot",
        "# TYPE whosaw_snapshot_age_seconds gauge",
    ]
    for log_id in range(logs):
        found = snapshot.newest(connection, log_id, ANY_POSITION)
        if found is not None:
            age = max(0.0, time.time() - found.recorded.timestamp())
            lines.append(f'whosaw_snapshot_age_seconds{{log="{log_id}"}} {age:.0f}')
    return lines


def _reasons(state: State) -> tuple[list[str], list[dict[str, Any]]]:
    reasons: list[str] = []
    found: list[dict[str, Any]] = []
    if not state.ledger.alive:
        reasons.append("a writer has stopped")
    if state.publisher is not None:
        reasons += [f"{place}: {alarm}" for place, alarm in state.publisher.alarms.items()]
    try:
        reasons += [f"log {log_id} is shorter than what was signed" for log_id in state.ledger.rolled_back()]
        with state.ledger.connection() as connection:
            lanes = progress.lanes(connection)
    except LedgerError:
        return [*reasons, "the database does not answer"], []
    for lane in lanes:
        found.append(
            {"projection": lane.projection, "log": lane.log_id, "position": lane.position, "behind": lane.behind}
        )
        if lane.error:
            reasons.append(f"projection {lane.projection} stopped on log {lane.log_id} at position {lane.stopped_at}")
        elif lane.behind > MOST_BEHIND:
            reasons.append(f"projection {lane.projection} is {lane.behind} entries behind on log {lane.log_id}")
    return reasons, found
