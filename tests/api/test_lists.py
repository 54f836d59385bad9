"""Lists over all people as they were known: the same rows as then, on positions that do not move, whole as a stream."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
import pytest

from api import positions, stream
from projections.findings import FINDINGS
from projections.law.calendar import FIRST_YEAR
from projections.obligations import OBLIGATIONS
from projections.rebuild import rebuild
from projections.requests import REQUESTS
from projections.retention import RETENTION
from tests.api.conftest import event
from tests.api.test_forgetting import forget
from tests.api.test_requests import POLICE, answered, asked, consulted, placed
from tests.api.test_retention import rule
from tests.api.test_seals import cleared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from httpx2 import Response

    from tests.api.conftest import Service

LISTS = (
    "/v1/findings", "/v1/findings?rule=whosaw:RuleRecipient&rule=whosaw:RuleLookup", "/v1/requests", "/v1/obligations",
    "/v1/retention?state=due&due_before=2040-01-01",
)  # fmt: skip
NDJSON = {"Accept": "application/x-ndjson"}
THEN = datetime.now(UTC).replace(microsecond=0) - timedelta(days=20)
AT = "2030-01-01T00:00:00Z"
PEOPLE = [f"C-{number}" for number in range(8)]


def with_parameters(path: str, **parameters: str) -> str:
    text = "&".join(f"{name}={quote(value)}" for name, value in parameters.items())
    return f"{path}{'&' if '?' in path else '?'}{text}"


def ask(service: Service, path: str, headers: dict[str, str] | None = None, **parameters: str) -> Response:
    for log in service.state.ledger.logs():
        service.follow(log.size, log.log_id)
    return service.ask(with_parameters(path, **parameters), **headers or {})


def document(service: Service, path: str, **parameters: str) -> dict[str, Any]:
    answer = ask(service, path, **parameters)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def moment(service: Service) -> str:
    """Return when the newest entry was recorded."""
    found: str = max(each["appended"] for each in service.entries())
    return found


def something(people: Iterable[str]) -> list[dict[str, Any]]:
    """Return something for each list, about each of them, and what limits how long it may be kept."""
    facts = [
        each
        for who in people
        for each in (
            event(customer=who),
            event("data.disclosed", who, basis=None),
            event("data.rectified", who, categories=["pd:Name"], reason="whosaw:Outdated", request_ref=None),
            asked(f"R-{who}", THEN, who),
        )
    ]
    return [rule(), *facts]


def more() -> list[dict[str, Any]]:
    """Return what changes every list: of somebody whom it was about before, of somebody else, and of nobody."""
    policy = event("policy.published", policy="privacy", version="2009", text_digest="sha256:" + "0" * 64,
                   languages=["en"], effective_from="2009-05-01T00:00:00Z", supersedes=None)  # fmt: skip
    incident = event(
        "incident.detected", incident_id="I-1", categories=["pd:Name"], circumstances=["whosaw:Loss"], since=None,
        until=None, aware_at="2026-11-01T10:00:00-05:00", jurisdiction="loc:CA-QC",
    )  # fmt: skip
    for each in (policy, incident):
        del each["data"]["subjects"]
    return [
        answered("R-C-0", THEN + timedelta(days=1), "C-0"),
        event("data.collected", "C-1", categories=["pd:Age"]),
        event("data.erased", "C-2", categories=["pd:Name", "pd:EmailAddress"], mode="erase", state="done"),
        *something(["C-9"]),
        policy,
        incident,
    ]


@pytest.mark.parametrize("logs", [1, 3])
def test_what_a_list_said_it_says_again_as_of_then(start: Callable[..., Service], logs: int) -> None:
    service = start(logs=logs)
    service.record(*something(PEOPLE))
    before = {path: document(service, path, at=AT) for path in LISTS}
    known = moment(service)
    service.record(*more())
    for path in LISTS:
        now = document(service, path, at=AT)
        then = document(service, path, at=AT, known_at=known)
        named = ",".join(map(str, then["positions"]))
        assert then["items"] == before[path]["items"] != now["items"], path
        assert then["known_at"] == datetime.fromisoformat(known).isoformat()
        assert len(then["positions"]) == logs
        again = document(service, path, at=AT, as_of=named)
        assert (again["items"], again["positions"]) == (then["items"], then["positions"])
        assert "known_at" not in again


def test_what_was_then_is_looked_at_as_of_then_unless_another_moment_is_named(service: Service) -> None:
    service.record(*something(["C-1"]))
    known = datetime.fromisoformat(moment(service)).isoformat()
    size = service.state.ledger.head(0)
    service.record(*more())
    for path in LISTS:
        assert document(service, path, known_at=known)["now"] == known
        assert document(service, path, as_of=str(size))["now"] == known
        assert document(service, path, known_at=known, at=AT)["now"] == "2030-01-01T00:00:00+00:00"
    late = (THEN + timedelta(days=200)).isoformat()
    running, over = (
        document(service, "/v1/requests", known_at=known, **at)["items"] for at in ({}, {"at": late})
    )  # fmt: skip
    assert [running[0]["state"], over[0]["state"]] == ["running", "deemed_refused"]


def test_before_anything_was_recorded_the_lists_are_empty(service: Service) -> None:
    service.record(*something(["C-1"]))
    for path in LISTS:
        assert document(service, path, known_at="2001-01-01T00:00:00Z")["items"] == []
        assert document(service, path, as_of="0")["items"] == []


@pytest.mark.parametrize("path", LISTS)
def test_times_that_are_not_over_and_positions_that_are_none_are_refused(standing: Service, path: str) -> None:
    standing.record(event())
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    for parameters in (
        {"known_at": soon}, {"known_at": "tomorrow"}, {"known_at": "2026-11-01T00:00:00Z", "as_of": "1"},
        {"as_of": "1,1"}, {"as_of": "999999"}, {"as_of": "x"}, {"known_at": f"{FIRST_YEAR}-01-01T00:00:00Z"},
    ):  # fmt: skip
        assert ask(standing, path, **parameters).status_code == 422, parameters


@pytest.mark.parametrize("path", LISTS)
def test_one_position_is_too_few_for_several_logs(start: Callable[..., Service], path: str) -> None:
    service = start(logs=3)
    service.record(*something(PEOPLE))
    answer = ask(service, path, as_of="1")
    assert answer.status_code == 422
    assert "expected 3 positions" in answer.json()["detail"]


@pytest.mark.parametrize("logs", [1, 3])
def test_pages_stay_on_their_positions_while_more_is_recorded(start: Callable[..., Service], logs: int) -> None:
    service = start(logs=logs)
    service.record(*something(PEOPLE))
    known = moment(service)
    for path in LISTS:
        whole = document(service, path, known_at=known)
        assert len(whole["items"]) > 6
        found: list[Any] = []
        following: str | None = with_parameters(path, known_at=known, limit="3")
        while following:
            page = document(service, following)
            assert [page[name] for name in ("positions", "now", "known_at")] == [
                whole[name] for name in ("positions", "now", "known_at")
            ]
            found += page["items"]
            following = page["next"]
            service.record(event("data.collected", "C-3"), answered("R-C-4", THEN + timedelta(days=1), "C-4"),
                           event("data.disclosed", "C-5", basis=None))  # fmt: skip
        assert found == whole["items"], path


def test_what_was_on_its_way_when_a_page_was_read_is_not_in_the_next_one(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.record(*something(PEOPLE))
    known = moment(service)
    first = {path: document(service, path, known_at=known, at=AT, limit="3") for path in LISTS}
    service.record(*more())
    # As if what was recorded now had been prepared before that time.
    monkeypatch.setattr(positions, "positions_at", lambda *_: [service.state.ledger.head(0)])
    for path in LISTS:
        assert document(service, first[path]["next"])["positions"] == first[path]["positions"]
        assert document(service, path, known_at=known, at=AT)["positions"] != first[path]["positions"]


@pytest.mark.parametrize("logs", [1, 3])
def test_a_stream_as_of_then_is_the_pages_and_says_how_many(
    start: Callable[..., Service], logs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "ROWS", 3)
    service = start(logs=logs)
    service.record(*something(PEOPLE))
    known = moment(service)
    service.record(*more())
    for path in LISTS:
        whole = document(service, path, known_at=known, at=AT, limit="500")["items"]
        answer = ask(service, path, NDJSON, known_at=known, at=AT, limit="all")
        *rows, last = [orjson.loads(line) for line in answer.text.splitlines()]
        assert rows == whole
        assert last == {"rows": len(whole)}
        assert answer.headers["Ledger-Rows"] == str(len(whole))


def test_requests_come_as_a_stream(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "ROWS", 2)
    service.record(*something(PEOPLE), answered("R-C-0", THEN + timedelta(days=1), "C-0"))
    whole = document(service, "/v1/requests", state="open", at=AT)["items"]
    before = len(service.entries("ledger.queried"))
    answer = ask(service, "/v1/requests", NDJSON, state="open", at=AT, limit="all")
    *rows, last = [orjson.loads(line) for line in answer.text.splitlines()]
    assert (rows, last) == (whole, {"rows": 7})
    assert len(service.entries("ledger.queried")) == before + 4


def test_a_rule_that_was_known_then_only_can_be_asked_for_as_of_then(service: Service) -> None:
    found = event(
        "finding.raised", finding_id="theirs-1", rule="xx:Theirs", rule_version="7", law_pack=None, result="violation",
        inputs=[],
    )  # fmt: skip
    service.record(found)
    known = moment(service)
    voiding = event("event.voided", target={"source": found["source"], "id": found["id"]},
                    reason="whosaw:NeverHappened")  # fmt: skip
    service.record(voiding)
    assert ask(service, "/v1/findings?rule=xx:Theirs").status_code == 422
    assert len(document(service, "/v1/findings?rule=xx:Theirs", known_at=known)["items"]) == 1
    assert ask(service, "/v1/findings?rule=xx:Never", known_at=known).status_code == 422


def test_what_an_institution_said_later_was_not_known_then(service: Service) -> None:
    service.record(event(), placed(), asked("R-1", THEN), consulted("R-1", THEN + timedelta(days=1)))
    known = moment(service)
    service.record(
        event("institution.answered", request_id="R-1", institution=POLICE, objection=True, seal_ref="S-1")
        | {"time": (THEN + timedelta(days=2)).isoformat()}
    )

    def consultations(**parameters: str) -> list[Any]:
        key = cleared(service, "city-police")
        answer = ask(service, "/v1/requests?sealed=true", key, at=moment(service), **parameters)
        assert answer.status_code == 200, answer.text
        return [each["objection"] for item in answer.json()["items"] for each in item["consultations"]]

    assert consultations() == [True]
    assert consultations(known_at=known) == [None]


def test_lists_as_they_were_known_are_answered_after_a_rebuild(start: Callable[..., Service]) -> None:
    service = start()
    service.record(*something(PEOPLE[:2]))
    at = str(service.state.ledger.head(0))
    service.record(*something(PEOPLE[:2]))
    told = {path: document(service, path, as_of=at)["items"] for path in LISTS}
    for _ in range(2):  # A statement that was kept would name the row types of tables that are gone.
        for path in LISTS * 3:
            assert document(service, path, as_of=at)["items"] == told[path]
        for each in (FINDINGS, REQUESTS, OBLIGATIONS, RETENTION):
            assert rebuild(service.dsn, each).same
    assert {path: document(service, path, as_of=at)["items"] for path in LISTS} == told


@pytest.mark.parametrize("people", [["C-1"], ["C-1", "C-2"]])
def test_a_correction_that_names_nobody_brings_nobody_back(start: Callable[..., Service], people: list[str]) -> None:
    service = start(forget_seconds=0)
    subjects = [{"reference": {"kind": "customer", "value": each}, "role": "dpv:Customer"} for each in people]
    target = event("data.disclosed", basis=None, subjects=subjects)
    # A request would keep her: what she asked for is kept until her recourse is over.
    service.record(*(each for each in something(people) if each["type"] != "request.received"), target)
    streams = [service.look_up(each) for each in people]
    every = {row[0].hex for row in service.rows("SELECT stream FROM ledger.entry")}
    service.follow(service.state.ledger.head(0))
    for each in streams:
        assert forget(service, each, grace_days=0, untold="impossible").json()["state"] == "destroyed"
    service.follow(service.state.ledger.head(0))
    then = str(service.state.ledger.head(0))
    named = {name: target[name] for name in ("source", "id")}
    voided = event("event.voided", target=named, reason="whosaw:Duplicate")
    del voided["data"]["subjects"]
    service.record(voided)
    for path in LISTS:
        for parameters in ({}, {"as_of": then}):
            text = ask(service, path, **parameters).text
            assert not [each for each in every if each in text], (path, parameters)
    for each in (FINDINGS, REQUESTS, OBLIGATIONS, RETENTION):
        assert rebuild(service.dsn, each).same
