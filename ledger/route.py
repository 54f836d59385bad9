"""Routing: which log each fact goes to, and the two ways to name a subject: by a reference, by her id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple
from uuid import UUID

import orjson
from psycopg.rows import args_row, tuple_row

from ledger.fact import Reference, about
from ledger.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
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


# By entry_repeat_key, one look-up a log; people by primary keys, without those who were forgotten.
RECORDED = """
    SELECT l.log_id, e.repeat_key, e.type, x.fact #>> '{about,0,role}' = 'whosaw:Ledger' AS nobodys,
           CASE WHEN x.fact ? 'cohort' THEN ARRAY(
               SELECT m.subject FROM ledger.member AS m WHERE m.log_id = e.log_id AND m.position = e.position
           ) ELSE ARRAY(
               SELECT s.subject FROM ledger.subject AS s WHERE s.log_id = e.log_id AND s.subject = e.stream
           ) END AS people, coalesce((x.fact #>> '{cohort,size}')::integer, 1) AS size
    FROM ledger.log AS l
    CROSS JOIN unnest(%b::uuid[]) AS wanted (repeat_key)
    JOIN ledger.entry AS e ON e.log_id = l.log_id AND e.repeat_key = wanted.repeat_key
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    ORDER BY l.log_id
"""
CORRECTIONS = frozenset({"event.corrected", "event.voided"})
NOBODYS = b"whosaw:Ledger"
"""The role of what the ledger keeps about nobody."""


class Recorded(NamedTuple):
    """An entry that a correction may be kept beside."""

    log_id: int
    repeat_key: UUID
    type: str
    nobodys: bool | None
    people: list[UUID]
    """Streams of those who are not forgotten."""
    size: int
    """How many it was about."""


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
        beside = [fact for fact in facts if fact.target is not None]
        if self._homes.logs == 1 and not any(_names_people(fact) for fact in beside):
            return {0: list(enumerate(facts))}
        every = [each for fact in facts for each in fact.about]
        known = self.by_digest({each.digest for each in every})
        named = self.by_id({each.named for each in every if each.named is not None}, revoked=True)

        def found(each: About) -> Subject | None:
            return (named.get(each.named) if each.named is not None else None) or known.get(each.digest)

        # By names that lead to nobody yet and are linked in this very request: what follows is about the same person,
        # so that it goes where the link goes, and comes after it.
        linked: dict[bytes, int] = {}
        parts: list[dict[int, Fact]] = []
        for fact in facts:
            parts.append(self._parts(fact, found, linked))
            if fact.link is not None and not fact.sealed and fact.link.digest not in known:
                linked.setdefault(fact.link.digest, next(iter(parts[-1])))
        kept = self._beside(beside, dict(zip((fact.repeat_key for fact in facts), parts, strict=True)), found)
        routes: dict[int, list[tuple[int, Fact]]] = {}
        for index, fact in enumerate(facts):
            for log_id, part in kept.get(fact.repeat_key, parts[index]).items():
                routes.setdefault(log_id, []).append((index, part))
        return routes

    def _parts(
        self, fact: Fact, found: Callable[[About], Subject | None], linked: Mapping[bytes, int]
    ) -> dict[int, Fact]:
        """Return by log the part of a fact that is about the people who live there."""
        parts: dict[int, list[About]] = {}
        for each in fact.about:
            subject = found(each)
            log_id = subject.log_id if subject is not None else linked.get(each.digest, self._homes.of(each.digest))
            parts.setdefault(log_id, []).append(each)
        if len(parts) == 1:
            return dict.fromkeys(parts, fact)
        return {log_id: fact._replace(about=tuple(some)) for log_id, some in parts.items()}

    def _beside(
        self, facts: Sequence[Fact], sent: Mapping[bytes, dict[int, Fact]], found: Callable[[About], Subject | None]
    ) -> dict[bytes, dict[int, Fact]]:
        """Return where facts go that correct another and name nobody whom it is about: to their target.

        They would not count there otherwise. One whose target is not recorded yet goes where it would anyway, and
        counts for those whom it names there.

        Args:
            facts: Those with a target.
            sent: The parts of all that is recorded together, by repeat key.
            found: Whom a name leads to.

        Returns:
            Repeat key → log id → the fact, kept in that log under a name of that log's own.
        """
        if not facts:
            return {}
        recorded: dict[bytes, list[Recorded]] = {}
        wanted = [UUID(bytes=key) for fact in facts for key in (fact.repeat_key, fact.target or b"")]
        with self._lend() as connection, connection.cursor(binary=True, row_factory=args_row(Recorded)) as cursor:
            for row in cursor.execute(RECORDED, (wanted,), prepare=True):
                recorded.setdefault(row.repeat_key.bytes, []).append(row)
        kept: dict[bytes, dict[int, Fact]] = {}
        for fact in facts:
            # Sent again, it goes where it was recorded first, whatever was recorded since.
            again = recorded.get(fact.repeat_key)
            places = again or recorded.get(fact.target or b"", [])
            if again is not None:
                beside = not _names_people(fact) or all(each.nobodys for each in again)
            else:
                beside = not _names_people(fact) or _of_others(fact, places, found)
            if places and beside:
                kept[fact.repeat_key] = {each.log_id: self._kept_in(fact, each.log_id) for each in places}
            elif not places and fact.wrong and _disjoint(fact, sent.get(fact.target or b"", {})):
                kept[fact.repeat_key] = {log_id: self._kept_in(fact, log_id) for log_id in sent[fact.target or b""]}
        return kept

    def _kept_in(self, fact: Fact, log_id: int) -> Fact:
        """Return a fact about nobody, under the name that it is kept by in a log that its own name did not choose."""
        (each,) = fact.about if not _names_people(fact) else (self._of_nobody(fact),)
        fact = fact._replace(about=(each,))
        if self._homes.of(each.digest) == log_id:
            return fact
        kind, _, value = each.name.decode().partition("\0")
        name = Reference(kind, f"{value} in log {log_id}")
        return fact._replace(about=(about(self._hashes, name, each.role.decode(), each.private),))

    def _of_nobody(self, fact: Fact) -> About:
        """Return the name that a fact is kept under without the people whom it names: who acted is all that stays."""
        private: dict[str, Any] = orjson.loads(fact.about[0].private or b"{}")
        actor = {"actor": private["actor"]} if "actor" in private else None
        kept = orjson.dumps(actor) if actor is not None else None
        return about(self._hashes, Reference("ledger", fact.type), NOBODYS.decode(), kept)


def _names_people(fact: Fact) -> bool:
    return fact.about[0].role != NOBODYS


def _of_others(fact: Fact, target: Sequence[Recorded], found: Callable[[About], Subject | None]) -> bool:
    """Return whether a voiding is about none of those whom its target is about, and is to count all the same.

    What was recorded about the wrong person may be voided by naming the right one; and what is about nobody is undone
    by whatever voids it. If somebody of the target's was forgotten, it may be her who is named.
    """
    if not (fact.wrong or any(each.nobodys and each.type in CORRECTIONS for each in target)):
        return False
    people = {stream.hex for each in target for stream in each.people}
    whole = all(len(each.people) == each.size for each in target)
    named = {subject.id for each in fact.about if (subject := found(each)) is not None}
    return bool(target) and whole and not named & people


def _disjoint(fact: Fact, target: Mapping[int, Fact]) -> bool:
    """Return whether two facts that are recorded together have no name in common."""
    names = {each.digest for part in target.values() for each in part.about}
    return bool(names) and not names & {each.digest for each in fact.about}
