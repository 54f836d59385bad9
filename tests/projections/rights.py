"""What people ask for and what becomes of it, as facts: tests say what happened in a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from projections.history import Fact, History, moment
from tests.projections.given import AGENT, Happened

if TYPE_CHECKING:
    from collections.abc import Sequence

BANK = {"id": "national-bank", "name": "National Bank", "kind": "whosaw:Bank", "role": "dpv:DataController"}
POLICE = {"id": "city-police", "name": "City Police", "country": "loc:CA-QC"}


def happened(type_: str, who: str | Sequence[str], time: str, **data: Any) -> Happened:
    """Return any fact."""
    return Happened(type_, (who,) if isinstance(who, str) else tuple(who), time, {"actor": AGENT} | data)


def asked(who: str | Sequence[str], time: str, request: str = "REQ-1", **more: Any) -> Happened:
    """Return that somebody asked to see what is held on her, under PIPEDA unless something else is said."""
    data = {
        "request_id": request, "regime": "whosaw:PIPEDA", "right": "whosaw:Access", "channel": "whosaw:Web",
        "clock_start": time, "due": None, "identity": "verified",
    }  # fmt: skip
    return happened("request.received", who, time, **data | more)


def verified(who: str | Sequence[str], time: str, request: str = "REQ-1") -> Happened:
    return happened("request.verified", who, time, request_id=request, method="whosaw:AccountLogin")


def extended(
    who: str | Sequence[str], time: str, days: int | None = None, request: str = "REQ-1", **more: Any
) -> Happened:
    data = {"request_id": request, "reason": "whosaw:ConsultationNeeded", "noticed_at": time, "days": days}
    return happened("request.extended", who, time, **data | more)


def answered(
    who: str | Sequence[str], time: str, outcome: str = "dpv:RequestFulfilled", request: str = "REQ-1", **more: Any
) -> Happened:
    data = {"request_id": request, "outcome": outcome, "channel": "whosaw:Email"}
    return happened("request.answered", who, time, **data | more)


def consulted(who: str, time: str, request: str = "REQ-1") -> Happened:
    data = {"request_id": request, "institution": POLICE, "notified_at": time, "visibility": "sealed"}
    return happened("institution.consulted", who, time, **data)


def replied(who: str, time: str, request: str = "REQ-1", *, objection: bool) -> Happened:
    data = {"request_id": request, "institution": POLICE, "objection": objection, "visibility": "sealed"}
    return happened("institution.answered", who, time, **data)


def history(*facts: Happened) -> History:
    """Return facts as one person's, recorded in this order, without a ledger."""
    return History(
        0, ("a" * 32,), len(facts),
        tuple(
            Fact(0, place, "a" * 32, each.type, moment(each.time), each.time, moment(each.time), None,
                 "/services/test",
                 f"ev-{place}", "dpv:Customer", len(each.who) > 1, each.data)
            for place, each in enumerate(facts, 1)
        ),
    )  # fmt: skip


def rectified(who: str | Sequence[str], time: str, *categories: str, request: str | None = None) -> Happened:
    data = {"categories": list(categories), "reason": "whosaw:Outdated", "request_ref": request, "system": "crm"}
    return happened("data.rectified", who, time, **data)


def erased(who: str | Sequence[str], time: str, *categories: str, state: str = "done", **more: Any) -> Happened:
    data = {"categories": list(categories), "mode": "erase", "state": state, "system": "crm"}
    return happened("data.erased", who, time, **data | more)


def challenged(who: str, time: str, *categories: str) -> Happened:
    return happened("challenge.recorded", who, time, categories=list(categories), request_id=None)


def due(
    who: str | Sequence[str], time: str, *categories: str, trigger: int = 1, notification: str = "N-1", **more: Any
) -> Happened:
    """Return that the bank is to be told of the fact recorded at a position."""
    data = {
        "notification_id": notification, "trigger": {"source": "/services/test", "id": f"ev-{trigger}"},
        "change": "rectified", "recipient_id": BANK["id"], "categories": list(categories), "due": None,
    }  # fmt: skip
    return happened("recipient.notification_due", who, time, **data | more)


def told(who: str, time: str, notification: str = "N-1", recipient: str = BANK["id"]) -> Happened:
    data = {"notification_id": notification, "recipient_id": recipient, "channel": "whosaw:Email"}
    return happened("recipient.notification_sent", who, time, **data)


def replied_to(
    who: str, time: str, outcome: str, notification: str = "N-1", recipient: str = BANK["id"], **more: Any
) -> Happened:
    data = {"notification_id": notification, "recipient_id": recipient, "outcome": outcome, "channel": "whosaw:Email"}
    return happened("recipient.notification_answered", who, time, **data | more)
