"""What the services write down, one diary to a life: acts with ids that depend on nothing but the seed."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import blake2b
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from examples.company.clock import AS_OF, POLICY_CHANGE, written
from examples.company.codes import CHANGED_VERSION, FIRST_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

SIGNUP = "/services/signup"
BILLING = "/services/billing"
CALLS = "/services/calls"
SUPPORT = "/services/support"
FRAUD = "/services/fraud"
SERVICES = (SIGNUP, BILLING, CALLS, SUPPORT, FRAUD)
"""The five that emit; fraud is also the desk that answers authorities and keeps holds and seals."""
PORTING = "/services/porting"
"""Told the porting administrator of numbers that moved, until September 2026; there is a hole in its count."""
PRIVACY_OFFICE = "/offices/privacy"
"""Publishes the policies, by hand."""
SOURCES = (PRIVACY_OFFICE, *SERVICES, PORTING)
AT_ONCE = timedelta(seconds=2)
"""How soon a service writes down what it did."""


class Act(NamedTuple):
    """Something a service did with personal data. Acts sort by when they were written down, then by whose diary."""

    recorded: datetime
    owner: str
    number: int
    """From 1 within its diary."""
    id: str
    time: datetime
    source: str
    type: str
    data: Mapping[str, object]
    correlation: str | None
    causation: str | None

    def event(self, sequence: int) -> dict[str, object]:
        """The act as a CloudEvent, its emitter's sequence-th."""
        attributes: dict[str, object] = {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "time": written(self.time),
            "recordedtime": written(self.recorded),
            "sequence": sequence,
        }
        if self.correlation:
            attributes["correlationid"] = self.correlation
        if self.causation:
            attributes["causationid"] = self.causation
        attributes["data"] = self.data
        return attributes


class Diary:
    """The acts of one life, or of one of the company's own tasks, with its own source of chance."""

    def __init__(self, seed: int, owner: str) -> None:
        self.owner = owner
        self.acts: list[Act] = []
        self.draw = Random(f"{seed}/diary/{owner}")
        self._seed = seed
        self._noted = 0

    def note(
        self,
        time: datetime,
        source: str,
        type: str,  # noqa: A002 - the attribute's name in CloudEvents
        data: Mapping[str, object],
        *,
        correlation: str | None = None,
        causation: str | None = None,
        after: timedelta = AT_ONCE,
    ) -> str:
        """Write an act down and return its id; what would be written after the sample's present is left out.

        `after` is how long after it happened its service wrote it down.
        """
        self._noted += 1
        number = self._noted
        name = f"{self._seed}/{self.owner}/{type}/{number}".encode()
        act_id = f"{source.rpartition('/')[2]}-{blake2b(name, digest_size=8).hexdigest()}"
        if type.startswith("data."):
            data = {**data, "policy_version": FIRST_VERSION if time < POLICY_CHANGE else CHANGED_VERSION}
        recorded = time + after
        act = Act(recorded, self.owner, number, act_id, time, source, type, data, correlation, causation)
        if recorded <= AS_OF:
            self.acts.append(act)
        return act_id

    def chance(self, probability: float) -> bool:
        """True as often as that, from 0 to 1."""
        return self.draw.random() < probability

    def later(self, moment: datetime, at_least_minutes: int, at_most_minutes: int) -> datetime:
        """A moment so much later."""
        return moment + timedelta(minutes=self.draw.randint(at_least_minutes, at_most_minutes))

    def case(self, kind: str) -> str:
        """A case, order or ticket number: opaque, and this sample's own."""
        return f"{kind}-{self.draw.getrandbits(40):010x}"
