"""Makes any text printable: what the typefaces cannot draw is named, what is too long is cut.

PDF/A refuses a character without a glyph, and a text from an event must never decide whether a
person gets her answer. So the text changes and the report says so; the attached JSON keeps it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

LONGEST_TEXT = 1_000
"""Characters of one text that are printed."""

LONGEST_IN_TABLE = 400
"""Characters of one text in a table: one value may not push the others off the page."""

LONGEST_WORD = 20
"""Characters of one word that are printed without a place to break it."""

_NARROWEST = 11.0
"""Letters of ordinary width that the narrowest column of a table holds."""

_BREAK = "\N{ZERO WIDTH SPACE}"


@cache
def drawable() -> tuple[tuple[int, int], ...]:
    """Return the ranges of code points that the typefaces in the typst wheel can draw."""
    lines = files("api.report").joinpath("glyphs.txt").read_text("utf-8").splitlines()
    ranges = [line.split("-") for line in lines if not line.startswith("#")]
    return tuple((int(first, 16), int(last, 16)) for first, last in ranges)


@cache
def _undrawable() -> re.Pattern[str]:
    ends = [(re.escape(chr(first)), re.escape(chr(last))) for first, last in drawable()]
    return re.compile("[^" + "".join(f"{first}-{last}" for first, last in ends) + "]")


_UNSAFE = re.compile(r"[^\u0020-\u007e\u00a0-\u017f\u2010-\u2027\u202f\u2190-\u2193]")
_LONG_WORD = re.compile(r"[^\s\u00a0\u202f]{" + str(LONGEST_WORD) + r",}|\S*\[U\+\S+")


@dataclass
class Printer:
    """Makes the texts of one report printable, and remembers what it had to change."""

    cautious: bool = False
    """Draw Latin letters only: the second try, after typesetting refused the first."""
    named: bool = False
    """Some character was named in place of being drawn."""
    cut: bool = False
    """Some text was cut."""

    def text(self, text: str, longest: int = LONGEST_TEXT) -> str:
        """Return the text on one line, drawable, breakable, and cut to the given length."""
        line = " ".join(re.split(r"[ \t\r\n\f\v\x85\u2028\u2029]+", text)).strip(" ")
        if len(line) > longest:
            self.cut = True
            line = line[:longest] + "\N{NO-BREAK SPACE}[…]"
        pattern = _UNSAFE if self.cautious else _undrawable()
        drawn, named = pattern.subn(lambda found: f"[U+{ord(found[0]):04X}]", line)
        self.named = self.named or named > 0
        return _LONG_WORD.sub(lambda word: _broken(word[0]), drawn)


def _broken(word: str) -> str:
    """Put invisible break points after punctuation, and into runs of letters."""
    out: list[str] = []
    width = 0.0
    for letter in word:
        if width >= _NARROWEST or letter == "[":
            out.append(_BREAK)
            width = 0.0
        out.append(letter)
        width += 1.6 if letter.isupper() else 1.0
        if width > 3.0 and letter in "/-_.@:,;=&?]":  # noqa: PLR2004 - a syllable's worth
            out.append(_BREAK)
            width = 0.0
    return "".join(out)
