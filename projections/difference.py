"""What tells two accounts of one person apart: what was added, removed and changed, and which entries made it so. Pure.

A row of one account is the same as a row of the other if they are about the same and share an entry. A change that only
moves a row, or that shows in no word of it, is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from projections.person import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from projections.account_rows import Row

LATE, SINCE, ERASED = "whosaw:ArrivedLate", "whosaw:HappenedSince", "whosaw:ErasedSince"
VOIDED, CORRECTED, RESTORED = "whosaw:VoidedSince", "whosaw:CorrectedSince", "whosaw:CountsAgain"
MERGED, PARTED, OPENED = "whosaw:MergedSince", "whosaw:PartedSince", "whosaw:OpenedSince"
JOINING = {"subject.merged": MERGED, "seal.ended": OPENED}
PARTING = {"subject.split": PARTED}


class Entry(NamedTuple):
    """An entry that may have made a difference."""

    type: str
    stated: str
    """When it happened, as its emitter wrote it."""
    time: datetime
    recorded: datetime


class Seen(NamedTuple):
    """What one of two accounts sees."""

    places: frozenset[Place]
    """Every entry about her that counts for it."""
    undone: Mapping[Place, Place]
    """Those that do not count, each with the one that says so."""
    upto: Mapping[int, int]
    """The last position of each log."""
    when: datetime
    """The time that it tells of: what happened by then and is recorded later, arrived late."""


class Cause(NamedTuple):
    """An entry that made a difference, and how."""

    why: str
    """A code: see `LATE` and the others."""
    log_id: int
    position: int
    type: str
    time: str
    """When it happened, as its emitter wrote it."""
    recorded: datetime


class Change(NamedTuple):
    """One row that differs."""

    then: dict[str, Any] | None
    """None if it was added."""
    now: dict[str, Any] | None
    """None if it was removed."""
    because: list[Cause]
    """In the order recorded."""

    @property
    def kind(self) -> str:
        """added, removed or changed."""
        if self.then is None:
            return "added"
        return "removed" if self.now is None else "changed"


def difference(
    then: Sequence[Row], now: Sequence[Row], before: Seen, after: Seen, entries: Mapping[Place, Entry]
) -> list[Change]:
    """Return what tells two sections apart, in the order of the first and then of the second.

    Args:
        then: The rows of one account.
        now: The rows of the other.
        before: What the first one sees.
        after: What the second one sees.
        entries: Every entry that either of them or its corrections name.
    """
    pairs = _paired(then, now)
    found: list[Change] = []
    for row in then:
        other = pairs.get(id(row))
        if other is None or other.told != row.told:
            told = None if other is None else other.told
            reached = frozenset[Place]() if other is None else other.places
            found.append(Change(row.told, told, _because(row.places, reached, before, after, entries)))
    known = {id(row) for row in pairs.values()}
    found += [
        Change(None, row.told, _because(frozenset(), row.places, before, after, entries))
        for row in now
        if id(row) not in known
    ]
    return found


def applied(then: Iterable[dict[str, Any]], changes: Iterable[Change]) -> list[dict[str, Any]]:
    """Return the rows that one section becomes by what tells the other apart; their order is not told."""
    found = list(then)
    for each in changes:
        if each.then is not None:
            found.remove(each.then)
        if each.now is not None:
            found.append(each.now)
    return found


def _paired(then: Sequence[Row], now: Sequence[Row]) -> dict[int, Row]:
    """Return for rows of one section the row of the other that is about the same, and shares most entries."""
    waiting: dict[tuple[Any, ...], list[Row]] = {}
    for row in now:
        waiting.setdefault(row.key, []).append(row)
    pairs: dict[int, Row] = {}
    for row in then:
        some = waiting.get(row.key, [])
        best = max(some, key=lambda each: (len(each.places & row.places), each.told == row.told), default=None)
        if best is not None and best.places & row.places:
            pairs[id(row)] = best
            waiting[row.key] = [each for each in some if each is not best]
    return pairs


def _because(
    then: frozenset[Place], now: frozenset[Place], before: Seen, after: Seen, entries: Mapping[Place, Entry]
) -> list[Cause]:
    """Return the entries that are why a row follows from others than it did."""
    found: dict[Place, str] = {}
    for place in now - then:
        found |= _came(place, before, after, entries)
    for place in then - now:
        found |= _went(place, before, after, entries)
    known = [(entries[place].recorded, place, why) for place, why in found.items() if place in entries]
    return [
        Cause(why, place.log_id, place.position, entries[place].type, entries[place].stated, recorded)
        for recorded, place, why in sorted(known)
    ]


def _came(place: Place, before: Seen, after: Seen, entries: Mapping[Place, Entry]) -> dict[Place, str]:
    """Return why an entry counts that did not."""
    if place.position > before.upto.get(place.log_id, 0):
        entry = entries.get(place)
        if entry is None:
            return {}
        return {place: LATE if entry.time <= before.when else ERASED if entry.type == "data.erased" else SINCE}
    if place in before.undone:
        # What had said that it does not count was itself undone.
        by = after.undone.get(before.undone[place])
        return {} if by is None else {by: RESTORED}
    if place in before.places:
        return {}
    return _since(JOINING, before, after, entries)


def _went(place: Place, before: Seen, after: Seen, entries: Mapping[Place, Entry]) -> dict[Place, str]:
    """Return why an entry does not count any more."""
    by = after.undone.get(place)
    if by is not None:
        entry = entries.get(by)
        return {by: CORRECTED if entry is not None and entry.type == "event.corrected" else VOIDED}
    if place in after.places:
        return {}
    return _since(PARTING, before, after, entries)


def _since(why: Mapping[str, str], before: Seen, after: Seen, entries: Mapping[Place, Entry]) -> dict[Place, str]:
    """Return the entries that joined or parted her names between the two."""
    return {
        place: why[entries[place].type]
        for place in after.places
        if place.position > before.upto.get(place.log_id, 0) and place in entries and entries[place].type in why
    }
