"""Facts for tests, each with defaults for what the test is not about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from ledger import Fact, Ledger, fact_of
from ledger.vocabulary import parse_event

if TYPE_CHECKING:
    from collections.abc import Sequence

CUSTOMER = "dpv:Customer"


def subject(value: str, kind: str = "customer", **members: Any) -> dict[str, Any]:
    """Name a subject on the wire."""
    return {"reference": {"kind": kind, "value": value}, "role": CUSTOMER, **members}


def used(
    event_id: str,
    *customers: str,
    source: str = "/services/billing",
    subjects: Sequence[dict[str, Any]] = (),
    **data: Any,
) -> dict[str, Any]:
    """Return a `data.used` event about customers."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": "data.used",
        "time": "2026-11-01T10:00:00-05:00",
        "data": {
            "subjects": list(subjects) or [subject(customer) for customer in customers],
            "actor": {"kind": "service", "id": "billing", "role": "whosaw:Service"},
            "categories": ["pd:Name"],
            "purposes": ["dpv:PaymentManagement"],
            "basis": "dpv:ContractPerformance",
            "automated": False,
        }
        | data,
    }


def fact(ledger: Ledger, event: dict[str, Any], emitter: str = "key-billing") -> Fact:
    """Return the fact of a wire event, through the real parser."""
    return fact_of(ledger.hashes, parse_event(orjson.dumps(event)), emitter)
