"""What was inferred about a person, and from what: each inference with the facts it was made of, down to what came in.

A source is named by its emitter's name and id, and looked for among her own facts alone: what is not hers, or may not
be told, is unknown in the same words. Each stands once in a lineage, however often it was used, so that one that leads
back to itself ends; and a lineage ends at a bound, and says so.

Source: GDPR, Art. 15(1)(g): available information as to the source. Confirm with counsel.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from projections import holdings
from projections.held import DELETED, VERIFIED
from projections.histories import read
from projections.history import moment
from projections.person import Place
from projections.projection import Page, part

if TYPE_CHECKING:
    from psycopg import Connection

    from projections.held import Holding
    from projections.history import Fact
    from projections.person import Person

TYPES = ("data.collected", "data.rectified", "data.used", "data.viewed", "data.disclosed")
"""What something can be made of."""
CORRECTED = {"event.voided": "voided", "event.corrected": "corrected"}
MOST_DEPTH, MOST_SOURCES = 16, 500
"""Of one lineage."""


class Since(NamedTuple):
    """Something that happened since to what an inference was made of."""

    change: str
    """voided: it never happened; corrected: it was said otherwise; rectified; erased."""
    time: str | None
    """When: RFC 3339; None if that is not known of her facts."""
    category: str | None
    """Of what was rectified or erased."""


class Source(NamedTuple):
    """Something that an inference was made of."""

    depth: int
    """1 for what it was made of itself, 2 for what that was made of."""
    source: str
    id: str
    """As its emitter named it."""
    known: bool
    """Whether a fact of hers has that name; of one that is not known, nothing more is."""
    type: str | None
    time: str | None
    categories: list[str]
    system: str | None
    origin: str | None
    """subject, third_party, observed, or derived: then what it was made of follows."""
    context: str | None
    derived_from: list[dict[str, str]]
    """What it was made of in turn: source and id of each."""
    since: list[Since]
    log_id: int | None
    position: int | None


class Inference(NamedTuple):
    """Something that was inferred."""

    time: str
    categories: list[str]
    purposes: list[str]
    basis: str | None
    context: str | None
    system: str | None
    source: str
    id: str
    stated: bool
    """Whether its emitter said what it was made of."""
    lineage: list[Source]
    """Everything that it was made of, the nearest first, each once."""
    whole: bool
    """Whether that is all, and no bound ended it."""
    since: list[Since]
    """What happened to the inference itself."""
    log_id: int
    position: int


def of_person(
    connection: Connection[Any], person: Person, *, after: int | None = None, limit: int | None = 100
) -> Page[Inference]:
    """Return what was inferred about a person, the latest first.

    Args:
        connection: A reader's.
        person: Whom.
        after: The cursor of the page before.
        limit: The most rows, or None for all.
    """
    lineage = _Lineage(connection, person)
    page = part(lineage.inferred(), after, limit)
    return Page([lineage.of(each) for each in page.rows], page.next)


class _Lineage:
    """What each of a person's facts was made of."""

    def __init__(self, connection: Connection[Any], person: Person) -> None:
        self._counting: dict[tuple[str, str], Fact] = {}
        self._hidden: dict[tuple[str, str], Fact] = {}
        for log_id in person.logs:
            mine = [each for each in person.parts if each.log_id == log_id]
            for each in read(connection, log_id, [one.stream for one in mine], mine[0].as_of, TYPES):
                counts = Place(log_id, each.position) not in person.hidden
                if counts or person.valid_at is None or each.time <= person.valid_at:
                    (self._counting if counts else self._hidden).setdefault(each.name, each)
        self._corrections: dict[tuple[str, str], Fact] = {
            (each.data["target"]["source"], each.data["target"]["id"]): each
            for each in self._counting.values()
            if each.type in CORRECTED
        }
        self._held: dict[tuple[int, int], list[Holding]] = {}
        for each in holdings.of_person(connection, person, limit=None).rows:
            for place in (*((each.log_id, one) for one in each.positions), *each.elsewhere):
                self._held.setdefault(place, []).append(each)

    def inferred(self) -> list[Fact]:
        """Return every fact by which something was inferred, the latest first."""
        found = [each for each in self._counting.values() if each.type == "data.collected" and _is_derived(each)]
        return sorted(found, key=lambda each: (each.time, each.log_id, each.position), reverse=True)

    def of(self, fact: Fact) -> Inference:
        """Return an inference with everything that it was made of."""
        lineage, whole = self._sources(fact)
        get = fact.data.get
        return Inference(
            fact.stated, get("categories", []), get("purposes", []), get("basis"), get("context"), get("system"),
            fact.source, fact.id, bool(get("derived_from")), lineage, whole, self._since(fact), fact.log_id,
            fact.position,
        )  # fmt: skip

    def _sources(self, fact: Fact) -> tuple[list[Source], bool]:
        """Return what a fact was made of, the nearest first, and whether that is all."""
        waiting = deque((1, each) for each in _names(fact))
        seen, found = {fact.name}, list[Source]()
        while waiting:
            depth, name = waiting.popleft()
            if name in seen:
                continue
            if depth > MOST_DEPTH or len(found) >= MOST_SOURCES:
                return found, False
            seen.add(name)
            found.append(self._source(depth, name))
            its = self._counting.get(name)
            waiting.extend((depth + 1, each) for each in (_names(its) if its is not None else ()))
        return found, True

    def _source(self, depth: int, name: tuple[str, str]) -> Source:
        fact = self._counting.get(name)
        if fact is None:
            # Of what does not count nothing is told but that it does not: it may be somebody else's.
            since = [self._corrected(name)] if name in self._hidden else []
            return Source(depth, *name, bool(since), None, None, [], None, None, None, [], since, None, None)
        get = fact.data.get
        return Source(
            depth, *name, known=True, type=fact.type, time=fact.stated, categories=get("categories", []),
            system=get("system"), origin=get("origin"), context=get("context"), derived_from=get("derived_from", []),
            since=self._since(fact), log_id=fact.log_id, position=fact.position,
        )  # fmt: skip

    def _corrected(self, name: tuple[str, str]) -> Since:
        by = self._corrections.get(name)
        return Since(CORRECTED[by.type] if by else "voided", by.stated if by else None, None)

    def _since(self, fact: Fact) -> list[Since]:
        """Return what happened since to what a fact brought."""
        found = [self._corrected(fact.name)] if fact.name in self._corrections else []
        for each in self._held.get((fact.log_id, fact.position), ()) if fact.type == "data.collected" else ():
            if each.rectified is not None and moment(each.rectified) > fact.time:
                found.append(Since("rectified", each.rectified, each.category))
            if each.state in {DELETED, VERIFIED}:
                done = next(step for step in each.deletions if step.state in {"done", VERIFIED})
                found.append(Since("erased", done.time, each.category))
        return found


def _is_derived(fact: Fact) -> bool:
    return fact.data.get("origin") == "derived" or bool(fact.data.get("derived_from"))


def _names(fact: Fact) -> list[tuple[str, str]]:
    return [(each["source"], each["id"]) for each in fact.data.get("derived_from", [])]
