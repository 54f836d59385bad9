"""What one process does: audit a span, and leave what the whole needs of it in a file, so that it is not read again.

A file is written beside and renamed, so it is whole or not there. A span with findings leaves none: it is read again.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from hashlib import sha256
from struct import Struct
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg

from ledger.audit import tree
from ledger.audit.found import MOST, Finding, Kind, short
from ledger.audit.notes import Reader, Unsound
from ledger.audit.rows import fields, number, rows
from ledger.audit.span import Mismatch, Span, members, read, tiles_match
from ledger.audit.trace import Trace

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg import Connection

CHECKPOINTS = "SELECT size, note FROM ledger.checkpoint WHERE log_id = {} AND size > {} AND size <= {} ORDER BY size"
HEAD = Struct(">Q32s32s")
"""A checkpoint: size; the root over the span's leaves up to it; the root that it states."""
FORMAT = 2


class Task(NamedTuple):
    """A span, and what it takes to audit it."""

    dsn: str
    span: Span
    verifiers: tuple[str, ...]
    lookup: bytes | None
    work: Path
    """Where its file goes."""


class Piece(NamedTuple):
    """An audited span."""

    span: Span
    began: str
    """RFC 3339."""
    counts: dict[str, int]
    peaks: list[bytes]
    """Roots of the complete subtrees of its leaves, the largest first; one of a full span."""
    heads: bytes
    """Its checkpoints, as `HEAD` has them."""
    bounds: list[bytes]
    findings: list[Finding]


def place_of(work: Path, span: Span) -> Path:
    """Return the file of a span; the same name says that it covers the same."""
    return work / f"{span.log_id}-{span.first}-{span.last}-{span.cut}"


_connections: dict[str, Connection[Any]] = {}


def connected(dsn: str) -> Connection[Any]:
    """Return this process's connection."""
    found = _connections.get(dsn)
    if found is None or found.closed:
        found = _connections[dsn] = psycopg.connect(dsn, autocommit=True)
    return found


def leave() -> None:
    """Close this process's connections."""
    while _connections:
        _connections.popitem()[1].close()


def audit(task: Task) -> Piece:
    """Audit a span.

    Raises:
        psycopg.Error: The database does not answer. What is done is kept; start again.
    """
    connection = connected(task.dsn)
    span = task.span
    began = datetime.now(UTC).isoformat(timespec="seconds")
    findings: list[Finding] = []
    try:
        found = read(connection, span, task.lookup)
        levels = tree.levels_of(found.leaves)
        if not tiles_match(connection, span, levels):
            raise Mismatch
    except Mismatch:
        trace = Trace(connection, span, task.lookup)
        found = trace.read()
        findings += trace.findings
        levels = tree.levels_of(found.leaves)
    erased, more = members(connection, span, found)
    findings += more
    heads, count, more = checkpoints(connection, task, levels)
    findings += more
    counts = {
        "entries": len(found.leaves),
        "bytes": found.volume,
        "checkpoints": count,
        "cohorts": len(found.cohorts),
        "members_erased": erased,
    }
    piece = Piece(span, began, counts, tree.peaks_of(levels, len(found.leaves)), heads, found.pieces, findings[:MOST])
    if not findings:
        keep(task.work, piece)
    return piece


def checkpoints(connection: Connection[Any], task: Task, levels: list[list[bytes]]) -> tuple[bytes, int, list[Finding]]:
    """Check every note of a span; return those that are sound, how many there are, and what does not match."""
    span, reader = task.span, Reader(task.verifiers)
    heads: list[bytes] = []
    findings: list[Finding] = []
    count = 0
    for row in rows(connection, CHECKPOINTS.format(span.log_id, span.first, span.last)):
        column, note = fields(row)
        size = number(column)
        count += 1
        where = f"ledger.checkpoint {size}"
        try:
            said = reader.read(note or b"")
        except Unsound as error:
            kind = Kind.OTHER_KEY if error.foreign else Kind.CHECKPOINT_EDITED
            findings.append(Finding(span.log_id, size, kind, where, "a note signed by this log's key", str(error)))
            continue
        if (said.origin, said.size) != (span.origin, size):
            found = f"{said.origin}, {said.size}"
            findings.append(Finding(span.log_id, size, Kind.CHECKPOINT_EDITED, where, f"{span.origin}, {size}", found))
            continue
        heads.append(HEAD.pack(size, tree.folded(tree.peaks_of(levels, size - span.first)), said.root))
    return b"".join(heads), count, findings


def keep(work: Path, piece: Piece) -> None:
    """Write an audited span's file, durable on return."""
    head = {
        "format": FORMAT,
        "span": list(piece.span),
        "began": piece.began,
        "counts": piece.counts,
        "peaks": [each.hex() for each in piece.peaks],
        "lengths": [len(piece.heads), *map(len, piece.bounds)],
    }
    body = b"".join((json.dumps(head).encode(), b"\n", piece.heads, *piece.bounds))
    path = place_of(work, piece.span)
    half = path.with_name(f"{path.name}.{os.getpid()}")
    with half.open("wb") as file:
        file.write(body)
        file.write(sha256(body).digest())
        file.flush()
        os.fsync(file.fileno())
    # Crash before this: a file that nobody reads, and the span is read again.
    half.replace(path)


def kept(work: Path, span: Span) -> Piece | None:
    """Return what an earlier run left of a span; None if nothing, or nothing whole."""
    try:
        content = place_of(work, span).read_bytes()
    except FileNotFoundError:
        return None
    body, digest = content[: -tree.HASH], content[-tree.HASH :]
    if sha256(body).digest() != digest:
        return None
    line, _, rest = body.partition(b"\n")
    head = json.loads(line)
    if head["format"] != FORMAT or head["span"] != list(span):
        return None
    blobs: list[bytes] = []
    for length in head["lengths"]:
        blobs.append(rest[:length])
        rest = rest[length:]
    peaks = [bytes.fromhex(each) for each in head["peaks"]]
    return Piece(span, head["began"], head["counts"], peaks, blobs[0], blobs[1:], [])


def expected_root(piece: Piece) -> str:
    """Return the beginning of a span's root, for a line that a person reads."""
    return short(tree.folded(piece.peaks))
