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


def incident(name: str, kind: str, **data: Any) -> dict[str, Any]:
    made = event("data.collected") | {"type": f"incident.{kind}"}
    made["data"] = {"actor": made["data"]["actor"], "incident_id": name} | data
    return made


DETECTED: dict[str, Any] = {
    "categories": ["pd:Name"], "circumstances": ["whosaw:Loss", "whosaw:CauseMistake"],
    "since": "2024-02-28T09:00:00-05:00", "until": None, "aware_at": "2024-02-29T09:00:00-05:00", "affected": 12,
}  # fmt: skip


def test_the_register_has_the_eight_items_in_their_order_and_says_what_is_owed(service: Service) -> None:
    service.record(
        incident("INC-1", "detected", **DETECTED),
        incident("INC-1", "assessed", serious=True, factors=["whosaw:SensitiveData"], affected=15),
        incident("INC-2", "detected", **DETECTED | {"aware_at": "2025-01-01T09:00:00-05:00"}),
        incident("INC-3", "detected", **DETECTED, visibility="sealed"),
    )
    answer = ask(service, "/v1/incidents?language=en").json()
    assert [each["incident"] for each in answer["items"]] == ["INC-1", "INC-2"]
    assert answer["unnotified"] == ["INC-1"]
    first = answer["items"][0]
    assert [each["item"] for each in first["register"]] == list(range(1, 9))
    assert first["register"][1]["text"] == "Loss; Mistake"
    assert first["register"][4]["text"] == "15"
    rule = "Report and notice of a breach (PIPEDA 10.1)"
    assert first["register"][6]["text"] == f"NOT NOTIFIED YET: regulator ({rule}), persons concerned ({rule})"
    # Aware in 2024 makes 2029 in Quebec; determined in November 2026 makes 2028 in Canada.
    assert first["kept_until"] == "2029-02-28"
    authority = {"name": "Office of the Privacy Commissioner", "country": "loc:CA"}
    service.record(
        incident("INC-1", "notified", whom="regulator", channel="whosaw:Web", authority=authority),
        incident("INC-1", "notified", whom="persons", channel="whosaw:Letter"),
        incident("INC-1", "closed", measures=["whosaw:StaffTrained"]),
    )
    text = ask(service, "/v1/incidents?language=fr&since=2024-01-01T00:00:00Z", Accept="text/plain").text
    assert "8. Mesures prises: Personnel formé" in text
    assert "PAS ENCORE" not in text
    table = ask(service, "/v1/incidents?language=fr", Accept="text/csv").text
    assert table.splitlines()[0].startswith("incident,Renseignements personnels visés,Circonstances,")
    assert ask(service, "/v1/incidents?since=2024-06-01T00:00:00Z").json()["items"][0]["incident"] == "INC-2"
    assert last_query(service)["data"]["query"] == "whosaw:QueryIncidentRegister"


def test_a_voided_notice_is_owed_again(service: Service) -> None:
    notice = incident("INC-1", "notified", whom="regulator", channel="whosaw:Web")
    service.record(
        incident("INC-1", "detected", **DETECTED),
        incident("INC-1", "assessed", serious=True, factors=["whosaw:SensitiveData"]),
        notice,
    )
    assert ask(service, "/v1/incidents").json()["items"][0]["owed"] == ["persons"]
    voided = event("data.collected") | {"type": "event.voided"}
    target = {"source": notice["source"], "id": notice["id"]}
    voided["data"] = {"actor": voided["data"]["actor"], "target": target, "reason": "whosaw:NeverHappened"}
    service.record(voided)
    assert ask(service, "/v1/incidents").json()["items"][0]["owed"] == ["regulator", "persons"]


FRANCE: dict[str, Any] = DETECTED | {"jurisdiction": "loc:FR", "aware_at": "2026-10-23T10:00:00+02:00"}
FACTORS: dict[str, Any] = {"jurisdiction": "loc:FR", "factors": ["whosaw:SensitiveData"]}


def test_the_register_says_what_the_obligations_say(service: Service) -> None:
    service.record(
        incident("never-judged", "detected", **FRANCE),
        incident("high", "detected", **FRANCE), incident("high", "assessed", serious=False, risk="high", **FACTORS),
        incident("none", "detected", **FRANCE), incident("none", "assessed", serious=True, risk="unlikely", **FACTORS),
        incident("ghost", "assessed", serious=True, factors=["whosaw:SensitiveData"]),
        incident("nowhere", "detected", **FRANCE | {"jurisdiction": "loc:US-CA"}),
    )  # fmt: skip
    answer = ask(service, "/v1/incidents?language=en").json()
    items = {each["incident"]: each for each in answer["items"]}
    owed = {name: each["owed"] for name, each in items.items()}
    assert owed == {
        "never-judged": ["regulator"], "high": ["regulator", "persons"], "none": [], "ghost": ["regulator", "persons"],
        "nowhere": [],
    }  # fmt: skip
    assert set(answer["unnotified"]) == {name for name, whom in owed.items() if whom}
    told = {(name, duty["whom"], duty["rule"]) for name, each in items.items() for duty in each["duties"]}
    obligations = ask(service, "/v1/obligations?limit=500").json()["items"]
    assert told == {
        (each["incident"], each["kind"].removeprefix("notify_"), each["deadline"]["rule"])
        for each in obligations
        if each["kind"] in {"notify_regulator", "notify_persons"} and each["state"] == "open"
    }
    texts = {name: [each["text"] for each in one["register"]] for name, one in items.items()}
    assert texts["high"][5] == "no; by the GDPR’s test: a high risk: The data is sensitive"
    assert texts["none"][6] == "none"
    assert texts["nowhere"][6] == "no law that is known here asks for one"
    assert texts["ghost"][:5] == ["not known"] * 5
    assert items["ghost"]["aware_at"] is None


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


@pytest.mark.parametrize("logs", [1, 3])
def test_whom_a_change_of_a_policy_touches(start: Callable[..., Service], logs: int) -> None:
    service = start(logs=logs)

    def assented(customers: list[str], version: str, mode: str, **more: Any) -> dict[str, Any]:
        made = event("policy.assented")
        subjects = [{"reference": {"kind": "customer", "value": each}, "role": "dpv:Customer"} for each in customers]
        made["data"] = {
            "actor": made["data"]["actor"], "subjects": subjects, "policy": "privacy", "version": version, "mode": mode,
            "evidence": None,
        } | more  # fmt: skip
        return made

    service.record(
        assented(["C-1"], "2009", "deemed_by_use"),
        assented(["C-1", "C-2"], "2009", "express"),
        assented(["C-3"], "2009", "implied"),
        assented(["C-1", "C-3"], "2026", "express"),
        assented(["C-4"], "2009", "express", visibility="sealed"),
    )
    path = "/v1/policies/privacy/impact"
    totals = ask(service, f"{path}?version=2026").json()["totals"]
    assert totals["people"] == 3
    assert totals["lacking"] == 1
    assert totals["versions"] == [
        {"version": "2009", "people": 3, "modes": {"deemed_by_use": 1, "express": 2, "implied": 1}},
        {"version": "2026", "people": 2, "modes": {"express": 2}},
    ]
    assert len(pages(service, f"{path}?version=2009&limit=2")) == 4
    (lacking,) = pages(service, f"{path}?version=2026&people=lacking")
    assert lacking["subject"] == service.look_up("C-2")
    assert service.ask(f"{path}?people=lacking").status_code == 422


@pytest.mark.parametrize("logs", [1, 3])
def test_whose_consents_a_change_of_a_policy_touches(start: Callable[..., Service], logs: int) -> None:
    service = start(logs=logs)
    marketing, ads = "dpv:DirectMarketing", "dpv:TargetedAdvertising"

    def published(version: str, *purposes: str, since: str = "2026-01-01T00:00:00Z") -> dict[str, Any]:
        rules = [
            {"id": f"r{n}", "subject_matter": "use", "effect": "permits", "purposes": [each]}
            for n, each in enumerate(purposes)
        ]
        made = event("policy.published", policy="privacy", version=version, effective_from=since, languages=["en"],
                     text_digest="sha256:" + "0" * 64, supersedes=None, rules=rules)  # fmt: skip
        del made["data"]["subjects"]
        return made

    def said(who: str | list[str], state: str, purpose: str, day: int = 1, **more: Any) -> dict[str, Any]:
        data = {
            "state": state, "purposes": [purpose], "categories": [], "channel": "whosaw:Web", "notice_ref": None,
            "effective_at": f"2026-11-{day:02}T10:00:00Z",
        }  # fmt: skip
        names = [who] if isinstance(who, str) else who
        subjects = [{"reference": {"kind": "customer", "value": each}, "role": "dpv:Customer"} for each in names]
        return event("consent.recorded", **data | {"subjects": subjects} | more)

    service.record(
        published("2026", marketing), published("2027", marketing, ads, since="2027-01-01T00:00:00Z"),
        said(["C-1", "C-2", "C-3"], "given", marketing), said("C-2", "withdrawn", marketing, 2),
        said("C-4", "given", marketing, categories=["pd:Name"]), said("C-4", "given", marketing, 3),
        said("C-5", "given", marketing), said("C-5", "withdrawn", marketing, 2, categories=["pd:Name"]),
        said("C-6", "given", marketing, until="2026-11-02T00:00:00Z"),
        said("C-7", "given", marketing, visibility="sealed"),
        said("C-10", "given", marketing, categories=["pd:EmailAddress"]),
        said("C-10", "withdrawn", marketing, 2, categories=["pd:Contact"]),
        said("C-11", "given", marketing, categories=["pd:Contact"]),
        said("C-11", "withdrawn", marketing, 2, categories=["pd:EmailAddress"]),
        said("C-8", "refused", marketing), said("C-1", "given", ads), said("C-9", "given", "dpv:ServiceProvision"),
    )  # fmt: skip
    wrong = said("C-3", "withdrawn", marketing, 4)
    voided = event("event.voided", "C-3", target={"source": wrong["source"], "id": wrong["id"]},
                   reason="whosaw:NeverHappened")  # fmt: skip
    del voided["data"]["system"]
    service.record(wrong, voided)
    path = "/v1/policies/privacy/impact"
    rows = pages(service, f"{path}?people=consenting&limit=2")
    assert sorted(row["subject"] for row in rows) == sorted(service.look_up(f"C-{n}") for n in (1, 3, 4, 5, 11))
    assert {row["purpose"] for row in rows} == {marketing}
    assert ask(service, path).json()["totals"]["consents"] == {marketing: 5}
    both = pages(service, f"{path}?people=consenting&version=2027&limit=2")
    assert [row["purpose"] for row in both] == [marketing] * 5 + [ads]
    assert ask(service, f"{path}?version=2027").json()["totals"]["consents"] == {marketing: 5, ads: 1}


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
