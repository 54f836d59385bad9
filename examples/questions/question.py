"""What a question of the page is: who asks, the requests that answer it, and which part of the answer is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

Send: TypeAlias = Callable[["Step", str], tuple[int, bytes]]
"""Sends a step's request to a path; returns the status and the body. It knows the keys."""

DRAWN = re.compile(r"(?:account-)?[0-9a-f]{16,64}|key-[0-9a-f]+|[A-Za-z0-9+/]{43}=")
"""What is drawn at random, or keyed by it: another text in every copy of the sample."""
ELLIPSIS = "…"
PLACES = ("corrected_by", "position")
"""Members that are positions, or lists of them, which depend on what else was recorded."""
WIDTH = 118
"""Of a line of the page."""


class Shown(NamedTuple):
    """The part of an answer that the page shows; the rest is left out, and the page says so."""

    members: tuple[str, ...]
    """Of each row; `a.b` is member b of a, or of each of a's."""
    rows: int = 3
    """At most so many."""
    where: Mapping[str, object] = {}
    """Only rows in which these members are so."""
    picks: tuple[Mapping[str, object], ...] = ()
    """In place of the first rows: the first row in which the members of each of these are so."""
    by: str | None = None
    """The member by which rows are put in order here; None: as they come."""
    at: str | None = "items"
    """Where the rows stand; None for the answer itself as the one row."""
    also: tuple[str, ...] = ()
    """Members of the answer itself, shown before its rows."""


class Step(NamedTuple):
    """One request, as a command, and what is shown of its answer."""

    path: str
    """With `$p` for the person's id, and `$t` for the moment at which the question began, to the second."""
    shown: Shown | None
    """None: it is no part of the question, but done before, so that there is something to find; or see `into`."""
    person: str | None = None
    """The number of the customer whose id `$p` is."""
    key: str = "officer"
    """Whose key asks: officer, compliance, legal, regulator."""
    method: str = "GET"
    body: str | None = None
    before: str | None = None
    """A line to paste first, before the person's id is looked up."""
    keeps: str | None = None
    """The member of the answer that is `$r` from then on."""
    purpose: str = ""
    """Why it is asked: a code. Empty: the purpose of whoever asks the question."""
    into: str | None = None
    """The file that takes the answer as lines, one a row. Its last line is shown, which counts them, and the number of
    people they are about."""

    @property
    def accept(self) -> str:
        """What is to be answered."""
        return "*/*" if self.into is None else "application/x-ndjson"


class Question(NamedTuple):
    """One of the 25."""

    number: int
    asker: str
    text: str
    """In its asker's words."""
    steps: tuple[Step, ...]
    meaning: str
    """What the answer says, in plain words."""


def look_up(number: str, purpose: str, send: Send) -> str:
    """Return the id of the customer of a number."""
    reference = json.dumps({"reference": {"kind": "customer", "value": number}})
    step = Step("/v1/subjects/lookup", None, method="POST", body=reference, purpose=purpose)
    _, body = send(step, step.path)
    found: str = json.loads(body)["id"]
    return found


def kept(value: Any, members: tuple[str, ...]) -> Any:
    """Return only these members of a value, in their order, in the same shape; what is absent stays absent."""
    if isinstance(value, list):
        return [kept(each, members) for each in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for name in dict.fromkeys(member.partition(".")[0] for member in members):
        inner = tuple(member.partition(".")[2] for member in members if member.partition(".")[0] == name)
        if name in value:
            found[name] = kept(value[name], inner) if all(inner) else value[name]
    return found


def reached(value: Any, member: str) -> Any:
    """Return what `a.b` is in a value; None if it is not there."""
    for name in member.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def masked(value: Any) -> Any:
    """Return a value without what is drawn at random, and without places in the log."""
    if isinstance(value, dict):
        return {name: _elided(each) if name in PLACES else masked(each) for name, each in value.items()}
    if isinstance(value, list):
        return [masked(each) for each in value]
    return ELLIPSIS if isinstance(value, str) and DRAWN.fullmatch(value) else value


def _elided(places: Any) -> Any:
    return [ELLIPSIS] * len(places) if isinstance(places, list) else ELLIPSIS
