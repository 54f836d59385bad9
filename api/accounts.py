"""The account of one person: read, or issued. Issuing is an event, and names the digest of what was handed out."""

from __future__ import annotations

import secrets
from base64 import b64encode
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request  # noqa: TC002 - FastAPI reads the annotation
from starlette.responses import Response

from api import documentation
from api.problems import Problem
from api.question import NAMES, Question, ask, number, own_fact, position, recorded, subject_of
from api.rendering import JSON, PDF, PRIVATE, accepted
from api.report import render_json, render_pdf
from api.subjects import AS_OF, MIN_POSITION, PROBLEMS
from ledger.checkpoint import open_checkpoint
from projections import timeline
from projections.account import Issue, account

if TYPE_CHECKING:
    from ledger import Subject

router = APIRouter(tags=["report"])

LANGUAGE = Annotated[Literal["en", "fr"] | None, Query(description="Language of labels and words.")]
CONTENT = {JSON: {"schema": {"type": "object"}}, PDF: {"schema": {"type": "string", "format": "binary"}}}


@router.get(
    "/v1/subjects/{subject_id}/account",
    operation_id="readAccount",
    summary="The whole answer about one person",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def read_account(
    request: Request, subject_id: str, language: LANGUAGE = None, as_of: AS_OF = None, min_position: MIN_POSITION = None
) -> Response:
    """Return what is held, who received it, who looked and which policy governed, with what proves it.

    The same position and parameters give the same bytes, as JSON and as PDF.
    """
    question = ask(request, "whosaw:QueryAccount", "subjects:read")
    kind = accepted(request, JSON, PDF)
    subject = subject_of(question, subject_id)
    at = position(request, question, subject.log_id, NAMES, number(request, "as_of"))
    spoken = language or question.state.settings.language
    document = _account(question, subject, at, spoken)
    body = render_pdf(document, language=spoken) if kind == PDF else render_json(document)
    recorded(question, [subject.id], count=1, as_of=at)
    return _file(body, kind, at, spoken, {})


@router.post(
    "/v1/subjects/{subject_id}/accounts",
    operation_id="issueAccount",
    summary="Issue an account to a person",
    status_code=201,
    responses=documentation.responses(*PROBLEMS, content=CONTENT, status=201),
)
def issue_account(
    request: Request, subject_id: str, language: LANGUAGE = None, as_of: AS_OF = None, min_position: MIN_POSITION = None
) -> Response:
    """Make an account and record that it was issued: its digest, its position, its language.

    The header Whosaw-Account names it, Repr-Digest is what the log has on record.
    """
    question = ask(request, "whosaw:QueryAccount", "exports:create")
    kind = accepted(request, JSON, PDF)
    subject = subject_of(question, subject_id)
    at = position(request, question, subject.log_id, NAMES, number(request, "as_of"))
    spoken = language or question.state.settings.language
    document = _account(question, subject, at, spoken)
    body = render_pdf(document, language=spoken) if kind == PDF else render_json(document)
    account_id = f"account-{secrets.token_hex(8)}"
    checkpoint = open_checkpoint(document["proof"]["checkpoint"].encode(), document["proof"]["verifier_key"])
    data: dict[str, Any] = {
        "subjects": [{"id": subject.id, "role": "dpv:DataSubject"}],
        "actor": {"kind": "human", "id": question.key.key_id, "role": question.key.position},
        "system": "whosaw",
        "account_id": account_id,
        "language": spoken,
        "formats": ["pdf" if kind == PDF else "json"],
        "report_digest": f"sha256:{sha256(body).hexdigest()}",
        "log": document["proof"]["log"],
        "position": at,
        "checkpoint": checkpoint.size,
        "purpose": question.purpose,
    }
    receipts = question.state.ledger.append([own_fact(question.state, "account.issued", data, question.key)])
    recorded(question, [subject.id], outcome="exported", count=1, as_of=at)
    headers = {"Whosaw-Account": account_id, "Ledger-Issued": f"{receipts[0].log_id}:{receipts[0].position}"}
    return _file(body, kind, at, spoken, headers, status=201)


def _account(question: Question, subject: Subject, at: int, language: Literal["en", "fr"]) -> dict[str, Any]:
    ledger, settings = question.state.ledger, question.state.settings
    signer = ledger.keys.signers[subject.log_id]
    note = ledger.checkpoint(subject.log_id, at)
    with ledger.connection() as connection:
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
        )
        return account(connection, subject, at, issue)


def _file(
    body: bytes, kind: str, at: int, language: str, more: dict[str, str], *, status: int = 200
) -> Response:
    digest = sha256(body).digest()
    extension = "pdf" if kind == PDF else "json"
    headers = PRIVATE | more | {
        "Repr-Digest": f"sha-256=:{b64encode(digest).decode()}:",
        "Ledger-Position": str(at),
        "Content-Language": language,
        "Content-Disposition": f'inline; filename="account-{at}-{language}.{extension}"',
    }
    return Response(body, status, headers, kind)
