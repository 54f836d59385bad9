"""Routing: which log each fact goes to, and the two ways to name a subject: by a reference, by her id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString
from uuid import UUID

from psycopg.rows import tuple_row

from ledger.fact import Reference, about
from ledger.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager

    from psycopg import Connection

    from ledger.fact import About, Fact, KeyedHashes
    from ledger.home import Homes

# References by primary key, each in the log that its hash chose.
HOMES = """
    SELECT r.digest, r.subject, r.home
    FROM unnest(%b::smallint[], %b::uuid[]) AS wanted (log_id, digest)
    JOIN ledger.reference AS r USING (log_id, digest)
"""
# All that a sealed stream holds is sealed, so its first entry tells, or the first cohort that it is in; a subject
# without either is known by sealed facts alone.
OPENLY_KNOWN: LiteralString = """(
        SELECT convert_from(first.bytes, 'UTF8')::jsonb #>> '{data,visibility}' IS DISTINCT FROM 'sealed'
        FROM (
            (SELECT e.bytes FROM ledger.entry AS e
             WHERE e.log_id = s.log_id AND e.stream = s.subject ORDER BY e.sequence LIMIT 1)
            UNION ALL
            (SELECT e.bytes FROM ledger.member AS m
             JOIN ledger.entry AS e ON e.log_id = m.log_id AND e.position = m.position
             WHERE m.log_id = s.log_id AND m.subject = s.subject ORDER BY m.position LIMIT 1)
        ) AS first
        LIMIT 1
    )"""
"""Whether a subject `s` (log_id, subject) is known by anything that may be told: a piece of a statement."""

# One index probe a log: an id says nothing about its home. Sealed streams are not found by their ids: receipts and
# bundles name the stream of a sealed entry, and that must not open anything.
SUBJECTS = """
    SELECT s.subject, s.log_id
    FROM ledger.log AS l
    CROSS JOIN unnest(%b::uuid[]) AS wanted (subject)
    JOIN ledger.subject AS s ON s.log_id = l.log_id AND s.subject = wanted.subject
    WHERE (%b OR NOT EXISTS (
        SELECT FROM ledger.revoked AS r WHERE r.log_id = s.log_id AND r.subject = s.subject
    )) AND {openly}
""".replace("{openly}", OPENLY_KNOWN)


# By entry_repeat_key, one look-up a log.
RECORDED = """
    SELECT l.log_id, e.repeat_key
    FROM ledger.log AS l
    CROSS JOIN unnest(%b::uuid[]) AS wanted (repeat_key)
    JOIN ledger.entry AS e ON e.log_id = l.log_id AND e.repeat_key = wanted.repeat_key
    ORDER BY l.log_id
"""


class Directory:
    """Finds subjects and their homes. Threads may share it."""

    def __init__(
        self, lend: Callable[[], AbstractContextManager[Connection[Any]]], homes: Homes, hashes: KeyedHashes
    ) -> None:
        self._lend = lend
        self._homes = homes
        self._hashes = hashes

    def by_digest(self, digests: Iterable[bytes]) -> dict[bytes, Subject]:
        """Look references up by their 16-byte digests; unknown ones are left out."""
        wanted = list(digests)
        logs = [self._homes.of(digest) for digest in wanted]
        with self._lend() as connection, connection.cursor(binary=True, row_factory=tuple_row) as cursor:
            rows = cursor.execute(HOMES, (logs, [UUID(bytes=digest) for digest in wanted]), prepare=True).fetchall()
        return {digest.bytes: Subject(subject.hex, home) for digest, subject, home in rows}

    def by_id(self, subjects: Iterable[bytes], *, revoked: bool) -> dict[bytes, Subject]:
        """Look subjects up by their 16-byte ids; unknown ones are left out, and those of sealed streams.

        Args:
            subjects: Ids.
            revoked: Whether those count who are to be forgotten: for what is recorded they do, for answers they do not.
        """
        wanted = [UUID(bytes=subject) for subject in subjects]
        with self._lend() as connection, connection.cursor(binary=True, row_factory=tuple_row) as cursor:
            rows = cursor.execute(SUBJECTS, (wanted, revoked), prepare=True).fetchall()
        return {subject.bytes: Subject(subject.hex, log_id) for subject, log_id in rows}

    def route(self, facts: Sequence[Fact]) -> dict[int, list[tuple[int, Fact]]]:
        """Send each fact to the home of whom it is about; one about subjects of several logs goes to each in part.

        Returns:
            Log id → (index in `facts`, the fact or its part), in order.
        """
        if self._homes.logs == 1:
            return {0: list(enumerate(facts))}
        every = [each for fact in facts for each in fact.about]
        known = self.by_digest({each.digest for each in every})
        named = self.by_id({each.named for each in every if each.named is not None}, revoked=True)
        beside = self._beside([fact for fact in facts if fact.target is not None])
        routes: dict[int, list[tuple[int, Fact]]] = {}
        for index, fact in enumerate(facts):
            if fact.repeat_key in beside:
                for log_id, part in beside[fact.repeat_key].items():
                    routes.setdefault(log_id, []).append((index, part))
                continue
            parts: dict[int, list[About]] = {}
            for each in fact.about:
                subject = named.get(each.named) if each.named is not None else None
                subject = subject or known.get(each.digest)
                log_id = subject.log_id if subject is not None else self._homes.of(each.digest)
                parts.setdefault(log_id, []).append(each)
            for log_id, some in parts.items():
                part = fact if len(parts) == 1 else fact._replace(about=tuple(some))
                routes.setdefault(log_id, []).append((index, part))
        return routes

    def _beside(self, facts: Sequence[Fact]) -> dict[bytes, dict[int, Fact]]:
        """Return where facts go that correct another and name nobody: to their target, or they would not count there.

        One whose target is not recorded yet goes where it would anyway, and counts there only.

        Returns:
            Repeat key → log id → the fact, kept in that log under a name of that log's own.
        """
        if not facts:
            return {}
        found: dict[bytes, list[int]] = {}
        wanted = [UUID(bytes=key) for fact in facts for key in (fact.repeat_key, fact.target or b"")]
        with self._lend() as connection, connection.cursor(binary=True, row_factory=tuple_row) as cursor:
            for log_id, key in cursor.execute(RECORDED, (wanted,), prepare=True):
                found.setdefault(key.bytes, []).append(log_id)
        # Sent again, it goes where it was recorded first, whatever was recorded since.
        again = {fact.repeat_key for fact in facts if fact.repeat_key in found}
        return {
            fact.repeat_key: {log_id: self._kept_in(fact, log_id) for log_id in found[key]}
            for fact in facts
            for key in (fact.repeat_key if fact.repeat_key in again else fact.target,)
            if key in found
        }

    def _kept_in(self, fact: Fact, log_id: int) -> Fact:
        """Return a fact about nobody, under the name that it is kept by in a log that its own name did not choose."""
        (each,) = fact.about
        if self._homes.of(each.digest) == log_id:
            return fact
        kind, _, value = each.name.decode().partition("\0")
        name = Reference(kind, f"{value} in log {log_id}")
        return fact._replace(about=(about(self._hashes, name, each.role.decode(), each.private),))
