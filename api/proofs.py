"""Proofs over HTTP: that an entry is under a checkpoint, and that one checkpoint extends another.

They are given for sizes that were signed, since a root that nobody signed proves nothing to anybody.

Source: RFC 9162, section 2.1; C2SP tlog-proof and tlog-witness for the files.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import documentation, log_documentation
from api.logs import LOG_ID, NEWEST, SIGNED, TEXT, Signed, authorised, kept, log_of, signed_head
from api.problems import Problem
from api.question import number
from api.rendering import JSON, accepted
from api.state import state_of
from ledger import Damaged
from ledger.merkle import EMPTY_ROOT, inclusion_root, is_consistent
from ledger.proofs import consistency_file, tlog_proof

if TYPE_CHECKING:
    from collections.abc import Sequence

router = APIRouter(tags=["proof"])

SIZE = Annotated[int | None, Query(ge=1, description="A size that was signed; the newest by default.")]


@router.get(
    "/v1/logs/{log_id}/proofs/inclusion",
    operation_id="proveInclusion",
    summary="Prove that an entry is under a checkpoint",
    responses=documentation.responses(
        "not-found", "not-acceptable", "invalid-parameter", content=log_documentation.INCLUSION
    ),
)
def prove_inclusion(
    request: Request, log_id: LOG_ID, position: Annotated[int, Query(ge=1)], size: SIZE = None
) -> Response:
    """Return the hashes that lead from an entry's leaf hash to the root of a checkpoint, and the checkpoint.

    With `Accept: text/plain`, as a file that other people's verifiers read. Source: C2SP tlog-proof.
    """
    state = authorised(request)
    log = log_of(state, log_id)
    kind = accepted(request, JSON, TEXT)
    position = number(request, "position") or 0
    head = signed_head(state, log, number(request, "size"))
    if not 1 <= position <= head.size:
        raise Problem("invalid-parameter", f"position: expected 1 to {head.size}")
    path = state.ledger.proofs.inclusion(log, position, head.size)
    entry = state.ledger.entry(log, position)
    # A proof that does not hold is never given: what is stored was changed, and the audit names where.
    if entry is None or inclusion_root(position - 1, head.size, entry.leaf, path) != head.root:
        raise Damaged(f"log {log}, position {position}: does not lead to the root of size {head.size}")
    document = {"position": position, "index": position - 1, "leaf": _base64(entry.leaf)}
    return _proof(request, kind, log, document, path, head, tlog_proof(position - 1, path, head.note))


@router.get(
    "/v1/logs/{log_id}/proofs/consistency",
    operation_id="proveConsistency",
    summary="Prove that one checkpoint extends another",
    responses=documentation.responses(
        "not-found", "not-acceptable", "invalid-parameter", content=log_documentation.CONSISTENCY
    ),
)
def prove_consistency(
    request: Request,
    log_id: LOG_ID,
    old: Annotated[int, Query(alias="from", ge=0, description="The older size; 0 for the empty log.")],
    new: Annotated[int | None, Query(alias="to", ge=1, description="The newer size; the newest by default.")] = None,
) -> Response:
    """Return the hashes which show that nothing under the older checkpoint was changed, and the newer checkpoint.

    With `Accept: text/plain`, as the request that a witness takes. Source: C2SP tlog-witness.
    """
    state = authorised(request)
    log = log_of(state, log_id)
    kind = accepted(request, JSON, TEXT)
    old = number(request, "from") or 0
    head = signed_head(state, log, number(request, "to"))
    before = signed_head(state, log, old) if old else Signed(0, EMPTY_ROOT, b"")
    if before.size > head.size:
        raise Problem("invalid-parameter", f"from: expected a size of at most {head.size}")
    path = state.ledger.proofs.consistency(log, old, head.size)
    if old and not is_consistent(old, before.root, head.size, head.root, path):
        raise Damaged(f"log {log}: size {head.size} does not extend size {old}")
    document = {"from": old, "from_root": _base64(before.root)}
    return _proof(request, kind, log, document, path, head, consistency_file(old, path, head.note))


def _proof(
    request: Request, kind: str, log: int, document: dict[str, Any], path: Sequence[bytes], head: Signed, file: bytes
) -> Response:
    """Return a proof in the format wanted, and what it leads to."""
    state = state_of(request)
    pinned = "size" in request.query_params or "to" in request.query_params
    headers = kept(state, SIGNED if pinned else NEWEST) | {"Vary": "Accept"}
    if kind == TEXT:
        return Response(file, headers=headers, media_type=f"{TEXT}; charset=utf-8")
    whole = (
        {"log": state.ledger.keys.signers[log].origin, "log_id": log}
        | document
        | {
            "size": head.size,
            "root": _base64(head.root),
            "path": [_base64(each) for each in path],
            "note": head.note.decode(),
        }
    )
    return Response(orjson.dumps(whole), headers=headers, media_type=JSON)


def _base64(data: bytes) -> str:
    return b64encode(data).decode()
