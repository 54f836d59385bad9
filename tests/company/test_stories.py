"""The seven planted stories are there, each as its docstring tells it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from examples.company.clock import AS_OF
from examples.company.stories import STORIES

Event = dict[str, Any]


def about(sample: list[Event], story: str, event_type: str) -> list[Event]:
    """The events of a type about the story's one customer alone, in order of time."""
    name = f"C-{1000 + STORIES[story].number}"
    return [
        event
        for event in sample
        if event["type"] == event_type and [each["reference"]["value"] for each in event["data"]["subjects"]] == [name]
    ]


def test_an_employee_looked_37_times_without_a_ticket(sample: list[Event]) -> None:
    looks = about(sample, "curious_employee", "data.viewed")
    without = [
        look["data"]["actor"]["id"]
        for look in looks
        if "ticket" not in look["data"] and look["data"]["actor"]["kind"] == "human"
    ]
    assert len(without) == 37
    assert len(set(without)) == 1
    assert any("ticket" in look["data"] for look in looks)
    evenings = [
        look["time"] for look in looks if "ticket" not in look["data"] and look["data"]["actor"]["kind"] == "human"
    ]
    assert all(datetime.fromisoformat(time).hour >= 20 for time in evenings)


def test_a_gag_order_lapses_tomorrow(sample: list[Event]) -> None:
    story = "gag_order_about_to_lapse"
    (seal,) = about(sample, story, "seal.placed")
    (disclosure,) = (
        each for each in about(sample, story, "data.disclosed") if each["data"]["recipient"]["id"] == "city-police"
    )
    left = datetime.fromisoformat(seal["data"]["until"]) - AS_OF
    assert timedelta(0) < left <= timedelta(days=1)
    assert disclosure["data"]["visibility"] == "sealed"
    assert disclosure["correlationid"] == seal["correlationid"]
    assert about(sample, story, "seal.lifted") == []


def test_an_access_request_is_on_its_28th_day_without_answer(sample: list[Event]) -> None:
    story = "access_request_on_day_28"
    (request,) = about(sample, story, "request.received")
    assert request["data"]["right"] == "whosaw:Access"
    assert (AS_OF - datetime.fromisoformat(request["time"])).days == 28
    assert about(sample, story, "request.answered") == []


def test_one_processor_never_confirmed_a_deletion(sample: list[Event]) -> None:
    story = "deletion_one_processor_never_confirmed"
    told = {each["data"]["recipient_id"] for each in about(sample, story, "recipient.notification_due")}
    said = {each["data"]["recipient_id"] for each in about(sample, story, "recipient.notification_answered")}
    assert len(told) == 4
    assert told - said == {"cloud-host"}
    states = [each["data"]["state"] for each in about(sample, story, "data.erased")]
    assert states.count("requested") == states.count("done") == states.count("verified") == 6


def test_marketing_went_on_after_unsubscribing(sample: list[Event]) -> None:
    story = "marketing_after_unsubscribe"
    given = [each for each in about(sample, story, "consent.recorded") if each["data"]["state"] == "given"]
    assert given
    withdrawn = next(
        each["time"]
        for each in sample
        if each["type"] == "consent.recorded"
        and each["data"]["state"] == "withdrawn"
        and each["time"].startswith("2026-06-10")
    )
    uses = [each for each in about(sample, story, "data.used") if each["data"]["purposes"] == ["dpv:DirectMarketing"]]
    passed = [
        each for each in about(sample, story, "data.disclosed") if each["data"]["recipient"]["id"] == "marketing-firm"
    ]
    assert len([each for each in uses if each["time"] > withdrawn]) == 2
    assert len([each for each in passed if each["time"] > withdrawn]) == 2


def test_no_campaign_reached_him_after_he_unsubscribed(sample: list[Event]) -> None:
    name = f"C-{1000 + STORIES['marketing_after_unsubscribe'].number}"
    campaigns = [
        event
        for event in sample
        if event["data"].get("purposes") == ["dpv:DirectMarketing"] and len(event["data"]["subjects"]) > 1
    ]
    reached = [
        event["time"]
        for event in campaigns
        if name in {each["reference"]["value"] for each in event["data"]["subjects"]}
    ]
    assert reached
    assert max(reached) < "2026-06-10"
    assert max(event["time"] for event in campaigns) > "2026-06-10"


def test_a_customer_was_erased_everywhere_and_everybody_confirmed(sample: list[Event]) -> None:
    story = "erased_customer"
    verified = [each for each in about(sample, story, "data.erased") if each["data"]["state"] == "verified"]
    held = {
        (each["data"]["system"], category)
        for each in about(sample, story, "data.collected")
        if each["data"]["retained"]
        for category in each["data"]["categories"]
    }
    gone = {(each["data"]["system"], category) for each in verified for category in each["data"]["categories"]}
    assert held - gone == set()
    assert {each["data"]["mode"] for each in verified} == {"key_destroyed"}
    told = {each["data"]["recipient_id"] for each in about(sample, story, "recipient.notification_due")}
    said = {each["data"]["recipient_id"] for each in about(sample, story, "recipient.notification_answered")}
    assert told == said


def test_a_debt_was_sold_while_it_was_disputed(sample: list[Event]) -> None:
    story = "debt_sold_while_disputed"
    debts = {
        each["data"]["recipient"]["id"]: each
        for each in about(sample, story, "data.disclosed")
        if each["data"]["purpose"] == "sector-finance:DebtManagement"
    }
    dispute = next(
        each for each in about(sample, story, "hold.placed") if each["data"]["reason"] == "whosaw:DisputedDebt"
    )
    agency, buyer = debts["collections-agency"], debts["debt-buyer"]
    assert agency["time"] < dispute["time"] < buyer["time"]
    assert agency["data"]["order_ref"] == buyer["data"]["order_ref"]
    assert agency["data"]["recipient"]["role"] == "dpv:DataProcessor"
    assert buyer["data"]["recipient"]["role"] == "dpv:DataController"


def test_each_story_says_what_a_reader_will_find() -> None:
    assert len(STORIES) == 7
    for story in STORIES.values():
        assert story.tell.__doc__
