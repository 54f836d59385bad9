from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from projections import holdings
from projections.holdings import Filter
from tests.projections.given import (
    answered,
    asked_to_erase,
    collected,
    erased,
    rectified,
    subject,
)

if TYPE_CHECKING:
    from projections.held import Holding
    from tests.projections.conftest import Story

ALICE = subject("alice")


def held(story: Story, as_of: int | None = None, **more: object) -> list[Holding]:
    return holdings.of_subject(story.reader, ALICE, as_of or story.log.size, **more).rows  # type: ignore[arg-type]


def test_what_was_collected_is_held_with_its_source_and_reason(story: Story) -> None:
    story.told(
        collected(
            "alice",
            "2026-01-02T09:00:00-05:00",
            "pd:Name",
            until="2028-01-02T00:00:00-05:00",
        )
    )
    (name,) = held(story)
    assert (name.category, name.system, name.origin, name.channel) == (
        "pd:Name",
        "crm",
        "subject",
        "whosaw:Web",
    )
    assert (name.purposes, name.basis, name.state) == (
        ["dpv:ServiceProvision"],
        "ca-pipeda:consent",
        "held",
    )
    assert (name.since, name.last) == (
        "2026-01-02T09:00:00-05:00",
        "2026-01-02T09:00:00-05:00",
    )
    assert (name.until, name.policy_version, name.position) == (
        "2028-01-02T00:00:00-05:00",
        "2009-05-01",
        1,
    )


def test_collecting_again_keeps_since_and_moves_last(story: Story) -> None:
    story.told(
        collected("alice", "2026-01-02T09:00:00Z", "pd:Name", "pd:EmailAddress"),
        collected("alice", "2026-03-02T09:00:00Z", "pd:Name"),
    )
    mail, name = held(story)
    assert (mail.last, name.since, name.last) == (
        "2026-01-02T09:00:00Z",
        "2026-01-02T09:00:00Z",
        "2026-03-02T09:00:00Z",
    )
    assert name.positions == [1, 2]


def test_another_purpose_or_system_is_another_holding(story: Story) -> None:
    story.told(
        collected("alice", "2026-01-02T09:00:00Z", "pd:Name"),
        collected("alice", "2026-01-02T09:00:00Z", "pd:Name", purposes=["dpv:DirectMarketing"]),
        collected("alice", "2026-01-02T09:00:00Z", "pd:Name", system="billing"),
    )
    assert len(held(story)) == 3
    assert len(held(story, wanted=Filter(system="billing"))) == 1


def test_what_was_collected_and_not_kept_is_not_held(story: Story) -> None:
    story.told(collected("alice", "2026-01-02T09:00:00Z", "pd:PaymentCard", retained=False))
    assert held(story) == []


def test_asked_deleted_and_verified_are_three_things(story: Story) -> None:
    story.told(
        collected("alice", "2026-01-02T09:00:00Z", "pd:Name"),
        asked_to_erase("alice", "2026-02-01T09:00:00Z"),
        erased(
            "alice",
            "2026-02-05T09:00:00Z",
            "pd:Name",
            request_ref="REQ-1",
            backups_until="2026-05-05",
        ),
        erased(
            "alice",
            "2026-02-09T09:00:00Z",
            "pd:Name",
            state="verified",
            request_ref="REQ-1",
        ),
    )
    states = [held(story, as_of)[0].state for as_of in (1, 2, 3, 4)]
    assert states == ["held", "deletion_requested", "deleted", "verified"]
    (name,) = held(story)
    assert [(step.state, step.time[:10]) for step in name.deletions] == [
        ("requested", "2026-02-01"),
        ("done", "2026-02-05"),
        ("verified", "2026-02-09"),
    ]
    assert name.deletions[1].backups_until == "2026-05-05"
    assert [step.system for step in name.deletions] == [None, "crm", "crm"]


def test_a_refused_request_leaves_it_held(story: Story) -> None:
    story.told(
        collected("alice", "2026-01-02T09:00:00Z", "pd:Name"),
        asked_to_erase("alice", "2026-02-01T09:00:00Z"),
        answered("alice", "2026-02-03T09:00:00Z", "dpv:RequestRejected"),
    )
    assert held(story)[0].state == "held"
    assert [step.state for step in held(story)[0].deletions] == ["requested"]


def test_what_is_collected_after_a_deletion_is_a_new_holding(story: Story) -> None:
    story.told(
        collected("alice", "2026-01-02T09:00:00Z", "pd:Name"),
        erased("alice", "2026-02-05T09:00:00Z", "pd:Name"),
        collected("alice", "2026-03-02T09:00:00Z", "pd:Name"),
        erased("alice", "2026-03-05T09:00:00Z", "pd:Name", state="verified"),
    )
    assert [(each.since[:10], each.state) for each in held(story)] == [
        ("2026-01-02", "verified"),
        ("2026-03-02", "held"),
    ]


def test_what_survives_an_erasure_is_held_with_the_reason(story: Story) -> None:
    survivor = {
        "category": "pd:Transaction",
        "reason": "whosaw:TaxLaw",
        "until": "2033-01-01",
    }
    story.told(
        collected("alice", "2026-01-02T09:00:00Z", "pd:Name", "pd:Transaction"),
        erased(
            "alice",
            "2026-02-05T09:00:00Z",
            "pd:Name",
            "pd:Transaction",
            survivors=[survivor],
        ),
    )
    name, transaction = held(story)
    assert (name.state, transaction.state) == ("deleted", "held")
    assert transaction.kept is not None
    assert (transaction.kept.reason, transaction.kept.until) == (
        "whosaw:TaxLaw",
        "2033-01-01",
    )


def test_an_erasure_touches_only_its_system_and_occasion(story: Story) -> None:
    story.told(
        collected("alice", "2026-01-02T09:00:00Z", "pd:Name"),
        collected("alice", "2026-01-02T09:00:00Z", "pd:Name", system="billing"),
        collected("alice", "2026-01-02T09:00:00Z", "pd:Name", context="whosaw:Complaint"),
        erased("alice", "2026-02-05T09:00:00Z", "pd:Name", context="whosaw:SignUp"),
    )
    assert [(each.system, each.context, each.state) for each in held(story)] == [
        ("billing", "whosaw:SignUp", "held"),
        ("crm", "whosaw:Complaint", "held"),
        ("crm", "whosaw:SignUp", "deleted"),
    ]


def test_what_a_recipient_erased_is_not_the_companys(story: Story) -> None:
    story.told(
        collected("alice", "2026-01-02T09:00:00Z", "pd:Name"),
        erased("alice", "2026-02-05T09:00:00Z", "pd:Name", holder="collections-north"),
    )
    assert held(story)[0].state == "held"


def test_a_correction_is_dated(story: Story) -> None:
    story.told(
        collected("alice", "2026-01-02T09:00:00Z", "pd:Name", "pd:EmailAddress"),
        rectified("alice", "2026-02-05T09:00:00Z", "pd:EmailAddress"),
    )
    mail, name = held(story)
    assert (mail.rectified, name.rectified) == ("2026-02-05T09:00:00Z", None)


def test_a_collection_that_is_told_late_takes_its_place_in_time(story: Story) -> None:
    story.told(
        erased("alice", "2026-02-05T09:00:00Z", "pd:Name"),
        collected("alice", "2026-03-02T09:00:00Z", "pd:Name"),
        collected("alice", "2026-01-02T09:00:00Z", "pd:Name"),
    )
    assert [(each.since[:10], each.state) for each in held(story, 2)] == [("2026-03-02", "held")]
    assert [(each.since[:10], each.state) for each in held(story, 3)] == [
        ("2026-01-02", "deleted"),
        ("2026-03-02", "held"),
    ]


def test_only_what_happened_by_then_is_seen_at_a_time(story: Story) -> None:
    story.told(
        collected("alice", "2026-01-02T09:00:00Z", "pd:Name"),
        erased("alice", "2026-02-05T09:00:00Z", "pd:Name"),
    )
    january = datetime(2026, 1, 31, tzinfo=UTC)
    assert held(story, valid_at=january)[0].state == "held"


def test_each_member_of_a_cohort_holds_what_it_collected(story: Story) -> None:
    story.told(
        collected(("alice", "bob", "carol"), "2026-01-02T09:00:00Z", "pd:CallLog"),
        erased(("bob", "alice"), "2026-02-05T09:00:00Z", "pd:CallLog"),
    )
    carol = holdings.of_subject(story.reader, subject("carol"), 2).rows
    assert (held(story)[0].state, carol[0].state) == ("deleted", "held")


def test_pages_join_to_the_whole(story: Story) -> None:
    story.told(collected("alice", "2026-01-02T09:00:00Z", *(f"pd:C{number}" for number in range(7))))
    whole = held(story)
    pages: list[Holding] = []
    after = None
    while True:
        rows, after, _ = holdings.of_subject(story.reader, ALICE, 1, after=after, limit=3)
        pages += rows
        if after is None:
            break
    assert pages == whole
