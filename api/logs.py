"""The logs as strangers check them: checkpoints, tiles and entry bundles.

Checkpoints, hash tiles and proofs hold nothing about anybody and may be public. Entry bundles hold what was recorded
about 256 people: they need a scope of their own, and each that is read is on record before it leaves.

Source: C2SP tlog-checkpoint, tlog-tiles.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Annotated, Any, NamedTuple

import orjson
from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from api import documentation, log_documentation
from api.problems import Problem
from api.question import ask, number, recorded
from api.rendering import JSON, matches
from api.state import State, state_of
from ledger import tiles
from ledger.checkpoint import head_of

router = APIRouter(tags=["proof"])

TEXT, BYTES = "text/plain", "application/octet-stream"
LOG = re.compile(r"(?:log)?(0|[1-9][0-9]{0,4})", re.ASCII)
FOR_EVER = "max-age=31536000, immutable"
NEWEST, SIGNED = "max-age=2", "max-age=60"
"""How long the newest head may be taken for such, and a signed note for complete: witnesses add lines to it."""
MOST_CHECKPOINTS = 500

LOG_ID = Annotated[str, Path(description="The log's id: 0, 1, …; log0 means the same.")]
INDEX = Annotated[str, Path(description="In groups of three digits: 000, x001/234; and .p/W while W hashes wide.")]


class Signed(NamedTuple):
    """A signed head."""

    size: int
    root: bytes
    note: bytes


@router.get(
    "/v1/logs",
    operation_id="readLogs",
    summary="The logs and their verifier keys",
    responses=documentation.responses(),
)
def read_logs(request: Request) -> dict[str, Any]:
    """Return each log with the key that its checkpoints are verified by."""
    state = authorised(request)
    return {
        "logs": [
            {"log_id": each.log_id, "origin": each.origin, "size": each.size, "verifier_key": each.verifier_key}
            for each in state.ledger.logs()
        ]
    }


@router.get(
    "/v1/logs/{log_id}/checkpoint",
    operation_id="readCheckpoint",
    response_class=Response,
    summary="The newest signed head of a log",
    responses=documentation.responses("not-found", content=log_documentation.EXAMPLE_NOTE),
)
def read_checkpoint(request: Request, log_id: LOG_ID, size: int | None = None) -> Response:
    """Return a signed note; with `size`, the first head that covers so many entries. Source: C2SP tlog-checkpoint."""
    state = authorised(request)
    wanted = number(request, "size")
    note = state.ledger.checkpoint(log_of(state, log_id), wanted) if wanted != 0 else None
    if note is None:
        raise Problem("not-found", "nothing is signed yet" if wanted is None else "no checkpoint covers so many")
    return _note(request, note, NEWEST if wanted is None else SIGNED)


@router.get(
    "/v1/logs/{log_id}/checkpoints",
    operation_id="listCheckpoints",
    summary="Every signed head of a log, by size",
    responses=documentation.responses("not-found", "invalid-parameter", content=log_documentation.CHECKPOINTS),
)
def list_checkpoints(
    request: Request,
    log_id: LOG_ID,
    after: Annotated[int, Query(ge=0, description="Only larger sizes.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_CHECKPOINTS, description="Most of a page.")] = 100,
) -> Response:
    """Return signed notes with their sizes, smallest first. None is ever removed."""
    state = authorised(request)
    log = log_of(state, log_id)
    after, limit = number(request, "after") or 0, number(request, "limit") or 100
    found = state.ledger.checkpoints(log, after, limit)
    items = [{"size": size, "note": note.decode()} for size, note in found]
    following = f"/v1/logs/{log}/checkpoints?after={found[-1][0]}&limit={limit}" if len(found) == limit else None
    document = {"log": state.ledger.keys.signers[log].origin, "log_id": log, "items": items, "next": following}
    headers = kept(state, NEWEST) | ({"Link": f'<{following}>; rel="next"'} if following else {})
    return Response(orjson.dumps(document), headers=headers, media_type=JSON)


@router.get(
    "/v1/logs/{log_id}/checkpoints/{size}",
    operation_id="readCheckpointOfSize",
    response_class=Response,
    summary="The signed head of exactly this size",
    responses=documentation.responses("not-found", content=log_documentation.EXAMPLE_NOTE),
)
def read_checkpoint_of_size(request: Request, log_id: LOG_ID, size: str) -> Response:
    """Return a signed note, for ever. Not every size was signed: each group of entries is signed as a whole."""
    state = authorised(request)
    log = log_of(state, log_id)
    if not re.fullmatch("[1-9][0-9]{0,17}", size):
        raise Problem("not-found", "expected a size")
    return _note(request, signed_head(state, log, int(size), "not-found").note, SIGNED)


@router.get(
    "/v1/logs/{log_id}/tile/entries/{index:path}",
    operation_id="readEntryBundle",
    response_class=Response,
    summary="Up to 256 entries",
    responses=documentation.responses("not-found", "invalid-parameter", content=log_documentation.BUNDLE),
    openapi_extra={"parameters": log_documentation.OPTIONAL_PURPOSE},
)
def read_entry_bundle(request: Request, log_id: LOG_ID, index: INDEX) -> Response:
    """Return entries, each behind its length in two bytes, big-endian. Reading is recorded; the scope is entries:read.

    Source: C2SP tlog-tiles, «Log entries».
    """
    question = ask(request, "whosaw:QueryEntries", "entries:read", otherwise="whosaw:Audit")
    state = question.state
    log = log_of(state, log_id)
    address = _address(request, log, f"tile/entries/{index}")
    with state.ledger.connection() as connection:
        bundle = tiles.entry_bundle(connection, log, address, address.leaves)
    # The last position and how many say which entries these were.
    recorded(question, (), count=address.width, as_of=address.leaves)
    return Response(bundle, headers={"Cache-Control": "private, no-store"}, media_type=BYTES)


@router.get(
    "/v1/logs/{log_id}/tile/{level}/{index:path}",
    operation_id="readTile",
    response_class=Response,
    summary="Up to 256 hashes of the tree",
    responses=documentation.responses("not-found", content=log_documentation.TILE),
)
def read_tile(
    request: Request, log_id: LOG_ID, level: Annotated[str, Path(description="0 for leaf hashes.")], index: INDEX
) -> Response:
    """Return hashes of 32 bytes; those of level L are roots of 256^L leaves. Any width that a checkpoint covers.

    Source: C2SP tlog-tiles, «Merkle tree».
    """
    state = authorised(request)
    log = log_of(state, log_id)
    address = _address(request, log, f"tile/{level}/{index}")
    headers = kept(state, FOR_EVER) | {"ETag": f'"{tiles.write(address)}"'}
    if matches(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    with state.ledger.connection() as connection:
        tile = tiles.hash_tile(connection, log, address, address.leaves)
    return Response(tile, headers=headers, media_type=BYTES)


def authorised(request: Request) -> State:
    """Return the application's parts if the caller may read what holds nothing about anybody.

    Raises:
        Problem: Checkpoints are not public here, and she has no key with the scope.
    """
    state = state_of(request)
    if not state.settings.public_checkpoints:
        state.access.key(request, "integrity:read")
    return state


def log_of(state: State, text: str) -> int:
    """Return a log's id.

    Raises:
        Problem: There is no such log.
    """
    found = LOG.fullmatch(text)
    count = len(state.ledger.keys.signers)
    if found is None or int(found[1]) >= count:
        raise Problem("not-found", "expected log 0" if count == 1 else f"expected a log from 0 to {count - 1}")
    return int(found[1])


def _address(request: Request, log: int, text: str) -> tiles.Address:
    """Return what an address names, if a committed checkpoint covers it.

    Raises:
        Problem: It is none, or not yet one.
    """
    # The framework's pattern passes over a newline at the end.
    whole = text if request.scope["path"].endswith(text) else ""
    try:
        address = tiles.parse(whole)
    except ValueError as error:
        raise Problem("not-found", str(error)) from None
    note = state_of(request).ledger.checkpoint(log)
    size = head_of(note)[0] if note is not None else 0
    if address.leaves > size:
        raise Problem("not-found", f"the newest checkpoint is of size {size}, which does not reach it")
    return address


def signed_head(state: State, log: int, size: int | None, otherwise: str = "invalid-parameter") -> Signed:
    """Return the signed head of exactly this size, or the newest.

    Args:
        state: The application's.
        log: Its id.
        size: None for the newest.
        otherwise: The problem's code if this size was never signed.

    Raises:
        Problem: Nothing is signed, or not this size; the nearest are named.
    """
    note = state.ledger.checkpoint(log, size)
    if note is not None:
        head = Signed(*head_of(note), note)
        if size in {None, head.size}:
            return head
    if size is None:
        raise Problem("not-found", "nothing is signed yet")
    below = state.ledger.signed_below(log, size)
    nearest = [each for each in (below, head_of(note)[0] if note is not None else None) if each is not None]
    named = " and ".join(str(each) for each in nearest) or "none"
    raise Problem(otherwise, f"size {size} was never signed; nearest: {named}")


def _note(request: Request, note: bytes, seconds: str) -> Response:
    headers = kept(state_of(request), seconds) | {"ETag": f'"{blake2b(note, digest_size=12).hexdigest()}"'}
    if matches(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(note, media_type=f"{TEXT}; charset=utf-8", headers=headers)


def kept(state: State, seconds: str) -> dict[str, str]:
    """Return how long an answer may be kept, and by whom: what needs a key is for its caller alone."""
    return {"Cache-Control": f"{'public' if state.settings.public_checkpoints else 'private'}, {seconds}"}
