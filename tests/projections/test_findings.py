"""What the rules find, as rows: the same however entries come, the same as a pure model, and gone with the person."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from projections import FINDINGS, counting, findings
from projections.history import KEPT_BY_NOBODY, moment, whole
from projections.judgement import TYPES, finding_id, judged
from projections.person import Part, Person, alone
from projections.rebuild import digest, rebuild
from projections.registers import REGISTERED, Registers
from tests.projections import given as made
from tests.projections.given import COLLECTOR, Happened, subject
from tests.projections.histories import PEOPLE, judged_histories
from tests.rules.given import recorded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projections.history import Fact
    from projections.judgement import Finding
    from tests.projections.conftest import Story

CALM = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
WINDOW: dict[str, Any] = {
    "since": datetime(1, 1, 2, tzinfo=UTC),
    "until": datetime(9999, 12, 30, tzinfo=UTC),
    "now": datetime(9999, 1, 1, tzinfo=UTC),
}
EVERYTHING = findings.Wanted(**WINDOW)
NOON = "2026-05-01T12:00:00Z"


def as_read(history: Sequence[Happened]) -> list[Fact]:
    """Every fact, once for each of those that it is about, as the ledger would have it read."""
    return [
        recorded(position, fact)._replace(subject=subject(who).id)
        for position, fact in enumerate(history, start=1)
        for who in fact.who
        if fact.type in {*TYPES, *REGISTERED, "subject.merged", "subject.split"}
    ]


def persons(facts: Sequence[Fact]) -> list[set[str]]:
    """Whoever is one person, by merges that no split undid."""
    groups = [{subject(who).id} for who in PEOPLE]
    for merge in (each for each in facts if each.type == "subject.merged"):
        undone = any(
            each.type == "subject.split"
            and each.position > merge.position
            and each.subject == merge.subject
            and each.data["undoes"]["id"] == merge.id
            for each in facts
        )
        if not undone:
            names = {each.subject for each in facts if each.position == merge.position}
            together = set().union(*(group for group in groups if group & names))
            groups = [together, *(group for group in groups if not group & names)]
    return groups


def model(history: Sequence[Happened]) -> list[Finding]:
    """What a reader with all the time in the world would find."""
    facts = as_read(history)
    registers = Registers(each for each in facts if each.role in KEPT_BY_NOBODY)
    hers = [each for each in facts if each.role not in KEPT_BY_NOBODY]
    found: list[Finding] = []
    for group in persons(hers):
        mine = [each for each in hers if each.subject in group]
        found += judged(whole(0, group, len(history), mine, registers.corrections), registers, lawful=False)
    for stream in {each.subject for each in registers.every}:
        found += judged(whole(0, [stream], len(history), []), registers, lawful=False)
    return sorted(found, key=lambda each: (each.time, each.position, each.rule, each.subject))


def kept(story: Story, wanted: findings.Wanted = EVERYTHING) -> list[Finding]:
    """What the table says."""
    return findings.across(story.reader, range(len(story.logs)), wanted, limit=10_000)[0]


def comparable(rows: Sequence[Finding]) -> list[Any]:
    """Rows as a set would have them."""
    return sorted(map(repr, rows))


@CALM
@given(history=judged_histories, batch=st.integers(1, 7))
@example(
    history=[
        made.merged(("alice", "bob")),
        made.viewed(("alice", "bob", "carol"), NOON, ticket=None),
        made.collected("bob", NOON),
    ],
    batch=1,
)
def test_rows_are_those_of_a_pure_model_whatever_the_batches(story: Story, history: list[Happened], batch: int) -> None:
    story.begin_again()
    story.log.happened(*history)
    story.fold((FINDINGS,), batch=batch)
    assert comparable(kept(story)) == comparable([each for each in model(history) if each.stands(EVERYTHING.now)])
    before = digest(story.follower, FINDINGS)
    story.fold((FINDINGS,))
    assert digest(story.follower, FINDINGS) == before, "delivered again"
    assert rebuild(story.dsn, FINDINGS, batch=3).same


@CALM
@given(history=judged_histories, data=st.data())
def test_a_persons_findings_at_a_position_are_those_of_a_ledger_that_ends_there(
    story: Story, history: list[Happened], data: st.DataObject
) -> None:
    position = data.draw(st.integers(1, len(history)), "as of")
    story.begin_again()
    story.log.happened(*history)
    story.fold((FINDINGS,))
    then = model(history[:position])
    for group in persons([each for each in as_read(history[:position]) if each.role not in KEPT_BY_NOBODY]):
        parts = tuple(Part(0, each, position) for each in sorted(group))
        found = findings.of_person(story.reader, Person(subject(min(group)), parts))
        hers = [each for each in then if each.subject in group]
        assert comparable([each for each in found if each.outcome != "lawful"]) == comparable(hers)


def test_pages_are_the_whole_answer_in_order_over_several_logs(three_logs: Story) -> None:
    for log in three_logs.logs:
        log.happened(*(made.viewed(who, f"2026-05-{day:02}T12:00:00Z", "pd:Name", ticket=None)
                       for day in range(1, 8) for who in ("alice", ("bob", "carol"))))  # fmt: skip
        three_logs.fold((FINDINGS,), log_id=log.log_id)
    whole_answer = kept(three_logs)
    assert len(whole_answer) == 3 * 7 * 3
    paged: list[Finding] = []
    after = None
    while True:
        rows, after = findings.across(three_logs.reader, range(3), EVERYTHING, after=after, limit=5)
        paged += rows
        if after is None:
            break
    assert paged == whole_answer
    assert paged == sorted(paged, key=lambda each: (each.time, each.log_id, each.position, each.rule, each.subject))


def test_filters_narrow_and_a_finding_that_is_not_due_yet_is_none(story: Story) -> None:
    story.told(
        made.collected("alice", "2026-01-01T00:00:00Z", "pd:Name"),
        made.asked_to_erase("alice", NOON),
        made.disclosed("alice", NOON, "pd:Name"),
        made.viewed("bob", NOON, "pd:Name", ticket=None),
    )

    def rules(**more: Any) -> set[str]:
        return {each.rule.removeprefix("whosaw:Rule") for each in kept(story, findings.Wanted(**WINDOW | more))}

    assert rules() == {"Purpose", "Recipient", "Lookup", "Deletion"}
    assert rules(now=datetime(2026, 5, 31, 11, tzinfo=UTC)) == {"Purpose", "Recipient", "Lookup"}
    assert rules(outcome="gap") == {"Purpose", "Recipient"}
    assert rules(rules=("whosaw:RuleLookup",)) == {"Lookup"}
    assert rules(recipient="collections-north") == {"Purpose", "Recipient"}
    assert rules(until=datetime(2026, 5, 1, tzinfo=UTC)) == {"Purpose"}
    assert rules(since=datetime(2026, 5, 2, tzinfo=UTC)) == set()
    assert rules(state="resolved") == set()


def test_what_is_dated_ahead_is_a_finding_from_when_it_was_recorded(story: Story) -> None:
    """Everything is recorded on 2026-11-23 at 20:04:44 UTC."""
    ahead = "2027-12-01T00:00:00Z"
    story.told(made.used("alice", ahead, "pd:Name"), made.raised("alice", ahead))
    now = WINDOW | {"now": datetime(2026, 11, 23, 20, 5, tzinfo=UTC)}
    assert [each.rule for each in kept(story, findings.Wanted(**now))] == [
        "whosaw:RuleFuture",
        "whosaw:RulePurpose",
        "xx:Theirs",
    ]
    before = WINDOW | {"now": datetime(2026, 11, 23, 20, 4, tzinfo=UTC)}
    assert kept(story, findings.Wanted(**before)) == [], "nobody knew of it yet"


def test_what_may_be_kept_until_a_day_becomes_a_finding_when_that_is_over(story: Story) -> None:
    story.told(made.collected("alice", NOON, "pd:Name", until="2027-01-31T00:00:00-05:00"))

    def rules(day: int) -> list[str]:
        now = datetime(2027, 2, day, 12, tzinfo=UTC)
        return [
            each.rule for each in kept(story, findings.Wanted(**WINDOW | {"now": now}, rules=("whosaw:RuleRetention",)))
        ]

    before = datetime(2027, 1, 31, 12, tzinfo=UTC)
    assert kept(story, findings.Wanted(**WINDOW | {"now": before}, rules=("whosaw:RuleRetention",))) == []
    assert rules(1) == ["whosaw:RuleRetention"]
    story.told(made.erased("alice", "2027-02-02T00:00:00Z", "pd:Name"))
    assert rules(3) == []


def test_a_later_rule_that_keeps_longer_ends_a_finding_though_nothing_is_recorded_then(story: Story) -> None:
    calls = {
        "actor": made.AGENT, "rule": "whosaw:KeepCalls", "categories": ["pd:CallLog"], "purposes": [],
        "trigger": "last_collected", "length": 1, "unit": "months", "action": "erase",
        "effective_from": "2020-01-01T00:00:00Z",
    }  # fmt: skip
    longer = calls | {"length": 1, "unit": "years", "effective_from": "2026-06-01T00:00:00Z"}
    story.told(
        Happened("retention.rule_set", ("ledger/retention",), "2020-01-01T00:00:00Z", calls),
        Happened("retention.rule_set", ("ledger/retention",), "2020-01-02T00:00:00Z", longer),
        made.collected("alice", "2026-01-01T12:00:00Z", "pd:CallLog"),
    )
    story.fold((FINDINGS,))
    wanted = findings.Wanted(**WINDOW, rules=("whosaw:RuleRetention",))
    for now, stands in (
        ("2026-02-01T00:00:00Z", False), ("2026-02-03T00:00:00Z", True), ("2026-05-31T23:59:59Z", True),
        ("2026-06-01T00:00:00Z", False), ("2026-12-31T00:00:00Z", False), ("2027-01-03T00:00:00Z", True),
    ):  # fmt: skip
        at = moment(now)
        found = kept(story, replace(wanted, now=at))
        assert len(found) == stands, now
        assert counting.found(story.reader, [0], replace(wanted, now=at)) == stands
        hers = findings.of_person(story.reader, alone(subject("alice"), 3))
        assert [each for each in hers if each.stands(at) and each.rule == "whosaw:RuleRetention"] == found


def test_a_waiver_excuses_by_rule_recipient_purpose_and_when_the_fact_happened(story: Story) -> None:
    fact = made.disclosed("alice", NOON, "pd:Name")
    other = made.disclosed("bob", NOON, "pd:Name", recipient=COLLECTOR | {"id": "other"})
    later = made.disclosed("alice", "2026-07-01T00:00:00Z", "pd:Name")
    waiver = made.waived("whosaw:RuleRecipient", "2026-06-01T00:00:00Z", recipients=["collections-north"])
    story.told(fact, other, later)
    story.told(waiver)
    wanted = findings.Wanted(**WINDOW, rules=("whosaw:RuleRecipient",))  # fmt: skip
    assert [(each.position, each.outcome, each.waiver) for each in kept(story, wanted)] == [
        (1, "excused", "W-1"),
        (2, "gap", None),
        (3, "gap", None),
    ]


def test_a_waiver_excuses_from_its_start_and_one_that_names_none_from_when_it_was_decided(story: Story) -> None:
    """A waiver is decided on 1 January 2026."""
    old = made.viewed("alice", "2025-12-31T00:00:00Z", "pd:Name", ticket=None)
    new = made.viewed("alice", "2026-02-01T00:00:00Z", "pd:Name", ticket=None)
    story.told(old, new, made.waived("whosaw:RuleLookup", "2026-06-01T00:00:00Z"))
    assert [each.outcome for each in kept(story)] == ["violation", "excused"]
    story.told(made.waived("whosaw:RuleLookup", "2026-01-15T00:00:00Z", starts="2025-01-01T00:00:00Z"))
    assert [each.outcome for each in kept(story)] == ["excused", "excused"]
    assert kept(story)[0].waived[3:] == ["2025-01-01T00:00:00Z", "2026-01-15T00:00:00Z"]


def test_a_finding_is_resolved_reopened_and_opens_by_itself_when_facts_change(story: Story) -> None:
    name = finding_id(0, 1, "whosaw:RuleLookup")
    states: list[str] = []

    def now(*facts: Happened) -> None:
        story.told(*facts)
        states.extend(each.state for each in kept(story) if each.finding == name)

    now(made.viewed("alice", NOON, "pd:Name", ticket=None))
    now(made.resolved(name))
    now(made.reopened(name, "alice"))
    now(made.resolved(name, "alice"))
    assert states == ["open", "resolved", "open", "resolved"]


def test_a_resolution_does_not_outlive_what_it_was_made_of(story: Story) -> None:
    name = finding_id(0, 2, "whosaw:RulePurpose")
    other = [{"id": "3.1", "subject_matter": "use", "effect": "permits", "purposes": ["dpv:IdentityVerification"]}]

    def state() -> list[str]:
        return [each.state for each in kept(story) if each.finding == name]

    story.told(made.published("2009", "2009-05-01T00:00:00Z", rules=other), made.used("alice", NOON, "pd:Name"))
    story.told(made.resolved(name))
    assert state() == ["resolved"]
    story.told(made.collected("alice", NOON, "pd:Name"))
    assert state() == ["resolved"], "something else about her"
    story.told(made.published("2026", "2026-01-01T00:00:00Z", rules=other))
    assert state() == ["open"], "another policy governed, as it turns out"


def test_what_an_emitter_raised_is_listed_beside_what_rules_found(story: Story) -> None:
    story.told(made.raised("alice", NOON), made.raised("ledger/raised", NOON, finding_id="theirs-2"))
    assert [(each.finding, each.rule, each.version, each.raised, each.nobody) for each in kept(story)] == [
        ("theirs-1", "xx:Theirs", "7", True, False),
        ("theirs-2", "xx:Theirs", "7", True, True),
    ]
    story.told(made.resolved("theirs-1", "alice"), made.resolved("theirs-2"))
    assert [each.state for each in kept(story)] == ["resolved", "resolved"]


def test_a_policy_that_contradicts_itself_is_found_about_nobody_and_no_longer_once_it_is_voided(story: Story) -> None:
    rules = [{"id": "5.1", "subject_matter": "security", "effect": "declares", "conflicts": ["5.2"]}]
    story.told(made.published("2009", "2009-05-01T00:00:00Z", rules=rules))
    (found,) = kept(story)
    assert (found.rule, found.nobody, found.codes) == ("whosaw:RuleContradiction", True, ["5.1 / 5.2"])
    story.told(made.resolved(found.finding))
    assert [each.state for each in kept(story)] == ["resolved"]
    story.told(made.voided("ev-1"))
    assert kept(story) == []


def test_who_was_forgotten_or_is_to_be_has_no_findings_and_others_keep_theirs(story: Story) -> None:
    story.told(made.viewed(("alice", "bob"), NOON, "pd:Name", ticket=None))
    assert len(kept(story)) == 2
    story.owner.execute("INSERT INTO ledger.revoked VALUES (0, %s, now(), 'receipt')", (subject("alice").id,))
    assert [each.subject for each in kept(story)] == [subject("bob").id]
    story.owner.execute("DELETE FROM ledger.revoked")
    story.owner.execute("DELETE FROM ledger.member WHERE subject = %s", (subject("alice").id,))
    story.told(made.destroyed("alice"))
    assert [each.subject for each in kept(story)] == [subject("bob").id]
    before = digest(story.follower, FINDINGS)
    assert rebuild(story.dsn, FINDINGS).same
    assert digest(story.follower, FINDINGS) == before


def test_an_order_keeps_its_findings_to_the_cleared_until_it_ends(story: Story) -> None:
    sealed = {"visibility": "sealed", "seal_ref": "S-1"}
    story.told(made.viewed("behind", NOON, "pd:Name", ticket=None, **sealed))
    assert kept(story) == []
    for seals, seen in ((["S-2"], 0), (["S-1"], 1), (None, 1)):
        wanted = findings.Wanted(**WINDOW, seals=seals)
        assert len(kept(story, wanted)) == seen
    story.told(made.Happened("seal.ended", ("alice",), NOON, {"stream": subject("behind").id}))
    (found,) = kept(story)
    assert (found.subject, found.sealed) == (subject("alice").id, False)


def test_a_waiver_is_read_by_those_whom_its_rule_found_and_by_nobody_else(story: Story) -> None:
    story.told(made.viewed("alice", NOON, "pd:Name", ticket=None), made.viewed("bob", NOON, "pd:Name"))
    with story.reader.cursor() as cursor:
        cursor.execute("SET search_path = projections")
        found = cursor.execute(findings.CONCERNED, {"log_id": 0, "keys": ["waiver whosaw:RuleLookup"]}).fetchall()
    assert [row[0] for row in found] == [UUID(subject("alice").id)]
