"""The rules of forgetting, holding, sealing, correcting and merging, as a pure model of a few people: no database.

It says what must be seen, held, owed and gone. It is written from the rules and not from the code: people and facts in
lists, looked through from the beginning, every time.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

CORRECTIONS = frozenset({"event.corrected", "event.voided"})
HOLDS = frozenset({"hold.placed", "hold.released", "request.received", "request.answered"})
LOOKS = frozenset({"data.viewed", "data.used"})
LAST = 10**18
"""After every position."""
ORDERS = frozenset({"seal.placed", "seal.lifted"})
WRONG_SUBJECT = "whosaw:WrongSubject"
VIEWS = ("current", "stated", "audit")


class Told(NamedTuple):
    """One entry, as whoever sent it knows it."""

    log: int
    position: int
    type: str
    people: tuple[str, ...]
    """Ids of whom it is about; nobody, if it is about no one in particular."""
    id: str
    """Unique, whoever sent it; with several logs, the parts of one event share it."""
    time: int
    """When it happened, in hours after some beginning."""
    seal: str | None = None
    target: str = ""
    """Of a correction, the id of what it corrects; of a split, that of the merge."""
    reason: str = ""
    replaced: bool = False
    name: str = ""
    """Of a hold, a request, a seal or an account."""
    over: bool = False
    """Of an answer: whether the time in which she may complain is over."""
    upto: int = 0
    """Of an account: the position that it stands on."""

    @property
    def strikes(self) -> bool:
        """Whether it makes its target not count, if it counts itself."""
        return self.type == "event.voided" or self.replaced


@dataclass
class Model:
    """What is so."""

    told: list[Told] = field(default_factory=list[Told])
    homes: dict[str, int] = field(default_factory=dict[str, int])
    """Everybody who ever was → the log that she lives in."""
    names: dict[str, str] = field(default_factory=dict[str, str])
    """Whom a name stands for. Of somebody forgotten there is none."""
    revoked: set[str] = field(default_factory=set[str])
    gone: set[str] = field(default_factory=set[str])
    opened: dict[tuple[str, str], list[int]] = field(default_factory=dict[tuple[str, str], list[int]])
    """(person, seal) → the positions from which what it hid before is hers."""

    def there(self) -> list[str]:
        """Everybody who is not forgotten, also those who are to be."""
        return [each for each in self.homes if each not in self.gone]

    def known(self, person: str) -> bool:
        """Whether questions find her: something open is recorded, and she is not to be forgotten."""
        return person not in self.gone | self.revoked and self.found(person)

    def found(self, person: str) -> bool:
        """Whether anything open is recorded of her."""
        return any(person in each.people and each.seal is None for each in self.told)

    def forget(self, person: str) -> None:
        """Let her be gone: no name leads to her, and nothing of hers is anybody's."""
        self.gone.add(person)
        self.revoked.discard(person)
        self.names = {name: each for name, each in self.names.items() if each != person}
        self.opened = {key: at for key, at in self.opened.items() if key[0] != person}

    def link(self, name: str, person: str) -> None:
        """Let a name lead to her, unless it is somebody's."""
        self.names.setdefault(name, person)

    def unlink(self, name: str, person: str) -> None:
        """Let a name lead to nobody, if it leads to her."""
        if self.names.get(name) == person:
            del self.names[name]

    # One person.

    def aliases(self, person: str, upto: int, *, forgotten: bool = False) -> set[str]:
        """Everybody who is one person with her as of a position: merges that no split has undone since.

        What holds is looked for also through names that were forgotten; no answer is.
        """
        joined = {person}
        while True:
            more = {
                other
                for each in self.told
                if each.type == "subject.merged" and each.position <= upto and each.log == self.homes[person]
                for one in joined & set(each.people)
                for other in each.people
                if (forgotten or other not in self.gone) and not self._parted(each, {one, other}, upto)
            }
            if more <= joined:
                return joined
            joined |= more

    def _parted(self, merge: Told, pair: set[str], upto: int) -> bool:
        """Whether a later split takes one of two out of a merge."""
        return any(
            each.type == "subject.split" and each.target == merge.id and each.log == merge.log
            and merge.position < each.position <= upto and pair & set(each.people)
            for each in self.told
        )  # fmt: skip

    def hers(self, person: str, upto: int) -> list[Told]:
        """Every entry about her that may be told as of a position, whether or not it counts."""
        mine = {each for each in self.aliases(person, upto) if each == person or each not in self.revoked}
        return [each for each in self._recorded(person, upto) if any(self._open(each, one, upto) for one in mine)]

    def _recorded(self, person: str, upto: int) -> list[Told]:
        return [each for each in self.told if each.log == self.homes[person] and each.position <= upto]

    def _open(self, entry: Told, person: str, upto: int) -> bool:
        if person not in entry.people:
            return False
        if entry.seal is None:
            return True
        return any(entry.position < at <= upto for at in self.opened.get((person, entry.seal), []))

    def seen(self, person: str, upto: int, view: str = "current") -> set[int]:
        """Positions of what an answer about her shows."""
        hers = self.hers(person, upto)
        gone = set() if view == "audit" else self._struck(hers, self._recorded(person, upto), view)
        return {each.position for each in hers} - gone

    def _struck(self, hers: list[Told], recorded: list[Told], view: str) -> set[int]:
        """Positions that do not count: a correction counts unless a later one that counts strikes it."""
        corrections = [each for each in recorded if each.type in CORRECTIONS and (each in hers or not each.people)]
        counting: list[Told] = []
        for each in sorted(corrections, key=lambda each: each.position, reverse=True):
            if not any(later.strikes and later.target == each.id for later in counting):
                counting.append(each)
        struck: set[int] = set()
        for each in hers:
            for later in counting:
                wrong = later.type == "event.voided" and later.reason == WRONG_SUBJECT
                counts = view == "current" or (wrong and each.type not in CORRECTIONS)
                before = each.type not in CORRECTIONS or each.position < later.position
                if later.strikes and later.target == each.id and counts and before:
                    struck.add(each.position)
        return struck

    def of_others(self, kind: str, target: str, reason: str, seal: str | None, who: Iterable[str | None]) -> bool:
        """Whether it is an open voiding that is kept about nobody, since it names none of its target's people.

        Only if it says that it was the wrong person, or if what it voids is about nobody itself. Somebody forgotten may
        be whom it names.
        """
        if kind != "event.voided":
            return False
        meant = [each for each in self.told if each.id == target]
        people = {each for part in meant for each in part.people}
        undoing = any(each.type in CORRECTIONS and not each.people for each in meant)
        unsure = bool(people & self.gone)
        hidden = any(each.seal is not None for each in meant)
        named = set() if hidden else people & set(who)
        return bool(meant) and seal is None and (reason == WRONG_SUBJECT or undoing) and not unsure and not named

    # Orders.

    def held(self, person: str, folded: dict[int, int]) -> bool:
        """Whether anything forbids to destroy her: over any of her names, sealed or not, or over everybody."""
        upto = folded[self.homes[person]]
        names = self.aliases(person, upto, forgotten=True)
        near = [each for each in self._recorded(person, upto) if names & set(each.people)]
        gone = self._struck(near, self._recorded(person, upto), "current")
        bearing = [each for each in near if each.type in HOLDS and each.position not in gone]
        for log, end in folded.items():
            recorded = [each for each in self.told if each.log == log and each.position <= end]
            nobodys = [each for each in recorded if not each.people]
            gone = self._struck(nobodys, recorded, "current")
            bearing += [each for each in nobodys if each.type in HOLDS and each.position not in gone]
        # One by one: if the names turn out to be two people, nothing was released for one of them by the other.
        return any(self._stands(acts) for name in names for acts in by_name(self._over(name, bearing)).values())

    @staticmethod
    def _over(name: str, bearing: list[Told]) -> list[Told]:
        """What bears on one of her names: about it, about everybody, or the answer to what was asked under it.

        An answer that names nobody who asked is an answer to all who did.
        """
        asked = {
            request: {who for each in bearing if each.type == "request.received" and each.name == request
                      for who in each.people}
            for request in {each.name for each in bearing}
        }  # fmt: skip
        return [
            each
            for each in bearing
            if name in each.people
            or not each.people
            or (
                each.type == "request.answered" and name in asked[each.name] and not asked[each.name] & set(each.people)
            )
        ]

    @staticmethod
    def _stands(acts: list[Told]) -> bool:
        if any(each.over for each in [each for each in acts if each.type == "request.answered"][-1:]):
            return False
        last = [each for each in acts if each.type != "request.answered"][-1:]
        return bool(last) and last[0].type != "hold.released"

    def ended(self) -> set[tuple[str, str]]:
        """(person, seal) of every order that is over and hides what is not hers yet."""
        found: set[tuple[str, str]] = set()
        for person in self.there():
            names, recorded = self.aliases(person, LAST), self._recorded(person, LAST)
            gone = self._struck([each for each in recorded if names & set(each.people)], recorded, "current")
            orders = [
                each for each in recorded if each.type in ORDERS and person in each.people and each.position not in gone
            ]
            for seal, acts in by_name(orders).items():
                since = max(self.opened.get((person, seal), [0]))
                last = max(
                    (each for each in acts if each.position > since), key=lambda each: each.position, default=None
                )
                if last is not None and last.type == "seal.lifted":
                    found.add((person, seal))
        return found

    def owed(self) -> set[tuple[str, str]]:
        """(person, account) of each account to issue again: an ended order hid something from it, and none came since.

        Nothing is owed to who is to be forgotten.
        """
        found: set[tuple[str, str]] = set()
        for person, seal, since, at in self._openings():
            names = self.aliases(person, LAST) - self.revoked
            issued = [
                each
                for each in self.told
                if each.type == "account.issued" and len(each.people) == 1 and each.people[0] in names
                and each.log == self.homes[person] and person in self.aliases(each.people[0], each.upto)
            ]  # fmt: skip
            behind = [
                each.position
                for each in self.told
                if each.seal == seal and person in each.people and since < each.position < at
            ]
            if person in self.revoked or any(each.position > at for each in issued):
                continue
            found |= {(each.people[0], each.name) for each in issued if any(place <= each.upto for place in behind)}
        return found

    def _openings(self) -> list[tuple[str, str, int, int]]:
        """Person, seal, and between which positions its order hid what it then opened."""
        return [
            (person, seal, since, at)
            for (person, seal), ends in self.opened.items()
            for since, at in zip([0, *ends], ends, strict=False)
        ]


def by_name(acts: list[Told]) -> dict[str, list[Told]]:
    """Facts by the name of what they are about, in the order in which they happened."""
    found: defaultdict[str, list[Told]] = defaultdict(list)
    for each in sorted(acts, key=lambda each: (each.time, each.log, each.position)):
        found[each.name].append(each)
    return found
