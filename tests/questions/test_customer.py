"""Questions 1 to 9, as a customer asks them: given what happened, then exactly this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from examples.company.policy import OFFICER, POLICY_FILE
from ledger.vocabulary.policy import load_policy, published_data
from tests.api.conftest import RECIPIENT, SOURCE
from tests.questions.conftest import at

if TYPE_CHECKING:
    from tests.questions.conftest import Desk

AGENT = {"kind": "human", "id": "emp-017", "role": "whosaw:SupportAgent"}
COURIER = {"id": "courier", "name": "Messagerie Exemple", "kind": "whosaw:ShippingCompany", "role": "dpv:DataProcessor"}
POLICE = {"id": "police", "name": "City Police", "country": "loc:CA-QC"}
FORCE = POLICE | {"kind": "dpv:LawEnforcementOrganisation", "role": "dpv:ThirdParty"}
ORDER = {"type": "whosaw:Warrant", "issuer": POLICE, "asked": ["pd:Name"], "given": ["pd:Name"]}
TO_POLICE: dict[str, Any] = {
    "recipient": FORCE, "basis": "ca-pipeda:7-3-c", "purpose": "dpv:LegalCompliance", "initiative": "recipient",
    "instrument": ORDER,
}  # fmt: skip


def test_01_what_do_you_hold_on_me_from_where_since_when_why_until_when(desk: Desk) -> None:
    card: dict[str, Any] = {"categories": ["pd:PaymentCard"], "purposes": ["dpv:PaymentManagement"]}
    desk.given(
        at("2026-03-01T10:00:00-05:00", "data.collected", "Q-1", **card, until="2027-03-01T00:00:00-05:00"),
        at("2026-05-01T10:00:00-04:00", "data.collected", "Q-1", **card, until="2027-03-01T00:00:00-05:00"),
        at("2026-05-02T10:00:00-04:00", "data.collected", "Q-1", categories=["pd:CallLog"], origin="observed",
           channel="whosaw:Network", purposes=["dpv:ServiceProvision"], system="switch",
           basis="dpv:ContractPerformance"),
        at("2026-05-02T11:00:00-04:00", "hold.placed", "Q-1", hold_id="H-1", reason="whosaw:Litigation",
           scope={"categories": ["pd:CallLog"]}, starts="2026-05-02T11:00:00-04:00"),
    )  # fmt: skip
    path = "/v1/subjects/{Q-1}/holdings"
    what = ("category", "system", "origin", "channel", "purposes", "basis", "since", "last", "state")
    limits = ("retention.rule", "retention.due", "retention.action", "retention.overdue", "retention.blocked")
    assert desk.rows(path, *what, *limits) == [
        (
            "pd:CallLog", "switch", "observed", "whosaw:Network", ["dpv:ServiceProvision"], "dpv:ContractPerformance",
            "2026-05-02T10:00:00-04:00", "2026-05-02T10:00:00-04:00", "held", None, None, None, False, True,
        ),
        (
            "pd:PaymentCard", "crm", "subject", "whosaw:Web", ["dpv:PaymentManagement"], "ca-pipeda:consent",
            "2026-03-01T10:00:00-05:00", "2026-05-01T10:00:00-04:00", "held", "stated", "2027-03-01", "erase", False,
            False,
        ),
    ]  # fmt: skip
    assert desk.rows(path, "retention.blocked_by") == [None, None], "which order keeps it is not told to everybody"
    assert desk.rows(path, "retention.blocked_by", role="legal") == [["H-1"], []]


def test_02_exactly_who_outside_received_my_data(desk: Desk) -> None:
    series = {"id": "nightly", "frequency": "whosaw:Daily"}
    desk.given(
        at("2026-06-01T02:00:00-04:00", "data.disclosed", "Q-2", recipient=COURIER, series=series, mode="bulk_feed"),
        at("2026-06-02T02:00:00-04:00", "data.disclosed", "Q-2", recipient=COURIER, series=series, mode="bulk_feed"),
        at("2026-06-03T10:00:00-04:00", "data.disclosed", "Q-2", categories=["pd:Name", "whosaw:DebtRecord"]),
    )
    agreed: dict[str, Any] = {"agreement": "whosaw:ProcessorAgreement", "starts": "2026-01-01T00:00:00Z", "until": None}
    desk.given(
        at("2026-05-01T10:00:00-04:00", "data.collected", "Q-2"),
        *(
            at("2026-01-01T10:00:00-05:00", "recipient.registered", None, recipient=RECIPIENT | {"id": name})
            for name in ("printer-of-2", "lawyer-of-2")
        ),
        *(
            at("2026-01-01T10:00:00-05:00", "recipient.agreement_recorded", None, agreement_id=f"A-{name}",
               recipient_id=name, categories=[category], **agreed)
            for name, category in (("printer-of-2", "pd:Name"), ("lawyer-of-2", "pd:Health"), ("courier", "pd:Name"))
        ),
    )  # fmt: skip
    what = (
        "time",
        "recipient_name",
        "recipient_address",
        "categories",
        "purpose",
        "basis",
        "series.id",
        "first",
        "times",
    )
    claims, basis = "dpv:CustomerClaimsManagement", "ca-qc-p39.1:18-9"
    path = "/v1/subjects/{Q-2}/recipients"
    assert desk.rows(path, *what) == [
        (
            "2026-06-03T10:00:00-04:00", "Collections North Inc.", "1 Example Street, Montreal",
            ["pd:Name", "whosaw:DebtRecord"], claims, basis, None, "2026-06-03T10:00:00-04:00", 1,
        ),
        (
            "2026-06-02T02:00:00-04:00", "Messagerie Exemple", None, ["pd:Name"], claims, basis, "nightly",
            "2026-06-01T02:00:00-04:00", 2,
        ),
    ]  # fmt: skip
    may = desk.rows(path, "recipient", "agreement", "categories", "since", "until", at="may_have")
    assert [each for each in may if each[0].endswith("-of-2") or each[0] == "courier"] == [
        ("printer-of-2", "A-printer-of-2", ["pd:Name"], "2026-01-01T00:00:00+00:00", None)
    ], "the courier did receive it, and of her health nothing was held"
    assert desk.rows(f"{path}?limit=1", "recipient_name") == ["Collections North Inc."]


def test_02_who_may_have_my_data_is_told_no_more_than_its_agreement_says(desk: Desk) -> None:
    billing = {"categories": ["pd:PaymentCard"], "purposes": ["dpv:PaymentManagement"]}
    mailing = {"categories": ["pd:EmailAddress"], "purposes": ["dpv:DirectMarketing"]}
    agreed: dict[str, Any] = {"agreement": "whosaw:ProcessorAgreement", "starts": "2026-01-01T00:00:00Z", "until": None}
    names: dict[str, dict[str, Any]] = {
        "mailer": {"purposes": ["dpv:Marketing"]}, "hauler": {"purposes": ["dpv:DeliveryOfGoods"]}, "anything": {},
    }  # fmt: skip
    desk.given(
        *(at("2026-05-01T10:00:00-04:00", "data.collected", "Q-2m", **each) for each in (billing, mailing)),
        *(
            at("2026-01-01T10:00:00-05:00", "recipient.agreement_recorded", None, agreement_id=f"B-{name}",
               recipient_id=f"{name}-of-2m", **agreed, **more)
            for name, more in names.items()
        ),
    )  # fmt: skip
    may = desk.rows("/v1/subjects/{Q-2m}/recipients", "recipient", "categories", "any", at="may_have")
    assert [each for each in may if each[0].endswith("-of-2m")] == [
        ("anything-of-2m", None, True),
        ("mailer-of-2m", ["pd:EmailAddress"], False),
    ], "what was held for a kind of what its agreement is for, or that its agreement does not say"


def test_03_which_employees_looked_at_my_file_when_why(desk: Desk) -> None:
    desk.given(
        at("2026-06-01T09:00:00-04:00", "data.viewed", "Q-3", ticket="TKT-1"),
        at("2026-06-02T21:00:00-04:00", "data.viewed", "Q-3", categories=["pd:CallLog"]),
        at("2026-06-10T10:00:00-04:00", "identity.release_decided", "Q-3", request_id="REQ-3", release="withheld",
           reason="whosaw:NotConfirmed"),
        at("2026-06-12T10:00:00-04:00", "identity.release_decided", "Q-3", request_id="REQ-3", release="released",
           reason="whosaw:Indispensable"),
    )  # fmt: skip
    answer = desk.asked("/v1/subjects/{Q-3}/views")
    seen = [each for each in answer["items"] if each["act"] == "data.viewed"]
    what = ("first", "actor_role", "purposes", "categories", "tickets")
    assert [tuple(each[name] for name in what) for each in seen] == [
        ("2026-06-02T21:00:00-04:00", "whosaw:SupportAgent", ["dpv:CustomerCare"], ["pd:CallLog"], []),
        ("2026-06-01T09:00:00-04:00", "whosaw:SupportAgent", ["dpv:CustomerCare"], ["pd:Name"], ["TKT-1"]),
    ]
    assert len({each["actor"] for each in seen}) == 1
    assert "emp-017" not in str(answer)
    assert [(each["request"], each["release"], each["time"]) for each in answer["names"]] == [
        ("REQ-3", "released", "2026-06-12T10:00:00-04:00")
    ], "whether she is told the names is decided on each request"


def test_04_was_i_given_to_a_debt_collector_what_when_did_you_tell_them_it_was_disputed(desk: Desk) -> None:
    given = at("2026-04-01T10:00:00-04:00", "data.disclosed", "Q-4", categories=["pd:Name", "whosaw:DebtRecord"])
    disputed = at(
        "2026-04-10T10:00:00-04:00", "challenge.recorded", "Q-4", categories=["whosaw:DebtRecord"], request_id=None
    )
    notice: dict[str, Any] = {"notification_id": "N-4", "recipient_id": RECIPIENT["id"]}
    desk.given(
        given,
        disputed,
        at("2026-04-11T10:00:00-04:00", "recipient.notification_due", "Q-4", **notice, change="challenged",
           categories=["whosaw:DebtRecord"], trigger={"source": SOURCE, "id": disputed["id"]}, due="2026-04-25"),
        at("2026-04-12T10:00:00-04:00", "recipient.notification_sent", "Q-4", **notice, channel="whosaw:Email"),
        at("2026-04-15T10:00:00-04:00", "recipient.notification_answered", "Q-4", **notice, outcome="acknowledged",
           channel="whosaw:Email"),
    )  # fmt: skip
    what = ("time", "step", "recipient", "recipient_address", "categories", "basis", "state", "outcome", "findings")
    debt, collector, address = ["whosaw:DebtRecord"], RECIPIENT["id"], RECIPIENT["address"]
    found = desk.rows("/v1/subjects/{Q-4}/debts", *what)
    assert [row[:-1] for row in found] == [
        ("2026-04-01T10:00:00-04:00", "disclosed", collector, address, ["pd:Name", *debt], "ca-qc-p39.1:18-9", None,
         None),
        ("2026-04-10T10:00:00-04:00", "disputed", None, None, debt, None, None, None),
        ("2026-04-10T10:00:00-04:00", "owed", collector, address, debt, None, "discharged", "acknowledged"),
        ("2026-04-12T10:00:00-04:00", "told", collector, address, debt, None, "sent", None),
        ("2026-04-15T10:00:00-04:00", "answered", collector, address, debt, None, "discharged", "acknowledged"),
    ]  # fmt: skip


def test_04_a_debt_that_was_sold_while_it_was_disputed_says_so_and_who_was_never_told_is_there(desk: Desk) -> None:
    buyer = RECIPIENT | {"id": "buyer", "kind": "whosaw:DebtBuyer", "role": "dpv:DataController"}
    desk.given(
        at("2026-04-10T10:00:00-04:00", "hold.placed", "Q-4b", hold_id="H-4", reason="whosaw:DisputedDebt",
           scope={"categories": ["whosaw:DebtRecord"]}, starts="2026-04-10T10:00:00-04:00"),
        at("2026-05-01T10:00:00-04:00", "data.disclosed", "Q-4b", categories=["whosaw:DebtRecord"], recipient=buyer,
           purpose="sector-finance:DebtManagement", basis="ca-qc-p39.1:18-9.1"),
        at("2026-05-02T10:00:00-04:00", "data.disclosed", "Q-4b", recipient=COURIER, purpose="dpv:ServiceProvision"),
        at("2026-06-01T10:00:00-04:00", "hold.released", "Q-4b", hold_id="H-4", reason="whosaw:Remedied",
           effective_at="2026-06-01T10:00:00-04:00"),
    )  # fmt: skip
    answer = desk.asked("/v1/subjects/{Q-4b}/debts")
    assert [(row["step"], row["time"], row["recipient"], row["state"]) for row in answer["items"]] == [
        ("disputed", "2026-04-10T10:00:00-04:00", None, None),
        ("disclosed", "2026-05-01T10:00:00-04:00", "buyer", None),
        ("owed", "2026-05-01T10:00:00-04:00", "buyer", "discharged"),
        ("settled", "2026-06-01T10:00:00-04:00", None, None),
    ]
    sold = answer["items"][1]["findings"]
    assert ("whosaw:RuleDisputedDebt", "violation") in {(each["rule"], each["outcome"]) for each in sold}
    desk.given(
        at("2026-05-02T10:00:00-04:00", "data.disclosed", "Q-4c", recipient=COURIER, purpose="dpv:ServiceProvision")
    )
    assert desk.rows("/v1/subjects/{Q-4c}/debts", "step") == [], "whose debts were given to nobody"


def test_05_did_police_or_any_authority_get_my_data(desk: Desk) -> None:
    sealed: dict[str, Any] = {"visibility": "sealed", "seal_ref": "S-5"}
    desk.given(
        *(at("2026-05-01T10:00:00-04:00", "data.collected", who) for who in ("Q-5a", "Q-5b", "Q-5c")),
        at("2026-06-01T10:00:00-04:00", "data.disclosed", "Q-5a", **TO_POLICE),
        at("2026-06-01T10:00:00-04:00", "seal.placed", "Q-5b", seal_id="S-5", authority=POLICE, scope={}, until=None,
           basis="ca-criminal-code:487.0191", starts="2026-06-01T10:00:00-04:00"),
        at("2026-06-01T10:00:00-04:00", "data.disclosed", "Q-5b", **TO_POLICE, **sealed),
    )  # fmt: skip
    what = ("time", "recipient.name", "authority.label", "authority.issuer")
    assert desk.rows("/v1/subjects/{Q-5a}/account", *what, at="disclosures") == [
        ("2026-06-01T10:00:00-04:00", "City Police", "Warrant", "City Police")
    ]
    hers, strangers = (desk.asked(f"/v1/subjects/{{{who}}}/account") for who in ("Q-5b", "Q-5c"))
    assert hers["disclosures"] == strangers["disclosures"] == []
    assert hers.keys() == strangers.keys()
    assert len(hers["proof"]["entries"]) == len(strangers["proof"]["entries"])


def test_06_you_erased_me_prove_it_and_who_else_was_told(desk: Desk) -> None:
    gone: dict[str, Any] = {
        "categories": ["pd:Name", "pd:EmailAddress"], "mode": "erase", "system": "crm", "request_ref": "REQ-6",
    }  # fmt: skip
    erased = at("2026-06-05T10:00:00-04:00", "data.erased", "Q-6", **gone, state="done",
                backups_until="2026-09-05")  # fmt: skip
    notice: dict[str, Any] = {"notification_id": "N-6", "recipient_id": "courier"}
    desk.given(
        at("2026-05-01T10:00:00-04:00", "data.collected", "Q-6"),
        at("2026-05-02T10:00:00-04:00", "data.disclosed", "Q-6", recipient=COURIER, categories=["pd:Name"]),
        at("2026-05-03T10:00:00-04:00", "data.disclosed", "Q-6", categories=["pd:Name"]),
        erased,
        at("2026-06-06T10:00:00-04:00", "data.erased", "Q-6", **gone, state="verified"),
        at("2026-06-07T10:00:00-04:00", "recipient.notification_due", "Q-6", **notice, change="erased",
           categories=["pd:Name"], trigger={"source": SOURCE, "id": erased["id"]}, due="2026-06-20"),
        at("2026-06-08T10:00:00-04:00", "recipient.notification_sent", "Q-6", **notice, channel="whosaw:Email"),
        at("2026-06-09T10:00:00-04:00", "recipient.notification_answered", "Q-6", **notice, outcome="completed",
           channel="whosaw:Email"),
    )  # fmt: skip
    path = f"/v1/subjects/{desk.service.look_up('Q-6')}/forget"
    desk.folded()
    receipt = desk.posted(path, "compliance", {"grace_days": 0, "untold": "disproportionate"}).json()
    assert receipt["state"] == "destroyed"
    backups = "2026-09-05"
    assert receipt["systems"] == {"confirmed": ["crm"], "open": [], "backups_until": backups}
    assert {each["what"]["code"] for each in receipt["survives"]} == {
        "whosaw:PseudonymousEntries", "whosaw:Statistics", "whosaw:EvidenceOfErasure",
    }  # fmt: skip
    shown = desk.asked(f"/v1/erasures/{receipt['receipt']}")
    assert (shown["state"], shown["mode"]["code"], shown["backups_until"] is not None) == (
        "destroyed",
        "dpv:Erase",
        True,
    )
    assert shown["scope"]["references"] == 1
    what = ("name", "change", "categories", "state", "because", "told_at", "answered_at")
    assert [tuple(each[name] for name in what) for each in shown["recipients"]["items"]] == [
        ("Collections North Inc.", "erased", ["pd:Name"], "untold", "disproportionate", None, None),
        ("Messagerie Exemple", "erased", ["pd:Name"], "completed", None, "2026-06-08T10:00:00-04:00",
         "2026-06-09T10:00:00-04:00"),
    ]  # fmt: skip


def test_07_i_unsubscribed_on_a_day_what_did_you_send_after(desk: Desk) -> None:
    said: dict[str, Any] = {
        "purposes": ["dpv:DirectMarketing"], "categories": [], "channel": "whosaw:Email", "notice_ref": None,
    }  # fmt: skip
    sent: dict[str, Any] = {
        "categories": ["pd:EmailAddress"], "purposes": ["dpv:DirectMarketing"], "basis": "dpv:Consent",
        "automated": False, "channel": "whosaw:Email",
    }  # fmt: skip
    for who, last in (("Q-7a", "2026-06-30T10:00:00-04:00"), ("Q-7b", "2026-05-30T10:00:00-04:00")):
        given, withdrawn = "2026-05-01T10:00:00-04:00", "2026-06-10T10:00:00-04:00"
        desk.given(
            at(given, "consent.recorded", who, state="given", effective_at=given, **said),
            at("2026-05-20T10:00:00-04:00", "data.used", who, **sent),
            at(withdrawn, "consent.recorded", who, state="withdrawn", effective_at=withdrawn, **said),
            at(last, "data.used", who, **sent),
        )
    what = ("step", "time", "effective", "purposes", "channels", "basis", "outcome", "finding.reason")
    withdrawn = ("withdrawn", "2026-06-10T10:00:00-04:00", "2026-06-10T14:00:00+00:00", ["dpv:DirectMarketing"], [])
    assert desk.rows("/v1/subjects/{Q-7a}/withdrawals", *what) == [
        (*withdrawn, None, None, None),
        ("used", "2026-06-30T10:00:00-04:00", None, ["dpv:DirectMarketing"], ["whosaw:Email"], "dpv:Consent",
         "violation", "dpv:ConsentWithdrawn"),
    ]  # fmt: skip
    assert desk.rows("/v1/subjects/{Q-7b}/withdrawals", *what) == [(*withdrawn, None, None, None)], "as it should be"


def test_07_what_came_after_and_rests_on_another_ground_or_on_a_new_consent_says_so(desk: Desk) -> None:
    said: dict[str, Any] = {
        "purposes": ["dpv:ServiceOptimisation", "dpv:DirectMarketing"], "categories": [], "channel": "whosaw:Email",
        "notice_ref": None,
    }  # fmt: skip
    used: dict[str, Any] = {"categories": ["pd:Name"], "automated": False}
    desk.given(
        at("2026-06-01T10:00:00-04:00", "consent.recorded", "Q-7c", state="withdrawn",
           effective_at="2026-06-05T10:00:00-04:00", **said),
        at("2026-06-02T10:00:00-04:00", "data.used", "Q-7c", **used, purposes=["dpv:ServiceOptimisation"],
           basis="dpv:Consent"),
        at("2026-06-06T10:00:00-04:00", "data.used", "Q-7c", **used, purposes=["dpv:ServiceOptimisation"],
           basis="dpv:ContractPerformance"),
        at("2026-06-07T10:00:00-04:00", "data.used", "Q-7c", **used, purposes=["dpv:IdentityVerification"],
           basis="dpv:Consent"),
        at("2026-06-08T10:00:00-04:00", "consent.recorded", "Q-7c", state="given",
           effective_at="2026-06-08T10:00:00-04:00", **said),
        at("2026-06-09T10:00:00-04:00", "data.used", "Q-7c", **used, purposes=["dpv:DirectMarketing"],
           basis="dpv:Consent"),
    )  # fmt: skip
    rows = desk.rows("/v1/subjects/{Q-7c}/withdrawals", "step", "time", "outcome")
    assert rows == [
        ("withdrawn", "2026-06-01T10:00:00-04:00", None),
        ("used", "2026-06-06T10:00:00-04:00", "other_ground"),
        ("used", "2026-06-09T10:00:00-04:00", "lawful"),
    ]


def test_08_which_policy_did_i_agree_to_how_and_what_changed(desk: Desk) -> None:
    first = published_data(load_policy(POLICY_FILE), actor=OFFICER)
    second = first | {
        "version": "2026-03-01", "supersedes": "2009-05-01", "notice": "not_given",
        "effective_from": "2026-03-01T00:00:00-05:00", "rules": [
            rule | {"channels": ["whosaw:Phone"]} if rule["id"] == "7.1" else rule
            for rule in first["rules"] if rule["id"] != "7.2"
        ],
    }  # fmt: skip
    use = at("2026-03-05T10:00:00-05:00", "data.collected", "Q-8")
    named: dict[str, Any] = {"policy": first["policy"]}
    desk.given(
        *(at("2026-01-01T10:00:00-05:00", "policy.published", None) | {"data": data} for data in (first, second)),
        at("2026-02-01T10:00:00-05:00", "policy.assented", "Q-8", **named, version="2009-05-01", mode="express",
           evidence=None),
        use,
        at("2026-03-05T10:00:01-05:00", "policy.assented", "Q-8", **named, version="2026-03-01", mode="deemed_by_use",
           evidence={"source": SOURCE, "id": use["id"]}),
    )  # fmt: skip
    what = ("version", "effective_from", "notice", "assent.mode", "assent.time")
    assert desk.rows("/v1/subjects/{Q-8}/account", *what, at="policy") == [
        ("2009-05-01", "2009-05-01T00:00:00-04:00", "unknown", "express", "2026-02-01T10:00:00-05:00"),
        ("2026-03-01", "2026-03-01T00:00:00-05:00", "not_given", "deemed_by_use", "2026-03-05T10:00:01-05:00"),
    ]
    policies = "/v1/subjects/{Q-8}/policies"
    assert desk.rows(policies, "version", "notice", "assent.mode", "assent.evidence") == [
        ("2009-05-01", "unknown", "express", None),
        ("2026-03-01", "not_given", "deemed_by_use", {"source": SOURCE, "id": use["id"]}),
    ]
    unknown, changes = desk.rows(policies, "changes")
    assert unknown is None
    channels, dropped = changes
    assert channels == {
        "rule": "7.1", "change": "changed", "subject_matter": "request", "effect": "permits",
        "sides": [{"side": "channels", "added": ["whosaw:Phone"], "removed": ["whosaw:ContactForm"]}],
    }  # fmt: skip
    assert (dropped["rule"], dropped["change"]) == ("7.2", "removed")


def test_09_what_did_you_infer_about_me_from_what(desk: Desk) -> None:
    def scored(time: str, category: str, *sources: dict[str, str]) -> dict[str, Any]:
        return at(time, "data.collected", "Q-9", categories=[category], origin="derived", system="fraud-engine",
                  context="whosaw:FraudReview", channel="whosaw:Internal", derived_from=list(sources))  # fmt: skip

    def named(made: dict[str, Any]) -> dict[str, str]:
        return {"source": SOURCE, "id": made["id"]}

    calls = at("2026-05-01T10:00:00-04:00", "data.collected", "Q-9", categories=["pd:CallLog"], origin="observed",
               system="switch")  # fmt: skip
    wrong = at("2026-05-01T11:00:00-04:00", "data.collected", "Q-9", categories=["pd:Opinion"])
    first = scored("2026-05-02T10:00:00-04:00", "pd:MarketSegment", named(calls))
    stranger = {"source": SOURCE, "id": "nobody-knows"}
    second = scored("2026-05-03T10:00:00-04:00", "whosaw:FraudScore", named(first), named(wrong), stranger)
    desk.given(
        calls, wrong, first, second, scored("2026-05-04T10:00:00-04:00", "pd:Interest"),
        at("2026-05-05T10:00:00-04:00", "event.voided", "Q-9", target=named(wrong), reason="whosaw:WrongValue"),
        at("2026-05-06T10:00:00-04:00", "data.erased", "Q-9", categories=["pd:CallLog"], mode="erase", system="switch",
           state="done"),
    )  # fmt: skip
    path = "/v1/subjects/{Q-9}/inferences"
    assert desk.rows(path, "time", "categories", "system", "context", "stated", "whole") == [
        ("2026-05-04T10:00:00-04:00", ["pd:Interest"], "fraud-engine", "whosaw:FraudReview", False, True),
        ("2026-05-03T10:00:00-04:00", ["whosaw:FraudScore"], "fraud-engine", "whosaw:FraudReview", True, True),
        ("2026-05-02T10:00:00-04:00", ["pd:MarketSegment"], "fraud-engine", "whosaw:FraudReview", True, True),
    ]
    _, lineage, _ = desk.rows(path, "lineage")
    what = ("depth", "id", "known", "type", "time", "categories", "system", "origin", "since")
    assert [tuple(each[name] for name in what) for each in lineage] == [
        (1, first["id"], True, "data.collected", first["time"], ["pd:MarketSegment"], "fraud-engine", "derived", []),
        (1, wrong["id"], True, None, None, [], None, None,
         [{"change": "voided", "time": "2026-05-05T10:00:00-04:00", "category": None}]),
        (1, "nobody-knows", False, None, None, [], None, None, []),
        (2, calls["id"], True, "data.collected", calls["time"], ["pd:CallLog"], "switch", "observed",
         [{"change": "erased", "time": "2026-05-06T10:00:00-04:00", "category": "pd:CallLog"}]),
    ]  # fmt: skip


def test_09_what_is_made_of_itself_has_an_end(desk: Desk) -> None:
    one, two = (
        at("2026-05-01T10:00:00-04:00", "data.collected", "Q-9b", categories=["pd:Interest"], origin="derived")
        for _ in range(2)
    )
    for made, other in ((one, two), (two, one)):
        made["data"]["derived_from"] = [{"source": SOURCE, "id": other["id"]}]
    desk.given(one, two)
    rows = desk.rows("/v1/subjects/{Q-9b}/inferences", "id", "lineage", "whole")
    assert [(name, [each["id"] for each in lineage], whole) for name, lineage, whole in rows] == [
        (two["id"], [one["id"]], True), (one["id"], [two["id"]], True),
    ]  # fmt: skip
