"""A small right event of each type, for tests."""

from __future__ import annotations

from typing import Any

WHEN = "2026-11-01T10:00:00-05:00"
CUSTOMER = {"reference": {"kind": "customer", "value": "C-1001"}, "role": "dpv:Customer"}
SERVICE = {"kind": "service", "id": "billing", "role": "whosaw:BillingService"}
HUMAN = {"kind": "human", "id": "jeanne.tremblay@staff.example", "role": "whosaw:SupportAgent"}
TARGET = {"source": "/services/billing", "id": "e-1"}
COURT = {"name": "Cour du Québec", "country": "loc:CA-QC"}
DIGEST = "sha256:" + "ab" * 32
RECIPIENT = {
    "id": "rec-7",
    "name": "Recouvrement Exemple inc.",
    "address": "1, rue Exemple, Montréal",
    "country": "loc:CA-QC",
    "kind": "whosaw:DebtCollector",
    "role": "dpv:DataProcessor",
}

# Only what is required, of each type, beside actor and subjects.
REQUIRED: dict[str, dict[str, Any]] = {
    "policy.published": {
        "policy": "farfadet-privacy",
        "version": "2009-05-01",
        "text_digest": DIGEST,
        "languages": ["en"],
        "effective_from": WHEN,
        "supersedes": None,
    },
    "policy.assented": {
        "policy": "farfadet-privacy",
        "version": "2009-05-01",
        "mode": "deemed_by_use",
        "evidence": TARGET,
    },
    "consent.recorded": {
        "state": "withdrawn",
        "purposes": ["dpv:DirectMarketing"],
        "categories": [],
        "channel": "whosaw:Email",
        "notice_ref": None,
        "effective_at": WHEN,
    },
    "data.collected": {
        "categories": ["pd:Name", "pd:EmailAddress"],
        "purposes": ["dpv:ServiceProvision"],
        "context": "whosaw:SignUp",
        "channel": "whosaw:Web",
        "origin": "subject",
        "basis": "dpv:ContractPerformance",
        "retained": True,
    },
    "data.used": {
        "categories": ["pd:EmailAddress"],
        "purposes": ["dpv:DirectMarketing"],
        "basis": None,
        "automated": False,
    },
    "data.viewed": {
        "categories": ["pd:Name"],
        "view": "detail",
        "result_count": 1,
    },
    "data.disclosed": {
        "recipient": RECIPIENT,
        "categories": ["pd:Name", "whosaw:DebtRecord"],
        "purpose": "sector-finance:DebtManagement",
        "recipient_purpose": "sector-finance:DebtManagement",
        "basis": "ca-qc-p39.1:18-9",
        "initiative": "controller",
        "mode": "transmitted",
    },
    "data.rectified": {
        "categories": ["pd:PhysicalAddress"],
        "reason": "whosaw:Outdated",
        "request_ref": "REQ-1",
    },
    "data.erased": {"categories": ["pd:Name"], "mode": "erase", "state": "done", "system": "crm"},
    "request.received": {
        "request_id": "REQ-1",
        "regime": "whosaw:PIPEDA",
        "right": "whosaw:Access",
        "channel": "whosaw:ContactForm",
        "clock_start": WHEN,
        "due": "2026-12-01",
    },
    "request.answered": {
        "request_id": "REQ-1",
        "outcome": "dpv:RequestFulfilled",
        "channel": "whosaw:Email",
    },
    "account.issued": {
        "account_id": "ACC-1",
        "language": "fr",
        "formats": ["pdf", "json"],
        "report_digest": DIGEST,
        "log": "ledger.example/log0",
        "position": 7,
        "checkpoint": 7,
        "purpose": "whosaw:AccessRequest",
    },
    "recipient.notification_due": {
        "notification_id": "N-1",
        "trigger": TARGET,
        "change": "erased",
        "recipient_id": "rec-7",
        "categories": ["pd:Name"],
    },
    "recipient.notification_answered": {
        "notification_id": "N-1",
        "recipient_id": "rec-7",
        "outcome": "acknowledged",
        "channel": "whosaw:Email",
    },
    "seal.placed": {
        "seal_id": "S-1",
        "authority": COURT,
        "basis": "ca-criminal-code:487.0191",
        "scope": {"events": [TARGET]},
        "starts": WHEN,
        "until": None,
    },
    "seal.lifted": {"seal_id": "S-1", "reason": "whosaw:OrderExpired", "effective_at": WHEN},
    "hold.placed": {"hold_id": "H-1", "reason": "whosaw:Litigation", "scope": {}, "starts": WHEN},
    "hold.released": {"hold_id": "H-1", "reason": "whosaw:RecourseExhausted", "effective_at": WHEN},
    "subject.identifier_linked": {
        "identifier": {"kind": "device", "value": "device-4f1c"},
        "method": "whosaw:Login",
        "confidence": "certain",
    },
    "subject.merged": {"method": "whosaw:StaffMatch", "confidence": "probable"},
    "event.corrected": {
        "target": TARGET,
        "changed": ["/categories"],
        "reason": "whosaw:WrongContent",
    },
    "finding.raised": {
        "finding_id": "F-1",
        "rule": "whosaw:6.1",
        "rule_version": "2009-05-01",
        "law_pack": None,
        "result": "violation",
        "inputs": [{"log": "ledger.example/log0", "position": 7}],
    },
    "ledger.queried": {
        "query": "whosaw:QueryHoldings",
        "purpose": "whosaw:AccessRequest",
        "outcome": "answered",
        "result_count": 3,
    },
    "seal.extended": {"seal_id": "S-1", "until": None},
    "seal.ended": {"stream": "0f" * 16},
    "clearance.granted": {
        "authorities": ["court-1"],
        "until": WHEN,
        "asked_by": "key-0011223344",
        "approved_by": "key-5566778899",
        "reason": "whosaw:LegalClaim",
    },
    "subject.identifier_unlinked": {
        "identifier": {"kind": "device", "value": "d-1"},
        "method": "whosaw:CustomerStated",
        "confidence": "certain",
    },
    "subject.split": {
        "undoes": {"source": "/services/billing", "id": "m-1"},
        "method": "whosaw:CustomerStated",
        "confidence": "certain",
    },
    "subject.revoked": {"receipt_id": "E-1", "reason": "whosaw:CustomerAsked", "until": WHEN},
    "subject.restored": {"receipt_id": "E-1", "reason": "whosaw:Withdrawn"},
    "erasure.deferred": {"receipt_id": "E-1", "reason": "dpv:LegalObligation"},
    "key.destroyed": {
        "receipt_id": "E-1",
        "streams": ["0f" * 16],
        "mode": "dpv:Erase",
        "reason": "whosaw:CustomerAsked",
        "entries": 3,
        "references": 1,
        "memberships": 0,
    },
    "event.voided": {"target": {"source": "/services/billing", "id": "e-1"}, "reason": "whosaw:WrongSubject"},
    "checkpoint.signed": {
        "log": "ledger.example/log0",
        "size": 7,
        "root": "A" * 43 + "=",
        "key_id": "ledger.example/log0+1a2b3c4d",
    },
    "ledger.key_changed": {
        "log": "ledger.example/log0",
        "key_change": "rotated",
        "key": "ledger.example/log0+245fc197+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
        "previous": "ledger.example/log0+245fc197+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
    },
    "data.restricted": {"categories": ["pd:Name"], "reason": "whosaw:CustomerAsked", "request_ref": "REQ-1"},
    "request.verified": {"request_id": "REQ-1", "method": "whosaw:AccountLogin"},
    "request.extended": {"request_id": "REQ-1", "reason": "whosaw:ConsultationNeeded", "noticed_at": WHEN},
    "relationship.ended": {"reason": "whosaw:AccountClosed"},
    "challenge.recorded": {"categories": ["pd:Name"], "request_id": None},
    "subject.informed": {"about": TARGET, "channel": "whosaw:Mail"},
    "identity.release_decided": {"request_id": "REQ-1", "release": "withheld", "reason": "whosaw:NotConfirmed"},
    "recipient.registered": {"recipient": RECIPIENT},
    "recipient.agreement_recorded": {
        "agreement_id": "AGR-1",
        "recipient_id": "rec-7",
        "agreement": "whosaw:ProcessorAgreement",
        "starts": WHEN,
        "until": None,
    },
    "system.registered": {"registered": "crm"},
    "disclosure.onward_reported": {"recipient_id": "rec-7", "onward": RECIPIENT, "categories": ["pd:Name"]},
    "recipient.notification_sent": {"notification_id": "N-1", "recipient_id": "rec-7", "channel": "whosaw:Email"},
    "authority.demand_received": {
        "demand_id": "D-1",
        "instrument": {"type": "whosaw:Warrant", "issuer": COURT},
        "due": None,
    },
    "authority.demand_decided": {"demand_id": "D-1", "decision": "narrowed"},
    "institution.consulted": {"request_id": "REQ-1", "institution": COURT, "notified_at": WHEN},
    "institution.answered": {"request_id": "REQ-1", "institution": COURT, "objection": True},
    "incident.detected": {
        "incident_id": "I-1",
        "categories": ["pd:Name"],
        "circumstances": ["whosaw:Loss"],
        "since": None,
        "until": None,
        "aware_at": WHEN,
    },
    "incident.assessed": {"incident_id": "I-1", "serious": False, "factors": ["whosaw:DataEncrypted"]},
    "incident.notified": {"incident_id": "I-1", "whom": "regulator", "channel": "whosaw:Web"},
    "incident.closed": {"incident_id": "I-1", "measures": []},
    "retention.rule_set": {
        "rule": "whosaw:KeepCalls",
        "categories": ["pd:CallLog"],
        "purposes": [],
        "trigger": "collected",
        "length": 2,
        "unit": "years",
        "action": "erase",
        "effective_from": WHEN,
    },
    "finding.resolved": {"finding_id": "F-1", "reason": "whosaw:Remedied"},
    "finding.reopened": {"finding_id": "F-1", "reason": "whosaw:NotRemedied"},
    "finding.waived": {
        "waiver_id": "W-1",
        "rule": "whosaw:6.1",
        "reason": "whosaw:TransitionPeriod",
        "until": WHEN,
    },
    "reconciliation.mismatch": {"compared": "billing", "expected": 5, "found": 4, "since": WHEN, "until": WHEN},
    "ledger.heads": {
        "log": "ledger.example/log0",
        "covers": 7,
        "streams": 3,
        "root": "A" * 43 + "=",
        "previous": None,
    },
}

WITHOUT_SUBJECTS = (
    "policy.published",
    "checkpoint.signed",
    "ledger.key_changed",
    "ledger.heads",
    "key.destroyed",
    "recipient.registered",
    "recipient.agreement_recorded",
    "system.registered",
    "retention.rule_set",
    "reconciliation.mismatch",
)


def event(name: str, **members: Any) -> dict[str, Any]:
    """Return a small right event of a type, with members of its data added or replaced."""
    data: dict[str, Any] = {"actor": SERVICE, **REQUIRED[name]}
    if name in ("subject.merged", "subject.split"):
        data["subjects"] = [CUSTOMER, {"id": "0f" * 16, "role": "whosaw:Alias"}]
    elif name not in WITHOUT_SUBJECTS:
        data["subjects"] = [CUSTOMER]
    return {
        "source": "/services/billing",
        "id": f"{name}-1",
        "type": name,
        "time": WHEN,
        "data": {**data, **members},
    }
