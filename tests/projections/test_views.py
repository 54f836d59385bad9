from __future__ import annotations

from typing import TYPE_CHECKING

from projections import views
from tests.projections.given import AGENT, SERVICE, queried, subject, used, viewed

if TYPE_CHECKING:
    from projections.views import View
    from tests.projections.conftest import Story

ALICE = subject("alice")


def looks(story: Story, as_of: int | None = None, **more: object) -> list[View]:
    return views.of_subject(story.reader, ALICE, as_of or story.log.size, **more).rows  # type: ignore[arg-type]


def test_each_look_of_a_person_is_listed_by_role_purpose_and_ticket(
    story: Story,
) -> None:
    story.told(
        viewed("alice", "2026-01-02T09:00:00-05:00", "pd:Name"),
        viewed("alice", "2026-01-02T09:05:00-05:00", "pd:Name", ticket=None),
    )
    newer, older = looks(story)
    assert (older.actor_kind, older.actor, older.actor_role) == (
        "human",
        "00112233445566ff",
        "whosaw:SupportAgent",
    )
    assert (older.purposes, older.categories, older.tickets) == (
        ["dpv:CustomerCare"],
        ["pd:Name"],
        ["TKT-1"],
    )
    assert (older.looks, older.first, older.last) == (
        1,
        "2026-01-02T09:00:00-05:00",
        "2026-01-02T09:00:00-05:00",
    )
    assert newer.tickets == []


def test_a_services_looks_are_one_series_for_each_day_and_purpose(story: Story) -> None:
    story.told(
        used("alice", "2026-01-02T09:00:00-05:00", "pd:Name"),
        used("alice", "2026-01-02T23:00:00-05:00", "pd:Name"),
        used("alice", "2026-01-03T00:30:00-05:00", "pd:Name"),
        used(
            "alice",
            "2026-01-02T09:00:00-05:00",
            "pd:Name",
            purposes=["dpv:DirectMarketing"],
        ),
    )
    assert [(each.looks, each.purposes[0], each.first[:10]) for each in looks(story)] == [
        (1, "dpv:DirectMarketing", "2026-01-02"),
        (1, "dpv:PaymentManagement", "2026-01-03"),
        (2, "dpv:PaymentManagement", "2026-01-02"),
    ]
    assert [each.looks for each in looks(story, by_day=False)] == [1, 3]


def test_a_fact_that_counts_reads_stands_for_as_many(story: Story) -> None:
    story.told(
        viewed(
            "alice",
            "2026-01-02T09:00:00Z",
            "pd:Name",
            actor=SERVICE,
            times=40,
            ticket=None,
        ),
        viewed(
            "alice",
            "2026-01-02T21:00:00Z",
            "pd:Name",
            actor=SERVICE,
            times=2,
            ticket=None,
        ),
    )
    (one,) = looks(story)
    assert (one.facts, one.looks, one.actor) == (2, 42, "billing-engine")


def test_an_officers_query_is_a_look_and_a_refused_one_is_not(story: Story) -> None:
    story.told(
        queried("alice", "2026-01-02T09:00:00Z"),
        queried("alice", "2026-01-02T09:00:00Z", outcome="refused"),
    )
    (one,) = looks(story)
    assert (one.act, one.actor_role, one.purposes) == (
        "ledger.queried",
        "whosaw:ComplianceOfficer",
        ["dpv:RightsFulfilment"],
    )


def test_each_person_on_a_list_screen_was_seen(story: Story) -> None:
    story.told(
        viewed(
            ("alice", "bob"),
            "2026-01-02T09:00:00Z",
            "pd:Name",
            view="list",
            result_count=2,
        )
    )
    assert len(looks(story)) == 1
    assert len(views.of_subject(story.reader, subject("bob"), 1).rows) == 1


def test_what_is_recorded_later_is_not_counted(story: Story) -> None:
    story.told(*(used("alice", "2026-01-02T09:00:00Z", "pd:Name") for _ in range(4)))
    assert [looks(story, as_of)[0].looks for as_of in (1, 2, 4)] == [1, 2, 4]


def test_pages_of_views_join_to_the_whole(story: Story) -> None:
    story.told(
        *(
            viewed(
                "alice",
                f"2026-01-{number + 1:02}T09:00:00Z",
                "pd:Name",
                actor=SERVICE if number % 2 else AGENT,
            )
            for number in range(9)
        )
    )
    whole = looks(story)
    pages: list[View] = []
    after = None
    while True:
        rows, after, _ = views.of_subject(story.reader, ALICE, 9, after=after, limit=2)
        pages += rows
        if after is None:
            break
    assert pages == whole


def test_more_looks_than_a_number_holds_are_as_many_as_it_holds(story: Story) -> None:
    most = viewed("alice", "2026-01-02T09:00:00Z", "pd:Name", actor=SERVICE, times=2**53 - 1, ticket=None)
    story.told(*([most] * 1_025))
    (one,) = looks(story)
    assert one.looks == 2**63 - 1
