"""Given what she said on a purpose, then whether she was heard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from projections.rules.withdrawal import RULE
from tests.projections.given import asked_to_erase, consent, disclosed, merged, used
from tests.rules.given import then

if TYPE_CHECKING:
    from tests.projections.given import Happened

PROMOTE, NEWS = "dpv:DirectMarketing", "dpv:CommunicationManagement"
GIVEN = consent("ann", "2026-01-01T00:00:00Z", "given", PROMOTE, NEWS)
WITHDRAWN = consent(
    "ann", "2026-06-10T13:02:00Z", "withdrawn", PROMOTE, NEWS, channel="whosaw:Email", media=["whosaw:Email"],
    effective_at="2026-06-24T13:02:00Z",
)  # fmt: skip
NO = "dpv:ConsentWithdrawn"


@pytest.mark.parametrize(
    ("time", "outcome"),
    [
        ("2026-06-10T12:00:00Z", "lawful"),
        ("2026-06-24T13:01:59Z", "lawful"),
        ("2026-06-24T13:02:00Z", "violation"),
    ],
)
def test_a_withdrawal_counts_from_when_it_says(time: str, outcome: str) -> None:
    sent = used("ann", time, "pd:EmailAddress", purposes=[NEWS], basis="dpv:Consent", channel="whosaw:Email")
    assert [each.outcome for each in then(RULE, GIVEN, WITHDRAWN, sent)] == [outcome]


def test_an_unsubscription_covers_news_and_offers_by_e_mail_and_no_other_channel() -> None:
    sent = [
        used("ann", "2026-07-01T00:00:00Z", "pd:EmailAddress", purposes=[purpose], basis=None, channel=channel)
        for purpose in (NEWS, PROMOTE, "dpv:PaymentManagement")
        for channel in ("whosaw:Email", "whosaw:Mail")
    ]
    assert [(each.position, each.outcome) for each in then(RULE, GIVEN, WITHDRAWN, *sent)] == [
        (3, "violation"),
        (4, "lawful"),
        (5, "violation"),
        (6, "lawful"),
    ]


def test_a_disclosure_that_states_no_channel_is_for_any() -> None:
    given = disclosed("ann", "2026-07-14T14:00:00Z", "pd:EmailAddress", purpose=PROMOTE, basis="dpv:Consent")
    assert then(RULE, GIVEN, WITHDRAWN, given) == [(3, "violation", NO, [PROMOTE])]


@pytest.mark.parametrize("basis", ["dpv:ContractPerformance", "ca-pipeda:7-3-c"])
def test_what_does_not_rest_on_consent_is_none_of_this_rules_business(basis: str) -> None:
    given = disclosed("ann", "2026-07-14T14:00:00Z", "pd:EmailAddress", purpose=NEWS, basis=basis)
    assert then(RULE, GIVEN, WITHDRAWN, given) == []


@pytest.mark.parametrize("basis", ["dpv:ContractPerformance", "eu-gdpr:A6-1-f", "ca-pipeda:7-3-c"])
def test_a_no_to_marketing_is_a_no_whatever_the_basis(basis: str) -> None:
    sent = used("ann", "2026-07-14T14:00:00Z", "pd:EmailAddress", purposes=[NEWS, PROMOTE], basis=basis)
    assert then(RULE, GIVEN, WITHDRAWN, sent) == [(3, "violation", NO, [PROMOTE])]
    over = consent("ann", "2026-01-01T00:00:00Z", "given", PROMOTE, until="2026-03-01T00:00:00Z")
    assert then(RULE, over, sent) == [], "what ran out is no objection"


def test_that_somebody_acts_for_the_company_outweighs_nothing() -> None:
    given = disclosed("ann", "2026-07-14T14:00:00Z", "pd:EmailAddress", purpose=NEWS, basis="ca-qc-p39.1:18.3")
    assert then(RULE, GIVEN, WITHDRAWN, given) == [(3, "violation", NO, [NEWS])]


def test_a_no_to_all_marketing_is_a_no_to_each_kind_of_it_and_not_the_other_way_round() -> None:
    wide = consent("ann", "2026-06-10T00:00:00Z", "withdrawn", "dpv:Marketing")
    narrow = consent("ann", "2026-06-10T00:00:00Z", "withdrawn", PROMOTE)
    sent = [used("ann", "2026-07-14T14:00:00Z", "pd:Name", purposes=[each]) for each in (PROMOTE, "dpv:Marketing")]
    assert [(each.position, each.outcome) for each in then(RULE, wide, *sent)] == [(2, "violation"), (3, "violation")]
    assert [(each.position, each.outcome) for each in then(RULE, narrow, *sent)] == [(2, "violation"), (3, "gap")]


def test_a_purpose_stated_more_broadly_than_what_she_refused_can_not_be_told_apart_from_it() -> None:
    no = consent("ann", "2026-06-10T00:00:00Z", "refused", PROMOTE)
    sent = used("ann", "2026-07-14T14:00:00Z", "pd:Name", purposes=["dpv:Marketing"])
    told = (2, "gap", "whosaw:PurposeTooBroad", ["dpv:Marketing", PROMOTE])
    assert then(RULE, no, sent) == [told]
    by_contract = used("ann", "2026-07-14T14:00:00Z", "pd:Name", purposes=["dpv:Marketing"], basis="eu-gdpr:A6-1-f")
    assert then(RULE, no, by_contract) == [told], "a no to marketing is one whatever the basis"
    wide = consent("ann", "2026-06-12T00:00:00Z", "given", "dpv:Marketing")
    assert [each.reason for each in then(RULE, no, wide, sent)] == ["whosaw:PurposeTooBroad"]
    later = consent("ann", "2026-06-12T00:00:00Z", "given", PROMOTE)
    assert then(RULE, no, later, sent) == []
    ended = consent("ann", "2026-01-01T00:00:00Z", "given", PROMOTE, until="2026-03-01T00:00:00Z")
    assert then(RULE, ended, sent) == [], "what ran out is no objection"
    other = used("ann", "2026-07-14T14:00:00Z", "pd:Name", purposes=["dpv:CustomerManagement"])
    assert then(RULE, no, other) == []
    support = consent("ann", "2026-06-10T00:00:00Z", "refused", "dpv:CommunicationForCustomerCare")
    assert [each.outcome for each in then(RULE, support, other)] == ["gap"]
    needed = used("ann", "2026-07-14T14:00:00Z", "pd:Name", purposes=["dpv:CustomerManagement"],
                  basis="dpv:ContractPerformance")  # fmt: skip
    assert then(RULE, support, needed) == []
    beside = used("ann", "2026-07-14T14:00:00Z", "pd:Name", purposes=["dpv:Marketing", PROMOTE])
    assert [each.outcome for each in then(RULE, no, beside)] == ["violation"]


CONTACT, MAIL = "pd:Contact", "pd:EmailAddress"


def sent_with(*categories: str, purpose: str = PROMOTE, **more: Any) -> Happened:
    return used("ann", "2026-07-14T14:00:00Z", *categories, purposes=[purpose], **more)


def test_a_no_to_a_kind_of_data_is_a_no_to_each_kind_of_it() -> None:
    yes = consent("ann", "2026-01-01T00:00:00Z", "given", PROMOTE)
    no = consent("ann", "2026-06-10T00:00:00Z", "refused", PROMOTE, categories=[CONTACT])
    told = then(RULE, yes, no, sent_with(MAIL), sent_with("pd:Name"))
    assert told == [(3, "violation", "dpv:ConsentRefused", [PROMOTE]), (4, "lawful", "dpv:ConsentGiven", [])]
    again = consent("ann", "2026-06-12T00:00:00Z", "given", PROMOTE, categories=[MAIL])
    told = then(RULE, no, again, sent_with(MAIL), sent_with("pd:TelephoneNumber"))
    assert [each.outcome for each in told] == ["lawful", "violation"]


def test_data_stated_more_broadly_than_what_she_refused_can_not_be_told_apart_from_it() -> None:
    yes = consent("ann", "2026-01-01T00:00:00Z", "given", PROMOTE, categories=[CONTACT])
    no = consent("ann", "2026-06-10T00:00:00Z", "refused", PROMOTE, categories=[MAIL])
    told = (2, "gap", "whosaw:DataTooBroad", [CONTACT, MAIL])
    assert then(RULE, no, sent_with(CONTACT)) == [told]
    assert then(RULE, no, sent_with(CONTACT, basis="eu-gdpr:A6-1-f")) == [told], "a no to marketing is one all the same"
    assert [each.reason for each in then(RULE, yes, no, sent_with(CONTACT))] == ["whosaw:DataTooBroad"]
    assert [each.reason for each in then(RULE, no, sent_with(CONTACT, purpose="dpv:Marketing"))] == [told[2]]
    assert [each.outcome for each in then(RULE, no, sent_with(CONTACT, MAIL))] == ["violation"]
    assert then(RULE, no, sent_with("pd:Name")) == then(RULE, no, sent_with("pd:TelephoneNumber")) == []
    care = consent("ann", "2026-06-10T00:00:00Z", "refused", "dpv:CustomerCare", categories=[MAIL])
    needed = sent_with(CONTACT, purpose="dpv:CustomerCare", basis="dpv:ContractPerformance")
    assert then(RULE, care, needed) == []


def test_a_yes_to_a_kind_of_data_covers_each_kind_of_it_and_not_the_other_way_round() -> None:
    wide, narrow = (
        consent("ann", "2026-01-01T00:00:00Z", "given", PROMOTE, categories=[each]) for each in (CONTACT, MAIL)
    )
    assert [each.outcome for each in then(RULE, wide, sent_with(MAIL))] == ["lawful"]
    assert then(RULE, narrow, sent_with(CONTACT)) == []


def test_a_yes_to_all_of_a_kind_takes_back_no_narrower_no() -> None:
    wide = consent("ann", "2026-08-01T00:00:00Z", "given", "dpv:Marketing")
    sent = used("ann", "2026-09-01T00:00:00Z", "pd:Name", purposes=[PROMOTE])
    assert [each.outcome for each in then(RULE, wide, sent)] == ["lawful"]
    no = consent("ann", "2026-06-10T00:00:00Z", "refused", PROMOTE)
    assert [each.outcome for each in then(RULE, no, wide, sent)] == ["violation"]
    yes = consent("ann", "2026-08-02T00:00:00Z", "given", PROMOTE)
    assert [each.outcome for each in then(RULE, no, wide, yes, sent)] == ["lawful"]


def asked(right: str, regime: str, **more: Any) -> Happened:
    """On Tuesday 1 September 2026; the 7th is Labour Day."""
    fact = asked_to_erase("ann", "2026-09-01T13:00:00Z")
    data = {"right": right, "regime": regime, "clock_start": "2026-09-01T09:00:00-04:00"}
    return fact._replace(data=fact.data | data | more)


@pytest.mark.parametrize(
    ("right", "regime"),
    [
        ("whosaw:Unsubscribe", "whosaw:PIPEDA"),
        ("ca-casl:11-3", "whosaw:PIPEDA"),
        ("whosaw:Withdrawal", "whosaw:P39.1"),
        ("whosaw:Unsubscribe", "whosaw:CompanyPolicy"),
        ("eu-gdpr:A21", "whosaw:GDPR"),
    ],
)
def test_who_asked_to_be_left_alone_is_after_ten_business_days_whatever_was_recorded(right: str, regime: str) -> None:
    times = ("2026-09-16T03:00:00Z", "2026-09-17T03:59:00Z", "2026-09-17T04:00:00Z", "2026-11-26T15:00:00Z")
    sent = [
        used("ann", time, "pd:EmailAddress", purposes=[PROMOTE, NEWS], basis=None, channel="whosaw:Email")
        for time in times
    ]
    assert then(RULE, asked(right, regime), *sent) == [(4, "violation", NO, [PROMOTE]), (5, "violation", NO, [PROMOTE])]


def test_she_may_agree_again_after_she_asked_and_no_more_e_mail_is_not_no_more_letters() -> None:
    request = asked("whosaw:Unsubscribe", "whosaw:PIPEDA")
    letter = used("ann", "2026-11-26T15:00:00Z", "pd:Name", purposes=[PROMOTE], basis=None, channel="whosaw:Mail")
    assert then(RULE, request, letter) == []
    again = consent("ann", "2026-10-01T00:00:00Z", "given", PROMOTE)
    mail = used("ann", "2026-11-26T15:00:00Z", "pd:Name", purposes=[PROMOTE], basis=None, channel="whosaw:Email")
    assert [each.outcome for each in then(RULE, request, again, mail)] == ["lawful"]


def test_who_agreed_to_less_has_not_agreed_and_has_withdrawn_nothing() -> None:
    mail = consent("ann", "2026-01-01T00:00:00Z", "given", PROMOTE, categories=["pd:EmailAddress"])
    sent = used("ann", "2026-09-01T00:00:00Z", "pd:EmailAddress", "pd:CallLog", purposes=[PROMOTE])
    assert then(RULE, mail, sent) == []


def test_she_may_agree_again() -> None:
    again = consent("ann", "2026-08-01T00:00:00Z", "given", PROMOTE)
    sent = used("ann", "2026-09-01T00:00:00Z", "pd:EmailAddress", purposes=[PROMOTE], channel="whosaw:Email")
    assert [each.outcome for each in then(RULE, GIVEN, WITHDRAWN, again, sent)] == ["lawful"]


def test_after_a_merge_the_strictest_word_of_her_names_counts_until_she_speaks_again() -> None:
    other = consent("anna", "2026-08-01T00:00:00Z", "given", PROMOTE)
    sent = used("ann", "2026-09-01T00:00:00Z", "pd:EmailAddress", purposes=[PROMOTE], channel="whosaw:Email")
    one = merged(("ann", "anna"))
    assert [each.outcome for each in then(RULE, WITHDRAWN, other, one, sent)] == ["violation"]
    assert [each.outcome for each in then(RULE, WITHDRAWN, one, other, sent)] == ["lawful"]
