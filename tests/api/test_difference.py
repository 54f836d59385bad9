"""What we would have told her then, and what tells it from what we tell now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.api.conftest import event
from tests.api.test_known_at import at
from tests.api.test_seals import SEALED, ask, cleared, placed

if TYPE_CHECKING:
    from tests.api.conftest import Service


def difference(service: Service, subject: str, known_at: str, **more: str) -> dict[str, Any]:
    service.follow(service.state.ledger.head(0))
    parameters = "&".join(f"{name}={quote(value)}" for name, value in {"known_at": known_at, **more}.items())
    answer = service.ask(f"/v1/subjects/{subject}/account/difference?{parameters}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def changes(document: dict[str, Any], section: str) -> list[tuple[str, list[tuple[str, int]]]]:
    return [
        (each["change"], [(one["why"]["code"], one["position"]) for one in each["because"]])
        for each in document["sections"][section]
    ]


def test_what_is_told_now_differs_by_what_arrived_late_and_each_account_can_be_had_again(service: Service) -> None:
    (first,) = service.record(event())
    subject, then = first["stream"], at(service, 1)
    service.record(event("data.disclosed"))
    found = difference(service, subject, then)
    assert changes(found, "disclosures") == [("added", [("whosaw:ArrivedLate", 2)])]
    assert (found["then"]["as_of"], found["now"]["as_of"]) == (1, 2)
    assert found["sections"]["holdings"] == []
    for side, expected in (("then", 0), ("now", 1)):
        again = service.ask(f"/v1/subjects/{subject}/account?as_of={found[side]['as_of']}").json()
        assert len(again["disclosures"]) == expected
    (row,) = found["sections"]["disclosures"]
    assert row["now"] == again["disclosures"][0]
    assert row["because"][0]["recorded"].removesuffix("+00:00") == at(service, 2).removesuffix("Z")


def test_between_equal_times_there_is_no_difference(service: Service) -> None:
    (first,) = service.record(event())
    service.record(event("data.disclosed"))
    found = difference(service, first["stream"], at(service, 2), until_known=at(service, 2))
    assert found["sections"] == {"policy": [], "holdings": [], "disclosures": [], "views": []}


def test_the_question_itself_is_a_look_that_the_next_difference_shows(service: Service) -> None:
    (first,) = service.record(event())
    then = at(service, 1)
    assert changes(difference(service, first["stream"], then), "views") == []
    assert changes(difference(service, first["stream"], then), "views") == [("added", [("whosaw:HappenedSince", 2)])]
    assert service.entries("ledger.queried")[-1]["data"]["query"] == "whosaw:QueryAccountDifference"


def test_what_had_not_happened_by_a_time_is_in_neither_account(service: Service) -> None:
    (first,) = service.record(event())
    service.record(event("data.disclosed"))
    found = difference(service, first["stream"], at(service, 1), valid_at="2026-10-01T00:00:00Z")
    assert not any(found["sections"].values())
    assert found["valid_at"] == "2026-10-01T00:00:00+00:00"


def test_times_in_the_wrong_order_or_not_over_are_refused(service: Service) -> None:
    (first,) = service.record(event())
    path = f"/v1/subjects/{first['stream']}/account/difference?known_at={quote(at(service, 1))}"
    assert service.ask(f"{path}&until_known=2001-01-01T00:00:00Z").status_code == 422
    assert service.ask(f"{path}&until_known=2999-01-01T00:00:00Z").status_code == 422
    assert service.ask(f"/v1/subjects/{first['stream']}/account/difference").status_code == 422


def test_what_is_sealed_makes_no_difference_but_to_the_cleared_who_leave_no_open_trace(service: Service) -> None:
    (first,) = service.record(event())
    subject, then = first["stream"], at(service, 1)
    service.record(placed(), event("data.disclosed", **SEALED))
    assert not any(difference(service, subject, then)["sections"].values())
    key, before = cleared(service, "city-police"), len(service.entries("ledger.queried"))
    path = f"/v1/subjects/{subject}/account/difference?known_at={quote(then)}"
    assert changes(ask(service, path, key).json(), "disclosures") == []
    answer = ask(service, f"{path}&sealed=true", key).json()
    assert changes(answer, "disclosures") == [("added", [("whosaw:ArrivedLate", 3)])]
    asked = service.entries("ledger.queried")[before:]
    assert [each["data"].get("visibility") for each in asked] == [None, "sealed"]
    assert asked[-1]["stream"] != subject
