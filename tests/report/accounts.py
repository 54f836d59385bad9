"""Accounts as the projections assemble them, for the report's tests: empty, typical, large, hostile.

Names, addresses and domains are fictional or reserved.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

LOG = "ledger.farfadet.example/log0"

_WORDS: dict[str, tuple[str, str]] = {
    "pd:EmailAddress": ("Email address", "Adresse courriel"),
    "pd:TelephoneNumber": ("Telephone number", "Numéro de téléphone"),
    "pd:Name": ("Name", "Nom"),
    "pd:PhysicalAddress": ("Postal address", "Adresse postale"),
    "pd:PaymentCard": ("Payment card", "Carte de paiement"),
    "pd:CallLog": ("Call records", "Relevés d’appels"),
    "pd:VoiceMail": ("Voice mail", "Messagerie vocale"),
    "pd:Complaint": ("Complaint", "Plainte"),
    "pd:Transactional": ("Transactions", "Opérations"),
    "dpv:ServiceProvision": ("To provide the service ordered", "Fournir le service commandé"),
    "dpv:Billing": ("Billing and payment", "Facturation et paiement"),
    "dpv:Marketing": ("Promotion of our products", "Promotion de nos produits"),
    "dpv:FraudPrevention": ("Prevention of fraud", "Prévention de la fraude"),
    "dpv:DebtRecovery": ("Recovery of a debt", "Recouvrement d’une créance"),
    "dpv:CustomerCare": ("Answering a complaint or request", "Répondre à une plainte"),
    "ca-pipeda:consent": ("Your consent", "Votre consentement"),
    "ca-pipeda:7-3-b": (
        "Collecting a debt owed to us (PIPEDA 7(3)(b))",
        "Recouvrement d’une créance (LPRPDE, al. 7(3)b))",
    ),
    "ca-pipeda:7-3-c": (
        "Order of a court (PIPEDA 7(3)(c))",
        "Ordonnance d’un tribunal (LPRPDE, al. 7(3)c))",
    ),
    "ca-qc-p39.1:18-9": ("Debt recovery (P-39.1, s. 18(9))", "Recouvrement (P-39.1, art. 18(9))"),
    "dpv:DataProcessor": ("Processor, on our behalf", "Mandataire, pour notre compte"),
    "dpv:Authority": ("Authority", "Autorité"),
    "dpv:ThirdParty": ("Independent controller", "Responsable indépendant"),
    "farfadet:carrier": ("Telephone carrier", "Fournisseur de télécommunications"),
    "farfadet:collector": ("Collection agency", "Agence de recouvrement"),
    "farfadet:court": ("Court", "Tribunal"),
    "farfadet:SupportAgent": ("Customer support agent", "Agente ou agent du soutien"),
    "farfadet:BillingService": ("Billing service", "Service de facturation"),
    "farfadet:ComplianceOfficer": ("Compliance officer", "Responsable de la conformité"),
}


def coded(code: str, language: str) -> dict[str, str]:
    english, french = _WORDS[code]
    return {"code": code, "label": english if language == "en" else french}


def leaf(position: int) -> str:
    return base64.b64encode(hashlib.sha256(position.to_bytes(8, "big")).digest()).decode()


def empty(language: str = "en") -> dict[str, Any]:
    return {
        "language": language,
        "as_of": {"log": LOG, "position": 4_812, "time": "2026-11-23T20:04:44.123456Z"},
        "issued_at": "2026-11-23T20:04:45Z",
        "controller": {
            "name": "Téléphonie Farfadet inc.",
            "contact": "privacy@farfadet.example",
            "country": "CA",
        },
        "subject": {"id": "5f0c9be2a7d84c1f9be0a1d2c3e4f506"},
        "policy": [],
        "holdings": [],
        "disclosures": [],
        "views": [],
        "statement": STATEMENT[language],
        "proof": {
            "log": LOG,
            "checkpoint": f"{LOG}\n4812\n{leaf(4812)}\n\n— {LOG} {leaf(1)}{leaf(2)}\n",
            "verifier_key": f"{LOG}+1a2b3c4d+{leaf(3)}",
            "entries": [],
        },
    }


STATEMENT = {
    "en": "The law may prevent us from mentioning certain communications of personal information to"
    " authorities. This sentence appears in every account that we give, whether or not there were"
    " any, and nothing may be concluded from it.",
    "fr": "La loi peut nous empêcher de mentionner certaines communications de renseignements"
    " personnels à des autorités. Cette phrase figure dans chaque compte rendu que nous remettons,"
    " qu’il y en ait eu ou non, et rien ne peut en être conclu.",
}


def typical(language: str = "en") -> dict[str, Any]:
    def of(code: str) -> dict[str, str]:
        return coded(code, language)

    account = empty(language)
    account["policy"] = [
        {
            "version": "2009-05-01",
            "effective_from": "2009-05-01",
            "title": "Téléphonie Farfadet privacy policy"
            if language == "en"
            else "Politique de confidentialité de Téléphonie Farfadet",
            "assent": {"mode": "express", "time": "2025-06-01T09:12:00-04:00"},
        },
        {
            "version": "2026-02-01",
            "effective_from": "2026-02-01",
            "title": None,
            "notice": "not_given",
            "assent": {"mode": "deemed_by_use", "time": "2026-02-03T18:40:12-05:00"},
        },
        {"version": "2026-09-15", "effective_from": "2026-09-15", "assent": None},
    ]
    account["holdings"] = [
        _holding("pd:Name", "accounts", "dpv:ServiceProvision", of, 31),
        _holding("pd:EmailAddress", "accounts", "dpv:ServiceProvision", of, 32),
        _holding("pd:TelephoneNumber", "accounts", "dpv:ServiceProvision", of, 33),
        _holding("pd:PaymentCard", "billing-vault", "dpv:Billing", of, 40)
        | {
            "state": "deletion_requested",
            "deletions": [
                {"time": "2026-11-02T11:00:00-05:00", "state": "requested", "mode": None, "system": "billing-vault"}
            ],
            "kept": {"reason": of("dpv:Billing"), "until": "2027-02-01"},
            "rectified": "2026-01-15T12:00:00-05:00",
        },
        _holding("pd:CallLog", "call-records", "dpv:Billing", of, 52)
        | {"source": {"origin": "observed"}, "until": "2027-06-01", "last": "2026-11-20"},
        _holding("pd:VoiceMail", "voicemail", "dpv:ServiceProvision", of, 57)
        | {
            "state": "verified",
            "deletions": [
                {
                    "time": "2026-08-14T03:00:00-04:00",
                    "mode": "erase",
                    "state": "done",
                    "system": "voicemail",
                    "backups_until": "2026-11-14",
                },
                {"time": "2026-08-20T03:00:00-04:00", "state": "verified", "mode": "erase", "system": "backups"},
            ],
        },
        _holding("pd:Complaint", "support-desk", "dpv:CustomerCare", of, 61)
        | {
            "source": {"origin": "third_party", "channel": "email"},
            "basis": None,
            "state": "deleted",
            "deletions": [{"time": "2026-10-01T00:00:00Z", "state": "done", "mode": "key_destroyed"}],
        },
    ]
    account["disclosures"] = [
        *[_monthly_invoice(month, of) for month in range(17)],
        _to_collector(of),
        _to_court(of),
    ]
    account["views"] = [
        _view("human", "farfadet:SupportAgent", "dpv:CustomerCare", of, 4)
        | {"system": "support-desk", "tickets": ["T-20931", "T-21007"]},
        _view("service", "farfadet:BillingService", "dpv:Billing", of, 532) | {"system": "billing"},
        _view("human", "farfadet:ComplianceOfficer", "dpv:CustomerCare", of, 1)
        | {"first": "2026-11-23T15:04:40-05:00", "last": "2026-11-23T15:04:40-05:00"},
    ]
    shown = [*account["holdings"], *account["disclosures"]]
    account["proof"]["entries"] = [
        {
            "position": item["position"],
            "type": "data.disclosed" if "recipient" in item else "data.collected",
            "leaf": leaf(item["position"]),
            "time": item.get("time") or item["since"],
        }
        for item in shown
    ]
    return account


def _holding(category: str, system: str, purpose: str, of: Any, position: int) -> dict[str, Any]:
    return {
        "category": of(category),
        "system": system,
        "source": {"origin": "subject", "channel": "web"},
        "purposes": [of(purpose)],
        "basis": of("ca-pipeda:consent"),
        "since": "2025-06-01T09:12:00-04:00",
        "last": "2025-06-01T09:12:00-04:00",
        "until": None,
        "state": "held",
        "deletions": [],
        "policy_version": "2009-05-01",
        "position": position,
    }


def _monthly_invoice(month: int, of: Any) -> dict[str, Any]:
    year, index = divmod(5 + month, 12)
    return {
        "time": f"{2025 + year}-{index + 1:02d}-03T02:00:00-05:00",
        "precision": "exact",
        "recipient": {
            "id": "payments-ltd",
            "name": "Paiements Boréal ltée",
            "address": "410, rue Saint-Nicolas, Montréal (Québec) H2Y 2P5",
            "country": "Canada",
            "kind": None,
            "role": of("dpv:DataProcessor"),
        },
        "categories": [of("pd:Name"), of("pd:PaymentCard"), of("pd:Transactional")],
        "purpose": of("dpv:Billing"),
        "recipient_purpose": None,
        "basis": of("ca-pipeda:consent"),
        "authority": None,
        "initiative": "controller",
        "mode": "transmitted",
        "policy_version": "2009-05-01",
        "position": 100 + month,
        "leaf": leaf(100 + month),
    }


def _to_collector(of: Any) -> dict[str, Any]:
    return _monthly_invoice(0, of) | {
        "time": "2026-09-14T00:00:00-04:00",
        "precision": "day",
        "recipient": {
            "id": "northgate",
            "name": "Northgate Recovery Inc.",
            "address": "88 King Street West, Toronto, Ontario M5H 0A1",
            "country": "Canada",
            "kind": of("farfadet:collector"),
            "role": of("dpv:ThirdParty"),
        },
        "categories": [
            of("pd:Name"),
            of("pd:PhysicalAddress"),
            of("pd:TelephoneNumber"),
            of("pd:Transactional"),
        ],
        "purpose": of("dpv:DebtRecovery"),
        "recipient_purpose": of("dpv:DebtRecovery"),
        "basis": of("ca-pipeda:7-3-b"),
        "mode": "bulk_feed",
        "position": 201,
        "leaf": leaf(201),
    }


def _to_court(of: Any) -> dict[str, Any]:
    return _monthly_invoice(0, of) | {
        "time": "2026-10-01T10:30:00-04:00",
        "recipient": {
            "id": "cq-mtl",
            "name": "Cour du Québec, district de Montréal",
            "address": "1, rue Notre-Dame Est, Montréal (Québec) H2Y 1B6",
            "country": "Canada",
            "kind": of("farfadet:court"),
            "role": of("dpv:Authority"),
        },
        "categories": [of("pd:CallLog")],
        "purpose": None,
        "basis": of("ca-pipeda:7-3-c"),
        "authority": {
            "code": "production-order",
            "label": "Production order" if of("pd:Name")["label"] == "Name" else "Ordonnance",
            "issuer": "Cour du Québec",
            "date": "2026-09-28",
            "cited": of("ca-pipeda:7-3-c"),
        },
        "initiative": "recipient",
        "mode": "transmitted",
        "position": 202,
        "leaf": leaf(202),
    }


def _view(kind: str, role: str, purpose: str, of: Any, count: int) -> dict[str, Any]:
    return {
        "act": "data.viewed",
        "first": "2025-07-12T14:02:00-04:00",
        "last": "2026-11-19T09:31:00-05:00",
        "count": count,
        "actor": {"kind": kind, "role": of(role)},
        "system": None,
        "purpose": of(purpose),
        "purposes": [of(purpose), of("dpv:FraudPrevention")],
        "categories": [of("pd:Name"), of("pd:CallLog")],
        "tickets": [],
    }


def large(language: str = "en", rows: int = 1_500) -> dict[str, Any]:
    """Many different disclosures: no two are alike, so that none is grouped."""
    account = typical(language)
    start = datetime(2020, 1, 6, 15, 0, tzinfo=UTC)
    template = account["disclosures"][0]
    account["disclosures"] = [
        template
        | {
            "time": (start + timedelta(hours=37 * number)).isoformat(),
            "recipient": template["recipient"]
            | {"id": f"r{number}", "name": f"Carrier {number:04d} of the Example Group"},
            "position": 1_000 + number,
            "leaf": leaf(1_000 + number),
        }
        for number in range(rows)
    ]
    account["proof"]["entries"] = [
        {
            "position": item["position"],
            "type": "data.disclosed",
            "leaf": item["leaf"],
            "time": item["time"],
        }
        for item in account["disclosures"]
    ]
    return account


HOSTILE = (
    '#read("/etc/passwd")',
    "*bold* _it_ `raw` $x^2$ = Heading",
    '#import "@preview/cetz:0.3.0": *',
    "#panic() \\ // /* <label> @ref ~ -- --- ...",
    "{page} {n} {0} %s ${HOME}",
    "北京电信公司",
    "nul \x00 esc \x1b bell \x07 del \x7f",
    "override \u202etxt.exe \u2066isolate\u2069",
    "private \ue000 noncharacter \uffff tag \U000e0041",
    "emoji \U0001f575\U0001f3fd\u200d\u2640\ufe0f",
    "zalgo Z̵̢͖a̷l̴g̵o",
    "line one\nline two\r\n\tline three\u2028line four",
    "W" * 400,
    "https://example.org/" + "path/" * 80,
    "שלום עולם مرحبا بالعالم",
    "long " * 400,
    "\"]; import os; '); DROP TABLE entry; --",
    "<script>alert(1)</script> &amp; \ufeff\ufffd",
)


def hostile(language: str = "en") -> dict[str, Any]:
    account = typical(language)
    account["controller"]["name"] = HOSTILE[0]
    account["controller"]["contact"] = HOSTILE[1]
    account["holdings"] = [
        account["holdings"][0]
        | {
            "category": {"code": text, "label": text},
            "system": text,
            "source": {"origin": text, "channel": text},
            "purposes": [text, {"code": text}],
            "basis": text,
            "since": text,
            "until": text,
            "state": text,
        }
        for text in HOSTILE
    ]
    account["disclosures"] = [
        account["disclosures"][0]
        | {
            "time": text,
            "recipient": {"id": text, "name": text, "address": text, "country": text, "role": text},
            "categories": [text],
            "mode": text,
        }
        for text in HOSTILE
    ]
    account["views"] = [
        account["views"][0] | {"actor": {"kind": text, "role": text}, "tickets": [text], "system": text}
        for text in HOSTILE
    ]
    account["policy"] = [
        {"version": text, "title": text, "effective_from": text, "assent": {"mode": text, "time": text}}
        for text in HOSTILE
    ]
    account["proof"]["checkpoint"] = "\n".join(HOSTILE)
    account["proof"]["entries"] = [
        {"position": 10**15 + number, "type": text, "leaf": text, "time": text} for number, text in enumerate(HOSTILE)
    ]
    return account
