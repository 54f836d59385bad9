"""Obligations over all people: what the pure model says, however entries were delivered; and what outlives a person."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projections import PROJECTIONS, duties, obligations
from projections.corrections import CORRECTIONS
from projections.duties import DUTIES
from projections.histories import histories
from projections.history import moment
from projections.obligations import OBLIGATIONS, Filter
from projections.obliging import owed
from projections.person import alone
from projections.plain import plain
from projections.rebuild import digest, rebuild
from tests.projections import rights
from tests.projections.given import COLLECTOR, Happened, disclosed, subject
from tests.projections.histories import PEOPLE, fact, some, times, whom

if TYPE_CHECKING:
    from tests.projections.conftest import Story

CALM = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
NAME, MAIL = "pd:Name", "pd:EmailAddress"
NOW = datetime(2026, 12, 2, 17, tzinfo=UTC)
EVERYTHING = Filter()
targets = st.integers(1, 10)


@st.composite
def step(draw: st.DrawFn) -> Happened:  # noqa: PLR0911 - one for each kind of step
    """One step that brings an obligation about, or ends one."""
    who, time, categories = draw(whom), draw(times), draw(some)
    first = who if isinstance(who, str) else who[0]
    recipient = draw(st.sampled_from([rights.BANK, COLLECTOR]))
    match draw(st.integers(0, 9)):
        case 0 | 1:
            basis = draw(st.sampled_from(["ca-pipeda:7-3-e", "dpv:Consent"]))
            return disclosed(who, time, *categories, recipient=recipient, basis=basis)
        case 2:
            return rights.rectified(who, time, *categories, request=draw(st.sampled_from([None, "REQ-1"])))
        case 3:
            holder = draw(st.sampled_from([None, COLLECTOR["id"]]))
            state = draw(st.sampled_from(["requested", "done", "verified"]))
            return rights.erased(who, time, *categories, state=state, **({"holder": holder} if holder else {}))
        case 4:
            return rights.challenged(first, time, *categories)
        case 5:
            return rights.due(who, time, *categories, trigger=draw(targets), recipient_id=recipient["id"])
        case 6:
            outcome = draw(st.sampled_from(["acknowledged", "bounced", "impossible"]))
            return rights.replied_to(first, time, outcome, recipient=recipient["id"])
        case 7:
            about = {"source": "/services/test", "id": f"ev-{draw(targets)}"}
            return rights.happened("subject.informed", who, time, about=about, channel="whosaw:Mail")
        case 8:
            void = {"source": "/services/test", "id": f"ev-{draw(targets)}"}
            return rights.happened("event.voided", first, time, reason="whosaw:Duplicate", target=void)
        case _:
            return rights.asked(who, time, draw(st.sampled_from(["REQ-1", "REQ-2"])))


steps = st.lists(st.one_of(step(), step(), fact()), min_size=1, max_size=20)


def listed(
    story: Story, wanted: Filter = EVERYTHING, *, limit: int = 500, beside: Any = (), now: datetime = NOW
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after = obligations.BEGIN
    while True:
        page, more = obligations.found(story.reader, [0], now, wanted, beside, after=after, limit=limit)
        rows += page
        if more is None:
            return rows
        after = more


def modelled(story: Story, now: datetime = NOW) -> list[dict[str, Any]]:
    """Return what the pure model says of everybody."""
    people = histories(story.reader, 0, [subject(who).id for who in PEOPLE], story.log.size, OBLIGATIONS.types)
    found = [each for person in people for each in owed(person, now)]
    found.sort(key=lambda each: (str(each.deadline.place or obligations.NO_DAY), each.id, each.subject or ""))
    return [plain(each) for each in found]


@CALM
@given(history=steps, batch=st.integers(1, 5), limit=st.integers(1, 4))
def test_live_rebuilt_and_any_batch_give_what_the_pure_model_says(
    story: Story, history: list[Happened], batch: int, limit: int
) -> None:
    story.begin_again()
    story.log.happened(*history)
    story.fold((OBLIGATIONS, DUTIES))
    whole = [digest(story.follower, each) for each in (OBLIGATIONS, DUTIES)]
    assert listed(story, limit=limit) == modelled(story)
    story.forget_rows()
    story.fold((OBLIGATIONS, DUTIES), batch=batch)
    assert [digest(story.follower, each) for each in (OBLIGATIONS, DUTIES)] == whole
    for each in (OBLIGATIONS, DUTIES):
        assert rebuild(story.dsn, each, batch=2).same


@CALM
@given(history=steps, at=times, limit=st.integers(1, 4))
def test_how_everything_stood_at_a_moment_is_what_the_pure_model_says(
    story: Story, history: list[Happened], at: str, limit: int
) -> None:
    story.begin_again()
    story.log.happened(*history)
    story.fold((OBLIGATIONS,))
    now = moment(at)
    assert listed(story, limit=limit, now=now) == modelled(story, now)


@CALM
@given(history=steps, data=st.data())
def test_about_one_person_any_position_is_that_of_a_ledger_which_ends_there(
    story: Story, history: list[Happened], data: st.DataObject
) -> None:
    position = data.draw(st.integers(1, len(history)), "as of")
    story.begin_again()
    story.log.happened(*history[:position])
    then = obligations.of_person(story.reader, alone(subject("alice"), position))
    story.log.happened(*history[position:])
    assert obligations.of_person(story.reader, alone(subject("alice"), position)) == then


@pytest.mark.parametrize(
    ("more", "kinds"),
    [
        ({"basis": "ca-pipeda:7-3-d.4"}, ["inform_person"]),
        ({"basis": "dpv:VitalInterest", "duty_to_inform": True}, ["inform_person"]),
        ({"basis": "ca-pipeda:7-3-c"}, []),
    ],
)
def test_a_disclosure_alone_is_read_by_its_marks(story: Story, more: dict[str, Any], kinds: list[str]) -> None:
    story.told(disclosed("alice", "2026-11-02T09:00:00-05:00", NAME, **more))
    assert [each["kind"] for each in listed(story)] == [each["kind"] for each in modelled(story)] == kinds


@CALM
@given(history=steps)
def test_each_obligation_has_a_name_of_its_own(story: Story, history: list[Happened]) -> None:
    story.begin_again()
    story.told(*history)
    names = [each["id"] for each in listed(story)]
    assert len(names) == len(set(names))
    assert all(len(name) == 16 for name in names)


@pytest.fixture
def told(story: Story) -> Story:
    """Alice was corrected: the bank was told and is silent, the collector was not told. Bob asked for access."""
    story.told(
        disclosed("alice", "2026-01-05T10:00:00Z", NAME, recipient=rights.BANK),
        disclosed("alice", "2026-01-05T10:00:00Z", NAME, MAIL),
        rights.rectified("alice", "2026-03-02T10:00:00Z", NAME),
        rights.due("alice", "2026-03-03T10:00:00Z", NAME, trigger=3, due="2026-03-17"),
        rights.told("alice", "2026-03-04T10:00:00Z"),
        rights.asked("bob", "2026-11-02T09:00:00-05:00"),
    )
    return story


def test_what_is_asked_for_narrows_the_answer(told: Story) -> None:
    def found(**wanted: Any) -> list[tuple[Any, ...]]:
        return [(each["kind"], each["state"], each["recipient"]) for each in listed(told, Filter(**wanted))]

    bank, request, collector = (
        ("tell_recipient", "sent", "national-bank"), ("answer_request", "open", None),
        ("tell_recipient", "open", "collections-north"),
    )  # fmt: skip
    # What is due without delay is queued by the day that it began with.
    assert found() == [collector, bank, request]
    assert found(state="unfinished") == [collector, bank, request]
    assert found(state="open") == [collector, request]
    assert found(kind="tell_recipient") == [collector, bank]
    assert found(recipient="national-bank", state="sent", kind="tell_recipient") == [bank]
    assert found(before=date(2026, 12, 2)) == [collector, bank]
    assert found(before=date(2099, 1, 1)) == [collector, bank, request]
    assert found(before=date(2026, 3, 2)) == []
    assert found(state="discharged") == []


def test_at_an_earlier_moment_what_came_later_is_not_there_and_what_was_done_later_was_not(told: Story) -> None:
    told.log.happened(
        rights.replied_to("alice", "2026-03-20T10:00:00Z", "acknowledged"),
        rights.answered("bob", "2026-11-20T09:00:00-05:00"),
    )
    told.fold((OBLIGATIONS,), after=6)

    def then(month: int, day: int) -> list[tuple[Any, ...]]:
        found = listed(told, now=datetime(2026, month, day, 12, tzinfo=UTC))
        return [(each["recipient"] or each["kind"], each["state"], each["contacted"]) for each in found]

    collector, answer = ("collections-north", "open", None), ("answer_request", "discharged", None)
    sent = ("national-bank", "sent", "2026-03-04T10:00:00Z")
    done = ("national-bank", "discharged", "2026-03-20T10:00:00Z")
    assert then(3, 1) == []
    assert then(3, 3) == [collector, ("national-bank", "open", None)]
    assert then(3, 5) == [collector, sent]
    assert then(3, 21) == [collector, done]
    assert then(11, 10) == [collector, done, ("answer_request", "open", None)]
    assert then(11, 25) == [collector, done, answer]
    assert [each["recipient"] for each in listed(told, Filter(state="sent"), now=datetime(2026, 3, 5, tzinfo=UTC))] == [
        "national-bank"
    ]


def forgotten(who: str) -> Happened:
    return rights.happened(
        "key.destroyed", "ledger", "2026-06-01T00:00:00Z", streams=[subject(who).id], receipt_id="E-1"
    )


def outliving(story: Story) -> list[tuple[Any, ...]]:
    return [
        (each.subject, each.notification, each.recipient, each.state)
        for each in duties.nameless(story.reader, {0: story.log.size}, NOW)
    ]


def test_a_notice_outlives_the_person_and_is_answered_by_its_name(told: Story) -> None:
    assert outliving(told) == []
    (before,) = [each["id"] for each in listed(told, Filter(recipient="national-bank"))]
    told.told(forgotten("alice"))
    assert [each["kind"] for each in listed(told)] == ["answer_request"]
    assert outliving(told) == [(None, "N-1", "national-bank", "sent")]
    beside = duties.nameless(told.reader, {0: told.log.size}, NOW)
    assert beside[0].id == before
    assert subject("alice").id not in orjson.dumps(plain(beside[0])).decode()
    assert before in [each["id"] for each in listed(told, Filter(state="unfinished"), beside=beside, limit=1)]
    # Her reference is gone, so that the answer comes in about somebody new.
    told.told(rights.replied_to("stranger", "2026-06-05T00:00:00Z", "completed"))
    assert outliving(told) == [(None, "N-1", "national-bank", "discharged")]
    assert rebuild(told.dsn, DUTIES).same
    assert rebuild(told.dsn, OBLIGATIONS).same


def test_what_an_emitter_says_of_the_ledger_itself_changes_no_row(told: Story) -> None:
    alice = subject("alice").id
    before = {
        each.name: digest(told.follower, each) for each in PROJECTIONS if each.name not in {"emitters", "observed"}
    }
    known = [each["id"] for each in listed(told)]
    made_up = {"source": "/services/test"}
    told.told(
        forgotten("alice")._replace(head=made_up),
        rights.happened("seal.ended", "stranger", "2026-06-01T00:00:00Z", stream=alice)._replace(head=made_up),
    )
    assert {each.name: digest(told.follower, each) for each in PROJECTIONS if each.name in before} == before
    assert [each["id"] for each in listed(told)] == known
    assert outliving(told) == []
    told.told(forgotten("alice"))
    assert [each["kind"] for each in listed(told)] == ["answer_request"]


def test_a_notice_of_who_is_to_be_forgotten_is_told_without_a_name_until_that_is_taken_back(told: Story) -> None:
    alice = UUID(hex=subject("alice").id)
    told.owner.execute(
        "INSERT INTO ledger.revoked (log_id, subject, until, receipt) VALUES (0, %s, now(), 'erasure-0')", (alice,)
    )
    assert [each["kind"] for each in listed(told)] == ["answer_request"]
    assert outliving(told) == [(None, "N-1", "national-bank", "sent")]
    told.owner.execute("DELETE FROM ledger.revoked WHERE subject = %s", (alice,))
    assert outliving(told) == []
    assert len(listed(told)) == 3


def test_a_sealed_notice_does_not_outlive_anybody_openly(story: Story) -> None:
    notice = rights.due("sealed", "2026-03-03T10:00:00Z", NAME, visibility="sealed")
    story.told(notice, forgotten("sealed"))
    assert outliving(story) == []


def test_a_sealed_disclosure_and_what_it_obliges_to_is_listed_for_nobody(story: Story) -> None:
    story.told(
        disclosed("sealed", "2026-11-02T09:00:00-05:00", NAME, basis="ca-pipeda:7-3-e", visibility="sealed"),
        rights.rectified("sealed", "2026-11-03T09:00:00-05:00", NAME),
    )
    assert listed(story) == []
    found = obligations.of_person(story.reader, alone(subject("sealed"), 2))
    assert {(each.kind, each.sealed) for each in found} == {("inform_person", True), ("tell_recipient", True)}


def test_an_incident_that_was_voided_obliges_to_nothing(story: Story) -> None:
    data: dict[str, Any] = {
        "incident_id": "I-1", "categories": [NAME], "circumstances": ["whosaw:Loss"], "since": None, "until": None,
        "aware_at": "2026-03-06T15:30:00Z",
    }  # fmt: skip
    story.told(rights.happened("incident.detected", "nobody", "2026-03-06T15:30:00Z", **data))
    assert {each.kind for each in duties.incidents(story.reader, {0: story.log.size}, NOW)} == {
        "assess_incident",
        "keep_record",
    }
    target = {"source": "/services/test", "id": "ev-1"}
    story.log.happened(
        rights.happened("event.voided", "nobody", "2026-03-07T15:30:00Z", reason="whosaw:Mistake", target=target)
    )
    story.fold((DUTIES, CORRECTIONS), after=1)
    assert duties.incidents(story.reader, {0: story.log.size}, NOW) == []


MANY = """
    INSERT INTO projections.obligation
    SELECT o.log_id, md5(n::text)::uuid, 'n' || n,
           CASE WHEN n % 3 = 0 THEN timestamptz '2020-01-01' + n * interval '1 hour' ELSE o.since END,
           CASE WHEN n % 3 = 0 THEN timestamptz '2020-01-02' + n * interval '1 hour' ELSE 'infinity' END,
           CASE WHEN n % 10 = 0 THEN 'inform_person' ELSE o.kind END,
           CASE WHEN n % 50 = 0 THEN 'open' ELSE 'discharged' END, n % 50 = 0, date '2020-01-01' + n % 2000,
           'rec-' || n % 40, false, o.content
    FROM generate_series(1, 20000) AS n JOIN projections.obligation AS o
      ON o.recipient = 'national-bank' AND o.until = 'infinity'
"""


@pytest.mark.parametrize(
    "wanted",
    [["unfinished"], ["state"], ["kind", "unfinished"], ["recipient"], []],
)
def test_what_is_owed_is_found_by_an_index_however_much_there_was(told: Story, wanted: list[str]) -> None:
    told.owner.execute(MANY)
    told.owner.execute("ANALYZE projections.obligation")
    parameters = {
        "log_id": 0, "now": datetime(2021, 1, 1, tzinfo=UTC), "kind": "inform_person",
        "state": "open", "recipient": "rec-7", "before": date(2021, 1, 1),
        "due": "2020-12-01", "id": "", "subject": "0" * 32, "limit": 101,
    }  # fmt: skip
    narrowed = " AND ".join(obligations.FILTERS[name] for name in wanted) or obligations.EVERY
    statement = obligations.FOUND.replace("{wanted}", narrowed)
    plan = told.reader.execute("EXPLAIN (FORMAT JSON) " + statement, parameters).fetchone()
    assert plan is not None
    text = orjson.dumps(plan[0]).decode()
    assert "Index Cond" in text
    assert "obligation_then" in text
    assert '"Node Type":"Seq Scan"' not in text.partition('"Relation Name":"obligation"')[0].rpartition("{")[2]


MANY_DUTIES = """
    INSERT INTO projections.duty
    SELECT 0, n, md5(n::text)::uuid, 'recipient.notification_due', 'n' || n, false, NULL
    FROM generate_series(100, 20000) AS n
"""


@pytest.mark.parametrize("statement", [duties.NAMELESS, duties.NAMED, duties.DETECTED, duties.CORRECTING])
def test_what_no_row_has_is_found_by_an_index(told: Story, statement: str) -> None:
    told.owner.execute(MANY_DUTIES)
    told.owner.execute("ANALYZE projections.duty")
    wanted = {
        "log_id": 0, "as_of": 20_000, "names": ["n7"], "types": ["recipient.notification_due"], "sources": ["/s"],
        "ids": ["1"],
    }  # fmt: skip
    plan = told.reader.execute("EXPLAIN (FORMAT JSON) " + statement, wanted).fetchone()
    assert plan is not None
    nodes = orjson.dumps(plan[0]).decode().split('{"Node Type":')
    assert not [node for node in nodes if node.startswith('"Seq Scan"') and '"Relation Name":"duty"' in node]
