from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from projections import holds
from projections.holds import RECOURSE, Change, Hold, standing
from projections.person import Part
from tests.projections.given import Happened, collected, subject

if TYPE_CHECKING:
    from tests.projections.conftest import Story

ALICE = subject("alice")
DESK = {"kind": "human", "key": "00112233445566ff", "role": "whosaw:LegalDesk"}
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def placed(who: str | tuple[str, ...], name: str, **more: Any) -> Happened:
    data = {
        "actor": DESK, "hold_id": name, "reason": "whosaw:Litigation", "scope": {}, "starts": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    return Happened("hold.placed", (who,) if isinstance(who, str) else who, "2026-01-02T00:00:00Z", data | more)


def released(who: str | tuple[str, ...], name: str, at: str = "2026-05-01T00:00:00Z") -> Happened:
    data = {"actor": DESK, "hold_id": name, "reason": "whosaw:Settled", "effective_at": at}
    return Happened("hold.released", (who,) if isinstance(who, str) else who, at, data)


def asked(who: str, right: str = "whosaw:Access", at: str = "2026-02-01T00:00:00Z") -> Happened:
    data = {"actor": DESK, "request_id": "R-1", "regime": "whosaw:PIPEDA", "right": right, "clock_start": at}
    return Happened("request.received", (who,), at, data)


def answered(who: str, at: str = "2026-03-01T00:00:00Z", outcome: str = "dpv:RequestFulfilled") -> Happened:
    return Happened("request.answered", (who,), at, {"actor": DESK, "request_id": "R-1", "outcome": outcome})


def held(story: Story, at: datetime = NOW, as_of: int | None = None) -> list[Hold]:
    part = Part(0, ALICE.id, as_of or story.log.size)
    return standing(holds.of_parts(story.reader, [part], [0]), at)


def test_a_hold_stands_until_it_is_released_and_not_before_it_starts(story: Story) -> None:
    story.told(collected("alice", "2026-01-01T00:00:00Z", "pd:Name"), placed("alice", "H-1"), released("alice", "H-1"))
    assert [each.hold for each in held(story, datetime(2026, 4, 1, tzinfo=UTC))] == ["H-1"]
    assert held(story, datetime(2025, 12, 31, tzinfo=UTC)) == []
    assert held(story) == []
    # As of an earlier position, the release is not known yet.
    assert [each.hold for each in held(story, as_of=2)] == ["H-1"]


def test_somebody_elses_hold_is_not_hers_and_a_cohorts_is_and_nobodys_is_everybodys(story: Story) -> None:
    story.told(placed("bob", "H-1"), placed(("alice", "bob"), "H-2"))
    assert [each.hold for each in held(story)] == ["H-2"]


def test_a_release_for_one_of_a_cohort_releases_her_alone(story: Story) -> None:
    story.told(placed(("alice", "bob"), "H-1"), released("alice", "H-1"))
    assert held(story) == []
    bob = Part(0, subject("bob").id, story.log.size)
    assert [each.hold for each in standing(holds.of_parts(story.reader, [bob], [0]), NOW)] == ["H-1"]


def of_both(story: Story) -> list[Hold]:
    """What holds Alice and Bob as one person."""
    parts = [Part(0, ALICE.id, story.log.size), Part(0, subject("bob").id, story.log.size)]
    return standing(holds.of_parts(story.reader, parts, [0]), NOW)


@pytest.mark.parametrize("together", [True, False])
def test_over_two_names_of_one_person_it_stands_until_it_is_released_for_each(story: Story, *, together: bool) -> None:
    over = [placed(("alice", "bob"), "H-1")] if together else [placed("alice", "H-1"), placed("bob", "H-1")]
    story.told(*over, released("alice", "H-1"))
    assert held(story) == []
    assert [each.hold for each in of_both(story)] == ["H-1"]
    story.told(released("bob", "H-1"))
    assert of_both(story) == []


def test_a_release_under_a_name_that_it_is_not_over_releases_nothing(story: Story) -> None:
    story.told(placed("alice", "H-1"), released("bob", "H-1"))
    assert [each.hold for each in of_both(story)] == ["H-1"]


def test_what_holds_everybody_is_released_for_one_name_and_not_for_another(story: Story) -> None:
    story.told(placed("ledger/hold", "H-1"), released("alice", "H-1"))
    assert held(story) == []
    assert [each.hold for each in of_both(story)] == ["H-1"]
    story.told(released("ledger/hold", "H-1"))
    assert of_both(story) == []


def test_a_request_is_answered_under_another_name_unless_somebody_asked_under_that(story: Story) -> None:
    story.told(asked("alice"), answered("bob", "2020-03-01T00:00:00Z"))
    assert of_both(story) == []
    story.told(asked("bob"))
    assert [each.hold for each in of_both(story)] == ["request:R-1"]


def test_a_scope_covers_what_it_names_and_an_open_side_covers_all(story: Story) -> None:
    scope = {
        "categories": ["pd:CallLog"],
        "systems": ["switch"],
        "since": "2026-01-01T00:00:00Z",
        "until": "2026-02-01T00:00:00Z",
    }
    story.told(placed("alice", "H-1", scope=scope))
    [hold] = held(story)
    assert hold.covers("pd:CallLog", "switch", datetime(2026, 1, 15, tzinfo=UTC))
    assert hold.covers(None, None)
    assert not hold.covers("pd:Name", "switch")
    assert not hold.covers("pd:CallLog", "crm")
    assert not hold.covers("pd:CallLog", "switch", datetime(2026, 2, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("named", "held_as", "covered"),
    [
        ("pd:Contact", "pd:EmailAddress", True),
        ("pd:EmailAddress", "pd:Contact", True),
        ("pd:Financial", "pd:PaymentCardNumber", True),
        ("pd:EmailAddress", "pd:TelephoneNumber", False),
        ("xx:Unheard", "xx:Unheard", True),
        ("xx:Unheard", "pd:Contact", False),
    ],
)
def test_a_scope_covers_every_kind_of_what_it_names_and_what_may_contain_it(
    story: Story, named: str, held_as: str, *, covered: bool
) -> None:
    story.told(placed("alice", "H-1", scope={"categories": [named]}))
    [hold] = held(story)
    assert hold.covers(held_as, "crm") is covered


def test_a_request_for_access_holds_until_her_recourse_is_exhausted(story: Story) -> None:
    story.told(asked("alice"), answered("alice"))
    [hold] = held(story)
    assert (hold.hold, hold.reason, hold.basis) == ("request:R-1", holds.REQUEST_REASON, "ca-pipeda:8-8")
    end = datetime(2026, 3, 1, tzinfo=UTC) + RECOURSE
    assert hold.ends == end
    assert held(story, end - timedelta(seconds=1))
    assert held(story, end) == []


def test_her_recourse_begins_with_an_answer_and_not_with_what_says_that_it_came(story: Story) -> None:
    story.told(asked("alice"), answered("alice", outcome="dpv:RequestAcknowledged"))
    assert [each.ends for each in held(story)] == [None]


@pytest.mark.parametrize(
    "right", ["eu-gdpr:A15", "ca-qc-p39.1:27", "ca-pipeda:4.9", "ca-pipeda:4.9.1", "ca-pipeda:8", "us-hipaa:164.528-a"]
)
def test_a_request_for_access_holds_by_whichever_paragraph_it_is_named(story: Story, right: str) -> None:
    story.told(asked("alice", right))
    assert [each.hold for each in held(story)] == ["request:R-1"]


@pytest.mark.parametrize("right", ["whosaw:Erasure", "ca-pipeda:4.5.3", "eu-gdpr:A17", "ca-pipeda:4.9.5"])
def test_a_request_for_erasure_holds_nothing(story: Story, right: str) -> None:
    story.told(asked("alice", right))
    assert held(story) == []


def test_a_request_can_be_released_by_name(story: Story) -> None:
    story.told(asked("alice"), released("alice", "request:R-1"))
    assert held(story) == []


def test_a_request_that_came_after_its_release_holds(story: Story) -> None:
    story.told(released("alice", "request:R-1", "2026-01-01T00:00:00Z"), asked("alice"))
    assert [each.hold for each in held(story)] == ["request:R-1"]


@pytest.mark.parametrize("again", ["2026-05-02T00:00:00Z", "2026-05-01T00:00:00Z"])
def test_the_same_name_placed_again_after_its_release_stands_again(story: Story, again: str) -> None:
    story.told(
        placed("alice", "H-1"), released("alice", "H-1"), placed("alice", "H-1", starts=again)._replace(time=again)
    )
    assert [each.hold for each in held(story)] == ["H-1"]


def test_a_late_placement_of_before_the_release_does_not_stand_again() -> None:
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    placing = Change(
        0, 2, end + timedelta(days=1), "hold.placed", "H-1", None, None, None, [], [], None, None, start, None, None,
        None, sealed=False, everybody=False,
    )  # fmt: skip
    release = placing._replace(position=1, time=end, act="hold.released", starts=end)
    assert standing([release, placing], NOW) == []
