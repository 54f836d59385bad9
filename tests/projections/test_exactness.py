"""Every answer is that of its position, however the entries were delivered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.errors import UniqueViolation

from projections import PROJECTIONS, consents, disclosures, holdings, policies, timeline, views
from projections.person import alone
from projections.rebuild import digest, rebuild
from tests.projections.given import Log, collected, subject
from tests.projections.histories import PEOPLE, histories

if TYPE_CHECKING:
    from tests.projections.conftest import Story
    from tests.projections.given import Happened

NOW = datetime(2026, 11, 1, tzinfo=UTC)
CALM = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def answers(story: Story, as_of: int, log_id: int = 0) -> list[Any]:
    """Everything that can be asked about everybody."""
    return [
        question.of_subject(story.reader, subject(who, log_id), as_of, limit=None).rows  # type: ignore[attr-defined]
        for who in PEOPLE
        for question in (holdings, disclosures, views, policies, timeline)
    ] + [consents.of_person(story.reader, alone(subject(who, log_id), as_of), NOW, limit=None).rows for who in PEOPLE]


def rows(story: Story) -> list[Any]:
    return [digest(story.follower, each) for each in PROJECTIONS]


@CALM
@given(history=histories, batch=st.integers(1, 7))
def test_the_size_of_batches_changes_no_row(story: Story, history: list[Happened], batch: int) -> None:
    story.begin_again()
    story.told(*history)
    whole = rows(story)
    story.forget_rows()
    story.fold(batch=batch)
    assert rows(story) == whole


@CALM
@given(history=histories, data=st.data())
def test_an_answer_at_a_position_is_that_of_a_ledger_which_ends_there(
    story: Story, history: list[Happened], data: st.DataObject
) -> None:
    position = data.draw(st.integers(1, len(history)), "as of")
    story.begin_again()
    story.told(*history[:position])
    then = answers(story, position)
    story.told(*history[position:])
    assert answers(story, position) == then


@CALM
@given(history=histories)
def test_what_is_folded_live_equals_what_is_built_again(story: Story, history: list[Happened]) -> None:
    story.begin_again()
    for fact in history:
        story.told(fact)
    live, told = rows(story), answers(story, len(history))
    for projection in PROJECTIONS:
        assert rebuild(story.dsn, projection, batch=3) == ({0: len(history)}, True)
    assert (rows(story), answers(story, len(history))) == (live, told)


@CALM
@given(history=histories)
def test_a_log_knows_nothing_of_another(three_logs: Story, history: list[Happened]) -> None:
    three_logs.begin_again()
    for log in three_logs.logs[:2]:
        log.happened(*history)
    three_logs.fold(log_id=1)
    alone = answers(three_logs, len(history), 1)
    three_logs.fold(log_id=0)
    assert answers(three_logs, len(history), 1) == alone
    assert answers(three_logs, len(history), 2) == [[]] * len(alone)


def test_a_batch_that_is_delivered_again_is_refused_whole(story: Story) -> None:
    story.told(collected("alice", "2026-01-02T09:00:00Z", "pd:Name"))
    before = rows(story)
    with pytest.raises(UniqueViolation):
        story.fold()
    assert rows(story) == before


def test_a_fold_that_forgets_its_lower_bound_would_be_noticed(story: Story) -> None:
    """The control of the tests above: rows of other positions change the digest."""
    story.told(collected("alice", "2026-01-02T09:00:00Z", "pd:Name"))
    before = rows(story)
    other = Log(story.owner, 0)
    other.size = 1
    other.happened(collected("bob", "2026-01-02T09:00:00Z", "pd:Name"))
    story.fold(after=1, upto=2)
    assert rows(story) != before
