"""Recording: events in, receipts out.

Source: CloudEvents 1.0.2, HTTP protocol binding: structured, batched and binary mode. Plain JSON is the structured
form under its everyday name, and NDJSON one event a line.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote_to_bytes

import orjson
from fastapi import APIRouter, Path
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api import body, documentation, strict_json
from api.access import CORRECT, DECIDE, DECISIONS, OWN_SOURCES, OWN_TYPES, UNLINK
from api.problems import Problem
from api.state import state_of
from api.undoing import refuse_names
from ledger import Conflict, Fact, InvalidFact, Receipt, fact_of
from ledger.entry import timestamp
from ledger.vocabulary import InvalidEvent, parse_event, parse_events
from ledger.vocabulary.ledger_facts import EventCorrected, EventVoided, IdentifierUnlinked, SubjectsSplit
from ledger.vocabulary.order_facts import HoldReleased, SealExtended, SealLifted
from ledger.vocabulary.problems import MOST_PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api.access import Key
    from api.state import State
    from ledger.vocabulary import Event

router = APIRouter(tags=["emit"])

JSON = "application/json"
STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"
LINES = frozenset({"application/x-ndjson", "application/jsonl", "application/ndjson"})
BODY_TYPES = (STRUCTURED, BATCHED, JSON, *sorted(LINES))

WHITESPACE = b" \t\r\n"
"""What JSON calls so, and nothing else."""
LARGE_BYTES = 64 * 1024
"""From here on, reading a body takes longer than changing threads."""

ATTRIBUTE = re.compile(r"ce-([a-z0-9]{1,20})")


@router.post(
    "/v1/events",
    operation_id="recordEvents",
    summary="Record one event, or a batch",
    status_code=201,
    responses=documentation.recording_responses(),
    openapi_extra=documentation.recording_body(),
)
async def record(request: Request) -> Response:
    """Record what a service did with personal data; answered when it is durable and under a signed checkpoint.

    Send the same events again after any failure: each (source, id) is recorded once, and a repeat gets the first
    receipt. A batch is validated as a whole: with one error in it, nothing is recorded and every error is listed.
    """
    state = state_of(request)
    # Known keys are answered from memory; a new one costs a look into the database, on another thread.
    key = state.access.remembered(request, "events:write") or await run_in_threadpool(
        state.access.key, request, "events:write"
    )
    received = await body.read(request, state.settings.max_body_bytes)
    # A large one is read beside the loop, so that small ones need not wait for it.
    if len(received) > LARGE_BYTES:
        facts, single = await state.arrivals.result(state.readers.submit(_facts, request, received, state, key))
    else:
        facts, single = _facts(request, received, state, key)
    try:
        # Once the facts are with the writer they are recorded, whether or not the caller still listens.
        receipts = await state.arrivals.result(state.ledger.submit(facts))
    except Conflict as conflict:
        errors = [
            {
                "pointer": "" if single else f"/{index}",
                "code": "event-conflict",
                "detail": "recorded with other content",
            }
            for index in conflict.indexes
        ]
        raise Problem("event-conflict", errors=errors[:MOST_PROBLEMS]) from None
    _count(state, receipts)
    if single:
        return _answer(orjson.dumps(receipt_json(receipts[0])), receipts)
    return _answer(orjson.dumps({"receipts": [receipt_json(receipt) for receipt in receipts]}), receipts)


@router.get(
    "/v1/logs/{log_id}/entries/{position}",
    operation_id="readEntry",
    summary="Read back an entry that this key recorded",
    responses=documentation.responses("not-found", content={"application/json": {}}),
)
def entry(request: Request, log_id: Annotated[int, Path(ge=0)], position: Annotated[int, Path(ge=1)]) -> Response:
    """Return an entry exactly as it was hashed: SHA-256 over a zero byte and these bytes is its leaf hash.

    An emitter reads back what it sent, and nothing else.
    """
    state = state_of(request)
    key = state.access.key(request, "events:write")
    known = log_id < len(state.ledger.recorders) and position <= state.ledger.head(log_id)
    found = state.ledger.entry(log_id, position) if known else None
    if found is None or found.json().get("source") not in key.sources:
        raise Problem("not-found")
    headers = {"Cache-Control": "private, max-age=31536000, immutable"}
    return Response(found.bytes, media_type=JSON, headers=headers)


def receipt_json(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt's document."""
    document: dict[str, Any] = {
        "source": receipt.source,
        "id": receipt.id,
        "log": receipt.log,
        "position": receipt.position,
        "stream": receipt.stream,
        "sequence": receipt.sequence,
        "leaf": b64encode(receipt.leaf).decode(),
        "appended": timestamp(receipt.appended),
        "checkpoint": receipt.checkpoint,
        "repeated": receipt.repeated,
    }
    if receipt.parts:
        document["parts"] = [receipt_json(part) for part in receipt.parts]
    return document


def _answer(content: bytes, receipts: Sequence[Receipt]) -> Response:
    fresh = not all(receipt.repeated for receipt in receipts) if receipts else False
    headers = {"Cache-Control": "no-store"}
    if receipts:
        newest: dict[int, int] = {}
        for receipt in receipts:
            for part in (receipt, *receipt.parts):
                newest[part.log_id] = max(newest.get(part.log_id, 0), part.position)
        headers["Ledger-Position"] = ",".join(f"{log_id}:{position}" for log_id, position in sorted(newest.items()))
        if not fresh:
            headers["Idempotent-Replay"] = "true"
        if len(receipts) == 1:
            headers["Location"] = f"/v1/logs/{receipts[0].log_id}/entries/{receipts[0].position}"
    return Response(content, 201 if fresh else 200, headers, JSON)


def _facts(request: Request, received: bytes, state: State, key: Key) -> tuple[list[Fact], bool]:
    """Return the facts of a body, every one valid, and whether it was one event on its own."""
    events, single = _events(request, received, state.settings.max_batch_events)
    if len(events) > state.settings.max_batch_events:
        raise Problem("too-large", f"expected at most {state.settings.max_batch_events} events in a request")
    _refuse_foreign(events, key, single=single)
    _refuse_others(events, key, single=single)
    refuse_names(events, state, single=single)
    if UNLINK not in key.scopes and any(isinstance(event.data, IdentifierUnlinked) for event in events):
        raise Problem("forbidden", f"subject.identifier_unlinked: expected a key with the scope {UNLINK}")
    _refuse_decisions(events, key, single=single)
    facts: list[Fact] = []
    errors: list[dict[str, str]] = []
    for index, event in enumerate(events):
        try:
            facts.append(fact_of(state.ledger.hashes, event, key.key_id))
        except InvalidFact as error:
            pointer = error.pointer if single else f"/{index}{error.pointer}"
            errors.append({"pointer": pointer, "code": "too-large", "detail": error.detail})
    if errors:
        raise Problem("invalid-event", errors=errors[:MOST_PROBLEMS])
    return facts, single


def _events(request: Request, received: bytes, most: int) -> tuple[list[Event], bool]:
    """Parse a body by its content type; tell whether it was one event on its own."""
    kind = body.media_type(request)
    try:
        if "ce-specversion" in request.headers and not kind.startswith("application/cloudevents"):
            return [parse_event(_structured(request, received, kind))], True
        if kind in LINES:
            return parse_events(_array(received, most)), False
        if kind == BATCHED or (kind == JSON and received.lstrip(WHITESPACE)[:1] == b"["):
            strict_json.check(received, depth=strict_json.DEPTH + 1)
            return parse_events(received), False
        if kind in {STRUCTURED, JSON}:
            strict_json.check(received)
            return [parse_event(received)], True
    except InvalidEvent as error:
        raise Problem("invalid-event", errors=[each._asdict() for each in error.errors]) from None
    raise Problem("unsupported-media-type", f"expected one of {', '.join(BODY_TYPES)}")


def _array(received: bytes, most: int) -> bytes:
    """Return the JSON array of an event a line; empty lines count for nothing."""
    found: list[bytes] = []
    for number, line in enumerate(received.split(b"\n"), 1):
        if not line.strip(WHITESPACE):
            continue
        if len(found) == most:
            raise Problem("too-large", f"expected at most {most} events in a request")
        try:
            strict_json.check(line)
        except Problem as problem:
            raise Problem(problem.code, f"line {number}: {problem.detail}") from None
        found.append(line)
    return b"[" + b",".join(found) + b"]"


def _structured(request: Request, received: bytes, kind: str) -> bytes:
    """Return the structured form of an event in binary mode: attributes from headers, the body as its data.

    Source: CloudEvents HTTP binding, 3.1.3: header values are percent-encoded UTF-8, quoted or not.
    """
    if kind != JSON:
        raise Problem("unsupported-media-type", "expected data of the type application/json")
    strict_json.check(received)
    attributes: dict[str, Any] = {}
    for name, value in request.headers.items():
        if not name.startswith("ce-"):
            continue
        found = ATTRIBUTE.fullmatch(name)
        if found is None or found[1] in attributes:
            raise Problem("bad-request", "expected each header ce-… once, its name in letters and digits")
        text = value[1:-1].replace('\\"', '"').replace("\\\\", "\\") if value[:1] == value[-1:] == '"' else value
        try:
            attributes[found[1]] = unquote_to_bytes(text).decode()
        except UnicodeDecodeError:
            raise Problem("bad-request", f"expected UTF-8 in the header {name}") from None
    if "datacontenttype" in attributes or "data" in attributes:
        raise Problem("bad-request", "expected Content-Type instead of the header ce-datacontenttype")
    if re.fullmatch("[0-9]{1,15}", attributes.get("sequence", "")):
        attributes["sequence"] = int(attributes["sequence"])
    return orjson.dumps(attributes)[:-1] + b',"data":' + received.strip(WHITESPACE) + b"}"


def _refuse_foreign(events: Sequence[Event], key: Key, *, single: bool) -> None:
    """Refuse to speak as another source, and to state what only the ledger does, whatever the source."""
    errors: list[dict[str, str]] = []
    for index, event in enumerate(events):
        if event.source not in key.sources:
            member, detail = "source", f"expected one of {', '.join(key.sources)}"
        elif event.type in OWN_TYPES:
            member, detail = "type", "expected none that only the ledger itself states"
        else:
            continue
        pointer = f"/{member}" if single else f"/{index}/{member}"
        errors.append({"pointer": pointer, "code": "foreign-source", "detail": detail})
    if errors:
        raise Problem("foreign-source", errors=errors[:MOST_PROBLEMS])


def _refuse_others(events: Sequence[Event], key: Key, *, single: bool) -> None:
    """Refuse to undo what another emitter stated, unless the key may; what the ledger stated, always.

    Nothing is looked up: an event says itself whose fact or order it is against, and says it truly or has no effect. So
    the answer is the same whether or not there is such an order.
    """
    errors: list[dict[str, str]] = []
    for index, event in enumerate(events):
        member, source = _against(event)
        if source is None:
            continue
        if source.startswith(OWN_SOURCES) or (source not in key.sources and CORRECT not in key.scopes):
            pointer = f"/data/{member}" if single else f"/{index}/data/{member}"
            detail = f"expected one of {', '.join(key.sources)}, or a key with the scope {CORRECT}"
            errors.append({"pointer": pointer, "code": "not-yours", "detail": detail})
    if errors:
        raise Problem("not-yours", errors=errors[:MOST_PROBLEMS])


def _against(event: Event) -> tuple[str, str | None]:
    """Return which member of an event says whose fact it undoes, and whose; None if it undoes none, or its own."""
    match event.data:
        case EventCorrected() | EventVoided():
            return "target/source", event.data.target.source
        case SubjectsSplit():
            return "undoes/source", event.data.undoes.source
        case HoldReleased() | SealLifted() | SealExtended():
            return "placed_by", event.data.placed_by
        case _:
            return "", None


def _refuse_decisions(events: Sequence[Event], key: Key, *, single: bool) -> None:
    """Refuse to settle findings, unless the key may: else whoever caused one could excuse it."""
    if DECIDE in key.scopes:
        return
    errors = [
        {
            "pointer": "/type" if single else f"/{index}/type",
            "code": "forbidden",
            "detail": f"expected a key with the scope {DECIDE}",
        }
        for index, event in enumerate(events)
        if event.type in DECISIONS
    ]
    if errors:
        raise Problem("forbidden", errors=errors[:MOST_PROBLEMS])


def _count(state: State, receipts: Sequence[Receipt]) -> None:
    repeated = sum(receipt.repeated for receipt in receipts)
    if repeated:
        state.figures.repeated.inc(repeated)
    state.figures.recorded.inc(len(receipts) - repeated)
