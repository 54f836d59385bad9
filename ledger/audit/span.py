"""One span: up to 65,536 neighbouring positions, from their stored bytes to the roots over them.

Everything is read once and compared on the way. Whatever does not match is looked at again, slowly, by
`ledger.audit.trace`, which says what kind of change it looks like; nothing here explains.
"""

from __future__ import annotations

import gc
import re
from base64 import b64decode
from binascii import Error, b2a_base64, hexlify
from contextlib import closing
from hashlib import blake2b, sha256
from itertools import groupby
from struct import Struct
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.audit import tree
from ledger.audit.found import Finding, Kind
from ledger.audit.rows import fields, number, rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

# By the primary key; as many bytes as there are, which is what an audit costs at least.
ENTRIES = (
    "SELECT position, stream, sequence, repeat_key, type, bytes FROM ledger.entry"
    " WHERE log_id = {} AND position > {} AND position <= {} ORDER BY position"
)
TILES = "SELECT index, root, hashes FROM ledger.tile WHERE log_id = {} AND level = {} AND index >= {} AND index < {}"
# Both by their primary keys. Of who was forgotten the leaf hash is left.
MEMBERS = (
    "SELECT position, ordinal, subject, role, salt, envelope, NULL FROM ledger.member"
    " WHERE log_id = {0} AND position > {1} AND position <= {2}"
    " UNION ALL SELECT position, ordinal, NULL, NULL, NULL, NULL, leaf FROM ledger.erased_member"
    " WHERE log_id = {0} AND position > {1} AND position <= {2} ORDER BY position, ordinal"
)
FIXED = Struct(">6xq4x16s4xi4x16si")
"""Position, stream, sequence, repeat key and the type's length; the number of fields and their lengths are skipped."""
COHORT = re.compile(rb',"cohort":\{"size":([1-9][0-9]*),"root":"([A-Za-z0-9+/]{43}=)"\}\}')
COHORT_END = b'"}}'
"""Only a cohort's entry ends so: others end with an envelope, or with whom they are about."""
COHORT_BYTES = 128
BOUND = Struct(">16si32sQi32s")
"""A stream in a piece: its id; first sequence, the hash that it names as previous, position; last sequence, leaf."""
NONE = bytes(32)
DIGEST_BYTES = 16


class Span(NamedTuple):
    """What to audit."""

    log_id: int
    origin: str
    first: int
    """Positions first < p ≤ last. A multiple of 65,536."""
    last: int
    cut: int
    """Where a heads snapshot ends within the span; 0 if none does. Streams are bounded there, too."""


class Row(NamedTuple):
    """One entry's row as it is stored."""

    position: int
    stream: bytes
    sequence: int
    repeat_key: bytes
    type: bytes
    bytes: bytes


class Read(NamedTuple):
    """A span as it was read."""

    leaves: list[bytes]
    """Of each position; after findings, the hash that a tile holds in place of an entry that does not match."""
    pieces: list[bytes]
    """Bounds of every stream, up to the cut and after it; each in the order of first positions."""
    cohorts: dict[int, tuple[int, bytes]]
    """Position → size and root of those that are about several people."""
    volume: int
    """Bytes of entries."""
    damaged: frozenset[int] = frozenset()
    """Positions of which nothing more can be said."""


class Mismatch(Exception):
    """Something does not match: look again, slowly."""


def read(connection: Connection[Any], span: Span, lookup: bytes | None) -> Read:
    """Read a span's entries and compare each with its columns and with the one before it of its stream.

    Args:
        connection: Reads what is committed.
        span: Which.
        lookup: The key that repeats are found by; without it they are not compared.

    Raises:
        Mismatch: Anything at all is not as expected.
    """
    # No cycles are made here, and looking for them costs a tenth.
    gc.disable()
    try:
        with closing(rows(connection, ENTRIES.format(span.log_id, span.first, span.last))) as entries:
            return _read(entries, span, lookup)
    finally:
        gc.enable()


def _read(entries: Iterator[memoryview], span: Span, lookup: bytes | None) -> Read:  # noqa: C901 - one hot loop
    opening = f'\0{{"v":1,"log":"{span.origin}","position":'.encode()
    unpack, width = FIXED.unpack_from, FIXED.size
    keyed = blake2b(digest_size=DIGEST_BYTES, key=lookup, person=b"repeat").copy if lookup is not None else None
    leaves: list[bytes] = []
    add = leaves.append
    cohorts: dict[int, tuple[int, bytes]] = {}
    firsts: dict[bytes, tuple[int, bytes, int]] = {}
    heads: dict[bytes, tuple[int, bytes]] = {}
    pieces: list[bytes] = []
    cut = span.cut or span.last
    volume = 0
    wanted = span.first
    for row in entries:
        wanted += 1
        position, stream, sequence, repeat_key, length = unpack(row)
        start = width + length
        # Hashed with its first byte, so compared with it, too: the entry is copied once.
        entry = b"\0" + row[start + 4 :]
        leaf = sha256(entry).digest()
        add(leaf)
        volume += len(entry)
        head = heads.get(stream)
        if head is None:
            text = b'%b%d,"stream":"%b","sequence":%d,"previous":"' % (opening, wanted, hexlify(stream), sequence)
            firsts[stream] = sequence, _previous(entry, len(text), sequence), wanted
        else:
            text = b'%b%d,"stream":"%b","sequence":%d,"previous":"%b","appended":"' % (
                opening, wanted, hexlify(stream), head[0] + 1, b2a_base64(head[1], newline=False),
            )  # fmt: skip
            if sequence != head[0] + 1:
                raise Mismatch
        if position != wanted or not entry.startswith(text):
            raise Mismatch
        heads[stream] = sequence, leaf
        # None of these can stand inside a text, whose own quotes are escaped; sources and ids have nothing to escape.
        source = entry.find(b'","source":"', len(text))
        name = entry.find(b'","id":"', source)
        kind = entry.find(b'","type":"', name)
        if source < 0 or name < 0 or kind < 0 or not entry.startswith(b'%b","' % row[width:start], kind + 10):
            raise Mismatch
        if keyed is not None:
            digest = keyed()
            digest.update(b"%b\0%b" % (entry[source + 12 : name], entry[name + 8 : kind]))
            if digest.digest() != repeat_key:
                raise Mismatch
        if entry.endswith(COHORT_END):
            cohorts[position] = _cohort(entry)
        if position == cut and span.cut:
            pieces.append(bounds(firsts, heads))
            firsts, heads = {}, {}
    if wanted != span.last:
        raise Mismatch
    pieces.append(bounds(firsts, heads))
    return Read(leaves, pieces, cohorts, volume)


def _previous(entry: bytes, start: int, sequence: int) -> bytes:
    """Return the hash that a stream's first entry here names as previous."""
    if entry.startswith(b'","appended":"', start):
        if sequence != 1:
            raise Mismatch
        return NONE
    text = entry[start : start + 44]
    if sequence == 1 or not entry.startswith(b'","appended":"', start + 44):
        raise Mismatch
    try:
        previous = b64decode(text)
    except Error:
        raise Mismatch from None
    if b2a_base64(previous, newline=False) != text:
        raise Mismatch
    return previous


def _cohort(entry: bytes) -> tuple[int, bytes]:
    found = COHORT.search(entry, len(entry) - COHORT_BYTES)
    if found is None or found.end() != len(entry):
        raise Mismatch
    return int(found[1]), b64decode(found[2])


def bounds(firsts: dict[bytes, tuple[int, bytes, int]], heads: dict[bytes, tuple[int, bytes]]) -> bytes:
    """Return the records of a piece's streams."""
    return b"".join([BOUND.pack(stream, *first, *heads[stream]) for stream, first in firsts.items()])


def tiles_match(connection: Connection[Any], span: Span, levels: list[list[bytes]]) -> bool:
    """Tell whether the stored tiles of a span are its leaves and their roots, no more and no fewer."""
    full = len(levels[0]) // tree.TILE
    whole = len(levels[0]) == tree.SPAN
    start = span.first // tree.TILE
    stored = stored_tiles(connection, span.log_id, 0, start, full)
    expected = {
        start + index: (levels[8][index], b"".join(levels[0][tree.TILE * index : tree.TILE * (index + 1)]))
        for index in range(full)
    }
    if whole:
        place = span.first // tree.SPAN
        return stored == expected and stored_tiles(connection, span.log_id, 1, place, 1) == {
            place: (levels[16][0], b"".join(levels[8]))
        }
    return stored == expected


def stored_tiles(
    connection: Connection[Any], log_id: int, level: int, first: int, count: int
) -> dict[int, tuple[bytes, bytes]]:
    """Return the root and the hashes of stored tiles, by index."""
    found = (fields(row) for row in rows(connection, TILES.format(log_id, level, first, first + count)))
    return {number(index): (root or b"", hashes or b"") for index, root, hashes in found}


def members(connection: Connection[Any], span: Span, read: Read) -> tuple[int, list[Finding]]:
    """Compare the rows of cohorts' members with the roots in their entries.

    Returns:
        How many members were erased, of which a leaf hash is left; and what does not match.
    """
    findings: list[Finding] = []
    erased = 0
    left = dict(read.cohorts)
    for position, group in groupby(_members(connection, span), lambda each: each[0]):
        leaves: list[bytes] = []
        last = -1
        for _, ordinal, leaf, gone in group:
            last = ordinal
            leaves.append(leaf)
            erased += gone
        size, root = left.pop(position, (0, b""))
        if position in read.damaged:
            continue
        where = f"ledger.member of {position}"
        if size == 0 or last >= size or len(leaves) > size:
            found = f"number {last}, {len(leaves)} in all"
            findings.append(Finding(span.log_id, position, Kind.ROW_INSERTED, where, f"{size} members", found))
        elif len(leaves) < size:
            # Not as removed entries are: nothing behind it stands in another place.
            expected = f"{size} members, or their leaf hashes"
            findings.append(Finding(span.log_id, position, Kind.ROW_EDITED, where, expected, str(len(leaves))))
        elif tree.root_of(leaves) != root:
            findings.append(
                Finding(span.log_id, position, Kind.ROW_EDITED, where, "the cohort's root", "rows of another")
            )
    for position, (size, _) in left.items():
        if position not in read.damaged:
            where, expected = f"ledger.member of {position}", f"{size} members, or their leaf hashes"
            findings.append(Finding(span.log_id, position, Kind.ROW_EDITED, where, expected, "none"))
    return erased, findings


def _members(connection: Connection[Any], span: Span) -> Iterator[tuple[int, int, bytes, bool]]:
    """Yield position, ordinal, leaf hash, and whether nothing else is left."""
    for row in rows(connection, MEMBERS.format(span.log_id, span.first, span.last)):
        position, ordinal, subject, role, salt, envelope, leaf = fields(row)
        named = role or b""
        data = b"".join((salt or b"", subject or b"", bytes((min(len(named), 255),)), named, envelope or b""))
        yield number(position), number(ordinal), leaf or tree.leaf_of(data), leaf is not None
