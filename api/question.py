"""What every question has in common: who asks and why, about whom, as of when; and that asking is itself recorded.

The answer leaves only after its own `ledger.queried` is durable: a crash in between costs an answer, never the trace.

Source: GDPR Art. 5(2), C-579/21 (look-ups are owed to the person); PIPEDA Schedule 1, 4.7.
"""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from api.access import OWN_SOURCES
from api.paging import MOST_ROWS, Cursor, Cursors
from api.problems import Problem
from api.state import State, state_of
from ledger import Fact, Subject, fact_of
from ledger.fact import SUBJECT_ID
from ledger.vocabulary import InvalidEvent, parse_event

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

    from api.access import Key

SOURCE = f"{OWN_SOURCES}api"
"""The ledger's own name as an emitter."""
NOT_STATED = "whosaw:NotStated"
"""The purpose of who was refused before she stated one."""
NAMED = 4
"""Clearances that a question names, at most: as many as fit."""
RFC3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:]{8}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})")
NAMES = ("holdings", "disclosures", "views", "policies", "identity", "corrections")
"""The projections that an account reads."""


class Question(NamedTuple):
    """One question, as it was asked."""

    state: State
    key: Key
    query: str
    """What was asked: a code such as `whosaw:QueryHoldings`."""
    purpose: str
    ticket: str | None
    address: str
    """Path and filters, which a cursor is bound to."""
    seals: tuple[str, ...] = ()
    """The seals behind which it looks, by name (empty: none is named): recorded behind each of them, and not openly."""


def ask(request: Request, query: str, scope: str, otherwise: str = "") -> Question:
    """Return the question of a request: the caller's key has the scope, and she says why she asks.

    Args:
        request: Hers.
        query: What is asked: a code.
        scope: What her key must have.
        otherwise: The purpose if she states none; empty where she must.

    Raises:
        Problem: No key, no scope, or no purpose.
    """
    state = state_of(request)
    key = state.access.holder(request)
    if scope not in key.scopes:
        raise denied(request, state, key, query, scope)
    _refuse_unknown(request)
    purpose = request.headers.get("whosaw-purpose", "").strip() or otherwise
    if not purpose:
        raise Problem("purpose-required", "expected the header Whosaw-Purpose: a code such as whosaw:AccessRequest")
    ticket = request.headers.get("whosaw-ticket", "").strip() or None
    kept = sorted(
        (name, value) for name, value in request.query_params.multi_items() if name not in {"cursor", "limit"}
    )
    question = Question(state, key, query, purpose, ticket, f"{request.url.path}?{kept}")
    # What can not be recorded can not be asked: an ill-formed purpose is refused before anything is read.
    try:
        query_fact(question, (), outcome="refused", count=0)
    except InvalidEvent as error:
        errors = [each._asdict() for each in error.errors]
        raise Problem(
            "invalid-parameter", "Whosaw-Purpose, Whosaw-Ticket: expected another form", errors=errors
        ) from None
    return question


def denied(request: Request, state: State, key: Key, query: str, scope: str) -> Problem:
    """Return the problem that a working key has when it lacks a scope; that it tried is on record by then.

    It is recorded about the person whom the address names, if there is one. Without a working key nothing is recorded.
    """
    if state.access.may_record_refusal(key):
        named = request.path_params.get("subject_id", "")
        found = state.ledger.find(named) if SUBJECT_ID.fullmatch(named) else None
        purpose = request.headers.get("whosaw-purpose", "").strip() or NOT_STATED
        ticket = request.headers.get("whosaw-ticket", "").strip() or None
        question = Question(state, key, query, purpose, ticket, "")
        try:
            fact = query_fact(question, [found.id] if found else (), outcome="refused", count=0)
        except InvalidEvent:
            # What she stated is of no form that could be kept.
            plain = question._replace(purpose=NOT_STATED, ticket=None)
            fact = query_fact(plain, [found.id] if found else (), outcome="refused", count=0)
        state.ledger.append([fact])
    return Problem("forbidden", f"expected a key with the scope {scope}")


def _refuse_unknown(request: Request) -> None:
    """Refuse a parameter that the question does not have: a misspelt filter would give a wider answer.

    Raises:
        Problem: There is one. It is not repeated, since a name can be anybody's.
    """
    taken = getattr(request.scope.get("route"), "dependant", None)
    known = {parameter.alias for parameter in taken.query_params} if taken is not None else set[str]()
    if taken is not None and not set(request.query_params) <= known:
        raise Problem("invalid-parameter", f"expected none but {', '.join(sorted(known)) or 'no'} parameters")


def subject_of(question: Question, subject_id: str) -> Subject:
    """Return whom a question is about; asking about nobody is recorded too.

    Raises:
        Problem: 404, the same for a stranger and for one who was forgotten.
    """
    found = question.state.ledger.find(subject_id) if SUBJECT_ID.fullmatch(subject_id) else None
    if found is None:
        recorded(question, (), outcome="refused", count=0)
        raise Problem("not-found", "no such subject")
    return found


def page_of(request: Request, question: Question) -> tuple[int, Cursor | None]:
    """Return how many rows are wanted, and where to go on.

    Raises:
        Problem: The limit is out of bounds, or the cursor is not ours.
    """
    limit = number(request, "limit") or 100
    if not 1 <= limit <= MOST_ROWS:
        raise Problem("invalid-parameter", f"limit: expected 1 to {MOST_ROWS}")
    text = request.query_params.get("cursor")
    return limit, cursors(question).read(text, question.address) if text else None


def following(request: Request, question: Question, limit: int, cursor: Cursor) -> str:
    """Return the address of the next page."""
    text = cursors(question).write(cursor, question.address)
    return str(request.url.include_query_params(cursor=text, limit=limit).replace(scheme="", netloc=""))


def cursors(question: Question) -> Cursors:
    """Return the ledger's cursors."""
    return Cursors(question.state.ledger.keys.lookup)


def recorded(
    question: Question,
    subjects: Sequence[str],
    *,
    outcome: str = "answered",
    count: int,
    as_of: int | None = None,
    categories: Sequence[str] = (),
) -> None:
    """Record that a question was asked, and wait until that is durable.

    Args:
        question: Which.
        subjects: Ids of everybody whose data is in the answer.
        outcome: answered, refused or exported.
        count: Rows of the answer.
        as_of: Position that it was answered at.
        categories: Categories of data that it showed.
    """
    facts = [
        query_fact(question, subjects, outcome=outcome, count=count, as_of=as_of, categories=categories, seal=seal)
        for seal in question.seals or (None,)
    ]
    question.state.ledger.append(facts)


def recorded_behind(
    question: Question, subjects: Mapping[str, Sequence[str]], *, count: int, categories: Sequence[str]
) -> None:
    """Record behind seals that a question was asked, and wait until that is durable.

    Args:
        question: Which.
        subjects: For each seal, by name (empty: none is named), the people under it whose data is in the answer.
        count: Rows of the answer.
        categories: Categories of data that it showed.
    """
    facts = [
        query_fact(question, some, outcome="answered", count=count, categories=categories, seal=seal)
        for seal, some in subjects.items()
    ]
    question.state.ledger.append(facts)


def query_fact(
    question: Question,
    subjects: Sequence[str],
    *,
    outcome: str,
    count: int,
    as_of: int | None = None,
    categories: Sequence[str] = (),
    seal: str | None = None,
) -> Fact:
    """Return the fact that a question was asked, behind a seal if one is given; else the arguments of `recorded`."""
    data: dict[str, Any] = {
        "actor": {"kind": "human", "id": question.key.key_id, "role": question.key.position},
        "system": "whosaw",
        "query": question.query,
        "purpose": question.purpose,
        "outcome": outcome,
        "result_count": count,
        "categories": sorted(set(categories))[:100],
    }
    if subjects:
        data["subjects"] = [{"id": each, "role": "dpv:DataSubject"} for each in dict.fromkeys(subjects)]
    if seal is not None:
        data["visibility"] = "sealed"
    if seal:
        data["seal_ref"] = seal
    if question.ticket is not None:
        data["ticket"] = question.ticket
    if as_of is not None:
        data["as_of"] = as_of
    # Behind a seal, what cleared her for a while is named; openly it would tell that there is something to be read.
    cleared = ",".join(question.key.clearances[:NAMED]) if seal is not None else None
    return own_fact(question.state, "ledger.queried", data, question.key, correlation=cleared or None)


def own_fact(state: State, kind: str, data: dict[str, Any], key: Key, *, correlation: str | None = None) -> Fact:
    """Return a fact that the ledger itself emits.

    Raises:
        InvalidEvent: What the caller stated (a purpose, a ticket) is not of its form.
    """
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": secrets.token_hex(16),
        "source": SOURCE,
        "type": kind,
        "time": datetime.now(UTC).isoformat(timespec="microseconds"),
        "data": data,
    }
    if correlation is not None:
        event["correlationid"] = correlation
    return fact_of(state.ledger.hashes, parse_event(orjson.dumps(event)), key.key_id)


def number(request: Request, name: str) -> int | None:
    """Return a query parameter that is a number of at most 18 digits, or None.

    Raises:
        Problem: It is none.
    """
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):  # noqa: PLR2004 - a 64-bit number
        raise Problem("invalid-parameter", f"{name}: expected a number")
    return int(text)


def moment(name: str, text: str | None, otherwise: datetime | None) -> datetime:
    """Return a time as RFC 3339 writes it. Source: RFC 3339, 5.6.

    Raises:
        Problem: It is none, or is missing where there is no other.
    """
    if text is None and otherwise is not None:
        return otherwise
    if text is not None and RFC3339.fullmatch(text):
        with suppress(ValueError, OverflowError):
            # In UTC at once: at either end of the calendar there may be no such time.
            return datetime.fromisoformat(text).astimezone(UTC)
    raise Problem("invalid-parameter", f"{name}: expected a time with its offset, such as 2026-11-01T00:00:00-05:00")
