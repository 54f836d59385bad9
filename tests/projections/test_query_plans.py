"""Each question finds its rows by an index, however many there are. Plans are tested, not times."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import product
from typing import TYPE_CHECKING, Any, LiteralString
from uuid import UUID

import pytest

from projections import (
    FINDINGS,
    PROJECTIONS,
    cases,
    consenting,
    consents,
    demands,
    disclosures,
    earlier,
    emitters,
    exposure,
    findings,
    happened,
    holdings,
    impact,
    incident_register,
    name_conflicts,
    observed,
    outdated,
    policies,
    progress,
    queries,
    recipients,
    reconciliation,
    retention,
    timeline,
    together,
    unattributed,
    views,
)
from projections.across import BEGINNING
from tests.projections.given import (
    assented,
    collected,
    consented,
    disclosed,
    subject,
    used,
    viewed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.projections.conftest import Story

# 20,000 entries about 2,000 people: each of the seven that were recorded by hand, over and over.
MULTIPLY = """
    INSERT INTO ledger.entry (log_id, position, stream, sequence, repeat_key, content, type, bytes)
    SELECT e.log_id, n, md5((n %% 2000)::text)::uuid, n, md5('r' || n)::uuid, md5('c' || n)::uuid, e.type, e.bytes
    FROM generate_series(8, 20000) AS n JOIN ledger.entry AS e ON e.position = 1 + n %% 7
"""
MEMBERS = """
    INSERT INTO ledger.member (log_id, position, subject, ordinal, role, salt)
    SELECT e.log_id, e.position, md5(n::text)::uuid, n + 2, 'dpv:Customer', '\\x00000000000000000000000000000000'::bytea
    FROM ledger.entry AS e, generate_series(1, 40) AS n WHERE e.position %% 100 = 0
"""
CASE = """
    INSERT INTO projections.case_entry
    SELECT 0, md5(n::text)::uuid, n, 'case-' || n % 900, false FROM generate_series(1, 20000) AS n
"""
HOURS = """
    INSERT INTO projections.emitter_hour
    SELECT 0, '/services/' || n % 40, '2026-01-01T00:00:00Z'::timestamptz + n / 40 * interval '1 hour', n
    FROM generate_series(1, 20000) AS n
"""
NUMBERS = """
    INSERT INTO projections.emitter_numbers
    SELECT 0, '/services/' || n % 40, n / 40, 0, ~(B'0'::bit(1024)), n FROM generate_series(1, 20000) AS n
"""
RETURNED = """
    INSERT INTO projections.returned
    SELECT 0, md5((n % 2000)::text)::uuid, n, '2026-01-01T00:00:00Z', 'collections-north', '{pd:Name}', 'done', 'erase',
           NULL, '/services/x', 'id-' || n, CASE WHEN n % 10 = 0 THEN 3 END
    FROM generate_series(1, 20000) AS n
"""
CHANGES = """
    INSERT INTO projections.identity_change
    SELECT 0, md5(n::text)::uuid, n, '2026-01-01T00:00:00Z',
           CASE WHEN n % 20 = 0 THEN 'subject.split' ELSE 'subject.merged' END, '/services/x', 'id-' || n / 2,
           md5(n::text)::uuid, 2
    FROM generate_series(1, 20000) AS n
"""
OPENED = """
    INSERT INTO ledger.opened SELECT 0, md5('o' || n)::uuid, md5(n::text)::uuid, n FROM generate_series(1, 20000) AS n
"""
TAKEN = """
    INSERT INTO ledger.taken_name
    SELECT 0, n, md5((n % 2000)::text)::uuid, md5((n % 1999)::text)::uuid, 0, md5(n::text)::uuid
    FROM generate_series(1, 20000) AS n
"""
RETENTION = """
    INSERT INTO projections.retention
    SELECT 0, md5('r' || n)::uuid, 0, 'pd:Name', 'crm', '{}', '2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z',
           CASE n % 40 WHEN 0 THEN 'deletion_requested' WHEN 1 THEN 'deleted' WHEN 2 THEN 'verified' ELSE 'held' END,
           CASE WHEN n % 40 <> 3 THEN 'whosaw:Year' END, 'collected', '2024-01-01',
           CASE WHEN n % 40 <> 3 THEN date '2020-01-01' + n % 4000 END, 'erase', '[]', '[]', '[]', '{1}', false,
           '-infinity', 'infinity'
    FROM generate_series(1, 20000) AS n
"""
OUTDATED = """
    INSERT INTO projections.outdated
    SELECT 0, md5(n::text)::uuid, n, n + 1, 0, 'account-' || n, 'en', 1 + n % 19000,
           '2020-01-01T00:00:00Z'::timestamptz + n * interval '1 hour', 'whosaw:ArrivedLate', 'data.used',
           md5(n::text)::uuid, '2020-01-01T00:00:00Z', '2020-01-01T00:00:00Z', '2020-01-01T00:00:00Z'
    FROM generate_series(1, 20000) AS n
"""
DEMAND = """
    INSERT INTO projections.demand_change
    SELECT 0, n, '2020-01-01T00:00:00Z'::timestamptz + n * interval '3 hours',
           CASE n % 2 WHEN 0 THEN 'authority.demand_received' ELSE 'authority.demand_decided' END, 'D-' || n / 2,
           'whosaw:Warrant', NULL, 'complied', 1, '/services/x', 'id-' || n, n % 30 = 0
    FROM generate_series(1, 20000) AS n
"""
INCIDENT = """
    INSERT INTO projections.incident_change
    SELECT 0, n * 90, '2026-01-01T00:00:00Z', '/services/x', 'id-' || n, n % 10 = 0
    FROM generate_series(1, 200) AS n
"""
CORRECTIONS = """
    INSERT INTO projections.correction
    SELECT 0, md5(n::text)::uuid, n, '2026-01-01T00:00:00Z', 'event.voided', '/services/x', 'other-' || n,
           'whosaw:Mistake', false, '{}', false, false, CASE WHEN n % 50 = 0 THEN 3 END
    FROM generate_series(1, 20000) AS n
"""
DECLARED = """
    INSERT INTO projections.declared
    SELECT 0, n * 90, '2026-01-01T00:00:00Z', 'system.registered', '/services/x', 'id-' || n, '{}'
    FROM generate_series(1, 200) AS n
"""
CONSENTS = """
    INSERT INTO projections.consent_given
    SELECT log_id, subject, 'purpose-' || position % 900, effective, position FROM projections.consent_change
"""
SIZE = "UPDATE ledger.log SET size = 20000"
ALICE = subject("alice")
WANTED: dict[str, Any] = {
    "log_id": 0, "subject": ALICE.id, "as_of": 20_000, "before": 20_001, "after": None, "limit": 101, "recipient": None,
    "since": None, "until": None, "types": None, "by_day": True, "valid_at": None, "cleared": [], "everything": False,
    "kinds": None, "actors": None, "time": None, "position": 0, "ordinal": -1, "category": None, "purpose": None,
}  # fmt: skip
WINDOW = {
    "recipient": "collections-north",
    "since": datetime(2026, 1, 1, tzinfo=UTC),
    "until": datetime(2027, 1, 1, tzinfo=UTC),
}
NARROWED: tuple[tuple[dict[str, Any], str], ...] = (
    ({}, "finding_time"),
    ({"rules": ("whosaw:RulePurpose",)}, "finding_rule"),
    ({"rules": ("whosaw:RulePurpose", "whosaw:RuleWithdrawal", "whosaw:RuleCollection")}, "finding_rule"),
    ({"outcome": "violation"}, "finding_outcome"),
    ({"recipient": "collections-north"}, "finding_recipient"),
)
ON_FINDINGS = {"finding_time", "finding_rule", "finding_outcome", "finding_recipient", "finding_pkey"}
ON_RETENTION = {
    "retention_due", "retention_unproven", "retention_asked", "retention_unverified", "retention_verified",
    "retention_endless", "retention_pkey",
}  # fmt: skip
BIG = {
    "entry",
    "member",
    "holding_change",
    "disclosure",
    "look",
    "assent",
    "consent_change",
    "finding",
    "returned",
    "case_entry",
    "emitter_hour",
    "emitter_numbers",
    "identity_change",
    "taken_name",
    "retention",
    "outdated",
    "demand_change",
    "consent_given",
}


@pytest.fixture
def many(story: Story) -> Story:
    story.log.happened(
        collected("alice", "2026-01-02T09:00:00Z", "pd:Name"),
        disclosed("alice", "2026-01-03T09:00:00Z", "pd:Name"),
        disclosed(("alice", "bob"), "2026-01-03T09:00:00Z", "pd:Name"),
        used(("alice", "bob"), "2026-01-04T09:00:00Z", "pd:Name"),
        viewed("alice", "2026-01-05T09:00:00Z", "pd:Name"),
        consented(("alice", "bob"), "2026-01-06T09:00:00Z", "given"),
        assented("alice", "2026-01-06T09:00:00Z", "2009"),
    )
    for statement in (MULTIPLY, MEMBERS, SIZE):
        story.owner.execute(statement.replace("%%", "%"))
    story.log.size = 20_000
    story.fold(tuple(each for each in PROJECTIONS if each != FINDINGS), batch=20_000)
    story.owner.execute("ANALYZE")
    return story


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def used_by(story: Story, statement: LiteralString, parameters: dict[str, Any]) -> set[str]:
    """Return which indexes a question uses."""
    row = story.reader.execute("EXPLAIN (FORMAT JSON) " + statement, parameters).fetchone()
    assert row is not None
    return {node["Index Name"] for node in nodes(row[0][0]["Plan"]) if "Index Name" in node}


def scanned(story: Story, statement: LiteralString, parameters: dict[str, Any]) -> set[str]:
    """Return which big tables a question reads from end to end."""
    row = story.reader.execute("EXPLAIN (FORMAT JSON) " + statement, parameters).fetchone()
    assert row is not None
    return {
        node["Relation Name"]
        for node in nodes(row[0][0]["Plan"])
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in BIG
    }


def test_each_question_about_a_person_reads_only_her_rows(many: Story) -> None:
    for question in (holdings, disclosures, views, policies, timeline):
        assert scanned(many, question.OF_SUBJECT, WANTED) == set(), question.__name__
    assert scanned(many, disclosures.OF_SUBJECT, WANTED | {"kinds": list(disclosures.AUTHORITIES)}) == set()
    assert scanned(many, views.OF_SUBJECT, WANTED | {"actors": ["human"]}) == set()


def test_consents_read_only_rows_of_the_streams_that_are_hers(many: Story) -> None:
    parts = {"logs": [0, 0], "streams": [ALICE.id, subject("bob").id], "positions": [20_000, 20_000]}
    assert scanned(many, consents.OF_PARTS, parts) == set()


def test_a_recipients_people_are_found_by_recipient_and_time(many: Story) -> None:
    wanted = WANTED | WINDOW | {"time": WINDOW["since"]}
    for statement in (recipients.DISCLOSED_TO, recipients.TOTALS, recipients.KNOWN):
        narrow = wanted | {"until": datetime(2026, 1, 2, tzinfo=UTC)}
        assert scanned(many, statement, narrow) == set()


def test_findings_are_found_by_what_they_are_narrowed_by_and_time(many: Story) -> None:
    many.fold((FINDINGS,), batch=20_000)
    many.owner.execute("ANALYZE")
    window: dict[str, Any] = {"since": datetime(2026, 1, 4, tzinfo=UTC), "until": WINDOW["until"]}
    for narrowed, index in NARROWED:
        parts = findings.Wanted(**window, now=WINDOW["until"], **narrowed).apart()
        for wanted, sealed in product(parts, (False, True)):
            asked = findings.statement(wanted, sealed=sealed)
            taken = findings.parameters(wanted, 0, None, 100, sealed=sealed)
            row = many.reader.execute("EXPLAIN (FORMAT JSON) " + asked, taken).fetchone()
            assert row is not None
            used = {name for node in nodes(row[0][0]["Plan"]) if (name := node.get("Index Name", "")) in ON_FINDINGS}
            assert used == {index}, (narrowed, sealed)
            assert scanned(many, asked, taken) == set()


def test_whose_data_a_recipient_had_is_found_by_recipient_and_time(many: Story) -> None:
    many.owner.execute(RETURNED)
    many.owner.execute("ANALYZE projections.returned")
    window = {"since": datetime(2026, 1, 1, tzinfo=UTC), "until": datetime(2026, 1, 2, tzinfo=UTC)}
    wanted = WANTED | WINDOW | window | {"time": BEGINNING}
    for statement in (exposure.PAGE, exposure.TOTALS):
        assert scanned(many, statement, wanted) == set()


def test_who_agreed_to_a_policy_is_found_by_its_name(many: Story) -> None:
    many.owner.execute("UPDATE projections.assent SET policy = 'policy-' || position % 500")
    many.owner.execute("ANALYZE projections.assent")
    wanted = WANTED | {"policy": "policy-7", "version": None, "lacking": False, "valid_at": None, "time": BEGINNING}
    for statement in (impact.AGREED, impact.TOTALS):
        assert scanned(many, statement, wanted) == set()


def test_a_case_and_an_emitter_are_found_by_name(many: Story) -> None:
    for statement in (CASE, HOURS, NUMBERS, "ANALYZE projections.case_entry, projections.emitter_hour"):
        many.owner.execute(statement)
    many.owner.execute("ANALYZE projections.emitter_numbers")
    wanted = WANTED | {"correlation": "case-7", "after": 0, "streams": None, "logs": [0], "source": "/services/7"}
    wanted |= {"wholes": [20_000], "positions": [20_000], "again": []}
    for statement in (cases.OF_CASE, cases.WITHHELD):
        assert scanned(many, statement, wanted) == set()
    for statement in (emitters.RESTS, emitters.NUMBERS):
        assert scanned(many, statement, wanted | {"since": datetime(2026, 1, 10, tzinfo=UTC)}) == set()


def test_splits_names_and_what_was_recorded_meanwhile_are_found_by_an_index(many: Story) -> None:
    for statement in (CHANGES, "ANALYZE projections.identity_change", TAKEN, "ANALYZE ledger.taken_name"):
        many.owner.execute(statement)
    wanted = WANTED | {"start": 10_000, "limit": 50}
    assert scanned(many, unattributed.SPLITS, wanted) == set()
    split = {
        "position": 19_000, "merge": 9_000, "merged": ALICE.id, "several": True, "joined": True, "after": 0,
        "other": ALICE.id, "types": [], "own": "/whosaw/",
    }  # fmt: skip
    assert scanned(many, unattributed.FACTS, WANTED | split) == set()
    assert scanned(many, name_conflicts.CONFLICTS, wanted | {"after": 10_000}) == set()


def test_who_looked_at_many_is_found_by_when_people_at_work_looked(many: Story) -> None:
    wanted = {"logs": [0], "zone": "America/Toronto", "since": datetime(2026, 11, 1, tzinfo=UTC), "most": 100}
    assert scanned(many, together.MANY, wanted) == set()
    busy = {"actor": "00112233445566ff", "day": datetime(2026, 11, 2, tzinfo=UTC).date()}
    assert scanned(many, together.LOOKS, wanted | busy) == set()


@pytest.mark.parametrize(
    ("which", "index"),
    [
        ("due", "retention_due"), ("unproven", "retention_unproven"), ("asked", "retention_asked"),
        ("deleted", "retention_unverified"), ("verified", "retention_verified"), ("endless", "retention_endless"),
    ],
)  # fmt: skip
def test_what_is_past_its_time_is_found_by_an_index_of_its_state(many: Story, which: str, index: str) -> None:
    many.owner.execute(RETENTION)
    many.owner.execute("ANALYZE projections.retention")
    wanted = retention.Wanted(which, date(2020, 3, 1), WINDOW["since"])
    taken = retention.parameters(0, wanted, retention.FIRST) | {"limit": 101}
    assert used_by(many, retention.STATEMENTS[which], taken) & ON_RETENTION == {index}
    assert scanned(many, retention.STATEMENTS[which], taken) == set()


@pytest.mark.parametrize("touched", [1, 5_000])
def test_rows_as_of_earlier_of_whom_nothing_touched_are_found_by_the_same_index(many: Story, touched: int) -> None:
    many.owner.execute(RETENTION)
    many.owner.execute("ANALYZE projections.retention")
    wanted = retention.Wanted("due", date(2020, 3, 1), WINDOW["since"])
    again = [UUID(int=number) for number in range(touched)]
    taken = retention.parameters(0, wanted, retention.FIRST) | {"limit": 101, "touched": again}
    untouched = earlier.over(retention.RETENTION, retention.STATEMENTS["due"], earlier.UNTOUCHED)
    assert used_by(many, untouched, taken) & ON_RETENTION == {"retention_due"}
    assert scanned(many, untouched, taken) == set()


def test_who_was_ever_one_person_with_others_is_found_by_her_memberships(many: Story) -> None:
    many.owner.execute(OPENED)
    many.owner.execute("ANALYZE ledger.opened")
    taken = {"log_id": 0, "streams": [ALICE.id]}
    assert scanned(many, earlier.JOINED, taken) == set()
    assert used_by(many, earlier.JOINED, taken) >= {"member_subject", "opened_subject", "opened_pkey"}


def test_accounts_that_would_be_different_are_found_by_when_they_were_issued(many: Story) -> None:
    many.owner.execute(OUTDATED)
    many.owner.execute("ANALYZE projections.outdated")
    since = datetime(2021, 1, 1, tzinfo=UTC)
    taken = {"log_id": 0, "since": since, "issued": since, "position": 0, "subject": UUID(int=0), "limit": 101}
    assert "outdated_issued" in used_by(many, outdated.ACROSS, taken)
    assert scanned(many, outdated.ACROSS, taken) == set()


def test_who_asked_about_her_and_what_happened_later_read_only_her_rows(many: Story) -> None:
    assert scanned(many, queries.OF_SUBJECT, WANTED | {"itself": queries.ITSELF}) == set()
    parts = {"logs": [0, 0], "streams": [ALICE.id, subject("bob").id], "positions": [20_000, 20_000]}
    assert scanned(many, happened.LATER, parts | {"valid_at": WINDOW["since"]}) == set()


def test_demands_are_found_by_time_and_what_was_decided_on_them_by_name(many: Story) -> None:
    many.owner.execute(DEMAND)
    many.owner.execute("ANALYZE projections.demand_change")
    wanted = WANTED | {"since": datetime(2021, 1, 1, tzinfo=UTC), "until": datetime(2021, 2, 1, tzinfo=UTC)}
    assert "demand_time" in used_by(many, demands.RECEIVED, wanted)
    assert "demand_name" in used_by(many, demands.DECIDED, wanted | {"demands": ["D-7", "D-8"]})
    for statement in (demands.RECEIVED, demands.DECIDED):
        assert scanned(many, statement, wanted | {"demands": ["D-7", "D-8"]}) == set()


@pytest.mark.parametrize("analyzed", [True, False])
def test_the_registers_of_incidents_and_declarations_read_their_own_rows_alone(many: Story, *, analyzed: bool) -> None:
    """What they cost grows with the incidents, not the ledger; also while it is not known yet how many there are."""
    for statement in (INCIDENT, DECLARED, CORRECTIONS, "ANALYZE projections.correction"):
        many.owner.execute(statement)
    if analyzed:
        many.owner.execute("ANALYZE projections.incident_change, projections.declared")
    for statement in (incident_register.ALL, reconciliation.DECLARED):
        assert scanned(many, statement, WANTED) == set()
        assert used_by(many, statement, WANTED) >= {"entry_pkey", "correction_target"}


def test_what_is_folded_again_is_read_by_position(many: Story) -> None:
    block = {"log_id": 0, "after": 10_000, "upto": 10_500, "types": list(observed.TYPES)}
    for statement in (emitters.AGAIN, reconciliation.AGAIN):
        assert scanned(many, statement, block) == set()


def test_whose_consents_a_change_touches_is_found_by_purpose(many: Story) -> None:
    for statement in ("DELETE FROM projections.consent_given", CONSENTS, "ANALYZE projections.consent_given"):
        many.owner.execute(statement)
    wanted = WANTED | {"purpose": "purpose-7", "now": WINDOW["until"], "time": BEGINNING, "wider": consenting.WIDER}
    for asked in (consenting.GIVEN, consenting.TOTAL):
        assert scanned(many, asked, wanted) == set()


def test_a_batch_reads_only_its_entries(many: Story) -> None:
    batch = {"log_id": 0, "after": 10_000, "upto": 10_500, "types": ["data.disclosed"]}
    row = many.follower.execute("EXPLAIN (FORMAT JSON) " + disclosures.FOLD, batch).fetchone()
    assert row is not None
    kinds = {node["Node Type"] for node in nodes(row[0][0]["Plan"]) if node.get("Relation Name") == "entry"}
    assert kinds
    assert "Seq Scan" not in kinds


def test_a_question_without_its_index_would_be_noticed(many: Story) -> None:
    """The control of the tests above."""
    many.owner.execute("DROP INDEX projections.disclosure_cohort, projections.disclosure_recipient")
    many.owner.execute("ALTER TABLE projections.disclosure DROP CONSTRAINT disclosure_pkey")
    assert scanned(many, disclosures.OF_SUBJECT, WANTED) == {"disclosure"}


def test_how_far_projections_are_is_a_look_at_a_few_rows(many: Story) -> None:
    assert progress.reached(many.reader, 0, ["holdings", "disclosures"]) == 20_000
    assert progress.reached(many.reader, 0, ["holdings", "unknown"]) == 0
