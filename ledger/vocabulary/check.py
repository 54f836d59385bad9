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


def check_of(struct: type[Struct]) -> Callable[[Any], bool]:
    """Return a function that tells whether an object of the class, and all within it, has its forms."""
    return _compiled(struct) or _always


def _always(_value: object) -> bool:
    """Check a class without forms."""
    return True


@cache
def _compiled(struct: type[Struct]) -> Callable[[Any], bool] | None:
    """Return the class's check; nothing if it has no forms, so that nobody calls it in vain."""
    names: list[str] = []
    forms: list[Known] = []
    lists: list[tuple[Callable[[Any], Any], Callable[[Any], bool], Callable[[Any], bool]]] = []
    children: list[tuple[Callable[[Any], Any], dict[type, Callable[[Any], bool]]]] = []
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    for field in info.fields:
        for kind in _alternatives(field.type):
            pattern = _pattern(kind)
            if pattern is not None:
                names.append(field.name)
                forms.append(known(pattern))
            elif isinstance(kind, inspect.ListType):
                inner = _pattern(kind.item_type)
                if inner is not None:
                    form = known(inner)
                    lists.append((attrgetter(field.name), form.texts.issuperset, form.admits))
                elif checks := _checks(kind.item_type):
                    children.append((attrgetter(field.name), {list: _each(checks)}))
        if checks := _checks(field.type):
            children.append((attrgetter(field.name), checks))
    if not names and not lists and not children:
        return None
    # The texts of one class come in few combinations: actors, recipients, systems under a policy.
    seen: set[Any] = {None}
    get_texts = attrgetter(*names) if names else _nothing

    def check(value: Any) -> bool:  # noqa: ANN401 - an object of the class
        texts = get_texts(value)
        if texts not in seen:
            found = (texts,) if len(forms) == 1 else texts
            if not all(form.admits((text,)) for form, text in zip(forms, found, strict=True)):
                return False
            if len(seen) < Known.MOST:
                seen.add(texts)
        for get, all_known, admits in lists:
            found = get(value)
            if not all_known(found) and not admits(found):
                return False
        for get, checks in children:
            inner = get(value)
            # All classes of a union have forms, or none has: an actor always has its role.
            if inner and not checks[type(inner)](inner):
                return False
        return True

    return check


def _nothing(_value: object) -> None:
    """Get the texts of a class that has none."""


def _each(checks: dict[type, Callable[[Any], bool]]) -> Callable[[Any], bool]:
    """Return a function that checks each item of a list."""
    if len(checks) == 1:
        (check,) = checks.values()
        return lambda items: all(map(check, items))
    return lambda items: all(checks[type(item)](item) for item in items)


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
    return {each.cls: check for each in structs if (check := _compiled(each.cls)) is not None}
