"""The client of a witness: shows it a checkpoint and what proves that it extends the one before, and takes its word.

Source: C2SP tlog-witness, «add-checkpoint».
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from api.outside.http import Unreachable, post
from ledger.cosignature import DASH, Witness, check_cosignature, read_witness
from ledger.errors import Forked, RolledBack
from ledger.proofs import consistency_file

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE_TYPE = "text/x.tlog.size"
ATTEMPTS = 3
"""Somebody else may show the witness a newer checkpoint between two of ours."""


class Place(NamedTuple):
    """Where a witness is."""

    witness: Witness
    url: str
    """The prefix that `/add-checkpoint` is added to."""


def places(text: str) -> list[Place]:
    """Read `VKEY URL, VKEY URL`.

    Raises:
        ValueError: A part is not of that form, or its key not a cosigner's.
    """
    found: list[Place] = []
    for part in (each.split() for each in text.split(",") if each.strip()):
        if len(part) != 2 or not part[1].startswith(("http://", "https://")):  # noqa: PLR2004 - a key and an address
            raise ValueError("expected a witness as VERIFIER-KEY URL")
        found.append(Place(read_witness(part[0]), part[1].rstrip("/")))
    return found


def submit(place: Place, note: bytes, size: int, old: int, consistency: Callable[[int], list[bytes]]) -> str:
    """Show a checkpoint to a witness; return its line, checked.

    Args:
        place: Which witness.
        note: The signed checkpoint.
        size: Its.
        old: The largest size that the witness is believed to have seen.
        consistency: Returns the hashes that prove this checkpoint to extend a size.

    Raises:
        RolledBack: The witness has seen a larger log. Do not retry: an operator must look.
        Forked: The witness has seen another log of a size. Do not retry.
        Unreachable: It does not answer, or as no witness does. Retry later.
    """
    name, status = place.witness.name, 0
    for _ in range(ATTEMPTS):
        answer = post(f"{place.url}/add-checkpoint", consistency_file(old, consistency(old), note), "text/plain")
        status = answer.status
        if answer.status == HTTPStatus.OK:
            return _line(place.witness, answer.body, note)
        if answer.status == HTTPStatus.CONFLICT and answer.kind == SIZE_TYPE:
            seen = answer.body.decode("ascii", "replace").strip()
            if not seen.isdigit() or len(seen) > 18:  # noqa: PLR2004 - a 64-bit number
                break
            old = int(seen)
            if old > size:
                raise RolledBack(f"{name} has seen {old} entries of this log; here are {size}")
            continue
        if answer.status == HTTPStatus.UNPROCESSABLE_ENTITY:
            raise Forked(f"{name} has seen another history of this log")
        break
    raise Unreachable(f"{name} answered {status}")


def _line(witness: Witness, body: bytes, note: bytes) -> str:
    lines = [line for line in body.decode("utf-8", "replace").split("\n") if line.startswith(f"{DASH}{witness.name} ")]
    for line in lines:
        try:
            check_cosignature(line, witness, note)
        except ValueError:
            continue
        return line
    raise Unreachable(f"{witness.name} answered without a line of its own over this checkpoint")
