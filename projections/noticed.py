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
    steps = [each for each in facts if each.type != DUE]
    last = steps[-1] if steps else None
    outcome: str | None = last.data.get("outcome") if last else None
    state = "open" if last is None else "sent" if outcome is None else OUTCOMES.get(outcome, outcome)
    ended = last if last and state not in {"sent", "bounced"} else None
    trigger = due.data.get("trigger", {})
    return Notice(
        due, notification, recipient, due.data.get("recipient_name"),
        (str(trigger.get("source")), str(trigger.get("id"))), str(due.data.get("change")),
        sorted(set(due.data.get("categories", []))), parsed(due.data.get("due")), state, due.stated, outcome,
        last.data.get("justification") if last else None,
        max((each.data.get("attempts", 1) for each in steps), default=0),
        ended.stated if ended else None, sorted({each.position for each in facts}),
    )  # fmt: skip
