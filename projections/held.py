"""How facts about one person add up to what is held on her. Pure: no database, no clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from projections.law.rights import ERASURE
from projections.person import Place

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

REFUSALS = frozenset({"dpv:RequestRejected"})
"""Outcomes after which nobody is asked to delete any more."""

HELD, ASKED, DELETED, VERIFIED = "held", "deletion_requested", "deleted", "verified"


class Change(NamedTuple):
    """One fact that bears on holdings, as its emitter stated it."""

    log_id: int
    position: int
    time: datetime
    stated: str
    act: str
    categories: list[str]
    system: str | None
    origin: str | None
    channel: str | None
    context: str | None
    purposes: list[str]
    basis: str | None
    retained: bool | None
    until: str | None
    mode: str | None
    state: str | None
    backups_until: str | None
    survivors: list[dict[str, str]] | None
    request: str | None
    right: str | None
    outcome: str | None
    reason: str | None
    policy_version: str | None


class Deletion(NamedTuple):
    """One step towards a deletion."""

    log_id: int
    position: int
    time: str
    state: str
    """requested, done or verified."""
    mode: str | None
    """None of what a person asked for: how is the company's to choose."""
    system: str | None
    backups_until: str | None
    request: str | None
    """The request behind it."""


class Kept(NamedTuple):
    """Why something outlived an erasure."""

    log_id: int
    position: int
    reason: str
    until: str | None


class Holding(NamedTuple):
    """One category in one system, from one source, for the same purposes on the same basis."""

    category: str
    system: str | None
    origin: str | None
    """subject, third_party, observed or derived."""
    channel: str | None
    context: str | None
    """On which occasion it was collected."""
    purposes: list[str]
    basis: str | None
    since: str
    """First collected: RFC 3339, with the offset that the emitter wrote."""
    last: str
    """Last collected."""
    until: str | None
    """When it is to be gone."""
    rectified: str | None
    """Last corrected."""
    state: str
    """held, deletion_requested, deleted or verified."""
    deletions: list[Deletion]
    """Every step, in the order in which they happened."""
    kept: Kept | None
    """Why the last erasure left it, if it did."""
    policy_version: str | None
    """As the last collection stated."""
    log_id: int
    """Where it was last collected."""
    position: int
    """Of the newest entry in that log that it follows from."""
    positions: list[int]
    """Of all of them in that log, ascending."""
    elsewhere: list[Place]
    """Those in other logs, where she has another name."""


class _Episode:
    """A holding from its first collection to its deletion. What is collected after that is another."""

    def __init__(self, category: str, first: Change) -> None:
        self.category = category
        self.first = self.last = first
        self.until: str | None = None
        self.rectified: str | None = None
        self.deletions: list[Deletion] = []
        self.kept: Kept | None = None
        self.places: set[Place] = set()
        self.collect(first)

    @property
    def state(self) -> str:
        states = {each.state for each in self.deletions}
        if "verified" in states:
            return VERIFIED
        if "done" in states:
            return DELETED
        return ASKED if self.asked else HELD

    @property
    def asked(self) -> bool:
        return any(each.state == "requested" for each in self.deletions) and not self.refused

    refused = False

    def collect(self, change: Change) -> None:
        self.last = change
        self.until = change.until or self.until
        self.places.add(Place(change.log_id, change.position))

    def step(self, change: Change, state: str) -> None:
        self.deletions.append(
            Deletion(
                change.log_id,
                change.position,
                change.stated,
                state,
                change.mode,
                change.system,
                change.backups_until,
                change.request,
            )
        )
        self.refused = False
        self.places.add(Place(change.log_id, change.position))

    def rectify(self, change: Change) -> None:
        self.rectified = change.stated
        self.places.add(Place(change.log_id, change.position))

    def refuse(self, change: Change) -> None:
        if any(each.request == change.request and each.state == "requested" for each in self.deletions):
            self.refused = True
            self.places.add(Place(change.log_id, change.position))

    def holding(self) -> Holding:
        first, last = self.first, self.last
        # Without the times of recording, of several logs the one that it was last collected in.
        log_id = last.log_id
        positions = sorted(place.position for place in self.places if place.log_id == log_id)
        elsewhere = sorted(place for place in self.places if place.log_id != log_id)
        return Holding(
            self.category, first.system, first.origin, first.channel, first.context, sorted(set(first.purposes)),
            first.basis, first.stated, last.stated, self.until, self.rectified, self.state, self.deletions, self.kept,
            last.policy_version, log_id, positions[-1], positions, elsewhere,
        )  # fmt: skip


_Key = tuple[Any, ...]


def held(changes: Iterable[Change]) -> list[Holding]:
    """Return what facts add up to, by category, system, source and time.

    Args:
        changes: One person's, in the order in which they happened.
    """
    episodes: dict[_Key, list[_Episode]] = {}
    for change in changes:
        _apply(episodes, change)
    found = [episode.holding() for each in episodes.values() for episode in each]
    return sorted(found, key=_order)


def _apply(episodes: dict[_Key, list[_Episode]], change: Change) -> None:
    match change.act:
        case "data.collected":
            _collect(episodes, change)
        case "data.rectified":
            for episode in _touched(episodes, change):
                episode.rectify(change)
        case "data.erased":
            _erase(episodes, change)
        case "request.received" if change.right in ERASURE:
            for episode in _touched(episodes, change):
                if episode.state in {HELD, ASKED}:
                    # The system that took the request says nothing about the one that holds the data.
                    episode.step(change._replace(system=None), "requested")
        case "request.answered" if change.outcome in REFUSALS:
            for each in episodes.values():
                each[-1].refuse(change)
        case _:
            pass


def _order(holding: Holding) -> tuple[Any, ...]:
    source = (holding.origin or "", holding.channel or "", holding.context or "")
    return (
        holding.category,
        holding.system or "",
        source,
        holding.purposes,
        holding.basis or "",
        holding.log_id,
        holding.positions,
    )


def _collect(episodes: dict[_Key, list[_Episode]], change: Change) -> None:
    """Begin or go on holding. What is not retained was never held."""
    if change.retained is False:
        return
    source = (change.system, change.origin, change.channel, change.context)
    for category in dict.fromkeys(change.categories):
        known = episodes.setdefault((category, *source, *sorted(set(change.purposes)), None, change.basis), [])
        if known and known[-1].state in {HELD, ASKED}:
            known[-1].collect(change)
        else:
            known.append(_Episode(category, change))


def _erase(episodes: dict[_Key, list[_Episode]], change: Change) -> None:
    """Take a step towards deletion, or to the proof of it; what survives stays, with the reason."""
    survivors = {each["category"]: each for each in change.survivors or ()}
    for episode in _touched(episodes, change, deleted=change.state == "verified"):
        survivor = survivors.get(episode.category)
        if survivor is not None:
            episode.kept = Kept(change.log_id, change.position, survivor["reason"], survivor.get("until"))
            episode.places.add(Place(change.log_id, change.position))
        elif change.state == "requested" and episode.state not in {HELD, ASKED}:
            pass
        else:
            episode.step(change, change.state or "done")


def _touched(episodes: dict[_Key, list[_Episode]], change: Change, *, deleted: bool = False) -> Iterable[_Episode]:
    """Yield the newest holdings that a fact speaks of; no categories means all, no system means any.

    Args:
        episodes: All.
        change: The fact.
        deleted: Prefer what was deleted and not yet verified, though it was collected again since.
    """
    for each in episodes.values():
        newest = each[-1]
        if change.categories and newest.category not in change.categories:
            continue
        if change.act == "data.erased" and (
            (change.system and newest.first.system and newest.first.system != change.system)
            or (change.context and newest.first.context != change.context)
        ):
            continue
        waiting = [episode for episode in each if episode.state == DELETED] if deleted else []
        yield waiting[-1] if waiting else newest
