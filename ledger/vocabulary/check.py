"""Whether the repeating texts of an event have their forms: compiled once per class from its annotations.

The decoder checks everything else. It would match a pattern for each code of each event, three times as slow as the
rest of its work together; here most are found in a set.
"""

from __future__ import annotations

from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from msgspec import inspect

from ledger.vocabulary.forms import Known

if TYPE_CHECKING:
    from collections.abc import Callable

    from msgspec import Struct


@cache
def known(pattern: str) -> Known:
    """Return what is known of a form, one for the whole process."""
    return Known(pattern)


@cache
def check_of(struct: type[Struct]) -> Callable[[Any], bool]:
    """Return a function that tells whether an object of the class, and all within it, has its forms."""
    texts: dict[str, list[str]] = {}
    lists: list[tuple[Callable[[Any], Any], Known]] = []
    children: list[tuple[Callable[[Any], Any], dict[type, Callable[[Any], bool]], bool]] = []
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    for field in info.fields:
        get = attrgetter(field.name)
        for kind in _alternatives(field.type):
            pattern = _pattern(kind)
            if pattern is not None:
                texts.setdefault(pattern, []).append(field.name)
            elif isinstance(kind, inspect.ListType):
                inner = _pattern(kind.item_type)
                if inner is not None:
                    lists.append((get, known(inner)))
                checks = _checks(kind.item_type)
                if checks:
                    children.append((get, checks, True))
        checks = _checks(field.type)
        if checks:
            children.append((get, checks, False))
    # Naming an attribute twice makes the getter return a tuple, also for a single one.
    several = [(attrgetter(*names, names[0]), known(pattern)) for pattern, names in texts.items()]

    def check(value: Any) -> bool:  # noqa: ANN401 - an object of the class
        for get, form in several:
            if not form.admits(get(value)):
                return False
        for get, form in lists:
            if not form.admits(get(value)):
                return False
        for get, checks, many in children:
            inner = get(value)
            if inner is None:
                continue
            if many:
                for each in inner:
                    if not checks[type(each)](each):
                        return False
            elif not checks[type(inner)](inner):
                return False
        return True

    return check


def admits(value: Struct) -> bool:
    """Return whether an event, or a part of one, has its forms."""
    return check_of(type(value))(value)


def _alternatives(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    return kind.types if isinstance(kind, inspect.UnionType) else (kind,)


def _pattern(kind: inspect.Type) -> str | None:
    """Return the pattern of a repeating form, and nothing for any other type."""
    if isinstance(kind, inspect.Metadata) and kind.extra is not None:
        pattern: str | None = kind.extra.get("pattern")
        return pattern
    return None


def _checks(kind: inspect.Type) -> dict[type, Callable[[Any], bool]]:
    """Return the checks of the classes that a value may be of."""
    structs = (each for each in _alternatives(kind) if isinstance(each, inspect.StructType))
    return {each.cls: check_of(each.cls) for each in structs}
