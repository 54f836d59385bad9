from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ledger.merkle import leaf_hash
from projections import policies, timeline
from tests.projections.given import (
    assented,
    collected,
    disclosed,
    published,
    subject,
    used,
)

if TYPE_CHECKING:
    from tests.projections.conftest import Story

ALICE = subject("alice")
NOW = datetime(2027, 1, 1, tzinfo=UTC)


def test_the_version_in_force_is_the_newest_that_took_effect(story: Story) -> None:
    story.told(
        published("2009", "2009-05-01T00:00:00-04:00"),
        published("2026", "2026-02-01T00:00:00-05:00"),
    )
    known = policies.published(story.reader, NOW)
    assert [each.version for each in known] == ["2009", "2026"]
    assert [each.version for each in policies.in_force(known, datetime(2026, 1, 31, tzinfo=UTC))] == ["2009"]
    assert [each.version for each in policies.in_force(known, datetime(2026, 2, 2, tzinfo=UTC))] == ["2026"]
    assert policies.in_force(known, datetime(2009, 4, 1, tzinfo=UTC)) == []


def test_a_policy_is_known_in_every_log_once_it_is_recorded(three_logs: Story) -> None:
    three_logs.logs[2].happened(published("2009", "2009-05-01T00:00:00-04:00"))
    three_logs.fold(log_id=2)
    assert [each.log_id for each in policies.published(three_logs.reader, NOW)] == [2]
    assert policies.published(three_logs.reader, datetime(2026, 1, 1, tzinfo=UTC)) == []


def test_deemed_assent_stays_deemed(story: Story) -> None:
    story.told(
        assented("alice", "2026-01-02T09:00:00Z", "2009"),
        assented(("alice", "bob"), "2026-02-02T09:00:00Z", "2026", mode="deemed_by_use"),
    )
    rows = policies.of_subject(story.reader, ALICE, 2).rows
    assert [(each.version, each.mode) for each in rows] == [
        ("2026", "deemed_by_use"),
        ("2009", "express"),
    ]
    assert [each.version for each in policies.of_subject(story.reader, ALICE, 1).rows] == ["2009"]


def test_the_timeline_merges_her_stream_and_her_cohorts(story: Story) -> None:
    story.told(
        collected("alice", "2026-01-02T09:00:00Z", "pd:Name"),
        used(("bob", "alice"), "2026-01-03T09:00:00Z", "pd:Name"),
        used("bob", "2026-01-03T09:00:00Z", "pd:Name"),
        disclosed("alice", "2026-01-04T09:00:00Z", "pd:Name"),
    )
    rows = timeline.of_subject(story.reader, ALICE, 4).rows
    assert [(each.position, each.sequence, each.role) for each in rows] == [
        (4, 2, None),
        (2, None, "dpv:Customer"),
        (1, 1, None),
    ]
    assert [each.json()["type"] for each in rows] == [
        "data.disclosed",
        "data.used",
        "data.collected",
    ]
    assert all(each.leaf == leaf_hash(each.bytes) for each in rows)
    assert [each.position for each in timeline.of_subject(story.reader, ALICE, 3).rows] == [2, 1]
    assert [each.position for each in timeline.of_subject(story.reader, ALICE, 4, types=["data.used"]).rows] == [2]


def test_pages_of_the_timeline_join_to_the_whole(story: Story) -> None:
    story.told(
        *(
            used(
                "alice" if n % 2 else ("alice", "bob"),
                "2026-01-03T09:00:00Z",
                "pd:Name",
            )
            for n in range(9)
        )
    )
    whole = timeline.of_subject(story.reader, ALICE, 9, limit=None).rows
    found = []
    after = None
    while True:
        rows, after, _ = timeline.of_subject(story.reader, ALICE, 9, after=after, limit=2)
        found += rows
        if after is None:
            break
    assert found == whole
    assert [each.position for each in whole] == list(range(9, 0, -1))
