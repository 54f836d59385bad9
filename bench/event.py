"""The event that all of it sends: a disclosure like a company's. Imports nothing, so that its sender starts fast."""

from __future__ import annotations

from typing import Any

SOURCE = "/services/billing"


def event(number: int, customer: int) -> dict[str, Any]:
    """Return a disclosure with everything that costs: a recipient's snapshot, codes, and a private part."""
    return {
        "specversion": "1.0",
        "id": f"evt-{number:012d}",
        "source": SOURCE,
        "type": "data.disclosed",
        "time": "2026-11-01T10:00:00-05:00",
        "recordedtime": "2026-11-01T10:00:01-05:00",
        "data": {
            "subjects": [{"reference": {"kind": "customer", "value": f"C-{customer}"}, "role": "dpv:Customer"}],
            "actor": {"kind": "service", "id": "billing", "role": "whosaw:Service"},
            "system": "billing",
            "policy_version": "2009-05-01",
            "recipient": {
                "id": f"recipient-{number % 15}",
                "name": "Collections North",
                "address": "100 Example Street, Montreal",
                "country": "loc:CA",
                "kind": "dpv:ForProfitOrganisation",
                "role": "dpv:DataProcessor",
            },
            "categories": ["pd:Name", "pd:TelephoneNumber"],
            "purpose": "dpv:CustomerClaimsManagement",
            "recipient_purpose": "dpv:CustomerClaimsManagement",
            "basis": "ca-qc-p39.1:18-9",
            "initiative": "controller",
            "mode": "transmitted",
            "private": {"note": "sent by secure transfer"},
        },
    }
