"""Q20: which emitters went silent or have gaps?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projections import EMITTERS
from projections.emitters import Emitter, Hole, emitters
from projections.merged import BLOCK
from projections.rebuild import digest, rebuild
from tests.projections.given import Happened, collected, queried

if TYPE_CHECKING:
    from tests.projections.conftest import Story
    from tests.projections.given import Log

CALM = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
STATED = datetime(2026, 11, 23, 20, 4, 44, 123456, tzinfo=UTC)
"""When the hand-written log says that everything was appended."""


def numbered(log: Log, *numbers: int | None, source: str = "/services/billing", at: datetime = STATED) -> None:
    for number in numbers:
        more: dict[str, Any] = {} if number is None else {"emittersequence": number}
        fact = collected("ann", "2026-01-02T09:00:00Z", "pd:Name")
        log.happened(fact._replace(head={"source": source, "appended": at.isoformat()} | more))


def stands(story: Story, now: datetime = STATED, **more: Any) -> dict[str, Emitter]:
    for log in story.logs:
        story.fold((EMITTERS,), log_id=log.log_id)
    return {each.source: each for each in emitters(story.reader, newest(story), now, **more)[0]}


def newest(story: Story) -> dict[int, int]:
    return {log.log_id: log.size for log in story.logs}


def test_holes_in_an_emitters_numbers_are_named_over_all_logs(three_logs: Story) -> None:
    numbered(three_logs.logs[0], 1, 2, 4, 9)
    numbered(three_logs.logs[1], 3, 5, 2_000)
    numbered(three_logs.logs[2], 6, 2_001, source="/services/billing")
    numbered(three_logs.logs[2], 5, source="/services/other")
    found = stands(three_logs)
    billing = found["/services/billing"]
    assert (billing.entries, billing.first_number, billing.last_number) == (9, 1, 2_001)
    assert billing.holes == [Hole(7, 8), Hole(10, 1_999)]
    assert billing.missing == 2 + 1_990
    assert (found["/services/other"].missing, found["/services/other"].holes) == (0, [])


def test_a_number_from_far_away_is_one_hole_and_costs_nothing(story: Story) -> None:
    numbered(story.log, 0, 2**53 - 1)
    assert stands(story)["/services/billing"].holes == [Hole(1, 2**53 - 2)]


def test_rows_that_are_full_are_passed_over(story: Story) -> None:
    story.log.happened(
        *(
            collected("ann", "2026-01-02T09:00:00Z", "pd:Name")._replace(head={"emittersequence": number})
            for number in range(5_000)
            if number != 4_321
        )
    )
    assert stands(story)["/services/test"].holes == [Hole(4_321, 4_321)]


def test_an_emitter_without_numbers_and_the_ledger_itself(story: Story) -> None:
    numbered(story.log, None)
    story.log.happened(queried("ann", "2026-01-02T09:00:00Z"))
    found = stands(story)
    assert list(found) == ["/services/billing"]
    assert found["/services/billing"].first_number is None
    assert found["/services/billing"].silent is None


def test_an_emitter_is_silent_when_it_rests_longer_than_it_ever_did(story: Story) -> None:
    for hours in (0, 1, 2, 14, 15):
        numbered(story.log, None, at=STATED + timedelta(hours=hours))
    last = STATED + timedelta(hours=15)
    assert stands(story, last + timedelta(hours=11))["/services/billing"].silent is False
    now = emitters(story.reader, newest(story), last + timedelta(hours=13))[0][0]
    assert (now.silent, now.usual_seconds, now.silent_seconds) == (True, 12 * 3600, 13 * 3600)
    asked = emitters(story.reader, newest(story), last + timedelta(hours=2), timedelta(hours=1))[0][0]
    assert asked.silent is True


@pytest.mark.parametrize("days", [1, 89, 90, 91, 200, 4_000])
def test_an_emitter_stays_silent_however_long_ago_it_worked(story: Story, days: int) -> None:
    for hours in (0, 1, 2, 14, 15):
        numbered(story.log, None, at=STATED + timedelta(hours=hours))
    found = stands(story, STATED + timedelta(hours=15, days=days))["/services/billing"]
    assert (found.silent, found.usual_seconds) == (True, 12 * 3600)


def test_what_is_usual_is_what_was_before_it_fell_silent(story: Story) -> None:
    """A rest of more than three months before its last activity is as good as forgotten."""
    for hours in (0, 1_000, 4_000, 4_001, 4_003, 4_005):
        numbered(story.log, None, at=STATED + timedelta(hours=hours))
    found = stands(story, STATED + timedelta(hours=4_005, days=300))["/services/billing"]
    assert (found.silent, found.usual_seconds) == (True, 2 * 3600)


def test_what_another_systems_record_says_stands_beside_its_emitter(story: Story) -> None:
    numbered(story.log, 1)
    mismatch = {
        "actor": {}, "compared": "billing", "expected": 10, "found": 9, "since": "2026-01-01T00:00:00Z",
        "until": "2026-02-01T00:00:00Z",
    }  # fmt: skip
    story.log.happened(
        Happened("reconciliation.mismatch", ("x",), "2026-02-02T00:00:00Z", mismatch),
        Happened("reconciliation.mismatch", ("x",), "2026-02-02T00:00:00Z", mismatch | {"compared": "mail-gateway"}),
    )
    assert [each.expected for each in stands(story)["/services/billing"].mismatches] == [10]
    assert [each.compared for each in emitters(story.reader, newest(story), STATED)[1]] == ["mail-gateway"]


def test_what_is_sealed_counts_as_if_it_were_about_a_stranger(story: Story) -> None:
    for more in ({"visibility": "sealed"}, {}):
        story.begin_again()
        story.log.happened(collected("ann", "2026-01-02T09:00:00Z", "pd:Name", **more))
        found = stands(story)["/services/test"]
        assert (found.entries, found.last) == (1, STATED)


BEGINS = BLOCK - 6
"""The last position before the test's entries: they are in two blocks of merged rows, as those of a long log are."""
SENT = st.tuples(st.sampled_from(["/services/a", "/services/b"]), st.none() | st.integers(0, 1_030), st.integers(0, 9))


@CALM
@given(st.lists(SENT, min_size=1, max_size=14), st.integers(1, 7))
def test_as_of_a_position_an_emitter_stands_as_it_stood_when_that_was_the_newest(
    story: Story, sent: list[tuple[str, int | None, int]], batch: int
) -> None:
    """Numbers that arrived later are missing, those that came twice are not, and rests are those of then."""
    story.begin_again()
    story.log.size, at, stood = BEGINS, STATED, dict[int, Any]()
    for source, number, hours in sent:
        at += timedelta(hours=hours)
        before = story.log.size
        numbered(story.log, number, source=source, at=at)
        story.fold((EMITTERS,), after=before)
        stood[story.log.size] = emitters(story.reader, {0: story.log.size}, at + timedelta(hours=5))
    for position, then in stood.items():
        moment = max(each.last for each in then[0]) + timedelta(hours=5)
        assert emitters(story.reader, {0: position}, moment) == then, position
    assert emitters(story.reader, {0: BEGINS}, at) == ([], [])
    live = digest(story.follower, EMITTERS)
    story.forget_rows()
    story.fold((EMITTERS,), batch=batch, after=BEGINS)
    assert digest(story.follower, EMITTERS) == live


def test_a_mismatch_is_there_from_its_position_on(story: Story) -> None:
    mismatch = {
        "actor": {}, "compared": "billing", "expected": 10, "found": 9, "since": "2026-01-01T00:00:00Z",
        "until": "2026-02-01T00:00:00Z",
    }  # fmt: skip
    numbered(story.log, 1)
    story.log.happened(Happened("reconciliation.mismatch", ("x",), "2026-02-02T00:00:00Z", mismatch))
    stands(story)
    assert [len(emitters(story.reader, {0: position}, STATED)[0][0].mismatches) for position in (1, 2)] == [0, 1]


@CALM
@given(st.lists(st.integers(0, 3_000), min_size=1, max_size=25), st.integers(1, 7))
def test_neither_batches_nor_a_rebuild_change_a_row_and_holes_are_what_is_missing(
    story: Story, numbers: list[int], batch: int
) -> None:
    story.begin_again()
    numbered(story.log, *numbers)
    found = stands(story)["/services/billing"]
    missing = set(range(min(numbers), max(numbers) + 1)) - set(numbers)
    assert {n for hole in found.holes for n in range(hole.first, hole.last + 1)} == missing
    assert found.missing == len(missing)
    whole = digest(story.follower, EMITTERS)
    story.forget_rows()
    story.fold((EMITTERS,), batch=batch)
    assert digest(story.follower, EMITTERS) == whole
    assert rebuild(story.dsn, EMITTERS, batch=batch).same
