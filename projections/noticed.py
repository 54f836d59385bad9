"""How the telling of past recipients stands, by the notices that the company named. Pure: no database, no clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from projections.deadlines import parsed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from projections.history import Fact

DUE, SENT, ANSWERED = (
    "recipient.notification_due", "recipient.notification_sent", "recipient.notification_answered",
)  # fmt: skip
TYPES = (DUE, SENT, ANSWERED)
"""What notices follow from."""
OUTCOMES = {"acknowledged": "discharged", "completed": "discharged"}
"""States of what recipients answer; every other outcome is a state of its own."""

GOES_ON = frozenset({"sent", "bounced"})
"""States after which something is still to come."""


class Step(NamedTuple):
    """Something by which a duty went on: the recipient was told, or answered."""

    time: str
    """When: RFC 3339."""
    act: str
    """sent, answered, informed, destroyed (its copy is gone) or resolved (a dispute was settled, a change undone)."""
    state: str
    """Of the duty, since then."""
    outcome: str | None
    justification: str | None
    attempts: int
    """How often the recipient had been told by then."""
    position: int
    """Of its entry."""


class Notice(NamedTuple):
    """One recipient that is to be told of one change, as the company named it."""

    fact: Fact
    """That it is due."""
    notification: str
    recipient: str
    name: str | None
    """What the recipient was called."""
    trigger: tuple[str, str]
    """Source and id of the change."""
    change: str
    """rectified, erased, restricted or challenged."""
    categories: list[str]
    due: date | None
    """As the company stated."""
    state: str
    """open, sent, discharged, refused, bounced, impossible or disproportionate."""
    since: str
    outcome: str | None
    justification: str | None
    attempts: int
    done: str | None
    """When it came to an end: RFC 3339."""
    positions: list[int]
    steps: list[Step]
    """What was done about it, by time."""


def notices(facts: Iterable[Fact]) -> list[Notice]:
    """Return every notice that facts name, by when it was due first; what was never due is none.

    What came last counts: a notice that bounced and was sent again is sent.
    """
    of: dict[tuple[str, str], list[Fact]] = {}
    for each in sorted(facts, key=lambda each: (each.time, each.position)):
        if each.type in TYPES:
            of.setdefault((str(each.data.get("notification_id")), str(each.data.get("recipient_id"))), []).append(each)
    return [_notice(*key, found) for key, found in of.items() if any(each.type == DUE for each in found)]


def _notice(notification: str, recipient: str, facts: list[Fact]) -> Notice:
    """Return one notice, from the facts that name it, by time."""
    due = next(each for each in facts if each.type == DUE)
    steps: list[Step] = []
    for each in facts:
        if each.type == DUE:
            continue
        outcome: str | None = each.data.get("outcome")
        state = "sent" if outcome is None else OUTCOMES.get(outcome, outcome)
        attempts = max(each.data.get("attempts", 1), steps[-1].attempts if steps else 0)
        act, why = "sent" if each.type == SENT else "answered", each.data.get("justification")
        steps.append(Step(each.stated, act, state, outcome, why, attempts, each.position))
    last = steps[-1] if steps else None
    ended = last if last and last.state not in GOES_ON else None
    trigger = due.data.get("trigger", {})
    return Notice(
        due, notification, recipient, due.data.get("recipient_name"),
        (str(trigger.get("source")), str(trigger.get("id"))), str(due.data.get("change")),
        sorted(set(due.data.get("categories", []))), parsed(due.data.get("due")),
        last.state if last else "open", due.stated, last.outcome if last else None,
        last.justification if last else None, last.attempts if last else 0, ended.time if ended else None,
        sorted({each.position for each in facts}), steps,
    )  # fmt: skip
