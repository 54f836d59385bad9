"""What the sample company owes today, by the planted stories: as its own facts say, without a ledger."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from examples.company.clock import AS_OF
from examples.company.stories import STORIES
from projections.deadlines import standing, today_of
from projections.history import Fact, History, moment
from projections.obliging import owed
from projections.requested import requests, state

if TYPE_CHECKING:
    from projections.owed import Owed

Event = dict[str, Any]


def story(sample: list[Event], name: str) -> History:
    """Return the facts about a story's customer."""
    customer = f"C-{1000 + STORIES[name].number}"
    facts = [
        Fact(0, place, "a" * 32, each["type"], moment(each["time"]), each["time"], moment(each["time"]), None,
             each["source"], each["id"], "dpv:Customer", len(each["data"]["subjects"]) > 1, each["data"])
        for place, each in enumerate(sample, 1)
        if customer in {one.get("reference", {}).get("value") for one in each["data"].get("subjects", [])}
        and each["data"].get("visibility") != "sealed"
    ]  # fmt: skip
    return History(0, ("a" * 32,), len(sample), tuple(facts))


def told(sample: list[Event], name: str) -> list[Owed]:
    return [each for each in owed(story(sample, name)) if each.kind == "tell_recipient"]


def test_an_access_request_on_day_28_is_running_and_due_in_two_days_which_is_a_sunday(sample: list[Event]) -> None:
    history = story(sample, "access_request_on_day_28")
    (its,) = [each for each in requests(history) if each.right == "whosaw:Access" and each.status == "open"]
    sunday = today_of(AS_OF) + timedelta(days=2)
    assert (its.stated_due, sunday.isoweekday()) == (sunday, 7)
    # The thirtieth day is a holiday, so that the law gives one day more than the desk stated.
    assert (its.due, its.difference) == (sunday + timedelta(days=1), -1)
    assert "Sunday 22 November 2026" in " ".join(its.deadline.explanation["en"])
    stands = [state(its.status, its.deadline, AS_OF + timedelta(days=days)) for days in (0, 2, 3, 4)]
    assert stands == ["running", "running", "due_today", "deemed_refused"]


def test_a_deletion_that_one_processor_never_confirmed_leaves_the_cloud_host_open(sample: list[Event]) -> None:
    found = told(sample, "deletion_one_processor_never_confirmed")
    named = {each.recipient: each.state for each in found if each.notification and each.change == "erased"}
    assert named == {
        "card-processor": "discharged", "upstream-carrier": "discharged", "marketing-firm": "discharged",
        "cloud-host": "open",
    }  # fmt: skip
    (silent,) = [each for each in found if each.recipient == "cloud-host" and each.change == "erased"]
    assert standing(silent.deadline, AS_OF) == "overdue"
    assert silent.deadline.rule == "ca-pipeda:4.9.5"


def test_who_was_erased_for_good_leaves_nobody_to_hear_from(sample: list[Event]) -> None:
    named = [each for each in told(sample, "erased_customer") if each.notification]
    assert {each.state for each in named} == {"discharged"}
