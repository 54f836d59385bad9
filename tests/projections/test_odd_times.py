"""Times at the edges of RFC 3339, all of which an emitter may state: none may stop a lane or spoil an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from projections import disclosures, holdings, recipients, views
from projections.account import account
from projections.person import alone
from tests.projections.given import assented, collected, disclosed, published, subject, used
from tests.projections.test_account import issue

if TYPE_CHECKING:
    from tests.projections.conftest import Story

ALICE = subject("alice")
ODD = (
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59.999999999-14:00",
    "9999-12-31T23:59:59-23:59",
    "2026-01-01T00:00:00+23:59",
    "2026-01-01T00:00:00-16:00",
    "2026-01-01t00:00:00z",
    "2026-01-01t00:00:00.5z",
    "2026-01-01 00:00:00-00:00",
    "2026-01-01T00:00:00.1234567891Z",
)


@pytest.mark.parametrize("time", ODD)
def test_whatever_time_is_stated_every_projection_folds_and_tells_it(story: Story, time: str) -> None:
    position = story.told(
        published("2009", time),
        collected("alice", time, "pd:Name"),
        assented("alice", time, "2009"),
        disclosed("alice", time, "pd:Name"),
        used("alice", time, "pd:Name"),
    )
    assert [each.since for each in holdings.of_subject(story.reader, ALICE, position).rows] == [time]
    assert [each.time for each in disclosures.of_subject(story.reader, ALICE, position).rows] == [time]
    assert [each.first for each in views.of_subject(story.reader, ALICE, position).rows] == [time]
    assert [each.id for each in recipients.known(story.reader, {0: position})] == ["collections-north"]
    told = account(story.reader, alone(ALICE, position), issue())
    assert [each["time"] for each in told["disclosures"]] == [time]
    assert [each["effective_from"] for each in told["policy"]] == [time]


def test_a_far_offset_is_counted_as_it_was_stated(story: Story) -> None:
    story.told(
        collected("alice", "2026-01-02T00:00:00+23:59", "pd:Name"), collected("bob", "2026-01-01T00:00:00-16:30")
    )
    assert story.reader.execute(
        "SELECT array_agg(to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') ORDER BY position)"
        " FROM projections.holding_change"
    ).fetchone() == (["2026-01-01 00:01", "2026-01-01 16:30"],)
