"""Envelopes open for whom they are, where they are, and for nobody else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.envelope import KEY_BYTES, PAD, KeyWrapper, Unopenable, decrypt, encrypt, key_id
from ledger.key_ring import KeyRing, begin

if TYPE_CHECKING:
    from pathlib import Path

KEY = os.urandom(KEY_BYTES)


@given(st.binary(max_size=400), st.binary(min_size=1, max_size=128))
def test_what_was_hidden_comes_back_with_its_padding(content: bytes, identity: bytes) -> None:
    envelope = encrypt(KEY, key_id(KEY), os.urandom(12), identity, content)
    opened = decrypt(KEY, envelope, identity)
    assert opened.startswith(content)
    assert opened[len(content) :].strip() == b""
    assert len(opened) % PAD == 0


@given(st.integers(0, 107), st.integers(1, 255))
def test_no_byte_of_an_envelope_can_change_unseen(place: int, change: int) -> None:
    damaged = bytearray(encrypt(KEY, key_id(KEY), bytes(12), b"stream 1", b"a note"))
    damaged[place % len(damaged)] ^= change
    with pytest.raises(Unopenable):
        decrypt(KEY, bytes(damaged), b"stream 1")


def test_an_envelope_does_not_open_in_another_entry_or_under_another_key() -> None:
    envelope = encrypt(KEY, key_id(KEY), bytes(12), b"entry 1", b"a note")
    with pytest.raises(Unopenable, match="moved or changed"):
        decrypt(KEY, envelope, b"entry 2")
    with pytest.raises(Unopenable, match="another key"):
        decrypt(os.urandom(KEY_BYTES), envelope, b"entry 1")


def test_lengths_within_one_step_look_the_same() -> None:
    lengths = {len(encrypt(KEY, key_id(KEY), bytes(12), b"entry", bytes(size))) for size in range(1, PAD + 1)}
    assert len(lengths) == 1


def ring(folder: Path) -> KeyRing:
    folder.mkdir()
    begin(folder, "ledger.example", None)
    return KeyRing(folder, "ledger.example")


def test_a_wrapped_key_opens_for_its_owner_under_its_own_key_only(tmp_path: Path) -> None:
    wrapper = KeyWrapper(ring(tmp_path / "one"))
    wrapped = wrapper.wrap(KEY, os.urandom(12), b"alice")
    assert wrapper.unwrap(wrapped, b"alice") == KEY
    with pytest.raises(Unopenable):
        wrapper.unwrap(wrapped, b"bob")
    with pytest.raises(Unopenable):
        KeyWrapper(ring(tmp_path / "two")).unwrap(wrapped, b"alice")
    for wrong in (b"", wrapped[:1], wrapped[:20], b"\0\2" + wrapped[2:]):
        with pytest.raises(Unopenable):
            wrapper.unwrap(wrong, b"alice")
