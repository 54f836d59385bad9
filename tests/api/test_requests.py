"""Requests over HTTP: what is due, for whom, and nothing of what an order forbids to tell."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from projections.law.calendar import TORONTO, business_days
from tests.api.conftest import PURPOSE, event, running
from tests.api.test_seals import RANDOM, cleared

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from httpx2 import Response

    from tests.api.conftest import Service

CLOCKED = re.compile(rb"cursor=[A-Za-z0-9_-]+|\"now\":\"[^\"]+\"")
AN_HOUR = timedelta(hours=1)
POLICE = {"id": "city-police", "name": "City Police", "country": "loc:CA-QC"}


def asked(request: str, received: datetime, customer: str = "C-1", **more: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "request_id": request, "regime": "whosaw:PIPEDA", "right": "whosaw:Access", "channel": "whosaw:Web",
        "clock_start": received.isoformat(), "due": None, "identity": "verified",
    }  # fmt: skip
    return event("request.received", customer, **data | more) | {"time": received.isoformat()}


def answered(request: str, at: datetime, customer: str = "C-1", **more: Any) -> dict[str, Any]:
    data = {"request_id": request, "outcome": "dpv:RequestFulfilled", "channel": "whosaw:Email"}
    return event("request.answered", customer, **data | more) | {"time": at.isoformat()}


def consulted(request: str, at: datetime, customer: str = "C-1") -> dict[str, Any]:
    data = {"request_id": request, "institution": POLICE, "notified_at": at.isoformat(), "seal_ref": "S-1"}
    return event("institution.consulted", customer, **data)


def placed(customer: str = "C-1") -> dict[str, Any]:
    return event(
        "seal.placed", customer, seal_id="S-1", authority=POLICE, basis="ca-pipeda:9-2.4", scope={},
        starts="2026-08-20T00:00:00Z", until=None, system=None,
    )  # fmt: skip


def ask(service: Service, path: str, role: str = "officer", **headers: str) -> Response:
    service.follow(service.state.ledger.head(0))
    return service.ask(path, role, **headers)


def names(answer: Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["request"] for each in answer.json()["items"]]


@pytest.fixture
def desk(service: Service) -> Service:
    now = datetime.now(UTC)
    service.record(
        asked("late", now - timedelta(days=50)),
        asked("soon", now - timedelta(days=20), "C-2"),
        asked("done", now - timedelta(days=20), "C-2"),
        answered("done", now - AN_HOUR, "C-2"),
    )
    return service


def test_open_requests_come_by_due_date_with_the_explanation(desk: Service) -> None:
    answer = ask(desk, "/v1/requests?state=open")
    assert names(answer) == ["late", "soon"]
    late, soon = answer.json()["items"]
    assert (late["state"], soon["state"]) == ("deemed_refused", "running")
    assert late["deadline"]["explanation"]["fr"][-1].endswith("vaut refus (LPRPDE, par. 8(5)).")
    assert soon["due"] == soon["deadline"]["day"]
    today = datetime.now(UTC).astimezone(TORONTO).date()
    day = date.fromisoformat(soon["due"])
    assert (soon["days_left"], soon["business_days_left"]) == ((day - today).days, business_days("ca", today, day))
    assert late["days_left"] < late["business_days_left"] < 0
    (done,) = ask(desk, "/v1/requests?state=answered").json()["items"]
    assert (done["days_left"], done["business_days_left"]) == (None, None)
    assert names(ask(desk, "/v1/requests?state=answered&right=whosaw:Access")) == ["done"]
    assert names(ask(desk, f"/v1/requests?state=open&due_before={soon['due']}")) == ["late"]
    last = desk.entries("ledger.queried")[-1]["data"]
    assert (last["query"], last["result_count"]) == ("whosaw:QueryRequests", 1)


def test_pages_and_forms_tell_the_same(desk: Service) -> None:
    first = ask(desk, "/v1/requests?limit=2")
    assert names(first) + names(ask(desk, first.json()["next"])) == ["late", "done", "soon"]
    lines = ask(desk, "/v1/requests", Accept="text/csv").text.splitlines()
    assert [line.split(",")[:2] for line in lines] == [
        ["request", "state"], ["late", "deemed_refused"], ["done", "answered"], ["soon", "running"],
    ]  # fmt: skip
    assert len(ask(desk, "/v1/requests", Accept="application/x-ndjson").text.splitlines()) == 3
    assert ask(desk, "/v1/requests?state=lost").status_code == 422
    assert ask(desk, "/v1/requests?due_before=tomorrow").status_code == 422


def test_about_one_person_as_of_any_position(desk: Service) -> None:
    subject = desk.look_up("C-2")
    path = f"/v1/subjects/{subject}/requests"
    assert [each["state"] for each in ask(desk, path).json()["items"]] == ["answered", "running"]
    then = ask(desk, f"{path}?as_of=3").json()
    assert [each["state"] for each in then["items"]] == ["running", "running"]
    assert names(ask(desk, f"{path}?as_of=2")) == ["soon"]
    assert ask(desk, f"{path}?as_of=3").content == ask(desk, f"{path}?as_of=3").content
    page = ask(desk, f"{path}?limit=1")
    assert len(names(page) + names(ask(desk, page.json()["next"]))) == 2


def test_how_it_stands_at_another_moment_can_be_asked(desk: Service) -> None:
    due = ask(desk, "/v1/requests?state=open").json()["items"][1]["due"]
    for path in ("/v1/requests", f"/v1/subjects/{desk.look_up('C-2')}/requests"):
        found = ask(desk, f"{path}?at={due}T12:00:00-05:00").json()["items"]
        assert {each["state"] for each in found if each["request"] == "soon"} == {"due_today"}
        for wrong in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-01", "tomorrow"):
            assert ask(desk, f"{path}?at={wrong}").status_code == 422


def test_who_is_to_be_forgotten_has_no_requests(desk: Service) -> None:
    subject = desk.look_up("C-1")
    forget = {**desk.bearer("compliance"), **PURPOSE}
    assert desk.client.post(f"/v1/subjects/{subject}/forget", headers=forget, json={}).status_code < 300
    assert names(ask(desk, "/v1/requests?state=open")) == ["soon"]
    assert ask(desk, f"/v1/subjects/{subject}/requests").status_code == 404


def test_an_institution_that_was_asked_is_told_to_the_cleared_alone(service: Service) -> None:
    now = datetime.now(UTC)
    first, *_ = service.record(asked("soon", now - timedelta(days=20)), placed())
    subject = first["stream"]
    paths = ("/v1/requests", f"/v1/subjects/{subject}/requests")
    before = [ask(service, path).json()["items"] for path in paths]
    service.record(consulted("soon", now - timedelta(days=10)))
    assert [ask(service, path).json()["items"] for path in paths] == before
    key = cleared(service, "city-police")
    service.follow(service.state.ledger.head(0))
    for path in paths:
        (item,) = service.client.get(f"{path}?sealed=true", headers=key).json()["items"]
        (its,) = item.pop("consultations")
        assert (its["institution"], its["state"]) == ("city-police", "embargoed")
        assert its["embargo"]["rule"] == "ca-pipeda:9-2.2"
        assert item == before[0][0]
        assert service.entries("ledger.queried")[-1]["data"]["visibility"] == "sealed"
        (item,) = service.client.get(f"{path}?sealed=true", headers=cleared(service, "another")).json()["items"]
        assert item["consultations"] == []
        assert service.ask(f"{path}?sealed=true").status_code == 403


def everything(service: Service, subject: str) -> list[Any]:
    """Return every open answer about what is owed, with what was drawn at random named by its order."""
    found: list[Any] = []
    names: dict[bytes, bytes] = {}
    paths = [f"{place}/{what}" for what in ("requests", "obligations") for place in ("/v1", f"/v1/subjects/{subject}")]
    more = ("requests?state=open&limit=1", "obligations?state=unfinished&limit=1", "requests?state=answered")
    for path in [*paths, *(f"/v1/{each}" for each in more)]:
        answer = ask(service, path)
        told = CLOCKED.sub(b"-", answer.content)
        text = RANDOM.sub(lambda hit: names.setdefault(hit[0], b"<%d>" % len(names)), told)
        found.append((answer.status_code, sorted(answer.headers.keys() - {"x-request-id"}), len(answer.content), text))
    return found


STEPS: dict[str, Callable[[datetime], dict[str, Any]]] = {
    "asked": lambda now: asked("first", now - timedelta(days=20)),
    "asked again": lambda now: asked("second", now - timedelta(days=50)),
    "answered": lambda now: answered("first", now - AN_HOUR),
    "corrected": lambda now: (
        event("data.rectified", categories=["pd:Name"], reason="whosaw:Outdated", request_ref=None)
        | {"time": now.isoformat()}
    ),
    "disclosed": lambda now: event("data.disclosed") | {"time": (now - AN_HOUR * 9).isoformat()},
}
HIDDEN: dict[str, Callable[[datetime, str], dict[str, Any]]] = {
    "consulted": lambda now, who: consulted("first", now - timedelta(days=9), who),
    "objected": lambda now, who: event(
        "institution.answered", who, request_id="first", institution=POLICE, objection=True, seal_ref="S-1",
    ) | {"time": now.isoformat()},
    "emergency": lambda now, who: event(
        "data.disclosed", who, basis="ca-pipeda:7-3-e", visibility="sealed", seal_ref="S-1",
    ) | {"time": (now - AN_HOUR * 9).isoformat()},
    "asked": lambda now, who: asked("hidden", now, who, visibility="sealed", seal_ref="S-1"),
    "due": lambda _, who: event(
        "recipient.notification_due", who, notification_id="N-1", trigger={"source": "/s", "id": "1"},
        change="erased", recipient_id="city-police", categories=["pd:Name"], visibility="sealed", seal_ref="S-1",
    ),
}  # fmt: skip


@settings(
    max_examples=4, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)
@given(st.permutations([*STEPS, *(f"hidden {name}" for name in HIDDEN)]))
def test_what_is_sealed_leaves_every_open_answer_as_if_it_were_about_a_stranger(
    new_database: Callable[[], str], tmp_path: Path, order: list[str]
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    answers: list[list[Any]] = []
    for who in ("C-1", "C-9"):
        with running(new_database(), tmp_path, forget_seconds=0, snapshot_seconds=0) as service:
            first, *_ = service.record(event(), placed(who))
            for name in order:
                hidden = name.removeprefix("hidden ")
                service.record(HIDDEN[hidden](now, who) if hidden != name else STEPS[name](now))
            answers.append(everything(service, first["stream"]))
    assert answers[0] == answers[1]
