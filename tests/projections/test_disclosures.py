from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from projections import disclosures, recipients
from projections.across import place
from tests.projections.given import COLLECTOR, collected, disclosed, passed_on, subject

if TYPE_CHECKING:
    from projections.disclosures import Disclosure
    from projections.recipients import Received
    from tests.projections.conftest import Story

ALICE = subject("alice")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(2100, 1, 1, tzinfo=UTC)
COURT = COLLECTOR | {
    "id": "court-mtl",
    "name": "Example Court",
    "kind": "dpv:JudicialOrganisation",
}


def received(story: Story, as_of: int | None = None, **more: object) -> list[Disclosure]:
    return disclosures.of_subject(story.reader, ALICE, as_of or story.log.size, **more).rows  # type: ignore[arg-type]


def everybody(story: Story, recipient: str, limit: int, **more: object) -> list[Received]:
    as_of = {log.log_id: log.size for log in story.logs}
    rows: list[Received] = []
    after = None
    while True:
        page, after = recipients.disclosed_to(
            story.reader,
            recipient,
            LONG_AGO,
            FAR_AHEAD,
            as_of,
            after=after,
            limit=limit,
            **more,
        )  # type: ignore[arg-type]
        rows += page
        if after is None:
            return rows


def test_a_recipient_is_named_as_it_was_then(story: Story) -> None:
    story.told(
        disclosed("alice", "2026-01-02T09:00:00-05:00", "pd:Name"),
        disclosed(
            "alice",
            "2026-06-02T09:00:00-04:00",
            "pd:Name",
            recipient=COLLECTOR | {"name": "North & Sons", "role": "dpv:DataController"},
        ),
    )
    newer, older = received(story)
    assert (older.recipient_name, older.recipient_role) == (
        "Collections North Inc.",
        "dpv:DataProcessor",
    )
    assert (newer.recipient_name, newer.recipient_role) == (
        "North & Sons",
        "dpv:DataController",
    )
    assert (older.time, older.precision) == ("2026-01-02T09:00:00-05:00", "exact")
    assert (older.purpose, older.basis, older.mode) == (
        "dpv:CustomerClaimsManagement",
        "ca-qc-p39.1:18-9",
        "transmitted",
    )
    assert len(older.leaf) == 32


def test_an_instrument_and_an_imprecise_time_are_told(story: Story) -> None:
    warrant = {
        "type": "whosaw:Warrant",
        "issuer": {"name": "Example Court"},
        "asked": ["pd:CallLog"],
    }
    story.told(
        disclosed(
            "alice", "2026-01-02T00:00:00-05:00", "pd:CallLog",
            recipient=COURT, instrument=warrant, occurred={"precision": "month"},
        )
    )  # fmt: skip
    (one,) = received(story)
    assert (one.instrument, one.precision) == (warrant, "month")


def test_another_persons_disclosures_are_not_hers(story: Story) -> None:
    story.told(
        disclosed("bob", "2026-01-02T09:00:00Z", "pd:Name"),
        collected("alice", "2026-01-02T09:00:00Z", "pd:Name"),
    )
    assert received(story) == []


def test_each_member_of_a_campaign_sees_it_and_nobody_else(story: Story) -> None:
    story.told(
        disclosed(("bob", "alice", "carol"), "2026-01-02T09:00:00Z", "pd:EmailAddress"),
        disclosed("alice", "2026-01-03T09:00:00Z", "pd:Name"),
    )
    assert [(each.position, each.cohort) for each in received(story)] == [
        (2, None),
        (1, 3),
    ]
    assert disclosures.of_subject(story.reader, subject("dave"), 2).rows == []


def test_a_campaign_is_one_row_however_many_it_reached(story: Story) -> None:
    story.told(disclosed([f"s{number}" for number in range(3_000)], "2026-01-02T09:00:00Z", "pd:EmailAddress"))
    assert story.reader.execute("SELECT count(*) FROM projections.disclosure").fetchone() == (1,)
    assert len(disclosures.of_subject(story.reader, subject("s2999"), 1).rows) == 1


def test_a_forgotten_member_leaves_every_answer(story: Story) -> None:
    story.told(disclosed(("bob", "alice"), "2026-01-02T09:00:00Z", "pd:EmailAddress"))
    story.owner.execute("DELETE FROM ledger.member WHERE subject = %s", (ALICE.id,))
    assert received(story) == []
    assert [str(each.subject.hex) for each in everybody(story, "collections-north", 5)] == [subject("bob").id]


def test_disclosures_are_found_by_recipient_and_time(story: Story) -> None:
    story.told(
        disclosed("alice", "2026-01-02T09:00:00Z", "pd:Name"),
        disclosed("alice", "2026-02-02T09:00:00Z", "pd:Name", recipient=COURT),
    )
    assert [each.position for each in received(story, recipient="court-mtl")] == [2]
    assert [each.position for each in received(story, until=datetime(2026, 2, 1, tzinfo=UTC))] == [1]
    assert [each.position for each in received(story, since=datetime(2026, 2, 1, tzinfo=UTC))] == [2]


def test_pages_of_disclosures_join_to_the_whole(story: Story) -> None:
    story.told(
        *(
            disclosed(
                "alice" if number % 3 else ("alice", "bob"),
                f"2026-01-{number + 1:02}T09:00:00Z",
                "pd:Name",
            )
            for number in range(10)
        )
    )
    whole = received(story)
    assert [each.position for each in whole] == list(range(10, 0, -1))
    pages: list[Disclosure] = []
    after = None
    while True:
        rows, after, _ = disclosures.of_subject(story.reader, ALICE, 10, after=after, limit=3)
        pages += rows
        if after is None:
            break
    assert pages == whole


def test_a_page_stays_as_it_was_when_more_is_recorded(story: Story) -> None:
    story.told(*(disclosed("alice", f"2026-01-0{day}T09:00:00Z", "pd:Name") for day in range(1, 6)))
    first = disclosures.of_subject(story.reader, ALICE, 5, limit=2)
    story.told(disclosed("alice", "2026-01-01T08:00:00Z", "pd:Name"))
    assert disclosures.of_subject(story.reader, ALICE, 5, limit=2) == first


def test_everybody_disclosed_to_a_recipient_is_listed_over_all_logs(
    three_logs: Story,
) -> None:
    for log in three_logs.logs:
        log.happened(
            disclosed(f"single{log.log_id}", "2026-01-02T09:00:00Z", "pd:Name"),
            disclosed(
                [f"m{log.log_id}-{number}" for number in range(5)],
                "2026-01-02T09:00:00Z",
                "pd:Name",
            ),
            disclosed(f"late{log.log_id}", "2026-03-02T09:00:00Z", "pd:Name"),
            disclosed(f"other{log.log_id}", "2026-01-02T09:00:00Z", "pd:Name", recipient=COURT),
        )
        three_logs.fold(log_id=log.log_id)
    whole = everybody(three_logs, "collections-north", 1_000)
    assert len(whole) == 3 * 7
    assert [place(each) for each in whole] == sorted({place(each) for each in whole})
    for limit in (1, 2, 4, 7, 20, 21):
        assert everybody(three_logs, "collections-north", limit) == whole
    as_of = {0: 4, 1: 4, 2: 4}
    assert recipients.totals(three_logs.reader, "collections-north", LONG_AGO, FAR_AHEAD, as_of)[:3] == (9, 21, 21)
    assert recipients.totals(three_logs.reader, "collections-north", LONG_AGO, FAR_AHEAD, {0: 1})[:3] == (1, 1, 1)


def test_a_sealed_disclosure_is_listed_for_the_cleared_only(story: Story) -> None:
    story.told(
        disclosed(
            "hidden",
            "2026-01-02T09:00:00Z",
            "pd:CallLog",
            recipient=COURT,
            visibility="sealed",
        ),
        disclosed("alice", "2026-01-02T09:00:00Z", "pd:Name"),
    )
    assert everybody(story, "court-mtl", 5) == []
    assert len(everybody(story, "court-mtl", 5, cleared=None)) == 1
    assert [each.id for each in recipients.known(story.reader, {0: 2})] == ["collections-north"]
    assert [each.id for each in recipients.known(story.reader, {0: 2}, cleared=None)] == [
        "collections-north",
        "court-mtl",
    ]


def test_a_recipient_is_known_by_what_it_was_last(story: Story) -> None:
    story.told(
        disclosed("alice", "2026-01-02T09:00:00Z", "pd:Name"),
        disclosed(
            "bob",
            "2026-02-02T09:00:00Z",
            "pd:Name",
            recipient=COLLECTOR | {"name": "North & Sons"},
        ),
    )
    assert [each.name for each in recipients.known(story.reader, {0: 1})] == ["Collections North Inc."]
    assert [each.name for each in recipients.known(story.reader, {0: 2})] == ["North & Sons"]


def test_what_a_recipient_passed_on_is_hers_and_the_next_recipients(story: Story) -> None:
    story.told(
        disclosed("alice", "2026-01-02T09:00:00Z", "pd:Name", recipient=COURT, onward="allowed"),
        passed_on("alice", "2026-01-03T09:00:00Z", "pd:Name", by="court-mtl"),
        passed_on(("alice", "bob"), "2026-01-04T09:00:00Z", "pd:Age", by="court-mtl"),
    )
    assert [(each.recipient, each.through, each.categories) for each in received(story)] == [
        ("collections-north", "court-mtl", ["pd:Age"]),
        ("collections-north", "court-mtl", ["pd:Name"]),
        ("court-mtl", None, ["pd:Name"]),
    ]
    assert received(story)[0].recipient_name == COLLECTOR["name"]
    assert (received(story)[0].purpose, received(story)[0].basis, received(story)[0].cohort) == (None, None, 2)
    assert [(each.through, each.position) for each in everybody(story, "collections-north", 1)] == [
        ("court-mtl", 2), ("court-mtl", 3), ("court-mtl", 3),
    ]  # fmt: skip
    assert {each.id for each in recipients.known(story.reader, {0: 3})} == {"collections-north", "court-mtl"}
