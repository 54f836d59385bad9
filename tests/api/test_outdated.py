"""Accounts already issued that what was recorded since would have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.api.conftest import PURPOSE, event
from tests.api.test_seals import SEALED, ask, cleared, placed

if TYPE_CHECKING:
    from tests.api.conftest import Service

PATH = "/v1/accounts/outdated"


def issued(service: Service, subject: str) -> str:
    service.follow(service.state.ledger.head(0))
    answer = service.client.post(f"/v1/subjects/{subject}/accounts", headers=service.bearer("officer") | PURPOSE)
    assert answer.status_code == 201, answer.text
    return answer.headers["whosaw-account"]


def listed(service: Service, key: dict[str, str], more: str = "") -> list[tuple[str, list[tuple[str, int]]]]:
    answer = ask(service, PATH + more, key)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return [(each["account"], [(one["why"], one["position"]) for one in each["because"]]) for each in items]


def test_a_late_arrival_lists_the_account_and_the_question_is_a_look_at_her(service: Service) -> None:
    (first,) = service.record(event())
    subject, officer = first["stream"], service.bearer("officer") | PURPOSE
    account = issued(service, subject)
    assert listed(service, officer) == []
    (late,) = service.record(event("data.disclosed"))
    assert listed(service, officer) == [(account, [("whosaw:ArrivedLate", late["position"])])]
    assert service.entries("ledger.queried")[-1]["stream"] == subject
    assert listed(service, officer, "?since=2999-01-01T00:00:00Z") == []


def test_what_is_sealed_lists_an_account_for_the_cleared_alone_and_leaves_no_open_trace(service: Service) -> None:
    (first,) = service.record(event(), placed())[:1]
    subject, officer = first["stream"], service.bearer("officer") | PURPOSE
    account = issued(service, subject)
    (late,) = service.record(event("data.disclosed", **SEALED))
    key, other = cleared(service, "city-police"), cleared(service, "other-police")
    assert listed(service, officer) == listed(service, key) == listed(service, other, "?sealed=true") == []
    before = len(service.entries("ledger.queried"))
    assert listed(service, key, "?sealed=true") == [(account, [("whosaw:ArrivedLate", late["position"])])]
    traces = service.entries("ledger.queried")[before:]
    assert traces
    assert {each["data"].get("visibility") for each in traces} == {"sealed"}
    assert subject not in {each["stream"] for each in traces}
