"""Send events from a file: JSON, NDJSON or a CloudEvents batch. Safe to run again: repeats get their first receipts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from api.cli.failure import Exit, Failure

if TYPE_CHECKING:
    from api.cli.connection import Connection

BATCH_EVENTS = 500
BATCH_BYTES = 900_000
BATCH_TYPE = "application/cloudevents-batch+json"
SHOWN_ERRORS = 20


class Line(NamedTuple):
    """One event as it stands in its file."""

    place: str
    """Where, for people: `line 3` or `item 3`."""
    event: bytes


class Sent(NamedTuple):
    """What became of a batch."""

    events: int
    receipts: list[dict[str, Any]]
    """One for each event, in their order."""


def read(name: str) -> Iterator[Line]:
    """Yield the events of a file, or of standard input for `-`; NDJSON is read line by line, never as a whole.

    Raises:
        Failure: No such file, or not JSON: it names the line.
    """
    if name == "-":
        yield from split(sys.stdin.buffer)
        return
    try:
        with Path(name).open("rb") as file:
            yield from split(file)
    except OSError as error:
        raise Failure(Exit.MACHINE, f"{name}: {error.strerror}", expected="a readable file, or - for input") from error


def split(file: Iterable[bytes]) -> Iterator[Line]:
    """Yield the events of a JSON object, a JSON array, or one JSON object a line."""
    lines = iter(file)
    first = next((line for line in lines if line.strip()), b"")
    if first.lstrip()[:1] == b"{" and parsed(first) is not None:
        yield Line("line 1", first.strip())
        for number, line in enumerate(lines, start=2):
            if line.strip():
                if parsed(line) is None:
                    raise Failure(Exit.ARGUMENT, f"line {number} is not a JSON object", expected="one event a line")
                yield Line(f"line {number}", line.strip())
        return
    text = first + b"".join(lines)
    if not text.strip():
        raise Failure(Exit.ARGUMENT, "the input is empty", expected="an event, an array of events, or one event a line")
    try:
        document = json.loads(text, object_pairs_hook=whole)
    except ValueError as error:
        where = f"line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else "the input"
        raise Failure(
            Exit.ARGUMENT, f"{where} is not JSON", expected="an event, an array of events, or one event a line"
        ) from error
    items = cast("list[object]", document) if isinstance(document, list) else [document]
    for number, item in enumerate(items, start=1):
        yield Line(f"item {number}", json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode())


def whole(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object's members; the same name twice would silently lose one of them.

    Raises:
        ValueError: A name occurs twice.
    """
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member's name occurs twice in one object")
    return members


def parsed(line: bytes) -> dict[str, Any] | None:
    """Return the line's JSON object, if it is one."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Group events into batches that a server takes: bounded in number and in bytes."""
    batch: list[Line] = []
    size = 0
    for line in lines:
        if batch and (len(batch) == BATCH_EVENTS or size + len(line.event) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line.event)
    if batch:
        yield batch


def send(connection: Connection, batch: list[Line]) -> Sent:
    """Send a batch and return its receipts. Either all of it is recorded, or the server says what is wrong.

    Raises:
        Failure: Refused, with every error by its line and JSON pointer; or unreachable.
    """
    from api.cli.connection import Refused  # noqa: PLC0415 - a command starts without its client

    body = b"[" + b",".join(line.event for line in batch) + b"]"
    try:
        answer = connection.call("POST", "/v1/events", body, {"Content-Type": BATCH_TYPE})
    except Refused as refused:
        raise Failure(Exit.REFUSED, "\n  ".join([refused.found, *explained(refused.problem, batch)])) from refused
    return Sent(len(batch), answer.json()["receipts"])


def explained(problem: dict[str, Any], batch: list[Line]) -> list[str]:
    """Say each error of a problem document with the place in the file."""
    errors: list[dict[str, Any]] = problem.get("errors", [])
    said: list[str] = []
    for error in errors[:SHOWN_ERRORS]:
        pointer = str(error.get("pointer", ""))
        index, _, rest = pointer.removeprefix("/").partition("/")
        place = batch[int(index)].place if index.isdecimal() and int(index) < len(batch) else "the batch"
        where = f"{place}: /{rest}" if rest else place
        said.append(f"{where}: {error.get('detail') or error.get('code', '')}")
    if len(errors) > SHOWN_ERRORS:
        said.append(f"and {len(errors) - SHOWN_ERRORS} more")
    return said


def emit(connection: Connection, lines: Iterable[Line], on_batch: Callable[[Sent], None]) -> None:
    """Send everything, batch by batch, in order."""
    for batch in batches(lines):
        on_batch(send(connection, batch))
