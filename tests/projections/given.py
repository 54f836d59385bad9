"""Entries made by hand, in the layout that the ledger stores: tests say what happened, and need no writer."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import orjson

from api.access import OWN_TYPES
from ledger.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

INSERT_ENTRY = """
    INSERT INTO ledger.entry (log_id, position, stream, sequence, repeat_key, content, type, bytes)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
INSERT_MEMBER = """
    INSERT INTO ledger.member (log_id, position, subject, ordinal, role, salt) VALUES (%s, %s, %s, %s, %s, %s)
"""
SIZE = "UPDATE ledger.log SET size = %s, appended_at = now() WHERE log_id = %s"

SERVICE = {"kind": "service", "id": "billing-engine", "role": "whosaw:BillingService"}
AGENT = {"kind": "human", "key": "00112233445566ff", "role": "whosaw:SupportAgent"}
COLLECTOR = {
    "id": "collections-north",
    "name": "Collections North Inc.",
    "address": "1 Example Street, Montreal",
    "country": "loc:CA-QC",
    "kind": "whosaw:DebtCollector",
    "role": "dpv:DataProcessor",
}


ROLES = {"policy": "whosaw:Policy", "ledger": "whosaw:Ledger"}
"""What begins a name that is nobody's, and the role that its facts are kept under."""


class Happened(NamedTuple):
    """A fact to record."""

    type: str
    who: tuple[str, ...]
    """Names of the people it is about, as the test calls them; several make a cohort."""
    time: str
    data: dict[str, Any]
    head: dict[str, Any] = {}  # noqa: RUF012 - read only
    """Members of the entry that are not those which it would have."""


def _fact(type_: str, who: str | Sequence[str], time: str, data: dict[str, Any]) -> Happened:
    return Happened(type_, (who,) if isinstance(who, str) else tuple(who), time, data)


def collected(who: str | Sequence[str], time: str, *categories: str, **more: Any) -> Happened:
    data = {
        "actor": SERVICE, "system": "crm", "categories": list(categories), "purposes": ["dpv:ServiceProvision"],
        "context": "whosaw:SignUp", "channel": "whosaw:Web", "origin": "subject", "basis": "ca-pipeda:consent",
        "retained": True, "policy_version": "2009-05-01",
    }  # fmt: skip
    return _fact("data.collected", who, time, data | more)


def erased(who: str | Sequence[str], time: str, *categories: str, **more: Any) -> Happened:
    data = {
        "actor": SERVICE,
        "system": "crm",
        "categories": list(categories),
        "mode": "erase",
        "state": "done",
    }
    return _fact("data.erased", who, time, data | more)


def rectified(who: str | Sequence[str], time: str, *categories: str) -> Happened:
    data = {
        "actor": AGENT,
        "system": "crm",
        "categories": list(categories),
        "reason": "whosaw:Moved",
    }
    return _fact("data.rectified", who, time, data)


def asked_to_erase(who: str | Sequence[str], time: str, *categories: str, request: str = "REQ-1") -> Happened:
    data = {
        "actor": AGENT,
        "system": "helpdesk",
        "request_id": request,
        "right": "eu-gdpr:A17",
        "categories": list(categories),
    }
    return _fact("request.received", who, time, data)


def passed_on(who: str | Sequence[str], time: str, *categories: str, by: str, **more: Any) -> Happened:
    """Return that a recipient reported that it passed data on, to the collector unless `onward` says else."""
    data = {"actor": SERVICE, "recipient_id": by, "onward": COLLECTOR, "categories": list(categories)}
    return _fact("disclosure.onward_reported", who, time, data | more)


def answered(who: str | Sequence[str], time: str, outcome: str, request: str = "REQ-1") -> Happened:
    return _fact(
        "request.answered",
        who,
        time,
        {"actor": AGENT, "request_id": request, "outcome": outcome},
    )


def disclosed(who: str | Sequence[str], time: str, *categories: str, **more: Any) -> Happened:
    data = {
        "actor": SERVICE, "system": "billing", "recipient": COLLECTOR, "categories": list(categories),
        "purpose": "dpv:CustomerClaimsManagement", "recipient_purpose": None, "basis": "ca-qc-p39.1:18-9",
        "initiative": "controller", "mode": "transmitted", "policy_version": "2009-05-01",
    }  # fmt: skip
    return _fact("data.disclosed", who, time, data | more)


def viewed(who: str | Sequence[str], time: str, *categories: str, **more: Any) -> Happened:
    data = {
        "actor": AGENT, "system": "helpdesk", "categories": list(categories), "purpose": "dpv:CustomerCare",
        "view": "detail", "result_count": 1, "ticket": "TKT-1",
    }  # fmt: skip
    return _fact("data.viewed", who, time, data | more)


def used(who: str | Sequence[str], time: str, *categories: str, **more: Any) -> Happened:
    data = {
        "actor": SERVICE, "system": "billing", "categories": list(categories), "purposes": ["dpv:PaymentManagement"],
        "basis": None, "automated": False,
    }  # fmt: skip
    return _fact("data.used", who, time, data | more)


def queried(who: str | Sequence[str], time: str, outcome: str = "answered") -> Happened:
    data = {
        "actor": AGENT | {"role": "whosaw:ComplianceOfficer"}, "system": "whosaw", "query": "whosaw:QueryHoldings",
        "purpose": "dpv:RightsFulfilment", "outcome": outcome, "result_count": 3, "ticket": "REQ-1",
    }  # fmt: skip
    return _fact("ledger.queried", who, time, data)


def published(version: str, effective: str, **more: Any) -> Happened:
    data = {
        "actor": AGENT, "policy": "privacy", "version": version, "text_digest": "sha256:" + "0" * 64,
        "languages": ["en"], "effective_from": effective, "supersedes": None,
        "title": {"en": f"Privacy policy {version}"},
    }  # fmt: skip
    return _fact("policy.published", "policy/privacy", effective, data | more)


def consent(who: str | Sequence[str], time: str, state: str, *purposes: str, **more: Any) -> Happened:
    data = {
        "actor": SERVICE, "state": state, "purposes": list(purposes), "categories": [], "channel": "whosaw:Web",
        "notice_ref": None, "effective_at": time,
    }  # fmt: skip
    return _fact("consent.recorded", who, time, data | more)


def registered(recipient: dict[str, Any] = COLLECTOR, time: str = "2020-01-01T00:00:00Z", **more: Any) -> Happened:
    data = {"actor": AGENT, "recipient": recipient}
    return _fact("recipient.registered", f"ledger/recipient {recipient['id']}", time, data | more)


def agreement(recipient: str, starts: str, until: str | None = None, name: str = "AG-1", **more: Any) -> Happened:
    data = {
        "actor": AGENT, "agreement_id": name, "recipient_id": recipient, "agreement": "whosaw:ProcessorAgreement",
        "starts": starts, "until": until,
    }  # fmt: skip
    return _fact("recipient.agreement_recorded", f"ledger/recipient {recipient}", starts, data | more)


def waived(rule: str, until: str, who: str = "ledger/finding.waived", **more: Any) -> Happened:
    data = {
        "actor": AGENT, "waiver_id": "W-1", "rule": rule, "reason": "whosaw:TransitionPeriod", "until": until,
    }  # fmt: skip
    return _fact("finding.waived", who, "2026-01-01T00:00:00Z", data | more)


def resolved(finding: str, who: str = "ledger/finding.resolved", **more: Any) -> Happened:
    data = {"actor": AGENT, "finding_id": finding, "reason": "whosaw:Remedied"}
    return _fact("finding.resolved", who, "2026-12-01T00:00:00Z", data | more)


def reopened(finding: str, who: str = "ledger/finding.reopened") -> Happened:
    data = {"actor": AGENT, "finding_id": finding, "reason": "whosaw:NotRemedied"}
    return _fact("finding.reopened", who, "2026-12-02T00:00:00Z", data)


def destroyed(*who: str) -> Happened:
    """Somebody is forgotten, by all her names."""
    data = {"actor": SERVICE, "receipt_id": "erasure-1", "streams": [subject(each).id for each in who]}
    return _fact("key.destroyed", "ledger/key.destroyed", "2026-12-01T00:00:00Z", data)


def raised(who: str | Sequence[str], time: str, **more: Any) -> Happened:
    data = {
        "actor": SERVICE, "finding_id": "theirs-1", "rule": "xx:Theirs", "rule_version": "7", "law_pack": None,
        "result": "violation", "inputs": [{"log": "test.example/log0", "position": 1}],
    }  # fmt: skip
    return _fact("finding.raised", who, time, data | more)


def voided(target: str, who: str | Sequence[str] = "ledger/event.voided", **more: Any) -> Happened:
    """`target` is the id that `Log` gives: `ev-` and the position."""
    data = {"actor": AGENT, "target": {"source": "/services/test", "id": target}, "reason": "whosaw:NeverHappened"}
    return _fact("event.voided", who, "2026-12-01T00:00:00Z", data | more)


def merged(who: Sequence[str], time: str = "2026-06-01T00:00:00Z") -> Happened:
    """Recorded in the stream of a cohort, as every fact about several is."""
    return _fact("subject.merged", who, time, {"actor": AGENT, "method": "whosaw:StaffMatch", "confidence": "certain"})


def split(who: Sequence[str], merge: str, time: str = "2026-07-01T00:00:00Z") -> Happened:
    data = {"actor": AGENT, "method": "whosaw:StaffMatch", "confidence": "certain"}
    return _fact("subject.split", who, time, data | {"undoes": {"source": "/services/test", "id": merge}})


def assented(who: str | Sequence[str], time: str, version: str, mode: str = "express") -> Happened:
    data = {
        "actor": SERVICE,
        "policy": "privacy",
        "version": version,
        "mode": mode,
        "evidence": None,
    }
    return _fact("policy.assented", who, time, data)


def consented(who: str | Sequence[str], time: str, state: str, *categories: str, **more: Any) -> Happened:
    data = {
        "actor": SERVICE, "state": state, "purposes": ["dpv:DirectMarketing"], "categories": list(categories),
        "channel": "whosaw:Web", "notice_ref": None, "effective_at": time,
    }  # fmt: skip
    return _fact("consent.recorded", who, time, data | more)


def subject(who: str, log_id: int = 0) -> Subject:
    """Whom a name stands for: the same one in every test."""
    return Subject(hashlib.blake2b(who.encode(), digest_size=16).hexdigest(), log_id)


class Log:
    """One log, written by hand as its owner: a fact, an entry, a commit each `happened`."""

    def __init__(
        self,
        connection: Connection[Any],
        log_id: int = 0,
        origin: str = "test.example/log0",
    ) -> None:
        self.log_id = log_id
        self.size = 0
        self._connection = connection
        self._origin = origin
        self._sequences: Counter[str] = Counter()

    def happened(self, *facts: Happened) -> int:
        """Record facts in one transaction; return the last position."""
        entries: list[tuple[Any, ...]] = []
        members: list[tuple[Any, ...]] = []
        for fact in facts:
            self.size += 1
            entries.append(self._entry(fact))
            if len(fact.who) > 1:
                members += [
                    (
                        self.log_id,
                        self.size,
                        UUID(subject(who).id),
                        ordinal,
                        "dpv:Customer",
                        bytes(16),
                    )
                    for ordinal, who in enumerate(fact.who)
                ]
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.executemany(INSERT_ENTRY, entries)
            if members:
                cursor.executemany(INSERT_MEMBER, members)
            cursor.execute(SIZE, (self.size, self.log_id))
        return self.size

    def _entry(self, fact: Happened) -> tuple[Any, ...]:
        name = self._name(f"entry/{self.log_id}/{self.size}")
        stream = subject(fact.who[0]).id if len(fact.who) == 1 else name.hex
        self._sequences[stream] += 1
        members: dict[str, Any] = {
            "v": 1, "log": self._origin, "position": self.size, "stream": stream,
            "sequence": self._sequences[stream], "previous": "", "appended": "2026-11-23T20:04:44.123456Z",
            "salt": name.hex[:24], "emitter": "key-1", "id": f"ev-{self.size}",
            "source": "/whosaw/api" if fact.type in {"ledger.queried", *OWN_TYPES} else "/services/test",
            "type": fact.type, "time": fact.time, "recordedtime": fact.time, **fact.head, "data": fact.data,
        }  # fmt: skip
        if len(fact.who) == 1:
            members["about"] = [{"role": ROLES.get(fact.who[0].partition("/")[0], "dpv:Customer")}]
        else:
            members["cohort"] = {"size": len(fact.who), "root": "A" * 43 + "="}
        return (
            self.log_id, self.size, UUID(stream), self._sequences[stream], name, name, fact.type, orjson.dumps(members),
        )  # fmt: skip

    def _name(self, text: str) -> UUID:
        return UUID(bytes=hashlib.blake2b(text.encode(), digest_size=16).digest())
