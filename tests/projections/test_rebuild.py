from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from projections import DISCLOSURES, FINDINGS, HOLDINGS, PROJECTIONS, disclosures
from projections.follow import Follower, follower_dsn
from projections.install import install
from projections.rebuild import LOCK, RebuildingError, named, rebuild
from tests.projections.given import disclosed, subject

if TYPE_CHECKING:
    from tests.projections.conftest import Story

ALICE = subject("alice")


def some(story: Story, count: int = 20) -> int:
    return story.log.happened(*(disclosed("alice", "2026-01-02T09:00:00Z", "pd:Name") for _ in range(count)))


def test_a_rebuild_takes_the_place_of_the_live_tables(story: Story) -> None:
    position = some(story)
    story.fold()
    seen: list[tuple[int, int, int]] = []
    assert rebuild(story.dsn, DISCLOSURES, lambda *step: seen.append(step), batch=8) == ({0: position}, True)
    assert seen == [(0, 8, 20), (0, 16, 20), (0, 20, 20)]
    assert len(disclosures.of_subject(story.reader, ALICE, position).rows) == position


def test_a_rebuild_tells_when_the_live_tables_were_wrong(story: Story) -> None:
    position = some(story)
    story.fold()
    story.owner.execute("UPDATE projections.disclosure SET purpose = 'dpv:Other' WHERE position = 7")
    assert not rebuild(story.dsn, DISCLOSURES).same
    assert {each.purpose for each in disclosures.of_subject(story.reader, ALICE, position).rows} == {
        "dpv:CustomerClaimsManagement"
    }


def test_a_follower_goes_on_over_a_rebuild(story: Story) -> None:
    with Follower(story.dsn, batch=5) as follower:
        for _ in range(5):
            some(story)
            for projection in PROJECTIONS:
                assert rebuild(story.dsn, projection, batch=7).same
        position = some(story)
        assert follower.wait(0, position, 30)
    assert len(disclosures.of_subject(story.reader, ALICE, position, limit=None).rows) == position


def test_readers_see_the_same_answer_all_through_a_rebuild(story: Story) -> None:
    position = some(story, 200)
    story.fold()
    answer = disclosures.of_subject(story.reader, ALICE, position, limit=None)
    done = Event()
    different: list[int] = []

    def read() -> None:
        while not done.is_set():
            rows = disclosures.of_subject(story.reader, ALICE, position, limit=None)
            if rows != answer:
                different.append(len(rows.rows))

    reader = Thread(target=read)
    reader.start()
    for _ in range(5):
        assert rebuild(story.dsn, DISCLOSURES, batch=20).same
    done.set()
    reader.join()
    assert different == []


def test_a_question_that_holds_one_table_and_wants_another_is_answered(story: Story) -> None:
    some(story)
    story.fold()
    done = Thread(target=lambda: rebuild(story.dsn, FINDINGS))
    with story.reader.transaction():
        story.reader.execute("SELECT count(*) FROM projections.findings_register").fetchall()
        done.start()
        # The rebuild has built its tables and waits for this one. Longer than until the server looks for a deadlock.
        done.join(3)
        assert done.is_alive()
        for table in FINDINGS.tables:
            story.reader.execute(SQL("SELECT count(*) FROM projections.{}").format(Identifier(table))).fetchall()
    done.join(30)
    assert not done.is_alive()


def test_a_projection_that_is_behind_is_brought_to_the_end(story: Story) -> None:
    some(story)
    story.fold(upto=3)
    position = some(story)
    assert rebuild(story.dsn, DISCLOSURES) == ({0: position}, True)
    assert len(disclosures.of_subject(story.reader, ALICE, position).rows) == position


def test_a_rebuild_that_fails_leaves_the_live_tables(story: Story) -> None:
    position = some(story)
    story.fold()
    story.log.happened(disclosed("alice", "2026-01-02T09:00:00Z")._replace(data={"recipient": "not an object"}))
    with pytest.raises(psycopg.IntegrityError):
        rebuild(story.dsn, DISCLOSURES)
    assert len(disclosures.of_subject(story.reader, ALICE, position).rows) == position


def test_only_one_rebuild_runs_at_a_time(story: Story) -> None:
    with psycopg.connect(follower_dsn(story.dsn), autocommit=True) as other:
        other.execute(LOCK)
        with pytest.raises(RebuildingError):
            rebuild(story.dsn, HOLDINGS)


def test_another_version_starts_from_the_first_entry(story: Story) -> None:
    some(story)
    story.fold()
    assert install(story.dsn) == []
    newer = DISCLOSURES._replace(version=DISCLOSURES.version + 1)
    assert install(story.dsn, (HOLDINGS, newer)) == ["disclosures"]
    assert story.reader.execute(
        "SELECT position FROM projections.progress WHERE projection = 'disclosures'"
    ).fetchone() == (0,)
    assert story.reader.execute("SELECT count(*) FROM projections.disclosure").fetchone() == (0,)


def test_projections_are_found_by_name() -> None:
    assert [named(each.name) for each in PROJECTIONS] == list(PROJECTIONS)
    with pytest.raises(KeyError):
        named("nothing")
