"""Who may read what an order forbids to tell: a key with the scope `seals:read` and one for the authority, `seal:ID`.

What such a reader does about a sealed row is sealed like it: her question is recorded in the same stream, where nobody
else sees it. Without the parameter `sealed`, her answers are what everybody's are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api import orders
from api.problems import Problem
from api.question import denied
from ledger import Subject
from projections import identity, progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from psycopg import Connection
    from starlette.requests import Request

    from api.question import Question
    from projections.pins import Pins
    from projections.recipients import Received
    from projections.seals import Seal

SCOPE = "seals:read"
EVERY_AUTHORITY = "seal:*"


def asked(request: Request, question: Question) -> bool:
    """Return whether the reader wants what is sealed, too.

    Raises:
        Problem: The parameter is neither true nor false, or her key has no clearance at all.
    """
    wanted = request.query_params.get("sealed", "false")
    if wanted not in {"true", "false"}:
        raise Problem("invalid-parameter", "sealed: expected true or false")
    if wanted == "true" and SCOPE not in question.key.scopes:
        raise denied(request, question.state, question.key, question.query, SCOPE)
    return wanted == "true"


def cleared(question: Question, authority: str | None) -> bool:
    """Return whether a key may read what this authority has sealed; nobody's orders need every authority's."""
    scopes = question.key.scopes
    return EVERY_AUTHORITY in scopes or (authority is not None and f"seal:{authority}" in scopes)


def register(question: Question, connection: Connection[Any]) -> list[Seal]:
    """Return the orders that a key is cleared for, as of what is folded."""
    return [each for each in _orders(question, connection) if cleared(question, each.authority)]


def register_then(
    question: Question, connection: Connection[Any], as_of: Mapping[int, int], valid_at: datetime | None
) -> list[Seal]:
    """Return the same as of earlier; see `orders.register`. Whose an order is by now, the key is cleared for, too.

    Else an authority that was stated by mistake, and corrected since, would open what it never ordered.
    """
    newest = _orders(question, connection)
    whose = {_name(each): [each.authority] for each in newest}
    told = _authorities(newest)
    return [
        each
        for each in orders.register(question.state.ledger, connection, as_of, valid_at)
        if all(
            cleared(question, authority)
            for authority in (each.authority, *whose.get(_name(each), told.get(each.stream, ())))
        )
    ]


def _name(seal: Seal) -> tuple[int, str, str, str]:
    return seal.log_id, seal.stream, seal.seal, seal.placed_by


def _orders(question: Question, connection: Connection[Any]) -> list[Seal]:
    ledger = question.state.ledger
    logs = range(len(ledger.recorders))
    as_of = {log_id: progress.reached(connection, log_id, orders.READ) for log_id in logs}
    return orders.register(ledger, connection, as_of)


def streams(
    question: Question, connection: Connection[Any], subject: Subject, pins: Pins
) -> list[tuple[str | None, Subject]]:
    """Return the sealed streams of a person that a key is cleared for, with the seal's name while its order stands.

    Raises:
        BehindError: Another log that holds something of hers is not folded as far. A retry helps.
    """
    found = _orders(question, connection)
    named = {each.seal for each in found if cleared(question, each.authority)}
    told = _authorities(found)
    # What came without an order of its own is for whoever is cleared for an order of that name.
    every = EVERY_AUTHORITY in question.key.scopes
    return [
        (None if each.opened else each.seal, Subject(each.stream, name.log_id))
        for name in identity.aliases(connection, subject, pins).names
        for each in question.state.ledger.sealed_streams(name)
        if every or (_all_cleared(question, told[each.stream]) if each.stream in told else each.seal in named)
    ]


def _authorities(found: Iterable[Seal]) -> dict[str, set[str]]:
    """Return for each stream the authorities that have sealed it: of several sources each may have placed an order."""
    told: dict[str, set[str]] = {}
    for each in found:
        if each.authority is not None:
            told.setdefault(each.stream, set()).add(each.authority)
    return told


def _all_cleared(question: Question, authorities: Iterable[str]) -> bool:
    return all(cleared(question, each) for each in authorities)


def every_stream(question: Question, connection: Connection[Any]) -> list[str] | None:
    """Return the sealed streams of everybody that a key is cleared for; None for all."""
    if EVERY_AUTHORITY in question.key.scopes:
        return None
    told = _authorities(_orders(question, connection))
    return [stream for stream, authorities in told.items() if _all_cleared(question, authorities)]


def behind(question: Question, row: Received) -> tuple[str | None, str]:
    """Return whom a sealed row is about, and the seal's name; nobody if she was forgotten."""
    ledger, stream = question.state.ledger, row.subject.hex
    owner = ledger.sealed_owner(row.log_id, stream)
    if owner is None:
        return None, ""
    seals = {each.stream: each.seal for each in ledger.sealed_streams(owner)}
    return owner.id, seals.get(stream, "")
