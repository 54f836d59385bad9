"""Lists over all people as of earlier positions are what they were when these were the newest."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projections import FINDINGS, OBLIGATIONS, REQUESTS, RETENTION, counting, earlier, findings, retention
from projections import obligations as owed
from projections import requests as asked
from tests.projections import given as made
from tests.projections import rights
from tests.projections.given import subject
from tests.projections.histories import RULES, fact, judged_fact
from tests.projections.test_findings import EVERYTHING
from tests.projections.test_retention import rule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.projections.conftest import Story
    from tests.projections.given import Happened

LISTS = (FINDINGS, REQUESTS, OBLIGATIONS, RETENTION)
NOW = datetime(2027, 1, 1, tzinfo=UTC)
NOON = "2026-05-01T12:00:00Z"
MANY = 1_000
DUE = {which: retention.Wanted(which, NOW.date(), NOW) for which in retention.STATEMENTS}
CALM = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Answers(NamedTuple):
    """What all lists say."""

    findings: list[Any]
    requests: list[Any]
    obligations: list[Any]
    retention: list[Any]

    def without(self, *who: str) -> Answers:
        """Return the same without some people."""
        names = {subject(each).id for each in who}
        return Answers(*([each for each in some if _whose(each) not in names] for some in self))


def _whose(row: Any) -> str:
    name = row["subject"] if isinstance(row, dict) else row.subject
    return name if isinstance(name, str) else name.hex


def answers(story: Story, as_of: Mapping[int, int] | None = None) -> Answers:
    logs = range(len(story.logs))
    found = Answers(
        findings.across(story.reader, logs, EVERYTHING, limit=MANY, as_of=as_of)[0],
        asked.found(story.reader, logs, NOW, asked.Filter(), limit=MANY, as_of=as_of)[0],
        owed.found(story.reader, logs, NOW, owed.Filter(), limit=MANY, as_of=as_of)[0],
        [
            row
            for wanted in DUE.values()
            for log_id in logs
            for row in retention.across(story.reader, log_id, wanted, retention.FIRST, MANY, as_of)
        ],
    )
    counts = (
        counting.found(story.reader, logs, EVERYTHING, as_of),
        counting.requested(story.reader, logs, NOW, asked.Filter(), as_of),
        counting.owed(story.reader, logs, NOW, owed.Filter(), as_of),
        sum(counting.kept(story.reader, logs, wanted, as_of) for wanted in DUE.values()),
    )
    assert counts == tuple(map(len, found))
    return found


class Told:
    """A story, and what every list said after each step of it."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.live: list[tuple[dict[int, int], Answers]] = []

    def then(self, *facts: Happened, log_id: int = 0) -> Told:
        """Record facts, fold them, and note the answers."""
        before = self.story.logs[log_id].size
        self.story.logs[log_id].happened(*facts)
        self.story.fold(LISTS, log_id=log_id, after=before)
        self.live.append(({each.log_id: each.size for each in self.story.logs}, answers(self.story)))
        return self

    def same(self, *, but: Sequence[str] = ()) -> bool:
        """Compare the answers as of each step, without some people, with what was said then."""
        for as_of, live in self.live:
            assert answers(self.story, as_of) == live.without(*but), as_of
        return True


@CALM
@given(
    st.lists(st.tuples(st.integers(0, 1), st.one_of(judged_fact(), fact())), min_size=2, max_size=12),
    st.sampled_from([1, 200]),
)
def test_a_list_as_of_positions_is_what_it_was_when_they_were_the_newest(
    three_logs: Story, history: list[tuple[int, Happened]], people: int
) -> None:
    three_logs.begin_again()
    told = Told(three_logs)
    for log_id, each in history:
        told.then(each, log_id=log_id)
    with pytest.MonkeyPatch.context() as derived_at_a_time:
        derived_at_a_time.setattr(earlier, "PEOPLE", people)
        assert told.same()


@pytest.fixture
def told(story: Story) -> Told:
    """Of two people something of each list: what she asked, what went out and was erased, what is past its time."""
    return Told(story).then(
        *(
            each
            for who in ("alice", "bob", "carol")
            for each in (
                made.collected(who, "2024-01-02T09:00:00Z", "pd:Name", "pd:CallLog"),
                made.disclosed(who, "2026-01-03T09:00:00Z", "pd:Name", basis=None),
                rights.erased(who, "2026-03-02T10:00:00Z", "pd:Name"),
                rights.asked(who, "2026-04-01T09:00:00Z", request=f"REQ-{who}"),
                made.used(who, "2026-04-02T09:00:00Z", "pd:Name", purposes=["dpv:DirectMarketing"]),
            )
        )
    )


def moved(told: Told, *names: str) -> None:
    """Expect that the last step changed what the lists of these names say."""
    (_, before), (_, after) = told.live[-2:]
    assert {name for name in Answers._fields if getattr(before, name) != getattr(after, name)} >= set(names)


def test_a_merge_and_its_split(told: Told) -> None:
    told.then(made.merged(("alice", "bob")))
    merge = f"ev-{told.story.log.size}"
    told.then(rights.answered("alice", "2026-04-20T09:00:00Z", request="REQ-bob"))
    moved(told, "requests", "obligations")
    told.then(made.split(("alice", "bob"), merge))
    moved(told, "requests")
    assert told.then(made.used("bob", NOON, "pd:CallLog")).same()


def test_a_fact_that_is_voided_later_by_her_or_by_a_fact_about_nobody(told: Told) -> None:
    told.then(made.voided("ev-2", "alice"))
    moved(told, "findings", "obligations")
    told.then(made.voided("ev-7"))
    moved(told, "findings", "obligations")
    assert told.then(made.voided(f"ev-{told.story.log.size}")).same()


def test_what_is_declared_later_by_whoever_looked_it_up(told: Told) -> None:
    told.then(rule("Year", 1, "years"))
    moved(told, "retention")
    told.then(made.registered())
    told.then(made.agreement("collections-north", "2025-01-01T00:00:00Z"))
    told.then(made.published("2009", "2009-05-01T00:00:00Z", rules=list(RULES)))
    moved(told, "findings")
    told.then(made.Happened("hold.placed", ("ledger/hold",), NOON, {
        "actor": made.AGENT, "hold_id": "H-1", "reason": "whosaw:Litigation", "scope": {}, "starts": NOON,
    }))  # fmt: skip
    moved(told, "retention")
    assert told.same()


def test_a_late_waiver_and_decisions_on_a_finding(told: Told) -> None:
    found = told.live[0][1].findings[0]
    told.then(made.waived(found.rule, "2027-06-01T00:00:00Z"))
    moved(told, "findings")
    told.then(made.resolved(found.finding))
    moved(told, "findings")
    told.then(made.reopened(found.finding, "alice"))
    assert told.same()


def test_who_was_destroyed_since_is_gone_from_the_past_too(told: Told) -> None:
    told.then(made.disclosed("alice", NOON, "pd:CallLog", basis=None))
    told.then(made.disclosed("bob", NOON, "pd:CallLog", basis=None))
    told.then(made.destroyed("alice"))
    assert told.then(made.used("carol", NOON, "pd:CallLog")).same(but=["alice"])
    assert told.live[0][1] != told.live[0][1].without("alice")


def test_who_is_to_be_forgotten_is_hidden_as_now_and_her_facts_are_in_nobody_elses_rows(told: Told) -> None:
    before = told.live[0]
    told.then(made.merged(("alice", "bob")))
    told.story.owner.execute("INSERT INTO ledger.revoked VALUES (0, %s, now(), 'receipt')", (subject("alice").id,))
    told.then(made.Happened("subject.revoked", ("alice",), NOON, {"actor": made.AGENT}, {"source": "/whosaw/api"}))
    positions, _ = before
    assert answers(told.story, positions) == before[1].without("alice")
    # As if she had never been one person with the others.
    assert answers(told.story, {0: told.story.log.size - 1}) == before[1].without("alice")


def test_what_an_order_hid_is_behind_it_as_of_before_its_end(told: Told) -> None:
    sealed = {"visibility": "sealed", "seal_ref": "S-1"}
    told.then(made.disclosed("behind", NOON, "pd:CallLog", basis=None, **sealed))
    told.then(rights.asked("alice", "2026-04-02T09:00:00Z", request="REQ-2"))
    ended = made.Happened("seal.ended", ("alice",), NOON, {"stream": subject("behind").id}, {"source": "/whosaw/api"})
    told.story.owner.execute(
        "INSERT INTO ledger.opened VALUES (0, %s, %s, %s)",
        (subject("behind").id, subject("alice").id, told.story.log.size + 1),
    )
    told.then(ended)
    moved(told, "findings")
    assert told.same()
    everything = findings.Wanted(since=EVERYTHING.since, until=EVERYTHING.until, now=EVERYTHING.now, seals=None)
    positions, live = told.live[1]
    behind = findings.across(told.story.reader, [0], everything, limit=MANY, as_of=positions)[0]
    assert {each.subject for each in behind if each.sealed} == {subject("behind").id}
    assert [each for each in behind if not each.sealed] == live.findings


def test_pages_and_pieces_make_the_same_list(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    told.then(made.merged(("alice", "bob")))
    for who in ("dan", "eve", "fay"):
        told.then(rights.asked(who, "2026-04-02T09:00:00Z", request=f"REQ-{who}"))
    told.then(*(rights.answered(who, NOON, request=f"REQ-{who}") for who in ("alice", "bob", "carol", "dan")))
    monkeypatch.setattr(earlier, "PEOPLE", 1)
    assert told.same()
    positions, live = told.live[-2]
    found: list[Any] = []
    after: asked.Cursor | None = asked.BEGIN
    while after is not None:
        rows, after = asked.found(told.story.reader, [0], NOW, asked.Filter(), after=after, limit=2, as_of=positions)
        assert len(rows) <= 2
        found += rows
    assert found == live.requests


def test_only_those_are_derived_again_whom_something_touched_since(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    again: list[str] = []
    derive = RETENTION.derive

    def noting(person: Any, registers: Any) -> Any:
        again.extend(person.streams)
        return derive(person, registers)

    told.then(made.used("bob", NOON, "pd:CallLog"), made.collected("bob", NOON, "pd:Age"))
    monkeypatch.setattr(retention, "RETENTION", RETENTION._replace(derive=noting))
    assert retention.across(told.story.reader, 0, DUE["endless"], retention.FIRST, MANY, told.live[0][0])
    assert again == [subject("bob").id]


def test_there_is_something_in_every_list(told: Told) -> None:
    """The control of the tests above."""
    assert all(told.live[0][1])
