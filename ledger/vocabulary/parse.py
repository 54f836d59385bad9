"""From bytes to events: the fast way if all is well, and the thorough way to say everything that is not."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Union

import msgspec
from jsonschema import Draft202012Validator, FormatChecker
from msgspec import DecodeError, ValidationError
from msgspec.json import Decoder

from ledger.vocabulary.check import check_of
from ledger.vocabulary.facts import FACTS
from ledger.vocabulary.forms import Day, Time
from ledger.vocabulary.parts import MOST_SUBJECTS, Subject
from ledger.vocabulary.problems import MOST_PROBLEMS, InvalidEvent, Problem, did_you_mean, explain, kind, pointer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.vocabulary.event import Event

# One class per type, told apart by `type`.
_EVENT: Any = Union[tuple(each.event for each in FACTS.values())]  # noqa: UP007 - of a computed tuple
_one: Decoder[Event] = Decoder(_EVENT)
_many: Decoder[list[Event]] = Decoder(list[_EVENT])
_checks = {each.event: check_of(each.event) for each in FACTS.values()}

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
        InvalidEvent: At least one is none; everything wrong with any of them is listed, pointers beginning with its
            place in the array.
    """
    try:
        events = _many.decode(raw)
    except (ValidationError, DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidEvent(_problems_of_many(_document(raw), error)) from None
    for event in events:
        if not _checks[type(event)](event):
            raise InvalidEvent(_problems_of_many(_document(raw), None))
    return events


def event_from(document: Any) -> Event:  # noqa: ANN401 - what JSON says
    """Return the event that already decoded JSON says.

    Raises:
        InvalidEvent: It is none.
    """
    return parse_event(msgspec.json.encode(document))


def _document(raw: bytes | msgspec.Raw) -> Any:  # noqa: ANN401 - what JSON says
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


def _problems_of_many(document: Any, error: Exception | None) -> list[Problem]:  # noqa: ANN401 - what JSON says
    if not isinstance(document, list):
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


def _problems_of_one(document: Any, error: Exception | None) -> list[Problem]:  # noqa: ANN401 - what JSON says
    """Say everything that is wrong with an event."""
    if not isinstance(document, dict):
        return [Problem("", "wrong-type", f"expected an object, found {kind(document)}")]
    name = document.get("type")
    if name is None:
        return [Problem("/type", "missing", "expected the member type, found none")]
    if not isinstance(name, str):
        return [Problem("/type", "wrong-type", f"expected a string, found {kind(name)}")]
    if name not in FACTS:
        hint = did_you_mean(name, FACTS)
        return [Problem("/type", "unknown-type", f"expected a type that GET /v1/schemas lists, found another{hint}")]
    problems: list[Problem] = []
    for problem in _found_by_schema(name, document):
        problems.append(problem)
        if len(problems) >= MOST_PROBLEMS:
            break
    # One mistake can break a form and a length: once is enough.
    return list(dict.fromkeys(problems)) or [_fallback(error)]


def _found_by_schema(name: str, document: dict[str, Any]) -> Iterator[Problem]:
    data = document.get("data")
    subjects = data.get("subjects") if isinstance(data, dict) else None
    if isinstance(subjects, list) and len(subjects) > MOST_SUBJECTS:
        yield Problem("/data/subjects", "wrong-length", f"expected at most {MOST_SUBJECTS} items, found {len(subjects)}")
    wrong = _wrong_subjects(document)
    errors = sorted(_validator(name).iter_errors(document), key=lambda error: [str(step) for step in error.absolute_path])
    for error in errors:
        yield from explain(error)
    for place, subject in wrong:
        for error in _subject_validator().iter_errors(subject):
            yield from explain(error, f"/data/subjects/{place}")


def _wrong_subjects(document: dict[str, Any]) -> list[tuple[int, Any]]:
    """Take a long list of subjects out of the document, and return the wrong ones with their places.

    The schema's validator is thorough and slow: a hundred thousand right subjects would take it half a minute.
    """
    data = document.get("data")
    subjects = data.get("subjects") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(subjects, list) or len(subjects) <= FEW_SUBJECTS:
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
def _validator(name: str) -> Draft202012Validator:
    """Return the validator of a type's served schema."""
    return Draft202012Validator(FACTS[name].schema, format_checker=_formats())


@cache
def _subject_validator() -> Draft202012Validator:
    """Return the validator of one subject, out of the schema of any type that has them."""
    whole = FACTS["data.used"].schema
    schema = {"$ref": "#/$defs/Subject", "$defs": whole["$defs"]}
    return Draft202012Validator(schema, format_checker=_formats())


@cache
def _formats() -> FormatChecker:
    """Return a checker of formats that judges times exactly as the decoder does."""
    checker = FormatChecker(formats=())
    checker.checks("date-time", raises=ValidationError)(lambda text: _converts(text, Time))
    checker.checks("date", raises=ValidationError)(lambda text: _converts(text, Day))
    return checker


def _converts(text: object, form: Any) -> bool:  # noqa: ANN401 - an annotated type
    if isinstance(text, str):
        msgspec.convert(text, form)
    return True


def _fallback(error: Exception | None) -> Problem:
    """Say what the decoder found, where the schema found nothing: its message without anything quoted."""
    message, _, path = str(error or "expected another form").partition(" - at `$")
    steps = re.findall(r"\.([a-z_]+)|\[([0-9]+)\]", path)
    said = re.sub(r"(?<=value )(['\"]).*\1", "", message)
    return Problem(pointer(name or place for name, place in steps), "invalid", said)
