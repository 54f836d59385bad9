"""The shapes of answers as JSON Schema: rows from the records they are made of, so that the document can not differ."""

from __future__ import annotations

from datetime import date, datetime
from types import NoneType, UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

from projections.consented import Consent
from projections.disclosures import Disclosure
from projections.held import Holding
from projections.recipients import Received, Totals
from projections.releases import Release
from projections.retained import Limit
from projections.views import View

PAGES: dict[str, type | None] = {
    "readHoldings": Holding,
    "readDisclosures": Disclosure,
    "readViews": View,
    "readConsents": Consent,
    "readTimeline": None,
    "readRecipientDisclosures": Received,
}
"""The row of each answer that comes in pages; None: an entry, whose members are those of its type."""
MORE: dict[str, dict[str, Any]] = {"readHoldings": {"retention": Limit}}
"""What an answer adds to each row."""
PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    bytes: {"type": "string", "contentEncoding": "base64"},
    UUID: {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    NoneType: {"type": "null"},
}
KNOWN = {"UUID": UUID, "datetime": datetime, "date": date}
"""What records name for the type checker only."""


def row(record: Any) -> dict[str, Any]:
    """Return the schema of a record as an answer shows it: every member, and no other."""
    members = {name: _value(kind) for name, kind in get_type_hints(record, localns=KNOWN).items()}
    return {"type": "object", "required": list(members), "properties": members, "additionalProperties": False}


def _value(kind: Any) -> dict[str, Any]:
    if kind in PLAIN:
        return PLAIN[kind]
    if get_origin(kind) is list:
        return {"type": "array", "items": _value(get_args(kind)[0])}
    if get_origin(kind) in {Union, UnionType}:
        return {"anyOf": [_value(each) for each in get_args(kind)]}
    if get_origin(kind) is dict:
        return {"type": "object"}
    return row(kind)


def page(operation_id: str) -> dict[str, Any]:
    """Return the schema of a page of rows."""
    record = PAGES[operation_id]
    about: dict[str, Any] = {
        "subject": PLAIN[UUID],
        "log": {"type": "string"},
        "as_of": {"type": "integer", "description": "The position that it is answered at."},
    }
    moments: dict[str, Any] = {
        "known_at": PLAIN[datetime] | {"description": "The time that the positions were found by."},
        "valid_at": PLAIN[datetime] | {"description": "What happened after it is left out."},
    }
    if operation_id == "readViews":
        moments["names"] = {"type": "array", "items": row(Release), "description": "On the first page."}
    if operation_id == "readDisclosures":
        moments["statement"] = {"type": "string", "description": "On the first page: the same for everybody."}
    if operation_id == "readConsents":
        about["valid_at"] = moments.pop("valid_at")
    positions: dict[str, Any] = {"type": "array", "items": {"type": "integer"}, "description": "The one of each log."}
    if operation_id == "readRecipientDisclosures":
        totals = {"anyOf": [row(Totals), PLAIN[NoneType]], "description": "Of the whole answer; on its first page."}
        about = {"recipient": {"type": "string"}, "positions": positions, "totals": totals}
        del moments["valid_at"]
    else:
        about["positions"] = positions | {"description": "The one of each log, if she is in several."}
    entry = {"type": "object", "required": ["leaf", "log", "position", "type", "data"]}
    items = _placed(row(record), MORE.get(operation_id, {})) if record else entry
    further = {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "Address of the next page."}
    members = about | moments | {"items": {"type": "array", "items": items}, "next": further}
    free = moments.keys() | (set[str]() if operation_id == "readRecipientDisclosures" else {"positions"})
    required = [name for name in members if name not in free]
    return {"type": "object", "required": required, "properties": members, "additionalProperties": False}


def _placed(record: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a row with the log that its positions are of, and with what the answer adds."""
    place = {} if "log_id" in record["properties"] else {"log_id": PLAIN[int]}
    members = place | record["properties"] | {name: row(each) for name, each in more.items()}
    return record | {"required": list(members), "properties": members}


def like(example: Any, depth: int = 4) -> dict[str, Any]:
    """Return the schema of what looks like an example: its members are there, and of its kinds.

    Args:
        example: A JSON value; what is null in it may be anything.
        depth: How far down to look.
    """
    match example:
        case None:
            return {}
        case bool() | int() | str():
            return PLAIN[type(example)]
        case list():
            inner = cast("list[Any]", example)
            return {"type": "array", "items": like(inner[0], depth - 1) if inner and depth > 1 else {}}
        case _:
            members = {name: like(each, depth - 1) if depth > 1 else {} for name, each in example.items()}
            return {"type": "object", "required": list(members), "properties": members}
