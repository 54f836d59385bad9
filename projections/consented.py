"""How facts about one person add up to what she consents to. Pure: no database, no clock."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from ledger.vocabulary.codes import covered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

GIVEN, EXPIRED = "given", "expired"


class Change(NamedTuple):
    """One fact that bears on consent. An empty list leaves that side open."""

    log_id: int
    stream: UUID
    """Under which of her names it was recorded."""
    position: int
    appended: datetime
    """When it was recorded."""
    effective: datetime
    """From when it counts."""
    stated: str
    """The same, as its emitter wrote it."""
    state: str
    """given, refused, withdrawn or expired."""
    purposes: list[str]
    categories: list[str]
    media: list[str]
    """Through which the company may speak."""
    recipients: list[str]
    ends: datetime | None
    until: str | None
    """The same, as its emitter wrote it."""
    channel: str
    """By which it was said."""
    expression: str | None
    notice: str | None
    conditional: bool
    source: str
    id: str

    def covers(self, purpose: str, category: str | None, medium: str | None, recipient: str | None) -> bool:
        """Return whether it speaks of this; None for one that nothing names."""
        return (
            purpose in self.purposes
            and (not self.categories or (category is not None and covered(category, self.categories)))
            and (not self.media or medium in self.media)
            and (not self.recipients or recipient in self.recipients)
        )


class Consent(NamedTuple):
    """How consent to one purpose stands. An empty list stands for all that no other row of the purpose names.

    A category stands for every kind of it that no other row of the purpose names.
    """

    purpose: str
    categories: list[str]
    media: list[str]
    recipients: list[str]
    state: str
    """given, refused, withdrawn or expired."""
    since: str
    """RFC 3339, with the offset that the emitter wrote."""
    until: str | None
    """When what was given runs out."""
    channel: str
    """By which it was said."""
    expression: str | None
    """How plainly."""
    notice: str | None
    """What she was shown."""
    conditional: bool
    """Whether a service was refused without it."""
    source: str
    """Of the fact that decides, as its emitter named it."""
    id: str
    log_id: int
    position: int
    """Of the entry."""


def standing(changes: Iterable[Change], at: datetime, joined: datetime | None = None) -> list[Consent]:
    """Return how consents stand at a time, by purpose, the widest scope of each first. Pure.

    Args:
        changes: One person's.
        at: When.
        joined: Since when her names were known to be one person's; None if she has one.
    """
    seen = [_run_out(each, at) for each in changes if each.effective <= at]
    found: list[Consent] = []
    for purpose in sorted({purpose for each in seen for purpose in each.purposes}):
        decided = {scope: _decided(some, joined) for scope, some in _scopes([c for c in seen if purpose in c.purposes])}
        for scope, change in decided.items():
            # Whatever a wider row says already is not said again.
            if not any(decided.get(wider) is change for wider in _wider(scope)):
                found.append(_consent(purpose, scope, change))
    return found


def decision(
    changes: Iterable[Change],
    at: datetime,
    purpose: str,
    category: str | None = None,
    medium: str | None = None,
    recipient: str | None = None,
    *,
    joined: datetime | None = None,
) -> Change | None:
    """Return the fact that decides on one act at a time; None if none speaks of it. Pure.

    Its state is `expired` if what was given had run out by then. The arguments are those of `standing` and `covers`.
    """
    some = [
        _run_out(each, at)
        for each in changes
        if each.effective <= at and each.covers(purpose, category, medium, recipient)
    ]
    return _decided(some, joined) if some else None


_Scope = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
_LATEST = attrgetter("effective", "appended", "log_id", "position")


def _run_out(change: Change, at: datetime) -> Change:
    if change.state != GIVEN or change.ends is None or change.until is None or change.ends > at:
        return change
    return change._replace(state=EXPIRED, effective=change.ends, stated=change.until)


def _decided(changes: Sequence[Change], joined: datetime | None) -> Change:
    """Return which of some facts decides: the latest; of what each name said before all were one, the strictest."""
    known = [each for each in changes if joined is not None and each.appended > joined]
    alone: dict[tuple[int, UUID], Change] = {}
    for each in sorted((each for each in changes if joined is None or each.appended <= joined), key=_LATEST):
        alone[each.log_id, each.stream] = each
    refusals = [each for each in alone.values() if each.state != GIVEN]
    first = max(refusals or alone.values(), key=_LATEST, default=None)
    last = max(known, key=_LATEST, default=None)
    if first is None or last is None:
        decides = first or last
        assert decides is not None, "there is a fact"
        return decides
    return last if last.effective >= first.effective else first


def _scopes(changes: Sequence[Change]) -> Iterator[tuple[_Scope, list[Change]]]:
    """Yield the scopes that facts tell apart, with those that speak of each; the widest first."""
    for categories, of_these in _sides(changes, attrgetter("categories")):
        for media, through_these in _sides(of_these, attrgetter("media")):
            for recipients, to_these in _sides(through_these, attrgetter("recipients")):
                yield (categories, media, recipients), to_these


def _sides(
    changes: Sequence[Change], side: Callable[[Change], list[str]]
) -> Iterator[tuple[tuple[str, ...], list[Change]]]:
    """Yield values that the same facts speak of, together, with these facts; first all that no fact names."""
    anything = [each for each in changes if not side(each)]
    if anything:
        yield (), anything
    together: dict[tuple[int, ...], list[str]] = {}
    for value in sorted({value for each in changes for value in side(each)}):
        places = tuple(place for place, each in enumerate(changes) if not side(each) or covered(value, side(each)))
        together.setdefault(places, []).append(value)
    for places, values in together.items():
        yield tuple(values), [changes[place] for place in places]


def _wider(scope: _Scope) -> Iterator[_Scope]:
    """Yield the scopes that leave one more side open."""
    for place, side in enumerate(scope):
        if side:
            yield (*scope[:place], (), *scope[place + 1 :])  # type: ignore[misc]


def _consent(purpose: str, scope: _Scope, change: Change) -> Consent:
    categories, media, recipients = scope
    return Consent(
        purpose, list(categories), list(media), list(recipients), change.state, change.stated,
        change.until if change.state == GIVEN else None, change.channel, change.expression, change.notice,
        change.conditional, change.source, change.id, change.log_id, change.position,
    )  # fmt: skip
