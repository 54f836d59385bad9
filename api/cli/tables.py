"""Answers as tables for people: on a terminal with colour and folded to its width, elsewhere as plain aligned text."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO, cast

LONGEST_CELL = 60


def write_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], out: TextIO | None = None) -> None:
    """Write rows under the columns' names (`a.b` is member b of a); columns that no row fills are left out."""
    stream = out or sys.stdout
    cells = [[text(_member(row, name)) for name in columns] for row in rows]
    kept = [index for index, _ in enumerate(columns) if any(row[index] for row in cells)]
    if stream.isatty():
        write_coloured([columns[index] for index in kept], [[row[index] for index in kept] for row in cells])
        return
    widths = [max(len(columns[index]), *(len(row[index]) for row in cells)) for index in kept]
    for line in ([columns[index] for index in kept], *([row[index] for index in kept] for row in cells)):
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        stream.write("  ".join(padded).rstrip() + "\n")


def _member(row: Mapping[str, Any], name: str) -> object:
    first, _, rest = name.partition(".")
    value = row.get(first)
    if not rest:
        return value
    return _member(cast("Mapping[str, Any]", value), rest) if isinstance(value, dict) else None


def write_coloured(names: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """Write a table that fits the terminal."""
    from rich.console import Console  # noqa: PLC0415 - half of the start-up time, and only here
    from rich.table import Table  # noqa: PLC0415 - likewise

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    for row in cells:
        table.add_row(*row)
    Console().print(table, markup=False)


def text(value: object) -> str:
    """Return a value as people read it: the label of a code, the name of an organisation, a list with commas."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case dict():
            members = cast("dict[str, object]", value)
            return text(next((members[name] for name in ("label", "name", "role", "code") if members.get(name)), None))
        case list():
            return ", ".join(text(item) for item in cast("list[object]", value))
        case _:
            return str(value)
