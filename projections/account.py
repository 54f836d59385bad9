"""The account of one person: what is held, who received it, who looked, which policy governed, and what proves it.

Pure data, the same for the same position and parameters: nothing here reads a clock. Codes come with their labels
in the language asked for.

Source: PIPEDA Schedule 1, 4.9; P-39.1, s. 27; GDPR Art. 15.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from ledger.vocabulary import label
from projections import disclosures, holdings, policies, timeline, views
from projections.person import rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from psycopg import Connection

    from projections.disclosures import Disclosure
    from projections.held import Holding
    from projections.person import Person
    from projections.policies import Assent, Policy
    from projections.projection import Page
    from projections.timeline import Moment
    from projections.views import View

Language = Literal["en", "fr"]
Row = TypeVar("Row")

STATEMENT = {
    "en": (
        "The law may prevent us from mentioning certain communications of personal information to authorities. "
        "This sentence appears in every account that we give, whether or not there were any, and nothing may be "
        "concluded from it."
    ),
    "fr": (
        "La loi peut nous empêcher de mentionner certaines communications de renseignements personnels à des "
        "autorités. Cette phrase figure dans chaque compte rendu que nous remettons, qu’il y en ait eu ou non, et "
        "rien ne peut en être conclu."
    ),
}
"""In everybody's account, always: its absence would say something."""
PROJECTIONS = ("holdings", "disclosures", "views", "policies", "identity", "corrections")
"""Whose rows an account reads: its position is at most what all of them have reached."""


class Standing(NamedTuple):
    """What an account stands on in another log."""

    origin: str
    position: int
    checkpoint: str
    verifier_key: str


class Issue(NamedTuple):
    """What an account says about itself."""

    language: Language
    issued_at: datetime
    controller: Mapping[str, str]
    """Name and contact of who answers for the data."""
    origin: str
    """The log's."""
    checkpoint: str
    """The signed note that the account stands on, of at least its position."""
    verifier_key: str
    """What a stranger checks the checkpoint with."""
    others: Mapping[int, Standing] = {}
    """Other logs that hold anything of hers."""


def account(connection: Connection[Any], person: Person, issue: Issue) -> dict[str, Any]:
    """Assemble the account of a person as of a position.

    Args:
        connection: A reader's, in autocommit mode: rows do not change, so the position is all that pins them. In a
            repeatable-read transaction, a rebuild that ends meanwhile would hide its rows behind the older snapshot.
        person: Whom, and as of which position: at most what `progress.reached` says of PROJECTIONS.
        issue: What it says about itself.
    """
    language, subject, as_of = issue.language, person.subject, person.as_of
    recorded = timeline.appended(connection, subject.log_id, as_of)
    moments = _placed(rows(timeline.of_subject, connection, person, limit=None, every=True), subject.log_id)[::-1]
    held = [(each.log_id, each) for each in holdings.of_person(connection, person, limit=None).rows]
    disclosed = _placed(rows(disclosures.of_subject, connection, person, limit=None), subject.log_id)
    looked = _placed(views.of_person(connection, person, limit=None, by_day=False), subject.log_id)

    def at(log_id: int) -> dict[str, str]:
        return {} if log_id == subject.log_id else {"log": issue.others[log_id].origin}

    proof: dict[str, Any] = {
        "log": issue.origin,
        "checkpoint": issue.checkpoint,
        "verifier_key": issue.verifier_key,
        "entries": _entries(moments, subject.log_id),
    }
    positions: dict[str, Any] = {"log": issue.origin, "position": as_of, "time": recorded}
    if person.valid_at is not None:
        positions["valid_at"] = person.valid_at.isoformat()
    if issue.others:
        positions["others"] = [{"log": each.origin, "position": each.position} for each in issue.others.values()]
        proof["others"] = [
            {
                "log": each.origin,
                "checkpoint": each.checkpoint,
                "verifier_key": each.verifier_key,
                "entries": _entries(moments, log_id),
            }
            for log_id, each in issue.others.items()
        ]
    return {
        "language": language,
        "as_of": positions,
        "issued_at": issue.issued_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "controller": dict(issue.controller),
        "subject": {"id": subject.id},
        "policy": _policies(connection, person, recorded, [each for _, each in moments], language),
        "holdings": [_holding(each, language) | at(log_id) for log_id, each in held],
        "disclosures": [_disclosure(each, language) | at(log_id) for log_id, each in sorted(disclosed, key=_happened)],
        "views": [_view(each, language) | at(log_id) for log_id, each in reversed(looked)],
        "statement": STATEMENT[language],
        "proof": proof,
    }


def _placed(page: Page[Row], home: int) -> list[tuple[int, Row]]:
    """Return rows, each with its log."""
    return list(zip(page.logs or [home] * len(page.rows), page.rows, strict=True))


def _entries(moments: list[tuple[int, Moment]], log_id: int) -> list[dict[str, Any]]:
    return [
        {
            "position": each.position,
            "type": each.type,
            "leaf": b64encode(each.leaf).decode(),
            "time": each.json()["time"],
        }
        for log, each in moments
        if log == log_id
    ]


def _coded(code: str | None, language: Language) -> dict[str, str] | None:
    return None if code is None else {"code": code, "label": label(code, language)}


def _codes(codes: Iterable[str], language: Language) -> list[dict[str, str]]:
    return [{"code": code, "label": label(code, language)} for code in codes]


def _when(stated: str) -> datetime:
    """Return the instant of an RFC 3339 text: its T and Z may be small letters, which the standard library refuses."""
    return datetime.fromisoformat(stated.upper())


def _happened(placed: tuple[int, Disclosure]) -> tuple[datetime, int, int]:
    log_id, disclosure = placed
    return _when(disclosure.time), log_id, disclosure.position


def _policies(
    connection: Connection[Any],
    person: Person,
    recorded: str | None,
    moments: list[Moment],
    language: Language,
) -> list[dict[str, Any]]:
    """Return the versions that governed while anything happened to her data, and those that she agreed to."""
    if recorded is None:
        return []
    known_at = datetime.fromisoformat(recorded)
    now = person.valid_at or known_at
    known = policies.published(connection, known_at, log_id=person.subject.log_id, as_of=person.as_of)
    first = min((_when(each.json()["time"]) for each in moments), default=now)
    at_first = {(each.policy, each.version) for each in policies.in_force(known, first)}
    assents: dict[tuple[str, str], Assent] = {}
    # Newest first: the first agreement to a version is the one that is left.
    for assent in rows(policies.of_subject, connection, person, limit=None).rows:
        assents[assent.policy, assent.version] = assent
    return [
        _policy(each, assents.get((each.policy, each.version)), language)
        for each in known
        if first < each.effective_from <= now or (each.policy, each.version) in at_first | assents.keys()
    ]


def _policy(policy: Policy, assent: Assent | None, language: Language) -> dict[str, Any]:
    return {
        "policy": policy.policy,
        "version": policy.version,
        "effective_from": policy.effective,
        "title": policy.title.get(language) or next(iter(policy.title.values()), None),
        "notice": policy.notice,
        "assent": None if assent is None else {"mode": assent.mode, "time": assent.time},
    }


def _holding(holding: Holding, language: Language) -> dict[str, Any]:
    return {
        "category": _coded(holding.category, language),
        "system": holding.system,
        "source": {
            "origin": holding.origin,
            "channel": _coded(holding.channel, language),
        },
        "purposes": _codes(holding.purposes, language),
        "basis": _coded(holding.basis, language),
        "since": holding.since,
        "last": holding.last,
        "until": holding.until,
        "rectified": holding.rectified,
        "state": holding.state,
        "deletions": [
            {
                "time": each.time,
                "state": each.state,
                "mode": each.mode,
                "system": each.system,
                "verified": each.state == "verified",
                "backups_until": each.backups_until,
            }
            for each in holding.deletions
        ],
        "kept": None
        if holding.kept is None
        else {
            "reason": _coded(holding.kept.reason, language),
            "until": holding.kept.until,
        },
        "policy_version": holding.policy_version,
        "position": holding.position,
    }


def _disclosure(disclosure: Disclosure, language: Language) -> dict[str, Any]:
    return {
        "time": disclosure.time,
        "precision": disclosure.precision,
        "recipient": {
            "id": disclosure.recipient,
            "name": disclosure.recipient_name,
            "address": disclosure.recipient_address,
            "country": disclosure.recipient_country and label(disclosure.recipient_country, language),
            "kind": _coded(disclosure.recipient_kind, language),
            "role": _coded(disclosure.recipient_role, language),
        },
        "categories": _codes(disclosure.categories, language),
        "purpose": _coded(disclosure.purpose, language),
        "recipient_purpose": _coded(disclosure.recipient_purpose, language),
        "basis": _coded(disclosure.basis, language),
        "authority": _authority(disclosure.instrument, language),
        "initiative": disclosure.initiative,
        "mode": disclosure.mode,
        "policy_version": disclosure.policy_version,
        "position": disclosure.position,
        "leaf": b64encode(disclosure.leaf).decode(),
    }


def _authority(instrument: dict[str, Any] | None, language: Language) -> dict[str, Any] | None:
    """Return the paper that a disclosure rests on; its file number is in the envelope."""
    if instrument is None:
        return None
    kind: str = instrument["type"]
    return {
        "code": kind,
        "label": label(kind, language),
        "issuer": instrument["issuer"]["name"],
        "date": instrument.get("issued"),
        "cited": _coded(instrument.get("authority"), language),
    }


def _view(view: View, language: Language) -> dict[str, Any]:
    return {
        "act": view.act,
        "first": view.first,
        "last": view.last,
        "count": view.looks,
        "actor": {"kind": view.actor_kind, "role": _coded(view.actor_role, language)},
        "system": view.system,
        "purpose": _coded(view.purposes[0], language) if view.purposes else None,
        "purposes": _codes(view.purposes, language),
        "categories": _codes(view.categories, language),
        "tickets": view.tickets,
    }
