"""A span that does not match, looked at row by row: where it begins, and what kind of change it looks like.

Three witnesses speak of every entry: its own bytes, the tile that holds its hash, and the next entry of its stream. Two
that agree are believed. Slow, and in memory: 100 MB a span.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, cast

from ledger.audit import tree
from ledger.audit.found import MOST, Finding, Kind, short
from ledger.audit.notes import TEXT
from ledger.audit.roots import root_at
from ledger.audit.rows import fields, number, rows
from ledger.audit.span import COHORT, DIGEST_BYTES, ENTRIES, NONE, Read, Row, Span, bounds, stored_tiles

if TYPE_CHECKING:
    from psycopg import Connection

WHERE = "ledger.entry"
NEXT = "SELECT size, note FROM ledger.checkpoint WHERE log_id = %s AND size >= %s ORDER BY size LIMIT 1"
MOST_ASKED = 20
"""Tiles for which signed checkpoints are asked: each time all the tiles' roots are read."""


class Trace:
    """One span's second reading."""

    def __init__(self, connection: Connection[Any], span: Span, lookup: bytes | None) -> None:
        self._connection = connection
        self._span = span
        self._lookup = lookup
        self.findings: list[Finding] = []
        self._asked = 0
        self._held: dict[int, bytes] = {}
        """The leaf hash that is believed of each position under a full tile."""
        self._mine: dict[int, bytes] = {}
        """Index of a full tile → its root, as the entries have it; of those already judged, as it is believed."""

    def read(self) -> Read:
        """Read the span; explain into `findings`, and return it as it would be if the tiles are right."""
        span = self._span
        query = ENTRIES.format(span.log_id, span.first, span.last)
        stored: dict[int, Row] = {}
        for each in rows(self._connection, query):
            position, stream, sequence, key, kind, entry = fields(each)
            stored[number(position)] = Row(
                number(position), stream or b"", number(sequence), key or b"", kind or b"", entry or b""
            )
        leaves = {position: tree.leaf_of(row.bytes) for position, row in stored.items()}
        self._tiles(leaves)
        place = self._shift(stored, leaves)
        damaged = {each.position for each in self.findings if each.kind is not Kind.TILE_EDITED}
        for position in range(span.first + 1, (place or span.last + 1)):
            if position not in stored:
                if position - 1 in stored or position == span.first + 1:
                    self._say(position, Kind.ROW_REMOVED, "a row", "none")
                damaged.add(position)
            elif self._compare(stored[position], leaves[position]):
                damaged.add(position)
        believed = [
            self._held.get(position) or leaves.get(position) or NONE
            for position in range(span.first + 1, span.last + 1)
        ]
        read = self._streams(stored, believed, damaged, place or span.last + 1)
        self.findings = self.findings[:MOST]
        return read

    def _say(self, position: int, kind: Kind, expected: str, found: str) -> None:
        where = f"{WHERE} {position}" if kind is not Kind.TILE_EDITED else f"ledger.tile of {position}"
        self.findings.append(Finding(self._span.log_id, position, kind, where, expected, found))

    def _tiles(self, leaves: dict[int, bytes]) -> None:
        """Read the full tiles, and compare each with itself, with the level above and with the entries."""
        span = self._span
        full = (span.last - span.first) // tree.TILE
        start = span.first // tree.TILE
        stored = stored_tiles(self._connection, span.log_id, 0, start, full)
        above = stored_tiles(self._connection, span.log_id, 1, span.first // tree.SPAN, 1)
        whole = full == tree.TILE
        roots = tree.split(above[span.first // tree.SPAN][1]) if whole and above else []
        computed: list[bytes] = []
        for index in range(start, start + full):
            first = index * tree.TILE + 1
            mine = [leaves.get(position, NONE) for position in range(first, first + tree.TILE)]
            self._mine[index] = tree.root_of(mine)
        # However many tiles are not the entries': if what was signed is, the entries are believed.
        signed = any(stored.get(index, (b"",))[0] != root for index, root in self._mine.items()) and self._is_signed(
            start + full - 1, self._mine
        )
        for offset in range(full):
            first = span.first + offset * tree.TILE + 1
            mine = [leaves.get(position, NONE) for position in range(first, first + tree.TILE)]
            mine_root = self._mine[start + offset]
            computed.append(mine_root)
            if start + offset not in stored:
                self._say(first, Kind.TILE_EDITED, "a tile of level 0", "none")
                continue
            root, blob = stored[start + offset]
            hashes = tree.split(blob)
            upper = roots[offset] if offset < len(roots) else b""
            if hashes == mine:
                self._held |= dict(enumerate(mine, first))
                if root != mine_root:
                    self._say(first, Kind.TILE_EDITED, f"the root {short(mine_root)}", short(root))
                continue
            hashes_root = tree.root_of(hashes)
            for_mine = (root == mine_root) + (upper == mine_root)
            judged = {index: self._mine[index] for index in range(start, start + offset + 1)}
            if (
                len(blob) != tree.TILE_BYTES
                or signed
                or for_mine > (root == hashes_root) + (upper == hashes_root)
                or self._is_signed(start + offset, judged)
            ):
                odd, found = _odd(hashes, mine)
                self._say(first + odd, Kind.TILE_EDITED, f"the leaf {short(mine[odd])}", found)
                self._held |= dict(enumerate(mine, first))
                if root != mine_root:
                    self._say(first, Kind.TILE_EDITED, f"the root {short(mine_root)}", short(root))
                continue
            computed[-1] = self._mine[start + offset] = hashes_root
            self._held |= dict(enumerate(hashes, first))
            if root != hashes_root:
                self._say(first, Kind.TILE_EDITED, f"the root {short(hashes_root)}", short(root))
        if whole:
            self._above(above.get(span.first // tree.SPAN), computed)

    def _above(self, stored: tuple[bytes, bytes] | None, computed: list[bytes]) -> None:
        """Compare the tile of level 1 over a full span with the roots of the tiles below it."""
        first = self._span.first
        if stored is None:
            self._say(first + 1, Kind.TILE_EDITED, "a tile of level 1", "none")
            return
        roots = tree.split(stored[1])
        if roots != computed:
            odd, found = _odd(roots, computed)
            place = first + odd * tree.TILE + 1
            self._say(place, Kind.TILE_EDITED, f"in level 1, {short(computed[odd])}", found)
        root = tree.root_of(computed)
        if stored[0] != root:
            self._say(first + 1, Kind.TILE_EDITED, f"in level 1, the root {short(root)}", short(stored[0]))

    def _is_signed(self, index: int, roots: dict[int, bytes]) -> bool:
        """Tell whether the root of the next checkpoint after a tile is right, with these roots of tiles.

        All others count as they are stored.
        """
        self._asked += 1
        if self._asked > MOST_ASKED:
            return False
        log_id = self._span.log_id
        row = self._connection.execute(NEXT, (log_id, (index + 1) * tree.TILE)).fetchone()
        said = TEXT.match(row[1]) if row is not None else None
        if row is None or said is None:
            return False
        return b64encode(root_at(self._connection, log_id, row[0], instead=roots)) == said[3]

    def _shift(self, stored: dict[int, Row], leaves: dict[int, bytes]) -> int:
        """Find where all that follows stands one place too late or too early; return that position, or 0."""
        span = self._span
        for position in range(span.first + 1, span.last):
            row, following = stored.get(position), stored.get(position + 1)
            if row is None or following is None:
                continue
            said, next_said = _position(row.bytes), _position(following.bytes)
            late = self._held.get(position, leaves[position + 1]) == leaves[position + 1]
            if next_said == position and said != position + 1 and late:
                self._say(position, Kind.ROW_INSERTED, f"the entry that says {position}", "it, one place later")
                return position
            if said == position + 1 and next_said == position + 2:
                self._say(position, Kind.ROW_REMOVED, f"the entry that says {position}", f"the one that says {said}")
                return position
        return 0

    def _compare(self, row: Row, leaf: bytes) -> bool:
        """Compare an entry with what its tile holds and with its columns; tell whether it is damaged."""
        position = row.position
        held = self._held.get(position)
        if held is not None and held != leaf:
            said = _position(row.bytes)
            elsewhere = said != position and self._held.get(said) == leaf
            if elsewhere:
                self._say(position, Kind.ROW_MOVED, f"the entry that says {position}", f"the one that says {said}")
            else:
                self._say(position, Kind.ROW_EDITED, f"the leaf {short(held)}", short(leaf))
            return True
        try:
            said = cast("dict[str, Any]", json.loads(row.bytes))
            stream, sequence, kind = bytes.fromhex(said["stream"]), said["sequence"], said["type"].encode()
            pair = f"{said['source']}\0{said['id']}".encode()
            place, origin = said["position"], said["log"]
        except (ValueError, KeyError, TypeError, AttributeError):
            self._say(position, Kind.ROW_EDITED, "an entry", "bytes that are none")
            return True
        if (place, origin) != (position, self._span.origin):
            self._say(position, Kind.ROW_MOVED, f"{self._span.origin}, {position}", f"{origin}, {place}")
        elif stream != row.stream:
            self._say(position, Kind.STREAM_SWAPPED, f"stream {stream.hex()}, as its bytes say", row.stream.hex())
        elif sequence != row.sequence:
            self._say(position, Kind.ROW_EDITED, f"sequence {sequence}, as its bytes say", str(row.sequence))
        elif kind != row.type:
            self._say(position, Kind.ROW_EDITED, f"type {kind.decode()}, as its bytes say", repr(row.type)[1:])
        elif self._lookup is not None and _keyed(self._lookup, pair) != row.repeat_key:
            self._say(position, Kind.ROW_EDITED, "the repeat key of its source and id", row.repeat_key.hex())
        else:
            return False
        return True

    def _streams(self, stored: dict[int, Row], believed: list[bytes], damaged: set[int], end: int) -> Read:
        """Follow each stream; a damaged row counts as the hash that is believed of it."""
        span = self._span
        cohorts: dict[int, tuple[int, bytes]] = {}
        firsts: dict[bytes, tuple[int, bytes, int]] = {}
        heads: dict[bytes, tuple[int, bytes]] = {}
        origins: dict[bytes, int] = {}
        # A row that is gone or elsewhere breaks its stream once, where it should stand.
        explained = {self._held[position] for position in damaged if position in self._held}
        pieces: list[bytes] = []
        for position in range(span.first + 1, min(end, span.last + 1)):
            row = stored.get(position)
            if row is not None and position not in damaged:
                said = cast("dict[str, Any]", json.loads(row.bytes))
                previous = _previous(said)
                head = heads.get(row.stream)
                if head is None:
                    firsts[row.stream] = row.sequence, previous, position
                    broken = (row.sequence == 1) != (said["previous"] == "")
                else:
                    broken = head != (row.sequence - 1, previous)
                if broken and previous not in explained:
                    self._broken(position, origins.get(row.stream, 0), head, row.sequence, previous)
                heads[row.stream] = row.sequence, believed[position - span.first - 1]
                origins[row.stream] = position
                if found := COHORT.search(row.bytes):
                    cohorts[position] = int(found[1]), b64decode(found[2])
            elif row is not None and row.stream in heads:
                heads[row.stream] = row.sequence, believed[position - span.first - 1]
                origins[row.stream] = position
            elif row is not None:
                # What it names as previous is not believed, so the span before is not asked.
                heads[row.stream] = row.sequence, believed[position - span.first - 1]
                firsts[row.stream] = row.sequence, NONE, 0
                origins[row.stream] = position
            if position == span.cut:
                pieces.append(bounds(firsts, heads))
                firsts, heads = {}, {}
        pieces.append(bounds(firsts, heads))
        volume = sum(len(row.bytes) for row in stored.values())
        return Read(believed, pieces, cohorts, volume, frozenset(damaged) | {*range(end, span.last + 1)})

    def _broken(
        self, position: int, before: int, head: tuple[int, bytes] | None, sequence: int, previous: bytes
    ) -> None:
        """Say which of two neighbours of a stream does not match the other."""
        if head is not None and head[0] == sequence - 1 and before not in self._held and position > before:
            # No tile holds the earlier one yet; the later one names the hash that it had.
            self._say(before, Kind.ROW_EDITED, f"the leaf {short(previous)}, as {position} says", short(head[1]))
            return
        expected = f"sequence {head[0] + 1} after {short(head[1])}" if head is not None else "sequence 1 after nothing"
        self._say(position, Kind.STREAM_BROKEN, expected, f"sequence {sequence} after {short(previous)}")


def _odd(stored: list[bytes], right: list[bytes]) -> tuple[int, str]:
    """Return where stored hashes, however many, begin to be others than the right ones; and what is there."""
    for index, hash_ in enumerate(right):
        if stored[index : index + 1] != [hash_]:
            return index, short(stored[index]) if index < len(stored) else "nothing"
    return len(right) - 1, f"{len(stored) - len(right)} more"


def _position(entry: bytes) -> int:
    """Return the position that an entry says it has; 0 if it says none."""
    try:
        said = json.loads(entry)
    except ValueError:
        return 0
    place: Any = cast("dict[str, Any]", said).get("position") if isinstance(said, dict) else 0
    return place if isinstance(place, int) else 0


def _previous(said: dict[str, Any]) -> bytes:
    """Return the hash that an entry names as its stream's previous."""
    try:
        found = b64decode(said["previous"], validate=True)
    except (ValueError, TypeError, KeyError):
        return b"\xff" * tree.HASH
    return found if len(found) == tree.HASH else NONE


def _keyed(lookup: bytes, pair: bytes) -> bytes:
    return blake2b(pair, digest_size=DIGEST_BYTES, key=lookup, person=b"repeat").digest()
