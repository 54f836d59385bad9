"""What was known at a time: the positions that each log had reached by then, found by halving, and named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.api.conftest import event
from tests.api.test_requests import answered
from tests.api.test_requests import asked as request_of
from tests.api.test_seals import SEALED, ask, cleared, placed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.api.conftest import Service

QUESTIONS = (
    "holdings", "disclosures", "views", "timeline", "consents", "account", "retention", "findings", "queries",
    "recipients", "debts", "withdrawals", "inferences",
    "requests", "obligations",
)  # fmt: skip


def recorded(service: Service, *types: str) -> str:
    """Record facts about C-1, one append each; return her id."""
    receipts = [service.record(event(each))[0] for each in types]
    for each in receipts:
        service.follow(each["position"])
    found: str = receipts[0]["stream"]
    return found


def at(service: Service, position: int, log_id: int = 0) -> str:
    """Return when an entry was recorded."""
    origin = service.state.ledger.logs()[log_id].origin
    (found,) = [
        each["appended"] for each in service.entries() if each["log"] == origin and each["position"] == position
    ]
    text: str = found
    return text


def shifted(moment: str, **by: float) -> str:
    return (datetime.fromisoformat(moment) + timedelta(**by)).isoformat()


def asked(service: Service, subject: str, question: str, **parameters: str) -> Any:
    text = "&".join(f"{name}={quote(value)}" for name, value in parameters.items())
    return service.ask(f"/v1/subjects/{subject}/{question}?{text}")


def without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


def test_an_entry_is_known_from_the_very_moment_of_its_recording_and_not_a_microsecond_before(service: Service) -> None:
    subject = recorded(service, "data.collected", "data.disclosed", "data.disclosed")
    for position in (1, 2, 3):
        moment = at(service, position)
        exact = asked(service, subject, "timeline", known_at=moment).json()
        assert exact["as_of"] == position
        assert [each["position"] for each in exact["items"]] == list(range(position, 0, -1))
        earlier = asked(service, subject, "timeline", known_at=shifted(moment, microseconds=-1)).json()
        assert earlier["as_of"] == position - 1


def test_before_anything_was_recorded_nothing_was_known(service: Service) -> None:
    subject = recorded(service, "data.collected")
    for question in QUESTIONS:
        answer = asked(service, subject, question, known_at="2001-01-01T00:00:00Z")
        if question == "account":
            assert answer.status_code == 404
        else:
            assert (answer.json()["as_of"], answer.json()["items"]) == (0, [])


@pytest.mark.parametrize("question", [*QUESTIONS, "holds"])
def test_the_answer_of_a_time_is_the_answer_of_the_position_that_it_names(service: Service, question: str) -> None:
    subject = recorded(service, "data.collected", "data.disclosed", "data.viewed", "data.collected")
    for position in (2, 4):
        then = asked(service, subject, question, known_at=at(service, position)).json()
        again = asked(service, subject, question, as_of=str(position)).json()
        assert without(then, "known_at", "next", "now") == without(again, "next", "now")


def test_a_time_with_another_offset_is_the_same_time(service: Service) -> None:
    subject = recorded(service, "data.collected", "data.disclosed")
    moment = datetime.fromisoformat(at(service, 1))
    other = (moment + timedelta(hours=5, minutes=30)).strftime("%Y-%m-%dT%H:%M:%S.%f+05:30")
    assert asked(service, subject, "timeline", known_at=other).json()["as_of"] == 1


def test_a_time_and_positions_together_are_refused(service: Service) -> None:
    subject = recorded(service, "data.collected")
    answer = asked(service, subject, "holdings", known_at=at(service, 1), as_of="1")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("known_at, as_of: expected one of them")


@pytest.mark.parametrize("text", ["tomorrow", "2026-05-01", "2026-05-01T00:00:00", "", "2026-13-01T00:00:00Z"])
def test_what_is_no_time_is_refused(standing: Service, text: str) -> None:
    (receipt,) = standing.record(event())
    assert asked(standing, receipt["stream"], "holdings", known_at=text).status_code == 422
    assert asked(standing, receipt["stream"], "holdings", valid_at=text).status_code == 422


def test_a_time_that_is_not_over_is_refused_since_more_may_be_recorded_by_then(service: Service) -> None:
    subject = recorded(service, "data.collected")
    answer = asked(service, subject, "holdings", known_at=shifted(datetime.now(UTC).isoformat(), hours=1))
    assert answer.status_code == 422
    assert "expected a time that is over" in answer.json()["detail"]


def test_pages_of_a_time_do_not_move_while_more_is_recorded(service: Service) -> None:
    subject = recorded(service, *["data.disclosed"] * 5)
    path = f"/v1/subjects/{subject}/disclosures?limit=2&known_at={quote(at(service, 5))}"
    found: list[int] = []
    while path:
        page = service.ask(path).json()
        found += [each["position"] for each in page["items"]]
        service.record(event("data.disclosed"))
        path = page["next"]
    assert found == [5, 4, 3, 2, 1]


def test_of_several_logs_each_is_seen_up_to_what_it_had_recorded_by_then(start: Callable[..., Service]) -> None:
    service = start(logs=3)
    names: dict[int, str] = {}
    subjects: dict[int, str] = {}
    for number in range(60):
        (receipt,) = service.record(event(customer=f"C-{number}"))
        log_id = [log.origin for log in service.state.ledger.logs()].index(receipt["log"])
        names.setdefault(log_id, f"C-{number}")
        subjects.setdefault(log_id, receipt["stream"])
    assert sorted(names) == [0, 1, 2]
    heads = [service.state.ledger.head(log_id) for log_id in range(3)]
    moments = [datetime.fromisoformat(at(service, heads[log_id], log_id)) for log_id in range(3)]
    between = max(moments).isoformat()
    service.record(*(event("data.disclosed", customer=name) for name in names.values()))
    for log_id in range(3):
        service.follow(service.state.ledger.head(log_id), log_id)
    for log_id in range(3):
        then = asked(service, subjects[log_id], "disclosures", known_at=between).json()
        assert (then["items"], then["positions"]) == ([], heads)
        named = ",".join(map(str, then["positions"]))
        again = asked(service, subjects[log_id], "disclosures", as_of=named).json()
        assert again["items"] == []
        assert len(asked(service, subjects[log_id], "disclosures").json()["items"]) == 1
    path = "/v1/recipients/collections-north/disclosures"
    then = service.ask(f"{path}?known_at={quote(between)}").json()
    assert (then["items"], then["positions"]) == ([], heads)
    assert len(service.ask(path).json()["items"]) == 3
    now = service.ask(path).json()["positions"]
    assert len(service.ask(f"{path}?as_of={','.join(map(str, now))}").json()["items"]) == 3
    assert service.ask(f"{path}?as_of=1").status_code == 422


def test_a_question_behind_a_seal_about_a_time_leaves_no_open_trace(service: Service) -> None:
    first, *_ = service.record(event(), placed(), event("data.disclosed", **SEALED), event("data.disclosed"))
    service.follow(4)
    subject, key = first["stream"], cleared(service, "city-police")
    path = f"/v1/subjects/{subject}/disclosures?known_at={quote(at(service, 4))}"
    assert [each["position"] for each in ask(service, path, key).json()["items"]] == [4]
    service.follow(service.state.ledger.head(0))
    before = len(service.ask(f"/v1/subjects/{subject}/timeline").json()["items"])
    assert [each["position"] for each in ask(service, f"{path}&sealed=true", key).json()["items"]] == [4, 3]
    assert service.entries("ledger.queried")[-1]["data"]["visibility"] == "sealed"
    service.follow(service.state.ledger.head(0))
    after = len(service.ask(f"/v1/subjects/{subject}/timeline").json()["items"])
    assert after == before + 1  # the look at the timeline itself


def test_of_requests_and_what_is_owed_a_time_sees_what_had_happened_and_how_it_stood(service: Service) -> None:
    received, told = datetime(2026, 3, 2, 15, tzinfo=UTC), datetime(2026, 3, 20, 15, tzinfo=UTC)
    first, _ = service.record(request_of("R-1", received), answered("R-1", told))
    service.follow(2)
    subject = first["stream"]
    for question in ("requests", "obligations"):
        early = asked(service, subject, question, valid_at="2026-03-01T00:00:00Z").json()
        assert (early["items"], early["valid_at"]) == ([], "2026-03-01T00:00:00+00:00")
    (then,) = asked(service, subject, "requests", valid_at="2026-03-10T00:00:00Z").json()["items"]
    (now,) = asked(service, subject, "requests").json()["items"]
    assert (then["state"], now["state"]) == ("running", "answered")
    (owed,) = asked(service, subject, "obligations", valid_at="2026-03-10T00:00:00Z").json()["items"]
    assert (owed["kind"], owed["state"], owed["standing"]) == ("answer_request", "open", "running")
    (done,) = asked(service, subject, "obligations").json()["items"]
    assert done["state"] == "discharged"


def test_of_questions_a_time_sees_those_that_had_been_asked(service: Service) -> None:
    subject = recorded(service, "data.collected")
    asked(service, subject, "holdings")
    service.follow(2)
    (found,) = asked(service, subject, "queries").json()["items"]
    assert asked(service, subject, "queries", valid_at=found["time"]).json()["items"] == [found]
    assert asked(service, subject, "queries", valid_at=shifted(found["time"], microseconds=-1)).json()["items"] == []


def test_of_holds_a_time_sees_those_that_were_known_and_stood(service: Service) -> None:
    hold = {"hold_id": "H-1", "reason": "whosaw:Litigation", "scope": {}}
    over = event("hold.placed", **hold | {"hold_id": "H-2"}, starts="2026-01-01T00:00:00Z")
    del over["data"]["subjects"]
    first, *_ = service.record(event())
    for each in (
        event("hold.placed", **hold, starts="2026-02-01T00:00:00Z") | {"time": "2026-02-01T00:00:00Z"},
        event("hold.released", hold_id="H-1", reason="whosaw:LegalClaim", effective_at="2026-05-01T00:00:00Z")
        | {"time": "2026-05-01T00:00:00Z"},
        over | {"time": "2026-06-01T00:00:00Z"},
    ):
        service.record(each)
    service.follow(4)
    subject = first["stream"]

    def held(**parameters: str) -> bool:
        found: bool = asked(service, subject, "holds", **parameters).json()["held"]
        return found

    assert [held(as_of=str(position)) for position in (1, 2, 3, 4)] == [False, True, False, True]
    assert [held(known_at=at(service, position)) for position in (1, 2, 3, 4)] == [False, True, False, True]
    assert [held(valid_at=f"2026-0{month}-10T00:00:00Z") for month in (1, 3, 5, 7)] == [False, True, False, True]
    assert held()


@pytest.mark.parametrize("over", ["her", "everybody"])
def test_a_sealed_hold_is_told_to_the_cleared_who_ask_for_it(service: Service, over: str) -> None:
    hold = {"hold_id": "H-1", "reason": "whosaw:Litigation", "scope": {}, "starts": "2026-02-01T00:00:00Z"}
    sealed = event("hold.placed", **hold, **SEALED)
    if over == "everybody":
        del sealed["data"]["subjects"]
    first, *_ = service.record(event(), placed(), sealed)
    service.follow(3)
    subject = first["stream"]
    scopes = ("subjects:read", "holds:read", "seals:read")
    for authority, told in (("seal:*", True), ("seal:city-police", over == "her"), ("seal:other", False)):
        key = {"Authorization": f"Bearer {service.issue((*scopes, authority))}", "Whosaw-Purpose": "whosaw:LegalClaim"}
        path = f"/v1/subjects/{subject}/holds"
        assert ask(service, path, key).json()["held"] is False
        answer = ask(service, f"{path}?sealed=true", key).json()
        assert (answer["held"], [each["hold"] for each in answer["holds"]]) == (told, ["H-1"] if told else [])
        if over == "her":
            kept = ask(service, f"/v1/subjects/{subject}/retention?sealed=true", key).json()["items"]
            assert [each["blocked"] for each in kept] == [told] * len(kept)
            open_ = ask(service, f"/v1/subjects/{subject}/retention", key).json()["items"]
            assert [each["blocked"] for each in open_] == [False] * len(open_)
