"""When the answer to a request is due, in the words of the law; worked by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from projections import consulted, requested
from projections.requested import requests, state
from tests.projections.rights import answered, asked, extended, happened, history, replied, verified
from tests.projections.rights import consulted as was_consulted

if TYPE_CHECKING:
    from projections.requested import Request
    from tests.projections.given import Happened


def one(*facts: Happened) -> Request:
    (found,) = requests(history(*facts))
    return found


def stands(its: Request, now: str) -> str:
    return state(its.status, its.deadline, datetime.fromisoformat(now))


# Monday 2 November 2026; the clocks in Quebec went back the day before.
ASKED = asked("alice", "2026-11-02T09:00:00-05:00")


def test_pipeda_gives_thirty_days_after_receipt() -> None:
    its = one(ASKED)
    assert (its.due, its.deadline.pack, its.deadline.rule) == (date(2026, 12, 2), "ca-pipeda", "ca-pipeda:8-3")
    assert its.deadline.explanation["en"][-2] == "Due by the end of Wednesday 2 December 2026."
    assert "Interpretation Act" in its.deadline.explanation["en"][0]
    assert len(its.deadline.explanation["fr"]) == len(its.deadline.explanation["en"])


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-12-01T23:59:59-05:00", "running"),
        ("2026-12-02T00:00:00-05:00", "due_today"),
        ("2026-12-03T04:59:59+00:00", "due_today"),
        ("2026-12-03T05:00:00+00:00", "deemed_refused"),
    ],
)
def test_due_today_is_a_state_of_its_own_and_a_day_is_the_companys(now: str, expected: str) -> None:
    assert stands(one(ASKED), now) == expected


def test_silence_is_a_refusal_only_where_the_law_says_so() -> None:
    late = "2027-06-01T12:00:00Z"
    assert stands(one(ASKED), late) == "deemed_refused"
    assert stands(one(asked("alice", "2026-11-02T09:00:00-05:00", regime="whosaw:GDPR")), late) == "overdue"
    assert stands(one(asked("alice", "2026-11-02T09:00:00-05:00", regime="whosaw:P39.1")), late) == "deemed_refused"


def test_a_late_answer_ends_a_deemed_refusal_and_stays_late() -> None:
    its = one(ASKED, answered("alice", "2026-12-10T09:00:00-05:00"))
    assert (stands(its, "2027-01-01T00:00:00Z"), its.late, its.answered) == (
        "answered",
        True,
        "2026-12-10T09:00:00-05:00",
    )


def test_a_refusal_has_its_reason_and_recourse() -> None:
    its = one(
        ASKED,
        answered("alice", "2026-11-20T09:00:00-05:00", "dpv:RequestRejected", reason="ca-pipeda:9-3",
                 recourse="whosaw:PrivacyCommissioner"),
    )  # fmt: skip
    assert (its.status, its.reason, its.recourse, its.late) == (
        "refused", "ca-pipeda:9-3", "whosaw:PrivacyCommissioner", False,
    )  # fmt: skip


def test_an_extension_counts_from_the_first_last_day_and_is_at_most_what_the_law_allows() -> None:
    its = one(ASKED, extended("alice", "2026-11-30T09:00:00-05:00", 45))
    # Thirty days after 2 December.
    assert its.due == date(2027, 1, 2)
    assert "45 calendar days were stated; no more than 30 are allowed." in its.deadline.explanation["en"]
    assert its.extensions[0].notice.day == date(2026, 12, 2)
    assert one(ASKED, extended("alice", "2026-11-30T09:00:00-05:00", 10)).due == date(2026, 12, 12)


def test_notice_of_an_extension_runs_from_the_date_of_the_request_and_without_it_nothing_is_gained() -> None:
    written = happened("request.received", "alice", "2026-10-30T09:00:00-04:00", **ASKED.data)
    late = one(written, extended("alice", "2026-12-01T09:00:00-05:00", 30))
    assert late.extensions[0].notice.day == date(2026, 11, 30)
    assert (late.extensions[0].counted, late.due) == (False, date(2026, 12, 2))
    never = one(ASKED, extended("alice", "2026-11-20T09:00:00-05:00", 30, noticed_at=None))
    assert (never.extensions[0].counted, never.due) == (False, date(2026, 12, 2))
    assert "not counted" in never.deadline.explanation["en"][-1]


def test_gdpr_counts_a_month_from_the_proof_of_identity_where_that_was_asked_for() -> None:
    # 31 January, and February has 28 days; 28 February 2027 is a Sunday.
    waits = asked("alice", "2027-01-31T12:00:00-05:00", regime="whosaw:GDPR", identity="pending")
    shown = one(waits, verified("alice", "2027-02-10T12:00:00-05:00"))
    assert (shown.due, shown.identity) == (date(2027, 3, 10), "verified")
    assert shown.deadline.explanation["en"][0] == "Received on Sunday 31 January 2027."
    at_once = one(waits, verified("alice", "2027-01-31T12:00:00-05:00"))
    assert at_once.due == date(2027, 3, 1)


def test_gdpr_has_no_day_that_could_be_over_before_identity_is_proved() -> None:
    waits = one(asked("alice", "2026-09-01T12:00:00-04:00", regime="whosaw:GDPR", identity="pending"))
    assert (waits.due, stands(waits, "2027-06-01T12:00:00Z")) == (None, "waiting")
    assert waits.deadline.explanation["en"] == [
        "The time begins when the person shows who she is; she has not yet (GDPR, Art. 12(3))."
    ]
    pipeda = one(asked("alice", "2026-09-01T12:00:00-04:00", identity="pending"))
    assert stands(pipeda, "2027-06-01T12:00:00Z") == "deemed_refused"


def test_gdpr_counts_the_notice_of_an_extension_from_the_proof_of_identity_too() -> None:
    # Asked on 2 October, proved on 22 October: told on 15 November is in time.
    its = one(
        asked("alice", "2026-10-02T12:00:00-04:00", regime="whosaw:GDPR", identity="pending"),
        verified("alice", "2026-10-22T12:00:00-04:00"),
        extended("alice", "2026-11-15T12:00:00-05:00"),
    )
    (extension,) = its.extensions
    # 22 November 2026 is a Sunday, 22 January 2027 a Friday.
    assert (extension.notice.day, extension.counted, its.due) == (date(2026, 11, 23), True, date(2027, 1, 22))
    assert stands(its, "2026-12-01T12:00:00Z") == "running"


def test_gdpr_extends_by_two_months_or_by_the_days_that_were_stated() -> None:
    request = asked("alice", "2026-11-02T09:00:00-05:00", regime="whosaw:GDPR")
    assert one(request).due == date(2026, 12, 2)
    assert one(request, extended("alice", "2026-11-20T09:00:00-05:00")).due == date(2027, 2, 2)
    assert one(request, extended("alice", "2026-11-20T09:00:00-05:00", 9)).due == date(2026, 12, 11)
    # 12 December 2026 is a Saturday.
    assert one(request, extended("alice", "2026-11-20T09:00:00-05:00", 10)).due == date(2026, 12, 14)
    assert one(request, extended("alice", "2026-11-20T09:00:00-05:00", 200)).due == date(2027, 2, 2)


def test_days_of_extension_are_added_to_the_first_last_day_and_the_explanation_ends_with_the_last() -> None:
    # 29 November 2026 is a Sunday: unextended, the day moves to Monday.
    its = one(
        asked("alice", "2026-10-29T09:00:00-04:00", regime="whosaw:GDPR"),
        extended("alice", "2026-11-20T09:00:00-05:00", 29),
    )
    assert its.due == date(2026, 12, 28)
    told = its.deadline.explanation["en"]
    assert any(each.startswith("Extended by the 29 calendar days that were stated, to Mon") for each in told)
    assert told[-1] == "Due by the end of Monday 28 December 2026."
    assert not any("30 November" in each for each in told)
    longest = one(
        asked("alice", "2026-10-29T09:00:00-04:00", regime="whosaw:GDPR"),
        extended("alice", "2026-11-20T09:00:00-05:00", 200),
    )
    assert longest.due == date(2027, 1, 29)
    assert "No more than 2 months are allowed." in longest.deadline.explanation["en"]


def test_conversion_to_another_format_takes_as_long_as_it_takes() -> None:
    """PIPEDA, s. 8(4)(b)."""
    stated = one(ASKED, extended("alice", "2026-11-30T09:00:00-05:00", 90, reason="whosaw:FormatConversion"))
    # Ninety days after 2 December.
    assert (stated.due, stated.extensions[0].counted) == (date(2027, 3, 2), True)
    assert stands(stated, "2027-02-01T12:00:00Z") == "running"
    told = stated.deadline.explanation["en"]
    assert any(each.startswith("Conversion to an alternative format: as long as that takes") for each in told)
    assert told[-2] == "Due by the end of Tuesday 2 March 2027."
    endless = one(
        happened("request.received", "alice", ASKED.time, **ASKED.data | {"due": "2026-12-02"}),
        extended("alice", "2026-11-30T09:00:00-05:00", reason="whosaw:FormatConversion"),
    )
    assert (endless.due, stands(endless, "2027-02-01T12:00:00Z")) == (None, "watched")
    late = one(ASKED, extended("alice", "2026-12-10T09:00:00-05:00", 90, reason="whosaw:FormatConversion"))
    assert (late.due, late.extensions[0].counted) == (date(2026, 12, 2), False)
    both = one(
        ASKED,
        extended("alice", "2026-11-20T09:00:00-05:00", 30),
        extended("alice", "2026-11-30T09:00:00-05:00", 10, reason="whosaw:FormatConversion"),
    )
    assert both.due == date(2027, 1, 11)


def test_an_extension_that_the_law_does_not_know_is_not_counted_and_says_so() -> None:
    its = one(
        asked("alice", "2026-11-02T09:00:00-05:00", regime="whosaw:P39.1"),
        extended("alice", "2026-11-20T09:00:00-05:00", 30),
    )
    assert (its.due, [each.counted for each in its.extensions]) == (date(2026, 12, 2), [False])
    assert any("this law does not allow" in each for each in its.deadline.explanation["en"])
    again = one(
        ASKED, extended("alice", "2026-11-20T09:00:00-05:00", 30), extended("alice", "2026-11-21T09:00:00-05:00", 30)
    )
    assert [each.counted for each in again.extensions] == [True, False]
    assert [each.refused for each in (*its.extensions, *again.extensions)] == [
        "whosaw:NoExtensionInLaw", None, "whosaw:ExtendedAgain",
    ]  # fmt: skip


def test_an_extension_on_no_ground_that_the_law_lists_is_not_counted_and_says_so() -> None:
    """PIPEDA, s. 8(4)(a) and (b); the GDPR names none in a code."""
    its = one(ASKED, extended("alice", "2026-11-20T09:00:00-05:00", 30, reason="dpv:HighVolumeOfProcesses"))
    assert (its.due, its.extensions[0].counted) == (date(2026, 12, 2), False)
    assert its.extensions[0].refused == "whosaw:NoGroundToExtend"
    assert "on a ground that the law does not list" in its.deadline.explanation["en"][-1]
    gdpr = asked("alice", "2026-11-02T09:00:00-05:00", regime="whosaw:GDPR")
    more = one(gdpr, extended("alice", "2026-11-20T09:00:00-05:00", reason="dpv:HighVolumeOfProcesses"))
    assert more.extensions[0].counted


@pytest.mark.parametrize("outcome", ["dpv:RequestAcknowledged", "dpv:RequestActionDelayed", "dpv:RequestInitiated"])
def test_saying_that_it_came_or_takes_longer_answers_nothing(outcome: str) -> None:
    its = one(ASKED, answered("alice", "2026-11-10T09:00:00-05:00", outcome))
    assert (its.status, its.answered, its.outcome) == ("open", None, None)
    after = one(
        ASKED, answered("alice", "2026-11-20T09:00:00-05:00"), answered("alice", "2026-11-21T09:00:00-05:00", outcome)
    )
    assert (after.status, after.outcome) == ("answered", "dpv:RequestFulfilled")


def test_ccpa_is_confirmed_in_ten_business_days_and_answered_in_45_days_whoever_she_is() -> None:
    request = asked("alice", "2026-11-02T09:00:00-05:00", regime="whosaw:CCPA", identity="pending")
    its = one(request, verified("alice", "2026-11-30T09:00:00-05:00"))
    # The day of receipt is counted: of two readings, the earlier day.
    assert its.due == date(2026, 12, 16)
    # Veterans Day, Wednesday 11 November, is no business day.
    assert (its.further[0].deadline.day, its.further[0].done) == (date(2026, 11, 17), None)
    letter = happened("subject.informed", "alice", "2026-11-05T09:00:00-05:00",
                      about={"source": "/services/test", "id": "ev-1"}, channel="whosaw:Email")  # fmt: skip
    assert one(request, letter).further[0].done == "2026-11-05T09:00:00-05:00"


def test_what_the_emitter_stated_is_kept_and_the_difference_shown() -> None:
    its = one(asked("alice", "2026-11-02T09:00:00-05:00", due="2026-12-05"))
    assert (its.due, its.stated_due, its.difference) == (date(2026, 12, 2), date(2026, 12, 5), 3)


def test_where_no_law_is_known_the_stated_day_counts_and_says_so() -> None:
    its = one(asked("alice", "2026-11-02T09:00:00-05:00", regime="other:Law", due="2026-12-05"))
    assert (its.due, its.deadline.pack, its.difference) == (date(2026, 12, 5), None, None)
    assert its.deadline.explanation["en"][0] == "No law that is known here sets a time for this."
    nothing = one(asked("alice", "1875-11-02T09:00:00-05:00"))
    assert (nothing.due, stands(nothing, "2026-01-01T00:00:00Z")) == (None, "undated")


def test_a_request_of_long_ago_has_the_law_of_then_and_one_of_before_any_law_says_so() -> None:
    its = one(asked("alice", "2010-05-03T09:00:00-04:00", regime="whosaw:P39.1"))
    assert (its.due, its.deadline.version) == (date(2010, 6, 2), "2006-06")
    its = one(asked("alice", "2001-02-05T09:00:00-05:00"))
    assert (its.due, its.deadline.version, its.deadline.confirm) == (date(2001, 3, 7), "2001-01", True)
    its = one(asked("alice", "1999-11-02T09:00:00-05:00", due="1999-12-02"))
    assert (its.due, its.deadline.pack) == (date(1999, 12, 2), None)
    assert its.deadline.explanation["en"] == [
        (
            "No law pack is in force for Tuesday 2 November 1999: its first one, of the Personal Information "
            "Protection and Electronic Documents Act, begins on Monday 1 January 2001."
        ),
        "The day is the one that the company stated.",
    ]
    assert "n’est en vigueur pour le mardi 2 novembre 1999" in its.deadline.explanation["fr"][0]


def test_a_withdrawal_is_watched_since_the_law_names_no_day() -> None:
    its = one(asked("alice", "2026-11-02T09:00:00-05:00", right="whosaw:Withdrawal"))
    assert (its.due, stands(its, "2030-01-01T00:00:00Z")) == (None, "watched")


def test_the_order_of_recording_changes_nothing_but_positions() -> None:
    facts = [ASKED, extended("alice", "2026-11-20T09:00:00-05:00", 10), answered("alice", "2026-12-05T09:00:00-05:00")]
    first, last = one(*facts), one(*reversed(facts))
    same: dict[str, Any] = {"extensions": [], "positions": []}
    assert first._replace(**same) == last._replace(**same)


def test_what_was_never_asked_is_no_request() -> None:
    assert requests(history(answered("alice", "2026-12-05T09:00:00-05:00"))) == []


def test_a_consultation_is_beside_the_request_and_in_no_member_of_it() -> None:
    asking = was_consulted("alice", "2026-11-10T09:00:00-05:00")
    assert one(ASKED) == one(ASKED, asking, replied("alice", "2026-11-20T09:00:00-05:00", objection=True))
    (its,) = consulted.consultations(history(ASKED, asking))
    assert its.until == date(2026, 12, 10)
    moments = {"2026-12-10T23:00:00-05:00": "embargoed", "2026-12-11T00:00:00-05:00": "free"}
    for now, expected in moments.items():
        assert consulted.state(its.objection, its.embargo, datetime.fromisoformat(now)) == expected


def test_a_reply_ends_the_embargo_and_an_objection_is_told_to_the_commissioner() -> None:
    asking = was_consulted("alice", "2026-11-10T09:00:00-05:00")
    (free,) = consulted.consultations(history(asking, replied("alice", "2026-11-20T09:00:00-05:00", objection=False)))
    assert (free.until, free.commissioner) == (date(2026, 11, 20), None)
    (refused,) = consulted.consultations(history(asking, replied("alice", "2026-11-20T09:00:00-05:00", objection=True)))
    assert refused.commissioner is not None
    assert refused.commissioner.rule == "ca-pipeda:9-2.4"
    assert consulted.state(refused.objection, refused.embargo, datetime(2030, 1, 1, tzinfo=UTC)) == "objected"


def test_what_a_request_is_is_said_of_every_type_that_it_follows_from() -> None:
    assert set(requested.TYPES) >= {"request.received", "request.verified", "request.extended", "request.answered"}
