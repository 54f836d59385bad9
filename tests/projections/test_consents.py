"""How consents stand: the latest decides, a withdrawal of all withdraws each, and of several names the strictest."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from projections import consents
from projections.consented import Change, Consent, decision, standing
from projections.person import Part, Person, alone
from tests.projections.given import consented, subject

if TYPE_CHECKING:
    from tests.projections.conftest import Story

ALICE = subject("alice")
NOW = datetime(2026, 6, 1, tzinfo=UTC)
NEWS = "dpv:DirectMarketing"
JANUARY = "2026-01-01T00:00:00Z"


def stands(story: Story, person: Person | None = None, at: datetime = NOW) -> list[Consent]:
    return consents.of_person(story.reader, person or alone(ALICE, story.log.size), at, limit=None).rows


def states(found: list[Consent]) -> list[tuple[list[str], list[str], str, int]]:
    return [(each.categories, each.media, each.state, each.position) for each in found]


def change(state: str, day: int, *, name: int = 0, recorded: int = 0, **more: Any) -> Change:
    when = datetime(2026, 1, day, tzinfo=UTC)
    return Change(
        0, UUID(int=name), day, datetime(2026, 1, recorded or day, tzinfo=UTC), when, when.isoformat(), state, [NEWS],
        [], [], [], None, None, "whosaw:Web", None, None, conditional=False, source="/s", id=f"e-{day}",
    )._replace(**more)  # fmt: skip


def test_the_latest_decides_and_says_since_when_and_how(story: Story) -> None:
    story.told(
        consented("alice", JANUARY, "given", expression="dpv:ExplicitlyExpressedConsent", notice_ref="notice-1"),
        consented("alice", "2026-02-01T00:00:00-05:00", "withdrawn", channel="whosaw:Telephone"),
        consented("bob", "2026-03-01T00:00:00Z", "given"),
    )
    (found,) = stands(story)
    assert (found.purpose, found.state, found.since) == (NEWS, "withdrawn", "2026-02-01T00:00:00-05:00")
    assert (found.channel, found.source, found.id, found.position) == ("whosaw:Telephone", "/services/test", "ev-2", 2)
    (before,) = stands(story, alone(ALICE, 1))
    assert (before.state, before.expression, before.notice) == ("given", "dpv:ExplicitlyExpressedConsent", "notice-1")
    (then,) = stands(story, at=datetime(2026, 1, 15, tzinfo=UTC))
    assert then.state == "given"


def test_a_late_fact_takes_its_place_in_time(story: Story) -> None:
    story.told(consented("alice", "2026-02-01T00:00:00Z", "withdrawn"), consented("alice", JANUARY, "given"))
    assert states(stands(story)) == [([], [], "withdrawn", 1)]


def test_what_counts_only_later_is_not_seen_yet(story: Story) -> None:
    story.told(
        consented("alice", JANUARY, "given"),
        consented("alice", JANUARY, "withdrawn", effective_at="2026-07-01T00:00:00Z"),
    )
    assert [each.state for each in stands(story)] == ["given"]


def test_what_was_given_runs_out(story: Story) -> None:
    story.told(consented("alice", JANUARY, "given", until="2026-05-01T00:00:00-04:00"))
    (found,) = stands(story)
    assert (found.state, found.since, found.until) == ("expired", "2026-05-01T00:00:00-04:00", None)
    (before,) = stands(story, at=datetime(2026, 4, 1, tzinfo=UTC))
    assert (before.state, before.until) == ("given", "2026-05-01T00:00:00-04:00")


def test_a_withdrawal_of_all_withdraws_each_and_one_of_a_part_leaves_the_rest(story: Story) -> None:
    story.told(
        consented("alice", JANUARY, "given", "pd:Name", "pd:EmailAddress"),
        consented("alice", "2026-02-01T00:00:00Z", "withdrawn", media=["whosaw:Telephone"]),
    )
    assert states(stands(story)) == [
        ([], ["whosaw:Telephone"], "withdrawn", 2),
        (["pd:EmailAddress", "pd:Name"], [], "given", 1),
    ]
    story.told(consented("alice", "2026-03-01T00:00:00Z", "withdrawn"))
    assert states(stands(story)) == [([], [], "withdrawn", 3)]
    story.told(consented("alice", "2026-04-01T00:00:00Z", "given", "pd:Name"))
    assert states(stands(story)) == [([], [], "withdrawn", 3), (["pd:Name"], [], "given", 4)]


def test_a_word_on_a_kind_of_data_is_one_on_each_kind_of_it(story: Story) -> None:
    story.told(
        consented("alice", JANUARY, "given", "pd:EmailAddress", "pd:Name"),
        consented("alice", "2026-02-01T00:00:00Z", "withdrawn", "pd:Contact"),
    )
    assert states(stands(story)) == [
        (["pd:Contact"], [], "withdrawn", 2), (["pd:EmailAddress"], [], "withdrawn", 2), (["pd:Name"], [], "given", 1),
    ]  # fmt: skip
    story.told(consented("alice", "2026-03-01T00:00:00Z", "given", "pd:EmailAddress"))
    assert states(stands(story)) == [
        (["pd:Contact"], [], "withdrawn", 2), (["pd:EmailAddress"], [], "given", 3), (["pd:Name"], [], "given", 1),
    ]  # fmt: skip


def test_a_cohorts_consent_is_each_ones_and_purposes_stand_apart(story: Story) -> None:
    story.told(
        consented(("alice", "bob"), JANUARY, "given", purposes=[NEWS, "dpv:Personalisation"]),
        consented("bob", JANUARY, "withdrawn"),
    )
    assert [(each.purpose, each.state) for each in stands(story)] == [(NEWS, "given"), ("dpv:Personalisation", "given")]


def test_a_refusal_under_any_name_is_a_refusal_until_she_is_asked_as_one(three_logs: Story) -> None:
    three_logs.logs[0].happened(consented("alice", "2026-03-01T00:00:00Z", "given"))
    three_logs.logs[2].happened(consented("bob", "2026-02-01T00:00:00Z", "withdrawn"))
    for log_id in (0, 2):
        three_logs.fold(log_id=log_id)
    parts = (Part(0, ALICE.id, 1), Part(2, subject("bob").id, 1))
    (found,) = stands(three_logs, Person(ALICE, parts))
    assert (found.state, found.log_id, found.position) == ("withdrawn", 2, 1)


@pytest.mark.parametrize("order", [1, -1])
def test_what_is_said_when_she_is_known_as_one_counts_for_all_her_names(order: int) -> None:
    joined = datetime(2026, 1, 10, tzinfo=UTC)
    told = [change("given", 3), change("withdrawn", 2, name=1)]
    assert [each.state for each in standing(told[::order], NOW, joined)] == ["withdrawn"]
    again = [*told, change("given", 12)]
    assert [each.state for each in standing(again[::order], NOW, joined)] == ["given"]
    # One that was recorded after, and said before her withdrawal, lifts nothing.
    late = [*told, change("given", 1, recorded=12)]
    assert [each.state for each in standing(late[::order], NOW, joined)] == ["withdrawn"]


def test_one_act_is_decided_by_the_fact_that_covers_it() -> None:
    told = [change("given", 1), change("refused", 2, categories=["pd:Name"], recipients=["partner"])]

    def decides(category: str | None, recipient: str | None) -> str | None:
        found = decision(told, NOW, NEWS, category, recipient=recipient)
        return found.state if found else None

    assert decides("pd:Name", "partner") == "refused"
    assert decides("pd:Name", "other") == decides("pd:EmailAddress", "partner") == decides(None, None) == "given"
    assert decision(told, NOW, "dpv:Personalisation") is None
    assert decision(told, datetime(2025, 1, 1, tzinfo=UTC), NEWS) is None
