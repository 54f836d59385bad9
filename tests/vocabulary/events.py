"""Events for tests: a small right one of each type, and any right one, made from the classes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect

from ledger.vocabulary import CODES, FACTS, forms

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
        "policy": "voipms-privacy",
        "version": "2009-05-01",
        "text_digest": DIGEST,
        "languages": ["en"],
        "effective_from": WHEN,
        "supersedes": None,
    },
    "policy.assented": {
        "policy": "voipms-privacy",
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


codes = st.sampled_from(sorted(CODES)) | st.from_regex(r"\A[a-z]{1,8}:[A-Z][a-z]{1,9}(-[0-9]{1,6})?\Z")
opaque = st.from_regex(r"\A[A-Z]{1,4}-[0-9]{1,8}\Z") | st.sampled_from(["crm", "2009-05-01", "7/a", "12.5", "a_b"])
lines = st.sampled_from(["Exemple inc.", "Ville de Montréal", "9757-5377 Quebec inc", "日本"])
FORMS: dict[str, st.SearchStrategy[str]] = {
    forms.CODE_PATTERN: codes,
    forms.OPAQUE_PATTERN: opaque,
    forms.EVENT_ID_PATTERN: st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9!#$%()*+,./:;<=>?_{|}~^-]{0,40}\Z"),
    forms.SOURCE_PATTERN: st.sampled_from(["/services/billing", "support", "/a/b.c~d"]),
    forms.WORD_PATTERN: st.from_regex(r"\A[a-z][a-z0-9_]{0,31}\Z"),
    forms.FIELD_PATTERN: st.sampled_from(["email", "contact.email", "line_2", "a1b"]),
    forms.LINE_PATTERN: lines,
    forms.LANGUAGE_PATTERN: st.sampled_from(["en", "fr", "fr-CA"]),
    forms.POINTER_PATTERN: st.sampled_from(["/categories", "/recipient/role", "/categories/0"]),
    forms.DIGEST_PATTERN: st.just(DIGEST),
    forms.ROOT_PATTERN: st.just("A" * 43 + "="),
    forms.LOCATION_PATTERN: st.sampled_from(["http://www.example.com/privacy.php", "https://example.com:8443"]),
    forms.TRACE_PATTERN: st.just("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    forms.SUBJECT_ID_PATTERN: st.just("0f" * 16),
    forms.KEY_ID_PATTERN: st.just("ledger.example/log0+1a2b3c4d"),
}
times = st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5)), timezone(timedelta(hours=5, minutes=45))]),
).map(datetime.isoformat)


def right_events(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Make any right event of a type, as JSON says it."""
    return _objects(FACTS[name].event)


@cache
def _objects(struct: type) -> st.SearchStrategy[dict[str, Any]]:
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    if info.tag_field is not None:
        required[info.tag_field] = st.just(info.tag)
    for field in info.fields:
        if field.name == "dataschema":
            optional[field.name] = st.just(f"https://ledger.example{FACTS[str(info.tag)].schema_path}")
        else:
            (required if field.required else optional)[field.name] = _values(field.type)
    objects = st.fixed_dictionaries(required, optional=optional)
    match struct.__name__:
        case "Subject":
            return objects.map(_one_name)
        case "Recipient":
            return objects.map(lambda recipient: {**recipient, "kind": "whosaw:Carrier", "name": "Exemple inc."})
        case _:
            return objects


def _one_name(subject: dict[str, Any]) -> dict[str, Any]:
    """Leave a subject exactly one name."""
    name = {"id": "0f" * 16} if subject.get("id") else {"reference": {"kind": "email", "value": "jo@example.org"}}
    return {
        **{member: its for member, its in subject.items() if member not in ("id", "reference")},
        **name,
    }


def _values(kind: inspect.Type) -> st.SearchStrategy[Any]:  # noqa: C901, PLR0911, PLR0912 - one for each kind
    match kind:
        case inspect.Metadata(type=inner, extra=extra):
            return FORMS[extra["pattern"]] if extra else _values(inner)
        case inspect.StrType(pattern=None, max_length=longest):
            return st.text(
                st.characters(codec="utf-8", exclude_categories=["Cs"]),
                min_size=1,
                max_size=min(longest or 9, 40),
            )
        case inspect.StrType(pattern=pattern):
            return FORMS[str(pattern)]
        case inspect.IntType(ge=least, le=most):
            return st.integers(least, most)
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.DateTimeType():
            return times
        case inspect.DateType():
            return st.dates(date(1990, 1, 1), date(2100, 1, 1)).map(date.isoformat)
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case inspect.ListType(item_type=item, min_length=least, max_length=most):
            return st.lists(_values(item), min_size=least or 0, max_size=min(most or 3, max(least or 0, 3)))
        case inspect.UnionType(types=types):
            return st.one_of(*(_values(each) for each in types))
        case inspect.StructType(cls=struct):
            return _objects(struct)
        case _:
            raise AssertionError(kind)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.sampled_from([0.5, -1.25, 1e300]),
    st.text(max_size=30),
    st.sampled_from(
        [
            "2026-02-30T00:00:00Z",
            "2026-01-01T00:00:00",
            "2026-13-01",
            "a@example.org",
            "+15145550199",
            "dpv:X\n",
            "",
        ]
    ),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of every value within a JSON value, itself first."""
    inner: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *(place for step, its in inner for place in places(its, (*path, step)))]


@st.composite
def wrong_events(draw: st.DrawFn, name: str) -> Any:
    """Make a right event, and change one thing in it: the result is mostly wrong."""
    document: Any = draw(right_events(name))
    path = draw(st.sampled_from(places(document)))
    if not path:
        return draw(ANYTHING)
    parent: Any = document
    for step in path[:-1]:
        parent = parent[step]
    what = draw(st.sampled_from(["replace", "remove", "add"]))
    if what == "replace":
        parent[path[-1]] = draw(ANYTHING)
    elif what == "remove":
        del parent[path[-1]]
    elif isinstance(parent, dict):
        parent[draw(st.text(max_size=12))] = draw(ANYTHING)
    else:
        parent.append(draw(ANYTHING))
    return document
