"""Questions about everybody at once, over HTTP: pages, positions, formats, and that each is on record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.conftest import RECIPIENT, event

if TYPE_CHECKING:
    from collections.abc import Callable

    from httpx2 import Response

    from tests.api.conftest import Service

BREACH = "from=2026-11-01T00:00:00-04:00&to=2026-12-01T00:00:00-05:00"
X = f"/v1/recipients/{RECIPIENT['id']}"


def followed(service: Service) -> None:
    for log in service.state.ledger.logs():
        service.follow(log.size, log.log_id)


def ask(service: Service, path: str, role: str = "officer", **headers: str) -> Response:
    followed(service)
    answer = service.ask(path, role, **headers)
    assert answer.status_code == 200, answer.text
    return answer


def pages(service: Service, path: str) -> list[dict[str, Any]]:
    """Return the rows of every page."""
    found: list[dict[str, Any]] = []
    at: str | None = path
    while at:
        document = ask(service, at).json()
        found += document["items"]
        at = document["next"]
    return found


def last_query(service: Service) -> dict[str, Any]:
    found: dict[str, Any] = service.entries("ledger.queried")[-1]
    return found


@pytest.mark.parametrize("logs", [1, 3])
def test_whose_data_a_breached_recipient_had(start: Callable[..., Service], logs: int) -> None:
    service = start(logs=logs)
    for number in range(5):
        service.record(event("data.disclosed", f"C-{number}"))
    service.record(event("data.disclosed", "C-9", visibility="sealed"))
    gone = {"categories": ["pd:Name"], "mode": "destruct", "state": "verified", "system": "their-crm"}
    service.record(event("data.erased", "C-4", holder=RECIPIENT["id"], **gone) | {"time": "2026-11-02T10:00:00-05:00"})
    first = ask(service, f"{X}/exposure?limit=2&from=2026-11-03T00:00:00Z&to=2026-11-09T00:00:00Z").json()
    assert first["totals"]["people"] == {"people": 4, "certain": 4, "probable": 0, "possible": 0}
    assert len(first["positions"]) == logs
    rows = pages(service, f"{X}/exposure?limit=2&from=2026-11-03T00:00:00Z&to=2026-11-09T00:00:00Z")
    subjects = {service.look_up(f"C-{number}") for number in range(4)}
    assert {row["subject"] for row in rows} == subjects
    assert len(rows) == 4
    asked = service.entries("ledger.queried")
    assert "whosaw:QueryExposure" in {each["data"]["query"] for each in asked}
    text = ask(service, f"{X}/exposure?{BREACH}", Accept="text/csv").text
    assert text.startswith("log_id,position,ordinal,subject,")


@pytest.mark.parametrize(
    "window", ["", "from=2026-11-01T00:00:00Z", "from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z", "from=x&to=y"]
)
def test_a_breach_without_a_time_is_refused(service: Service, window: str) -> None:
    answer = service.ask(f"{X}/exposure?{window}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-parameter")
