"""More time to answer is taken as the law allows: on its grounds, once, so long, and the person is told in time.

Where it is not, it moves no day, or not so far: the request is due as if nobody had taken it, and nothing more is owed
for it. A notice that comes too late is found from when it was due;
one that is not needed any more, since the answer came before, is not missed.

Source: PIPEDA, s. 8(4); P-39.1, s. 32 (which knows none); GDPR, Art. 12(3); 45 CFR 164.528(c)(1)(ii); 11 CCR 7021(b).
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ledger.vocabulary.codes import CODES
from projections.history import moment
from projections.requested import NO_GROUND, NOT_TOLD, requests
from projections.rules.rule import Remembered, Rule, Verdict, lawful

if TYPE_CHECKING:
    from projections.history import Fact, History
    from projections.registers import Registers
    from projections.requested import Extension, Request
    from projections.rules.rule import Place


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether the law allows more time that was taken; None where no law is known, or it was not needed."""
    request, its = extensions(history).get(fact.position, (None, None))
    if request is None or its is None:
        return None
    law = f"{request.deadline.pack}/{request.deadline.version}"
    places = tuple((fact.log_id, position) for position in request.positions)
    if its.refused == NOT_TOLD:
        return _not_told(request, its, law, places)
    if its.refused is not None:
        unheard = its.refused == NO_GROUND and its.reason not in CODES
        outcome, reason = ("gap", "whosaw:CodeUnknown") if unheard else ("violation", its.refused)
        return Verdict(outcome, reason, (its.reason or "",), places, law=law)
    if its.days is not None and its.most is not None and its.days > its.most:
        return Verdict("violation", "whosaw:ExtendedTooFar", (str(its.days), str(its.most)), places, law=law)
    return lawful("whosaw:ExtensionAllowed", *places, law=law) if its.counted else None


def _not_told(request: Request, its: Extension, law: str, places: tuple[Place, ...]) -> Verdict | None:
    """Return that the person was not told in time, from when that was over; None if it never came to that."""
    if its.notice.day is None:
        return None
    over = datetime.combine(its.notice.day + timedelta(days=1), time(), ZoneInfo(its.notice.zone)).astimezone(UTC)
    if request.answered is not None and moment(request.answered) < over:
        return None
    return Verdict("violation", NOT_TOLD, (its.reason or "",), places, since=over, law=law)


def _extensions(history: History) -> dict[int, tuple[Request, Extension]]:
    """Return by its position more time that was taken, with the request that it was taken for."""
    return {each.position: (request, each) for request in requests(history) for each in request.extensions}


extensions = Remembered(_extensions)


RULE = Rule("whosaw:RuleExtension", 1, None, ("request.extended",), judge)
