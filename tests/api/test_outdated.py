"""Accounts already issued that what was recorded since would have changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.api.conftest import PURPOSE, SOURCE, event
from tests.api.test_across import followed
from tests.api.test_persons import merged
from tests.api.test_seals import SEALED, ask, cleared, placed
from tests.api.test_stream import streams_its_pages

if TYPE_CHECKING:
    from collections.abc import Callable

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


@pytest.mark.parametrize("logs", [1, 2])
def test_as_of_then_the_list_is_the_one_that_was_given_then(start: Callable[..., Service], logs: int) -> None:
    """An account that a late fact made outdated is in the list of then, also when that fact was voided since."""
    service, given = start(logs=logs), list[dict[str, Any]]()
    officer, names = service.bearer("officer") | PURPOSE, [f"C-{number}" for number in range(4)]
    key = cleared(service, "city-police")
    service.record(*(event(customer=each) for each in names), placed())
    followed(service)

    def issue(customer: str) -> None:
        followed(service)
        path = f"/v1/subjects/{service.look_up(customer)}/accounts"
        assert service.client.post(path, headers=officer).status_code == 201

    def asked(path: str, headers: dict[str, str] = officer) -> dict[str, Any]:
        answer = service.client.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    for each in names[:3]:
        issue(each)
    late = event("data.disclosed", "C-1")
    void = event("event.voided", "C-1", target={"source": SOURCE, "id": late["id"]}, reason="whosaw:Mistake",
                 system=None)  # fmt: skip
    steps = (
        [late, event("data.disclosed", "C-1", **SEALED)],
        [event("data.disclosed", each) for each in names],
        [void, event("data.viewed", "C-2")],
        [merged("C-2", "C-3")],
    )
    for number, some in enumerate(steps):
        service.record(*some)
        if number == 1:
            issue("C-3")
        followed(service)
        given += [asked(PATH), asked(f"{PATH}?sealed=true", key)]
    followed(service)
    counts = [[len(each["because"]) for each in answer["items"]] for answer in given]
    assert counts[:2] == [[1], [2]], "the sealed one is for the cleared"
    assert [len(each) for each in counts[2:5:2]] == [3, 3]
    assert len({str(each["items"]) for each in given[::2]}) >= 3, "it says something else as more is known"
    for number, each in enumerate(given):
        path, headers = (f"{PATH}?sealed=true&", key) if number % 2 else (f"{PATH}?", officer)
        positions = ",".join(map(str, each["positions"]))
        again = asked(f"{path}as_of={positions}", headers)
        known = asked(f"{path}known_at={quote(again['now'])}", headers)
        assert again["items"] == known["items"] == each["items"]
        assert again["positions"] == each["positions"], "known_at may name more: a question that was not followed yet"
        assert known["known_at"] == again["now"]
    then = ",".join(map(str, given[4]["positions"]))
    rows = streams_its_pages(service, f"{PATH}?as_of={then}", page_rows=1)
    assert rows == given[4]["items"]
    later = quote((datetime.now(UTC) + timedelta(hours=1)).isoformat())
    assert service.client.get(f"{PATH}?known_at={later}", headers=officer).status_code == 422
