"""A projection whose rows follow from all that counts about a person, tried on the smallest one there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projections import PROJECTIONS
from projections.derived import Derived
from projections.install import install
from projections.rebuild import digest, rebuild
from tests.projections.given import (
    COLLECTOR,
    collected,
    destroyed,
    disclosed,
    merged,
    registered,
    split,
    subject,
    voided,
)
from tests.projections.histories import histories

if TYPE_CHECKING:
    from projections.history import History
    from projections.registers import Registers
    from tests.projections.conftest import Story
    from tests.projections.given import Happened


def counted(person: History, registers: Registers) -> dict[str, list[tuple[Any, ...]]]:
    """For each recipient how often it got something, and whether the register knows it."""
    got: dict[str, int] = {}
    for each in person.of("data.disclosed"):
        got[each.data["recipient"]["id"]] = got.get(each.data["recipient"]["id"], 0) + 1
    subject = UUID(hex=min(person.streams))
    return {
        "counted": [
            (person.log_id, subject, name, times, registers.recipient(name) is not None) for name, times in got.items()
        ]
    }


COUNTED = Derived(
    name="counted",
    version=1,
    questions=("counted",),
    definitions="""
        CREATE TABLE counted (
            log_id smallint NOT NULL, subject uuid NOT NULL, recipient text NOT NULL, times integer NOT NULL,
            known boolean NOT NULL, PRIMARY KEY (log_id, subject, recipient)
        )
    """,
    types=("data.disclosed",),
    derive=counted,
)
CALM = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def kept(story: Story) -> Story:
    install(story.dsn, (*PROJECTIONS, COUNTED))
    return story


def rows(story: Story) -> list[Any]:
    return story.reader.execute("SELECT * FROM projections.counted ORDER BY 1, 2, 3").fetchall()


@CALM
@given(history=histories, batch=st.integers(1, 5))
def test_neither_batches_nor_redelivery_nor_a_rebuild_change_a_row(
    kept: Story, history: list[Happened], batch: int
) -> None:
    kept.begin_again()
    kept.log.happened(*history)
    kept.fold((COUNTED,))
    whole = digest(kept.follower, COUNTED)
    kept.fold((COUNTED,))
    assert digest(kept.follower, COUNTED) == whole
    kept.forget_rows()
    kept.fold((COUNTED,), batch=batch)
    assert digest(kept.follower, COUNTED) == whole
    assert rebuild(kept.dsn, COUNTED, batch=2).same


def test_a_row_that_no_fold_made_is_noticed_by_a_rebuild(kept: Story) -> None:
    kept.log.happened(disclosed("ann", "2026-01-01T00:00:00Z", "pd:Name"))
    kept.fold((COUNTED,))
    kept.owner.execute("UPDATE projections.counted SET times = times + 1")
    assert not rebuild(kept.dsn, COUNTED).same
    assert [row[3] for row in rows(kept)] == [1]


def test_what_is_collected_touches_nobody_who_is_asked_about_disclosures(kept: Story) -> None:
    kept.log.happened(collected("ann", "2026-01-01T00:00:00Z", "pd:Name"))
    kept.fold((COUNTED,))
    assert rows(kept) == []
    assert subject("ann").id


def counts(story: Story) -> dict[tuple[int, str], tuple[int, bool]]:
    """How often somebody's data went out, and whether to somebody known: by log and who she is."""
    names = {UUID(subject(who).id): who for who in ("ann", "bob", "eve")}
    return {(row[0], names[row[1]]): (row[3], row[4]) for row in rows(story)}


@pytest.fixture
def three(three_logs: Story) -> Story:
    install(three_logs.dsn, (*PROJECTIONS, COUNTED))
    return three_logs


def fold(story: Story, log_id: int, *facts: Happened) -> None:
    """Record facts in one log and fold them there."""
    before = story.logs[log_id].size
    story.logs[log_id].happened(*facts)
    story.fold((COUNTED,), log_id=log_id, after=before)


SENT = "2026-01-01T00:00:00Z"
OTHER = COLLECTOR | {"id": "other"}


def test_a_change_of_the_register_judges_those_anew_who_looked_it_up_and_nobody_else(three: Story) -> None:
    for log_id, who in enumerate(("ann", "bob", "eve")):
        fold(three, log_id, disclosed(who, SENT, "pd:Name", recipient=OTHER if who == "eve" else COLLECTOR))
    three.owner.execute("UPDATE projections.counted SET times = 100")
    fold(three, 1, registered())
    assert counts(three) == {(0, "ann"): (1, True), (1, "bob"): (1, True), (2, "eve"): (100, False)}


def test_a_register_that_is_corrected_judges_those_anew_who_looked_it_up(three: Story) -> None:
    fold(three, 0, disclosed("ann", SENT, "pd:Name"))
    fold(three, 2, registered())
    assert counts(three) == {(0, "ann"): (1, True)}
    fold(three, 2, voided("ev-1"))
    assert counts(three) == {(0, "ann"): (1, False)}
    fold(three, 2, voided("ev-2"))
    assert counts(three) == {(0, "ann"): (1, True)}, "the correction was wrong"


def test_a_correction_that_names_nobody_judges_whom_it_is_about(three: Story) -> None:
    fold(three, 1, disclosed("ann", SENT, "pd:Name"), disclosed("ann", SENT, "pd:Name"), disclosed("bob", SENT))
    fold(three, 1, voided("ev-2"))
    assert counts(three) == {(1, "ann"): (1, False), (1, "bob"): (1, False)}
    fold(three, 1, voided("ev-4"))
    assert counts(three) == {(1, "ann"): (2, False), (1, "bob"): (1, False)}


def test_a_merge_makes_one_person_of_two_and_a_split_two_again(kept: Story) -> None:
    one = min("ann", "bob", key=lambda who: subject(who).id)
    fold(kept, 0, disclosed("ann", SENT, "pd:Name"), disclosed("bob", SENT, "pd:Name"))
    fold(kept, 0, merged(("ann", "bob")))
    assert counts(kept) == {(0, one): (2, False)}
    fold(kept, 0, split(("ann", "bob"), "ev-3"))
    assert counts(kept) == {(0, "ann"): (1, False), (0, "bob"): (1, False)}


def test_whoever_is_forgotten_has_no_rows_and_her_alias_stands_alone_again(kept: Story) -> None:
    fold(kept, 0, disclosed("ann", SENT, "pd:Name"), disclosed("bob", SENT, "pd:Name"), merged(("ann", "bob")))
    kept.owner.execute("DELETE FROM ledger.member WHERE subject = %s", (subject("bob").id,))
    fold(kept, 0, destroyed("bob"))
    assert counts(kept) == {(0, "ann"): (1, False)}
    assert rebuild(kept.dsn, COUNTED).same


def test_a_log_that_is_folded_later_is_judged_by_the_register_of_one_that_was_folded_before(three: Story) -> None:
    three.logs[0].happened(disclosed("ann", SENT, "pd:Name"))
    fold(three, 1, registered())
    assert counts(three) == {}
    three.fold((COUNTED,), log_id=0)
    assert counts(three) == {(0, "ann"): (1, True)}
