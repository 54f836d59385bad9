"""Until when each thing that is held on a person may be kept, by which rule, and what keeps it longer. Pure.

A rule speaks of categories, purposes and a place: of every kind of what it names, and of all that is in that place. It
counts from a date of its own, and replaces one of the same name from then on, not before: what may be kept until when
depends on the time for which it is asked. Of several rules that fit, the one that keeps longest decides, since each may
have its reason. What the person was told when it was collected (`until`) is kept before any rule that would keep
longer.

Source: PIPEDA Schedule 1, 4.5.2 and 4.5.3; P-39.1, s. 23; GDPR Art. 5(1)(e). Confirm with counsel.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.vocabulary.codes import covered
from projections import holds
from projections.held import DELETED, VERIFIED, Change, Holding, held
from projections.history import moment
from projections.law.place import within

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from projections.history import Fact, History
    from projections.registers import Registers

READ = (
    "data.collected",
    "data.rectified",
    "data.erased",
    "request.received",
    "request.answered",
    "relationship.ended",
    "hold.placed",
    "hold.released",
)
"""The facts about a person that say how long something may be kept."""
ACTS = frozenset({"hold.placed", "hold.released", "request.received", "request.answered"})
"""Of those, what bears on holds."""
STATED = "stated"
"""In place of a rule's name: what was said when it was collected."""


class Due(NamedTuple):
    """When something is due, and why."""

    rule: str
    """The rule's name, or `stated`."""
    trigger: str
    """What the time runs from: collected, last_collected, relationship_ended, or stated."""
    start: date | None
    """The day it runs from; None while it does not run yet."""
    day: date | None
    """The last day on which it may be kept; None while it does not run yet."""
    action: str
    """erase, anonymise or review."""
    place: tuple[int, int] | None
    """Log and position of the rule."""


class Kept(NamedTuple):
    """One holding, until when it may be kept, and what forbids to destroy it then."""

    holding: Holding
    due: Due | None
    """None when no rule fits and nothing was stated: that it has no end is itself something to look into."""
    rules: list[Due]
    """Every rule that fits, the one that decides among them."""
    holds: list[holds.Hold]
    """Orders not to destroy it, whenever they stand; each with its own beginning and end."""

    @property
    def gone(self) -> bool:
        """Return whether it was deleted by the company's own word, verified or not."""
        return self.holding.state in {DELETED, VERIFIED}

    def blocked(self, at: datetime) -> list[holds.Hold]:
        """Return the orders that forbid to destroy it at a time."""
        return [each for each in self.holds if each.starts <= at and (each.ends is None or each.ends > at)]


class Limit(NamedTuple):
    """Until when one holding may be kept, as it is at a time."""

    rule: str | None
    """The rule that decides, or `stated`; None when nothing ends it."""
    trigger: str | None
    """What its time runs from."""
    start: date | None
    """The day it runs from; None while it does not run yet."""
    due: date | None
    """The last day on which it may be kept; None while it does not run yet."""
    action: str | None
    """erase, anonymise or review."""
    overdue: bool
    """Whether that day is over and it is still held."""
    blocked: bool
    """Whether an order forbids to destroy it."""
    blocked_by: list[str] | None
    """Which orders do; None for who may not know."""


def limit(kept: Kept, at: datetime, *, named: bool) -> Limit:
    """Return until when something may be kept.

    Args:
        kept: What.
        at: As it is then; a day is over when it is over in UTC.
        named: Whether orders are.
    """
    due, orders = kept.due, list(dict.fromkeys(each.hold for each in kept.blocked(at)))
    over = due is not None and due.day is not None and due.day < at.date() and not kept.gone
    return Limit(
        due and due.rule, due and due.trigger, due and due.start, due and due.day, due and due.action, over,
        bool(orders), orders if named else None,
    )  # fmt: skip


class Period(NamedTuple):
    """One holding while the rules about it stay the same."""

    starts: datetime | None
    """None for ever before."""
    ends: datetime | None
    """The first moment at which other rules count; None for ever after, as far as is known."""
    kept: Kept

    def covers(self, at: datetime) -> bool:
        """Return whether its rules are those that count at a time."""
        return (self.starts is None or self.starts <= at) and (self.ends is None or at < self.ends)


def kept(person: History, registers: Registers, at: datetime) -> list[Kept]:
    """Return everything that is or was held on a person, with what limits and what prolongs keeping it.

    Args:
        person: Whose.
        registers: The rules.
        at: Those count that are in force then.
    """
    return [next(each.kept for each in some if each.covers(at)) for some in periods(person, registers)]


def limited(holdings: Iterable[Holding], people: Sequence[History], registers: Registers, at: datetime) -> list[Kept]:
    """Return holdings that follow from facts in several logs with what limits and what prolongs keeping each.

    Args:
        holdings: Hers, in any order.
        people: Her history in each log.
        registers: The rules.
        at: Those count that are in force then.
    """
    facts = tuple(each for person in people for each in person.facts)
    whole = people[0]._replace(streams=tuple(each for person in people for each in person.streams), facts=facts)
    limits = _Limits(whole, registers)
    return [next(one.kept for one in limits.periods(each) if one.covers(at)) for each in holdings]


def periods(person: History, registers: Registers) -> list[list[Period]]:
    """Return for everything that is or was held on a person the periods of the rules about it, which leave no gap.

    Until it was collected no rule mattered: the first period is that of the rules in force then.
    """
    limits = _Limits(person, registers)
    return [limits.periods(each) for each in held([_held(each) for each in limits.facts if each.type in READ[:5]])]


class _Limits:
    """What limits and what prolongs keeping anything of one person."""

    def __init__(self, person: History, registers: Registers) -> None:
        self.facts = person.by_time(*READ)
        self._ended, self._rules = _ended(self.facts), _dated(registers.retention_rules())
        self._orders = spans(_changes(person, self.facts, registers))

    def periods(self, holding: Holding) -> list[Period]:
        """Return the periods of the rules about one holding."""
        since, place, told = moment(holding.since), _place(holding, self.facts), _told(holding)
        over = [each for each in self._orders if each.covers(holding.category, holding.system, since)]
        names = {each.data["rule"] for _, each in self._rules if _fits(each, holding, place)}
        its = [(when, each) for when, each in self._rules if each.data["rule"] in names]
        known: list[Period] = []
        for starts in sorted({since, *(when for when, _ in its if when > since)}):
            fitting = [each for each in _in_force(its, starts) if _fits(each, holding, place)]
            dues = [_by_rule(each, holding, self._ended) for each in fitting]
            each = Kept(holding, _deciding(dues, told), [*dues, *([told] if told else [])], over)
            if known and known[-1].kept == each:
                continue
            if known:
                known[-1] = known[-1]._replace(ends=starts)
            known.append(Period(starts if known else None, None, each))
        return known


def spans(changes: Iterable[holds.Change]) -> list[holds.Hold]:
    """Return every order that ever stood, each with its beginning and its end, if it has one.

    Over two of her names it ends when it has ended over both.
    """
    ordered = sorted((each for each in changes if each.act in ACTS), key=lambda each: (each.time, each.position))
    found: dict[tuple[int, int, datetime], holds.Hold] = {}
    for known in holds.by_name(ordered).values():
        for hold in _spans(known):
            key = (hold.log_id, hold.position, hold.starts)
            found[key] = holds.longer(hold, found[key]) if key in found else hold
    return list(found.values())


def _spans(known: Sequence[holds.Change]) -> list[holds.Hold]:
    """Return every order that ever stood over one name."""
    found: dict[tuple[str, str, datetime], holds.Hold] = {}
    for at in sorted({each.starts for each in known if each.act in {"hold.placed", "request.received"}}):
        for hold in holds.standing((each._replace(name="") for each in known), at):
            its = (hold.hold, hold.placed_by)
            released = [e.starts for e in known if e.act == "hold.released" and (e.hold, e.placed_by) == its]
            ends = [each for each in (hold.ends, *released) if each is not None and each > hold.starts]
            found[*its, hold.starts] = hold._replace(ends=min(ends, default=None))
    return list(found.values())


def add(start: date, length: int, unit: str) -> date:
    """Return the day so many days, months or years later; the last of the month if it has no such day."""
    if unit == "days":
        return start + timedelta(days=length)
    months = start.month - 1 + length * (12 if unit == "years" else 1)
    year, month = start.year + months // 12, months % 12 + 1
    if year > date.max.year:
        return date.max
    return date(year, month, min(start.day, monthrange(year, month)[1]))


def _deciding(dues: Sequence[Due], told: Due | None) -> Due | None:
    """Return what decides: of the rules the one that keeps longest, but never longer than what the person was told."""
    running = [each for each in dues if each.day is not None]
    waiting = [each for each in dues if each.day is None]
    longest = waiting[0] if waiting else max(running, key=lambda each: each.day or date.max, default=None)
    if told is None or longest is None:
        return told or longest
    return told if longest.day is None or (told.day is not None and told.day <= longest.day) else longest


def _told(holding: Holding) -> Due | None:
    if holding.until is None:
        return None
    return Due(STATED, STATED, _day(holding.last), _day(holding.until), "erase", None)


def _by_rule(rule: Fact, holding: Holding, ended: str | None) -> Due:
    trigger: str = rule.data["trigger"]
    since = {"collected": holding.since, "last_collected": holding.last}.get(trigger, ended)
    start = _day(since) if since is not None else None
    day = add(start, rule.data["length"], rule.data["unit"]) if start is not None else None
    return Due(rule.data["rule"], trigger, start, day, rule.data["action"], (rule.log_id, rule.position))


def _dated(rules: Sequence[Fact]) -> list[tuple[datetime, Fact]]:
    """Return rules with the time from which each counts, in that order."""
    dated = [(moment(each.data["effective_from"]), each) for each in rules]
    return sorted(dated, key=lambda each: (each[0], each[1].appended, each[1].position))


def _in_force(rules: Sequence[tuple[datetime, Fact]], at: datetime) -> list[Fact]:
    """Return each rule as it is at a time: of one name, the one that counts from the latest date that has come."""
    return list({each.data["rule"]: each for when, each in rules if when <= at}.values())


def _place(holding: Holding, facts: Sequence[Fact]) -> str | None:
    """Return whose law the newest collection names that names one; a request to delete it says nothing of that."""
    its = {*((holding.log_id, each) for each in holding.positions), *holding.elsewhere}
    named = [
        each.data["jurisdiction"]
        for each in facts
        if each.type == "data.collected" and (each.log_id, each.position) in its and each.data.get("jurisdiction")
    ]
    return named[-1] if named else None


def _fits(rule: Fact, holding: Holding, jurisdiction: str | None) -> bool:
    categories, purposes = rule.data.get("categories", []), rule.data.get("purposes", [])
    place = rule.data.get("jurisdiction")
    return (
        (not categories or covered(holding.category, categories))
        and (not purposes or any(covered(each, purposes) for each in holding.purposes))
        and (place is None or (jurisdiction is not None and place in within(jurisdiction)))
    )


def _ended(facts: Sequence[Fact]) -> str | None:
    """Return when she stopped being a customer; None while she is one."""
    last = [each for each in facts if each.type == "relationship.ended"]
    return last[-1].stated if last and not last[-1].data.get("resumed") else None


def _day(stated: str) -> date:
    """Return the day that a time names, where its emitter was."""
    return datetime.fromisoformat(stated.upper()).date()


def _held(fact: Fact) -> Change:
    get = fact.data.get
    return Change(
        fact.log_id, fact.position, fact.time, fact.stated, fact.type, get("categories", []), get("system"),
        get("origin"),
        get("channel"), get("context"), get("purposes", []), get("basis"), get("retained"), get("until"), get("mode"),
        get("state"), get("backups_until"), get("survivors"), get("request_id") or get("request_ref"), get("right"),
        get("outcome"), get("reason"), get("policy_version"),
    )  # fmt: skip


def _change(fact: Fact, *, everybody: bool = False) -> holds.Change:
    get, scope = fact.data.get, fact.data.get("scope", {})
    authority: dict[str, Any] = get("authority") or {}
    return holds.Change(
        fact.log_id, fact.position, fact.time, fact.type, get("hold_id") or f"request:{get('request_id')}",
        get("reason"), get("basis"), authority.get("name"), scope.get("categories", []), scope.get("systems", []),
        _moment(scope.get("since")), _moment(scope.get("until")),
        moment(get("starts") or get("effective_at") or fact.stated), _moment(get("until")), get("right"),
        get("outcome"), fact.sealed, everybody, placed_by=fact.placed_by,
    )  # fmt: skip


def _changes(person: History, facts: Sequence[Fact], registers: Registers) -> list[holds.Change]:
    """Return what bears on holds over a person, for each of her names that it is about; what is over all, for all."""
    opened = {each.data["stream"]: each.subject for each in person.of("seal.ended")}
    names = sorted({opened.get(each, each) for each in person.streams})
    mine = [
        _change(each)._replace(name=name)
        for each in facts
        if each.type in ACTS
        for name in sorted({opened.get(stream, stream) for stream in (each.subject, *each.also)})
    ]
    over = [_change(each, everybody=True) for each in registers.holds()]
    return mine + [each._replace(name=name) for each in over for name in names]


def _moment(text: str | None) -> datetime | None:
    return moment(text) if text is not None else None
