"""What the company owes because of what happened, in the words of the law: given facts, then what is owed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from projections.deadlines import standing
from projections.history import whole
from projections.obliging import owed
from tests.projections.given import COLLECTOR, disclosed
from tests.projections.rights import (
    BANK,
    answered,
    asked,
    challenged,
    due,
    erased,
    extended,
    happened,
    history,
    rectified,
    replied_to,
    told,
)

if TYPE_CHECKING:
    from projections.owed import Owed
    from tests.projections.given import Happened

NAME, MAIL, CALLS = "pd:Name", "pd:EmailAddress", "pd:CallLog"
TO_BANK = disclosed("alice", "2026-01-05T10:00:00Z", NAME, MAIL, recipient=BANK)
TO_COLLECTOR = disclosed("alice", "2026-01-06T10:00:00Z", CALLS, recipient=COLLECTOR)
CORRECTED = rectified("alice", "2026-03-02T10:00:00Z", NAME)


def of(kind: str, *facts: Happened) -> list[Owed]:
    return [each for each in owed(history(*facts)) if each.kind == kind]


def tell(*facts: Happened) -> list[Owed]:
    return of("tell_recipient", *facts)


def one(*facts: Happened) -> Owed:
    (found,) = tell(*facts)
    return found


def test_who_received_what_was_corrected_must_be_told_and_nobody_else() -> None:
    its = one(TO_BANK, TO_COLLECTOR, CORRECTED)
    assert (its.recipient, its.change, its.categories, its.state) == ("national-bank", "rectified", [NAME], "open")
    assert (its.deadline.rule, its.due, its.positions) == ("ca-pipeda:4.9.5", None, [1, 3])
    assert standing(its.deadline, datetime(2030, 1, 1, tzinfo=UTC)) == "watched"


def test_what_it_received_after_the_correction_was_right_already() -> None:
    assert tell(CORRECTED, disclosed("alice", "2026-03-03T10:00:00Z", NAME, recipient=BANK)) == []


def test_under_the_gdpr_article_19_says_so() -> None:
    request = asked("alice", "2026-03-01T10:00:00Z", regime="whosaw:GDPR", right="eu-gdpr:A17")
    its = one(TO_BANK, request, erased("alice", "2026-03-02T10:00:00Z", NAME, request_ref="REQ-1"))
    assert (its.change, its.deadline.rule, its.request) == ("erased", "eu-gdpr:A19", "REQ-1")


@pytest.mark.parametrize(
    ("place", "kind", "received", "rule"),
    [
        ("loc:CA-QC", "data.rectified", "2026-01-05T10:00:00Z", "ca-qc-p39.1:28"),
        ("loc:CA-QC", "data.rectified", "2025-09-02T10:00:00Z", "ca-qc-p39.1:28"),
        ("loc:CA-QC", "data.rectified", "2025-09-01T10:00:00Z", "ca-pipeda:4.9.5"),
        ("loc:CA-QC", "challenge.recorded", "2026-01-05T10:00:00Z", "ca-pipeda:4.9.5"),
        ("loc:CA-QC", "data.restricted", "2026-01-05T10:00:00Z", None),
        ("loc:FR", "data.restricted", "2026-01-05T10:00:00Z", "eu-gdpr:A19"),
        ("loc:FR", "challenge.recorded", "2026-01-05T10:00:00Z", None),
        ("loc:US-CA", "data.erased", "2026-01-05T10:00:00Z", "us-ccpa:7022-b"),
        ("loc:US-CA", "data.rectified", "2026-01-05T10:00:00Z", None),
    ],
)
def test_the_law_that_is_named_is_one_that_asks_for_it(place: str, kind: str, received: str, rule: str | None) -> None:
    changed = happened(kind, "alice", "2026-03-02T10:00:00Z", categories=[NAME], jurisdiction=place)
    gave = disclosed("alice", received, NAME, recipient=BANK)
    its = one(gave, changed)
    assert (its.deadline.rule, its.state, its.due) == (rule, "open", None)
    if rule is None:
        assert its.deadline.explanation["en"][0] == "No law that is known here sets a time for this."
    # A notice that the company named has the same law.
    kinds = {"data.rectified": "rectified", "data.erased": "erased", "data.restricted": "restricted"}
    named = due(
        "alice", "2026-03-02T11:00:00Z", NAME, change=kinds.get(kind, "challenged"), jurisdiction=place, trigger=2
    )
    assert one(gave, changed, named).deadline.rule == rule
    assert rule == "ca-pipeda:4.9.5" or one(named).deadline.rule == rule


def test_a_dispute_that_a_hold_makes_has_the_law_of_disputes() -> None:
    hold = happened("hold.placed", "alice", "2026-03-02T10:00:00Z", hold_id="H-1", reason="whosaw:DisputedDebt",
                    scope={"categories": [CALLS]}, jurisdiction="loc:CA-QC")  # fmt: skip
    assert one(TO_COLLECTOR, hold).deadline.rule == "ca-pipeda:4.9.5"


def test_steps_towards_one_deletion_are_told_once_and_only_what_is_gone() -> None:
    steps = [
        erased("alice", "2026-03-02T10:00:00Z", NAME, MAIL, state=state, system=system, request_ref="REQ-1",
               survivors=[{"category": MAIL, "reason": "whosaw:HoldOrder"}])
        for system in ("crm", "billing") for state in ("requested", "done", "verified")
    ]  # fmt: skip
    assert one(TO_BANK, *steps).categories == [NAME]
    assert tell(TO_BANK, erased("alice", "2026-03-02T10:00:00Z", NAME, state="requested")) == []
    alone = [
        erased("alice", "2026-03-02T10:00:00Z", NAME),
        erased("alice", "2026-03-03T10:00:00Z", NAME, state="verified"),
    ]
    assert one(TO_BANK, *alone).positions == [1, 2]


@pytest.mark.parametrize(
    ("changed", "received", "told"),
    [
        ("pd:PaymentCard", "pd:PaymentCardNumber", True),
        ("pd:PaymentCardNumber", "pd:PaymentCard", True),
        ("pd:Financial", "pd:PaymentCardNumber", True),
        ("pd:PaymentCardNumber", "pd:PaymentCardExpiry", False),
        ("pd:PaymentCard", "pd:BankAccount", False),
    ],
)
def test_who_received_a_narrower_or_a_wider_kind_is_told_too(changed: str, received: str, *, told: bool) -> None:
    given = disclosed("alice", "2026-01-02T10:00:00Z", received, recipient=BANK)
    for change in (
        rectified("alice", "2026-03-02T10:00:00Z", changed),
        erased("alice", "2026-03-02T10:00:00Z", changed),
    ):
        assert [(each.recipient, each.categories) for each in tell(given, change)] == (
            [("national-bank", [received])] if told else []
        )
    gone = erased("alice", "2026-02-01T10:00:00Z", "pd:Financial", holder="national-bank", system="bank")
    assert tell(given, gone, rectified("alice", "2026-03-02T10:00:00Z", changed)) == []


def test_a_notice_that_names_the_wider_kind_tells_of_the_narrower_one() -> None:
    given = disclosed("alice", "2026-01-02T10:00:00Z", "pd:PaymentCardNumber", recipient=BANK)
    change = rectified("alice", "2026-03-02T10:00:00Z", "pd:PaymentCard")
    notice = due("alice", "2026-03-05T10:00:00Z", "pd:PaymentCard", trigger=2)
    assert [each.notification for each in tell(given, change, notice)] == ["N-1"]


def test_of_what_an_erasure_left_nobody_is_told_though_it_is_a_kind_of_what_is_gone() -> None:
    given = disclosed("alice", "2026-01-02T10:00:00Z", "pd:PaymentCardNumber", recipient=BANK)
    survivors = [{"category": "pd:PaymentCardNumber", "basis": "ca-qc-p39.1:23"}]
    assert tell(given, erased("alice", "2026-03-02T10:00:00Z", "pd:PaymentCard", survivors=survivors)) == []


def test_what_our_own_retention_erased_is_told_to_nobody() -> None:
    assert tell(TO_BANK, erased("alice", "2026-03-02T10:00:00Z", NAME, reason="whosaw:RetentionEnded")) == []


def test_a_copy_that_is_known_to_be_gone_is_not_told_of_and_one_that_goes_later_ends_it() -> None:
    gone = {"holder": "national-bank", "system": "bank"}
    before = erased("alice", "2026-02-01T10:00:00Z", NAME, MAIL, **gone)
    assert tell(TO_BANK, before, CORRECTED) == []
    after = one(TO_BANK, CORRECTED, erased("alice", "2026-04-01T10:00:00Z", NAME, **gone))
    assert (after.state, after.outcome, after.positions) == ("discharged", "destroyed", [1, 2, 3])
    asked_only = erased("alice", "2026-02-01T10:00:00Z", NAME, state="requested", **gone)
    assert one(TO_BANK, asked_only, CORRECTED).state == "open"


def test_a_recipient_of_a_recipient_is_told_too() -> None:
    onward = happened(
        "disclosure.onward_reported", "alice", "2026-02-01T10:00:00Z",
        recipient_id="national-bank", onward=COLLECTOR, categories=[NAME], disclosure=None,
    )  # fmt: skip
    assert sorted(str(each.recipient) for each in tell(TO_BANK, onward, CORRECTED)) == [
        "collections-north", "national-bank",
    ]  # fmt: skip


def test_who_bought_a_debt_is_told_as_a_controller() -> None:
    buyer = disclosed("alice", "2026-01-05T10:00:00Z", NAME, recipient=COLLECTOR | {"role": "dpv:DataController"})
    assert one(buyer, CORRECTED).role == "dpv:DataController"


def test_an_unresolved_challenge_is_passed_on_until_it_is_settled() -> None:
    dispute = challenged("alice", "2026-03-02T10:00:00Z", NAME)
    assert (one(TO_BANK, dispute).change, one(TO_BANK, dispute).state) == ("challenged", "open")
    first, second = tell(TO_BANK, dispute, rectified("alice", "2026-04-02T10:00:00Z", NAME))
    assert {(first.change, first.state, first.outcome), (second.change, second.state, second.outcome)} == {
        ("challenged", "discharged", "resolved"), ("rectified", "open", None),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("disputed", "corrected", "state"),
    [
        (["pd:PhysicalAddress"], ["pd:Contact"], "discharged"),
        (["pd:PhysicalAddress"], ["pd:Location"], "discharged"),
        (["pd:PhysicalAddress", NAME], ["pd:Contact"], "open"),
        (["pd:PhysicalAddress", NAME], ["pd:Contact", "pd:Identifying"], "discharged"),
        (["pd:Contact"], ["pd:PhysicalAddress"], "open"),
    ],
)
def test_a_correction_of_what_is_wider_settles_a_dispute_and_a_narrower_one_does_not(
    disputed: list[str], corrected: list[str], state: str
) -> None:
    sent = disclosed("alice", "2026-01-05T10:00:00Z", *disputed, recipient=BANK)
    dispute = challenged("alice", "2026-03-02T10:00:00Z", *disputed)
    found = tell(sent, dispute, rectified("alice", "2026-04-02T10:00:00Z", *corrected))
    assert [each.state for each in found if each.change == "challenged"] == [state]


DEBT = "whosaw:DebtRecord"
COLLECTION = disclosed("alice", "2026-01-05T10:00:00Z", DEBT, NAME)
SALE = disclosed(
    "alice", "2026-03-20T10:00:00Z", DEBT, recipient=BANK | {"kind": "whosaw:DebtBuyer"},
    purpose="sector-finance:DebtManagement",
)  # fmt: skip


def disputed(*categories: str, reason: str = "whosaw:DisputedDebt") -> Happened:
    scope = {"categories": list(categories)} if categories else {}
    return happened("hold.placed", "alice", "2026-03-02T10:00:00Z", hold_id="H-1", reason=reason, scope=scope,
                    starts="2026-03-02T10:00:00Z")  # fmt: skip


def test_who_recovers_a_debt_is_told_that_it_is_disputed_also_who_bought_it_since() -> None:
    unrelated = disclosed("alice", "2026-01-05T10:00:00Z", NAME, recipient=BANK | {"id": "courier"},
                          purpose="dpv:DeliveryOfGoods")  # fmt: skip
    found = tell(COLLECTION, SALE, unrelated, disputed())
    assert [(each.change, each.recipient, each.state, each.since) for each in found] == [
        ("challenged", "collections-north", "open", "2026-03-02T10:00:00Z"),
        ("challenged", "national-bank", "open", "2026-03-20T10:00:00Z"),
    ]
    assert [each.categories for each in tell(COLLECTION, disputed(DEBT))] == [[DEBT]]
    assert tell(COLLECTION, disputed(reason="whosaw:Litigation")) == []
    # What says the same is one dispute.
    challenge = challenged("alice", "2026-03-02T10:00:00Z", DEBT)
    assert [each.categories for each in tell(COLLECTION, disputed(), challenge)] == [[DEBT]]


def test_a_dispute_of_a_debt_is_settled_by_the_release_and_a_notice_may_name_the_hold() -> None:
    over = happened("hold.released", "alice", "2026-04-02T10:00:00Z", hold_id="H-1", reason="whosaw:Settled",
                    effective_at="2026-04-02T10:00:00Z")  # fmt: skip
    assert [(each.state, each.outcome) for each in tell(COLLECTION, disputed(), over)] == [("discharged", "resolved")]
    notice = due("alice", "2026-03-05T10:00:00Z", DEBT, NAME, trigger=2, change="challenged",
                 recipient_id="collections-north")  # fmt: skip
    sent = told("alice", "2026-03-06T10:00:00Z", recipient="collections-north")
    heard = replied_to("alice", "2026-03-08T10:00:00Z", "acknowledged", recipient="collections-north")
    (its,) = tell(COLLECTION, disputed(), notice, sent, heard)
    assert [(each.time, each.act, each.outcome) for each in its.steps] == [
        ("2026-03-06T10:00:00Z", "sent", None), ("2026-03-08T10:00:00Z", "answered", "acknowledged"),
    ]  # fmt: skip
    assert (its.state, its.contacted, its.done) == ("discharged", "2026-03-08T10:00:00Z", "2026-03-08T10:00:00Z")


def test_a_restriction_of_everything_is_told_to_whoever_received_anything_and_its_end_is_not() -> None:
    data: dict[str, Any] = {"categories": [], "reason": "whosaw:Disputed", "request_ref": None}
    limited = happened("data.restricted", "alice", "2026-03-02T10:00:00Z", **data)
    assert [each.change for each in tell(TO_BANK, TO_COLLECTOR, limited)] == ["restricted", "restricted"]
    assert tell(TO_BANK, happened("data.restricted", "alice", "2026-03-02T10:00:00Z", **data | {"ended": True})) == []


NOTICE = due("alice", "2026-03-05T10:00:00Z", NAME, trigger=2, due="2026-03-19")


@pytest.mark.parametrize(
    ("steps", "state", "outcome"),
    [
        ([], "open", None),
        ([told("alice", "2026-03-06T10:00:00Z")], "sent", None),
        ([replied_to("alice", "2026-03-07T10:00:00Z", "acknowledged")], "discharged", "acknowledged"),
        ([replied_to("alice", "2026-03-07T10:00:00Z", "completed")], "discharged", "completed"),
        ([replied_to("alice", "2026-03-07T10:00:00Z", "refused")], "refused", "refused"),
        ([replied_to("alice", "2026-03-07T10:00:00Z", "bounced")], "bounced", "bounced"),
        ([replied_to("alice", "2026-03-07T10:00:00Z", "bounced"), told("alice", "2026-03-08T10:00:00Z")], "sent", None),
        ([replied_to("alice", "2026-03-07T10:00:00Z", "impossible", justification="dpv:FulfilmentImpossible")],
         "impossible", "impossible"),
        ([replied_to("alice", "2026-03-07T10:00:00Z", "disproportionate", justification="whosaw:Effort")],
         "disproportionate", "disproportionate"),
        # Without a reason neither is an excuse.
        ([replied_to("alice", "2026-03-07T10:00:00Z", "disproportionate")], "open", "disproportionate"),
        ([told("alice", "2026-03-06T10:00:00Z"), replied_to("alice", "2026-03-07T10:00:00Z", "impossible")],
         "sent", "impossible"),
    ],
)  # fmt: skip
def test_telling_is_tracked_by_the_name_that_the_company_gave(
    steps: list[Happened], state: str, outcome: str | None
) -> None:
    its = one(TO_BANK, CORRECTED, NOTICE, *steps)
    assert (its.state, its.outcome, its.notification, its.recipient_name) == (state, outcome, "N-1", "National Bank")
    assert (its.due, its.stated_due) == (date(2026, 3, 19), date(2026, 3, 19))
    assert its.positions == [1, 2, 3, *range(4, 4 + len(steps))]
    assert its.id == one(TO_BANK, CORRECTED, NOTICE).id


@pytest.mark.parametrize("request_id", [None, "REQ-1"])
def test_of_a_change_that_was_undone_nothing_is_owed_any_more(request_id: str | None) -> None:
    def notices(*facts: Happened) -> list[tuple[str, str | None, str | None]]:
        said = history(*facts)
        its = owed(whole(0, said.streams, said.upto, said.facts))
        return [(each.state, each.outcome, each.done) for each in its if each.kind == "tell_recipient"]

    target = {"source": "/services/test", "id": "ev-3"}
    undone = happened("event.voided", "alice", "2026-03-20T10:00:00Z", target=target, reason="whosaw:Mistake")
    request = asked("alice", "2026-03-01T10:00:00Z")
    change = rectified("alice", "2026-03-02T10:00:00Z", NAME, request=request_id)
    # The company names the change, or the request behind it.
    notice = due("alice", "2026-03-05T10:00:00Z", NAME, trigger=2 if request_id else 3, due="2026-03-19")
    sent, bounced = told("alice", "2026-03-06T10:00:00Z"), replied_to("alice", "2026-03-07T10:00:00Z", "bounced")
    answer = replied_to("alice", "2026-03-08T10:00:00Z", "completed")
    facts = [TO_BANK, request, change, notice]
    over = [("discharged", "resolved", "2026-03-20T10:00:00Z")]
    assert notices(*facts) == [("open", None, None)]
    assert notices(*facts, undone) == notices(*facts, sent, undone) == notices(*facts, sent, bounced, undone) == over
    assert notices(*facts, sent, answer, undone) == [("discharged", "completed", "2026-03-08T10:00:00Z")]


def test_what_a_notice_leaves_out_is_still_to_be_told() -> None:
    both = rectified("alice", "2026-03-02T10:00:00Z", NAME, MAIL)
    found = tell(TO_BANK, both, NOTICE, replied_to("alice", "2026-03-07T10:00:00Z", "completed"))
    assert {(each.state, each.notification, *each.categories) for each in found} == {
        ("discharged", "N-1", NAME), ("open", None, MAIL),
    }  # fmt: skip


def test_a_notice_without_a_disclosure_that_is_known_counts_by_itself() -> None:
    its = one(due("alice", "2026-03-05T10:00:00Z", NAME))
    assert (its.recipient, its.state, its.positions) == ("national-bank", "open", [1])


ASKED = asked("alice", "2026-11-02T09:00:00-05:00")


def test_a_request_is_to_be_answered_and_its_answer_discharges_that() -> None:
    (open_,) = of("answer_request", ASKED)
    assert (open_.state, open_.due, open_.request) == ("open", date(2026, 12, 2), "REQ-1")
    (done,) = of("answer_request", ASKED, answered("alice", "2026-11-20T09:00:00-05:00"))
    assert (done.id, done.state, done.done, done.positions) == (
        open_.id, "discharged", "2026-11-20T09:00:00-05:00", [1, 2],
    )  # fmt: skip


def test_ccpa_is_to_be_confirmed_and_an_extension_is_to_be_told() -> None:
    ccpa = asked("alice", "2026-11-02T09:00:00-05:00", regime="whosaw:CCPA")
    (its,) = of("confirm_request", ccpa)
    assert (its.state, its.due, its.deadline.rule) == ("open", date(2026, 11, 17), "us-ccpa:7021-a")
    assert of("confirm_request", ccpa, answered("alice", "2026-11-05T09:00:00-05:00"))[0].state == "discharged"
    (notice,) = of("extension_notice", ASKED, extended("alice", "2026-11-20T09:00:00-05:00", 30, noticed_at=None))
    assert (notice.state, notice.due) == ("open", date(2026, 12, 2))
    (given,) = of("extension_notice", ASKED, extended("alice", "2026-11-20T09:00:00-05:00", 30))
    assert given.state == "discharged"


def test_an_extension_that_the_law_does_not_allow_needs_no_notice_and_the_first_day_stands() -> None:
    told = "2026-11-20T09:00:00-05:00"
    quebec = asked("alice", "2026-11-02T09:00:00-05:00", regime="whosaw:P39.1")
    unknown = asked("alice", "2026-11-02T09:00:00-05:00", regime="acme:Law")
    for facts in (
        (quebec, extended("alice", told, 30, noticed_at=None)),
        (unknown, extended("alice", told, 30, noticed_at=None)),
        (ASKED, extended("alice", told, 30, noticed_at=None, reason="dpv:HighVolumeOfProcesses")),
    ):
        assert of("extension_notice", *facts) == []
        (answer,) = of("answer_request", *facts)
        assert answer.due == (None if facts[0] is unknown else date(2026, 12, 2))
    twice = of("extension_notice", ASKED, extended("alice", told, 30), extended("alice", told, 30, noticed_at=None))
    assert [each.due for each in twice] == [date(2026, 12, 2)] * len(twice)
    assert [each.state for each in twice] == ["discharged"]
    answer = answered("alice", "2026-11-25T09:00:00-05:00")
    (moot,) = of("extension_notice", ASKED, extended("alice", told, 30, noticed_at=None), answer)
    assert (moot.state, moot.done) == ("discharged", "2026-11-25T09:00:00-05:00")


@pytest.mark.parametrize(
    ("more", "owes"),
    [
        ({"basis": "ca-pipeda:7-3-e"}, True),
        ({"basis": "ca-pipeda:7-3-d.4"}, True),
        ({"basis": "ca-pipeda:7-3-c"}, False),
        ({"basis": "dpv:VitalInterest", "duty_to_inform": True}, True),
    ],
)
def test_who_was_disclosed_in_an_emergency_is_told_in_writing(more: dict[str, Any], *, owes: bool) -> None:
    emergency = disclosed("alice", "2026-11-02T09:00:00-05:00", NAME, **more)
    found = of("inform_person", emergency)
    assert [each.state for each in found] == ["open"] * owes
    if owes:
        assert found[0].deadline.rule == "ca-pipeda:7-3-e"
        letter = happened("subject.informed", "alice", "2026-11-04T09:00:00-05:00", channel="whosaw:Mail",
                          about={"source": "/services/test", "id": "ev-1"})  # fmt: skip
        (done,) = of("inform_person", emergency, letter)
        assert (done.state, done.positions, done.id) == ("discharged", [1, 2], found[0].id)
