"""The rows of an account as it says them: codes with their labels in the language asked for. Pure."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ledger.vocabulary import label

if TYPE_CHECKING:
    from collections.abc import Iterable

    from projections.disclosures import Disclosure
    from projections.held import Holding
    from projections.person import Place
    from projections.policies import Assent, Policy
    from projections.views import View

Language = Literal["en", "fr"]


class Row(NamedTuple):
    """One row of an account, with what it follows from."""

    key: tuple[Any, ...]
    """What it is about. Several rows may be about the same."""
    told: dict[str, Any]
    """As the account says it."""
    places: frozenset[Place]
    """The entries that it follows from."""


def _coded(code: str | None, language: Language) -> dict[str, str] | None:
    return None if code is None else {"code": code, "label": label(code, language)}


def _codes(codes: Iterable[str], language: Language) -> list[dict[str, str]]:
    return [{"code": code, "label": label(code, language)} for code in codes]


def policy(version: Policy, assent: Assent | None, language: Language) -> dict[str, Any]:
    """Return a version that governed, or that she agreed to."""
    return {
        "policy": version.policy,
        "version": version.version,
        "effective_from": version.effective,
        "title": version.title.get(language) or next(iter(version.title.values()), None),
        "notice": version.notice,
        "assent": None if assent is None else {"mode": assent.mode, "time": assent.time},
    }


def holding(held: Holding, language: Language) -> dict[str, Any]:
    """Return what is or was held."""
    return {
        "category": _coded(held.category, language),
        "system": held.system,
        "source": {
            "origin": held.origin,
            "channel": _coded(held.channel, language),
        },
        "purposes": _codes(held.purposes, language),
        "basis": _coded(held.basis, language),
        "since": held.since,
        "last": held.last,
        "until": held.until,
        "rectified": held.rectified,
        "state": held.state,
        "deletions": [
            {
                "time": each.time,
                "state": each.state,
                "mode": each.mode,
                "system": each.system,
                "verified": each.state == "verified",
                "backups_until": each.backups_until,
            }
            for each in held.deletions
        ],
        "kept": None
        if held.kept is None
        else {
            "reason": _coded(held.kept.reason, language),
            "until": held.kept.until,
        },
        "policy_version": held.policy_version,
        "position": held.position,
    }


def disclosure(disclosed: Disclosure, language: Language) -> dict[str, Any]:
    """Return what somebody outside received."""
    return {
        "time": disclosed.time,
        "precision": disclosed.precision,
        "recipient": {
            "id": disclosed.recipient,
            "name": disclosed.recipient_name,
            "address": disclosed.recipient_address,
            "country": disclosed.recipient_country and label(disclosed.recipient_country, language),
            "kind": _coded(disclosed.recipient_kind, language),
            "role": _coded(disclosed.recipient_role, language),
        },
        "categories": _codes(disclosed.categories, language),
        "purpose": _coded(disclosed.purpose, language),
        "recipient_purpose": _coded(disclosed.recipient_purpose, language),
        "basis": _coded(disclosed.basis, language),
        "authority": _authority(disclosed.instrument, language),
        "initiative": disclosed.initiative,
        "mode": disclosed.mode,
        "policy_version": disclosed.policy_version,
        "through": disclosed.through,
        "position": disclosed.position,
        "leaf": b64encode(disclosed.leaf).decode(),
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


def view(looked: View, language: Language) -> dict[str, Any]:
    """Return a look, or a series of them."""
    return {
        "act": looked.act,
        "first": looked.first,
        "last": looked.last,
        "count": looked.looks,
        "actor": {"kind": looked.actor_kind, "role": _coded(looked.actor_role, language)},
        "system": looked.system,
        "purpose": _coded(looked.purposes[0], language) if looked.purposes else None,
        "purposes": _codes(looked.purposes, language),
        "categories": _codes(looked.categories, language),
        "tickets": looked.tickets,
    }
