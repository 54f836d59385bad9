"""What JSON must be before anybody parses it: bounded, and readable in one way only.

Parsers disagree about duplicate members and huge numbers; what was signed must not depend on which one read it. All
checks run on the bytes, at the speed of C: strings are cut out, and what is left is the document's skeleton.

Source: RFC 8259, sections 4 and 6; RFC 7493 (I-JSON).
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from api.problems import Problem

DEPTH = 16
"""Arrays and objects within one another, at most; an event needs seven."""
DIGITS = 17
"""A number has at most this many digits: a double tells no more apart."""
CONTAINERS_A_BYTE = 0.25
"""`{},` over and over takes 30 times its bytes in memory: real events have one container in twenty bytes."""

# An unterminated string ends with the body: looking again from each quote in it would take the square of its length.
STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
LONG_NUMBER = re.compile(rb"[0-9]{%d}" % (DIGITS + 1))
NOT_NUMBER = re.compile(rb"NaN|Infinity")
PAIR = re.compile(rb"\[\]|\{\}")
LONG_DIGITS = b"0" * (DIGITS + 1)
DIGIT_ZERO = bytes(ord("0") if byte in b"0123456789" else byte for byte in range(256))
NOT_SKELETON = bytes(byte for byte in range(256) if byte not in b'[]{}"')
NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


def check(body: bytes, *, depth: int = DEPTH) -> None:
    """Refuse a body that is not strict JSON, before it is parsed; what passes may still be no JSON at all.

    Raises:
        Problem: Wrong encoding, too deep, a number too long, or a member given twice. Do not retry.
    """
    if _plainly_strict(body, depth):
        return
    if body.startswith(b"\xef\xbb\xbf"):
        raise Problem("not-json", "expected UTF-8 without a byte order mark")
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise Problem("not-json", f"expected UTF-8; byte {error.start} is not") from None
    skeleton = STRING.sub(b"", body)
    brackets = skeleton.translate(None, NOT_BRACKETS)
    if len(brackets) > 4096 and len(brackets) > 2 * CONTAINERS_A_BYTE * len(body):  # noqa: PLR2004 - small is harmless
        raise Problem("not-json", "expected events; found almost nothing but brackets")
    for _ in range(depth):
        # Each round takes the innermost pairs away: what is left after `depth` rounds is deeper, or does not match up.
        brackets = PAIR.sub(b"", brackets)
    if brackets and not _unbalanced(brackets):
        raise Problem("not-json", f"expected at most {depth} levels of arrays and objects")
    if LONG_NUMBER.search(skeleton):
        raise Problem("not-json", f"expected numbers of at most {DIGITS} digits")
    if NOT_NUMBER.search(skeleton):
        raise Problem("not-json", "expected a number; NaN and Infinity are none")
    _refuse_duplicates(body, skeleton)


def _plainly_strict(body: bytes, depth: int) -> bool:
    """Tell whether a body is beyond doubt, at a tenth of the price; False says nothing.

    Without a backslash every quote is one of JSON's own. A member that stands twice is gone after parsing, and its
    quotes with it. Quotes that belong together are neighbours once all but quotes and brackets is cut out, unless a
    bracket stands inside a string: then a quote is left over. Each round takes at most two levels of brackets away, so
    more levels than allowed leave something over too.
    """
    if b"\\" in body or LONG_DIGITS in body.translate(DIGIT_ZERO):
        return False
    brackets = body.translate(None, NOT_SKELETON).replace(b'""', b"")
    if b'"' in brackets or len(brackets) > CONTAINERS_A_BYTE * len(body):
        return False
    for _ in range(depth // 2):
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    if brackets:
        return False
    try:
        return orjson.dumps(orjson.loads(body)).count(b'"') == body.count(b'"')
    except orjson.JSONDecodeError:
        return False


def _unbalanced(brackets: bytes) -> bool:
    """Tell whether brackets do not match up at any depth, which the parser says better."""
    return brackets.count(b"[") != brackets.count(b"]") or brackets.count(b"{") != brackets.count(b"}")


def _refuse_duplicates(body: bytes, skeleton: bytes) -> None:
    """Refuse a member that stands twice in its object: there are more colons than members after parsing."""
    try:
        parsed = orjson.loads(body)
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise Problem("not-json", _where(body, error)) from None
    if skeleton.count(b":") == STRING.sub(b"", orjson.dumps(parsed)).count(b":"):
        return
    duplicates: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                duplicates.append(name)
            seen.add(name)

    json.loads(body, object_pairs_hook=members)
    shown = [name if re.fullmatch("[A-Za-z_]{1,40}", name) else "…" for name in dict.fromkeys(duplicates)]
    raise Problem("not-json", f"expected each member once; found twice: {', '.join(shown[:5])}")


def _where(body: bytes, error: Exception) -> str:
    """Say where a body stops being JSON, without quoting it."""
    if isinstance(error, orjson.JSONDecodeError):
        what = "the end" if error.pos >= len(body) else f"line {error.lineno}, column {error.colno}"
        return f"expected JSON; it stops being so at {what}"
    return "expected JSON of a bounded depth"
