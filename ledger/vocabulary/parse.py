"""From bytes to events: fast if all is well, and thorough in saying everything that is not."""

from __future__ import annotations

import re
from functools import cache, partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Union

import msgspec
from jsonschema import Draft202012Validator, FormatChecker
from msgspec import DecodeError, ValidationError
from msgspec.json import Decoder

from ledger.vocabulary.check import check_of
from ledger.vocabulary.facts import FACTS
from ledger.vocabulary.forms import Day, Time
from ledger.vocabulary.parts import MOST_SUBJECTS, Subject
from ledger.vocabulary.problems import (
    MOST_PROBLEMS,
    InvalidEvent,
    Problem,
    did_you_mean,
    explain,
    is_array,
    is_object,
    kind,
    pointer,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jsonschema import ValidationError as SchemaError

    from ledger.vocabulary.event import Event

    Errors = Callable[[Any], Iterator[SchemaError]]

# One class per type, told apart by `type`.
_EVENT: Any = Union[tuple(each.event for each in FACTS.values())]  # noqa: UP007 - of a computed tuple
_one: Decoder[Event] = Decoder(_EVENT)
_many: Decoder[list[Event]] = Decoder(list[_EVENT])
_checks = {each.event: check_of(each.event) for each in FACTS.values()}

MOST_ERRORS = 10 * MOST_PROBLEMS
"""So many are found at most, before they are put in order and the first ones told."""

MOST_ITEMS = 400
"""More than the largest array of the vocabulary has, subjects aside."""

MOST_LEVELS = 16
"""Deeper than the vocabulary goes."""

FEW_SUBJECTS = 200
"""Up to this many, each subject of a wrong event is described; of more, the wrong ones only."""


def parse_event(raw: bytes | msgspec.Raw) -> Event:
    """Return the event that the bytes are.

    Args:
        raw: A JSON object. Duplicate members, depth and size are for the caller to check before.

    Raises:
        InvalidEvent: It is none; everything that is wrong is listed. A retry does not help.
    """
    try:
        event = _one.decode(raw)
    except (ValidationError, DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidEvent(_problems_of_one(_document(raw), error)) from None
    if _checks[type(event)](event):
        return event
    raise InvalidEvent(_problems_of_one(_document(raw), None))


def parse_events(raw: bytes | msgspec.Raw) -> list[Event]:
    """Return the events of a JSON array.

    Raises:
        InvalidEvent: At least one is none; everything wrong with any of them is listed, pointers
            beginning with its place in the array. A retry does not help.
    """
    try:
        events = _many.decode(raw)
    except (ValidationError, DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidEvent(_problems_of_many(_document(raw), error)) from None
    for event in events:
        if not _checks[type(event)](event):
            raise InvalidEvent(_problems_of_many(_document(raw), None))
    return events


def event_from(document: Any) -> Event:
    """Return the event that already decoded JSON says.

    Raises:
        InvalidEvent: It is none.
    """
    return parse_event(msgspec.json.encode(document))


def _document(raw: bytes | msgspec.Raw) -> Any:
    """Return what the JSON says, whatever it is.

    Raises:
        InvalidEvent: It is not JSON.
    """
    try:
        return msgspec.json.decode(raw)
    except RecursionError:
        problem = Problem("", "malformed", "expected JSON of reasonable depth")
    except UnicodeDecodeError:
        problem = Problem("", "malformed", "expected JSON in UTF-8")
    except DecodeError as error:
        problem = Problem("", "malformed", f"expected JSON: {error}")
    raise InvalidEvent([problem])


def _problems_of_many(document: Any, error: Exception | None) -> list[Problem]:
    if not is_array(document):
        return [Problem("", "wrong-type", f"expected an array of events, found {kind(document)}")]
    problems: list[Problem] = []
    for place, item in enumerate(document):
        try:
            event: Event = msgspec.convert(item, _EVENT)
        except ValidationError as wrong:
            found = _problems_of_one(item, wrong)
        else:
            found = [] if _checks[type(event)](event) else _problems_of_one(item, None)
        problems += [each._replace(pointer=f"/{place}{each.pointer}") for each in found]
        if len(problems) >= MOST_PROBLEMS:
            break
    return problems[:MOST_PROBLEMS] or [_fallback(error)]


def _problems_of_one(document: Any, error: Exception | None) -> list[Problem]:
    """Say everything that is wrong with an event."""
    if not is_object(document):
        return [Problem("", "wrong-type", f"expected an object, found {kind(document)}")]
    name = document.get("type")
    if name is None:
        return [Problem("/type", "missing", "expected the member type, found none")]
    if not isinstance(name, str):
        return [Problem("/type", "wrong-type", f"expected a string, found {kind(name)}")]
    if name not in FACTS:
        hint = did_you_mean(name, FACTS)
        return [
            Problem(
                "/type",
                "unknown-type",
                f"expected a type that GET /v1/schemas lists, found another{hint}",
            )
        ]
    problems: list[Problem] = []
    for problem in _found_by_schema(name, document):
        problems.append(problem)
        if len(problems) >= MOST_PROBLEMS:
            break
    # One mistake can break a form and a length: once is enough.
    return list(dict.fromkeys(problems)) or [_fallback(error)]


def _found_by_schema(name: str, document: dict[str, Any]) -> Iterator[Problem]:
    data = document.get("data")
    subjects = data.get("subjects") if is_object(data) else None
    if is_array(subjects) and len(subjects) > MOST_SUBJECTS:
        yield Problem(
            "/data/subjects",
            "wrong-length",
            f"expected at most {MOST_SUBJECTS} items, found {len(subjects)}",
        )
    wrong = _wrong_subjects(document)
    found = islice(_errors_of(name)(_shortened(document)), MOST_ERRORS)
    errors = sorted(found, key=lambda error: [str(step) for step in error.absolute_path])
    for error in errors:
        yield from explain(error)
    for place, subject in wrong:
        for error in _errors_of_subject()(subject):
            yield from explain(error, f"/data/subjects/{place}")


def _shortened(value: Any, depth: int = 0) -> Any:
    """Return a document whose arrays are cut after more items than any schema allows.

    The validator would look at each of millions of items before anyone could stop it.
    """
    if depth < MOST_LEVELS and is_object(value):
        return {member: _shortened(its, depth + 1) for member, its in value.items()}
    if depth < MOST_LEVELS and is_array(value):
        return [_shortened(item, depth + 1) for item in value[:MOST_ITEMS]]
    return value


def _wrong_subjects(document: dict[str, Any]) -> list[tuple[int, Any]]:
    """Take a long list of subjects out of the document; return the wrong ones with their places.

    The schema's validator is thorough and slow: it would take half a minute over a hundred
    thousand right ones.
    """
    data = document.get("data")
    subjects = data.get("subjects") if is_object(data) else None
    if not is_object(data) or not is_array(subjects) or len(subjects) <= FEW_SUBJECTS:
        return []
    wrong: list[tuple[int, Any]] = []
    check = check_of(Subject)
    for place, subject in enumerate(subjects):
        try:
            right = check(msgspec.convert(subject, Subject))
        except ValidationError:
            right = False
        if not right:
            wrong.append((place, subject))
            if len(wrong) >= MOST_PROBLEMS:
                break
    data["subjects"] = [{"role": "whosaw:Checked", "id": "0" * 32}] * FEW_SUBJECTS
    return wrong


@cache
def _errors_of(name: str) -> Errors:
    """Return what finds the errors of an event, by the served schema of its type."""
    return _finder(FACTS[name].schema)


@cache
def _errors_of_subject() -> Errors:
    """Return what finds the errors of one subject, by the schema of any type that has them."""
    whole = FACTS["data.used"].schema
    return _finder({"$ref": "#/$defs/Subject", "$defs": whole["$defs"]})


def _finder(schema: dict[str, Any]) -> Errors:
    validator: Any = Draft202012Validator(schema, format_checker=_formats())
    return validator.iter_errors


@cache
def _formats() -> FormatChecker:
    """Return a checker of formats that judges times exactly as the decoder does."""
    checker = FormatChecker(formats=())
    for form, decoded in (("date-time", Time), ("date", Day)):
        checker.checks(form, raises=ValidationError)(partial(_converts, decoded))
    return checker


def _converts(decoded: Any, text: object) -> bool:
    if isinstance(text, str):
        msgspec.convert(text, decoded)
    return True


def _fallback(error: Exception | None) -> Problem:
    """Say what the decoder found where the schema found nothing, without anything quoted."""
    message, _, path = str(error or "expected another form").partition(" - at `$")
    steps = re.findall(r"\.([a-z_]+)|\[([0-9]+)\]", path)
    said = re.sub(r"(?<=value )(['\"]).*\1", "", message)
    return Problem(pointer(name or place for name, place in steps), "invalid", said)
