"""Q14: processor X was breached from A to B: whose data, which fields, did they still have it?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projections import counting, exposure
from projections.exposure import People
from tests.projections.given import COLLECTOR, Happened, collected, disclosed, erased, passed_on, subject
from tests.projections.rights import due, replied_to

if TYPE_CHECKING:
    from tests.projections.conftest import Story

A, B = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
X = "collections-north"
BEFORE, DURING, AFTER = "2026-02-01T09:00:00Z", "2026-03-10T09:00:00Z", "2026-05-01T09:00:00Z"
CALM = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def back(who: Any, time: str, *categories: str, **more: Any) -> Happened:
    """The recipient gave something back or destroyed it."""
    fact = erased(who, time, *categories)
    return fact._replace(data=fact.data | {"holder": X, "state": "verified"} | more)


def voided(who: Any, number: int) -> Happened:
    target = {"source": "/services/test", "id": f"ev-{number}"}
    data = {"actor": COLLECTOR, "target": target, "reason": "whosaw:NeverHappened"}
    return Happened("event.voided", (who,) if isinstance(who, str) else who, AFTER, data)


def found(story: Story, log_id: int = 0, **more: Any) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return name, certainty and categories of each row."""
    as_of = {log.log_id: log.size for log in story.logs}
    rows, further = exposure.exposed(story.reader, X, A, B, as_of, **more)
    assert further is None
    names = {subject(name).id: name for name in ("ann", "bob", "carol", "dan", "eve")}
    return [(names[row.subject.hex], row.certainty, tuple(row.categories)) for row in rows]


def test_who_was_disclosed_before_the_end_is_in_it_and_nobody_else(story: Story) -> None:
    story.told(
        disclosed("ann", BEFORE, "pd:Name", "pd:EmailAddress"),
        disclosed("bob", DURING, "pd:Name"),
        disclosed("carol", AFTER, "pd:Name"),
        disclosed("dan", BEFORE, "pd:Name", recipient=COLLECTOR | {"id": "another"}),
        collected("eve", BEFORE, "pd:Name"),
    )
    assert found(story) == [
        ("ann", "certain", ("pd:EmailAddress", "pd:Name")),
        ("bob", "certain", ("pd:Name",)),
    ]


def test_what_was_given_back_before_it_began_is_not_in_it(story: Story) -> None:
    story.told(
        disclosed(("ann", "bob", "carol", "dan"), BEFORE, "pd:Name", "pd:EmailAddress"),
        back("ann", "2026-02-10T09:00:00Z", "pd:Name", "pd:EmailAddress"),
        back(("bob", "eve"), "2026-02-10T09:00:00Z", "pd:Name"),
        back("carol", DURING, "pd:Name", "pd:EmailAddress"),
        back("dan", "2026-02-10T09:00:00Z", "pd:Name", "pd:EmailAddress", state="requested"),
    )
    both = ("pd:EmailAddress", "pd:Name")
    assert found(story) == [
        ("bob", "certain", ("pd:EmailAddress",)),
        ("carol", "certain", both),
        ("dan", "certain", both),
    ]


def test_what_the_company_or_another_recipient_erased_the_recipient_still_had(story: Story) -> None:
    story.told(
        disclosed("ann", BEFORE, "pd:Name"),
        erased("ann", "2026-02-10T09:00:00Z", "pd:Name"),
        back("ann", "2026-02-10T09:00:00Z", "pd:Name", holder="another"),
    )
    assert [row[1] for row in found(story)] == ["certain"]


def test_what_was_given_back_and_disclosed_again_was_there(story: Story) -> None:
    story.told(
        back("ann", "2026-01-10T09:00:00Z", "pd:Name"),
        disclosed("ann", BEFORE, "pd:Name"),
    )
    assert found(story) == [("ann", "certain", ("pd:Name",))]


def test_a_promise_and_a_deletion_that_can_be_undone_make_it_probable(story: Story) -> None:
    story.told(
        disclosed("ann", BEFORE, "pd:Name", recipient_until="2026-02-20T00:00:00Z"),
        disclosed("bob", BEFORE, "pd:Name", recipient_until="2026-03-20T00:00:00Z"),
        disclosed("carol", BEFORE, "pd:Name"),
        back("carol", "2026-02-10T09:00:00Z", "pd:Name", mode="delete"),
        disclosed("dan", BEFORE, "pd:Name"),
        back("dan", "2026-02-10T09:00:00Z", "pd:Name", backups_until="2026-03-10"),
    )
    assert [row[:2] for row in found(story)] == [
        ("ann", "probable"), ("bob", "certain"), ("carol", "probable"), ("dan", "probable"),
    ]  # fmt: skip


def test_who_was_passed_on_is_in_it_with_through_whom(story: Story) -> None:
    story.told(
        disclosed("ann", BEFORE, "pd:Name", "pd:Age", recipient=COLLECTOR | {"id": "another"}),
        passed_on("ann", DURING, "pd:Name", by="another"),
        passed_on(("bob", "carol"), BEFORE, "pd:Name", by="another"),
        passed_on("dan", AFTER, "pd:Name", by="another"),
        passed_on("eve", BEFORE, "pd:Name", by="another", visibility="sealed"),
    )
    assert found(story) == [
        ("bob", "certain", ("pd:Name",)), ("carol", "certain", ("pd:Name",)), ("ann", "certain", ("pd:Name",)),
    ]  # fmt: skip
    assert {row.through for row in exposure.exposed(story.reader, X, A, B, {0: 5})[0]} == {"another"}
    assert exposure.totals(story.reader, X, A, B, {0: 5}).people.people == 3


def test_its_own_word_that_it_erased_makes_it_probable(story: Story) -> None:
    def notice(who: str, change: str, name: str, holder: str = X) -> Happened:
        return due(who, "2026-02-03T09:00:00Z", "pd:Name", change=change, notification=name, recipient_id=holder)

    def reply(who: str, name: str, outcome: str = "completed", time: str = "2026-02-10T09:00:00Z") -> Happened:
        return replied_to(who, time, outcome, name, X)

    story.told(
        disclosed("ann", BEFORE, "pd:Name", "pd:Age"), notice("ann", "erased", "N-1"), reply("ann", "N-1"),
        disclosed("bob", BEFORE, "pd:Name"), notice("bob", "erased", "N-2"), reply("bob", "N-2", "acknowledged"),
        disclosed("carol", BEFORE, "pd:Name"), notice("carol", "rectified", "N-3"), reply("carol", "N-3"),
        disclosed("dan", BEFORE, "pd:Name"), notice("dan", "erased", "N-4"), reply("dan", "N-4", time=DURING),
        disclosed("eve", BEFORE, "pd:Name"), notice("eve", "erased", "N-5"), reply("eve", "N-5"),
    )  # fmt: skip
    assert found(story) == [
        ("ann", "certain", ("pd:Age", "pd:Name")), ("bob", "certain", ("pd:Name",)), ("carol", "certain", ("pd:Name",)),
        ("dan", "certain", ("pd:Name",)), ("eve", "probable", ("pd:Name",)),
    ]  # fmt: skip
    rows = exposure.exposed(story.reader, X, A, B, {0: story.log.size})[0]
    assert [row.deleted for row in rows] == [["pd:Name"], [], [], [], ["pd:Name"]]
    story.told(back("eve", "2026-02-11T09:00:00Z", "pd:Name"))
    assert len(found(story)) == 4


def test_what_was_done_and_nobody_verified_makes_it_probable(story: Story) -> None:
    both = ("pd:EmailAddress", "pd:Name")
    story.told(
        disclosed(("ann", "bob", "carol", "dan"), BEFORE, *both),
        back("ann", "2026-02-10T09:00:00Z", *both, state="done"),
        back(("bob", "eve"), "2026-02-10T09:00:00Z", "pd:Name", state="done"),
        back("carol", "2026-02-10T09:00:00Z", *both, state="done"),
        back("carol", "2026-02-20T09:00:00Z", *both),
        back("dan", "2026-02-10T09:00:00Z", "pd:EmailAddress"),
        back("dan", "2026-02-10T09:00:00Z", "pd:Name", state="done"),
    )
    assert found(story) == [("ann", "probable", both), ("bob", "certain", both), ("dan", "probable", ("pd:Name",))]
    rows = exposure.exposed(story.reader, X, A, B, {0: story.log.size})[0]
    assert [row.deleted for row in rows] == [list(both), ["pd:Name"], ["pd:Name"]]
    assert exposure.totals(story.reader, X, A, B, {0: story.log.size}).people == People(3, 1, 2, 0)
    assert exposure.totals(story.reader, X, A, B, {0: 1}).people == People(4, 4, 0, 0)
    assert counting.exposed(story.reader, X, A, B, {0: story.log.size}) == len(rows)


def test_a_time_that_is_not_known_well_and_a_look_without_a_copy_make_it_possible(story: Story) -> None:
    story.told(
        disclosed("ann", "2026-04-01T20:00:00Z", "pd:Name", occurred={"precision": "day"}),
        disclosed("bob", "2026-04-03T20:00:00Z", "pd:Name", occurred={"precision": "day"}),
        disclosed("carol", "2026-03-31T20:00:00Z", "pd:Name", occurred={"precision": "month"}),
        disclosed("dan", BEFORE, "pd:Name", mode="oral"),
        disclosed("eve", BEFORE, "pd:Name", occurred={"precision": "month"}),
    )
    assert sorted(row[:2] for row in found(story)) == [
        ("ann", "possible"), ("carol", "possible"), ("dan", "possible"), ("eve", "certain"),
    ]  # fmt: skip


def test_what_was_voided_does_not_count_and_what_was_voided_again_does(story: Story) -> None:
    story.told(
        disclosed("ann", BEFORE, "pd:Name"),
        voided("ann", 1),
        disclosed(("bob", "carol"), BEFORE, "pd:Name"),
        voided("bob", 3),
        disclosed("dan", BEFORE, "pd:Name"),
        back("dan", "2026-02-10T09:00:00Z", "pd:Name"),
        voided("dan", 6),
        disclosed("eve", BEFORE, "pd:Name"),
        voided("eve", 8),
        voided("eve", 9),
    )
    assert [row[0] for row in found(story)] == ["carol", "dan", "eve"]


def test_what_an_order_forbids_to_tell_is_not_counted_until_it_ends_and_who_is_to_be_forgotten_is_nobody(
    story: Story,
) -> None:
    story.told(
        disclosed("ann", BEFORE, "pd:Name"),
        disclosed("bob", BEFORE, "pd:Name", visibility="sealed"),
        disclosed("carol", BEFORE, "pd:Name"),
    )
    story.owner.execute("INSERT INTO ledger.revoked VALUES (0, %s, now(), 'receipt')", (subject("carol").id,))
    assert [row[0] for row in found(story)] == ["ann"]
    assert exposure.totals(story.reader, X, A, B, {0: 3}).people.people == 1
    story.owner.execute("INSERT INTO ledger.opened VALUES (0, %s, %s, 3)", (subject("bob").id, subject("dan").id))
    assert [row[0] for row in found(story)] == ["ann", "dan"]


def test_totals_count_each_person_once_where_it_is_surest(three_logs: Story) -> None:
    for log_id, who in ((0, "ann"), (1, "bob")):
        three_logs.logs[log_id].happened(
            disclosed(who, BEFORE, "pd:Name", recipient_until="2026-02-20T00:00:00Z"),
            disclosed(who, BEFORE, "pd:Name", "pd:CallLog"),
            disclosed((who, f"{who}-child"), BEFORE, "pd:CallLog", mode="oral"),
        )
        three_logs.fold(log_id=log_id)
    found = exposure.totals(three_logs.reader, X, A, B, {0: 3, 1: 3, 2: 0})
    assert found.disclosures == 6
    assert found.people == People(4, 2, 0, 2)
    assert found.categories == {"pd:CallLog": People(4, 2, 0, 2), "pd:Name": People(2, 2, 0, 0)}


def test_nobody_is_exposed_by_a_recipient_that_nobody_knows(story: Story) -> None:
    assert exposure.totals(story.reader, X, A, B, {0: 0}) == exposure.Totals(0, People(0, 0, 0, 0), {})


@CALM
@given(data=st.data())
def test_pages_are_the_whole_answer_and_the_whole_agrees_with_a_plain_model(story: Story, data: st.DataObject) -> None:
    people = ("ann", "bob", "carol")
    whom = st.one_of(st.sampled_from(people), st.lists(st.sampled_from(people), min_size=2, unique=True).map(tuple))
    days = st.integers(1, 28).map("2026-02-{:02}T09:00:00Z".format)
    some = st.lists(st.sampled_from(["pd:Name", "pd:CallLog"]), min_size=1, unique=True)
    one = st.one_of(
        st.builds(lambda who, day, of: disclosed(who, day, *of), whom, days, some),
        st.builds(lambda who, day, of: back(who, day, *of), whom, days, some),
    )
    history = data.draw(st.lists(one, min_size=1, max_size=15))
    story.begin_again()
    story.told(*history)
    expected: list[tuple[str, str, tuple[str, ...]]] = []
    for fact in sorted(history, key=lambda each: each.time):
        for who in fact.who if fact.type == "data.disclosed" else ():
            gone = {
                category
                for each in history
                if each.type == "data.erased" and who in each.who and each.time >= fact.time
                for category in each.data["categories"]
            }
            left = tuple(sorted(set(fact.data["categories"]) - gone))
            expected += [(who, "certain", left)] if left else []
    assert found(story) == expected
    place, paged = None, list[Any]()
    while True:
        rows, place = exposure.exposed(story.reader, X, A, B, {0: len(history)}, after=place, limit=2)
        paged += rows
        if place is None:
            break
    assert [tuple(row.categories) for row in paged] == [each[2] for each in expected]
    if expected:
        assert exposure.totals(story.reader, X, A, B, {0: len(history)}).people.people == len(
            {each[0] for each in expected}
        )


@pytest.mark.parametrize("size", [1, 3])
def test_a_rebuild_arrives_at_the_same_rows(story: Story, size: int) -> None:
    from projections import RETURNS  # noqa: PLC0415
    from projections.rebuild import rebuild  # noqa: PLC0415

    story.told(*(back(("ann", "bob") if n % 2 else "ann", DURING, "pd:Name") for n in range(6)), batch=2)
    assert rebuild(story.dsn, RETURNS, batch=size).same
