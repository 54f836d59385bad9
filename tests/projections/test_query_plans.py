"""Each question finds its rows by an index, however many there are. Plans are tested, not times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, LiteralString

import pytest

from projections import (
    FINDINGS,
    PROJECTIONS,
    cases,
    consents,
    disclosures,
    emitters,
    exposure,
    findings,
    holdings,
    impact,
    name_conflicts,
    policies,
    progress,
    recipients,
    timeline,
    unattributed,
    views,
)
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
    SELECT 0, '/services/' || n % 40, '2026-01-01T00:00:00Z'::timestamptz + n / 40 * interval '1 hour'
    FROM generate_series(1, 20000) AS n
"""
NUMBERS = """
    INSERT INTO projections.emitter_numbers
    SELECT 0, '/services/' || n % 40, n / 40, ~(B'0'::bit(1024)) FROM generate_series(1, 20000) AS n
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
TAKEN = """
    INSERT INTO ledger.taken_name
    SELECT 0, n, md5((n % 2000)::text)::uuid, md5((n % 1999)::text)::uuid, 0, md5(n::text)::uuid
    FROM generate_series(1, 20000) AS n
"""
SIZE = "UPDATE ledger.log SET size = 20000"
ALICE = subject("alice")
WANTED: dict[str, Any] = {
    "log_id": 0, "subject": ALICE.id, "as_of": 20_000, "before": 20_001, "after": None, "limit": 101, "recipient": None,
    "since": None, "until": None, "types": None, "by_day": True, "valid_at": None, "cleared": [], "everything": False,
    "time": None, "position": 0, "ordinal": -1, "category": None, "purpose": None,
}  # fmt: skip
WINDOW = {
    "recipient": "collections-north",
    "since": datetime(2026, 1, 1, tzinfo=UTC),
    "until": datetime(2027, 1, 1, tzinfo=UTC),
}
NARROWED: tuple[tuple[dict[str, str], str], ...] = (
    ({}, "finding_time"),
    ({"rule": "whosaw:RulePurpose"}, "finding_rule"),
    ({"outcome": "violation"}, "finding_outcome"),
    ({"recipient": "collections-north"}, "finding_recipient"),
)
ON_FINDINGS = {"finding_time", "finding_rule", "finding_outcome", "finding_recipient", "finding_pkey"}
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
        wanted = findings.Wanted(**window, now=WINDOW["until"], **narrowed)
        for sealed in (False, True):
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
    wanted = WANTED | WINDOW | window | {"time": exposure.BEGINNING}
    for statement in (exposure.PAGE, exposure.TOTALS):
        assert scanned(many, statement, wanted) == set()


def test_who_agreed_to_a_policy_is_found_by_its_name(many: Story) -> None:
    many.owner.execute("UPDATE projections.assent SET policy = 'policy-' || position % 500")
    many.owner.execute("ANALYZE projections.assent")
    wanted = WANTED | {"policy": "policy-7", "version": None, "lacking": False, "time": impact.BEGINNING}
    for statement in (impact.AGREED, impact.TOTALS):
        assert scanned(many, statement, wanted) == set()


def test_a_case_and_an_emitter_are_found_by_name(many: Story) -> None:
    for statement in (CASE, HOURS, NUMBERS, "ANALYZE projections.case_entry, projections.emitter_hour"):
        many.owner.execute(statement)
    many.owner.execute("ANALYZE projections.emitter_numbers")
    wanted = WANTED | {"correlation": "case-7", "after": 0, "streams": None, "logs": [0], "source": "/services/7"}
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
