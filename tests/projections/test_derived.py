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
from tests.projections.given import collected, disclosed, subject
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
