"""Heads snapshots: the newest one from entries and members, and the pages of every kept one from their own leaves."""

from __future__ import annotations

import json
from base64 import b64encode
from contextlib import closing
from hashlib import blake2b, sha256
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from uuid import UUID

from ledger.audit import tree
from ledger.audit.found import Finding, Kind, short
from ledger.audit.rows import fields, number, rows

if TYPE_CHECKING:
    from psycopg import Connection

LEAF = 72
LABEL = 32
NO_COHORTS = bytes(32)
KEPT = """
    SELECT h.covers, h.position, e.bytes FROM ledger.heads AS h
    LEFT JOIN ledger.entry AS e ON e.log_id = h.log_id AND e.position = h.position
    WHERE h.log_id = %s ORDER BY h.covers DESC
"""
PAGES = (
    "SELECT place, first, content FROM ledger.heads_page"
    " WHERE log_id = {} AND covers = {} AND level = {} ORDER BY place"
)
MEMBERS = "SELECT position, subject FROM ledger.member WHERE log_id = {} AND position <= {} ORDER BY position, ordinal"


# By the index (log_id, stream, sequence): the snapshots of a log are a stream, which a name of its own leads to.
NEWEST = """
    SELECT e.position, e.bytes FROM ledger.reference AS r
    CROSS JOIN LATERAL (
        SELECT position, bytes FROM ledger.entry
        WHERE log_id = %s AND stream = r.subject ORDER BY sequence DESC LIMIT 1
    ) AS e
    WHERE r.digest = %s AND r.log_id IN (SELECT l.log_id FROM ledger.log AS l)
"""
IS_THERE = """
    SELECT EXISTS (SELECT FROM ledger.heads WHERE log_id = %(log_id)s AND covers = %(covers)s)
        OR EXISTS (SELECT FROM ledger.heads_page WHERE log_id = %(log_id)s AND covers = %(covers)s)
"""


class Kept(NamedTuple):
    """A snapshot whose pages are kept, as its entry says."""

    covers: int
    position: int
    leaves: int
    root: str
    """In base64."""


def kept_of(connection: Connection[Any], log_id: int, origin: str) -> tuple[list[Kept], list[Finding]]:
    """Return a log's kept snapshots, the newest first, and what is wrong with their register."""
    found: list[Kept] = []
    findings: list[Finding] = []
    for covers, position, entry in connection.execute(KEPT, (log_id,)).fetchall():
        try:
            said: dict[str, Any] = json.loads(entry)
            data = cast("dict[str, Any]", said["data"])
            stated = said["type"], said["source"], data["log"], data["covers"]
            kept = Kept(covers, position, data["streams"], data["root"])
        except (TypeError, ValueError, KeyError):
            stated, kept = None, None
        if kept is not None and stated == ("ledger.heads", "/whosaw/ledger", origin, covers):
            found.append(kept)
        else:
            where = f"ledger.heads {covers}"
            expected = f"entry {position} to be the snapshot at {covers}"
            findings.append(Finding(log_id, position, Kind.SNAPSHOT_DIFFERS, where, expected, "another, or none"))
    return found, findings


def check_newest(connection: Connection[Any], log_id: int, origin: str, lookup: bytes) -> list[Finding]:
    """Look for the newest snapshot that the log speaks of: without it, no bundle is complete and nobody says why.

    After a crash it has its pages and is not registered yet: that is as it should be.
    """
    name = b"ledger-heads\0" + origin.encode()
    digest = UUID(bytes=blake2b(name, digest_size=16, key=lookup, person=b"reference").digest())
    row = connection.execute(NEWEST, (log_id, digest)).fetchone()
    if row is None:
        return []
    position, entry = row
    try:
        said = cast("dict[str, Any]", json.loads(entry))
        covers = int(said["data"]["covers"])
    except (TypeError, ValueError, KeyError):
        # The entry was changed, which is named elsewhere.
        return []
    there = connection.execute(IS_THERE, {"log_id": log_id, "covers": covers}).fetchone()
    if there is None or there[0]:
        return []
    where = f"ledger.heads {covers}"
    return [Finding(log_id, position, Kind.SNAPSHOT_DIFFERS, where, f"the snapshot of entry {position}", "none")]


def check_whole(  # noqa: C901 - one case after the other
    connection: Connection[Any],
    log_id: int,
    kept: Kept,
    heads: dict[bytes, bytes],
    erased: bool,  # noqa: FBT001 - positional, among others that are
) -> list[Finding]:
    """Compare a snapshot's leaves with where the streams really ended, and with the members' rows.

    Args:
        connection: Reads what is committed.
        log_id: The log.
        kept: The snapshot.
        heads: Stream → last sequence (4 bytes), last leaf: at the position that it covers, and not after.
        erased: Whether members were erased: whose they were, and so their leaves' labels, can not be told any more.
    """
    expected = {sha256(b"whosaw/stream/v1" + stream).digest(): bytes(4) + head for stream, head in heads.items()}
    cohorts: dict[bytes, tuple[int, bytes]] = {}
    for row in rows(connection, MEMBERS.format(log_id, kept.covers)):
        position, subject = fields(row)
        name = subject or b""
        count, last = cohorts.get(name, (0, NO_COHORTS))
        place = number(position).to_bytes(8)
        cohorts[name] = count + 1, sha256(b"whosaw/cohorts/v1" + last + place).digest()
    members = {sha256(b"whosaw/cohorts/v1" + name).digest(): each for name, each in cohorts.items()}
    findings: list[Finding] = []
    count = 0

    def say(place: int, wanted: str, found: str) -> None:
        where = f"ledger.heads_page {kept.covers}/0/{place}"
        findings.append(Finding(log_id, kept.position, Kind.SNAPSHOT_DIFFERS, where, wanted, found))

    with closing(rows(connection, PAGES.format(log_id, kept.covers, 0))) as pages:
        for row in pages:
            place, _, content = fields(row)
            page = content or b""
            for start in range(0, len(page), LEAF):
                label, rest = page[start : start + LABEL], page[start + LABEL : start + LEAF]
                count += 1
                if label in expected:
                    if (mine := expected.pop(label)) != rest:
                        say(number(place), f"a stream's end {short(mine[8:])}", short(rest[8:]))
                elif label in members:
                    many, chain = members.pop(label)
                    if many.to_bytes(8) + chain != rest:
                        say(number(place), f"{many} cohorts under {short(chain)}", short(rest[8:]))
                elif not erased:
                    say(number(place), "a stream's or a member's leaf", f"the label {short(label)}")
                if len(findings) > 10:  # noqa: PLR2004 - more say nothing new
                    return findings
    missing = len(expected) + len(members)
    if missing:
        say(0, f"{count + missing} leaves", f"{missing} of them missing")
    return findings


def check_pages(connection: Connection[Any], log_id: int, kept: Kept) -> list[Finding]:
    """Hash a snapshot's pages and compare with its tiles, and with the root in its entry."""
    findings: list[Finding] = []

    def say(level: int, place: int, wanted: str, found: str) -> None:
        where = f"ledger.heads_page {kept.covers}/{level}/{place}"
        findings.append(Finding(log_id, kept.position, Kind.SNAPSHOT_DIFFERS, where, wanted, found))

    roots: list[bytes] = []
    leaves = 0
    for row in rows(connection, PAGES.format(log_id, kept.covers, 0)):
        place, first, content = fields(row)
        page = content or b""
        hashes = [tree.leaf_of(page[start : start + LEAF]) for start in range(0, len(page), LEAF)]
        leaves += len(hashes)
        if number(place) != len(roots) or first != page[:LABEL]:
            say(0, number(place), f"page {len(roots)}, found by its first label", "another")
        roots.append(tree.root_of(hashes))
    level = 1
    while len(roots) > 1:
        wanted = [roots[start : start + tree.TILE] for start in range(0, len(roots), tree.TILE)]
        stored = [fields(row) for row in rows(connection, PAGES.format(log_id, kept.covers, level))]
        contents = {number(place): content for place, _, content in stored}
        for place, hashes in enumerate(wanted):
            if contents.pop(place, None) != b"".join(hashes):
                say(level, place, "the roots of what is below", "others")
        for place in contents:
            say(level, place, "no tile", "one")
        roots, level = [tree.root_of(hashes) for hashes in wanted], level + 1
    root = b64encode(roots[0] if roots else b"").decode()
    if (leaves, root) != (kept.leaves, kept.root):
        found = f"{leaves} leaves under {root}"
        where = f"ledger.heads_page {kept.covers}"
        expected = f"{kept.leaves} leaves under {kept.root}, as entry {kept.position} says"
        findings.append(Finding(log_id, kept.position, Kind.SNAPSHOT_DIFFERS, where, expected, found))
    return findings
