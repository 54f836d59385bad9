"""Requests over all people: what is due when, exactly as the pure model says, however the entries were delivered."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projections import requested, requests
from projections.deadlines import left, standing
from projections.histories import histories, of_person
from projections.history import counting, moment
from projections.person import alone
from projections.plain import plain
from projections.rebuild import digest, rebuild
from projections.requests import REQUESTS, Filter
from tests.projections import rights
from tests.projections.given import Happened, collected, subject
from tests.projections.histories import PEOPLE, fact, times, whom

if TYPE_CHECKING:
    from tests.projections.conftest import Story

CALM = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
NOW = datetime(2026, 12, 2, 17, tzinfo=UTC)
EVERYTHING = Filter()
names = st.sampled_from(["REQ-1", "REQ-2"])
regimes = st.sampled_from(["whosaw:PIPEDA", "whosaw:GDPR", "whosaw:CCPA", "whosaw:CompanyPolicy", "other:Law"])


@st.composite
def step(draw: st.DrawFn) -> Happened:
    """One step of some request."""
    who, time, request = draw(whom), draw(times), draw(names)
    match draw(st.integers(0, 6)):
        case 0 | 1:
            identity = draw(st.sampled_from(["verified", "pending"]))
            return rights.asked(who, time, request, regime=draw(regimes), identity=identity)
        case 2:
            return rights.verified(who, time, request)
        case 3:
            return rights.extended(who, time, draw(st.sampled_from([None, 10, 60])), request)
        case 4:
            outcome = draw(st.sampled_from(["dpv:RequestRejected", "dpv:RequestFulfilled"]))
            return rights.answered(who, time, outcome, request)
        case 5:
            first = who if isinstance(who, str) else who[0]
            return rights.happened("event.voided", first, time, reason="whosaw:Duplicate", target={
                "source": "/services/test", "id": f"ev-{draw(st.integers(1, 10))}",
            })  # fmt: skip
        case _:
            return rights.consulted(who if isinstance(who, str) else who[0], time, request)


steps = st.lists(st.one_of(step(), fact()), min_size=1, max_size=20)


def listed(
    story: Story, wanted: Filter = EVERYTHING, *, limit: int = 500, logs: int = 1, now: datetime = NOW
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = requests.BEGIN
    while True:
        page, more = requests.found(story.reader, range(logs), now, wanted, after=after, limit=limit)
        found += page
        if more is None:
            return found
        after = more


def modelled(story: Story, now: datetime = NOW) -> list[dict[str, Any]]:
    """Return what the pure model says of everybody."""
    people = histories(story.reader, 0, [subject(who).id for who in PEOPLE], story.log.size, REQUESTS.types)
    found = [each for person in people for each in requested.requests(person, now) if not each.sealed]
    found.sort(key=lambda each: (str(each.deadline.place or requests.NO_DAY), each.subject, each.request))
    return [plain(each) for each in found]


@CALM
@given(history=steps, batch=st.integers(1, 5), limit=st.integers(1, 4))
def test_live_rebuilt_and_any_batch_give_what_the_pure_model_says(
    story: Story, history: list[Happened], batch: int, limit: int
) -> None:
    story.begin_again()
    story.log.happened(*history)
    story.fold((REQUESTS,))
    whole = digest(story.follower, REQUESTS)
    assert listed(story, limit=limit) == modelled(story)
    story.forget_rows()
    story.fold((REQUESTS,), batch=batch)
    assert digest(story.follower, REQUESTS) == whole
    assert rebuild(story.dsn, REQUESTS, batch=2).same


@CALM
@given(history=steps, at=times, limit=st.integers(1, 4))
def test_how_everything_stood_at_a_moment_is_what_facts_up_to_then_say(
    story: Story, history: list[Happened], at: str, limit: int
) -> None:
    story.begin_again()
    story.log.happened(*history)
    story.fold((REQUESTS,))
    now = moment(at)
    assert listed(story, limit=limit, now=now) == modelled(story, now)
    people = histories(story.reader, 0, [subject(who).id for who in PEOPLE], story.log.size, REQUESTS.types)
    for person in people:
        then = person._replace(facts=tuple(each for each in person.facts if each.time <= now))
        known = {each.request: each for each in requested.requests(person, now)}
        for each in requested.requests(then):
            if moment(each.received) <= now:
                assert known.pop(each.request)._replace(sealed=each.sealed) == each
        assert known == {}


@CALM
@given(history=steps, data=st.data())
def test_about_one_person_any_position_is_that_of_a_ledger_which_ends_there(
    story: Story, history: list[Happened], data: st.DataObject
) -> None:
    position = data.draw(st.integers(1, len(history)), "as of")
    story.begin_again()
    story.log.happened(*history[:position])
    person = subject("alice")

    def answer() -> list[dict[str, Any]]:
        found = requests.of_person(story.reader, alone(person, position), consulting=False)
        model = histories(story.reader, 0, [person.id], position, REQUESTS.types)[0]
        (whole,) = of_person(story.reader, alone(person, position), REQUESTS.types)
        assert counting(whole.facts) == model.facts
        return found

    then = answer()
    story.log.happened(*history[position:])
    assert answer() == then


@pytest.fixture
def desk(story: Story) -> Story:
    """Requests due today, tomorrow, yesterday, without delay, or whose time has not begun; and some that are done."""
    story.told(
        rights.asked("alice", "2026-11-02T09:00:00-05:00", "due today"),
        rights.asked("bob", "2026-11-03T09:00:00-05:00", "tomorrow"),
        rights.asked("carol", "2026-10-30T09:00:00-04:00", "over", regime="whosaw:GDPR"),
        rights.asked("carol", "2026-10-29T09:00:00-04:00", "silent"),
        rights.asked("dave", "2026-11-02T09:00:00-05:00", "whenever", right="whosaw:Withdrawal"),
        rights.asked("dave", "2026-09-02T09:00:00-04:00", "granted"),
        rights.answered("dave", "2026-09-12T09:00:00-04:00", request="granted"),
        rights.asked("dave", "2026-09-02T09:00:00-04:00", "refused"),
        rights.answered("dave", "2026-09-12T09:00:00-04:00", "dpv:RequestRejected", request="refused"),
        rights.asked("erin", "2026-10-26T09:00:00-04:00", "extended"),
        rights.extended("erin", "2026-11-12T09:00:00-05:00", 30, "extended"),
        rights.asked("frank", "2026-09-01T09:00:00-04:00", "unproved", regime="whosaw:GDPR", identity="pending"),
    )
    return story


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("open", ["whenever", "silent", "over", "due today", "tomorrow", "extended", "unproved"]),
        ("watched", ["whenever"]),
        ("waiting", ["unproved"]),
        ("undated", []),
        ("due_today", ["due today"]),
        ("running", ["tomorrow", "extended"]),
        ("overdue", ["silent", "over"]),
        ("deemed_refused", ["silent"]),
        ("extended", ["extended"]),
        ("answered", ["granted"]),
        ("refused", ["refused"]),
    ],
)
def test_each_state_is_asked_for_by_its_name(desk: Story, state: str, expected: list[str]) -> None:
    assert [each["request"] for each in listed(desk, Filter(state))] == expected
    assert [each["request"] for each in listed(desk, Filter(state), limit=1)] == expected


def test_what_is_due_before_a_day_under_a_law_or_by_right(desk: Story) -> None:
    before = Filter("open", before=date(2026, 12, 2))
    assert [each["request"] for each in listed(desk, before)] == ["whenever", "silent", "over"]
    assert [each["request"] for each in listed(desk, Filter(regime="whosaw:GDPR"))] == ["over", "unproved"]
    assert [each["request"] for each in listed(desk, Filter(right="whosaw:Withdrawal"))] == ["whenever"]


def test_at_an_earlier_moment_what_came_later_is_not_there_and_what_was_answered_later_is_open(desk: Story) -> None:
    then = datetime(2026, 9, 10, tzinfo=UTC)
    assert [each["request"] for each in listed(desk, Filter("open"), now=then)] == ["granted", "refused", "unproved"]
    assert [each["request"] for each in listed(desk, Filter("open"), now=then, limit=1)] == [
        "granted", "refused", "unproved",
    ]  # fmt: skip
    assert listed(desk, Filter("answered"), now=then) == []
    assert listed(desk, now=datetime(2026, 8, 1, tzinfo=UTC)) == []
    # Before it was extended, it was due a month earlier.
    (before,) = (each for each in listed(desk, now=datetime(2026, 11, 1, tzinfo=UTC)) if each["request"] == "extended")
    assert (before["due"], before["extensions"]) == ("2026-11-25", [])


def test_an_answer_that_is_dated_later_does_not_close_it_today(story: Story) -> None:
    story.told(
        rights.asked("alice", "2026-11-02T09:00:00-05:00"),
        rights.answered("alice", "2027-11-02T09:00:00-05:00"),
    )
    assert [each["status"] for each in listed(story)] == ["open"]
    assert [each["status"] for each in listed(story, now=datetime(2027, 12, 1, tzinfo=UTC))] == ["answered"]


def test_an_answer_that_is_voided_opens_the_request_again(desk: Story) -> None:
    target = {"source": "/services/test", "id": "ev-7"}
    desk.log.happened(
        rights.happened("event.voided", "dave", "2026-11-01T09:00:00-04:00", reason="whosaw:Duplicate", target=target)
    )
    desk.fold((REQUESTS,), after=12)
    assert listed(desk, Filter("answered")) == []
    assert "granted" in [each["request"] for each in listed(desk, Filter("deemed_refused"))]


def test_who_is_to_be_forgotten_is_not_listed(desk: Story) -> None:
    desk.owner.execute(
        "INSERT INTO ledger.revoked (log_id, subject, until, receipt) VALUES (0, %s, now(), 'erasure-0')",
        (UUID(hex=subject("alice").id),),
    )
    assert [each["request"] for each in listed(desk, Filter("due_today"))] == []


def test_a_request_is_due_by_the_day_of_its_own_place(story: Story) -> None:
    """Received at 23:30 in Vancouver, where it is still the day before the one in Montreal."""
    late = {"jurisdiction": "loc:CA-BC"}
    story.told(
        rights.asked("alice", "2026-03-10T23:30:00-07:00", "Vancouver", **late),
        rights.asked("bob", "2026-03-10T23:30:00-07:00", "Montreal"),
    )
    story.fold((REQUESTS,))
    for now, states in (
        ("2026-04-09T23:30:00-07:00", {"Vancouver": "due_today", "Montreal": "due_today"}),
        ("2026-04-10T00:30:00-07:00", {"Vancouver": "overdue", "Montreal": "due_today"}),
        ("2026-04-10T22:30:00-07:00", {"Vancouver": "overdue", "Montreal": "overdue"}),
        ("2026-04-08T23:30:00-07:00", {"Vancouver": "running", "Montreal": "running"}),
    ):
        at = datetime.fromisoformat(now)
        for state in ("running", "due_today", "overdue"):
            found = {each["request"] for each in listed(story, Filter(state=state), now=at)}
            assert found == {name for name, its in states.items() if its == state}, (now, state)
        for each in requested.requests(histories(story.reader, 0, [subject("alice").id], 2, REQUESTS.types)[0]):
            assert standing(each.deadline, at) == states["Vancouver"]
            days = left(each.deadline, at)
            assert days is not None
            assert days.days == (date(2026, 4, 9) - at.astimezone(ZoneInfo("America/Vancouver")).date()).days


def test_logs_are_merged_by_day_page_by_page(three_logs: Story) -> None:
    for log in three_logs.logs:
        log.happened(
            *(rights.asked(f"p{day}", f"2026-11-{day:02}T09:00:00-05:00", f"R{log.log_id}-{day}") for day in (2, 3, 4))
        )
        three_logs.fold((REQUESTS,), log_id=log.log_id)
    whole = [each["request"] for each in listed(three_logs, logs=3)]
    assert whole == [f"R{log}-{day}" for day in (2, 3, 4) for log in (0, 1, 2)]
    assert [each["request"] for each in listed(three_logs, logs=3, limit=2)] == whole


MANY = """
    INSERT INTO projections.request
    SELECT r.log_id, md5(n::text)::uuid, 'R-' || n,
           CASE WHEN n % 2 = 0 THEN timestamptz '2020-01-01' + n * interval '1 hour' ELSE r.since END,
           CASE WHEN n % 2 = 0 THEN timestamptz '2020-01-02' + n * interval '1 hour' ELSE 'infinity' END,
           CASE WHEN n % 50 = 0 THEN 'open' ELSE 'answered' END,
           'dated', date '2020-01-01' + n % 2000, r.zone,
           CASE WHEN n % 40 = 0 THEN 'eu-gdpr:rare' ELSE r.regime END,
           CASE WHEN n % 60 = 0 THEN 'eu-gdpr:A20' ELSE r."right" END, r.deemed, r.extended, r.sealed, r.content
    FROM generate_series(1, 20000) AS n JOIN projections.request AS r ON r.request = 'due today'
"""


@pytest.mark.parametrize(
    ("narrowed", "index"),
    [
        *(({"state": state}, "request_status") for state in requests.STATES), ({}, "request_due"),
        ({"regime": "eu-gdpr:rare"}, "request_regime"), ({"right": "eu-gdpr:A20"}, "request_right"),
    ],
)  # fmt: skip
def test_what_is_due_is_found_by_an_index_however_many_requests_there_are(
    desk: Story, narrowed: dict[str, str], index: str
) -> None:
    desk.owner.execute(MANY)
    desk.owner.execute("ANALYZE projections.request")
    wanted = {
        "log_id": 0, "now": datetime(2022, 1, 1, tzinfo=UTC), "before": "infinity",
        "regime": None, "right": None, "due": "2021-12-01", "subject": "0" * 32, "request": "", "limit": 101,
    } | narrowed  # fmt: skip
    statement = requests.statement(requests.Filter(**narrowed))
    plan = desk.reader.execute("EXPLAIN (FORMAT JSON) " + statement, wanted).fetchone()
    assert plan is not None
    text = orjson.dumps(plan[0]).decode()
    assert '"Seq Scan","Parallel Aware":false,"Async Capable":false,"Relation Name":"request"' not in text
    assert index in text or (index == "request_status" and "request_due" in text)
    assert "request_then" in text


def test_what_was_collected_touches_no_request(story: Story) -> None:
    story.told(collected("alice", "2026-01-01T00:00:00Z", "pd:Name"))
    assert listed(story) == []
