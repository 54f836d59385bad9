"""Where a person's facts live is frozen: the vectors are the contract, and are never made again."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ledger.fact import KeyedHashes
from ledger.home import Homes

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "home.json").read_text(encoding="utf-8"))
LOOKUP, HOME = bytes(range(32)), bytes(range(32, 64))


@pytest.mark.parametrize("vector", VECTORS["references"], ids=lambda vector: f"{vector['kind']}-{vector['digest'][:4]}")
def test_a_reference_is_found_and_housed_as_it_always_was(vector: dict[str, Any]) -> None:
    digest = KeyedHashes(LOOKUP).reference(vector["kind"], vector["value"])
    assert digest.hex() == vector["digest"]
    for logs, home in vector["home"].items():
        assert Homes(HOME, int(logs)).of(digest) == home


def test_repeats_sealed_streams_and_people_at_work_are_found_as_they_always_were() -> None:
    hashes = KeyedHashes(LOOKUP)
    assert hashes.sealed(bytes.fromhex(VECTORS["sealed"]["subject"])).hex() == VECTORS["sealed"]["digest"]
    assert hashes.repeat_key(VECTORS["repeat"]["source"], VECTORS["repeat"]["id"]).hex() == VECTORS["repeat"]["key"]
    assert hashes.actor(VECTORS["actor"]["id"]) == VECTORS["actor"]["key"]


def test_another_key_houses_people_elsewhere_and_every_log_gets_its_share() -> None:
    hashes = KeyedHashes(LOOKUP)
    digests = [hashes.reference("customer", f"C-{number}") for number in range(6_000)]
    counts = Counter(Homes(HOME, 3).of(digest) for digest in digests)
    assert set(counts) == {0, 1, 2}
    assert min(counts.values()) > 1_700
    assert any(Homes(HOME, 3).of(digest) != Homes(LOOKUP, 3).of(digest) for digest in digests)


def test_the_same_text_under_another_kind_is_another_reference() -> None:
    hashes = KeyedHashes(LOOKUP)
    assert hashes.reference("customer", "x") != hashes.reference("email", "x")
    # The boundary between kind and value cannot be moved.
    assert hashes.reference("ab", "c") != hashes.reference("a", "bc")
