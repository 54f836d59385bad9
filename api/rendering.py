"""Answers as JSON, CSV or NDJSON, by what the caller accepts.

Source: RFC 4180 for CSV; cells that a spreadsheet would run as a formula are led by an apostrophe.
"""

from __future__ import annotations

import csv
import io
import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response

from api.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

JSON, CSV, NDJSON, PDF = "application/json", "text/csv", "application/x-ndjson", "application/pdf"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
WEIGHT = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
ANY = "*/*"
PRIVATE = {"Cache-Control": "private, no-store", "Vary": "Accept, Accept-Language"}


def accepted(request: Request, *offered: str) -> str:
    """Return the format offered that the caller likes most; of equals the first one offered.

    Raises:
        Problem: She accepts none of them.

    Source: RFC 9110, 12.5.1: what names a format most closely says how much it is liked.
    """
    wanted: dict[str, float] = {}
    for part in (request.headers.get("accept") or ANY).split(","):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weights = [piece[2:] for piece in parameters if piece.startswith("q=")]
        wanted[kind] = float(weights[0]) if weights and WEIGHT.fullmatch(weights[0]) else 1.0

    def liked(offer: str) -> float:
        ranges = (offer, offer.partition("/")[0] + "/*", ANY)
        return next((wanted[kind] for kind in ranges if kind in wanted), 0.0)

    best = max(offered, key=liked)
    if not liked(best):
        raise Problem("not-acceptable", f"expected one of {', '.join(offered)}")
    return best


def etag(items: Sequence[dict[str, Any]], *, last: bool) -> str:
    """Return a weak tag of a page: the same rows, the same tag, whatever else was recorded meanwhile.

    Args:
        items: The rows.
        last: Whether no page follows; a page that was the last one and is no longer is another.
    """
    return f'W/"{blake2b(orjson.dumps([last, items]), digest_size=12).hexdigest()}"'


def matches(request: Request, tag: str) -> bool:
    """Tell whether the caller has what a tag names. Source: RFC 9110, 13.1.2."""
    stated = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    return "*" in stated or tag.removeprefix("W/") in stated


def rows(
    request: Request, document: dict[str, Any], items: list[dict[str, Any]], *, following: str | None, kind: str,
    columns: Sequence[str] = (),
) -> Response:  # fmt: skip
    """Return one page of rows: as `items` of a JSON document, or as lines.

    Args:
        request: Whose.
        document: What the JSON document says besides.
        items: The rows.
        following: Address of the next page.
        kind: JSON, CSV or NDJSON.
        columns: What a table has in any case, also when there are no rows.
    """
    tag = etag(items, last=following is None)
    headers = PRIVATE | {"ETag": tag}
    if "as_of" in document:
        headers["Ledger-Position"] = str(document["as_of"])
    if following is not None:
        headers["Link"] = f'<{following}>; rel="next"'
    if matches(request, tag):
        return Response(status_code=304, headers=headers)
    if kind == CSV:
        return Response(csv_text(items, columns), headers=headers, media_type="text/csv; charset=utf-8; header=present")
    if kind == NDJSON:
        return Response(b"".join(orjson.dumps(item) + b"\n" for item in items), headers=headers, media_type=NDJSON)
    body = document | {"items": items, "next": following}
    return Response(orjson.dumps(body), headers=headers, media_type=JSON)


def csv_text(items: Sequence[dict[str, Any]], columns: Sequence[str] = ()) -> str:
    """Return rows as CSV, a column for each member that any of them has, after those that there are in any case."""
    out = io.StringIO()
    names = list(dict.fromkeys([*columns, *(name for item in items for name in item)]))
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(names)
    for item in items:
        writer.writerow([_cell(item.get(name)) for name in names])
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return f"'{text}" if text.startswith(FORMULA) else text
