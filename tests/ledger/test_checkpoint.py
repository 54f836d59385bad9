"""Checkpoints against the vectors of the specifications, and against damage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.signed_head import Head
from ledger.signer import HeldKey, Signer

ROOT = bytes.fromhex("118d9f1220412719fd4d53a67ab398d2222128ffcc04ee554586d3f78c2f967f")
VERIFIER = "ledger.example/log0+245fc197+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
NOTE = (
    "ledger.example/log0\n5\nEY2fEiBBJxn9TVOmerOY0iIhKP/MBO5VRYbT94wvln8=\n\n"
    "— ledger.example/log0 "
    "JF/Blyra2mCRSeqQAJX9XJDMzjtyVmfB8oSeY7jkwLzxAs8tHpLaKwrqAqI7qkfVuXBQo23N3rLpXoxsL9u+KKs/Jw4=\n"
).encode()
WITNESS = (
    "— witness.example/w1 "
    "3xwKNQAAAABlU/EAtJg62kwa9hAL45XxtFPHJIuyWuokD2x5NI0CUFo7HzRM+f2bIwYGbm1flIuS4ycZ6k60ofSWx5PSFixyneLXCA==\n"
).encode()


def test_a_head_is_signed_byte_for_byte_as_the_specification_says() -> None:
    signer = Signer("ledger.example/log0", [HeldKey(b"\x01" * 32)])
    assert signer.verifier_key == VERIFIER
    assert signer.sign(Head(5, ROOT), {}) == NOTE


def test_a_note_opens_with_its_key_also_when_others_have_signed_too() -> None:
    expected = Checkpoint("ledger.example/log0", 5, ROOT)
    assert open_checkpoint(NOTE, VERIFIER) == expected
    assert open_checkpoint(NOTE + WITNESS, VERIFIER) == expected


@given(st.integers(0, len(NOTE) - 1), st.integers(1, 255))
def test_no_byte_of_a_note_can_change_unseen(place: int, change: int) -> None:
    damaged = bytearray(NOTE)
    damaged[place] ^= change
    with pytest.raises(ValueError):  # noqa: PT011 - whichever of the reasons comes first
        open_checkpoint(bytes(damaged), VERIFIER)


def test_another_key_does_not_open_a_note() -> None:
    other = Signer("ledger.example/log0", [HeldKey(b"\x03" * 32)]).verifier_key
    with pytest.raises(ValueError, match="no signature by"):
        open_checkpoint(NOTE, other)
