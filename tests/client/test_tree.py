"""The formats, by vectors that somebody else's programs agreed to, and the tree, by its five-line definition."""

from __future__ import annotations

import json
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whosaw_client.notes import open_checkpoint, read_checkpoint, read_consistency, read_key, read_proof
from whosaw_client.report import Refused
from whosaw_client.tree import extends, leaf_hash, node_hash, root_by_inclusion

from ledger import merkle

PLACE = Path(__file__).parents[1] / "vectors" / "tree.json"
FROZEN = "b638f12eafdf3fe581ef9619888124efa873dcf55261265bf14612343b06242a"
KNOWN: dict[str, Any] = json.loads(PLACE.read_text(encoding="utf-8"))
NOTE: bytes = KNOWN["checkpoint"].encode()
KEY = read_key(KNOWN["log"]["verifier_key"])
ROOTS = [bytes.fromhex(each) for each in KNOWN["roots"]]


def root(leaves: list[bytes]) -> bytes:
    """Return the root. RFC 6962, 2.1, word for word."""
    if len(leaves) < 2:
        return sha256(b"\0" + leaves[0]).digest() if leaves else sha256(b"").digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + root(leaves[:split]) + root(leaves[split:])).digest()


def test_the_vectors_are_those_that_were_frozen() -> None:
    assert sha256(PLACE.read_bytes()).hexdigest() == FROZEN


def test_leaves_and_roots() -> None:
    entries = [each.encode() for each in KNOWN["entries"]]
    assert [leaf_hash(each).hex() for each in entries] == KNOWN["leaves"]
    assert [root(entries[:size]).hex() for size in range(6)] == KNOWN["roots"]
    third, fourth = (bytes.fromhex(each) for each in KNOWN["leaves"][2:4])
    assert node_hash(third, fourth).hex() == KNOWN["node_of_leaves_2_and_3"]


def test_the_checkpoint_and_what_leads_to_it() -> None:
    checkpoint = open_checkpoint(NOTE, KEY, "the checkpoint")
    assert (checkpoint.origin, checkpoint.size, checkpoint.root) == ("ledger.example/log0", 5, ROOTS[5])
    for index, text in KNOWN["inclusion"].items():
        proof = read_proof(text.encode(), "the proof")
        assert (proof.leaf_index, proof.note) == (int(index), NOTE)
        leaf = bytes.fromhex(KNOWN["leaves"][int(index)])
        assert root_by_inclusion(proof.leaf_index, 5, leaf, proof.path) == ROOTS[5]
    for old, text in KNOWN["consistency"].items():
        file = read_consistency(text.encode(), "the file")
        assert (file.old, file.note) == (int(old), NOTE)
        assert extends(file.old, ROOTS[file.old], 5, ROOTS[5], file.path)
        assert not extends(file.old, ROOTS[4], 5, ROOTS[5], file.path)


def test_every_changed_byte_of_a_note_is_refused_or_in_a_line_of_another_key() -> None:
    lines = NOTE.index("— witness".encode())
    for place in range(len(NOTE)):
        for bit in (1, 0x20, 0x80):
            changed = bytearray(NOTE)
            changed[place] ^= bit
            if place < lines:
                with pytest.raises(Refused):
                    open_checkpoint(bytes(changed), KEY, "the note")


def test_every_changed_byte_of_a_proof_is_refused_or_leads_elsewhere() -> None:
    whole = KNOWN["inclusion"]["2"].encode()
    leaf = bytes.fromhex(KNOWN["leaves"][2])
    for place in range(whole.index(NOTE)):
        changed = bytearray(whole)
        changed[place] ^= 1
        try:
            proof = read_proof(bytes(changed), "the proof")
        except Refused:
            continue
        found = root_by_inclusion(proof.leaf_index, 5, leaf, proof.path)
        assert (proof.note, found) != (NOTE, ROOTS[5]), place


@pytest.mark.parametrize(
    "text",
    [
        "", "\n", "\n\n", "x\n\n", "o\n5\n\n", "o\n05\nAAAA\n\n", "o\n-1\nAAAA\n\n", "o\n5\nAAAA\n\n— x y",
        "o\n5\n\nx\n\n— x y\n", "o\r\n5\r\n\r\n", "o\n5\nAAAA\n\n- x y\n", "o\n" + "9" * 30 + "\nAAAA\n\n— x y\n",
    ],
    ids=range(12),
)  # fmt: skip
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        read_checkpoint(text.encode(), "the note")
    with pytest.raises(Refused):
        open_checkpoint(text.encode(), KEY, "the note")


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_without_an_accident(content: bytes) -> None:
    for read in (read_checkpoint, read_proof, read_consistency):
        for body in (content, content + b"\n\n" + NOTE, b"old 3\n" + content, b"c2sp.org/tlog-proof@v1\n" + content):
            with suppress(Refused):
                read(body, "it")


def test_paths_agree_with_the_definition_and_with_the_ledger_at_many_sizes() -> None:
    chance = Random(1)
    leaves = [bytes((number % 256, number // 256)) for number in range(600)]

    def subtree(first: int, last: int) -> bytes:
        return root(leaves[first:last])

    for size in (*range(1, 34), 63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 512, 513, 599, 600):
        whole = root(leaves[:size])
        for index in {0, size - 1, *(chance.randrange(size) for _ in range(3))}:
            path = merkle.inclusion_path(index, size, subtree)
            assert root_by_inclusion(index, size, leaf_hash(leaves[index]), path) == whole
            assert root_by_inclusion(index, size, leaf_hash(b"x"), path) != whole
            assert root_by_inclusion(index, size, leaf_hash(leaves[index]), [*path, bytes(32)]) is None
            assert not path or root_by_inclusion(index, size, leaf_hash(leaves[index]), path[:-1]) is None
        for old in {1, size, *(chance.randrange(1, size + 1) for _ in range(3))}:
            path = merkle.consistency_path(old, size, subtree)
            assert extends(old, root(leaves[:old]), size, whole, path)
            assert not extends(old, bytes(32), size, whole, path)
            assert not extends(old, root(leaves[:old]), size, bytes(32), path)
            assert not extends(old, root(leaves[:old]), size, whole, [*path, bytes(32)])
    assert root_by_inclusion(5, 5, bytes(32), []) is None
    assert root_by_inclusion(-1, 5, bytes(32), []) is None
    assert not extends(0, ROOTS[0], 5, ROOTS[5], [])
    assert not extends(6, ROOTS[5], 5, ROOTS[5], [])


@settings(max_examples=300)
@given(st.integers(0, 40), st.integers(0, 40), st.lists(st.binary(min_size=32, max_size=32), max_size=8))
def test_no_path_of_any_length_proves_what_is_not_so(old: int, size: int, path: list[bytes]) -> None:
    assert not extends(old, b"\1" * 32, size, b"\2" * 32, path)
    assert root_by_inclusion(old, size, b"\1" * 32, path) != b"\2" * 32
