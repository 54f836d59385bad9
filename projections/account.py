"""The account of one person: what is held, who received it, who looked, which policy governed, and what proves it.

Pure data, the same for the same position and parameters: nothing here reads a clock. Codes come with their labels
in the language asked for.

Source: PIPEDA Schedule 1, 4.9; P-39.1, s. 27; GDPR Art. 15.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC
from typing import TYPE_CHECKING, Any, NamedTuple

from projections import timeline
from projections.account_sections import moments_of, sections

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from psycopg import Connection

    from projections.account_rows import Language
    from projections.person import Person
    from projections.timeline import Moment

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
    moments = moments_of(connection, person)
    told = sections(
        connection, person, moments, language, {log_id: each.origin for log_id, each in issue.others.items()}
    )
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
        **{name: [row.told for row in some] for name, some in told.items()},
        "statement": STATEMENT[language],
        "proof": proof,
    }


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
