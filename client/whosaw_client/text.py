"""Strict readings of text: what has two spellings is refused, since a change between them would pass unseen."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from reprlib import Repr
from typing import Any, TypeGuard

from whosaw_client.report import Refused, brief

HASH_BYTES = 32
SHORT = Repr()
MOST_DIGITS = 18
"""A position fits 63 bits."""
MOST_SHOWN = 60
MOST_MARKS = 10_000_000
"""`[`, `{` and `,` of a JSON file, wherever they stand: what it takes in memory grows with them, not with its bytes."""
MARKS = b"[", b"{", b","


def base64(text: Any, where: str, size: int | None = HASH_BYTES) -> bytes:
    """Read canonical, padded base64 of so many bytes; any number if None."""
    try:
        data = b64decode(text, validate=True)
    except (TypeError, ValueError):
        data = None
    if data is None or b64encode(data).decode() != text or (size is not None and len(data) != size):
        raise Refused(where, f"base64 of {size} bytes" if size is not None else "base64", shown(text))
    return data


def decimal(text: Any, where: str) -> int:
    """Read a number without sign or leading zero."""
    if not (isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise Refused(where, "a decimal number", shown(text))
    if str(int(text)) != text:
        raise Refused(where, "a decimal number without leading zeroes", shown(text))
    return int(text)


def whole(value: Any, where: str, least: int = 0) -> int:
    """Take a JSON number that is whole and at least so large."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 10**MOST_DIGITS:
        raise Refused(where, f"a whole number of at least {least}", shown(value))
    return value


def hexadecimal(value: Any, where: str, size: int) -> bytes:
    """Read so many bytes in lower-case hexadecimal."""
    if isinstance(value, str) and len(value) == 2 * size and all(each in "0123456789abcdef" for each in value):
        return bytes.fromhex(value)
    raise Refused(where, f"{2 * size} hexadecimal digits", shown(value))


def encoded(text: str, where: str) -> bytes:
    """Return a text in UTF-8, which half a surrogate pair has no place in."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise Refused(where, "a text that UTF-8 can say", shown(text)) from error


def document(content: bytes, where: str) -> dict[str, Any]:
    """Read a JSON object in UTF-8 without a member that stands twice and without numbers that are none."""
    if len(content) > MOST_MARKS and sum(content.count(each) for each in MARKS) > MOST_MARKS:
        raise Refused(where, f"a JSON object of at most {MOST_MARKS} brackets, braces and commas", "more")
    try:
        found = json.loads(content.decode("utf-8"), object_pairs_hook=_once, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(where, "a JSON object", shown(str(error))) from error
    except MemoryError as error:
        raise Refused(where, "a JSON object that this machine has room for", f"{len(content)} bytes") from error
    if not is_object(found):
        raise Refused(where, "a JSON object", type(found).__name__)
    return found


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Tell whether a JSON value is an object."""
    return isinstance(value, dict)


def is_array(value: Any) -> TypeGuard[list[Any]]:
    """Tell whether a JSON value is an array."""
    return isinstance(value, list)


def object_or_empty(value: Any) -> dict[str, Any]:
    """Return an object, or an empty one in place of anything else."""
    return value if is_object(value) else {}


def member(of: dict[str, Any], name: str, where: str, kind: type | tuple[type, ...]) -> Any:
    """Take a member that must be there and be of a kind."""
    value = of.get(name)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
        names = kind if isinstance(kind, tuple) else (kind,)
        wanted = " or ".join("null" if each is type(None) else each.__name__ for each in names)
        raise Refused(f"{where}, {name}", wanted, "nothing" if name not in of else shown(value))
    return value


def objects(of: dict[str, Any], name: str, where: str) -> list[dict[str, Any]]:
    """Take a member that must be there and be a list of objects."""
    found: list[dict[str, Any]] = []
    for each in member(of, name, where, list):
        if not is_object(each):
            raise Refused(f"{where}, {name}", "objects", shown(each))
        found.append(each)
    return found


def same(left: Any, right: Any) -> bool:
    """Tell whether two JSON values are the same. In Python 1, 1.0 and True are; here they are not."""
    if is_object(left) and is_object(right):
        return left.keys() == right.keys() and all(same(value, right[name]) for name, value in left.items())
    if is_array(left) and is_array(right):
        return len(left) == len(right) and all(same(one, other) for one, other in zip(left, right, strict=True))
    return type(left) is type(right) and bool(left == right)


def counted(number: int, one: str = "entry", more: str = "entries") -> str:
    """Return a number with its noun."""
    return f"{number} {one if number == 1 else more}"


def shown(value: Any) -> str:
    """Return a value as a message may show it: short, on one line, without control characters."""
    text = value if isinstance(value, str) else SHORT.repr(value)
    return brief(text, MOST_SHOWN) or "nothing"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands twice")
    return found


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
