"""Whether the repeating texts of an event have their forms: compiled once per class.

The decoder checks everything else. It would match a pattern for each code of each event, longer
than the rest of its work takes; here most are found in a set.
"""

from __future__ import annotations

from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from msgspec import inspect

from ledger.vocabulary.forms import Known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from msgspec import Struct


class Texts(NamedTuple):
    """A member that is a text of a form."""

    name: str
    form: Known


class TextList(NamedTuple):
    """A member that is a list of texts of a form."""

    name: str
    form: Known


class Inner(NamedTuple):
    """A member that is an object, or a list of them, with forms of their own."""

    name: str
    checks: dict[type, Callable[[Any], bool]]
    """By class, for it may be one of several; by `list` for a list."""


def admits(value: Struct) -> bool:
    """Return whether an event, or a part of one, has its forms."""
    return check_of(type(value))(value)


def check_of(struct: type[Struct]) -> Callable[[Any], bool]:
    """Return a function that tells whether an object of the class has its forms, at any depth."""
    return _compiled(struct) or _always


def _always(_value: object) -> bool:
    """Check a class without forms."""
    return True


@cache
def _known(pattern: str) -> Known:
    """Return what is known of a form, one for the whole process."""
    return Known(pattern)


@cache
def _compiled(struct: type[Struct]) -> Callable[[Any], bool] | None:
    """Return the class's check; nothing if it has no forms, so that nobody calls it in vain."""
    members = list(_members(struct))
    if not members:
        return None
    texts = [each for each in members if isinstance(each, Texts)]
    lists = [
        (attrgetter(each.name), each.form.texts.issuperset, each.form.admits)
        for each in members
        if isinstance(each, TextList)
    ]
    objects = [(attrgetter(each.name), each.checks) for each in members if isinstance(each, Inner)]
    # Texts of one class come in few combinations: actors, recipients, systems under a policy.
    combinations: set[Any] = {None}
    # Naming a member twice makes a tuple of a single one too.
    names = [each.name for each in texts] * 2
    combine: Callable[[Any], Any] = attrgetter(*names[: len(texts) + 1]) if names else _nothing

    def check(value: Any) -> bool:
        combination = combine(value)
        if combination not in combinations:
            # The tuple is longer than the forms by its repeated end.
            if not all(each.form.admits((text,)) for each, text in zip(texts, combination, strict=False)):
                return False
            if len(combinations) < Known.MOST:
                combinations.add(combination)
        for get, all_known, all_admitted in lists:
            found = get(value)
            if not all_known(found) and not all_admitted(found):
                return False
        for get, checks in objects:
            inner = get(value)
            # Either all classes of a union have forms, or none: an actor always has its role.
            if inner and not checks[type(inner)](inner):
                return False
        return True

    return check


def _nothing(_value: object) -> Any:
    """Combine the texts of a class that has none."""
    return None


def _members(struct: type[Struct]) -> Iterator[Texts | TextList | Inner]:
    """Yield the members of a class that have forms."""
    for field in cast("inspect.StructType", inspect.type_info(struct)).fields:
        if checks := _checks(field.type):
            yield Inner(field.name, checks)
        for kind in _alternatives(field.type):
            if isinstance(kind, inspect.ListType):
                if pattern := _pattern(kind.item_type):
                    yield TextList(field.name, _known(pattern))
                elif checks := _checks(kind.item_type):
                    yield Inner(field.name, {list: _each(checks)})
            elif pattern := _pattern(kind):
                yield Texts(field.name, _known(pattern))


def _alternatives(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    return kind.types if isinstance(kind, inspect.UnionType) else (kind,)


def _pattern(kind: inspect.Type) -> str | None:
    """Return the pattern of a repeating form, and nothing for any other type."""
    extra = cast("dict[str, str] | None", getattr(kind, "extra", None))
    return extra["pattern"] if extra else None


def _checks(kind: inspect.Type) -> dict[type, Callable[[Any], bool]]:
    """Return the checks of the classes that a value may be of."""
    structs = (each for each in _alternatives(kind) if isinstance(each, inspect.StructType))
    return {each.cls: check for each in structs if (check := _compiled(each.cls)) is not None}


def _each(checks: dict[type, Callable[[Any], bool]]) -> Callable[[Any], bool]:
    """Return a function that checks each item of a list of objects of one class."""
    (check,) = checks.values()
    return lambda items: all(map(check, items))
