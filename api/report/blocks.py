"""The parts that a document is laid out from: what the template understands, and nothing else.

Everything here is text that is ready to print; the template decides only how it looks.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Style = Literal["plain", "strong", "quiet", "mono", "held", "asked", "deleted", "verified"]
"""How a line looks; the last four put the mark of a state before it."""


class Line(msgspec.Struct):
    """A text and how it looks."""

    text: str
    style: Style = "plain"


Cell = list[Line]
"""Lines, one below the other."""


class Column(msgspec.Struct):
    """A column of a table."""

    label: str
    share: float
    """Its part of the width, relative to the other columns."""
    align: Literal["start", "end"] = "start"


class Row(msgspec.Struct):
    """A row of a table."""

    cells: list[Cell]
    whole: bool = True
    """Keep it on one page. A row that might be longer than a page may not ask for that."""


class Lead(msgspec.Struct, tag_field="kind", tag="lead"):
    """The sentences that sum up a section, kept with what follows."""

    text: str


class Small(msgspec.Struct, tag_field="kind", tag="small"):
    """An explanation beside the main text."""

    text: str
    before: bool = False
    """Kept with what follows it."""


class Notice(msgspec.Struct, tag_field="kind", tag="notice"):
    """A framed text that must not be overlooked."""

    heading: str
    text: str


class Table(msgspec.Struct, tag_field="kind", tag="table"):
    """A table whose head repeats on every page."""

    columns: list[Column]
    rows: list[Row]


class Point(msgspec.Struct):
    """One item of a list, with words that stand out before it."""

    text: str
    head: str | None = None


class Points(msgspec.Struct, tag_field="kind", tag="points"):
    """A list, numbered if the order counts."""

    items: list[Point]
    numbered: bool = False
    heading: str | None = None


class Verbatim(msgspec.Struct, tag_field="kind", tag="verbatim"):
    """Lines that are copied exactly, in a typeface of even width."""

    heading: str
    lines: list[str]


Block = Lead | Small | Notice | Table | Points | Verbatim


class Section(msgspec.Struct):
    """A part of the document under a heading."""

    heading: str
    blocks: list[Block]
    letter: str | None = None
    """Rows of the section are called by it and their number: B3."""
    break_before: bool = False


class Fact(msgspec.Struct):
    """A labelled value of the title block."""

    label: str
    lines: Cell


class Glance(msgspec.Struct):
    """A count, and the sentence that says what it counts."""

    number: str
    text: str


class Document(msgspec.Struct):
    """All of the text of one report."""

    language: str
    paper: Literal["us-letter", "a4"]
    title: str
    subject: str
    keywords: str
    company: str
    kind: str
    header: str
    page: str
    """With {page} and {pages}, which only the template knows."""
    facts: list[Fact]
    glance_heading: str
    glance: list[Glance]
    glance_note: str
    sections: list[Section]
    remarks: list[str]
    """What had to be changed to be printed."""


def row(*cells: Cell) -> Row:
    """Return a row that stays on one page unless it is long."""
    length = max(sum(_room(line.text) for line in cell) for cell in cells)
    return Row(list(cells), whole=length < 600)  # noqa: PLR2004 - about half a page in a column


def _room(text: str) -> int:
    """Return about how many letters the text takes, where what has no glyph takes eight."""
    latin = 0x24F
    return 14 + sum(1 if ord(letter) <= latin else 8 for letter in text)


def lines(*items: tuple[str | None, Style]) -> Cell:
    """Return the lines that have something to say."""
    return [Line(text, style) for text, style in items if text]
