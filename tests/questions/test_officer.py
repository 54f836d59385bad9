"""Questions 10 to 21, as a privacy officer asks them: given what happened, then exactly this."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from api.seal_clock import SealClock
from examples.company.policy import OFFICER, POLICY_FILE
from ledger.vocabulary.policy import load_policy, published_data
from tests.api.conftest import PURPOSE, RECIPIENT, SOURCE
from tests.questions.conftest import at

if TYPE_CHECKING:
    from tests.questions.conftest import Desk

POLICE = {"id": "police", "name": "City Police", "country": "loc:CA-QC"}
OUTCOME = ("time", "outcome", "reason", "codes")


def recipient(name: str) -> dict[str, str]:
    """A recipient of one question alone."""
    return RECIPIENT | {"id": name, "name": name.title()}


def published() -> dict[str, Any]:
    """The policy of 2009; recorded again by each question that needs it, which changes nothing."""
    data = published_data(load_policy(POLICY_FILE), actor=OFFICER)
    return at("2026-01-01T10:00:00-05:00", "policy.published", None) | {"data": data}


def test_10_all_disclosures_with_neither_consent_nor_a_recognised_exception(desk: Desk) -> None:
    to: dict[str, Any] = {"recipient": recipient("friend-of-the-boss")}
    desk.given(
        published(),
        at("2026-06-01T10:00:00-04:00", "data.disclosed", "Q-10", **to, basis="ca-qc-p39.1:18-9"),
        at("2026-06-02T10:00:00-04:00", "data.disclosed", "Q-10", **to, basis=None),
        at("2026-06-03T10:00:00-04:00", "data.disclosed", "Q-10", **to, basis="dpv:Consent"),
    )
    path, claims = "/v1/findings?rule=whosaw:RuleGround&recipient=friend-of-the-boss", "dpv:CustomerClaimsManagement"
    assert desk.rows(path, *OUTCOME, "version", "state", "owner.system") == [
        ("2026-06-02T10:00:00-04:00", "violation", "whosaw:NoBasis", [], "4", "open", "crm"),
        ("2026-06-03T10:00:00-04:00", "gap", "whosaw:ConsentNotOnRecord", [claims], "4", "open", "crm"),
    ]
    assert all(age > 0 for age in desk.rows(path, "age_days"))


def test_11_open_requests_by_due_date_with_the_explanation(desk: Desk) -> None:
    asked: dict[str, Any] = {
        "regime": "whosaw:PIPEDA", "right": "whosaw:Access", "channel": "whosaw:Web", "due": None,
        "identity": "verified",
    }  # fmt: skip
    for name, when in (("later", "2026-06-09"), ("sooner", "2026-06-05"), ("done", "2026-06-01")):
        received = f"{when}T10:00:00-04:00"
        desk.given(at(received, "request.received", "Q-11", request_id=name, clock_start=received, **asked))
    desk.given(
        at("2026-06-08T10:00:00-04:00", "request.answered", "Q-11", request_id="done", outcome="dpv:RequestFulfilled",
           channel="whosaw:Email"),
    )  # fmt: skip
    path = "/v1/requests?state=open&right=whosaw:Access&at=2026-07-06T12:00:00-04:00"
    assert desk.rows(path, "request", "state", "due") == [
        ("sooner", "due_today", "2026-07-06"),
        ("later", "running", "2026-07-09"),
    ]
    (sooner, _) = desk.rows(path, "deadline.explanation.en")
    assert sooner == [
        (
            "Received on Friday 5 June 2026 (in America/Toronto); that day is not counted (Interpretation Act, "
            "s. 27(2); confirm with counsel)."
        ),
        (
            "No place within Canada is stated: days are those of the company’s zone, America/Toronto; holidays of one "
            "province alone are not counted."
        ),
        "Answer to a request: 30 calendar days, to Sunday 5 July 2026 (PIPEDA, s. 8(3)).",
        (
            "Not a last day: Sunday 5 July 2026. It moves to Monday 6 July 2026 (Interpretation Act, ss. 26 and 35(1); "
            "confirm with counsel)."
        ),
        "Due by the end of Monday 6 July 2026.",
        "No answer by then counts as a refusal (PIPEDA, s. 8(5)).",
    ]


def test_12_alice_was_corrected_who_must_be_told_and_who_has_answered(desk: Desk) -> None:
    corrected = at(
        "2026-06-05T10:00:00-04:00", "data.rectified", "Q-12", categories=["pd:PhysicalAddress"],
        reason="whosaw:Outdated", request_ref=None,
    )  # fmt: skip
    notice: dict[str, Any] = {"notification_id": "N-12", "recipient_id": "mover"}
    had = ["pd:Name", "pd:PhysicalAddress"]
    desk.given(
        at("2026-05-01T10:00:00-04:00", "data.disclosed", "Q-12", recipient=recipient("mover"), categories=had),
        at("2026-05-02T10:00:00-04:00", "data.disclosed", "Q-12", recipient=recipient("painter"), categories=had),
        at("2026-05-03T10:00:00-04:00", "data.disclosed", "Q-12", recipient=recipient("bank"), categories=["pd:Name"]),
        corrected,
        at("2026-06-06T10:00:00-04:00", "recipient.notification_due", "Q-12", **notice, change="rectified",
           categories=["pd:PhysicalAddress"], trigger={"source": SOURCE, "id": corrected["id"]}, due="2026-06-20"),
        at("2026-06-08T10:00:00-04:00", "recipient.notification_answered", "Q-12", **notice, outcome="acknowledged",
           channel="whosaw:Email"),
    )  # fmt: skip
    what = ("recipient", "categories", "state", "done", "attempts")
    assert sorted(desk.rows("/v1/subjects/{Q-12}/obligations", *what)) == [
        ("mover", ["pd:PhysicalAddress"], "discharged", "2026-06-08T10:00:00-04:00", 1),
        ("painter", ["pd:PhysicalAddress"], "open", None, 0),
    ]


def test_13_everyone_disclosed_to_collector_x_between_a_and_b_total_and_categories(desk: Desk) -> None:
    debt = ["pd:Name", "whosaw:DebtRecord"]
    desk.given(
        at("2026-05-31T23:59:59-04:00", "data.disclosed", "Q-13a", recipient=recipient("collector-x")),
        at("2026-06-01T00:00:00-04:00", "data.disclosed", "Q-13b", recipient=recipient("collector-x"), categories=debt),
        at("2026-06-30T10:00:00-04:00", "data.disclosed", "Q-13c", recipient=recipient("collector-x")),
        at("2026-06-30T11:00:00-04:00", "data.disclosed", "Q-13c", recipient=recipient("collector-x")),
        at("2026-07-01T00:00:00-04:00", "data.disclosed", "Q-13a", recipient=recipient("collector-x")),
    )  # fmt: skip
    path = "/v1/recipients/collector-x/disclosures?from=2026-06-01T00:00:00-04:00&to=2026-07-01T00:00:00-04:00"
    answer = desk.asked(path)
    b, c = (desk.service.look_up(name) for name in ("Q-13b", "Q-13c"))
    assert [(each["subject"], each["stated"], each["categories"]) for each in answer["items"]] == [
        (b, "2026-06-01T00:00:00-04:00", debt),
        (c, "2026-06-30T10:00:00-04:00", ["pd:Name"]),
        (c, "2026-06-30T11:00:00-04:00", ["pd:Name"]),
    ]
    totals = answer["totals"]
    assert (totals["disclosures"], totals["people"]) == (3, 2)
    assert totals["categories"] == {"pd:Name": 2, "whosaw:DebtRecord": 1}


def test_14_processor_x_was_breached_from_a_to_b_whose_data_which_fields_did_they_still_have_it(desk: Desk) -> None:
    to: dict[str, Any] = {"recipient": recipient("processor-x"), "categories": ["pd:Name", "pd:CallLog"]}
    gone: dict[str, Any] = {"holder": "processor-x", "mode": "erase", "state": "verified", "system": "theirs"}
    desk.given(
        at("2026-05-01T10:00:00-04:00", "data.disclosed", "Q-14a", **to),
        at("2026-05-01T10:00:00-04:00", "data.disclosed", "Q-14b", **to),
        at("2026-05-01T10:00:00-04:00", "data.disclosed", "Q-14c", **to, recipient_until="2026-06-01T00:00:00-04:00"),
        at("2026-05-01T10:00:00-04:00", "data.disclosed", "Q-14d", **to),
        at("2026-07-01T10:00:00-04:00", "data.disclosed", "Q-14e", **to),
        at("2026-06-02T10:00:00-04:00", "data.erased", "Q-14b", **gone, categories=["pd:CallLog"]),
        at("2026-06-02T10:00:00-04:00", "data.erased", "Q-14d", **gone, categories=["pd:CallLog", "pd:Name"]),
    )
    path = "/v1/recipients/processor-x/exposure?from=2026-06-10T00:00:00-04:00&to=2026-06-20T00:00:00-04:00"
    answer = desk.asked(path)
    a, b, c = (desk.service.look_up(name) for name in ("Q-14a", "Q-14b", "Q-14c"))
    assert [(each["subject"], each["certainty"], each["categories"]) for each in answer["items"]] == [
        (a, "certain", ["pd:CallLog", "pd:Name"]),
        (b, "certain", ["pd:Name"]),
        (c, "probable", ["pd:CallLog", "pd:Name"]),
    ]
    assert answer["totals"]["people"] == {"people": 3, "certain": 2, "probable": 1, "possible": 0}


def test_15_what_would_we_have_told_bob_on_1_may_knowing_what_we_knew_then(desk: Desk) -> None:
    desk.given(at("2026-04-01T10:00:00-04:00", "data.disclosed", "Bob", recipient=recipient("bank-of-bob")))
    known = quote(desk.service.entries("data.disclosed")[-1]["appended"])
    desk.given(at("2026-04-20T10:00:00-04:00", "data.disclosed", "Bob", recipient=recipient("agency-of-bob")))
    then = desk.rows(f"/v1/subjects/{{Bob}}/account?known_at={known}", "recipient.id", at="disclosures")
    now = desk.rows("/v1/subjects/{Bob}/account", "recipient.id", at="disclosures")
    assert (then, now) == (["bank-of-bob"], ["bank-of-bob", "agency-of-bob"])
    path = f"/v1/subjects/{{Bob}}/account/difference?known_at={known}"
    (change,) = desk.asked(path)["sections"]["disclosures"]
    assert (change["change"], change["then"], change["now"]["recipient"]["id"]) == ("added", None, "agency-of-bob")
    assert [(each["why"]["code"], each["time"]) for each in change["because"]] == [
        ("whosaw:ArrivedLate", "2026-04-20T10:00:00-04:00")
    ]


def test_16_uses_for_a_purpose_not_declared_at_collection_or_after_withdrawal(desk: Desk) -> None:
    used: dict[str, Any] = {"categories": ["pd:Name"], "basis": "dpv:ContractPerformance", "automated": False}
    declared, undeclared = "dpv:DirectMarketing", "dpv:FraudPreventionAndDetection"
    said: dict[str, Any] = {"categories": [], "channel": "whosaw:Email", "notice_ref": None, "purposes": [declared]}
    withdrawn = "2026-06-03T10:00:00-04:00"
    desk.given(
        published(),
        at("2026-06-01T10:00:00-04:00", "data.used", "Q-16", **used, purposes=[declared]),
        at("2026-06-02T10:00:00-04:00", "data.used", "Q-16", **used, purposes=[undeclared]),
        at("2026-06-02T11:00:00-04:00", "data.used", "Q-16", **used, purposes=["dpv:NoSuchPurpose"]),
        at("2026-06-01T10:00:00-04:00", "data.collected", "Q-16", categories=["pd:PaymentCard"],
           purposes=["dpv:PaymentManagement"]),
        at("2026-06-02T12:00:00-04:00", "data.used", "Q-16", **used | {"categories": ["pd:PaymentCard"]},
           purposes=[declared]),
        at(withdrawn, "consent.recorded", "Q-16", **said, state="withdrawn", effective_at=withdrawn),
        at("2026-06-04T10:00:00-04:00", "data.used", "Q-16", **used | {"basis": "dpv:Consent"}, purposes=[declared]),
    )  # fmt: skip
    path = (
        "/v1/findings?rule=whosaw:RuleCollection&rule=whosaw:RulePurpose&rule=whosaw:RuleWithdrawal"
        "&from=2026-06-02T00:00:00-04:00&limit=500"
    )
    subject = desk.service.look_up("Q-16")
    found = desk.rows(path, "subject", "rule", "time", "outcome", "reason")
    assert [each[1:] for each in found if each[0] == subject] == [
        ("whosaw:RulePurpose", "2026-06-02T10:00:00-04:00", "violation", "whosaw:PurposeNotDeclared"),
        ("whosaw:RulePurpose", "2026-06-02T11:00:00-04:00", "gap", "whosaw:CodeUnknown"),
        ("whosaw:RuleCollection", "2026-06-02T12:00:00-04:00", "violation", "whosaw:NotCollectedFor"),
        ("whosaw:RuleWithdrawal", "2026-06-04T10:00:00-04:00", "violation", "dpv:ConsentWithdrawn"),
    ]


def test_17_what_is_past_retention_and_not_evidenced_as_erased_and_what_is_blocked_by_which_hold(desk: Desk) -> None:
    kept: dict[str, Any] = {"system": "archive", "until": "2026-06-30T00:00:00-04:00"}
    gone: dict[str, Any] = {"mode": "erase", "system": "archive"}
    desk.given(
        at("2026-05-01T10:00:00-04:00", "data.collected", "Q-17", **kept, categories=["pd:Name"]),
        at("2026-05-01T10:00:00-04:00", "data.collected", "Q-17", **kept, categories=["pd:CallLog"]),
        at("2026-05-01T10:00:00-04:00", "data.collected", "Q-17", **kept, categories=["pd:Opinion"]),
        at("2026-05-01T10:00:00-04:00", "data.collected", "Q-17", **kept, categories=["pd:Picture"]),
        at("2026-05-01T10:00:00-04:00", "data.collected", "Q-17", **kept, categories=["pd:Voice"]),
        at("2026-06-01T10:00:00-04:00", "hold.placed", "Q-17", hold_id="H-17", reason="whosaw:Litigation",
           scope={"categories": ["pd:CallLog"]}, starts="2026-06-01T10:00:00-04:00"),
        at("2026-07-01T10:00:00-04:00", "data.erased", "Q-17", **gone, categories=["pd:Opinion"],
           state="requested"),
        at("2026-07-01T10:00:00-04:00", "data.erased", "Q-17", **gone, categories=["pd:Picture"], state="done"),
        at("2026-07-01T10:00:00-04:00", "data.erased", "Q-17", **gone, categories=["pd:Voice"], state="verified"),
    )  # fmt: skip
    path = "/v1/retention?state=unproven&system=archive"
    assert desk.rows(path, "category", "rule", "due", "state", "blocked_by", role="legal") == [
        ("pd:CallLog", "stated", "2026-06-30", "held", ["H-17"]),
        ("pd:Name", "stated", "2026-06-30", "held", []),
        ("pd:Opinion", "stated", "2026-06-30", "deletion_requested", []),
        ("pd:Picture", "stated", "2026-06-30", "deleted", []),
    ]
    assert desk.rows(f"{path}&blocked=true", "category") == ["pd:CallLog"]
    still = desk.rows("/v1/retention?state=overdue&system=archive", "category")
    assert still == ["pd:CallLog", "pd:Name", "pd:Opinion"], "what is reported as deleted is not held any more"


def test_18_which_seals_expire_in_30_days_or_have_no_end_and_which_accounts_omitted_them(desk: Desk) -> None:
    soon = (datetime.now(UTC) + timedelta(days=20)).isoformat(timespec="seconds")
    late = (datetime.now(UTC) + timedelta(days=200)).isoformat(timespec="seconds")
    placed: dict[str, Any] = {
        "authority": POLICE, "basis": "ca-criminal-code:487.0191", "scope": {}, "starts": "2026-06-01T10:00:00-04:00",
    }  # fmt: skip
    for name, until in (("S-endless", None), ("S-soon", soon), ("S-late", late), ("S-lifted", None)):
        desk.given(
            at("2026-06-01T10:00:00-04:00", "data.collected", name),
            at("2026-06-01T10:00:00-04:00", "seal.placed", name, seal_id=name, until=until, **placed),
            at("2026-06-02T10:00:00-04:00", "data.disclosed", name, visibility="sealed", seal_ref=name,
               recipient=recipient("police"), basis="ca-pipeda:7-3-c"),
        )  # fmt: skip
    subject = desk.service.look_up("S-lifted")
    desk.folded()
    issued = [
        desk.posted(f"/v1/subjects/{desk.service.look_up(name)}/accounts").headers["whosaw-account"]
        for name in ("S-endless", "S-late", "S-lifted")
    ]
    desk.given(
        at("2026-06-03T10:00:00-04:00", "seal.lifted", "S-lifted", seal_id="S-lifted", reason="whosaw:OrderRevoked",
           effective_at="2026-06-03T10:00:00-04:00"),
    )  # fmt: skip
    state = desk.service.state
    SealClock(state.ledger, state.forgetting, 60).turn()
    desk.folded()
    found = desk.asked("/v1/seals?state=soon&state=endless", "cleared")["items"]
    assert [
        (each["seal"], each["state"], [(one["account"], one["renewed"]) for one in each["omitted_from"]])
        for each in found
    ] == [("S-endless", "endless", [(issued[0], None)]), ("S-soon", "soon", [])]  # fmt: skip
    (ended,) = desk.asked("/v1/seals?state=ended", "cleared")["items"]
    assert [one["account"] for one in ended["omitted_from"]] == [issued[2]], "and is to be issued again"
    assert desk.rows("/v1/obligations?kind=reissue&sealed=true", "subject", role="cleared") == [subject]
    assert desk.service.ask("/v1/seals").status_code == 403


def test_19_who_queried_the_ledger_about_vip_z_and_under_what_ticket(desk: Desk) -> None:
    desk.given(at("2026-06-01T10:00:00-04:00", "data.collected", "Z"))
    service = desk.service
    vip = service.look_up("Z")
    path = f"/v1/subjects/{vip}/holdings"
    asked = PURPOSE | {"Whosaw-Ticket": "TKT-19"}
    desk.folded()
    assert service.client.get(path, headers=service.bearer("regulator") | asked).status_code == 200
    assert service.client.get(path, headers=service.bearer("auditor") | asked).status_code == 403
    desk.folded()
    what = ("query", "outcome", "role", "purpose", "ticket")
    assert desk.rows(f"/v1/subjects/{vip}/queries", *what, role="compliance") == [
        ("whosaw:QueryHoldings", "refused", "whosaw:Auditor", "whosaw:AccessRequest", "TKT-19"),
        ("whosaw:QueryHoldings", "answered", "whosaw:Regulator", "whosaw:AccessRequest", "TKT-19"),
        ("whosaw:QueryLookup", "answered", "whosaw:PrivacyOfficer", "whosaw:AccessRequest", None),
    ]


def test_20_which_emitters_went_silent_or_have_gaps(desk: Desk) -> None:
    service = desk.service
    source = "/services/porting"
    service.keys["porting"] = service.issue(("events:write",), sources=[source])
    events = [
        at("2026-06-01T10:00:00-04:00", "data.collected", "Q-20") | {"source": source, "sequence": number}
        for number in (1, 2, 5)
    ]
    desk.posted("/v1/events", "porting", events)
    desk.folded()
    (found,) = [each for each in desk.asked("/v1/emitters?silent_after=3600")["items"] if each["source"] == source]
    assert (found["entries"], found["last_number"], found["missing"]) == (3, 5, 2)
    assert found["holes"] == [{"first": 3, "last": 4}]
    assert found["silent"] is False


def test_21_data_disclosed_wider_than_the_order_or_instrument_required(desk: Desk) -> None:
    paper = {"type": "whosaw:Subpoena", "issuer": POLICE, "asked": ["pd:Name"], "given": ["pd:Name", "pd:CallLog"]}
    to: dict[str, Any] = {"recipient": recipient("court"), "basis": "ca-pipeda:7-3-c"}
    desk.given(
        at("2026-06-01T10:00:00-04:00", "data.disclosed", "Q-21", **to, categories=["pd:Name"],
           instrument=paper | {"given": ["pd:Name"]}),
        at("2026-06-02T10:00:00-04:00", "data.disclosed", "Q-21", **to, categories=["pd:Name", "pd:CallLog"],
           instrument=paper),
    )  # fmt: skip
    assert desk.rows("/v1/findings?rule=whosaw:RuleWider&recipient=court", *OUTCOME, "asked", "given") == [
        ("2026-06-02T10:00:00-04:00", "violation", "whosaw:BeyondAsked", ["pd:CallLog"], ["pd:Name"],
         ["pd:Name", "pd:CallLog"])
    ]  # fmt: skip
