"""Law packs: what one law asks for, as versioned data with the days on which it is in force.

A pack is a file in `packs/`. It is read strictly: a member that nobody knows, a code without labels, a reference to a
clock that is not there, or two versions in force on one day is refused with the file's name. What has not been read
again in the law's own text carries `confirm`, and every explanation made of it says so.
"""

import tomllib
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from ledger.vocabulary.codes import CODES
from projections.law.calendar import CALENDARS

Unit = Literal["days", "business_days", "months", "years", "hours", "as_soon_as_feasible", "beforehand"]
Kind = Literal["deadline", "embargo", "retention", "limit"]
Starts = Literal[
    "receipt",
    "request_date",
    "awareness",
    "determination",
    "consultation",
    "reply",
    "disclosure",
    "change",
    "request",
    "statement",
]
Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
Code = Annotated[str, Meta(pattern=r"^[a-z0-9.-]+:[\w.-]+$")]
EventType = Annotated[str, Meta(pattern=r"^[a-z]+\.[a-z_]+$")]
Sentence = Annotated[str, Meta(min_length=1, max_length=600)]
OPEN_UNITS = frozenset({"as_soon_as_feasible", "beforehand"})
"""Units that count nothing."""


class Piece(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Anything that a pack is made of."""


class Text(Piece, frozen=True, kw_only=True):
    """Words in both languages."""

    en: Sentence
    """English."""
    fr: Sentence
    """French."""


class Reason(Text, frozen=True, kw_only=True):
    """What allows an extension."""

    code: Code | None = None
    """The reason that an event states; absent when no code of ours says it."""
    unbounded: bool = False
    """Whether it lasts as long as that takes, whatever the length of the extension."""


class Extension(Piece, frozen=True, kw_only=True):
    """How far a time to answer may be extended."""

    length: Annotated[int, Meta(ge=1, le=120)]
    """At most so much, each time."""
    unit: Literal["days", "months"]
    """Of the length."""
    clause: Text
    """Where it stands."""
    times: Annotated[int, Meta(ge=1, le=9)] = 1
    """How often."""
    notice: Name | None = None
    """The clock by which the person must be told of it."""
    reasons: Annotated[tuple[Reason, ...], Meta(max_length=9)] = ()
    """What allows it, where the law lists that."""
    confirm: bool = False
    """Whether counsel must confirm it."""

    def admits(self, reason: str | None) -> bool:
        """Return whether a reason is one of those that the law lists, where it lists them in codes."""
        listed = {each.code for each in self.reasons if each.code is not None}
        return not listed or reason in listed

    def unbounded(self, reason: str | None) -> Reason | None:
        """Return what allows to take as long as it takes, if that is the reason that was stated."""
        return next((each for each in self.reasons if each.unbounded and each.code == reason), None)


class Clock(Piece, frozen=True, kw_only=True):
    """A time that the law sets."""

    label: Text
    """What is to be done, or is to wait, or is kept."""
    kind: Kind = "deadline"
    """deadline: done by the end of it. embargo: not done before. retention: kept at least until. limit: over then."""
    events: Annotated[tuple[EventType, ...], Meta(min_length=1)]
    """Types of fact that it begins with."""
    starts: Starts
    """Which of that fact's times it is counted from."""
    received_within: Annotated[int, Meta(ge=1, le=400)] | None = None
    """Of what recipients are told: only who received it in so many months before; absent when whenever that was."""
    unit: Unit
    """What is counted; as_soon_as_feasible is watched and has no date, beforehand ends with its start."""
    length: Annotated[int, Meta(ge=1, le=400)] | None = None
    """How many; absent when nothing is counted."""
    identity_first: bool = False
    """Whether it is counted from the proof of identity, where that had to be asked for; else that pauses nothing."""
    start_counts: bool = False
    """Whether the first day is counted; of hours, whether the hour that it begins in is."""
    rollover: bool = False
    """Whether a last day that is a holiday moves to the next day that is none."""
    deemed_refusal: Text | None = None
    """Where it stands that silence is a refusal; absent when silence means nothing."""
    rule: Code
    """The code that an event names this rule by."""
    clause: Text
    """Where it stands."""
    extension: Extension | None = None
    """How far it may be extended; absent when it may not."""
    judged_by: Literal["serious", "risk"] = "serious"
    """Of a breach, what obliges: a risk of serious injury; or any that is not unlikely, to tell persons a high one."""
    note: Text | None = None
    """What else the explanation says."""
    confirm: bool = False
    """Whether counsel must confirm it."""

    def __post_init__(self) -> None:
        if (self.length is None) is not (self.unit in OPEN_UNITS):
            raise ValueError("expected a length, and none for what counts nothing")
        if self.extension is not None and self.extension.unit != self.unit:
            raise ValueError("expected an extension in the unit of its clock")


class Right(Piece, frozen=True, kw_only=True):
    """Something that a person may ask for."""

    code: Code
    """Its code."""
    also: tuple[Code, ...] = ()
    """Other codes that an event may name it by."""
    clocks: tuple[Name, ...] = ()
    """What begins to run: the time to answer first. None when the law sets no time."""
    clause: Text
    """Where it stands."""
    confirm: bool = False
    """Whether counsel must confirm it."""


class Ground(Piece, frozen=True, kw_only=True):
    """A ground on which a disclosure without consent is recognised."""

    code: Code
    """The basis that a disclosure states."""
    duties: tuple[Name, ...] = ()
    """Clocks of what it brings along."""
    confirm: bool = False
    """Whether counsel must confirm it."""


class Counting(Piece, frozen=True, kw_only=True):
    """The statute by which days are counted."""

    first_day: Text
    """Where it stands that the first day is not counted."""
    holidays: Text
    """Where it stands what happens to a last day that is a holiday."""
    confirm: bool = False
    """Whether counsel must confirm it."""


class Pack(Piece, frozen=True, kw_only=True):
    """One version of one law."""

    code: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9.-]*$")]
    """Which law, such as ca-pipeda."""
    version: Annotated[str, Meta(pattern=r"^[0-9]+(-[0-9]{2})*$")]
    """Which version of it."""
    in_force_from: date
    """The first day."""
    in_force_until: date | None = None
    """The first day on which it is no longer in force."""
    title: Text
    """Its name."""
    jurisdiction: Code
    """Where it is law."""
    regimes: Annotated[tuple[Code, ...], Meta(min_length=1)]
    """Codes that events name it by."""
    calendar: str
    """The days that do not count or do not end a time: a key of CALENDARS."""
    counting: Counting
    """How days are counted."""
    clocks: dict[Name, Clock] = {}
    """Times, by name."""
    rights: tuple[Right, ...] = ()
    """What a person may ask for."""
    grounds: tuple[Ground, ...] = ()
    """Grounds for a disclosure without consent."""

    def right(self, code: str) -> Right | None:
        """Return what a request's code asks for; None when this law does not know it."""
        return next((each for each in self.rights if code == each.code or code in each.also), None)

    def ground(self, code: str) -> Ground | None:
        """Return the ground that a disclosure's basis names; None when this law does not recognise it."""
        return next((each for each in self.grounds if code == each.code), None)

    def in_force(self, day: date) -> bool:
        """Tell whether it is law on a day."""
        return self.in_force_from <= day and (self.in_force_until is None or day < self.in_force_until)


class InvalidPack(ValueError):
    """A file does not say a law pack. The message names the file and what is wrong."""


def read_pack(text: str, name: str) -> Pack:
    """Return the pack that a TOML text says.

    Args:
        text: The text.
        name: What it is called in a refusal.

    Raises:
        InvalidPack: It is not TOML, has a member that nobody knows, lacks one, or names a code, calendar or clock that
            is not there.
    """
    try:
        pack = msgspec.convert(tomllib.loads(text), Pack)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InvalidPack(f"{name}: {error}") from error
    problems = list(_problems(pack))
    if problems:
        raise InvalidPack(f"{name}: " + "; ".join(problems))
    return pack


def _problems(pack: Pack) -> Iterable[str]:
    """Yield what no type can say."""
    codes = {pack.jurisdiction, *pack.regimes, *(clock.rule for clock in pack.clocks.values())}
    codes |= {code for right in pack.rights for code in (right.code, *right.also)}
    codes |= {each.code for each in pack.grounds}
    extensions = [clock.extension for clock in pack.clocks.values() if clock.extension]
    codes |= {reason.code for each in extensions for reason in each.reasons if reason.code}
    yield from (f"{code} is no known code" for code in sorted(codes - set(CODES)))
    if pack.calendar not in CALENDARS:
        yield f"{pack.calendar} is no calendar"
    if pack.in_force_until is not None and pack.in_force_until <= pack.in_force_from:
        yield "it ends before it begins"
    named = {name for right in pack.rights for name in right.clocks}
    named |= {name for each in pack.grounds for name in each.duties}
    named |= {each.notice for each in extensions if each.notice}
    yield from (f"{name} is no clock of it" for name in sorted(named - set(pack.clocks)))
    for many in ([code for right in pack.rights for code in (right.code, *right.also)], [g.code for g in pack.grounds]):
        yield from (f"{code} stands twice" for code in sorted(set(many)) if many.count(code) > 1)


def check_versions(packs: Iterable[Pack]) -> None:
    """Refuse two packs for one regime on one day.

    Raises:
        InvalidPack: There are two; it names both.
    """
    known: list[Pack] = []
    for pack in packs:
        for other in known:
            later = max(pack.in_force_from, other.in_force_from)
            if set(pack.regimes) & set(other.regimes) and pack.in_force(later) and other.in_force(later):
                raise InvalidPack(
                    f"{other.code} {other.version} and {pack.code} {pack.version} are both in force on {later}"
                )
        known.append(pack)


def _read() -> tuple[Pack, ...]:
    folder = files("projections.law") / "packs"
    found = [read_pack(each.read_text(encoding="utf-8"), each.name) for each in sorted(folder.iterdir(), key=str)]
    check_versions(found)
    return tuple(found)


PACKS = _read()
"""Every version of every law, by file name."""


@lru_cache(maxsize=4_096)
def pack_for(regime: str, day: date) -> Pack | None:
    """Return the version of a law that is in force on a day.

    Args:
        regime: The code that an event names the law by, such as whosaw:PIPEDA.
        day: The day, in the company's zone.

    Returns:
        The one version, or None: nobody knows the code, or no version covers the day. That is a gap, not a refusal.
    """
    return next((pack for pack in PACKS if regime in pack.regimes and pack.in_force(day)), None)
