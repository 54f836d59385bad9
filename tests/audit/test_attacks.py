"""What an attacker with all rights would do: each is red, and called by its name."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import psycopg
import pytest

from ledger import Ledger
from ledger.audit import Kind
from ledger.checkpoint import head_of
from ledger.merkle import Tree, leaf_hash
from tests.audit.conftest import made, record
from tests.ledger.grown import Hand

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ledger.audit import Finding
    from tests.audit.conftest import Scene

TURN = "UPDATE ledger.entry SET position = -position WHERE position < 0"
UNCHECKED = "ALTER TABLE ledger.entry DROP CONSTRAINT entry_position_check"
BACKDATED = """
    INSERT INTO ledger.entry (log_id, position, stream, sequence, repeat_key, content, type, bytes)
    SELECT log_id, {0}, gen_random_uuid(), 1, gen_random_uuid(), content, type, bytes
    FROM ledger.entry WHERE position = {1}
"""


def size_of(scene: Scene) -> int:
    with scene.owner() as owner:
        return owner.execute("SELECT size FROM ledger.log").fetchall()[0][0]


def first(findings: list[Finding]) -> tuple[Kind, int]:
    assert findings, "nothing was noticed"
    return findings[0].kind, findings[0].position


def cut(scene: Scene, size: int) -> None:
    """Put a ledger back to an earlier checkpoint, in every table."""
    scene.change(
        f"DELETE FROM ledger.entry WHERE position > {size}",
        f"DELETE FROM ledger.checkpoint WHERE size > {size}",
        f"DELETE FROM ledger.tile WHERE (index + 1) * 256 > {size}",
        f"DELETE FROM ledger.member WHERE position > {size}",
        f"DELETE FROM ledger.heads WHERE position > {size}",
        f"UPDATE ledger.log SET size = {size}, appended_at = (SELECT"
        " (convert_from(bytes, 'UTF8')::jsonb ->> 'appended')::timestamptz"
        f" FROM ledger.entry WHERE position = {size})",
    )


def test_entries_cut_off_the_end(scene: Scene) -> None:
    size = size_of(scene)
    scene.change(f"DELETE FROM ledger.entry WHERE position > {size - 5}")
    assert first(scene.audit()) == (Kind.TAIL_CUT, size - 4)
    scene.change(f"UPDATE ledger.log SET size = {size - 5}")
    assert first(scene.audit()) == (Kind.TAIL_CUT, size - 4)


def test_a_tail_cut_without_a_trace_is_noticed_by_what_stands_outside(scene: Scene, tmp_path: Path) -> None:
    size = size_of(scene)
    with scene.owner() as owner:
        sizes = [row[0] for row in owner.execute("SELECT size FROM ledger.checkpoint ORDER BY size DESC LIMIT 3")]
        note = owner.execute("SELECT note FROM ledger.checkpoint ORDER BY size DESC LIMIT 1").fetchall()[0][0]
    cut(scene, sizes[2])
    assert [(each.kind, each.position) for each in scene.audit()] == [(Kind.OLD_BACKUP, sizes[2] + 1)]
    # Who also resets what is kept is not noticed from inside, and is by anybody with a checkpoint.
    assert scene.audit(kept=False) == []
    place = tmp_path / "papers" / "0"
    place.mkdir(parents=True)
    (place / f"{size:012d}.checkpoint").write_bytes(note)
    assert first(scene.audit(tmp_path / "papers", kept=False)) == (Kind.OLD_BACKUP, sizes[2] + 1)


def test_an_old_backup(database: str, tmp_path: Path, copy: Callable[[Scene], Scene]) -> None:
    scene = made(database, tmp_path, 1, 100)
    backup, size = copy(scene), size_of(scene)
    with Ledger(scene.dsn, scene.keys, durable=False) as ledger:
        record(ledger, 20, "later", random.Random(2))
    assert scene.audit() == []
    assert first(backup.audit()) == (Kind.OLD_BACKUP, size + 1)


def test_a_row_removed(scene: Scene) -> None:
    scene.change("DELETE FROM ledger.entry WHERE position = 300", "DELETE FROM ledger.member WHERE position = 300")
    assert [(each.kind, each.position) for each in scene.audit()] == [(Kind.ROW_REMOVED, 300)]


@pytest.mark.parametrize("position", [300, -20], ids=["under a tile", "after the last tile"])
def test_a_row_removed_and_the_hole_closed(scene: Scene, position: int) -> None:
    place = position if position > 0 else size_of(scene) + position
    scene.change(
        UNCHECKED,
        f"DELETE FROM ledger.entry WHERE position = {place}",
        f"UPDATE ledger.entry SET position = 1 - position WHERE position > {place}",
        TURN,
    )
    kinds = {(each.kind, each.position) for each in scene.audit()}
    assert (Kind.ROW_REMOVED, place) in kinds


@pytest.mark.parametrize("position", [300, -20], ids=["under a tile", "after the last tile"])
def test_a_backdated_row_in_the_middle(scene: Scene, position: int) -> None:
    place = position if position > 0 else size_of(scene) + position
    scene.change(
        UNCHECKED,
        f"UPDATE ledger.entry SET position = -position - 1 WHERE position >= {place}",
        TURN,
        BACKDATED.format(place, place - 7),
        "UPDATE ledger.log SET size = size + 1",
    )
    assert first(scene.audit()) == (Kind.ROW_INSERTED, place)


@pytest.mark.parametrize("moved", [True, False], ids=["with its size", "without"])
def test_a_row_added_at_the_end_that_nobody_signed(scene: Scene, moved: bool) -> None:  # noqa: FBT001 - a parameter
    size = size_of(scene)
    scene.change(BACKDATED.format(size + 1, size - 7), f"UPDATE ledger.log SET size = size + {int(moved)}")
    assert first(scene.audit()) == (Kind.ROW_INSERTED, size + 1)


def two_streams(scene: Scene) -> tuple[int, int]:
    """Return the positions of two entries of different people with the same sequence."""
    with scene.owner() as owner:
        row = owner.execute("""
            SELECT a.position, b.position FROM ledger.entry AS a JOIN ledger.entry AS b USING (sequence)
            WHERE a.position < b.position AND a.stream <> b.stream AND a.position BETWEEN 20 AND 500
              AND b.position < 512 AND sequence > 1 ORDER BY 1, 2 LIMIT 1
        """).fetchone()
    assert row is not None
    return row


def test_two_subjects_streams_swapped(scene: Scene) -> None:
    one, other = two_streams(scene)
    scene.change(
        "ALTER TABLE ledger.entry DROP CONSTRAINT entry_stream_sequence",
        f"""UPDATE ledger.entry AS e SET stream = o.stream FROM ledger.entry AS o
            WHERE e.position IN ({one}, {other}) AND o.position = {one} + {other} - e.position""",
    )
    assert [(each.kind, each.position) for each in scene.audit()][:2] == [
        (Kind.STREAM_SWAPPED, one), (Kind.STREAM_SWAPPED, other),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "columns", ["bytes = o.bytes", "bytes = o.bytes, stream = o.stream, repeat_key = o.repeat_key"]
)
def test_two_subjects_entries_swapped(scene: Scene, columns: str) -> None:
    one, other = two_streams(scene)
    scene.change(
        "ALTER TABLE ledger.entry DROP CONSTRAINT entry_stream_sequence, DROP CONSTRAINT entry_repeat_key",
        f"""UPDATE ledger.entry AS e SET {columns} FROM ledger.entry AS o
            WHERE e.position IN ({one}, {other}) AND o.position = {one} + {other} - e.position""",
    )
    assert [(each.kind, each.position) for each in scene.audit()] == [(Kind.ROW_MOVED, one), (Kind.ROW_MOVED, other)]


def resigned(scene: Scene, hand: Hand) -> None:
    """Sign every checkpoint again, over what is stored now, with its tiles."""
    with scene.owner() as owner:
        entries = [row[0] for row in owner.execute("SELECT bytes FROM ledger.entry ORDER BY position")]
        sizes = [row[0] for row in owner.execute("SELECT size FROM ledger.checkpoint ORDER BY size")]
        tree, at = Tree(), 0
        for size in sizes:
            for tile in tree.extend([leaf_hash(each) for each in entries[at:size]]):
                owner.execute(
                    "UPDATE ledger.tile SET root = %s, hashes = %s WHERE level = %s AND index = %s",
                    (tile.root, tile.hashes, tile.level, tile.index),
                )
            at = size
            owner.execute(
                "UPDATE ledger.checkpoint SET note = %s WHERE size = %s", (hand.sign(size, tree.root()), size)
            )


def thief(scene: Scene) -> Hand:
    """Return who has the log's own key."""
    seed = bytes.fromhex((scene.folder / "keys" / "log0.key").read_text())
    return Hand(scene.keys.signers[0].origin, seed)


def test_everything_signed_again_with_another_key(scene: Scene) -> None:
    resigned(scene, Hand(scene.keys.signers[0].origin, b"\x07" * 32))
    findings = scene.audit()
    with scene.owner() as owner:
        assert first(findings) == (
            Kind.OTHER_KEY, owner.execute("SELECT min(size) FROM ledger.checkpoint").fetchall()[0][0],
        )  # fmt: skip
    assert {each.kind for each in findings} == {Kind.OTHER_KEY}


def test_history_written_again_with_the_logs_own_key(scene: Scene, tmp_path: Path) -> None:
    """A stolen key: nothing inside contradicts itself; what stands outside does."""
    with scene.owner() as owner:
        # The last entry of its stream, so that no other names its hash; and after the newest snapshot.
        place = owner.execute("""
            SELECT position FROM ledger.entry AS e
            WHERE position > (SELECT max(position) FROM ledger.heads) AND type = 'data.used'
              AND NOT EXISTS (SELECT FROM ledger.entry AS l WHERE l.stream = e.stream AND l.sequence > e.sequence)
        """).fetchall()[0][0]
        note = owner.execute("SELECT note FROM ledger.checkpoint WHERE size >= %s ORDER BY size", (place,)).fetchall()[
            0
        ][0]
        owner.execute(
            "UPDATE ledger.entry SET bytes = convert_to(replace(convert_from(bytes, 'UTF8'),"
            " 'PaymentManagement', 'PaymentManagemenT'), 'UTF8') WHERE position = %s",
            (place,),
        )
    resigned(scene, thief(scene))
    assert first(scene.audit()) == (Kind.CHECKPOINT_FORKED, size_of(scene))
    assert scene.audit(kept=False) == []
    (tmp_path / "held.checkpoint").write_bytes(note)
    findings = scene.audit(tmp_path, kept=False)
    assert [(each.kind, each.position) for each in findings] == [(Kind.CHECKPOINT_FORKED, head_of(note)[0])]


@pytest.mark.parametrize("newest", [True, False], ids=["the newest", "an older one"])
def test_a_second_checkpoint_of_one_size(scene: Scene, newest: bool) -> None:  # noqa: FBT001 - a parameter
    with scene.owner() as owner:
        sizes = [row[0] for row in owner.execute("SELECT size FROM ledger.checkpoint ORDER BY size")]
        size = sizes[-1] if newest else sizes[len(sizes) // 2]
        owner.execute(
            "UPDATE ledger.checkpoint SET note = %s WHERE size = %s", (thief(scene).sign(size, b"\x05" * 32), size)
        )
    assert [(each.kind, each.position) for each in scene.audit()] == [(Kind.CHECKPOINT_FORKED, size)]


def test_an_entry_after_the_last_tile_that_no_later_one_names(scene: Scene) -> None:
    size = size_of(scene)
    scene.change(
        "UPDATE ledger.entry SET bytes = convert_to(replace(convert_from(bytes, 'UTF8'),"
        f" '\"automated\":false', '\"automated\":true'), 'UTF8') WHERE position = {size}"
    )
    (finding,) = scene.audit()
    assert finding.kind is Kind.ROW_EDITED
    assert finding.position <= size == finding.upto


def test_the_newest_checkpoint_removed(scene: Scene) -> None:
    size = size_of(scene)
    scene.change(f"DELETE FROM ledger.checkpoint WHERE size = {size}")
    assert first(scene.audit()) == (Kind.CHECKPOINT_REMOVED, size)


def test_tiles_removed_and_added(scene: Scene) -> None:
    scene.change("DELETE FROM ledger.tile WHERE index = 2")
    assert first(scene.audit()) == (Kind.TILE_EDITED, 513)
    scene.change("INSERT INTO ledger.tile SELECT log_id, 0, 2, root, hashes FROM ledger.tile WHERE index = 1")
    assert {(each.kind, each.position) for each in scene.audit()} == {(Kind.TILE_EDITED, 513)}
    scene.change("UPDATE ledger.tile SET index = 9 WHERE index = 2")
    assert {each.position for each in scene.audit()} == {513, 9 * 256 + 1}


EXCHANGED = """
    UPDATE ledger.tile AS t SET root = o.root, hashes = o.hashes FROM ledger.tile AS o
    WHERE t.level = 0 AND o.level = 0 AND t.index IN (1, 2) AND o.index = 3 - t.index
"""
EDITED = (
    "UPDATE ledger.entry SET bytes = convert_to(replace(convert_from(bytes, 'UTF8'),"
    " '\"automated\":false', '\"automated\":true'), 'UTF8') WHERE position = {}"
)


def held_by_others(scene: Scene, folder: Path) -> list[int]:
    """Give every checkpoint to somebody outside; return their sizes."""
    with scene.owner() as owner:
        notes = dict(owner.execute("SELECT size, note FROM ledger.checkpoint ORDER BY size").fetchall())
    for size, note in notes.items():
        (folder / f"{size}.checkpoint").write_bytes(note)
    return list(notes)


def test_tiles_exchanged_are_no_rows_edited(scene: Scene) -> None:
    scene.change(EXCHANGED)
    tiles = {(Kind.TILE_EDITED, 257), (Kind.TILE_EDITED, 513)}
    assert {(each.kind, each.position) for each in scene.audit()} == tiles
    for position in (100, 900):
        scene.change(EDITED.format(position))
    rows = {(Kind.ROW_EDITED, 100), (Kind.ROW_EDITED, 900)}
    assert {(each.kind, each.position) for each in scene.audit()} == tiles | rows


@pytest.mark.parametrize("hashes", ["''", "substr(hashes, 1, 8160)", "substr(hashes, 1, 8191)", "hashes || hashes"])
def test_a_tile_of_another_length(scene: Scene, hashes: str) -> None:
    """Whoever can change a tile can also take away what the schema says of its length."""
    scene.change(
        "ALTER TABLE ledger.tile DROP CONSTRAINT tile_hashes_check",
        f"UPDATE ledger.tile SET hashes = {hashes} WHERE index = 2",
    )
    (finding,) = scene.audit()
    assert finding.kind is Kind.TILE_EDITED
    assert 513 <= finding.position <= 768


def test_what_was_edited_here_is_no_fork_to_who_holds_the_same_checkpoints(scene: Scene, tmp_path: Path) -> None:
    sizes = held_by_others(scene, tmp_path)
    # After the last full tile, so that the checkpoints over it are wrong, too.
    scene.change(EDITED.format(sizes[-1]))
    assert {each.kind for each in scene.audit(tmp_path)} == {Kind.ROW_EDITED}


def test_a_forged_tile_is_no_fork_where_the_checkpoint_is_gone(scene: Scene, tmp_path: Path) -> None:
    sizes = held_by_others(scene, tmp_path)
    scene.change(EXCHANGED, f"DELETE FROM ledger.checkpoint WHERE size = {next(each for each in sizes if each > 800)}")
    # That it is gone is seen by who holds it.
    assert {each.kind for each in scene.audit(tmp_path)} == {Kind.TILE_EDITED, Kind.CHECKPOINT_REMOVED}
    scene.change(f"DELETE FROM ledger.checkpoint WHERE size = {sizes[-1]}")
    assert {each.kind for each in scene.audit(tmp_path)} == {Kind.TILE_EDITED, Kind.CHECKPOINT_REMOVED}


def test_members_removed_and_members_invented_are_named(scene: Scene) -> None:
    with scene.owner() as owner:
        place = owner.execute("SELECT position FROM ledger.member WHERE position > 300 LIMIT 1").fetchall()[0][0]
        owner.execute("CREATE TABLE kept AS SELECT * FROM ledger.member WHERE position = %s", (place,))
        owner.execute("DELETE FROM ledger.member WHERE position = %s AND ordinal = 1", (place,))
    assert first(scene.audit()) == (Kind.ROW_EDITED, place)
    scene.change("DELETE FROM ledger.member WHERE position = (SELECT min(position) FROM kept)")
    assert first(scene.audit()) == (Kind.ROW_EDITED, place)
    scene.change("INSERT INTO ledger.member SELECT * FROM kept")
    assert scene.audit() == []
    scene.change(
        "INSERT INTO ledger.member (log_id, position, ordinal, subject, role, salt)"
        f" SELECT 0, {place}, 7, subject, role, salt FROM ledger.member WHERE position = {place} AND ordinal = 0"
    )
    assert first(scene.audit()) == (Kind.ROW_INSERTED, place)


LEADS = {
    "made to lead to another": "UPDATE ledger.reference SET subject = (SELECT max(subject::text)::uuid"
    " FROM ledger.subject) WHERE subject = (SELECT min(subject::text)::uuid FROM ledger.subject)",
    "removed": "DELETE FROM ledger.reference WHERE digest = (SELECT min(digest::text)::uuid FROM ledger.reference)",
    "its key removed": "DELETE FROM ledger.subject"
    " WHERE subject = (SELECT min(subject::text)::uuid FROM ledger.subject)",
    "in a log that is none": "UPDATE ledger.reference SET log_id = 7"
    " WHERE digest = (SELECT min(digest::text)::uuid FROM ledger.reference)",
}


@pytest.mark.parametrize("what", LEADS)
def test_a_name_that_does_not_lead_to_its_person_any_more(scene: Scene, what: str) -> None:
    scene.change(LEADS[what])
    assert {each.kind for each in scene.audit()} == {Kind.REFERENCE_EDITED}


def test_the_time_of_the_head_is_that_of_the_newest_entry(scene: Scene) -> None:
    scene.change("UPDATE ledger.log SET appended_at = appended_at + interval '1 year'")
    found = scene.audit()
    assert [(each.kind, each.where) for each in found] == [(Kind.HEAD_EDITED, "ledger.log")]


def test_the_newest_snapshot_removed(scene: Scene) -> None:
    scene.change("DELETE FROM ledger.heads WHERE covers = (SELECT max(covers) FROM ledger.heads)")
    # As after a crash: its pages are there, and the next one registers it.
    assert scene.audit() == []
    scene.change(
        "DELETE FROM ledger.heads_page WHERE covers NOT IN (SELECT covers FROM ledger.heads)",
    )
    (found,) = scene.audit()
    assert found.kind is Kind.SNAPSHOT_DIFFERS


def test_an_older_checkpoint_removed_is_noticed_by_who_kept_it(scene: Scene, tmp_path: Path) -> None:
    with scene.owner() as owner:
        size, note = owner.execute("SELECT size, note FROM ledger.checkpoint ORDER BY size OFFSET 5").fetchall()[0]
    (tmp_path / "kept.checkpoint").write_bytes(note)
    assert scene.audit(tmp_path) == []
    scene.change(f"DELETE FROM ledger.checkpoint WHERE size = {size}")
    (found,) = scene.audit(tmp_path)
    assert (found.kind, found.position) == (Kind.CHECKPOINT_REMOVED, size)


def test_the_log_of_several_is_named(server: str, database: str, tmp_path: Path) -> None:
    scene = made(database, tmp_path, 3, 120)
    assert scene.audit() == []
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("UPDATE ledger.entry SET type = 'data.erased' WHERE log_id = 1 AND position = 5")
        owner.execute("DELETE FROM ledger.entry WHERE log_id = 2 AND position = 7")
    found = scene.audit()
    firsts = [next(each for each in found if each.log_id == log_id) for log_id in (1, 2)]
    assert [(each.kind, each.position) for each in firsts] == [(Kind.ROW_EDITED, 5), (Kind.ROW_REMOVED, 7)]
    assert all(each.log_id for each in found)
