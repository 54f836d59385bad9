"""The report's tables: what stands in a cell must be what the entries, or the report beside it, say.

A text that a spreadsheet would take for a formula has an apostrophe before it; what is no text is compact JSON.
"""

from __future__ import annotations

import csv
import io
import json
from itertools import islice
from typing import TYPE_CHECKING, Any

from whosaw_client.looks import code, codes
from whosaw_client.report import Refused
from whosaw_client.text import object_or_empty, same, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from whosaw_client.archive import Archive
    from whosaw_client.evidence import Entry
    from whosaw_client.looks import Look

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
RECIPIENT = ("name", "address", "country", "unit", "kind", "role")
STATED = (
    "purpose", "recipient_purpose", "basis", "instrument", "initiative", "mode", "series", "policy_version",
)  # fmt: skip
LATER = frozenset({"through"})
"""Columns that the first bundles did not have: where one is missing, no row may have anything to say in it."""
MOST_CELLS = 1_000
"""In a row: there are 24 at most, and further ones are not looked at."""
Row = dict[str, Any]


def check_table(archive: Archive, name: str, expected: Sequence[Row]) -> None:
    """Compare a table with the rows that it must have, in their order; further columns are not looked at.

    Raises:
        Refused: It is none, or a cell says something else.
    """
    place = f"report/{name}.csv"
    try:
        text = io.TextIOWrapper(io.BytesIO(archive.read(place)), encoding="utf-8", newline="")
        lines = _narrow(csv.reader(text, strict=True), place)
        header = next(lines, list[str]())
        # One more than there must be is enough to know, and empty lines are not kept: they would fill the memory.
        rows = list(islice((each for each in lines if each), len(expected) + 1))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(place, "a table", shown(str(error))) from error
    if len(rows) > len(expected):
        raise Refused(place, f"{len(expected)} rows", "more")
    if len(rows) < len(expected):
        raise Refused(place, f"{len(expected)} rows", str(len(rows)))
    absent = set(expected[0]) - set(header) if expected else set(header)
    missing = sorted(each for each in absent if each not in LATER or any(row[each] is not None for row in expected))
    if missing or len(set(header)) != len(header):
        raise Refused(place, "each column once", f"missing: {shown(', '.join(missing))}")
    for number, (cells, row) in enumerate(zip(rows, expected, strict=True), 1):
        if len(cells) != len(header):
            raise Refused(f"{place}, row {number}", f"{len(header)} cells", str(len(cells)))
        found = dict(zip(header, cells, strict=True))
        for column, value in row.items():
            if not _says(found.get(column, ""), value):
                raise Refused(f"{place}, row {number}, {column}", shown(value), shown(found.get(column, "")))


def disclosed(entry: Entry, leaf: str) -> Row:
    """Return the row of a disclosure as its entry says."""
    data = object_or_empty(entry.members.get("data"))
    occurred, recipient = object_or_empty(data.get("occurred")), recipient_of(data)
    row: Row = {
        "position": entry.position,
        "time": entry.members.get("time"),
        "ended": occurred.get("end"),
        "precision": occurred.get("precision") or "exact",
        "recipient": recipient.get("id"),
        "categories": data.get("categories") or [],
        "cohort": object_or_empty(entry.members.get("cohort")).get("size"),
        "leaf": leaf,
        "through": data.get("recipient_id"),
    }
    row |= {f"recipient_{each}": recipient.get(each) for each in RECIPIENT}
    return row | {each: data.get(each) for each in STATED}


def recipient_of(data: Row) -> Row:
    """Return who received something: from us, or from who passed it on."""
    return object_or_empty(data.get("onward")) or object_or_empty(data.get("recipient"))


def looked(look: Look) -> Row:
    """Return the row of a look."""
    return {
        "position": look.position, "facts": look.facts, "looks": look.looks, "first": look.times[0],
        "last": look.times[-1], "act": look.act, "actor_kind": look.actor.get("kind"),
        "actor": look.actor.get("key") or look.actor.get("id"), "actor_role": look.actor.get("role"),
        "system": look.system, "purposes": look.purposes, "categories": look.categories, "tickets": look.tickets,
    }  # fmt: skip


def held(holding: Row) -> Row:
    """Return the row of a holding as the report has it."""
    source = object_or_empty(holding.get("source"))
    names = ("system", "since", "last", "until", "rectified", "state", "policy_version", "position")
    return {each: holding.get(each) for each in names} | {
        "category": code(holding.get("category")),
        "origin": source.get("origin"),
        "channel": code(source.get("channel")),
        "purposes": codes(holding.get("purposes")),
        "basis": code(holding.get("basis")),
    }


def _narrow(lines: Iterable[list[str]], place: str) -> Iterator[list[str]]:
    for each in lines:
        if len(each) > MOST_CELLS:
            raise Refused(place, f"at most {MOST_CELLS} cells in a row", "more")
        yield each


def _says(cell: str, value: Any) -> bool:
    if value is None:
        return cell == ""
    if isinstance(value, bool):
        return cell == ("true" if value else "false")
    if isinstance(value, str):
        return cell == (f"'{value}" if value.startswith(FORMULA) else value)
    try:
        return same(json.loads(cell), value)
    except (ValueError, RecursionError):
        return False
