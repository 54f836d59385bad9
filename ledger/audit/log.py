"""One log's audit: the spans in their order, and what only shows over all of them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import psycopg
from psycopg import IsolationLevel

from ledger.audit import tree
from ledger.audit.found import MOST, Finding, Kind, in_order, short
from ledger.audit.heads import Kept, check_newest, check_pages, check_whole, kept_of
from ledger.audit.outside import check_papers
from ledger.audit.piece import HEAD, Piece, Task, audit, kept
from ledger.audit.register import Part, check_part
from ledger.audit.roots import joined, root_at, root_of_entries
from ledger.audit.scope import Outcome
from ledger.audit.span import BOUND, NONE, Span, stored_tiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from psycopg import Connection

    from ledger.audit.outside import Paper
    from ledger.audit.processes import Processes
    from ledger.audit.scope import Log, Secrets

    Watch = Callable[[int, str], None]
    """Told how many positions are done, and what is being done."""

LOOK = """
    SELECT l.origin, l.size, l.appended_at,
           (SELECT bytes FROM ledger.entry AS e WHERE e.log_id = l.log_id AND e.position = l.size),
           coalesce((SELECT max(position) FROM ledger.entry AS e WHERE e.log_id = l.log_id), 0),
           coalesce((SELECT max(size) FROM ledger.checkpoint AS c WHERE c.log_id = l.log_id), 0)
    FROM ledger.log AS l WHERE l.log_id = %s
"""
BEYOND = "SELECT min(index) FROM ledger.tile WHERE log_id = %s AND level = %s AND index >= %s"
LEVELS = 8
KEPT_HEAD = "the newest signed head kept outside"
ROW_KINDS = {
    Kind.ROW_EDITED, Kind.ROW_INSERTED, Kind.ROW_REMOVED, Kind.ROW_MOVED, Kind.TAIL_CUT, Kind.STREAM_SWAPPED,
}  # fmt: skip


class LogAudit:
    """Audits one log. Belongs to one thread."""

    def __init__(self, dsn: str, log: Log, secrets: Secrets | None, processes: Processes, work: Path) -> None:
        """Prepare.

        Args:
            dsn: A login that may read every table of the ledger.
            log: Which, and what stands outside.
            secrets: Without them, keys and references are not looked at.
            processes: Do the work.
            work: A folder that is there; what is done is remembered in it.
        """
        self._dsn = dsn
        self._log = log
        self._secrets = secrets
        self._processes = processes
        self._work = work
        self._findings: list[Finding] = []
        self._counts: dict[str, int] = {}
        self._roots: list[bytes] = []
        """Of the spans done; all but the last are full."""
        self._heads: dict[bytes, bytes] = {}
        """Stream → last sequence (4 bytes), last leaf: 220 bytes of memory each."""
        self._streams_left = MOST
        self._wanted = {log.signed[0]} if log.signed is not None else set[int]()
        """Sizes of heads that are outside: what was signed there is compared with the entries."""
        self._computed: dict[int, bytes] = {}
        self._unsigned: tuple[int, int] | None = None
        """If there are entries after the newest checkpoint: where that one ends, and the size in `ledger.log`."""
        self._stated: dict[int, bytes] = {}
        """Of the same sizes, what the log's own checkpoints say."""
        self._right: list[int] = []
        self._wrong: list[tuple[int, bytes, bytes]] = []

    def run(self, papers: list[Paper], watch: Watch = lambda _done, _what: None) -> Outcome:
        """Audit everything of this log.

        Args:
            papers: Signed notes from outside.
            watch: See `Watch`.

        Raises:
            psycopg.Error: The database does not answer. What is done is kept; run it again.
        """
        log_id = self._log.log_id
        self._wanted |= {paper.size for paper in papers}
        with psycopg.connect(self._dsn) as connection:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            top, snapshots = self._look(connection)
            if self._secrets is not None:
                self._findings += check_newest(connection, log_id, self._log.origin, self._secrets.lookup)
            connection.commit()
            cut = snapshots[0].covers if snapshots and snapshots[0].covers <= top else 0
            read: list[tuple[int, int]] = []
            before: list[tuple[int, int, str]] = []
            shifted = False
            for span, piece, fresh in self._pieces(top, cut):
                if fresh:
                    read.append((span.first + 1, span.last))
                else:
                    before.append((span.first + 1, span.last, piece.began))
                shifted = self._take(connection, piece, snapshots if span.cut else [], shifted=shifted)
                watch(span.last, "entries")
            self._after_checkpoints(connection, top)
            self._checkpoints(connection, top)
            self._upper_tiles(connection, top)
            for each in snapshots:
                watch(top, f"snapshot at {each.covers}")
                self._findings += check_pages(connection, log_id, each)
            self._kept_head(connection, top)
            self._findings += check_papers(
                self._log, papers, top, self._stated, lambda size: self._root(connection, size)
            )
            self._removed(papers, top)
        self._register(watch, top)
        return Outcome(log_id, self._log.origin, top, self._counts, read, before, in_order(self._findings))

    def _look(self, connection: Connection[Any]) -> tuple[int, list[Kept]]:
        """Read, at one moment, how far everything reaches; return the last position and the kept snapshots."""
        log_id = self._log.log_id
        row = connection.execute(LOOK, (log_id,)).fetchone()
        if row is None:
            self._say(0, Kind.HEAD_EDITED, "ledger.log", "its row", "none")
            return 0, []
        origin, size, appended, newest, top, signed = row
        self._clock(size, appended, newest)
        if origin != self._log.origin:
            self._say(0, Kind.HEAD_EDITED, "ledger.log", self._log.origin, origin)
        kept_size, _ = self._log.signed or (0, b"")
        if top < signed:
            self._say(top + 1, Kind.TAIL_CUT, "ledger.entry", f"{signed} entries, as was signed", str(top), upto=signed)
        elif top > signed:
            self._unsigned = signed, size
        elif top != size:
            self._say(min(top, size) + 1, Kind.HEAD_EDITED, "ledger.log", f"size {top}", str(size))
        elif kept_size > top:
            self._say(
                top + 1,
                Kind.OLD_BACKUP,
                "the newest signed head kept outside",
                f"at least {kept_size} entries",
                str(top),
            )
        for level in range(LEVELS):
            found = connection.execute(BEYOND, (log_id, level, top >> (8 * (level + 1)))).fetchone()
            if found is not None and found[0] is not None:
                place = (found[0] << (8 * (level + 1))) + 1
                self._say(place, Kind.TILE_EDITED, f"ledger.tile {level}/{found[0]}", "no tile that is not full", "one")
        snapshots, findings = kept_of(connection, log_id, self._log.origin)
        self._findings += findings
        return top, snapshots

    def _clock(self, size: int, stated: datetime, newest: bytes | None) -> None:
        """Compare the head's time, before which nothing is appended, with that of the newest entry."""
        try:
            said = cast("dict[str, Any]", json.loads(newest or b""))
            appended = datetime.fromisoformat(said["appended"])
        except (ValueError, TypeError, KeyError):
            # It says nothing, which is named elsewhere.
            return
        if appended != stated:
            expected = f"appended_at {appended.isoformat()}, as entry {size} says"
            self._say(size, Kind.HEAD_EDITED, "ledger.log", expected, stated.isoformat())

    def _say(self, position: int, kind: Kind, where: str, expected: str, found: str, *, upto: int = 0) -> None:
        self._findings.append(Finding(self._log.log_id, position, kind, where, expected, found, upto))

    def _pieces(self, top: int, cut: int) -> Iterator[tuple[Span, Piece, bool]]:
        """Yield each span, audited now or before, in order."""
        lookup = self._secrets.lookup if self._secrets is not None else None
        spans = [
            Span(
                self._log.log_id,
                self._log.origin,
                first,
                min(first + tree.SPAN, top),
                cut if first < cut <= min(first + tree.SPAN, top) else 0,
            )
            for first in range(0, top, tree.SPAN)
        ]
        known = {span for span in spans if kept(self._work, span) is not None}
        tasks = [Task(self._dsn, span, self._log.verifiers, lookup, self._work) for span in spans if span not in known]
        done = self._processes.each(audit, tasks)
        for span in spans:
            piece = kept(self._work, span) if span in known else None
            yield (span, piece, False) if piece is not None else (span, next(done), True)

    def _take(self, connection: Connection[Any], piece: Piece, snapshots: list[Kept], *, shifted: bool) -> bool:
        """Add a span to what is known; tell whether everything from it on stands in the wrong place."""
        for name, count in piece.counts.items():
            self._counts[name] = self._counts.get(name, 0) + count
        if shifted:
            # The place where it begins has been named; every later row would be named again.
            self._findings += [each for each in piece.findings if each.kind not in ROW_KINDS]
        else:
            self._findings += piece.findings
            shifted = any(each.kind in {Kind.ROW_INSERTED, Kind.ROW_REMOVED} for each in piece.findings)
        before = joined(self._roots)
        for size, mine, stated in HEAD.iter_unpack(piece.heads):
            root = tree.folded([*before, mine])
            if size in self._wanted:
                self._computed[size], self._stated[size] = root, stated
            if root == stated:
                self._right.append(size)
            else:
                self._wrong.append((size, root, stated))
        for number, bounds in enumerate(piece.bounds):
            self._follow(bounds, quiet=shifted)
            if number == 0 and piece.span.cut and snapshots:
                self._findings += check_whole(
                    connection, self._log.log_id, snapshots[0], self._heads, bool(self._counts["members_erased"])
                )
        self._roots.append(tree.folded(piece.peaks))
        return shifted

    def _follow(self, bounds: bytes, *, quiet: bool) -> None:
        """Join each stream's part to the part before it."""
        heads = self._heads
        for stream, first, previous, position, last, leaf in BOUND.iter_unpack(bounds):
            head = heads.get(stream)
            before = (int.from_bytes(head[:4], signed=True), head[4:]) if head is not None else (0, NONE)
            if before != (first - 1, previous) and position and not quiet and self._streams_left:
                self._streams_left -= 1
                expected = f"sequence {before[0] + 1} after {short(before[1])}"
                found = f"sequence {first} after {short(previous)}"
                self._say(position, Kind.STREAM_BROKEN, f"ledger.entry {position}", expected, found)
            heads[stream] = last.to_bytes(4, signed=True) + leaf

    def _after_checkpoints(self, connection: Connection[Any], top: int) -> None:
        """Say of entries after the newest checkpoint whether theirs was removed, or whether nobody signed them."""
        if self._unsigned is None:
            return
        signed, size = self._unsigned
        removed = size == top and self._log.signed == (top, self._root(connection, top))
        # Before what is said of such a row by itself.
        rows, self._findings = self._findings, []
        if removed:
            self._say(top, Kind.CHECKPOINT_REMOVED, "ledger.checkpoint", f"a checkpoint of {top}", f"one of {signed}")
        else:
            self._say(signed + 1, Kind.ROW_INSERTED, "ledger.entry", f"{signed} entries, as was signed", str(top))
        self._findings += rows

    def _checkpoints(self, connection: Connection[Any], top: int) -> None:
        """Say which is wrong where a signed root is not that of the entries: the note, or the entries."""
        last_right = max(self._right, default=0)
        rows = [each.position for each in self._findings if each.kind in ROW_KINDS]
        forked = (
            self._log.signed is not None
            and self._log.signed[0] <= top
            and (self._root(connection, self._log.signed[0]) == self._log.signed[1])
        )
        for size, root, stated in self._wrong:
            where = f"ledger.checkpoint {size}"
            if size < last_right or (forked and self._log.signed is not None and size <= self._log.signed[0]):
                self._say(size, Kind.CHECKPOINT_FORKED, where, f"the entries' root {short(root)}", short(stated))
            elif not any(0 < position <= size for position in rows):
                expected = f"entries under the signed root {short(stated)}"
                self._say(last_right + 1, Kind.ROW_EDITED, where, expected, f"some under {short(root)}", upto=size)
                rows.append(size)

    def _upper_tiles(self, connection: Connection[Any], top: int) -> None:
        """Compare the tiles above level 1 with the roots of the spans."""
        log_id, level = self._log.log_id, 2
        hashes = self._roots[: top // tree.SPAN]
        while len(hashes) >= tree.TILE:
            full = len(hashes) // tree.TILE
            roots: list[bytes] = []
            stored = stored_tiles(connection, log_id, level, 0, full)
            for index in range(full):
                mine = hashes[tree.TILE * index : tree.TILE * (index + 1)]
                roots.append(tree.root_of(mine))
                if stored.get(index) != (roots[-1], b"".join(mine)):
                    place = (index << (8 * (level + 1))) + 1
                    where = f"ledger.tile {level}/{index}"
                    self._say(place, Kind.TILE_EDITED, where, f"the root {short(roots[-1])}", "another tile, or none")
            hashes, level = roots, level + 1

    def _kept_head(self, connection: Connection[Any], top: int) -> None:
        """Compare with the newest head that was kept outside the database."""
        if self._log.signed is None or not 0 < self._log.signed[0] <= top:
            return
        size, stated = self._log.signed
        root = self._root(connection, size)
        if root != stated and not any(each.kind in ROW_KINDS and each.position <= size for each in self._findings):
            self._say(size, Kind.CHECKPOINT_FORKED, KEPT_HEAD, f"the root {short(stated)}", short(root))

    def _removed(self, papers: list[Paper], top: int) -> None:
        """Name what was signed, as somebody outside has it, and is not there any more."""
        known = {*self._right, *(size for size, _, _ in self._wrong), *(each.position for each in self._findings)}
        unsound = {each.where for each in self._findings}  # Papers that are not this log's notes say nothing of it.
        held = {paper.size for paper in papers if paper.size <= top and paper.path not in unsound}
        for size in sorted(held - known):
            where = f"ledger.checkpoint {size}"
            self._say(size, Kind.CHECKPOINT_REMOVED, where, "a checkpoint, as was kept elsewhere", "none")

    def _register(self, watch: Watch, top: int) -> None:
        """Look at keys and references."""
        if self._secrets is None:
            return
        parts = [Part(self._dsn, self._log.log_id, self._log.logs, *self._secrets, first) for first in range(16)]
        for number, (counts, findings) in enumerate(self._processes.each(check_part, parts)):
            watch(top, f"register, {number + 1} of {len(parts)}")
            self._findings += findings
            for name, count in counts.items():
                self._counts[name] = self._counts.get(name, 0) + count

    def _root(self, connection: Connection[Any], size: int) -> bytes:
        """Return the root over the first entries, as far as can be as they were hashed in this audit."""
        spans = self._roots[: size // tree.SPAN]
        if any(each.kind is Kind.TILE_EDITED and each.position <= size for each in self._findings):
            return self._computed.get(size) or root_of_entries(connection, self._log.log_id, size, spans)
        return self._computed.get(size) or root_at(connection, self._log.log_id, size, spans)
