"""Until when something may be kept, by which rule; what keeps it longer; what is past its time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from projections import derived, histories
from projections.person import alone
from projections.retained import READ, Kept, add
from projections.retention import RETENTION, Cursor, Retained, Wanted, across, of_histories
from tests.projections.given import Happened, asked_to_erase, collected, erased, merged, subject
from tests.projections.test_holds import placed, released

if TYPE_CHECKING:
    from tests.projections.conftest import Story

ALICE = subject("alice")
FIRST = Cursor(date.min, UUID(int=0), -1)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
OFFICER = {"kind": "human", "key": "00112233445566ff", "role": "whosaw:PrivacyOfficer"}


def rule(name: str, length: int, unit: str, trigger: str = "collected", **more: Any) -> Happened:
    data = {
        "actor": OFFICER, "rule": f"whosaw:{name}", "trigger": trigger, "length": length, "unit": unit,
        "action": "erase", "effective_from": "2020-01-01T00:00:00Z",
    }  # fmt: skip
    return Happened("retention.rule_set", ("ledger/retention",), "2020-01-01T00:00:00Z", data | more)


def left(who: str, time: str, **more: Any) -> Happened:
    return Happened("relationship.ended", (who,), time, {"actor": OFFICER, "reason": None} | more)


def kept(story: Story, as_of: int | None = None, now: datetime = NOW) -> list[Kept]:
    at = as_of or story.log.size
    registers = derived.registered(story.reader, RETENTION.name, 0, at, NOW)
    return of_histories(histories.of_person(story.reader, alone(ALICE, at), READ), registers, now)


def due(story: Story, as_of: int | None = None, now: datetime = NOW) -> dict[str, tuple[str | None, date | None]]:
    found = kept(story, as_of, now)
    return {each.holding.category: (each.due and each.due.rule, each.due and each.due.day) for each in found}


def listed(
    story: Story, which: str = "due", now: datetime = NOW, before: date | None = None, **more: Any
) -> list[Retained]:
    return across(story.reader, 0, Wanted(which, before or now.date(), now, **more), FIRST, 100)


def test_the_rule_that_keeps_longest_decides_and_never_longer_than_she_was_told(story: Story) -> None:
    story.told(
        rule("Short", 30, "days", categories=["pd:Name"]),
        rule("Long", 2, "years", categories=["pd:Name", "pd:Email"]),
        collected("alice", "2026-01-31T10:00:00-05:00", "pd:Name", "pd:Email", "pd:Age"),
        collected("alice", "2026-01-31T10:00:00-05:00", "pd:Email", until="2027-01-31T00:00:00-05:00", channel="x"),
    )
    found = kept(story)
    assert [(each.holding.category, each.due and each.due.rule) for each in found] == [
        ("pd:Age", None), ("pd:Email", "whosaw:Long"), ("pd:Email", "stated"), ("pd:Name", "whosaw:Long"),
    ]  # fmt: skip
    assert [each.due.day for each in found if each.due] == [date(2028, 1, 31), date(2027, 1, 31), date(2028, 1, 31)]
    assert [rule.rule for rule in found[-1].rules] == ["whosaw:Short", "whosaw:Long"]


@pytest.mark.parametrize(
    ("start", "length", "unit", "end"),
    [
        ("2024-01-31", 1, "months", "2024-02-29"), ("2023-01-31", 1, "months", "2023-02-28"),
        ("2024-02-29", 1, "years", "2025-02-28"), ("2024-02-29", 4, "years", "2028-02-29"),
        ("2026-12-31", 2, "months", "2027-02-28"), ("2026-12-31", 1, "days", "2027-01-01"),
        ("9999-01-01", 5, "years", "9999-12-31"),
    ],
)  # fmt: skip
def test_a_period_ends_on_the_day_that_the_calendar_has(start: str, length: int, unit: str, end: str) -> None:
    assert add(date.fromisoformat(start), length, unit) == date.fromisoformat(end)


def test_what_runs_from_the_end_of_the_relationship_does_not_run_before_it(story: Story) -> None:
    story.told(rule("After", 1, "years", "relationship_ended"), collected("alice", "2026-01-01T00:00:00Z", "pd:Name"))
    assert due(story) == {"pd:Name": ("whosaw:After", None)}
    position = story.told(left("alice", "2025-10-01T00:00:00Z"))
    assert due(story) == {"pd:Name": ("whosaw:After", date(2026, 10, 1))}
    assert [row.due for row in listed(story)] == [date(2026, 10, 1)]
    story.told(left("alice", "2026-09-01T00:00:00Z", resumed=True))
    assert due(story) == {"pd:Name": ("whosaw:After", None)}
    assert listed(story) == []
    # What was known then stays known as of then.
    assert due(story, position) == {"pd:Name": ("whosaw:After", date(2026, 10, 1))}


def test_what_is_past_its_time_is_listed_with_what_blocks_it_and_resumes_by_itself(story: Story) -> None:
    story.told(
        rule("Year", 1, "years"),
        collected("alice", "2025-01-01T00:00:00Z", "pd:Name"),
        collected("bob", "2025-02-01T00:00:00Z", "pd:Name"),
        collected("carol", "2026-10-01T00:00:00Z", "pd:Name"),
        placed("alice", "H-1"),
    )
    assert [(row.subject.hex, row.due) for row in listed(story)] == [
        (ALICE.id, date(2026, 1, 1)), (subject("bob").id, date(2026, 2, 1)),
    ]  # fmt: skip
    assert [row.subject.hex for row in listed(story, blocked=True)] == [ALICE.id]
    story.told(released("alice", "H-1", "2026-10-31T00:00:00Z"))
    assert listed(story, blocked=True) == []
    assert len(listed(story, blocked=False)) == 2
    story.told(placed("ledger/hold", "H-2"))
    assert len(listed(story, blocked=True)) == 2


def test_a_rule_speaks_of_every_kind_of_the_data_and_of_the_purposes_that_it_names(story: Story) -> None:
    sells, serves = {"purposes": ["dpv:DirectMarketing"]}, {"purposes": ["dpv:CustomerCare"]}
    story.told(
        rule("Contact", 1, "years", categories=["pd:Contact"]),
        rule("Promote", 2, "years", purposes=["dpv:Marketing"]),
        rule("Narrow", 9, "years", categories=["pd:PaymentCardNumber"], purposes=["dpv:CommunicationForCustomerCare"]),
        collected("alice", "2026-01-01T00:00:00Z", "pd:EmailAddress", **serves),
        collected("alice", "2026-01-01T00:00:00Z", "pd:Name", **sells),
        collected("alice", "2026-01-01T00:00:00Z", "pd:PaymentCard", **serves),
    )
    assert due(story) == {
        "pd:EmailAddress": ("whosaw:Contact", date(2027, 1, 1)), "pd:Name": ("whosaw:Promote", date(2028, 1, 1)),
        "pd:PaymentCard": (None, None),
    }  # fmt: skip
    assert [row.category for row in listed(story, "endless")] == ["pd:PaymentCard"]


@pytest.mark.parametrize("who", ["alice", "ledger/hold"])
@pytest.mark.parametrize(("named", "held_as"), [("pd:Contact", "pd:EmailAddress"), ("pd:EmailAddress", "pd:Contact")])
def test_a_hold_blocks_every_kind_of_what_it_names_and_what_may_contain_it(
    story: Story, who: str, named: str, held_as: str
) -> None:
    story.told(
        rule("Year", 1, "years"), collected("alice", "2025-01-01T00:00:00Z", held_as, "pd:Name"),
        placed(who, "H-1", scope={"categories": [named]}),
    )  # fmt: skip
    assert [row.category for row in listed(story, blocked=True)] == [held_as]
    assert [each.holding.category for each in kept(story) if each.blocked(NOW)] == [held_as]


@pytest.mark.parametrize("together", [True, False])
def test_a_hold_over_two_of_her_names_blocks_until_it_is_released_for_each(story: Story, *, together: bool) -> None:
    over = [placed(("alice", "bob"), "H-1")] if together else [placed("alice", "H-1"), placed("bob", "H-1")]
    story.told(
        rule("Year", 1, "years"), collected("alice", "2025-01-01T00:00:00Z", "pd:Name"), *over,
        merged(("alice", "bob")), released("alice", "H-1", "2026-10-01T00:00:00Z"),
    )  # fmt: skip
    assert len(listed(story, blocked=True)) == 1
    story.told(released("bob", "H-1", "2026-10-02T00:00:00Z"))
    assert listed(story, blocked=True) == []


def test_asked_done_and_verified_are_kept_apart(story: Story) -> None:
    story.told(rule("Year", 1, "years"), collected("alice", "2025-01-01T00:00:00Z", "pd:Name"))
    story.told(asked_to_erase("alice", "2025-06-01T00:00:00Z"))
    assert [row.state for row in listed(story)] == ["deletion_requested"]
    assert [row.state for row in listed(story, "asked")] == ["deletion_requested"]
    story.told(erased("alice", "2025-07-01T00:00:00Z", "pd:Name"))
    assert (listed(story), listed(story, "asked")) == ([], [])
    assert [row.state for row in listed(story, "deleted")] == ["deleted"]
    assert listed(story, "verified") == []
    story.told(erased("alice", "2025-08-01T00:00:00Z", "pd:Name", state="verified"))
    assert listed(story, "deleted") == []
    assert [row.state for row in listed(story, "verified")] == ["verified"]


def test_what_no_rule_limits_is_listed_by_itself_until_a_rule_does(story: Story) -> None:
    story.told(collected("alice", "2025-01-01T00:00:00Z", "pd:Name"))
    assert [row.category for row in listed(story, "endless")] == ["pd:Name"]
    story.told(rule("Year", 1, "years"))
    assert listed(story, "endless") == []
    # A rule of the same name that counts from later replaces it.
    story.told(rule("Year", 5, "years", effective_from="2026-01-01T00:00:00Z"))
    assert due(story) == {"pd:Name": ("whosaw:Year", date(2030, 1, 1))}
    assert listed(story) == []


def test_a_rule_in_another_log_counts_in_every_log(three_logs: Story) -> None:
    three_logs.logs[1].happened(collected("alice", "2025-01-01T00:00:00Z", "pd:Name"))
    three_logs.fold((RETENTION,), log_id=1)
    assert across(three_logs.reader, 1, Wanted("due", NOW.date(), NOW), FIRST, 9) == []
    three_logs.logs[2].happened(rule("Year", 1, "years"))
    three_logs.fold((RETENTION,), log_id=2)
    assert [row.due for row in across(three_logs.reader, 1, Wanted("due", NOW.date(), NOW), FIRST, 9)] == [
        date(2026, 1, 1)
    ]


def test_a_later_rule_replaces_the_earlier_from_its_own_date_on(story: Story) -> None:
    story.told(
        rule("Year", 1, "years"),
        rule("Year", 20, "years", effective_from="2030-01-01T00:00:00Z"),
        collected("alice", "2024-02-29T00:00:00Z", "pd:Name"),
        collected("bob", "2029-06-01T00:00:00Z", "pd:Name"),
    )
    day, later, changed = date(2025, 2, 28), date(2044, 2, 29), datetime(2030, 1, 1, tzinfo=UTC)
    before = changed - timedelta(microseconds=1)
    assert due(story) == due(story, now=before) == {"pd:Name": ("whosaw:Year", day)}
    assert due(story, now=changed) == {"pd:Name": ("whosaw:Year", later)}
    assert [row.due for row in listed(story)] == [row.due for row in listed(story, now=before)] == [day]
    # Nothing is recorded on that day, and nothing derived.
    assert listed(story, now=changed) == []
    assert listed(story, now=datetime(2044, 3, 1, tzinfo=UTC))[0].due == later
    # What will be past its time by a later day is so by the rules of that day.
    assert listed(story, before=date(2029, 12, 31))[0].due == day
    assert listed(story, before=date(2031, 1, 1)) == []
    assert [row.due for row in listed(story, before=date(2060, 1, 1))] == [later, date(2049, 6, 1)]


def test_a_rule_whose_day_has_not_come_limits_nothing_yet(story: Story) -> None:
    story.told(
        collected("alice", "2024-01-01T00:00:00Z", "pd:Name"),
        rule("Later", 30, "days", effective_from="2027-01-01T00:00:00Z"),
    )
    assert due(story) == {"pd:Name": (None, None)}
    assert (listed(story), [row.category for row in listed(story, "endless")]) == ([], ["pd:Name"])
    after = datetime(2027, 1, 1, tzinfo=UTC)
    assert ([row.due for row in listed(story, now=after)], listed(story, "endless", after)) == ([date(2024, 1, 31)], [])


@pytest.mark.parametrize(
    ("place", "held", "counts"),
    [
        ("loc:CA", "loc:CA", True), ("loc:CA", "loc:CA-QC", True), ("loc:CA-QC", "loc:CA", False),
        ("loc:CA-QC", "loc:CA-ON", False), ("loc:US-CA", "loc:CA", False), ("loc:CA", "loc:US-CA", False),
        ("loc:EU", "loc:FR", True), ("loc:EU", "loc:FR-75", True), ("loc:EU", "loc:GB", False),
        ("loc:FR", "loc:EU", False), ("loc:C", "loc:CA", False), ("loc:CA", None, False), (None, "loc:JP", True),
    ],
)  # fmt: skip
def test_a_rule_for_a_place_counts_in_every_place_within_it(
    story: Story, place: str | None, held: str | None, *, counts: bool
) -> None:
    story.told(rule("Year", 1, "years", jurisdiction=place))
    story.told(collected("alice", "2025-01-01T00:00:00Z", "pd:Name", jurisdiction=held))
    assert due(story) == {"pd:Name": ("whosaw:Year", date(2026, 1, 1)) if counts else (None, None)}
    # A request names no place of its own.
    story.told(asked_to_erase("alice", "2025-06-01T00:00:00Z"))
    assert len(listed(story)) == counts
