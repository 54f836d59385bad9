"""The account as the report reads it: every member optional, unknown members ignored.

A report is made from the bytes of the attached JSON, never from the caller's objects, so that what
is printed is what is attached. Dates stay text here: they may be a day, a moment, or unreadable.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from api.report.errors import InvalidAccount


class Code(msgspec.Struct, frozen=True):
    """A code with its label in the account's language."""

    code: str = ""
    label: str | None = None

    @property
    def text(self) -> str:
        """The label, or the code where it has none."""
        return self.label or self.code


Coded = Code | str | None
"""A code may come with its label or bare."""


class AsOf(msgspec.Struct):
    """What the account covers: nothing recorded after this position."""

    log: str | None = None
    position: int | None = None
    time: str | None = None


class Controller(msgspec.Struct):
    """Who answers for the data."""

    name: str | None = None
    contact: str | None = None
    country: str | None = None


class Subject(msgspec.Struct):
    """Whom the account is about, by a random id."""

    id: str | None = None


class Assent(msgspec.Struct):
    """How and when the person agreed, if she did."""

    mode: Coded = None
    time: str | None = None


class Policy(msgspec.Struct):
    """A version of a privacy policy that governed."""

    version: str | None = None
    effective_from: str | None = None
    title: str | None = None
    notice: str | None = None
    assent: Assent | None = None


class Source(msgspec.Struct):
    """Where information came from."""

    origin: Coded = None
    channel: Coded = None


class Deletion(msgspec.Struct):
    """One step of a deletion: asked, done or verified."""

    time: str | None = None
    mode: Coded = None
    system: str | None = None
    backups_until: str | None = None
    state: str | None = None
    """requested, done or verified: one step of a deletion."""


class Kept(msgspec.Struct):
    """Why a record outlives a deletion that was asked for."""

    reason: Coded = None
    until: str | None = None


class Holding(msgspec.Struct):
    """Information of one category, held in one place."""

    category: Coded = None
    system: str | None = None
    source: Source | str | None = None
    purposes: list[Code | str] | None = None
    basis: Coded = None
    since: str | None = None
    last: str | None = None
    until: str | None = None
    state: str | None = None
    deletions: list[Deletion] | None = None
    rectified: str | None = None
    kept: Kept | None = None
    policy_version: str | None = None
    log: str | None = None
    """Whose position it is, if it is not her own one's."""
    position: int | None = None


class Recipient(msgspec.Struct, frozen=True):
    """Who received it, as named then."""

    id: str | None = None
    name: str | None = None
    address: str | None = None
    country: str | None = None
    kind: Coded = None
    role: Coded = None


class Authority(msgspec.Struct, frozen=True):
    """The authority or instrument behind a disclosure: a code, or an instrument and its issuer."""

    code: str | None = None
    label: str | None = None
    issuer: str | None = None
    date: str | None = None
    cited: Coded = None


class Disclosure(msgspec.Struct):
    """One communication to somebody outside."""

    time: str | None = None
    precision: str | None = None
    recipient: Recipient | None = None
    categories: list[Code | str] | None = None
    purpose: Coded = None
    recipient_purpose: Coded = None
    basis: Coded = None
    authority: Authority | str | None = None
    initiative: Coded = None
    mode: Coded = None
    policy_version: str | None = None
    through: str | None = None
    """Who passed it on, if it was not us."""
    log: str | None = None
    """Whose position it is, if it is not her own one's."""
    position: int | None = None


class Actor(msgspec.Struct):
    """Who looked, by role."""

    kind: Coded = None
    role: Coded = None


class View(msgspec.Struct):
    """Looks of one kind: who, why, and how often."""

    act: str | None = None
    first: str | None = None
    last: str | None = None
    count: int = 1
    actor: Actor | None = None
    system: str | None = None
    purpose: Coded = None
    purposes: list[Code | str] | None = None
    categories: list[Code | str] | None = None
    tickets: list[str] | None = None


class ProofEntry(msgspec.Struct):
    """An entry of the log that stands behind the account."""

    log: str | None = None
    """If it is not in her own one."""
    position: int | None = None
    type: Coded = None
    leaf: str | None = None
    time: str | None = None


class Proof(msgspec.Struct):
    """What a stranger checks the account with."""

    log: str | None = None
    checkpoint: str | None = None
    verifier_key: str | None = None
    entries: list[ProofEntry] | None = None
    others: list[Proof] | None = None
    """The same of other logs, if she is in several."""


class Account(msgspec.Struct):
    """The account of one person. Source: PIPEDA, Schedule 1, 4.9; GDPR Art. 15."""

    title: str | None = None
    as_of: AsOf | None = None
    issued_at: str | None = None
    time_zone: str | None = None
    controller: Controller | None = None
    subject: Subject | None = None
    policy: list[Policy] | None = None
    holdings: list[Holding] | None = None
    disclosures: list[Disclosure] | None = None
    views: list[View] | None = None
    statement: str | None = None
    proof: Proof | None = None


def render_json(account: Mapping[str, Any]) -> bytes:
    """Return the canonical bytes of the account: UTF-8, compact, members sorted by name.

    Raises:
        InvalidAccount: A value has no JSON form. Do not retry.
    """
    try:
        return msgspec.json.encode(account, order="sorted")
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidAccount("the account holds a value that has no JSON form") from error


def read_account(body: bytes) -> Account:
    """Return the account in the canonical bytes.

    Raises:
        InvalidAccount: A member has another type than `Account` says. Do not retry.
    """
    try:
        return msgspec.json.decode(body, type=Account)
    except msgspec.ValidationError as error:
        # The decoder's message names types and the path; a path is made of member names and indexes.
        raise InvalidAccount(f"the account has another shape: {error}") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidAccount("the account is not JSON") from error


def codes(values: list[Code | str] | None) -> list[Code]:
    """Return the values as codes; a bare word is a code without a label."""
    return [value if isinstance(value, Code) else Code(value) for value in values or ()]


def code(value: Coded) -> Code | None:
    """Return the value as a code, or None where there is nothing to show."""
    shown = Code(value) if isinstance(value, str) else value
    return shown if shown and shown.text else None
