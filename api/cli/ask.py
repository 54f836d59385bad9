"""Ask about one person over HTTP: find the subject by a reference in the body, then read the answer, page by page."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from api.cli.failure import Exit, Failure

if TYPE_CHECKING:
    from api.cli.connection import Connection

REFERENCE = re.compile(r"([a-z][a-z0-9_]{0,31}):(.{1,320})", re.DOTALL)
NEXT = re.compile(r"<([^>]*)>\s*;[^,]*\brel=\"?next\"?")
JSON_TYPE = "application/json"


class Question(StrEnum):
    """What can be asked about one person."""

    HOLDINGS = "holdings"
    DISCLOSURES = "disclosures"
    VIEWS = "views"
    TIMELINE = "timeline"
    DEBTS = "debts"
    WITHDRAWALS = "withdrawals"
    POLICIES = "policies"
    INFERENCES = "inferences"
    RETENTION = "retention"
    FINDINGS = "findings"
    QUERIES = "queries"
    REQUESTS = "requests"
    OBLIGATIONS = "obligations"
    ACCOUNT = "account"


def reference(text: str | None) -> dict[str, str]:
    """Return the reference that an argument, or the first line of standard input, names as `kind:value`.

    Raises:
        Failure: It has another shape. Its value is never repeated: it names a person.
    """
    if text is None or text == "-":
        if sys.stdin.isatty():
            sys.stderr.write("reference (kind:value): ")
            sys.stderr.flush()
        text = sys.stdin.readline()
    found = REFERENCE.fullmatch((text or "").strip())
    if found is None:
        raise Failure(
            Exit.ARGUMENT,
            "the reference has another shape",
            expected="kind:value, such as customer:C-1007",
        )
    return {"kind": found[1], "value": found[2]}


def stated(purpose: str, ticket: str | None) -> dict[str, str]:
    """Return the headers that every query by a person must carry."""
    headers = {"Whosaw-Purpose": purpose, "Accept": JSON_TYPE}
    return headers | {"Whosaw-Ticket": ticket} if ticket else headers


def find(connection: Connection, named: dict[str, str], headers: dict[str, str]) -> str:
    """Return the id of the subject that a reference names.

    Raises:
        Failure: Nobody is known by that reference.
    """
    from api.cli.connection import Refused  # noqa: PLC0415 - a command starts without its client

    body = json.dumps({"reference": named}).encode()
    try:
        answer = connection.call("POST", "/v1/subjects/lookup", body, {**headers, "Content-Type": JSON_TYPE})
    except Refused as refused:
        if refused.status == 404:  # noqa: PLR2004 - not found
            raise Failure(Exit.NO, f"nobody is known by that {named['kind']} reference") from refused
        raise
    return str(answer.json()["id"])


def pages(connection: Connection, path: str, headers: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the pages of an answer, all pinned to the position of the first."""
    at: str | None = path
    while at:
        answer = connection.call("GET", at, headers=headers)
        yield answer.json()
        following = NEXT.search(answer.headers.get("link", ""))
        at = path_of(following[1]) if following else None


def path_of(address: str) -> str:
    """Return an address's path and query, whether it was relative or not."""
    return re.sub(r"^https?://[^/]+", "", address)
