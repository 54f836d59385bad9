# ruff: noqa: RUF012 - msgspec gives each object a list of its own
"""Incidents, in the items of Quebec's register (A-2.1, r. 3.1, s. 7) and Canada's record (SOR/2018-64, s. 6)."""

from typing import Annotated, Literal

from msgspec import Meta, UnsetType

from ledger.vocabulary.forms import Code, Count, Opaque, System, Time
from ledger.vocabulary.parts import Codes, Organisation, PerhapsAboutPersons, Private, SomeCodes


class IncidentDetected(PerhapsAboutPersons, kw_only=True):
    """The company became aware of an incident: an access, use, communication or loss that the law does not allow."""

    incident_id: Opaque
    """Names the incident."""
    categories: Codes
    """Which personal information, in kind (item 1)."""
    circumstances: Codes
    """What happened, and why, in codes (item 2)."""
    since: Time | None
    """When it began, or happened; null when not known (item 3)."""
    until: Time | None
    """When it ended; null when not known or not over."""
    aware_at: Time
    """When the company became aware (item 4)."""
    affected: Count | None = None
    """How many people, as far as is known (item 5)."""
    recipient_id: System | None = None
    """The recipient at which it happened; absent when it was the company."""
    systems: Annotated[list[System], Meta(max_length=100)] = []
    """Systems that it touched."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class IncidentAssessed(PerhapsAboutPersons, kw_only=True):
    """It was judged whether an incident presents a risk of serious injury."""

    incident_id: Opaque
    """Names the incident."""
    serious: bool
    """Whether it does: the test of Quebec and of Canada."""
    risk: Literal["unlikely", "likely", "high"] | None = None
    """The test of the GDPR: whether a risk to people is unlikely, not unlikely, or high; absent when not judged so."""
    factors: Codes
    """What led to that conclusion: sensitivity, possible use, probability (item 6)."""
    affected: Count | None = None
    """How many people, as far as is known by now."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class IncidentNotified(PerhapsAboutPersons, kw_only=True):
    """Somebody was notified of an incident."""

    incident_id: Opaque
    """Names the incident."""
    whom: Literal["regulator", "persons", "public", "organisation"]
    """Who: a public notice stands in for one to each person (item 7)."""
    channel: Code
    """By which channel."""
    authority: Organisation | None = None
    """Which regulator or organisation."""
    reason: Code | None = None
    """Of a public notice, why."""
    private: Private | UnsetType | None = None
    """For the envelope."""


class IncidentClosed(PerhapsAboutPersons, kw_only=True):
    """What was done about an incident is done."""

    incident_id: Opaque
    """Names the incident."""
    measures: SomeCodes
    """What was done so that it does no more harm and does not happen again (item 8)."""
    private: Private | UnsetType | None = None
    """For the envelope."""
