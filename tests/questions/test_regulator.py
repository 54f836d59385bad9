"""Questions 22 to 25, as a regulator asks them: given what happened, then exactly this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whosaw_client.command import run

from ledger import snapshot
from tests.api.conftest import RECIPIENT, SOURCE
from tests.questions.conftest import at

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.questions.conftest import Desk

POLICE = {"id": "police", "name": "City Police", "country": "loc:CA-QC"}
NAME = "Commission d’accès à l’information"
COMMISSION = {"id": "cai", "name": NAME, "country": "loc:CA-QC"}
QUEBEC = "Notice of a confidentiality incident (P-39.1, s. 3.5)"
CANADA = "Report and notice of a breach (PIPEDA 10.1)"


def test_22_all_incidents_in_the_last_24_months_or_5_years_with_notify_decision_reasoning(desk: Desk) -> None:
    named: dict[str, Any] = {"incident_id": "INC-22", "jurisdiction": "loc:CA-QC", "system": None}
    desk.given(
        at("2026-05-04T10:00:00-04:00", "incident.detected", None, **named, categories=["pd:Name"], affected=None,
           circumstances=["whosaw:Loss", "whosaw:CauseTheft"], since="2026-05-01T10:00:00-04:00", until=None,
           aware_at="2026-05-04T10:00:00-04:00"),
        at("2026-05-05T10:00:00-04:00", "incident.assessed", None, **named, serious=True, affected=12,
           factors=["whosaw:SensitiveData", "whosaw:MisuseProbable"]),
        at("2026-05-06T10:00:00-04:00", "incident.notified", None, **named, whom="regulator", channel="whosaw:Web",
           authority=COMMISSION),
        at("2026-05-09T10:00:00-04:00", "incident.closed", None, **named, measures=["whosaw:StaffTrained"]),
    )  # fmt: skip
    answer = desk.asked("/v1/incidents?language=en&since=2021-11-20T00:00:00-05:00", "regulator")
    assert answer["unnotified"] == ["INC-22"]
    (incident,) = answer["items"]
    assert (incident["incident"], incident["kept_until"]) == ("INC-22", "2031-05-04")
    # Canada's regulator was not told: an incident in Quebec is for both.
    assert incident["owed"] == ["regulator", "persons"]
    quebec, canada = (f"persons concerned ({rule})" for rule in (QUEBEC, CANADA))
    owed = f"NOT NOTIFIED YET: regulator ({CANADA}), {quebec}, {canada}"
    assert [(each["item"], each["title"], each["text"]) for each in incident["register"]] == [
        (1, "Personal information concerned", "Name"),
        (2, "Circumstances", "Loss; Theft"),
        (3, "When it happened", "from 2026-05-01T10:00:00-04:00"),
        (4, "When the company became aware", "2026-05-04T10:00:00-04:00"),
        (5, "Persons concerned", "12"),
        (
            6, "Risk of serious injury, and what that conclusion rests on",
            "yes: The data is sensitive; Misuse is probable",
        ),
        (
            7, "Notices",
            f"2026-05-06T10:00:00-04:00 regulator ({NAME}), Web site; {owed}",
        ),
        (8, "Measures taken", "Staff were trained"),
    ]  # fmt: skip


def test_23_show_one_complaints_full_chain_of_custody_from_collection_to_answer(desk: Desk) -> None:
    case = {"correlationid": "complaint-23"}
    wrong = at("2026-05-02T10:00:00-04:00", "data.viewed", "Q-23", ticket="complaint-23") | case
    target = {"source": SOURCE, "id": wrong["id"]}
    events = [
        at("2026-05-01T10:00:00-04:00", "data.collected", "Q-23", context="whosaw:Complaint") | case,
        wrong,
        at("2026-05-03T10:00:00-04:00", "event.voided", "Q-23", target=target, reason="whosaw:Duplicate") | case,
        at("2026-05-04T10:00:00-04:00", "data.disclosed", "Q-23", visibility="sealed") | case,
        at("2026-05-05T10:00:00-04:00", "data.used", "Q-23", categories=["pd:Name"], purposes=["dpv:CustomerCare"],
           basis="dpv:ContractPerformance", automated=False) | case,
    ]  # fmt: skip
    receipts = desk.service.record(*events)
    desk.folded()
    voiding = receipts[2]["position"]
    assert desk.rows("/v1/cases/complaint-23", "type", "position", "corrected_by", role="regulator") == [
        ("data.collected", receipts[0]["position"], []),
        ("data.viewed", receipts[1]["position"], [voiding]),
        ("event.voided", voiding, []),
        ("data.used", receipts[4]["position"], []),
    ]
    custodians = ("actor_kind", "actor_role", "system", "purposes", "categories")
    assert desk.rows("/v1/cases/complaint-23", *custodians, role="regulator") == [
        ("service", "whosaw:BillingService", "crm", ["dpv:ServiceProvision"], ["pd:Name", "pd:EmailAddress"]),
        ("human", "whosaw:SupportAgent", "crm", ["dpv:CustomerCare"], ["pd:Name"]),
        ("service", "whosaw:BillingService", "crm", [], []),
        ("service", "whosaw:BillingService", "crm", ["dpv:CustomerCare"], ["pd:Name"]),
    ]
    assert "emp-017" not in str(desk.asked("/v1/cases/complaint-23", "regulator")), "a role, and never who"
    for row in desk.asked("/v1/cases/complaint-23", "regulator")["items"]:
        shown = desk.service.client.get(row["proof"], headers=desk.service.bearer("regulator")).json()
        assert shown["leaf"] == row["leaf"]
    assert "withheld" not in desk.asked("/v1/cases/complaint-23", "regulator")
    assert desk.asked("/v1/cases/complaint-23?sealed=true", "cleared")["withheld"] == 1


def test_23_the_chain_of_custody_says_who_received_what_and_what_the_answer_was(desk: Desk) -> None:
    case = {"correlationid": "complaint-23b"}
    events = [
        at("2026-05-02T10:00:00-04:00", "data.disclosed", "Q-23b", recipient=RECIPIENT) | case,
        at("2026-05-03T10:00:00-04:00", "disclosure.onward_reported", "Q-23b", recipient_id="collections-north",
           onward=RECIPIENT | {"id": "onward-23", "name": "Onward Inc."}, categories=["pd:Name"]) | case,
        at("2026-05-04T10:00:00-04:00", "request.answered", "Q-23b", request_id="REQ-23b",
           outcome="dpv:RequestFulfilled", channel="whosaw:Email") | case,
        at("2026-05-05T10:00:00-04:00", "identity.release_decided", "Q-23b", request_id="REQ-23b", release="withheld",
           reason="whosaw:NotConfirmed") | case,
    ]  # fmt: skip
    desk.given(*events)
    what = ("type", "recipient", "recipient_name", "outcome")
    assert desk.rows("/v1/cases/complaint-23b", *what, role="regulator") == [
        ("data.disclosed", "collections-north", "Collections North Inc.", None),
        ("disclosure.onward_reported", "onward-23", "Onward Inc.", None),
        ("request.answered", None, None, "dpv:RequestFulfilled"),
        ("identity.release_decided", None, None, "withheld"),
    ]
    looked = [each for each in desk.service.entries("ledger.queried") if each["data"]["query"] == "whosaw:QueryCase"]
    assert looked[-1]["data"]["categories"] == ["pd:Name"], "what the answer shows is on record"


def test_24_how_many_authority_requests_by_category_complied_refused_people_affected(desk: Desk) -> None:
    paper: dict[str, Any] = {"instrument": {"type": "whosaw:CourtOrder", "issuer": POLICE, "asked": ["pd:Name"]}}
    received = [
        at("2025-05-01T10:00:00-04:00", "authority.demand_received", f"P-{each}", due=None,
           **paper | {"demand_id": f"D-{each}"})
        for each in range(101)
    ]  # fmt: skip
    decided = [
        at("2025-05-02T10:00:00-04:00", "authority.demand_decided", f"P-{each}", demand_id=f"D-{each}",
           decision="refused" if each == 7 else "complied")
        for each in range(101)
    ]  # fmt: skip
    for events in (received[:60], received[60:], decided[:60], decided[60:]):
        desk.given(*events)
    path = "/v1/reports/transparency?from=2025-01-01T00:00:00Z&to=2026-01-01T00:00:00Z"
    what = ("category", "requests", "complied", "refused", "people")
    low = "0-100"
    assert desk.rows(path, *what, role="regulator") == [
        ("voluntary_at_request", low, low, low, low),
        ("voluntary_own_initiative", low, low, low, low),
        ("emergency", low, low, low, low),
        ("law", low, low, low, low),
        ("court_ordered", "101-200", low, low, "101-200"),
        ("preservation", low, low, low, low),
    ]


def test_25_prove_nothing_was_altered_or_removed_since_checkpoint_c_offline(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service, ledger = desk.service, desk.service.state.ledger
    desk.given(at("2026-05-01T10:00:00-04:00", "data.collected", "Q-25"))
    kept = service.client.get("/v1/logs/0/checkpoint", headers=service.bearer("regulator")).text
    (tmp_path / "kept.txt").write_text(kept, encoding="utf-8")
    desk.given(at("2026-05-02T10:00:00-04:00", "data.disclosed", "Q-25", recipient=RECIPIENT))
    snapshot.make(ledger, 0)
    size = kept.split("\n")[1]
    bundle = desk.posted(f"/v1/subjects/{service.look_up('Q-25')}/exports?since={size}", "regulator").content
    key = service.client.get("/v1/logs", headers=service.bearer("regulator")).json()["logs"][0]["verifier_key"]

    def verified(content: bytes) -> tuple[int, str]:
        (tmp_path / "account.zip").write_bytes(content)
        capsys.readouterr()
        code = run([str(tmp_path / "account.zip"), "--key", key, "--since", str(tmp_path / "kept.txt")])
        return code, capsys.readouterr().out

    code, said = verified(bundle)
    assert (code, said.partition(" ")[0]) == (0, "GREEN")
    assert "since         the older checkpoint: this log extends it" in said
    assert "completeness" in said
    middle = len(bundle) // 2
    code, said = verified(bundle[:middle] + bytes([bundle[middle] ^ 1]) + bundle[middle + 1 :])
    assert (code, said.partition(" ")[0]) == (1, "RED")
