"""Findings as officers ask for them: across people, about one, in their language, and behind seals for the cleared."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.api.conftest import RECIPIENT, SOURCE, event
from tests.api.test_seals import SEALED, cleared, placed

if TYPE_CHECKING:
    from tests.api.conftest import Service


def look(customer: str = "C-1", **more: Any) -> dict[str, Any]:
    return event("data.viewed", customer, purpose="dpv:CommunicationForCustomerCare", **more)


def across(service: Service, query: str = "", role: str = "officer", **headers: str) -> dict[str, Any]:
    service.follow(service.state.ledger.head(0))
    answer = service.ask(f"/v1/findings{query}", role, **headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def hers(service: Service, subject: str, query: str = "", **headers: str) -> list[dict[str, Any]]:
    answer = service.ask(f"/v1/subjects/{subject}/findings{query}", **headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def test_a_finding_says_which_rule_judged_on_what_and_why_in_the_readers_language(service: Service) -> None:
    (made,) = service.record(look())
    (found,) = across(service)["items"]
    assert found | {"finding": "x"} == found | {
        "finding": "x", "log_id": 0, "position": 1, "subject": made["stream"], "rule": "whosaw:RuleLookup",
        "version": "2", "law_pack": "ca-qc-p39.1/2024-09", "outcome": "violation", "state": "open", "seals": [],
        "inputs": [{"log_id": 0, "position": 1}], "time": "2026-11-01T10:00:00-05:00",
        "explanation": (
            "Looked at without a stated purpose or ticket: No ticket (Customer support, to be confirmed with counsel)."
        ),
        "confirm": True,
    }  # fmt: skip
    (french,) = across(service, **{"Accept-Language": "fr"})["items"]
    assert french["explanation"].startswith("Consultation sans fin déclarée ou sans billet : Aucun billet (")


def test_a_finding_has_an_age_in_days_and_somebody_who_answers_for_it(service: Service) -> None:
    (made,) = service.record(look(system="helpdesk"))
    answer = across(service)
    (found,) = answer["items"]
    since, now = datetime.fromisoformat(found["since"]), datetime.fromisoformat(answer["now"])
    assert found["age_days"] == (now - since).days
    assert found["owner"] == {"source": SOURCE, "system": "helpdesk"}
    (then,) = hers(service, made["stream"], "?valid_at=2026-11-11T15:00:00Z")
    assert then["age_days"] == 10, "since the first of November"


def test_a_finding_names_the_recipient_as_it_was_then_and_the_data_of_the_fact(service: Service) -> None:
    made, *_ = service.record(event("data.disclosed", basis=None, categories=["pd:Name", "pd:CallLog"]), look())
    every = [*across(service)["items"], *hers(service, made["stream"])]
    told = {(each["type"], each["recipient"], each["recipient_name"], tuple(each["categories"])) for each in every}
    assert told == {
        ("data.disclosed", "collections-north", "Collections North Inc.", ("pd:Name", "pd:CallLog")),
        ("data.viewed", None, None, ("pd:Name",)),
    }
    looks = [each["data"] for each in service.entries("ledger.queried")]
    assert [each["categories"] for each in looks] == [["pd:CallLog", "pd:Name"]] * 2, "what was shown is on record"


def test_a_question_is_recorded_about_everybody_in_the_answer(service: Service) -> None:
    made = service.record(look(), look("C-2"))
    across(service)
    (asked,) = service.entries("ledger.queried")
    assert (asked["data"]["query"], asked["data"]["result_count"]) == ("whosaw:QueryFindings", 2)
    service.follow(asked["position"])
    for each in made:
        views = service.ask(f"/v1/subjects/{each['stream']}/views").json()["items"]
        assert [view["act"] for view in views] == ["ledger.queried", "data.viewed"]


def test_pages_are_pinned_to_a_moment_and_filters_narrow(service: Service) -> None:
    service.record(*(look(f"C-{number}") for number in range(5)), event("data.disclosed"))
    whole = across(service)["items"]
    assert len(whole) == 7, "five looks, and a recipient and a policy that nobody registered"
    path, paged = "/v1/findings?limit=2", list[dict[str, Any]]()
    while path:
        page = service.ask(path).json()
        paged += page["items"]
        path = page["next"]
    assert paged == whole
    assert len(across(service, "?rule=whosaw:RuleLookup")["items"]) == 5
    gaps = across(service, "?outcome=gap")["items"]
    assert [each["reason"] for each in gaps] == ["whosaw:PolicyUnknown", "whosaw:RecipientUnknown"]
    assert across(service, "?recipient=collections-north")["items"] == gaps
    assert across(service, "?to=2026-11-01T09:00:00-05:00")["items"] == []
    assert across(service, "?state=resolved")["items"] == []
    assert service.ask("/v1/findings?outcome=lawful").status_code == 422
    assert service.ask("/v1/findings?from=yesterday").status_code == 422


def test_several_rules_are_one_question_in_the_order_of_when_the_facts_happened(service: Service) -> None:
    days = ("2026-11-02", "2026-11-01", "2026-11-03")
    service.record(*(
        {**made, "time": f"{day}T{hour}:00:00Z"}
        for day in days
        for hour, made in ((10, look("C-1")), (11, event("data.disclosed", "C-1")))
    ))  # fmt: skip
    both = "?rule=whosaw:RuleRecipient&rule=whosaw:RuleLookup"
    found = across(service, both)["items"]
    assert [(each["time"][8:10], each["rule"].removeprefix("whosaw:Rule")) for each in found] == [
        ("01", "Lookup"), ("01", "Recipient"), ("02", "Lookup"), ("02", "Recipient"), ("03", "Lookup"),
        ("03", "Recipient"),
    ]  # fmt: skip
    path, paged = f"/v1/findings{both}&limit=1", list[dict[str, Any]]()
    while path:
        page = service.ask(path).json()
        paged += page["items"]
        path = page["next"]
    assert paged == found
    again = "?rule=whosaw:RuleLookup&rule=whosaw:RuleRecipient&rule=whosaw:RuleLookup"
    assert across(service, again)["items"] == found, "whatever their order, and each row once"
    whole = service.ask(f"/v1/findings{both}&limit=all", Accept="application/x-ndjson")
    *lines, last = [orjson.loads(line) for line in whole.text.splitlines()]
    assert ([each["finding"] for each in lines], last) == ([each["finding"] for each in found], {"rows": 6})
    assert whole.headers["ledger-rows"] == "6"


def test_a_cursor_goes_on_with_the_rules_that_it_was_given_for(service: Service) -> None:
    service.record(look(), event("data.disclosed"), look("C-2"))
    across(service)
    following = service.ask("/v1/findings?rule=whosaw:RuleRecipient&rule=whosaw:RuleLookup&limit=1").json()["next"]
    assert service.ask(following).status_code == 200
    fewer = service.ask(following.replace("rule=whosaw%3ARuleRecipient&", ""))
    assert (fewer.status_code, fewer.json()["code"]) == (400, "bad-cursor")


def test_each_of_several_rules_must_be_one(service: Service) -> None:
    unknown = service.ask("/v1/findings?rule=whosaw:RuleLookup&rule=whosaw:RuleNone")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "invalid-parameter")
    assert service.ask("/v1/findings?" + "&".join(["rule=whosaw:RuleLookup"] * 21)).status_code == 422


def test_people_deal_with_findings_by_events_that_name_them(service: Service) -> None:
    service.record(look())
    (found,) = across(service)["items"]
    decision = event("finding.resolved", finding_id=found["finding"], reason="whosaw:Remedied", system=None)
    del decision["data"]["subjects"]
    settle(service, decision)
    assert across(service, "?state=open")["items"] == []
    (closed,) = across(service, "?state=resolved")["items"]
    assert (closed["resolution"], closed["decided"]["position"]) == ("whosaw:Remedied", 2 + 1)


def settle(service: Service, *events: dict[str, Any]) -> None:
    """Record decisions, by a key that may."""
    service.keys["desk"] = service.issue(("events:write", "findings:decide"))
    headers = service.bearer("desk") | {"Content-Type": "application/json"}
    answer = service.client.post("/v1/events", content=orjson.dumps(list(events)), headers=headers)
    assert answer.status_code == 201, answer.text


def test_who_caused_a_finding_neither_settles_nor_excuses_it(service: Service) -> None:
    service.record(look())
    (found,) = across(service)["items"]
    resolved = event("finding.resolved", finding_id=found["finding"], reason="whosaw:Remedied")
    waived = event("finding.waived", waiver_id="W-1", rule="whosaw:RuleLookup", reason="whosaw:TransitionPeriod",
                   until="2026-12-01T00:00:00Z")  # fmt: skip
    reopened = event("finding.reopened", finding_id=found["finding"], reason="whosaw:NotRemedied")
    answer = service.send([look("C-2"), resolved, waived, reopened])
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/1/type", "/2/type", "/3/type"]
    assert service.send(waived).json()["errors"][0]["pointer"] == "/type"
    assert len(across(service, "?state=open")["items"]) == 1, "and none of it was recorded"
    settle(service, resolved)
    assert across(service, "?state=open")["items"] == []
    assert service.send(reopened).status_code == 403, "nor does it open again what was settled"
    settle(service, reopened)
    assert len(across(service, "?state=open")["items"]) == 1


def test_an_excused_finding_names_who_excused_it_why_and_until_when(service: Service) -> None:
    service.record(look())
    waived = event("finding.waived", waiver_id="W-1", rule="whosaw:RuleLookup", reason="whosaw:TransitionPeriod",
                   starts="2026-10-01T00:00:00Z", until="2026-12-01T00:00:00Z")  # fmt: skip
    del waived["data"]["subjects"]
    settle(service, waived)
    (found,) = across(service)["items"]
    assert (found["outcome"], found["waiver"]) == ("excused", "W-1")
    assert found["waived"] == {
        "reason": "whosaw:TransitionPeriod", "role": "whosaw:BillingService", "author": "billing",
        "from": "2026-10-01T00:00:00Z", "until": "2026-12-01T00:00:00Z",
    }  # fmt: skip
    assert hers(service, found["subject"])[0]["waived"] == found["waived"]


def test_one_persons_findings_are_exact_as_of_any_position_and_lawful_ones_can_be_shown(service: Service) -> None:
    first, _, third, _ = service.record(
        look(), look("C-2", ticket="TKT-1"), event("data.disclosed", recipient=RECIPIENT),
        {**event("recipient.registered", recipient=RECIPIENT), "data": {
            "actor": event()["data"]["actor"], "recipient": RECIPIENT}},
    )  # fmt: skip
    subject = first["stream"]
    position = service.state.ledger.head(0)
    reasons = [each["reason"] for each in hers(service, subject, f"?min_position={position}")]
    assert reasons == ["whosaw:NoTicket", "whosaw:PolicyUnknown", "whosaw:NoAgreement"]
    then = hers(service, subject, f"?as_of={third['position']}")
    assert [each["reason"] for each in then] == ["whosaw:NoTicket", "whosaw:PolicyUnknown", "whosaw:RecipientUnknown"]
    assert hers(service, subject, "?as_of=1") == then[:1]
    everything = hers(service, subject, f"?all=true&as_of={position}")
    assert {each["outcome"] for each in everything} == {"lawful", "violation", "gap"}
    answer = service.ask(f"/v1/subjects/{subject}/findings?all=true&as_of={position}&limit=3")
    paged: list[dict[str, Any]] = answer.json()["items"]
    while answer.json()["next"]:
        answer = service.ask(answer.json()["next"])
        paged += answer.json()["items"]
    assert paged == everything


def test_what_an_order_seals_is_found_for_the_cleared_alone(service: Service) -> None:
    service.record(look(ticket="TKT-1"))
    before = across(service)
    service.record(look(visibility="sealed", seal_ref="S-1"))
    after = across(service)
    assert after["items"] == before["items"] == []
    subject = service.look_up("C-1")
    assert hers(service, subject) == []
    service.keys["legal"] = service.issue(("subjects:read", "disclosures:read", "seals:read", "seal:*"))
    (found,) = across(service, "?sealed=true", "legal")["items"]
    assert (found["rule"], found["seals"]) == ("whosaw:RuleLookup", ["S-1"])
    answer = service.ask(f"/v1/subjects/{subject}/findings?sealed=true", "legal")
    assert [each["rule"] for each in answer.json()["items"]] == ["whosaw:RuleLookup"]
    assert service.ask("/v1/findings?sealed=true", "officer").status_code == 403
    service.keys["legal"] = service.issue(("disclosures:read", "seals:read", "seal:another"))
    assert across(service, "?sealed=true", "legal")["items"] == []


def test_a_rule_that_is_named_behind_a_seal_alone_is_unknown_to_who_is_cleared_for_another(service: Service) -> None:
    raised = {
        "finding_id": "theirs", "rule": "xx:Theirs", "rule_version": "1", "law_pack": None, "result": "violation",
        "inputs": [],
    }  # fmt: skip
    service.record(look(), placed(), event("finding.raised", **raised | SEALED))
    service.follow(service.state.ledger.head(0))
    for authority, status in (("another", 422), ("city-police", 200), ("*", 200)):
        asked = service.client.get("/v1/findings?sealed=true&rule=xx:Theirs", headers=cleared(service, authority))
        assert asked.status_code == status, authority
        assert len(asked.json().get("items", ())) == (status == 200)
    assert service.ask("/v1/findings?rule=xx:Theirs").status_code == 422


def test_a_look_without_a_purpose_is_recorded_and_found_and_told(service: Service) -> None:
    unsaid, absent = look(ticket="TKT-1"), look(ticket="TKT-2")
    unsaid["data"]["purpose"] = None
    del absent["data"]["purpose"]
    made, _ = service.record(unsaid, absent)
    assert [each["reason"] for each in across(service)["items"]] == ["whosaw:NoPurpose", "whosaw:NoPurpose"]
    views = service.ask(f"/v1/subjects/{made['stream']}/views?min_position=2").json()["items"]
    assert [each["purposes"] for each in views if each["act"] == "data.viewed"] == [[], []]


def test_what_is_dated_ahead_is_found_at_once_and_had_not_happened_by_an_earlier_time(service: Service) -> None:
    (made,) = service.record({**look(), "time": "2096-01-01T00:00:00Z"})
    (found,) = across(service, "?rule=whosaw:RuleFuture")["items"]
    assert (found["outcome"], found["reason"]) == ("violation", "whosaw:DaysAhead")
    assert found["since"] < found["time"]
    assert "whosaw:RuleFuture" in [each["rule"] for each in hers(service, made["stream"])]
    assert hers(service, made["stream"], "?valid_at=2095-12-31T00:00:00Z") == []


@pytest.mark.parametrize("kind", ["text/csv", "application/x-ndjson"])
def test_findings_are_lines_too(service: Service, kind: str) -> None:
    service.record(look())
    service.follow(service.state.ledger.head(0))
    answer = service.ask("/v1/findings", Accept=kind)
    assert answer.headers["content-type"].startswith(kind)
    assert "whosaw:RuleLookup" in answer.text


def test_with_several_logs_the_answer_is_one(start: Any) -> None:
    service = start(logs=3)
    service.record(*(look(f"C-{number}") for number in range(12)))
    for log in range(3):
        service.follow(service.state.ledger.head(log), log)
    found = service.ask("/v1/findings?limit=5").json()
    assert len(found["positions"]) == 3
    assert len(found["items"]) == 5
    rest = service.ask(found["next"]).json()
    last = service.ask(rest["next"]).json()
    assert len({each["subject"] for page in (found, rest, last) for each in page["items"]}) == 12
