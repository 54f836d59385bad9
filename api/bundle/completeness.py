"""That nothing of hers was left out: her last entry, and her number of cohorts, under the newest heads snapshot.

What it proves is «these are all entries of this stream up to here», never «this is all about this person»: a sealed
fact is in a stream that nothing links to her.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import orjson

from ledger import snapshot
from ledger.heads import Absent, Kind, Neighbour, Present

if TYPE_CHECKING:
    from psycopg import Connection

    from ledger import Subject

ENTRY = "SELECT bytes FROM ledger.entry WHERE log_id = %s AND position = %s"


class Heads(NamedTuple):
    """What a bundle says of completeness."""

    position: int
    """Of the snapshot's entry."""
    covers: int
    """Entries up to this position are proven to be all."""
    entry: bytes
    """The snapshot's entry, as stored."""
    file: bytes
    """heads.json."""


def heads_of(connection: Connection[Any], subject: Subject, as_of: int) -> Heads | None:
    """Return the proof that a person's entries are all, up to the newest snapshot before a position.

    None before the first snapshot.
    """
    try:
        return _heads(connection, subject, as_of)
    except snapshot.NotKept:
        # A newer snapshot took its place between two reads: now that one is the newest, or it is too new for this.
        return _heads(connection, subject, as_of)


def _heads(connection: Connection[Any], subject: Subject, as_of: int) -> Heads | None:
    newest = snapshot.newest(connection, subject.log_id, as_of)
    if newest is None:
        return None
    row = connection.execute(ENTRY, (subject.log_id, newest.entry_position)).fetchone()
    assert row is not None, "a snapshot is registered after its entry"
    identity = UUID(hex=subject.id).bytes
    document = {
        "snapshot": newest.entry_position,
        "covers": newest.covers,
        "streams": newest.leaves,
        "root": _text(newest.root),
        "heads": [
            {"kind": kind, "id": subject.id, **_proof(snapshot.head_of(connection, newest, kind, identity))}
            for kind in KINDS
        ],
    }
    return Heads(newest.entry_position, newest.covers, bytes(row[0]), orjson.dumps(document))


KINDS: tuple[Kind, ...] = ("stream", "cohorts")


def _proof(found: Present | Absent) -> dict[str, Any]:
    if isinstance(found, Absent):
        return {"absent": {"left": _neighbour(found.left), "right": _neighbour(found.right)}}
    return {
        "number": found.number,
        "hash": _text(found.hash),
        "index": found.index,
        "path": [_text(each) for each in found.path],
    }


def _neighbour(found: Neighbour | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "label": _text(found.label),
        "number": found.number,
        "hash": _text(found.hash),
        "index": found.index,
        "path": [_text(each) for each in found.path],
    }


def _text(data: bytes) -> str:
    return b64encode(data).decode()
