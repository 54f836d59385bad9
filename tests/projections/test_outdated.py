"""Which accounts that were issued would be different now, and by which facts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st
from psycopg.sql import SQL

from projections.outdated import OUTDATED, across
from projections.rebuild import digest, rebuild
from tests.projections.given import (
    AGENT,
    Happened,
    collected,
    disclosed,
    merged,
    passed_on,
    split,
    subject,
    viewed,
    voided,
)  # fmt: skip
from tests.projections.histories import PEOPLE, histories
from tests.projections.test_exactness import CALM

if TYPE_CHECKING:
    from tests.projections.conftest import Story

ISSUE = datetime(2026, 11, 23, 20, 4, 44, 123456, tzinfo=UTC)
EVER = datetime(1970, 1, 1, tzinfo=UTC)


def issued(who: str, covered: int, account: str = "account-1") -> Happened:
    data = {
        "actor": AGENT, "system": "whosaw", "account_id": account, "language": "en", "formats": ["json"],
        "report_digest": "sha256:" + "0" * 64, "log": "test", "position": covered, "checkpoint": covered,
        "purpose": "whosaw:AccessRequest",
    }  # fmt: skip
    return Happened("account.issued", (who,), "2026-11-23T20:04:44Z", data)


def destroyed(who: str) -> Happened:
    data = {"actor": AGENT, "streams": [subject(who).id], "receipt_id": "E-1"}
    return Happened("key.destroyed", ("ledger/key-destroyed",), "2026-12-01T00:00:00Z", data)


def listed(story: Story, **more: Any) -> list[tuple[str, list[tuple[str, int, int | None]]]]:
    found, _ = across(story.reader, [0], EVER, **more)
    return [
        (each.account, [(one.why.partition(":")[2], one.position, one.target) for one in each.because])
        for each in found
    ]


def test_what_a_recipient_reports_late_that_it_passed_on_makes_it_outdated(story: Story) -> None:
    story.told(
        disclosed("alice", "2026-01-01T00:00:00Z", "pd:Name"), issued("alice", 1),
        passed_on("alice", "2026-03-01T00:00:00Z", "pd:Name", by="collections-north"),
    )  # fmt: skip
    assert listed(story) == [("account-1", [("ArrivedLate", 3, None)])]


def test_a_fact_that_had_happened_and_came_after_the_account_makes_it_outdated(story: Story) -> None:
    story.told(collected("alice", "2026-01-01T00:00:00Z", "pd:Name"), issued("alice", 1))
    assert listed(story) == []
    story.told(disclosed("alice", "2026-03-01T00:00:00Z", "pd:Name"))
    assert listed(story) == [("account-1", [("ArrivedLate", 3, None)])]
    (row,), _ = across(story.reader, [0], EVER)
    assert (row.subject.hex, row.position, row.covered, row.issued) == (subject("alice").id, 2, 1, ISSUE)
    assert row.because[0].recorded == ISSUE.isoformat(timespec="microseconds")


def test_what_happened_after_the_time_that_it_tells_of_does_not(story: Story) -> None:
    earlier = collected("alice", "2026-01-01T00:00:00Z", "pd:Name")._replace(head={"appended": "2026-05-01T00:00:00Z"})
    # Issued in November as of a position of May: it tells of May.
    story.told(
        earlier,
        issued("alice", 1),
        disclosed("alice", "2026-05-01T00:00:00Z", "pd:Name"),
        disclosed("alice", "2026-05-01T00:00:01Z", "pd:Name"),
        disclosed("alice", "2026-12-01T00:00:00Z", "pd:Name"),
    )
    assert listed(story) == [("account-1", [("ArrivedLate", 3, None)])]


def test_what_was_voided_since_names_both_and_counts_no_more_once_that_is_voided(story: Story) -> None:
    story.told(disclosed("alice", "2026-01-01T00:00:00Z", "pd:Name"), issued("alice", 1), voided("ev-1", "alice"))
    assert listed(story) == [("account-1", [("VoidedSince", 3, 1)])]
    story.told(issued("alice", 3, "account-2"))
    story.told(voided("ev-3", "alice"))
    assert listed(story) == [("account-2", [("CountsAgain", 5, 3)])]


def test_what_came_late_and_was_voided_makes_nothing_outdated(story: Story) -> None:
    story.told(issued("alice", 1), disclosed("alice", "2026-01-01T00:00:00Z", "pd:Name"), voided("ev-2"))
    assert listed(story) == []


def test_a_merge_and_a_split_make_accounts_outdated_that_told_one_name_or_too_many(story: Story) -> None:
    story.told(disclosed("bob", "2026-01-01T00:00:00Z", "pd:Name"), issued("alice", 1))
    merge = story.told(merged(["alice", "bob"]))
    assert listed(story) == [("account-1", [("MergedSince", merge, None)])]
    story.told(issued("alice", merge, "account-2"))
    parted = story.told(split(["alice", "bob"], f"ev-{merge}"))
    assert listed(story) == [("account-2", [("PartedSince", parted, merge)])]


def test_what_is_sealed_makes_no_row(story: Story) -> None:
    story.told(collected("alice", "2026-01-01T00:00:00Z", "pd:Name"), issued("alice", 1))
    story.told(disclosed("sealed-stream", "2026-01-01T00:00:00Z", "pd:Name", visibility="sealed", seal_ref="S-1"))
    assert listed(story) == []
    assert story.owner.execute("SELECT count(*) FROM projections.outdated").fetchone() == (0,)


def test_who_is_to_be_forgotten_disappears_at_once_and_who_was_for_ever(story: Story) -> None:
    for who in ("alice", "bob"):
        at = story.log.size
        story.told(collected(who, "2026-01-01T00:00:00Z", "pd:Name"), issued(who, at + 1, f"account-{who}"))
        story.told(viewed(who, "2026-01-02T00:00:00Z", "pd:Name"))
    assert [each for each, _ in listed(story)] == ["account-alice", "account-bob"]
    story.owner.execute(SQL(REVOKE), {"subject": subject("alice").id})
    assert [each for each, _ in listed(story)] == ["account-bob"]
    story.told(destroyed("bob"))
    assert listed(story) == []
    assert story.owner.execute("SELECT count(*) FROM projections.outdated").fetchone() == (1,)


REVOKE = "INSERT INTO ledger.revoked VALUES (0, %(subject)s::uuid, now(), 'erasure-1')"


def test_pages_are_whole_and_in_order(story: Story) -> None:
    story.told(*(issued(who, 0 + 1, f"account-{number}") for number, who in enumerate(PEOPLE * 3)))
    story.told(*(disclosed(who, "2026-01-01T00:00:00Z", "pd:Name") for who in PEOPLE))
    found: list[str] = []
    after = None
    while True:
        page, after = across(story.reader, [0], EVER, after=after, limit=2)
        found += [each.account for each in page]
        if after is None:
            break
    assert found == [f"account-{number}" for number in range(9)]
    assert across(story.reader, [0], datetime(2027, 1, 1, tzinfo=UTC)) == ([], None)


@CALM
@given(history=histories, data=st.data())
def test_live_rows_are_those_that_are_built_again(story: Story, history: list[Happened], data: st.DataObject) -> None:
    story.begin_again()
    for number, fact in enumerate(history):
        if data.draw(st.booleans(), "issued"):
            story.told(issued(data.draw(st.sampled_from(PEOPLE)), max(story.log.size, 1), f"account-{number}"))
        story.told(fact)
        if data.draw(st.integers(0, 4), "voided") == 0:
            story.told(voided(f"ev-{data.draw(st.integers(1, story.log.size))}"))
    live, told = digest(story.follower, OUTDATED), listed(story)
    assert rebuild(story.dsn, OUTDATED, batch=3) == ({0: story.log.size}, True)
    assert (digest(story.follower, OUTDATED), listed(story)) == (live, told)
