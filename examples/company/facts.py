"""The facts that the sample states, as the `data` of an event: codes, counts and references, no values.

Each function asks for what its fact requires; `more` is what only some facts of the type have.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from examples.company.clock import day, written
from examples.company.codes import AUTHORISED_USER, CUSTOMER, POLICY, VISITOR

if TYPE_CHECKING:
    from datetime import datetime

    from examples.company.customers import Customer
    from examples.company.recipients import Recipient

Data: TypeAlias = dict[str, object]
Codes: TypeAlias = Sequence[str]
Subjects: TypeAlias = Sequence[Data]


def reference(kind: str, value: str, role: str = CUSTOMER) -> Data:
    """Whoever the company knows by this name, as a subject."""
    return {"reference": {"kind": kind, "value": value}, "role": role}


def person(customer: Customer) -> Data:
    """A customer as a subject."""
    return reference("customer", customer.reference)


def device(customer: Customer) -> Data:
    """Her browser as a subject, before anybody knows whose it is."""
    return reference("device", customer.device, VISITOR)


def household(customer: Customer) -> list[Data]:
    """Everybody on the account: the customer and, on a joint account, who shares it."""
    if customer.partner is None:
        return [person(customer)]
    return [person(customer), reference("customer", customer.partner, AUTHORISED_USER)]


def service(name: str, role: str) -> Data:
    """A program as the actor."""
    return {"kind": "service", "id": name, "role": role}


def employee(number: int, role: str) -> Data:
    """A person at work as the actor: who it was goes to the envelope."""
    return {"kind": "human", "id": f"emp-{number:03}", "role": role}


def event(source: str, event_id: str) -> Data:
    """Another event."""
    return {"source": source, "id": event_id}


def common(subjects: Subjects, actor: Data, system: str, **more: object) -> Data:
    """The members that every fact has; what is None in `more` is left out."""
    data: Data = {"subjects": list(subjects), "actor": actor, "system": system, "jurisdiction": "loc:CA-QC"}
    return data | {name: value for name, value in more.items() if value is not None}


def collected(
    subjects: Subjects, actor: Data, system: str, *, context: str, channel: str, categories: Codes,
    purposes: Codes, basis: str, origin: str = "subject", retained: bool = True, **more: object,
) -> Data:  # fmt: skip
    """`data.collected`."""
    return common(
        subjects, actor, system, context=context, channel=channel, categories=list(categories),
        purposes=list(purposes), basis=basis, origin=origin, retained=retained, **more,
    )  # fmt: skip


def used(
    subjects: Subjects, actor: Data, system: str, *, categories: Codes, purposes: Codes,
    basis: str | None, automated: bool = False, **more: object,
) -> Data:  # fmt: skip
    """`data.used`; `automated` when a program decided something about the person."""
    return common(
        subjects, actor, system, categories=list(categories), purposes=list(purposes),
        automated=automated, **more,
    ) | {"basis": basis}  # fmt: skip


def viewed(
    subjects: Subjects, actor: Data, system: str, *, categories: Codes, purpose: str,
    ticket: str | None, view: str = "detail", shown: int = 1, **more: object,
) -> Data:  # fmt: skip
    """`data.viewed`; `shown` is how many people the screen showed."""
    return common(
        subjects, actor, system, categories=list(categories), purpose=purpose, ticket=ticket,
        view=view, result_count=shown, **more,
    )  # fmt: skip


def disclosed(
    subjects: Subjects, actor: Data, system: str, *, recipient: Recipient, categories: Codes,
    purpose: str, recipient_purpose: str, basis: str | None, role: str | None = None,
    initiative: str = "controller", mode: str = "transmitted", **more: object,
) -> Data:  # fmt: skip
    """`data.disclosed`; `role` is the recipient's legal role where it is not its usual one."""
    return common(
        subjects, actor, system, recipient=recipient.snapshot(role), categories=list(categories),
        purpose=purpose, recipient_purpose=recipient_purpose, initiative=initiative, mode=mode, **more,
    ) | {"basis": basis}  # fmt: skip


def assented(
    subjects: Subjects, actor: Data, system: str, *, version: str, mode: str, evidence: Data | None = None
) -> Data:
    """`policy.assented`."""
    said = common(subjects, actor, system, policy=POLICY, version=version, mode=mode)
    return said | {"evidence": evidence}


def consented(
    subjects: Subjects, actor: Data, system: str, *, state: str, purposes: Codes, channel: str,
    expression: str, effective: datetime, **more: object,
) -> Data:  # fmt: skip
    """`consent.recorded`: given, refused or withdrawn, of any category."""
    return common(
        subjects, actor, system, state=state, purposes=list(purposes), channel=channel, categories=[],
        expression=expression, effective_at=written(effective), **more,
    ) | {"notice_ref": None}  # fmt: skip


def linked(customer: Customer, actor: Data, system: str, *, kind: str, value: str, method: str) -> Data:
    """`subject.identifier_linked`: a further name of hers."""
    return common(
        [person(customer)], actor, system, identifier={"kind": kind, "value": value}, method=method,
        confidence="certain",
    )  # fmt: skip


def rectified(subjects: Subjects, actor: Data, system: str, *, categories: Codes, reason: str, request: str) -> Data:
    """`data.rectified`."""
    return common(subjects, actor, system, categories=list(categories), reason=reason, request_ref=request)


def erased(
    subjects: Subjects, actor: Data, system: str, *, categories: Codes, mode: str, state: str,
    request: str, backups_until: datetime, **more: object,
) -> Data:  # fmt: skip
    """`data.erased`: requested, done or verified, which are three different things."""
    return common(
        subjects, actor, system, categories=list(categories), mode=mode, state=state, request_ref=request,
        backups_until=day(backups_until), **more,
    )  # fmt: skip


def requested(
    subjects: Subjects, actor: Data, system: str, *, request: str, right: str, channel: str, received: datetime
) -> Data:
    """`request.received`: the thirty days of PIPEDA 8(3) begin."""
    return common(
        subjects, actor, system, request_id=request, regime="whosaw:PIPEDA", right=right, channel=channel,
        clock_start=written(received), due=day(received + timedelta(days=30)), due_rule="ca-pipeda:8-3",
        identity="verified",
    )  # fmt: skip


def answered(subjects: Subjects, actor: Data, system: str, *, request: str, channel: str) -> Data:
    """`request.answered`, as asked."""
    return common(subjects, actor, system, request_id=request, outcome="dpv:RequestFulfilled", channel=channel)


def due(
    subjects: Subjects, actor: Data, system: str, *, notification: str, trigger: Data, change: str,
    recipient: Recipient, categories: Codes, by: datetime,
) -> Data:  # fmt: skip
    """`recipient.notification_due`: a past recipient must be told."""
    return common(
        subjects, actor, system, notification_id=notification, trigger=trigger, change=change,
        recipient_id=recipient.id, recipient_name=recipient.name, categories=list(categories), due=day(by),
    )  # fmt: skip


def confirmed(
    subjects: Subjects, actor: Data, system: str, *, notification: str, recipient: Recipient, outcome: str
) -> Data:
    """`recipient.notification_answered`."""
    return common(
        subjects, actor, system, notification_id=notification, recipient_id=recipient.id, outcome=outcome,
        channel="whosaw:Api",
    )  # fmt: skip
