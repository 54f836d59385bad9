"""Given what she said on a purpose, then whether she was heard."""

from __future__ import annotations

import pytest

from projections.rules.withdrawal import RULE
from tests.projections.given import consent, disclosed, merged, used
from tests.rules.given import then

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
    given = disclosed("ann", "2026-07-14T14:00:00Z", "pd:EmailAddress", purpose=PROMOTE, basis=basis)
    assert then(RULE, GIVEN, WITHDRAWN, given) == []


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
