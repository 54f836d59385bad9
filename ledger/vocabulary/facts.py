"""The register of fact types: every type's name, shape and words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.vocabulary import (
    authority_facts,
    data_facts,
    erasure_facts,
    incident_facts,
    judgement_facts,
    ledger_facts,
    order_facts,
    promise_facts,
    recipient_facts,
    request_facts,
)
from ledger.vocabulary.event import Event, event_of, schema_path
from ledger.vocabulary.schema import schema_of
from ledger.vocabulary.words import words

if TYPE_CHECKING:
    from ledger.vocabulary.parts import Data


class FactType(NamedTuple):
    """One type of fact."""

    name: str
    """Such as data.disclosed."""
    struct: type[Data]
    """The shape of its data."""
    event: type[Event]
    """The shape of the whole event."""

    @property
    def title(self) -> dict[str, str]:
        """Its title, by language."""
        return words("type", self.name)

    @property
    def description(self) -> dict[str, str]:
        """What it says in a sentence, by language."""
        return words("type_description", self.name)

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the whole event; not to be changed."""
        return schema_of(self.name, self.event)

    @property
    def schema_path(self) -> str:
        """The path that the schema is served at."""
        return schema_path(self.name)


STRUCTS: dict[str, type[Data]] = {
    "policy.published": promise_facts.PolicyPublished,
    "policy.assented": promise_facts.PolicyAssented,
    "consent.recorded": promise_facts.ConsentRecorded,
    "data.collected": data_facts.Collected,
    "data.used": data_facts.Used,
    "data.viewed": data_facts.Viewed,
    "data.disclosed": data_facts.Disclosed,
    "data.rectified": data_facts.Rectified,
    "data.erased": data_facts.Erased,
    "data.restricted": judgement_facts.DataRestricted,
    "request.received": request_facts.RequestReceived,
    "request.verified": request_facts.RequestVerified,
    "request.extended": request_facts.RequestExtended,
    "request.answered": request_facts.RequestAnswered,
    "relationship.ended": request_facts.RelationshipEnded,
    "challenge.recorded": request_facts.ChallengeRecorded,
    "subject.informed": request_facts.SubjectInformed,
    "identity.release_decided": judgement_facts.ReleaseDecided,
    "account.issued": request_facts.AccountIssued,
    "recipient.registered": recipient_facts.RecipientRegistered,
    "recipient.agreement_recorded": recipient_facts.AgreementRecorded,
    "system.registered": recipient_facts.SystemRegistered,
    "disclosure.onward_reported": recipient_facts.OnwardReported,
    "recipient.notification_due": request_facts.NotificationDue,
    "recipient.notification_sent": recipient_facts.NotificationSent,
    "recipient.notification_answered": request_facts.NotificationAnswered,
    "authority.demand_received": authority_facts.DemandReceived,
    "authority.demand_decided": authority_facts.DemandDecided,
    "institution.consulted": authority_facts.InstitutionConsulted,
    "institution.answered": authority_facts.InstitutionAnswered,
    "incident.detected": incident_facts.IncidentDetected,
    "incident.assessed": incident_facts.IncidentAssessed,
    "incident.notified": incident_facts.IncidentNotified,
    "incident.closed": incident_facts.IncidentClosed,
    "retention.rule_set": judgement_facts.RetentionRuleSet,
    "seal.placed": order_facts.SealPlaced,
    "seal.extended": order_facts.SealExtended,
    "seal.lifted": order_facts.SealLifted,
    "seal.ended": order_facts.SealEnded,
    "clearance.granted": order_facts.ClearanceGranted,
    "hold.placed": order_facts.HoldPlaced,
    "hold.released": order_facts.HoldReleased,
    "subject.identifier_linked": ledger_facts.IdentifierLinked,
    "subject.identifier_unlinked": ledger_facts.IdentifierUnlinked,
    "subject.merged": ledger_facts.SubjectsMerged,
    "subject.split": ledger_facts.SubjectsSplit,
    "subject.revoked": erasure_facts.SubjectRevoked,
    "subject.restored": erasure_facts.SubjectRestored,
    "erasure.deferred": erasure_facts.ErasureDeferred,
    "key.destroyed": erasure_facts.KeyDestroyed,
    "event.corrected": ledger_facts.EventCorrected,
    "event.voided": ledger_facts.EventVoided,
    "finding.raised": ledger_facts.FindingRaised,
    "finding.resolved": judgement_facts.FindingResolved,
    "finding.reopened": judgement_facts.FindingReopened,
    "finding.waived": judgement_facts.FindingWaived,
    "reconciliation.mismatch": judgement_facts.ReconciliationMismatch,
    "ledger.queried": ledger_facts.LedgerQueried,
    "checkpoint.signed": ledger_facts.CheckpointSigned,
    "ledger.key_changed": ledger_facts.KeyChanged,
    "ledger.heads": ledger_facts.HeadsRecorded,
}

FACTS: dict[str, FactType] = {name: FactType(name, data, event_of(name, data)) for name, data in STRUCTS.items()}
"""Every type, in the order in which it is explained."""


def event_types() -> list[str]:
    """Return the names of all types, in the order in which they are explained."""
    return list(FACTS)


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a type's whole event; not to be changed.

    Args:
        name: Such as data.disclosed, or data.disclosed.v1.

    Raises:
        KeyError: There is no such type.
    """
    return FACTS[name.removesuffix(".v1")].schema
