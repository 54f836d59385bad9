"""What the company declares about no person: policies, recipients, agreements, systems, rules, waivers.

A judgement of one person's facts looks things up here. Each look-up leaves a key, found or not, so that whoever looked
is judged anew once what she looked for changes.

What is declared behind a seal declares nothing here, since open answers would show it; and no end of an order opens
what is about nobody. A waiver or a decision behind a seal counts for what is found behind the same one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from projections.history import counting, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from projections.history import Fact


CORRECTIONS = frozenset({"event.corrected", "event.voided"})


class Version(NamedTuple):
    """One version of a policy."""

    policy: str
    version: str
    effective_from: datetime
    rules: list[dict[str, Any]]
    """What it says, rule by rule, in codes; empty if it was published without."""
    declares: frozenset[str]
    """The purposes that it permits anything for, in any of its schemes."""
    place: tuple[int, int]
    """Log and position of its entry."""


class Agreement(NamedTuple):
    """An agreement with a recipient, as it was recorded last."""

    agreement: str
    starts: datetime
    until: datetime | None
    categories: list[str]
    purposes: list[str]
    place: tuple[int, int]

    def covers(self, time: datetime) -> bool:
        """Return whether it stood at a time."""
        return self.starts <= time and (self.until is None or time < self.until)


class Registers:
    """What was declared, by the facts that were recorded up to some position."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        """Read the register.

        Args:
            facts: All that are about no person, of the types above, in any order.
        """
        kept = sorted(
            (each for each in facts if not (each.sealed and each.type in CORRECTIONS)),
            key=lambda each: (each.appended, each.log_id, each.position),
        )
        self.corrections = [each for each in kept if each.type in CORRECTIONS]
        """Those about no person: they may correct a person's fact. A sealed one may not: open answers would show it."""
        self.keys: set[str] = set()
        """What was looked up."""
        self.every: list[Fact] = []
        """All of them that count and may be told. Reading this leaves no key."""
        self._sealed: list[Fact] = []
        self._of: dict[tuple[str, str | None], list[Fact]] = {}
        """By key, and the seal that they are behind."""
        self._versions: list[Version] | None = None
        self._agreements: dict[str, list[Agreement]] = {}
        for log_id in {each.log_id for each in kept}:
            for each in counting(fact for fact in kept if fact.log_id == log_id):
                (self._sealed if each.sealed else self.every).append(each)
                seal = each.data.get("seal_ref", "") if each.sealed else None
                self._of.setdefault((key_of(each), seal), []).append(each)
        for facts_of in self._of.values():
            facts_of.sort(key=lambda each: (each.appended, each.log_id, each.position))

    def facts(self, key: str) -> list[Fact]:
        """Return what is kept under a key, in the order in which it was recorded, and note that it was looked for."""
        self.keys.add(key)
        return self._of.get((key, None), [])

    def versions(self) -> list[Version]:
        """Return every version of every policy, by the date it takes effect."""
        facts = self.facts("policy")
        if self._versions is None:
            self._versions = self._published(facts)
        return self._versions

    def kept_in(self, log_id: int, streams: Sequence[str]) -> list[Fact]:
        """Return what is kept in some streams of a log, which are no person's; also in those that are sealed."""
        kept = (*self.every, *self._sealed)
        found = [each for each in kept if each.log_id == log_id and each.subject in streams]
        self.keys.update(map(key_of, found))
        return found

    @staticmethod
    def _published(facts: Sequence[Fact]) -> list[Version]:
        found = [
            Version(each.data["policy"], each.data["version"], moment_of(each, "effective_from"),
                    each.data.get("rules", []), _declared(each), (each.log_id, each.position))
            for each in facts
        ]  # fmt: skip
        return sorted(found, key=lambda each: (each.effective_from, each.place))

    def in_force(self, time: datetime) -> list[Version]:
        """Return the version of each policy that governed at a time."""
        return list({each.policy: each for each in self.versions() if each.effective_from <= time}.values())

    def recipient(self, recipient: str) -> Fact | None:
        """Return a recipient's newest entry in the register; None if it has none."""
        found = [each for each in self.facts(f"recipient {recipient}") if each.type == "recipient.registered"]
        return found[-1] if found else None

    def agreements(self, recipient: str) -> list[Agreement]:
        """Return the agreements with a recipient, each as it was recorded last."""
        facts = self.facts(f"recipient {recipient}")
        if recipient not in self._agreements:
            self._agreements[recipient] = self._agreed(facts)
        return self._agreements[recipient]

    @staticmethod
    def _agreed(facts: Sequence[Fact]) -> list[Agreement]:
        found = {
            each.data["agreement_id"]: Agreement(
                each.data["agreement_id"], moment_of(each, "starts"),
                moment_of(each, "until") if each.data.get("until") else None,
                each.data.get("categories", []), each.data.get("purposes", []), (each.log_id, each.position),
            )
            for each in facts
            if each.type == "recipient.agreement_recorded"
        }  # fmt: skip
        return list(found.values())

    def retention_rules(self) -> list[Fact]:
        """Return every rule of retention that was ever set, in the order in which they were recorded."""
        return self.facts("retention")

    def holds(self) -> list[Fact]:
        """Return what was ordered about everybody and may be told: holds placed, holds released."""
        return self.facts("hold")

    def waivers(self, rule: str, seal: str | None) -> list[Fact]:
        """Return the waivers of one rule. It leaves no key: what one may excuse stands as a finding of that rule.

        Args:
            rule: Its code.
            seal: Those behind it are among them; None for those that may be told alone.
        """
        return self._behind(f"waiver {rule}", seal)

    def decisions(self, finding: str, seal: str | None) -> list[Fact]:
        """Return what was decided on one finding by facts that name nobody. It leaves no key: findings have names.

        Args:
            finding: Its name.
            seal: As of `waivers`.
        """
        return [each for each in self._behind(f"finding {finding}", seal) if each.type != "finding.raised"]

    def _behind(self, key: str, seal: str | None) -> list[Fact]:
        return [*self._of.get((key, None), ()), *(self._of.get((key, seal), ()) if seal else ())]


KEYS: dict[str, Callable[[dict[str, Any]], str]] = {
    "policy.published": lambda _: "policy",
    "recipient.registered": lambda data: f"recipient {data['recipient']['id']}",
    "recipient.agreement_recorded": lambda data: f"recipient {data['recipient_id']}",
    "system.registered": lambda _: "system",
    "retention.rule_set": lambda _: "retention",
    "hold.placed": lambda _: "hold",
    "hold.released": lambda _: "hold",
    "finding.waived": lambda data: f"waiver {data['rule']}",
    "finding.resolved": lambda data: f"finding {data['finding_id']}",
    "finding.reopened": lambda data: f"finding {data['finding_id']}",
    "finding.raised": lambda data: f"finding {data['finding_id']}",
    "event.corrected": lambda _: "correction",
    "event.voided": lambda _: "correction",
}


REGISTERED = tuple(KEYS)
"""The types that are kept here, when they are about no person."""


def _declared(fact: Fact) -> frozenset[str]:
    """Return the purposes that a policy permits anything for."""
    permitting = [rule for rule in fact.data.get("rules", ()) if rule["effect"] == "permits"]
    return frozenset(code for rule in permitting for code in (*rule.get("purposes", ()), *rule.get("also", ())))


def key_of(fact: Fact) -> str:
    """Return the key that a fact about nobody is kept under."""
    return KEYS[fact.type](fact.data)


def moment_of(fact: Fact, member: str) -> datetime:
    """Return the moment that a member of a fact names."""
    return moment(fact.data[member])
