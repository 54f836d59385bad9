from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from projections import PROJECTIONS
from projections import account as accounts
from projections.account import STATEMENT, Issue, account
from projections.person import alone
from tests.projections.given import (
    COLLECTOR,
    asked_to_erase,
    assented,
    collected,
    disclosed,
    erased,
    published,
    queried,
    subject,
    used,
)

if TYPE_CHECKING:
    from projections.account_rows import Language
    from tests.projections.conftest import Story

ALICE = subject("alice")


def issue(language: Language = "en") -> Issue:
    return Issue(
        language,
        datetime(2026, 11, 23, 15, 0, tzinfo=UTC),
        {"name": "Example Inc.", "contact": "privacy desk"},
        "ledger.example/test/log0",
        "note",
        "key",
    )


def told(story: Story) -> dict[str, Any]:
    story.told(
        published("2009", "2009-05-01T00:00:00-04:00"),
        published("2026", "2026-02-01T00:00:00-05:00", title={"en": "Policy", "fr": "Politique"}),
        published("2030", "2030-01-01T00:00:00-05:00"),
        collected("alice", "2026-01-02T09:00:00-05:00", "pd:Name", "pd:CallLog"),
        assented("alice", "2026-02-03T09:00:00-05:00", "2026", mode="deemed_by_use"),
        disclosed("alice", "2026-03-05T09:00:00-05:00", "pd:Name"),
        disclosed(
            ("alice", "bob"), "2026-03-04T09:00:00-05:00", "pd:CallLog",
            recipient=COLLECTOR | {"id": "court", "name": "Example Court"},
            instrument={
                "type": "whosaw:Warrant", "issuer": {"name": "Example Court"}, "issued": "2026-03-01T00:00:00-05:00",
            },
        ),
        used("alice", "2026-03-06T09:00:00-05:00", "pd:Name"),
        asked_to_erase("alice", "2026-04-01T09:00:00-04:00", "pd:CallLog"),
        erased("alice", "2026-04-02T09:00:00-04:00", "pd:CallLog", backups_until="2026-07-01"),
        queried("alice", "2026-05-01T09:00:00-04:00"),
        disclosed("hidden", "2026-03-05T09:00:00-05:00", "pd:Name", visibility="sealed"),
    )  # fmt: skip
    return account(story.reader, alone(ALICE, story.log.size), issue())


def test_an_account_tells_all_of_it(story: Story) -> None:
    found = told(story)
    assert [(each["version"], each["assent"] and each["assent"]["mode"]) for each in found["policy"]] == [
        ("2009", None),
        ("2026", "deemed_by_use"),
    ]
    assert [(each["category"]["code"], each["state"]) for each in found["holdings"]] == [
        ("pd:CallLog", "deleted"),
        ("pd:Name", "held"),
    ]
    assert [each["state"] for each in found["holdings"][0]["deletions"]] == [
        "requested",
        "done",
    ]
    assert [each["recipient"]["name"] for each in found["disclosures"]] == [
        "Example Court",
        "Collections North Inc.",
    ]
    assert found["disclosures"][0]["authority"]["issuer"] == "Example Court"
    assert [(each["act"], each["count"]) for each in found["views"]] == [
        ("data.used", 1),
        ("ledger.queried", 1),
    ]
    assert [each["position"] for each in found["proof"]["entries"]] == [
        4,
        5,
        6,
        7,
        8,
        9,
        10,
        11,
    ]
    assert found["as_of"] == {
        "log": "ledger.example/test/log0",
        "position": 12,
        "time": "2026-11-23T20:04:44.123456Z",
    }


def test_the_same_position_and_parameters_give_the_same_bytes(story: Story) -> None:
    first = orjson.dumps(told(story))
    story.told(
        collected("alice", "2026-01-02T09:00:00-05:00", "pd:Name"),
        used("alice", "2026-01-02T09:00:00Z", "pd:Name"),
    )
    assert orjson.dumps(account(story.reader, alone(ALICE, 12), issue())) == first


def test_an_account_speaks_the_language_asked_for(story: Story) -> None:
    told(story)
    english, french = (account(story.reader, alone(ALICE, 12), issue(language)) for language in ("en", "fr"))
    assert english["holdings"][1]["category"]["code"] == french["holdings"][1]["category"]["code"]
    assert english["holdings"][1]["category"]["label"] != french["holdings"][1]["category"]["label"]
    assert (english["policy"][1]["title"], french["policy"][1]["title"]) == (
        "Policy",
        "Politique",
    )


def test_everybodys_account_carries_the_standing_sentence(story: Story) -> None:
    told(story)
    stranger = account(story.reader, alone(subject("stranger"), 12), issue("fr"))
    assert stranger["statement"] == STATEMENT["fr"]
    assert (
        stranger["holdings"],
        stranger["disclosures"],
        stranger["views"],
        stranger["proof"]["entries"],
    ) == ([], [], [], [])


def test_an_account_reads_only_projections_that_exist() -> None:
    assert set(accounts.PROJECTIONS) <= {each.name for each in PROJECTIONS}


def test_a_policy_of_the_same_append_but_a_later_position_is_not_told(story: Story) -> None:
    """Everything that one transaction records has one append time: only the position tells before from after."""
    position = story.told(collected("alice", "2026-01-02T09:00:00-05:00", "pd:Name"))
    then = account(story.reader, alone(ALICE, position), issue())
    story.told(published("2009", "2009-05-01T00:00:00-04:00"))
    assert account(story.reader, alone(ALICE, position), issue()) == then
    assert [each["version"] for each in account(story.reader, alone(ALICE, story.log.size), issue())["policy"]] == [
        "2009"
    ]
