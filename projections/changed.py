"""What of a person's data was corrected, erased, restricted or is disputed, and who has a copy. Pure: no database.

A recipient is told of what it received before the change, unless its copy is known to be gone by then, also if that is
a kind of what was changed, or what was changed is a kind of it; of a dispute,
also whoever received it while it was disputed. What our own retention erased is no change that anybody asked for:
nobody is told. A debt may be disputed by a hold alone: then whoever recovers it is told.

Source: GDPR Art. 19; PIPEDA Schedule 1, 4.9.5 and 4.9.6; 11 CCR 7022.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.vocabulary.codes import covered, related

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from projections.history import Fact, History

KINDS = {
    "data.rectified": "rectified",
    "data.erased": "erased",
    "data.restricted": "restricted",
    "challenge.recorded": "challenged",
    "hold.placed": "challenged",
}
NAMED = {each: type_ for type_, each in KINDS.items() if type_ != "hold.placed"}
"""The type of fact that a law names each kind by. A debt that a hold disputes is a challenge as any other."""
TYPES = (*KINDS, "hold.released", "data.disclosed", "disclosure.onward_reported")
"""What this follows from."""
DISPUTED = "whosaw:DisputedDebt"
"""Why a hold is placed that disputes a debt."""
DEBT = "whosaw:DebtRecord"
RECOVERS = frozenset({"sector-finance:DebtManagement", "dpv:CustomerClaimsManagement"})
COLLECTORS = frozenset({"whosaw:DebtCollector", "whosaw:DebtBuyer"})
ROUTINE = frozenset({"whosaw:RetentionEnded"})
"""Why the company erases without being asked."""
DONE = frozenset({"done", "verified", None})
"""States of an erasure that happened."""


class Change(NamedTuple):
    """Something that recipients must be told, by one request or one fact."""

    kind: str
    """rectified, erased, restricted or challenged."""
    cause: tuple[str, ...]
    """What names it: its request, or the fact."""
    facts: list[Fact]
    """Those that brought it about, by time."""
    names: frozenset[tuple[str, str]]
    """Source and id of each fact by which a notice may name it."""
    categories: dict[str, datetime]
    """Which data, and when last."""
    request: str | None
    resolved: Fact | None
    """Of a dispute, the correction or the release that settled it."""
    recipients: frozenset[str] | None = None
    """Whom alone it is about; None for everybody who has the data."""
    kept: frozenset[str] = frozenset()
    """Categories that an erasure left as they were."""

    def when(self, category: str) -> datetime | None:
        """Return when it changed a category last, a kind of that or what that is a kind of; None if it did not."""
        if covered(category, self.kept):
            return None
        return max((time for changed, time in self.categories.items() if related(changed, category)), default=None)

    @property
    def time(self) -> datetime:
        """When it began."""
        return self.facts[0].time

    @property
    def stated(self) -> str:
        """The same as its emitter wrote it."""
        return self.facts[0].stated

    @property
    def jurisdiction(self) -> str | None:
        """Whose law it names."""
        return self.facts[0].data.get("jurisdiction")


class Copy(NamedTuple):
    """One category that a recipient received once."""

    fact: Fact
    """How it came there."""
    recipient: str
    name: str | None
    role: str | None
    category: str
    gone: Fact | None
    """What says that the recipient no longer has it."""


def changes(person: History) -> list[Change]:
    """Return what was changed, by time. Steps towards one thing that one request asked for are one change."""
    groups: dict[tuple[str, ...], list[Fact]] = {}
    erased: list[Fact] = []
    disputes = person.by_time("challenge.recorded")
    for each in person.by_time(*KINDS):
        if each.type == "hold.placed" and not _disputes(each, disputes):
            continue
        if (each.type == "data.erased" and not _counts(each, erased)) or each.data.get("ended"):
            continue
        request = each.data.get("request_ref") or each.data.get("request_id")
        cause = ("request", str(request)) if request else ("fact", *each.name)
        groups.setdefault((KINDS[each.type], *cause), []).append(each)
    found = [_change(person, kind, tuple(cause), facts) for (kind, *cause), facts in groups.items()]
    return [each for each in found if each.categories]


def copies(person: History) -> list[Copy]:
    """Return what recipients received, by time."""
    gone = [each for each in person.by_time("data.erased") if each.data.get("holder") and _done(each)]
    return [
        Copy(fact, recipient["id"], recipient.get("name"), recipient.get("role"), category,
             _last_copy_gone(fact, recipient["id"], category, gone))
        for fact, recipient in given(person)
        for category in dict.fromkeys(fact.data.get("categories", []))
    ]  # fmt: skip


def to_tell(change: Change, held: list[Copy]) -> dict[str, list[Copy]]:
    """Return whom to tell of a change: each recipient, with what it received of the data and may have had then."""
    found: dict[str, list[Copy]] = {}
    for each in held:
        when = change.when(each.category)
        if change.recipients is not None and each.recipient not in change.recipients:
            continue
        if when is not None and change.kind == "challenged":
            when = change.resolved.time if change.resolved else max(when, each.fact.time)
        if when is None or each.fact.time > when or (each.gone is not None and each.gone.time <= change.time):
            continue
        found.setdefault(each.recipient, []).append(each)
    return found


def _disputes(hold: Fact, challenges: list[Fact]) -> bool:
    """Tell whether a hold is a dispute of its own: of a debt, and no challenge says the same."""
    if hold.data.get("reason") != DISPUTED:
        return False
    its = set(hold.data.get("scope", {}).get("categories", []))
    same = [each for each in challenges if not its or its & set(each.data.get("categories", []))]
    return not same


def _collectors(person: History) -> dict[str, list[str]]:
    """Return who recovers a debt of hers, by the company's name, with what each received for it."""
    found: dict[str, list[str]] = {}
    for fact, recipient in given(person):
        if recovers(fact, recipient):
            found.setdefault(recipient["id"], []).extend(fact.data.get("categories", []))
    return found


def recovers(fact: Fact, recipient: dict[str, Any]) -> bool:
    """Tell whether somebody received data to recover a debt: who it is, what for, or the debt itself says so."""
    data = fact.data
    return recipient.get("kind") in COLLECTORS or data.get("purpose") in RECOVERS or DEBT in data.get("categories", [])


def given(person: History) -> Iterator[tuple[Fact, dict[str, Any]]]:
    """Yield each fact by which somebody outside received data, with who."""
    for each in person.by_time("data.disclosed", "disclosure.onward_reported"):
        yield each, each.data["recipient" if each.type == "data.disclosed" else "onward"]


def _last_copy_gone(given: Fact, recipient: str, category: str, gone: list[Fact]) -> Fact | None:
    """Return the first thing after a disclosure that says that the recipient no longer has it."""
    its = (
        each for each in gone if each.data["holder"] == recipient and covered(category, each.data.get("categories", []))
    )
    return next((each for each in its if each.time >= given.time), None)


def _change(person: History, kind: str, cause: tuple[str, ...], facts: list[Fact]) -> Change:
    """Return one change, from the facts that brought it about, by time."""
    categories: dict[str, datetime] = {}
    recipients: frozenset[str] | None = None
    if facts[0].type == "hold.placed":
        collectors = _collectors(person)
        recipients = frozenset(collectors)
        every = [category for some in collectors.values() for category in some]
        for each in facts:
            its = each.data.get("scope", {}).get("categories", []) or every
            categories |= dict.fromkeys(its, each.time)
    left: set[str] = set()
    for each in facts:
        kept = {survivor["category"] for survivor in each.data.get("survivors", [])}
        left |= kept
        its = each.data.get("categories", []) or (_everything(person) if kind == "restricted" else [])
        categories |= dict.fromkeys((one for one in its if one not in kept), each.time)
    request = cause[1] if cause[0] == "request" else None
    names = {each.name for each in facts}
    if request is not None:  # A notice may name the request itself, or a step before the change.
        its = (each for each in person.facts if request in {each.data.get("request_ref"), each.data.get("request_id")})
        names |= {each.name for each in its}
    return Change(
        kind, cause, facts, frozenset(names), categories, request, _resolved(person, kind, facts), recipients,
        frozenset(left - categories.keys()),
    )  # fmt: skip


def _everything(person: History) -> list[str]:
    """Return every category that anybody outside received: what a limit that names none is about."""
    return [category for fact, _ in given(person) for category in fact.data.get("categories", [])]


def _resolved(person: History, kind: str, facts: list[Fact]) -> Fact | None:
    """Return the correction that settled a dispute: the first one after it of all that was disputed, or of more."""
    if kind != "challenged":
        return None
    if facts[0].type == "hold.placed":
        holds = {(each.data.get("hold_id"), each.placed_by) for each in facts}
        said = person.by_time("hold.released")
        released = [each for each in said if (each.data.get("hold_id"), each.placed_by) in holds]
        return next((each for each in released if each.time >= facts[-1].time), None)
    disputed = {one for each in facts for one in each.data.get("categories", [])}
    later = [each for each in person.by_time("data.rectified") if each.time >= facts[-1].time]
    return next((each for each in later if _covers(each.data.get("categories", []), disputed)), None)


def _covers(categories: list[str], disputed: set[str]) -> bool:
    """Tell whether each category that is disputed is among some, or a kind of one."""
    return all(covered(each, categories) for each in disputed)


def _counts(erasure: Fact, before: list[Fact]) -> bool:
    """Tell whether an erasure is a change to be told of, and remember it.

    One by a recipient is none of ours; one that was only asked for has not happened; one that is verified is the same
    as the one that was done.
    """
    data = erasure.data
    if data.get("holder") or not _done(erasure) or (data.get("reason") in ROUTINE and not data.get("request_ref")):
        return False
    its = set(data.get("categories", []))
    same = data.get("state") == "verified" and any(
        each.data.get("system") == data.get("system") and its <= set(each.data.get("categories", [])) for each in before
    )
    before.append(erasure)
    return bool(data.get("request_ref")) or not same


def _done(erasure: Fact) -> bool:
    return erasure.data.get("state") in DONE
