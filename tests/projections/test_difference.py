"""What tells two accounts of one person apart, and which entries made it so."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.fact import KeyedHashes
from projections import corrections
from projections.account_difference import Known, told_apart
from projections.account_sections import moments_of, sections
from projections.difference import applied
from projections.pins import Pins
from projections.resolution import person_of
from tests.projections.given import (
    assented,
    collected,
    disclosed,
    erased,
    merged,
    published,
    split,
    subject,
    used,
    viewed,
    voided,
)  # fmt: skip
from tests.projections.histories import PEOPLE, histories
from tests.projections.test_exactness import CALM

if TYPE_CHECKING:
    import pytest

    from projections.difference import Change
    from tests.projections.conftest import Story
    from tests.projections.given import Happened


class Hashes(KeyedHashes):
    """Finds what `Log` wrote: it derives a repeat key from an entry's place."""

    def repeat_key(self, source: str, event_id: str) -> bytes:
        assert source
        return blake2b(f"entry/0/{event_id.removeprefix('ev-')}".encode(), digest_size=16).digest()


HASHES = Hashes(bytes(32))
WHEN = datetime(2026, 11, 23, 20, 4, 44, 123456, tzinfo=UTC)
"""When everything is recorded in these logs."""


def known(story: Story, who: str, as_of: int, when: datetime = WHEN) -> Known:
    return Known(person_of(story.reader, HASHES, subject(who), Pins(0, as_of)), {0: as_of}, when)


def apart(story: Story, then: int, now: int, who: str = "alice", when: datetime = WHEN) -> dict[str, list[Change]]:
    sides = known(story, who, then, when), known(story, who, now)
    return told_apart(story.reader, HASHES, *sides, "current", "en", {})


def told(story: Story, who: str, as_of: int) -> dict[str, list[dict[str, Any]]]:
    person = known(story, who, as_of).person
    found = sections(story.reader, person, moments_of(story.reader, person), "en", {})
    return {name: [row.told for row in some] for name, some in found.items()}


def why(changes: list[Change]) -> list[tuple[str, list[tuple[str, int]]]]:
    return [(each.kind, [(one.why.partition(":")[2], one.position) for one in each.because]) for each in changes]


def ordered(rows: list[Any]) -> list[str]:
    return sorted(map(repr, rows))


@CALM
@given(history=histories, data=st.data())
def test_the_difference_applied_to_then_gives_now(story: Story, history: list[Happened], data: st.DataObject) -> None:
    then = data.draw(st.integers(0, len(history)), "then")
    targets = data.draw(st.lists(st.integers(1, len(history)), max_size=3), "voided")
    story.begin_again()
    last = story.told(*history, *(voided(f"ev-{each}") for each in targets))
    for who in PEOPLE:
        before, after = told(story, who, then), told(story, who, last)
        found = apart(story, then, last, who)
        for name, changes in found.items():
            assert ordered(applied(before[name], changes)) == ordered(after[name])
            assert all(each.then != each.now for each in changes)
            assert all(each.because for each in changes if name != "policy")
            assert all(one.position > then for each in changes for one in each.because if name != "policy")
        assert not any(apart(story, last, last, who).values())


def test_what_had_happened_and_is_recorded_later_arrived_late(story: Story) -> None:
    story.told(disclosed("alice", "2026-04-01T00:00:00Z", "pd:Name"))
    last = story.told(
        disclosed("alice", "2026-03-01T00:00:00Z", "pd:Name"), disclosed("alice", "2026-06-01T00:00:00Z", "pd:Name")
    )
    found = apart(story, 1, last, when=datetime(2026, 5, 1, tzinfo=UTC))
    assert why(found["disclosures"]) == [("added", [("ArrivedLate", 2)]), ("added", [("HappenedSince", 3)])]
    assert found["disclosures"][0].because[0].recorded == WHEN


def test_what_was_voided_is_removed_and_comes_back_once_that_is_voided(story: Story) -> None:
    story.told(disclosed("alice", "2026-04-01T00:00:00Z", "pd:Name"))
    story.told(voided("ev-1", "alice"))
    story.told(voided("ev-2", "alice"))
    assert why(apart(story, 1, 2)["disclosures"]) == [("removed", [("VoidedSince", 2)])]
    assert why(apart(story, 2, 3)["disclosures"]) == [("added", [("CountsAgain", 3)])]
    assert why(apart(story, 1, 3)["disclosures"]) == []


def test_what_was_corrected_is_removed_for_what_says_it_right(story: Story) -> None:
    replaced = voided("ev-1", "alice", replaced_by={"source": "/services/test", "id": "ev-3"}, changed=["time"])
    last = story.told(
        disclosed("alice", "2026-04-01T00:00:00Z", "pd:Name"),
        replaced._replace(type="event.corrected"),
        disclosed("alice", "2026-04-02T00:00:00Z", "pd:Name"),
    )
    found = apart(story, 1, last, when=datetime(2026, 5, 1, tzinfo=UTC))["disclosures"]
    assert why(found) == [("removed", [("CorrectedSince", 2)]), ("added", [("ArrivedLate", 3)])]


def test_a_merge_brings_what_is_hers_under_another_name_and_a_split_takes_it_away(story: Story) -> None:
    story.told(collected("alice", "2026-01-01T00:00:00Z", "pd:Name"))
    story.told(disclosed("bob", "2026-02-01T00:00:00Z", "pd:Name"))
    merge = story.told(merged(["alice", "bob"]))
    parted = story.told(split(["alice", "bob"], f"ev-{merge}"))
    assert why(apart(story, 2, merge)["disclosures"]) == [("added", [("MergedSince", merge)])]
    assert why(apart(story, merge, parted)["disclosures"]) == [("removed", [("PartedSince", parted)])]
    assert why(apart(story, 2, parted)["disclosures"]) == []


def test_an_erasure_changes_what_is_held_and_says_so(story: Story) -> None:
    story.told(collected("alice", "2026-01-01T00:00:00Z", "pd:Name", "pd:EmailAddress"))
    last = story.told(erased("alice", "2026-06-01T00:00:00Z", "pd:Name"))
    (change,) = apart(story, 1, last, when=datetime(2026, 5, 1, tzinfo=UTC))["holdings"]
    assert why([change]) == [("changed", [("ErasedSince", 2)])]
    assert change.then is not None
    assert change.now is not None
    assert (change.then["state"], change.now["state"]) == ("held", "deleted")


def test_a_series_that_grew_is_one_change_by_the_looks_that_are_new(story: Story) -> None:
    story.told(*(used("alice", f"2026-0{month}-01T00:00:00Z", "pd:Name") for month in (1, 2)))
    last = story.told(
        used("alice", "2026-01-15T00:00:00Z", "pd:Name"), viewed("alice", "2026-01-20T00:00:00Z", "pd:Name")
    )
    found = apart(story, 2, last)["views"]
    assert why(found) == [("changed", [("ArrivedLate", 3)]), ("added", [("ArrivedLate", 4)])]
    assert found[0].now is not None
    assert found[0].now["count"] == 3


def test_a_policy_that_she_agreed_to_later_is_told_with_her_assent(story: Story) -> None:
    story.told(published("2009", "2009-05-01T00:00:00Z"), collected("alice", "2026-01-01T00:00:00Z", "pd:Name"))
    last = story.told(assented("alice", "2026-02-01T00:00:00Z", "2009"))
    (change,) = apart(story, 2, last)["policy"]
    assert why([change]) == [("changed", [("ArrivedLate", 3)])]
    assert change.now is not None
    assert change.now["assent"] == {"mode": "express", "time": "2026-02-01T00:00:00Z"}


def test_a_difference_that_lost_a_change_would_be_noticed(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the tests above."""
    story.told(disclosed("alice", "2026-04-01T00:00:00Z", "pd:Name"), voided("ev-1", "alice"))
    before, after = told(story, "alice", 1), told(story, "alice", 2)
    assert ordered(applied(before["disclosures"], [])) != ordered(after["disclosures"])
    monkeypatch.setattr(corrections, "undone", lambda *_: {})
    assert why(apart(story, 1, 2)["disclosures"]) != [("removed", [("VoidedSince", 2)])]
