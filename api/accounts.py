"""The account of one person: read, or issued. Issuing is an event, and names the digest of what was handed out."""

from __future__ import annotations

import secrets
from base64 import b64encode
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import documentation, sight
from api.language import Language, preferred
from api.positions import pins_of
from api.problems import Problem
from api.question import NAMES, Question, ask, own_fact, query_fact, recorded, subject_of
from api.rendering import JSON, PDF, PRIVATE, accepted
from api.report import render_json, render_pdf
from api.sight import SEALED, VIEW, seen
from api.subjects import AS_OF, KNOWN_AT, MIN_POSITION, PROBLEMS, VALID_AT
from ledger import Subject
from ledger.checkpoint import open_checkpoint
from projections import corrections, timeline
from projections.account import Issue, Standing, account
from projections.person import alone

if TYPE_CHECKING:
    from psycopg import Connection

    from ledger import Ledger
    from projections.person import Person

router = APIRouter(tags=["report"])

MOST_NAMED = 20
"""Positions in one problem."""
LANGUAGE = Annotated[Language | None, Query(description="Language of labels and words.")]
CONTENT = {JSON: {"schema": {"type": "object"}}, PDF: {"schema": {"type": "string", "format": "binary"}}}


@router.get(
    "/v1/subjects/{subject_id}/account",
    operation_id="readAccount",
    summary="The whole answer about one person",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def read_account(
    request: Request, subject_id: str, language: LANGUAGE = None, as_of: AS_OF = None, known_at: KNOWN_AT = None,
    valid_at: VALID_AT = None, min_position: MIN_POSITION = None, view: VIEW = "current", sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return what is held, who received it, who looked and which policy governed, with what proves it.

    The same position and parameters give the same bytes, as JSON and as PDF. With `valid_at` there is no PDF: a paper
    that leaves out what happened since would look whole.
    """
    made = assemble(request, subject_id, "subjects:read", language)
    kind = accepted(request, JSON) if valid_at is not None else accepted(request, JSON, PDF)
    body = _render(made, kind)
    recorded(made.question, [made.subject.id], count=1, as_of=made.position, categories=made.categories)
    return _file(made, kind, body, {})


@router.post(
    "/v1/subjects/{subject_id}/accounts",
    operation_id="issueAccount",
    summary="Issue an account to a person",
    status_code=201,
    responses=documentation.responses(*PROBLEMS, content=CONTENT, status=201),
)
def issue_account(
    request: Request, subject_id: str, language: LANGUAGE = None, as_of: AS_OF = None, known_at: KNOWN_AT = None,
    min_position: MIN_POSITION = None, view: VIEW = "current",
) -> Response:  # fmt: skip
    """Make an account and record that it was issued: its digest, its position, its language.

    The header Whosaw-Account names it, Repr-Digest is what the log has on record.
    """
    made = assemble(request, subject_id, "exports:create", language)
    kind = accepted(request, JSON, PDF)
    body = _render(made, kind)
    question = made.question
    account_id = f"account-{secrets.token_hex(8)}"
    proof = made.document["proof"]
    data: dict[str, Any] = {
        "subjects": [{"id": made.subject.id, "role": "dpv:DataSubject"}],
        "actor": {"kind": "human", "id": question.key.key_id, "role": question.key.position},
        "system": "whosaw",
        "account_id": account_id,
        "language": made.language,
        "formats": ["pdf" if kind == PDF else "json"],
        "report_digest": f"sha256:{sha256(body).hexdigest()}",
        "log": proof["log"],
        "position": made.position,
        "checkpoint": open_checkpoint(proof["checkpoint"].encode(), proof["verifier_key"]).size,
        "purpose": question.purpose,
    }
    # In one append: an account is not issued unless the look-up that it needed is on record too.
    issued = own_fact(question.state, "account.issued", data, question.key)
    asked = query_fact(
        question,
        [made.subject.id],
        outcome="exported",
        count=1,
        as_of=made.position,
        categories=made.categories,
    )
    receipt, _ = question.state.ledger.append([issued, asked])
    headers = {"Whosaw-Account": account_id, "Ledger-Issued": f"{receipt.log_id}:{receipt.position}"}
    return _file(made, kind, body, headers, status=201)


class Assembled(NamedTuple):
    """An account, before anybody has it."""

    question: Question
    subject: Subject
    position: int
    language: Language
    document: dict[str, Any]

    @property
    def categories(self) -> list[str]:
        """Codes of the data that it speaks of."""
        held = {each["category"]["code"] for each in self.document["holdings"]}
        given = {
            category["code"]
            for member in ("disclosures", "views")
            for each in self.document[member]
            for category in each["categories"]
        }
        return sorted(held | given)


def assemble(
    request: Request, subject_id: str, scope: str, language: Language | None, *, whole: bool = True
) -> Assembled:
    """Answer the question behind an account; what comes back is not recorded yet, and must not leave before.

    Args:
        request: Its.
        subject_id: Whom.
        scope: What the key must have.
        language: Of labels and words.
        whole: All that is hers, under all her names; otherwise the one stream that was asked for, as it was recorded.
    """
    question = ask(request, "whosaw:QueryAccount", scope)
    subject = subject_of(question, subject_id)
    pins = pins_of(request, question, subject, NAMES)
    spoken = language or preferred(request, question.state.settings.language)
    with question.state.ledger.connection() as connection:
        if whole:
            question, person = seen(request, question, connection, subject, pins, sight.valid_at(request))
        else:
            person = _own(question, connection, subject, pins.at)
        return Assembled(question, subject, pins.at, spoken, _account(question, connection, person, spoken))


def _own(question: Question, connection: Connection[Any], subject: Subject, at: int) -> Person:
    """Return a person of one stream, for a bundle: it proves that nothing is left out of that one.

    Raises:
        Problem: A fact in it was never about her, and must not be handed out.
    """
    person = alone(subject, at)
    never_hers = corrections.hidden(connection, question.state.ledger.hashes, person.parts, "stated")
    if never_hers:
        places = sorted(each.position for each in never_hers)
        named = ", ".join(map(str, places[:MOST_NAMED])) + (", …" if len(places) > MOST_NAMED else "")
        earlier = (
            f"; a bundle can be made as of {places[0] - 1} (?as_of=), the position before" if places[0] > 1 else ""
        )
        raise Problem("not-exportable", f"found facts about somebody else at {named}{earlier}")
    return person


def _render(made: Assembled, kind: str) -> bytes:
    return render_pdf(made.document, language=made.language) if kind == PDF else render_json(made.document)


def _account(question: Question, connection: Connection[Any], person: Person, language: Language) -> dict[str, Any]:
    ledger, settings = question.state.ledger, question.state.settings
    subject, at = person.subject, person.as_of
    signer = ledger.keys.signers[subject.log_id]
    note = ledger.checkpoint(subject.log_id, at)
    recorded_at = timeline.appended(connection, subject.log_id, at)
    if note is None or recorded_at is None:
        raise Problem("not-found", "nothing is recorded yet")
    issue = Issue(
        language=language,
        # Not the clock's: the same position must give the same bytes.
        issued_at=datetime.fromisoformat(recorded_at),
        controller={"name": settings.controller_name, "contact": settings.controller_contact},
        origin=signer.origin,
        checkpoint=note.decode(),
        verifier_key=signer.verifier_key,
        others={log_id: _standing(ledger, person, log_id) for log_id in person.logs[1:]},
    )
    return account(connection, person, issue)


def _standing(ledger: Ledger, person: Person, log_id: int) -> Standing:
    """Return what an account stands on in another log that holds anything of hers."""
    signer, at = ledger.keys.signers[log_id], next(part.as_of for part in person.parts if part.log_id == log_id)
    note = ledger.checkpoint(log_id, at)
    assert note is not None, "what is recorded is under a checkpoint"
    return Standing(signer.origin, at, note.decode(), signer.verifier_key)


def _file(made: Assembled, kind: str, body: bytes, more: dict[str, str], *, status: int = 200) -> Response:
    extension = "pdf" if kind == PDF else "json"
    headers = (
        PRIVATE
        | more
        | {
            "Repr-Digest": f"sha-256=:{b64encode(sha256(body).digest()).decode()}:",
            "Ledger-Position": str(made.position),
            "Content-Language": made.language,
            "Content-Disposition": f'inline; filename="account-{made.position}-{made.language}.{extension}"',
        }
    )
    return Response(body, status, headers, kind)
