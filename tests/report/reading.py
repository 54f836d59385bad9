"""Reads the text of a PDF as a screen reader would get it: glyphs through each font's ToUnicode map."""

from __future__ import annotations

import io
import re
from typing import Any

import pikepdf


def pages_of(body: bytes) -> list[str]:
    """Return the text of each page without any white space, which layout decides."""
    with pikepdf.open(io.BytesIO(body)) as pdf:
        return [_text(page) for page in pdf.pages]


def text_of(body: bytes) -> str:
    return "".join(pages_of(body))


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u200b]+", "", text)


def _text(page: Any) -> str:
    maps = {name: _unicode(font) for name, font in page.Resources.get("/Font", {}).items()}
    drawn: list[str] = []
    current: dict[int, str] = {}
    for instruction in pikepdf.parse_content_stream(page):
        operator, operands = str(instruction.operator), list(instruction.operands)
        if operator == "Tf":
            current = maps[str(operands[0])]
        elif operator == "Tj":
            drawn.append(_shown(operands[0], current))
        elif operator == "TJ":
            drawn += [_shown(part, current) for part in operands[0] if isinstance(part, pikepdf.String)]
    return squeezed("".join(drawn))


def _shown(string: Any, known: dict[int, str]) -> str:
    raw = bytes(string)
    return "".join(known.get(int.from_bytes(raw[at : at + 2], "big"), "") for at in range(0, len(raw), 2))


def _unicode(font: Any) -> dict[int, str]:
    known: dict[int, str] = {}
    table = font.ToUnicode.read_bytes().decode("latin-1")
    for block in re.findall(r"beginbfchar(.*?)endbfchar", table, re.DOTALL):
        for glyph, text in re.findall(r"<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]+)>", block):
            known[int(glyph, 16)] = bytes.fromhex(text).decode("utf-16-be")
    for block in re.findall(r"beginbfrange(.*?)endbfrange", table, re.DOTALL):
        for first, last, text in re.findall(r"<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]+)>", block):
            start = int(text, 16)
            known |= {glyph: chr(start + at) for at, glyph in enumerate(range(int(first, 16), int(last, 16) + 1))}
    return known
