"""Tiles, bundles and proofs: the vectors of the specifications, the definition, and somebody else's verifier."""

from __future__ import annotations

import re
from base64 import b64decode
from contextlib import nullcontext
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import Damaged, tiles
from ledger.ledger import in_role
from ledger.merkle import inclusion_path, inclusion_root, is_consistent
from ledger.migrate import create_logs
from ledger.proofs import Proofs, consistency_file, tlog_proof
from ledger.tiles import Address, addresses, entry_bundle, hash_tile, parse, write
from tests.conftest import NAME, _database
from tests.ledger.grown import Hand, grow, numbered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

VECTOR, SMALL, LARGE, UNEVEN = range(4)
"""The logs here: five entries of the vectors, 600, 70,000 and 65,793."""
SIZES = {VECTOR: 5, SMALL: 600, LARGE: 70_000, UNEVEN: 65_793}
FIVE = (b"a", b"b", b"c", b"", b"e")
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "022a6979e6dab7aa5ae4c3e5e45f7e977112a7e63593820dbec1ec738a24f93c",
    "b137985ff484fb600db93107c77b0365c80d78f5b429ded0fd97361d077999eb",
    "36642e73c2540ab121e3a6bf9545b0a24982cd830eb13d3cd19de3ce6c021ec1",
    "da4b92343516e8268e41de5a54d7b2eb9443e98c31e76a8ba2b4abefa6773fc6",
    "118d9f1220412719fd4d53a67ab398d2222128ffcc04ee554586d3f78c2f967f",
)
NOTE = (
    "ledger.example/log0\n5\nEY2fEiBBJxn9TVOmerOY0iIhKP/MBO5VRYbT94wvln8=\n\n"
    "— ledger.example/log0 "
    "JF/Blyra2mCRSeqQAJX9XJDMzjtyVmfB8oSeY7jkwLzxAs8tHpLaKwrqAqI7qkfVuXBQo23N3rLpXoxsL9u+KKs/Jw4=\n"
).encode()
PROOF = b"""c2sp.org/tlog-proof@v1
index 2
bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=
sTeYX/SE+2ANuTEHx3sDZcgNePW0Kd7Q/Zc2HQd5mes=
KCSnzNosqnIMhcn7oei1tzXuz9sDh45Pjf5sNiUDC8Q=

"""
CONSISTENCY = b"""old 3
WX/LMSgtNGVMIA00GPylcFxkjr8ybsc9jd7xGEH4dtg=
bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=
sTeYX/SE+2ANuTEHx3sDZcgNePW0Kd7Q/Zc2HQd5mes=
KCSnzNosqnIMhcn7oei1tzXuz9sDh45Pjf5sNiUDC8Q=

"""


class Grown(NamedTuple):
    """The logs, and what was written to them."""

    connection: Connection[Any]
    """In the role of the API."""
    proofs: Proofs
    dsn: str
    """The owner's."""
    entries: dict[int, list[bytes]]
    leaves: dict[int, list[bytes]]


@pytest.fixture(scope="module")
def grown(server: str, template: str) -> Iterator[Grown]:
    """Logs of several lengths, for reading only."""
    with _database(server, template) as dsn:
        create_logs(dsn, NAME, len(SIZES))
        entries = {log_id: numbered(size) for log_id, size in SIZES.items()}
        leaves: dict[int, list[bytes]] = {}
        with psycopg.connect(dsn, autocommit=True) as owner:
            # An entry is never empty here; the one of the vectors is put in by hand.
            owner.execute("ALTER TABLE ledger.entry DROP CONSTRAINT entry_bytes_check")
            entries[VECTOR] = list(FIVE)
            for log_id in SIZES:
                leaves[log_id] = grow(owner, log_id, entries[log_id])
            owner.execute("ANALYZE")
        with psycopg.connect(in_role(dsn, "whosaw_api"), autocommit=True) as connection:
            yield Grown(connection, Proofs(lambda: nullcontext(connection)), dsn, entries, leaves)


def definition(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + definition(leaves[:split]) + definition(leaves[split:])).digest()


def expected_tile(leaves: list[bytes], address: Address) -> bytes:
    """Return a tile by the definition."""
    assert address.level is not None
    span = 256**address.level
    first = address.index * 256
    return b"".join(
        definition(leaves[place * span : (place + 1) * span]) for place in range(first, first + address.width)
    )


# Vectors.


def test_the_bundle_is_the_one_of_the_vectors(grown: Grown) -> None:
    bundle = entry_bundle(grown.connection, VECTOR, parse("tile/entries/000.p/5"), 5)
    assert bundle == bytes.fromhex("0001 61 0001 62 0001 63 0000 0001 65")


def test_the_roots_are_the_ones_of_the_vectors(grown: Grown) -> None:
    assert [grown.proofs.root(VECTOR, size).hex() for size in range(6)] == list(ROOTS)


def test_the_proof_files_are_the_ones_of_the_vectors(grown: Grown) -> None:
    assert tlog_proof(2, grown.proofs.inclusion(VECTOR, 3, 5), NOTE) == PROOF + NOTE
    assert grown.proofs.inclusion(VECTOR, 5, 5) == [b64decode("2kuSNDUW6CaOQd5aVNey65RD6Ywx52qLorSr76Z3P8Y=")]
    assert consistency_file(3, grown.proofs.consistency(VECTOR, 3, 5), NOTE) == CONSISTENCY + NOTE
    assert consistency_file(0, grown.proofs.consistency(VECTOR, 0, 5), NOTE) == b"old 0\n\n" + NOTE
    assert consistency_file(5, grown.proofs.consistency(VECTOR, 5, 5), NOTE) == b"old 5\n\n" + NOTE


# The definition.

READING = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
LOGS = st.sampled_from([SMALL, LARGE, UNEVEN])


@READING
@given(st.integers(1, 600).flatmap(lambda size: st.tuples(st.integers(1, size), st.integers(0, size), st.just(size))))
def test_proofs_of_small_trees_are_the_definition_s(grown: Grown, case: tuple[int, int, int]) -> None:
    position, old, size = case
    leaves = grown.leaves[SMALL]
    for log_id in (SMALL, LARGE):
        path = grown.proofs.inclusion(log_id, position, size)
        assert path == inclusion_path(position - 1, size, lambda first, last: definition(leaves[first:last]))
        root = grown.proofs.root(log_id, size)
        assert root == definition(leaves[:size])
        if old:
            proof = grown.proofs.consistency(log_id, old, size)
            assert is_consistent(old, definition(leaves[:old]), size, root, proof)


@pytest.mark.parametrize("log_id", [LARGE, UNEVEN])
def test_proofs_of_large_trees_lead_to_the_definition_s_root(grown: Grown, log_id: int) -> None:
    size, leaves = SIZES[log_id], grown.leaves[log_id]
    root = definition(leaves)
    assert grown.proofs.root(log_id, size) == root
    edges = (1, 2, 255, 256, 257, 65_535, 65_536, 65_537, 65_792, 65_793, size - 1, size)
    for position, path in grown.proofs.inclusions(log_id, edges, size).items():
        assert inclusion_root(position - 1, size, leaves[position - 1], path) == root, position
        assert path == grown.proofs.inclusion(log_id, position, size)
    for old in edges:
        proof = grown.proofs.consistency(log_id, old, size)
        assert is_consistent(old, definition(leaves[:old]), size, root, proof), old


@READING
@given(LOGS, st.data())
def test_a_tile_is_the_definition_s_at_every_width_that_was_ever_signed(
    grown: Grown, log_id: int, data: st.DataObject
) -> None:
    size = SIZES[log_id]
    level = data.draw(st.integers(0, 2 if size >= 65_536 else 1))
    hashes = size >> 8 * level
    index = data.draw(st.integers(0, (hashes - 1) // 256))
    width = data.draw(st.integers(1, min(256, hashes - index * 256)))
    address = Address(level, index, width)
    expected = expected_tile(grown.leaves[log_id], address)
    assert hash_tile(grown.connection, log_id, address, size) == expected
    assert hash_tile(grown.connection, log_id, address, address.leaves) == expected
    assert hash_tile(grown.connection, log_id, address, address.leaves - 1) is None


@READING
@given(LOGS, st.data())
def test_a_bundle_holds_the_entries_at_every_width(grown: Grown, log_id: int, data: st.DataObject) -> None:
    size = SIZES[log_id]
    index = data.draw(st.integers(0, (size - 1) // 256))
    width = data.draw(st.integers(1, min(256, size - index * 256)))
    address = Address(None, index, width)
    entries = grown.entries[log_id][index * 256 : index * 256 + width]
    expected = b"".join(len(each).to_bytes(2) + each for each in entries)
    assert entry_bundle(grown.connection, log_id, address, size) == expected
    assert entry_bundle(grown.connection, log_id, address, address.leaves - 1) is None


def test_what_is_no_bundle_is_not_given_as_one(grown: Grown) -> None:
    assert hash_tile(grown.connection, SMALL, Address(None, 0), 600) is None
    assert entry_bundle(grown.connection, SMALL, Address(0, 0), 600) is None
    for level in range(1, 64):
        assert hash_tile(grown.connection, SMALL, Address(level, 10**18), 600) is None
    assert hash_tile(grown.connection, 9, Address(0, 0, 1), 0) is None


# Damage.

DAMAGE = [
    # What a superuser changes, and a position whose proof needs it.
    ("tile SET hashes = set_byte(hashes, %(byte)s, %(value)s) WHERE level = 0 AND index = 5", 1_281),
    ("tile SET hashes = set_byte(hashes, %(byte)s, %(value)s) WHERE level = 1 AND index = 0", 1),
    ("tile SET root = set_byte(root, %(byte)s %% 32, %(value)s) WHERE level = 0 AND index = 260", 69_900),
    ("tile SET root = set_byte(root, %(byte)s %% 32, %(value)s) WHERE level = 1 AND index = 0", 69_900),
    ("entry SET bytes = set_byte(bytes, %(byte)s %% 8, %(value)s) WHERE position = 69950", 69_900),
]  # fmt: skip


@settings(READING, max_examples=25)
@given(st.sampled_from(DAMAGE), st.integers(32, 8_191), st.integers(0, 255))
def test_a_changed_byte_on_any_level_never_makes_a_proof_that_holds(
    grown: Grown, damage: tuple[str, int], byte: int, value: int
) -> None:
    (change, position), size = damage, 70_000
    leaf, root = grown.leaves[LARGE][position - 1], grown.proofs.root(LARGE, size)
    right = grown.proofs.inclusion(LARGE, position, size)
    with psycopg.connect(grown.dsn) as owner:
        changed = owner.execute(f"UPDATE ledger.{change} AND log_id = {LARGE}", {"byte": byte, "value": value})
        assert changed.rowcount == 1
        proofs = Proofs(lambda: nullcontext(owner))
        path = proofs.inclusion(LARGE, position, size)
        owner.rollback()
    # The byte may have been that one already.
    assert path == right or inclusion_root(position - 1, size, leaf, path) != root


def test_missing_rows_are_told_and_never_skipped(grown: Grown) -> None:
    for statement, position in (
        ("DELETE FROM ledger.entry WHERE position = 69950", 69_900),
        ("DELETE FROM ledger.tile WHERE level = 0 AND index = 260", 69_900),
        ("DELETE FROM ledger.tile WHERE level = 1", 69_900),
    ):
        with psycopg.connect(grown.dsn) as owner:
            owner.execute(statement)
            with pytest.raises(Damaged):
                Proofs(lambda: nullcontext(owner)).inclusion(LARGE, position, 70_000)
            owner.rollback()


def test_a_lost_tile_is_computed_again_from_below(grown: Grown) -> None:
    with psycopg.connect(grown.dsn) as owner:
        owner.execute("UPDATE ledger.tile SET index = 999 WHERE level = 0 AND index = 5")
        proofs = Proofs(lambda: nullcontext(owner))
        assert proofs.inclusion(LARGE, 1_281, 70_000) == grown.proofs.inclusion(LARGE, 1_281, 70_000)
        owner.rollback()


# What is asked for, and how it is read.


@pytest.mark.parametrize("positions", [[0], [601], [-1, 5], [1, 10**20]])
def test_a_position_that_the_tree_has_not_is_refused(grown: Grown, positions: list[int]) -> None:
    with pytest.raises(ValueError, match="expected positions from 1 to 600"):
        grown.proofs.inclusions(SMALL, positions, 600)


@pytest.mark.parametrize(("old", "new"), [(6, 5), (-1, 5)])
def test_sizes_the_wrong_way_round_are_refused(grown: Grown, old: int, new: int) -> None:
    with pytest.raises(ValueError, match="the older size first"):
        grown.proofs.consistency(SMALL, old, new)


def test_a_size_beyond_the_end_is_not_made_up(grown: Grown) -> None:
    with pytest.raises(Damaged):
        grown.proofs.root(SMALL, 601)
    with pytest.raises(Damaged):
        entry_bundle(grown.connection, SMALL, Address(None, 2, 100), 1_000)


def test_no_proof_is_asked_and_none_is_given(grown: Grown) -> None:
    assert grown.proofs.inclusions(SMALL, [], 600) == {}


def test_many_proofs_read_each_tile_once(grown: Grown, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple[int, int]] = []
    held: list[int] = []

    def full_tiles(connection: Any, log_id: int, places: list[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
        read.extend(places)
        held.append(len(places))
        return tiles.full_tiles(connection, log_id, places)

    monkeypatch.setattr("ledger.proofs.full_tiles", full_tiles)
    positions = range(70_000, 0, -7)
    root = definition(grown.leaves[LARGE])
    found = grown.proofs.inclusions(LARGE, positions, 70_000)
    assert list(found) == sorted(positions)
    for position, path in found.items():
        assert inclusion_root(position - 1, 70_000, grown.leaves[LARGE][position - 1], path) == root
    assert len(read) == len(set(read)) == 274 + 2 + 1
    assert max(held) <= 64 + 6


PLANNED: list[tuple[str, tuple[Any, ...], str]] = [
    (tiles.FULL, (LARGE, [0, 1], [200, 0]), "tile"),
    (tiles.ROOTS, (LARGE, 0, 256, 273), "tile"),
    (tiles.LEAVES, (LARGE, 69_888, 70_000), "entry"),
    (tiles.ENTRIES, (LARGE, 512, 768), "entry"),
]


def plan(connection: Connection[Any], statement: Any, parameters: tuple[Any, ...]) -> str:
    return "\n".join(row[0] for row in connection.execute("EXPLAIN " + statement, parameters).fetchall())


@pytest.mark.parametrize(("statement", "parameters", "table"), PLANNED)
def test_tiles_and_entries_are_found_by_their_primary_key(
    grown: Grown, statement: str, parameters: tuple[Any, ...], table: str
) -> None:
    with grown.connection.transaction():
        # The tiles of seventy thousand entries are three pages, which nobody would look for by an index.
        grown.connection.execute("SET LOCAL enable_seqscan = off")
        grown.connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        found = plan(grown.connection, statement, parameters)
    assert f"{table}_pkey" in found
    (condition,) = re.findall(r"Index Cond: (.*)", found)
    assert condition.count("AND") == (3 if "index >=" in statement else 2), found
    assert "Filter" not in found


def test_entries_are_found_by_their_primary_key_without_being_told(grown: Grown) -> None:
    for statement, parameters, table in PLANNED:
        if table == "entry":
            assert "entry_pkey" in plan(grown.connection, statement, parameters)


# Somebody else's verifier.


@pytest.fixture(scope="module")
def aics() -> Any:
    return pytest.importorskip("aics_tlog", reason="aics-tlog is for Python 3.12 and newer")


def test_another_verifier_accepts_tiles_checkpoint_and_proofs(aics: Any, grown: Grown) -> None:
    for log_id in (VECTOR, SMALL, LARGE, UNEVEN):
        size, leaves = SIZES[log_id], grown.leaves[log_id]
        hand = Hand(f"{NAME}/log{log_id}")
        root = grown.proofs.root(log_id, size)
        found = aics.verify_checkpoint(aics.parse_note(hand.sign(size, root)), aics.parse_vkey(hand.verifier_key))
        assert (found.log_ok, found.origin, found.size, found.root) == (True, hand.origin, size, root)
        files: dict[str, bytes | None] = {}
        for each in addresses(size):
            read = entry_bundle if each.level is None else hash_tile
            files[write(each)] = read(grown.connection, log_id, each, size)
        reader = aics.MemoryTileReader(files)
        assert aics.tree_root_from_tiles(reader, size) == root
        audited = aics.audit_tiles(reader, size, root)
        assert audited.tiles + audited.bundles == len(files)
        for position in {1, size // 3 + 1, min(257, size), size}:
            path = grown.proofs.inclusion(log_id, position, size)
            assert aics.inclusion_proof_from_tiles(reader, position - 1, size) == path
            assert aics.verify_leaf_inclusion(grown.entries[log_id][position - 1], position - 1, size, path, root)
            proof = grown.proofs.consistency(log_id, position, size)
            assert aics.consistency_proof_from_tiles(reader, position, size) == proof
            assert aics.verify_consistency(position, size, definition(leaves[:position]), root, proof)
