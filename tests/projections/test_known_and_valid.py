"""Two times of one fact: when it was recorded, and when it happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.fact import KeyedHashes
from projections import disclosures, holdings, person, timeline, views
from projections.history import moment
from projections.pins import Pins, recorded_by
from projections.resolution import person_of
from tests.projections.given import collected, disclosed, subject, used, viewed
from tests.projections.histories import PEOPLE, histories
from tests.projections.test_exactness import CALM, answers

if TYPE_CHECKING:
    from projections.person import Person
    from tests.projections.conftest import Story
    from tests.projections.given import Happened

START = datetime(2026, 11, 1, tzinfo=UTC)
HASHES = KeyedHashes(bytes(32))


def recorded(facts: list[Happened], gaps: list[int]) -> list[Happened]:
    """Return facts that were recorded so many seconds after each other."""
    found: list[Happened] = []
    when = START
    for fact, gap in zip(facts, gaps, strict=True):
        when += timedelta(seconds=gap)
        found.append(fact._replace(head=fact.head | {"appended": when.isoformat().replace("+00:00", "Z")}))
    return found


def when(fact: Happened) -> datetime:
    return datetime.fromisoformat(fact.head["appended"])


@CALM
@given(history=histories, data=st.data())
def test_what_was_known_at_a_time_is_what_a_ledger_tells_that_ends_with_its_last_entry(
    story: Story, history: list[Happened], data: st.DataObject
) -> None:
    # Some are recorded in one transaction, at one time.
    gaps = data.draw(st.lists(st.integers(0, 2), min_size=len(history), max_size=len(history)))
    facts = recorded(history, gaps)
    chosen = when(data.draw(st.sampled_from(facts)))
    ends = sum(when(each) <= chosen for each in facts)
    story.begin_again()
    story.told(*facts[:ends])
    then = answers(story, ends)
    story.told(*facts[ends:])
    assert recorded_by(story.reader, 0, chosen) == ends
    assert answers(story, recorded_by(story.reader, 0, chosen)) == then
    before = sum(when(each) < chosen for each in facts)
    assert recorded_by(story.reader, 0, chosen - timedelta(microseconds=1)) == before


def test_each_log_is_halved_by_itself(three_logs: Story) -> None:
    for log_id, log in enumerate(three_logs.logs[:2]):
        log.happened(*recorded([collected("alice", "2026-01-02T09:00:00Z", "pd:Name")] * 9, [log_id + 1] * 9))
    at = START + timedelta(seconds=6)
    assert [recorded_by(three_logs.reader, log_id, at) for log_id in range(3)] == [6, 3, 0]
    assert recorded_by(three_logs.reader, 0, START) == 0
    assert recorded_by(three_logs.reader, 0, START + timedelta(days=1)) == 9


def seen(story: Story, who: str, as_of: int, valid_at: datetime | None) -> Person:
    return person_of(story.reader, HASHES, subject(who), Pins(0, as_of), valid_at=valid_at)


def everything(story: Story, whom: Person) -> list[Any]:
    return [
        holdings.of_person(story.reader, whom, limit=None).rows,
        views.of_person(story.reader, whom, limit=None).rows,
        *(
            person.rows(each.of_subject, story.reader, whom, limit=None).rows  # type: ignore[attr-defined]
            for each in (disclosures, timeline)
        ),
    ]


@CALM
@given(history=histories, data=st.data())
def test_what_had_happened_by_a_time_is_what_a_ledger_tells_that_holds_nothing_else(
    story: Story, history: list[Happened], data: st.DataObject
) -> None:
    chosen = moment(data.draw(st.sampled_from(history)).time)
    story.begin_again()
    story.told(*history)
    found = [everything(story, seen(story, who, len(history), chosen)) for who in PEOPLE]
    hidden = [place.position for who in PEOPLE for place in seen(story, who, len(history), chosen).hidden]
    assert sorted(set(hidden)) == [
        number for number, fact in enumerate(history, 1) if moment(fact.time) > chosen and set(fact.who) & set(PEOPLE)
    ]
    # The same ledger, in which what happened later is about somebody else.
    story.begin_again()
    story.told(*(fact if moment(fact.time) <= chosen else fact._replace(who=("nobody",)) for fact in history))
    alone = [everything(story, seen(story, who, len(history), None)) for who in PEOPLE]
    assert [[_places(rows) for rows in each] for each in found] == [[_places(rows) for rows in each] for each in alone]


def _places(rows: list[Any]) -> list[Any]:
    return [(row.position, getattr(row, "positions", None), getattr(row, "looks", None)) for row in rows]


def test_a_fact_has_happened_at_its_own_time_whatever_its_offset(story: Story) -> None:
    last = story.told(
        disclosed("alice", "2026-05-01T00:00:00-05:00", "pd:Name"),
        disclosed("alice", "2026-05-01T04:59:59Z", "pd:Name"),
    )
    at = datetime(2026, 5, 1, 5, tzinfo=UTC)
    for shift, expected in ((0, {1, 2}), (-1, {2}), (-10_000_000, set[int]())):
        whom = seen(story, "alice", last, at + timedelta(microseconds=shift))
        rows = person.rows(disclosures.of_subject, story.reader, whom).rows
        assert {row.position for row in rows} == expected


def test_pages_of_what_had_happened_are_whole_and_in_order(story: Story) -> None:
    times = [f"2026-{month:02}-01T00:00:00Z" for month in (1, 9, 2, 10, 3, 11, 4, 12)]
    last = story.told(*(disclosed("alice", each, "pd:Name") for each in times))
    whom = seen(story, "alice", last, datetime(2026, 6, 1, tzinfo=UTC))
    found: list[int] = []
    after: Any = None
    while True:
        page = person.rows(disclosures.of_subject, story.reader, whom, after=after, limit=1)
        found += [row.position for row in page.rows]
        after = page.next
        if after is None:
            break
    assert found == [7, 5, 3, 1]


def test_a_series_counts_what_had_happened(story: Story) -> None:
    last = story.told(*(used("alice", f"2026-0{month}-01T00:00:00Z", "pd:Name") for month in (1, 2, 3)))
    whom = seen(story, "alice", last, datetime(2026, 2, 1, tzinfo=UTC))
    (series,) = views.of_person(story.reader, whom, by_day=False).rows
    assert (series.looks, series.last) == (2, "2026-02-01T00:00:00Z")


def test_that_a_fact_was_wrong_is_known_when_it_is_recorded_whatever_had_happened(story: Story) -> None:
    story.told(viewed("alice", "2026-01-01T00:00:00Z", "pd:Name"), viewed("alice", "2026-03-01T00:00:00Z", "pd:Name"))
    whom = seen(story, "alice", 2, datetime(2026, 2, 1, tzinfo=UTC))
    assert [place.position for place in whom.hidden] == [2]
