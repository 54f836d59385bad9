"""Given what somebody asked to delete, then whether there is evidence of it in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from projections.history import moment
from projections.rules.deletion import RULE
from tests.projections.given import answered, asked_to_erase, collected, erased
from tests.rules.given import findings, then

if TYPE_CHECKING:
    from tests.projections.given import Happened

HELD = collected("ann", "2026-01-01T00:00:00Z", "pd:Name", "pd:CallLog")
ASKED = asked_to_erase("ann", "2026-05-01T00:00:00Z")
REQUESTED = erased("ann", "2026-05-02T00:00:00Z", "pd:Name", state="requested")


def test_what_was_asked_and_not_done_is_a_finding_after_thirty_days() -> None:
    (found,) = findings(RULE, HELD, ASKED)
    assert (found.outcome, found.reason, found.codes) == ("violation", "whosaw:NoEvidence", ["pd:CallLog", "pd:Name"])
    assert found.since == moment("2026-05-31T00:00:00Z")


def test_what_was_done_is_evidenced_and_what_was_not_is_named() -> None:
    done = erased("ann", "2026-05-03T00:00:00Z", "pd:Name")
    (said,) = then(RULE, HELD, ASKED, done)
    assert said.codes == ["pd:CallLog"]
    rest = erased("ann", "2026-05-04T00:00:00Z", "pd:CallLog", state="verified")
    assert then(RULE, HELD, ASKED, done, rest) == [(2, "lawful", "whosaw:DeletionEvidenced", [])]


def test_what_the_company_asks_its_own_system_counts_alike() -> None:
    assert then(RULE, HELD, REQUESTED) == [(2, "violation", "whosaw:NoEvidence", ["pd:Name"])]
    held_back = erased("ann", "2026-05-02T00:00:00Z", "pd:Name", state="requested", hold_ref="H-1")
    assert then(RULE, HELD, held_back) == [(2, "lawful", "whosaw:HeldBack", [])]


def test_what_was_refused_or_survives_for_a_reason_is_none() -> None:
    assert then(RULE, HELD, ASKED, answered("ann", "2026-05-20T00:00:00Z", "dpv:RequestRejected")) == [
        (2, "lawful", "whosaw:DeletionEvidenced", [])
    ]
    survivors = [{"category": "pd:CallLog", "reason": "whosaw:TaxRecords"}]
    kept = erased("ann", "2026-05-03T00:00:00Z", "pd:Name", "pd:CallLog", survivors=survivors)
    assert [each.outcome for each in then(RULE, HELD, ASKED, kept)] == ["lawful"]


def test_what_a_recipient_holds_is_not_the_companys_to_evidence() -> None:
    theirs = erased("ann", "2026-05-02T00:00:00Z", "pd:Name", state="requested", holder="cloud-host")
    assert then(RULE, HELD, theirs) == []


@pytest.mark.parametrize(
    ("wanted", "done", "outcome"),
    [
        ("erase", "delete", "violation"),
        ("destruct", "erase", "violation"),
        ("erase", "key_destroyed", "lawful"),
        ("erase", "anonymise", "lawful"),
        ("destruct", "anonymise", "violation"),
        ("delete", "delete", "lawful"),
        ("erase", "destruct", "lawful"),
    ],
)
def test_what_was_to_be_gone_for_good_is_not_deleted_recoverably(wanted: str, done: str, outcome: str) -> None:
    asked = erased("ann", "2026-05-02T00:00:00Z", "pd:Name", state="requested", mode=wanted)
    (found,) = findings(RULE, HELD, asked, erased("ann", "2026-05-03T00:00:00Z", "pd:Name", mode=done))
    assert found.outcome == outcome
    if outcome == "violation":
        assert (found.reason, found.codes) == ("whosaw:DeletedOtherwise", ["pd:Name"])
        again = erased("ann", "2026-05-04T00:00:00Z", "pd:Name", mode=wanted, state="verified")
        late = erased("ann", "2026-05-03T00:00:00Z", "pd:Name", mode=done)
        assert [each.outcome for each in then(RULE, HELD, asked, late, again)] == ["lawful"]


def test_a_persons_own_request_says_not_how() -> None:
    done = erased("ann", "2026-05-03T00:00:00Z", "pd:Name", "pd:CallLog", mode="delete")
    assert [each.outcome for each in then(RULE, HELD, ASKED, done)] == ["lawful"]


@pytest.mark.parametrize(
    "asked",
    [asked_to_erase("ann", "2026-05-01T00:00:00Z", "pd:PaymentCard"),
     erased("ann", "2026-05-01T00:00:00Z", "pd:PaymentCard", state="requested", request_ref="REQ-1")],
)  # fmt: skip
def test_what_was_never_recorded_as_collected_is_a_gap_until_somebody_says_that_it_is_gone(asked: Happened) -> None:
    (found,) = findings(RULE, HELD, asked)
    assert (found.outcome, found.reason, found.codes) == ("gap", "whosaw:NeverCollected", ["pd:PaymentCard"])
    assert found.since == moment("2026-05-31T00:00:00Z")
    done = erased("ann", "2026-05-03T00:00:00Z", "pd:PaymentCard")
    assert [each.outcome for each in then(RULE, HELD, asked, done)] in ([], ["lawful"])
    refused = answered("ann", "2026-05-20T00:00:00Z", "dpv:RequestRejected")
    assert [each.outcome for each in then(RULE, HELD, asked, refused)] in ([], ["lawful"])
