"""What is declared beside what is observed, exactly as of any position of each log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from projections import OBSERVED
from projections.merged import BLOCK
from projections.rebuild import digest
from projections.reconciliation import Compared, compared
from tests.projections.given import Happened, collected, disclosed, used

if TYPE_CHECKING:
    from tests.projections.conftest import Story

NOW = datetime(2026, 11, 20, tzinfo=UTC)
LATE = "2020-01-02T09:00:00Z"
FACTS = (
    collected("ann", "2026-01-02T09:00:00Z", "pd:Name"),
    disclosed("bob", "2026-01-03T09:00:00Z", "pd:Name"),
    Happened("system.registered", ("ledger",), "2026-01-03T09:00:00Z", {"actor": {}, "registered": "crm"}),
    used("ann", LATE, "pd:EmailAddress"),
    collected("ann", "2026-01-05T09:00:00Z", "pd:Name", visibility="sealed"),
    collected("ann", "2026-01-06T09:00:00Z", "pd:Name"),
    Happened(
        "system.registered", ("ledger",), "2026-01-03T09:00:00Z", {"actor": {}, "registered": "crm", "retired": True}
    ),
)


@pytest.mark.parametrize("begins", [0, BLOCK - 1, BLOCK - 3, BLOCK - len(FACTS) - 1])
def test_as_of_positions_it_is_what_it_was_when_they_were_the_newest(three_logs: Story, begins: int) -> None:
    """Wherever a block of merged rows ends; facts that arrived late change nothing of earlier."""
    stood: dict[tuple[int, ...], list[Compared]] = {}
    for log in three_logs.logs:
        log.size = begins
    for number, fact in enumerate(FACTS):
        log = three_logs.logs[number % 2]
        before = log.size
        log.happened(fact)
        three_logs.fold((OBSERVED,), log_id=log.log_id, after=before)
        newest = tuple(each.size for each in three_logs.logs)
        stood[newest] = compared(three_logs.reader, dict(enumerate(newest)), NOW)
    for positions, then in stood.items():
        assert compared(three_logs.reader, dict(enumerate(positions)), NOW) == then, positions
    counts = [{(each.kind, each.name): each for each in then} for then in stood.values()]
    assert [each["category", "pd:Name"].facts for each in counts] == [1, 2, 2, 2, 2, 3, 3]
    assert [each["system", "crm"].declared_by for each in counts] == [[], [], *[["register"]] * 4, []]
    assert str(counts[3]["category", "pd:EmailAddress"].first) == "2020-01-02 09:00:00+00:00"


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_neither_batches_nor_how_far_they_reach_change_a_row(story: Story, batch: int) -> None:
    story.log.size = BLOCK - 3
    story.log.happened(*FACTS)
    found: list[Any] = []
    for size in (1_000, batch):
        story.forget_rows()
        story.fold((OBSERVED,), batch=size, after=BLOCK - 3)
        found.append(digest(story.follower, OBSERVED))
    assert found[0] == found[1]
