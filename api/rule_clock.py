"""The clock that all people's facts are judged together by, in a thread of the process that serves.

A finding about one person follows from her history. What only many histories show has nobody's rows to stand in; the
ledger states it as a fact about nobody, which people then resolve or waive as any other.

Another version of a rule judges all of that again, once in each process: what no longer holds is resolved, with a
reason that says so, and what newly holds is raised. What a version resolved so opens again if a later one finds it.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from api.clock import Clock
from ledger import Conflict
from ledger.own_fact import own_fact
from projections import together
from projections.history import EARLIEST
from projections.progress import reached

if TYPE_CHECKING:
    from ledger import Ledger
    from projections.together import Known, Raised

log = logging.getLogger(__name__)
LATELY = timedelta(days=35)
"""After the first look, what happened earlier is not looked at again."""
ON_THEIR_WAY = timedelta(hours=1)
"""So long a number may be missing before that is a finding: a service sends again what it could not send."""
AGAIN = "whosaw:JudgedAgain"
"""Why the ledger itself resolves or reopens what another version of the rule found, or did not."""


class RuleClock(Clock):
    """Raises what is found over everybody, from `start` to `stop`. Several processes may each have one."""

    def __init__(self, ledger: Ledger, seconds: float) -> None:
        """Wind it up.

        Args:
            ledger: Stays open until after `stop`.
            seconds: Between two looks.
        """
        super().__init__("rules", seconds)
        self._ledger = ledger
        self._since = EARLIEST
        self._heads: list[int] | None = None
        self._missing: dict[str, datetime] = {}
        self._stated: set[str] = set()

    def turn(self, now: datetime | None = None) -> None:
        """Look once.

        Args:
            now: When it is; by the machine's clock, if it is None.
        """
        now = now or datetime.now(UTC)
        try:
            logs = range(len(self._ledger.recorders))
            self._heads = self._heads or [self._ledger.head(log_id) for log_id in logs]
            with self._ledger.connection() as connection:
                # While a projection is behind what was recorded before this process began, what lacks may yet come.
                whole = all(reached(connection, each, together.READS) >= self._heads[each] for each in logs)
                found = together.files(connection, logs, self._since)
                gaps, every_gap = together.gaps(connection, logs, now)
                known = together.known(connection, logs)
            self._missing = {each.finding: self._missing.get(each.finding, now) for each in gaps}
            found += [each for each in gaps if now - self._missing[each.finding] >= ON_THEIR_WAY]
            for each in found:
                self._state("finding.raised", each.finding, self._said(each))
            if whole:
                holding = {each.finding for each in found} | self._missing.keys()
                for each in known:
                    judged = every_gap if each.rule == together.SEQUENCE else self._since == EARLIEST
                    if judged:
                        self._again(each, holds=each.finding in holding)
                self._since = now - LATELY
        except Exception as error:  # noqa: BLE001 - whatever it is (a lost database), the clock goes on
            # The type alone: a message may quote a row.
            log.warning("nothing was judged together", extra={"reason": type(error).__name__})

    def _again(self, known: Known, *, holds: bool) -> None:
        """Settle what was raised once and does not hold any more; open again what another version had settled."""
        version = together.VERSIONS[known.rule]
        if known.state == "open" and not holds and known.outdated:
            self._decide("finding.resolved", known.finding, AGAIN, f"-{version}")
        elif known.state == "open" and not holds and known.rule == together.SEQUENCE:
            self._decide("finding.resolved", known.finding, "whosaw:NumbersArrived")
        elif known.state == "resolved" and known.resolution == AGAIN and holds:
            self._decide("finding.reopened", known.finding, AGAIN, f"-{version}")

    def _decide(self, kind: str, name: str, reason: str, version: str = "") -> None:
        """State a decision on a finding once; those of another version are others."""
        self._state(kind, name, {"finding_id": name, "reason": reason}, version)

    def _said(self, each: Raised) -> dict[str, Any]:
        origins = [signer.origin for signer in self._ledger.keys.signers]
        said: dict[str, Any] = {
            "finding_id": each.finding, "rule": each.rule, "rule_version": str(together.VERSIONS[each.rule]),
            "law_pack": None,
            "result": "violation", "reason": each.reason, "codes": each.codes, "numbers": each.numbers,
            "inputs": [{"log": origins[log_id], "position": position} for log_id, position in each.inputs],
        }  # fmt: skip
        return said | ({"emitter": each.emitter} if each.emitter else {})

    def _state(self, kind: str, name: str, said: dict[str, Any], version: str = "") -> None:
        """State something once, whichever process finds it and however often."""
        event_id = f"{kind}-{name}{version}"
        if event_id in self._stated:
            return
        fact = own_fact(self._ledger.hashes, kind, name, said, event_id=event_id)
        # Crash before this: it is found again. After: it is a conflict, since another moment states it.
        with suppress(Conflict):
            self._ledger.append([fact])
        self._stated.add(event_id)
