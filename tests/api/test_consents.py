"""What a person consents to, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.conftest import SOURCE, event
from tests.api.test_persons import correction

if TYPE_CHECKING:
    from tests.api.conftest import Service


def said(state: str, at: str = "2026-01-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    data = {"purposes": ["dpv:DirectMarketing"], "categories": [], "channel": "whosaw:Web", "notice_ref": None}
    return event("consent.recorded", state=state, effective_at=at, system=None, **(data | more))


def consents(service: Service, subject: str, query: str = "") -> dict[str, Any]:
    head = service.state.ledger.head(0)
    answer = service.ask(f"/v1/subjects/{subject}/consents?min_position={head}{query}", "compliance")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_consents_stand_as_of_a_position_and_as_they_were_stated(service: Service) -> None:
    given, withdrawn = said("given"), said("withdrawn", "2026-02-01T00:00:00Z")
    made, _ = service.record(given, withdrawn)
    subject = made["stream"]
    (found,) = consents(service, subject)["items"]
    assert (found["state"], found["since"], found["id"]) == ("withdrawn", "2026-02-01T00:00:00Z", withdrawn["id"])
    assert found["source"] == SOURCE
    first = service.ask(f"/v1/subjects/{subject}/consents?as_of=1").content
    service.record(correction("event.voided", withdrawn))
    assert [each["state"] for each in consents(service, subject)["items"]] == ["given"]
    assert [each["state"] for each in consents(service, subject, "&view=stated")["items"]] == ["withdrawn"]
    assert [each["state"] for each in consents(service, subject, "&view=audit")["items"]] == ["withdrawn"]
    assert service.ask(f"/v1/subjects/{subject}/consents?as_of=1").content == first
    assert b'"given"' in first


def test_a_sealed_consent_is_in_no_answer_without_clearance(service: Service) -> None:
    made, *_ = service.record(said("given"), said("withdrawn", visibility="sealed"))
    assert [each["state"] for each in consents(service, made["stream"])["items"]] == ["given"]
    service.keys["legal"] = service.issue(("subjects:read", "seals:read", "seal:*"))
    answer = service.ask(f"/v1/subjects/{made['stream']}/consents?sealed=true", "legal")
    assert [each["state"] for each in answer.json()["items"]] == ["withdrawn"]


def test_pages_are_of_one_moment(service: Service) -> None:
    end = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    purposes = ["dpv:DirectMarketing", "dpv:Personalisation", "dpv:ServiceProvision"]
    (made,) = service.record(said("given", purposes=purposes, until=end))
    page = consents(service, made["stream"], "&limit=2")
    moment = page["valid_at"]
    found = page["items"]
    while page["next"]:
        page = service.ask(page["next"]).json()
        assert page["valid_at"] == moment
        found += page["items"]
    assert [each["purpose"] for each in found] == purposes
    assert len({each["state"] for each in found}) == 1
    later = consents(service, made["stream"], "&valid_at=2999-01-01T00:00:00Z")["items"]
    assert {each["state"] for each in later} == {"expired"}


@pytest.mark.parametrize("when", ["yesterday", "2026-01-01", "2026-01-01T00:00:00"])
def test_a_moment_has_an_offset(service: Service, when: str) -> None:
    (made,) = service.record(said("given"))
    assert service.ask(f"/v1/subjects/{made['stream']}/consents?valid_at={when}").status_code == 422
