"""What is wrong with an event, in words that repeat nothing of it.

A detail says what was expected and what kind of thing was found. The only text of the event that it
may repeat is the name of an unknown member, and only if it looks like a name: whoever sends a
telephone number as a member must not find it in an error, and so in a log.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from jsonschema import ValidationError

NAME_LIKE = re.compile(r"[a-z_]{1,40}")

MOST_PROBLEMS = 500
"""No list of problems is longer."""


class Problem(NamedTuple):
    """One thing that is wrong."""

    pointer: str
    """JSON pointer to it; to where it should be, if it is missing."""
    code: str
    """Such as wrong-type: stable, for programs."""
    detail: str
    """What was expected, and what kind of thing was found."""


class InvalidEvent(ValueError):
    """The event is not one of the vocabulary's. A retry does not help."""

    def __init__(self, errors: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{error.pointer or '/'}: {error.detail}" for error in errors[:3]))
        self.errors = list(errors)
        """Everything that is wrong, in the order of the event; at most `MOST_PROBLEMS`."""


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Return whether a JSON value is an object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Return whether a JSON value is an array."""
    return isinstance(value, list)


def kind(value: object) -> str:
    """Say what kind of JSON value this is."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"


KINDS = {
    "string": "a string",
    "object": "an object",
    "array": "an array",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def pointer(path: Iterable[str | int]) -> str:
    """Write a JSON pointer. Source: RFC 6901."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def did_you_mean(found: object, words: Iterable[str]) -> str:
    """Return a hint at the nearest allowed word, or nothing; what was found is not repeated."""
    if not isinstance(found, str) or len(found) > 60:  # noqa: PLR2004 - no allowed word is half as long
        return ""
    near = get_close_matches(found, list(words), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def explain(error: ValidationError, above: str = "") -> Iterator[Problem]:
    """Yield what a schema's error means.

    Args:
        error: Of `jsonschema`.
        above: Pointer to the event within the document.
    """
    rule: Any = error.validator_value
    found: Any = error.instance
    schema: Any = error.schema
    here = above + pointer(error.absolute_path)
    match error.validator:
        case "required":
            for member in rule:
                if member not in found and f"'{member}'" in error.message:
                    yield Problem(f"{here}/{member}", "missing", f"expected the member {member}, found none")
        case "additionalProperties":
            yield from _unknown(here, found, schema.get("properties", {}))
        case "anyOf":
            yield from _either(error, above)
        case "oneOf":
            yield Problem(here, "one-of", "expected exactly one of reference and id")
        case "type":
            expected = schema.get("description") if rule == "null" else KINDS[rule]
            yield Problem(here, "wrong-type", f"expected {expected or 'null'}, found {kind(found)}")
        case "enum" | "const":
            allowed = rule if error.validator == "enum" else [rule]
            said = ", ".join(str(word) for word in allowed)
            hint = did_you_mean(found, [word for word in allowed if isinstance(word, str)])
            yield Problem(
                here,
                "not-allowed",
                f"expected one of {said}; found another {kind(found)[2:].strip()}{hint}",
            )
        case _:
            yield Problem(here, *_bound(str(error.validator), rule, schema))


def _bound(  # noqa: PLR0911 - one for each limit
    rule: str, limit: object, schema: dict[str, Any]
) -> tuple[str, str]:
    """Return code and detail of a limit that was broken."""
    form = schema.get("$comment") or schema.get("description", "another form")
    match rule:
        case "pattern":
            return "wrong-form", f"expected {form}; found text of another form"
        case "format" if limit == "date":
            return (
                "wrong-form",
                "expected a calendar day such as 2026-12-23; found text that names none",
            )
        case "format":
            return (
                "wrong-form",
                (
                    "expected an RFC 3339 date-time with its offset, such as"
                    " 2026-11-23T15:04:44-05:00; found text that is not one, or names no moment"
                ),
            )
        case "minLength" | "minItems":
            things = "characters" if rule == "minLength" else "items"
            return "wrong-length", f"expected at least {limit} {things}, found fewer"
        case "maxLength" | "maxItems":
            things = "characters" if rule == "maxLength" else "items"
            return "wrong-length", f"expected at most {limit} {things}, found more"
        case "minimum" | "maximum":
            side = "at least" if rule == "minimum" else "at most"
            return "out-of-range", f"expected a number of {side} {limit}"
        case _:
            return "invalid", "expected what the type's schema says"


def _unknown(here: str, found: dict[str, Any], known: dict[str, Any]) -> Iterator[Problem]:
    """Yield a problem for each member that the type does not have."""
    for member in found:
        if member in known:
            continue
        hint = did_you_mean(member, known)
        if NAME_LIKE.fullmatch(member):
            yield Problem(f"{here}/{member}", "unknown-member", f"expected no member {member} here{hint}")
        else:
            yield Problem(
                here,
                "unknown-member",
                f"expected no further member, found one whose name is not repeated{hint}",
            )


def _either(error: ValidationError, above: str) -> Iterator[Problem]:
    """Yield what is wrong with the alternative meant: by its kind, or the one that is not null."""
    schema: Any = error.schema
    found: Any = error.instance
    rule: Any = error.validator_value
    branches: list[Any] = rule
    chosen: set[int] = set()
    tag = schema.get("discriminator")
    if tag is not None:
        name: str = tag["propertyName"]
        if not is_object(found):
            yield Problem(
                above + pointer(error.absolute_path),
                "wrong-type",
                f"expected an object, found {kind(found)}",
            )
            return
        here = f"{above}{pointer(error.absolute_path)}/{name}"
        said = found.get(name)
        if said is None:
            yield Problem(here, "missing", f"expected the member {name}, found none")
            return
        if not isinstance(said, str) or said not in tag["mapping"]:
            hint = did_you_mean(said, tag["mapping"])
            yield Problem(
                here,
                "not-allowed",
                f"expected one of {', '.join(sorted(tag['mapping']))}; found another{hint}",
            )
            return
        chosen = {number for number, branch in enumerate(branches) if branch["$ref"] == tag["mapping"][said]}
    else:
        chosen = {number for number, branch in enumerate(branches) if branch.get("type") != "null"}
    for inner in error.context or ():
        if inner.schema_path[0] in chosen:
            yield from explain(inner, above)
