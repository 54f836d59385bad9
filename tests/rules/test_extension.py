"""Given that more time was taken to answer, then whether the law allows that."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from projections.rules.extension import RULE
from tests.projections.rights import answered, asked, extended, verified
from tests.rules.given import findings, then

if TYPE_CHECKING:
    from tests.projections.given import Happened

TOLD = "2026-11-20T09:00:00-05:00"
QUEBEC, GDPR = "whosaw:P39.1", "whosaw:GDPR"


def given(regime: str = "whosaw:PIPEDA", **more: Any) -> Happened:
    return asked("ann", "2026-11-02T09:00:00-05:00", regime=regime, **more)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ((given(), extended("ann", TOLD, 30)), [("lawful", "whosaw:ExtensionAllowed", [])]),
        (
            (given(QUEBEC), extended("ann", TOLD, 30)),
            [("violation", "whosaw:NoExtensionInLaw", ["whosaw:ConsultationNeeded"])],
        ),
        (
            (given(), extended("ann", TOLD, 30, reason="dpv:HighVolumeOfProcesses")),
            [("violation", "whosaw:NoGroundToExtend", ["dpv:HighVolumeOfProcesses"])],
        ),
        ((given(), extended("ann", TOLD, 30, reason="acme:Busy")), [("gap", "whosaw:CodeUnknown", ["acme:Busy"])]),
        (
            (given(), extended("ann", TOLD, 10), extended("ann", TOLD, 10)),
            [
                ("lawful", "whosaw:ExtensionAllowed", []),
                ("violation", "whosaw:ExtendedAgain", ["whosaw:ConsultationNeeded"]),
            ],
        ),
        ((given(), extended("ann", TOLD, 45)), [("violation", "whosaw:ExtendedTooFar", ["45", "30"])]),
        ((given(GDPR), extended("ann", TOLD, 62)), [("lawful", "whosaw:ExtensionAllowed", [])]),
        ((given(GDPR), extended("ann", TOLD, 63)), [("violation", "whosaw:ExtendedTooFar", ["63", "62"])]),
        (
            (given(), extended("ann", TOLD, 90, reason="whosaw:FormatConversion")),
            [("lawful", "whosaw:ExtensionAllowed", [])],
        ),
        ((given("acme:Law"), extended("ann", TOLD, 30)), []),
        ((extended("ann", TOLD, 30),), []),
    ],
)  # fmt: skip
def test_more_time_is_taken_as_the_law_allows(
    facts: tuple[Happened, ...], said: list[tuple[str, str, list[str]]]
) -> None:
    assert [(each.outcome, each.reason, each.codes) for each in then(RULE, *facts)] == said


@pytest.mark.parametrize("told", ["2026-12-03T00:00:00-05:00", None])
def test_a_notice_that_does_not_come_in_time_is_found_from_when_it_was_due(told: str | None) -> None:
    (found,) = findings(RULE, given(), extended("ann", TOLD, 30, noticed_at=told))
    assert (found.outcome, found.reason) == ("violation", "whosaw:ExtensionNotToldInTime")
    assert found.since == datetime(2026, 12, 3, 5, tzinfo=UTC)
    assert found.law_pack == "ca-pipeda/2018-11"
    assert found.inputs == [[0, 2], [0, 1]]
    answer = answered("ann", "2026-12-02T09:00:00-05:00")
    assert then(RULE, given(), extended("ann", TOLD, 30, noticed_at=None), answer) == [], "it was not needed"


def test_where_identity_is_to_be_proved_first_nothing_is_late_before_that() -> None:
    waits = given(GDPR, identity="pending")
    assert then(RULE, waits, extended("ann", TOLD, 30, noticed_at=None)) == []
    (found,) = findings(
        RULE, waits, verified("ann", "2026-11-10T09:00:00-05:00"), extended("ann", TOLD, noticed_at=None)
    )
    assert found.since == datetime(2026, 12, 11, 5, tzinfo=UTC)
