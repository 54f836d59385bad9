"""An export: one person's account as a bundle that a stranger checks offline. Making it is an event with its digest."""

from __future__ import annotations

import secrets
from base64 import b64encode
from importlib.metadata import version
from typing import IO, TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api import documentation
from api.accounts import LANGUAGE, Assembled, assemble
from api.bundle import archive, contents
from api.problems import Problem
from api.question import own_fact, query_fact
from api.rendering import PRIVATE, accepted
from api.subjects import AS_OF, KNOWN_AT, MIN_POSITION, PROBLEMS
from ledger.checkpoint import head_of

if TYPE_CHECKING:
    from collections.abc import Iterator

router = APIRouter(tags=["report"])

ZIP = "application/zip"
CONTENT = {ZIP: {"schema": {"type": "string", "format": "binary"}, "example": "PK…"}}
MOST_SIZES = 16
SINCE = Annotated[
    str | None,
    Query(
        description="Sizes of older checkpoints that the receiver holds, such as 1200,4711: the bundle proves that its "
        f"own extends them. At most {MOST_SIZES}; those of earlier accounts are tied in anyway."
    ),
]


@router.post(
    "/v1/subjects/{subject_id}/exports",
    operation_id="exportAccount",
    summary="Export an account with its proofs",
    status_code=201,
    response_class=Response,
    responses=documentation.responses(*PROBLEMS, "not-exportable", content=CONTENT, status=201),
)
def export_account(
    request: Request,
    subject_id: str,
    language: LANGUAGE = None,
    as_of: AS_OF = None,
    known_at: KNOWN_AT = None,
    min_position: MIN_POSITION = None,
    since: SINCE = None,
) -> Response:
    """Make a bundle (one zip) of the account, the entries it rests on and the proof of each, and record its digest.

    `whosaw-verify` checks it without a server. The header Whosaw-Account names it, Repr-Digest is what the log has on
    record at the place in Ledger-Issued. The same position and parameters give the same bytes.
    """
    made = assemble(request, subject_id, "exports:create", language, whole=False)
    accepted(request, ZIP)
    note = made.document["proof"]["checkpoint"].encode()
    size, _ = head_of(note)
    state = made.question.state
    wanted = contents.Wanted(
        made.subject,
        made.position,
        made.language,
        made.document,
        _sizes(since, size),
        f"whosaw {version('whosaw')}",
        state.settings.name,
        state.settings.keys,
    )
    with state.ledger.connection() as connection:
        bundle = contents.bundle(connection, state.ledger, wanted)
    try:
        headers = _record(made, bundle, size)
    except BaseException:
        bundle.file.close()
        raise
    return StreamingResponse(_sent(bundle.file), 201, headers, ZIP, background=BackgroundTask(bundle.file.close))


def _record(made: Assembled, bundle: contents.Bundle, size: int) -> dict[str, str]:
    """Record that the bundle was made and the question behind it, in one append; return the answer's headers."""
    question = made.question
    account_id = f"account-{secrets.token_hex(8)}"
    data: dict[str, Any] = {
        "subjects": [{"id": made.subject.id, "role": "dpv:DataSubject"}],
        "actor": {"kind": "human", "id": question.key.key_id, "role": question.key.position},
        "system": "whosaw",
        "account_id": account_id,
        "language": made.language,
        "formats": bundle.formats,
        "report_digest": f"sha256:{bundle.digest.hex()}",
        "log": made.document["proof"]["log"],
        "position": made.position,
        "checkpoint": size,
        "purpose": question.purpose,
    }
    issued = own_fact(question.state, "account.issued", data, question.key)
    asked = query_fact(
        question, [made.subject.id], outcome="exported", count=1, as_of=made.position, categories=made.categories
    )
    receipt, _ = question.state.ledger.append([issued, asked])
    return PRIVATE | {
        "Whosaw-Account": account_id,
        "Ledger-Issued": f"{receipt.log_id}:{receipt.position}",
        "Ledger-Position": str(made.position),
        "Repr-Digest": f"sha-256=:{b64encode(bundle.digest).decode()}:",
        "Content-Length": str(bundle.size),
        "Content-Language": made.language,
        "Content-Disposition": f'attachment; filename="account-{made.position}-{made.language}.zip"',
    }


def _sizes(text: str | None, largest: int) -> list[int]:
    """Read the sizes of older checkpoints.

    Raises:
        Problem: They are no sizes that this checkpoint can extend.
    """
    parts = [part.strip() for part in text.split(",")] if text else []
    if len(parts) > MOST_SIZES or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):  # noqa: PLR2004 - a 64-bit number
        raise Problem("invalid-parameter", f"since: expected at most {MOST_SIZES} sizes, such as 1200,4711")
    sizes = [int(part) for part in parts]
    if any(not 0 < size <= largest for size in sizes):
        raise Problem("invalid-parameter", f"since: expected sizes from 1 to {largest}, the checkpoint's own")
    return sizes


def _sent(file: IO[bytes]) -> Iterator[bytes]:
    yield from archive.chunks(file)
