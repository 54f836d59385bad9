"""Questions about everybody at once, over HTTP: pages, positions, formats, and that each is on record."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from api import access
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
    # Of several logs, whichever it was recorded in.
    found: dict[str, Any] = max(service.entries("ledger.queried"), key=lambda each: each["appended"])
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


@pytest.mark.parametrize("logs", [1, 3])
def test_a_case_is_told_in_order_with_its_corrections_and_without_what_is_sealed(
    start: Callable[..., Service], logs: int
) -> None:
    service = start(logs=logs)
    case = {"correlationid": "complaint-17"}
    first = event("data.collected", "C-1") | case
    service.record(first)
    service.record(event("data.collected", "C-1"))
    for number in range(4):
        service.record(event("data.disclosed", f"C-{number}") | case)
    service.record(event("data.disclosed", "C-1", visibility="sealed") | case)
    voided = event("event.voided", "C-1")
    voided["data"] = {
        "actor": voided["data"]["actor"], "subjects": voided["data"]["subjects"],
        "target": {"source": first["source"], "id": first["id"]}, "reason": "whosaw:NeverHappened",
    }  # fmt: skip
    service.record(voided | case)
    found = pages(service, "/v1/cases/complaint-17?limit=2")
    kinds = [each["type"] for each in found]
    assert kinds == ["data.collected", *["data.disclosed"] * 4, "event.voided"]
    assert found[0]["corrected_by"] == [found[-1]["position"]]
    proof = service.client.get(found[0]["proof"], headers=service.bearer("regulator")).json()
    assert proof["leaf"] == found[0]["leaf"]
    assert "withheld" not in ask(service, "/v1/cases/complaint-17").json()
    assert service.ask("/v1/cases/complaint-17?sealed=true").status_code == 403
    key = service.issue(("subjects:read", "seals:read", "seal:*"))
    service.keys["cleared"] = key
    assert ask(service, "/v1/cases/complaint-17?sealed=true", "cleared").json()["withheld"] == 1
    assert last_query(service)["data"]["visibility"] == "sealed"
    service.keys["cleared"] = service.issue(("subjects:read", "seals:read", "seal:another"))
    assert ask(service, "/v1/cases/complaint-17?sealed=true", "cleared").json()["withheld"] == 0
    assert service.ask("/v1/cases/another").status_code == 404


@pytest.mark.parametrize("logs", [1, 3])
def test_which_emitters_have_gaps(start: Callable[..., Service], logs: int) -> None:
    service = start(logs=logs)
    for number in (1, 2, 3, 6, 9):
        service.record(event("data.collected", f"C-{number}") | {"sequence": number})
    (found,) = ask(service, "/v1/emitters?silent_after=3600").json()["items"]
    assert (found["source"], found["entries"], found["missing"], found["silent"]) == ("/services/billing", 5, 4, False)
    assert found["holes"] == [{"first": 4, "last": 5}, {"first": 7, "last": 8}]
    assert last_query(service)["data"]["query"] == "whosaw:QueryEmitters"


def test_who_asked_about_a_person_and_who_was_refused(service: Service) -> None:
    (receipt,) = service.record(event("data.collected", "C-1"))
    subject = receipt["stream"]
    path = f"/v1/subjects/{subject}/queries"
    ask(service, f"/v1/subjects/{subject}/holdings", **{"Whosaw-Ticket": "TKT-7"})
    assert service.ask(f"/v1/subjects/{subject}/holdings", "auditor").status_code == 403
    assert service.ask(f"/v1/subjects/{subject}/disclosures?sealed=true").status_code == 403
    assert service.client.get(f"/v1/subjects/{subject}/views", headers=service.bearer("emitter")).status_code == 403
    found = ask(service, path).json()["items"]
    assert [(each["query"], each["outcome"], each["role"], each["ticket"], each["purpose"]) for each in found] == [
        ("whosaw:QueryViews", "refused", "whosaw:Service", None, "whosaw:NotStated"),
        ("whosaw:QueryDisclosures", "refused", "whosaw:PrivacyOfficer", None, "whosaw:AccessRequest"),
        ("whosaw:QueryHoldings", "refused", "whosaw:Auditor", None, "whosaw:AccessRequest"),
        ("whosaw:QueryHoldings", "answered", "whosaw:PrivacyOfficer", "TKT-7", "whosaw:AccessRequest"),
    ]
    assert {each["key"] for each in found} == {None}
    # Asking this is on record, and is not told by itself.
    assert last_query(service)["data"]["query"] == "whosaw:QueryQueries"
    entitled = ask(service, path, "compliance").json()["items"]
    assert len(entitled) == 4
    assert all(each["key"].startswith("key-") for each in entitled)
    assert pages(service, f"{path}?limit=2") == found
    # What was refused is no look at her data.
    looks = ask(service, f"/v1/subjects/{subject}/views").json()["items"]
    assert "whosaw:Auditor" not in {each["actor_role"] for each in looks}


def test_without_a_working_key_nothing_is_recorded_and_a_broken_client_does_not_fill_the_log(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    (receipt,) = service.record(event("data.collected", "C-1"))
    path = f"/v1/subjects/{receipt['stream']}/holdings"
    for headers in ({}, {"Authorization": "Bearer wsk_nothing"}):
        assert service.client.get(path, headers=headers).status_code == 401
    assert service.entries("ledger.queried") == []
    monkeypatch.setattr(access, "REFUSALS_A_MINUTE", 3)
    monkeypatch.setattr(access.time, "monotonic", lambda: 600.0)
    for _ in range(9):
        assert service.ask(path, "auditor", **{"Whosaw-Purpose": "not a code", "Whosaw-Ticket": "@"}).status_code == 403
    refused = service.entries("ledger.queried")
    assert [each["data"]["purpose"] for each in refused] == ["whosaw:NotStated"] * 3


def test_a_question_under_an_order_is_told_to_the_cleared_only(service: Service) -> None:
    (receipt, _) = service.record(event("data.collected", "C-1"), event("data.disclosed", "C-1", visibility="sealed"))
    subject = receipt["stream"]
    service.keys["cleared"] = service.issue(("subjects:read", "disclosures:read", "seals:read", "seal:*"))
    ask(service, f"/v1/subjects/{subject}/disclosures?sealed=true", "cleared")
    assert ask(service, f"/v1/subjects/{subject}/queries").json()["items"] == []
    (found,) = ask(service, f"/v1/subjects/{subject}/queries?sealed=true", "cleared").json()["items"]
    assert found["query"] == "whosaw:QueryDisclosures"


def declaration(kind: str, **data: Any) -> dict[str, Any]:
    made = event("data.collected") | {"type": kind}
    made["data"] = {"actor": made["data"]["actor"]} | data
    return made


@pytest.mark.parametrize("logs", [1, 3])
def test_what_is_declared_beside_what_is_observed(start: Callable[..., Service], logs: int) -> None:
    service = start(logs=logs)
    past = {"starts": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}
    service.record(
        declaration("recipient.registered", recipient=RECIPIENT, categories=["pd:Name"]),
        declaration("system.registered", registered="crm", purposes=["dpv:ServiceProvision"]),
        declaration("system.registered", registered="old", retired=True),
        declaration("system.registered", registered="warehouse"),
        declaration(
            "recipient.agreement_recorded", agreement_id="A-1", recipient_id="mail-house",
            agreement="whosaw:ProcessorAgreement", **past,
        ),
        event("data.collected", "C-1"),
        event("data.disclosed", "C-1"),
        event("data.disclosed", "C-2", recipient=RECIPIENT | {"id": "unknown-inc"}),
        event("data.disclosed", "C-2", recipient=RECIPIENT | {"id": "police"}, visibility="sealed"),
    )  # fmt: skip
    found = {(each["kind"], each["name"]): each for each in ask(service, "/v1/reconciliation").json()["items"]}
    assert found["recipient", RECIPIENT["id"]]["state"] == "both"
    unknown = found["recipient", "unknown-inc"]
    assert (unknown["state"], unknown["facts"], unknown["first"]) == ("undeclared", 1, "2026-11-01T15:00:00+00:00")
    assert (found["system", "crm"]["state"], found["system", "warehouse"]["state"]) == ("both", "unobserved")
    assert found["category", "pd:Name"]["facts"] == 3
    assert found["category", "pd:EmailAddress"]["state"] == "undeclared"
    assert not found.keys() & {("recipient", "police"), ("system", "old"), ("recipient", "mail-house")}
    only = ask(service, "/v1/reconciliation?state=unobserved").json()["items"]
    assert {each["state"] for each in only} == {"unobserved"}


YEAR = "from=2025-01-01T00:00:00Z&to=2026-01-01T00:00:00Z"


def test_demands_of_a_year_are_told_in_bands_and_what_is_sealed_moves_none(service: Service) -> None:
    issuer = {"name": "Example Court", "country": "loc:CA-QC"}

    def demanded(number: int, **more: Any) -> dict[str, Any]:
        data = {"demand_id": f"D-{number}", "instrument": {"type": "whosaw:Warrant", "issuer": issuer}, "due": None}
        return event("authority.demand_received", f"C-{number}", **data | more) | {"time": "2025-05-01T10:00:00Z"}

    def report() -> dict[str, Any]:
        items = ask(service, f"/v1/reports/transparency?{YEAR}").json()["items"]
        return {each["category"]: each for each in items}

    service.record(*(demanded(number) for number in range(100)))
    service.record(*(demanded(number, visibility="sealed") for number in range(200, 210)))
    service.record(event("authority.demand_decided", "C-1", demand_id="D-1", decision="complied"))
    assert report()["court_ordered"]["requests"] == "0-100"
    service.record(demanded(100))
    court = report()["court_ordered"]
    assert (court["requests"], court["people"], court["complied"]) == ("101-200", "101-200", "0-100")
    assert len(report()) == 6
    part = "from=2025-02-01T00:00:00Z&to=2026-01-01T00:00:00Z"
    two = YEAR.replace("2025", "2024")
    for window in (part, two, "from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z", ""):
        assert service.ask(f"/v1/reports/transparency?{window}").status_code == 422


UNKNOWN = (
    ("/v1/recipients/nobody/disclosures", 404), (f"/v1/recipients/nobody/exposure?{BREACH}", 404),
    ("/v1/policies/nothing/impact", 404), ("/v1/policies/privacy/impact?version=1999", 422), ("/v1/cases/none", 404),
    ("/v1/findings?rule=whosaw:RuleNothing", 422), ("/v1/retention?rule=whosaw:KeepNothing", 422),
)  # fmt: skip
KNOWN = (
    f"{X}/disclosures", f"{X}/exposure?{BREACH}", f"/v1/recipients/registered-only/exposure?{BREACH}",
    "/v1/policies/privacy/impact", "/v1/policies/privacy/impact?version=2026", "/v1/cases/case-1",
    "/v1/findings?rule=whosaw:RuleGround", "/v1/findings?rule=whosaw:RuleOfTheirs",
    "/v1/retention?rule=whosaw:KeepContact", "/v1/retention?rule=stated",
)  # fmt: skip


def test_what_nobody_knows_is_said_to_be_unknown_and_not_to_concern_nobody(service: Service) -> None:
    about_nobody = (
        event("recipient.registered", recipient=RECIPIENT | {"id": "registered-only"}, categories=[], purposes=[]),
        event("policy.published", policy="privacy", version="2026", effective_from="2026-01-01T00:00:00Z",
              text_digest="sha256:" + "0" * 64, languages=["en"], supersedes=None),
        event("retention.rule_set", rule="whosaw:KeepContact", categories=[], purposes=[], trigger="collected",
              length=1, unit="years", action="erase", effective_from="2020-01-01T00:00:00Z"),
    )  # fmt: skip
    for each in about_nobody:
        del each["data"]["subjects"]
    raised = event(
        "finding.raised", finding_id="F-1", rule="whosaw:RuleOfTheirs", rule_version="1", law_pack=None,
        result="violation", inputs=[{"log": "ledger.example/test/log0", "position": 1}],
    )  # fmt: skip
    service.record(*about_nobody, event("data.disclosed") | {"correlationid": "case-1"}, raised)
    service.record(event("data.disclosed", visibility="sealed", recipient=RECIPIENT | {"id": "secret"}))
    for path in KNOWN:
        ask(service, path)
    for path, status in (*UNKNOWN, ("/v1/recipients/secret/disclosures", 404)):
        followed(service)
        answer = service.ask(path)
        assert (answer.status_code, "items" in answer.json()) == (status, False), path
        assert last_query(service)["data"]["outcome"] == "refused"
    service.keys["cleared"] = service.issue(("disclosures:read", "seals:read", "seal:*"))
    sealed = service.ask("/v1/recipients/secret/disclosures?sealed=true", "cleared")
    assert (sealed.status_code, len(sealed.json()["items"])) == (200, 1)
    words = [service.ask(f"/v1/recipients/{each}/disclosures").json()["detail"] for each in ("secret", "nobody")]
    assert words[0] == words[1]


@pytest.mark.parametrize("logs", [1, 3])
def test_as_of_positions_and_of_a_time_answers_about_everybody_stay_as_they_were(
    start: Callable[..., Service], logs: int
) -> None:
    service = start(logs=logs)
    named = {"policy": "privacy", "version": "2009", "mode": "express", "evidence": None}
    disclosed = [event("data.disclosed", f"C-{number}") | {"correlationid": "CASE-1"} for number in range(4)]
    service.record(*disclosed, *(event("policy.assented", f"C-{number}", **named) for number in range(4)))
    paths = (f"{X}/exposure?{BREACH}", "/v1/cases/CASE-1?", "/v1/policies/privacy/impact?")
    before = [ask(service, path).json() for path in paths]
    over = datetime.now(UTC).isoformat()
    gone = {"categories": ["pd:Name"], "mode": "destruct", "state": "verified", "system": "their-crm"}
    target = {"target": {"source": disclosed[0]["source"], "id": disclosed[0]["id"]}, "reason": "whosaw:WrongValue"}
    service.record(
        event("event.voided", "C-0", **target),
        event("data.erased", "C-1", holder=RECIPIENT["id"], **gone) | {"time": "2026-10-02T10:00:00-05:00"},
        *(event("data.disclosed", f"C-{number}") | {"correlationid": "CASE-1"} for number in range(4, 8)),
        *(event("policy.assented", f"C-{number}", **named) for number in range(4, 8)),
    )
    for path, then in zip(paths, before, strict=True):
        positions = ",".join(map(str, then["positions"]))
        for named_by in (f"as_of={positions}", f"known_at={quote(over)}"):
            again = ask(service, f"{path}&{named_by}").json()
            assert again["items"] == then["items"]
            assert again.get("totals") == then.get("totals")
        assert ask(service, path).json()["items"] != then["items"]
