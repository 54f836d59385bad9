"""Any right event of a type, and any wrong one, made from the classes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect

from ledger.vocabulary import CODES, FACTS, forms
from tests.vocabulary.events import DIGEST

codes = st.sampled_from(sorted(CODES)) | st.from_regex(r"\A[a-z]{1,8}:[A-Z][a-z]{1,9}(-[0-9]{1,6})?\Z")
opaque = st.from_regex(r"\A[A-Z]{1,4}-[0-9]{1,8}\Z") | st.sampled_from(["crm", "2009-05-01", "7/a", "12.5", "a_b"])
lines = st.sampled_from(["Exemple inc.", "Ville de Montréal", "0000-0000 Quebec inc", "日本"])
FORMS: dict[str, st.SearchStrategy[str]] = {
    forms.CODE_PATTERN: codes,
    forms.OPAQUE_PATTERN: opaque,
    forms.EVENT_ID_PATTERN: st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9!#$%()*+,./:;<=>?_{|}~^-]{0,40}\Z"),
    forms.SOURCE_PATTERN: st.sampled_from(["/services/billing", "support", "/a/b.c~d"]),
    forms.WORD_PATTERN: st.from_regex(r"\A[a-z][a-z0-9_]{0,31}\Z"),
    forms.FIELD_PATTERN: st.sampled_from(["email", "contact.email", "line_2", "a1b"]),
    forms.LINE_PATTERN: lines,
    forms.LANGUAGE_PATTERN: st.sampled_from(["en", "fr", "fr-CA"]),
    forms.POINTER_PATTERN: st.sampled_from(["/categories", "/recipient/role", "/categories/0"]),
    forms.DIGEST_PATTERN: st.just(DIGEST),
    forms.ROOT_PATTERN: st.just("A" * 43 + "="),
    forms.LOCATION_PATTERN: st.sampled_from(["http://www.example.com/privacy.php", "https://example.com:8443"]),
    forms.TRACE_PATTERN: st.just("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    forms.SUBJECT_ID_PATTERN: st.just("0f" * 16),
    forms.KEY_ID_PATTERN: st.just("ledger.example/log0+1a2b3c4d"),
}
times = st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5)), timezone(timedelta(hours=5, minutes=45))]),
).map(datetime.isoformat)


def right_events(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Make any right event of a type, as JSON says it."""
    return _objects(FACTS[name].event)


@cache
def _objects(struct: type) -> st.SearchStrategy[dict[str, Any]]:
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    if info.tag_field is not None:
        required[info.tag_field] = st.just(info.tag)
    for field in info.fields:
        if field.name == "dataschema":
            optional[field.name] = st.just(f"https://ledger.example{FACTS[str(info.tag)].schema_path}")
        else:
            (required if field.required else optional)[field.name] = _values(field.type)
    objects = st.fixed_dictionaries(required, optional=optional)
    match struct.__name__:
        case "Subject":
            return objects.map(_one_name)
        case "Recipient":
            return objects.map(lambda recipient: {**recipient, "kind": "whosaw:Carrier", "name": "Exemple inc."})
        case _:
            return objects


def _one_name(subject: dict[str, Any]) -> dict[str, Any]:
    """Leave a subject exactly one name."""
    name = {"id": "0f" * 16} if subject.get("id") else {"reference": {"kind": "email", "value": "jo@example.org"}}
    return {
        **{member: its for member, its in subject.items() if member not in ("id", "reference")},
        **name,
    }


def _values(kind: inspect.Type) -> st.SearchStrategy[Any]:  # noqa: C901, PLR0911, PLR0912 - one for each kind
    match kind:
        case inspect.Metadata(type=inner, extra=extra):
            return FORMS[extra["pattern"]] if extra else _values(inner)
        case inspect.StrType(pattern=None, max_length=longest):
            return st.text(
                st.characters(codec="utf-8", exclude_categories=["Cs"]),
                min_size=1,
                max_size=min(longest or 9, 40),
            )
        case inspect.StrType(pattern=pattern):
            return FORMS[str(pattern)]
        case inspect.IntType(ge=least, le=most):
            return st.integers(least, most)
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.DateTimeType():
            return times
        case inspect.DateType():
            return st.dates(date(1990, 1, 1), date(2100, 1, 1)).map(date.isoformat)
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case inspect.ListType(item_type=item, min_length=least, max_length=most):
            return st.lists(_values(item), min_size=least or 0, max_size=min(most or 3, max(least or 0, 3)))
        case inspect.UnionType(types=types):
            return st.one_of(*(_values(each) for each in types))
        case inspect.StructType(cls=struct):
            return _objects(struct)
        case _:
            raise AssertionError(kind)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.sampled_from([0.5, -1.25, 1e300]),
    st.text(max_size=30),
    st.sampled_from(
        [
            "2026-02-30T00:00:00Z",
            "2026-01-01T00:00:00",
            "2026-13-01",
            "a@example.org",
            "+15145550199",
            "dpv:X\n",
            "",
        ]
    ),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of every value within a JSON value, itself first."""
    inner: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *(place for step, its in inner for place in places(its, (*path, step)))]


@st.composite
def wrong_events(draw: st.DrawFn, name: str) -> Any:
    """Make a right event, and change one thing in it: the result is mostly wrong."""
    document: Any = draw(right_events(name))
    path = draw(st.sampled_from(places(document)))
    if not path:
        return draw(ANYTHING)
    parent: Any = document
    for step in path[:-1]:
        parent = parent[step]
    what = draw(st.sampled_from(["replace", "remove", "add"]))
    if what == "replace":
        parent[path[-1]] = draw(ANYTHING)
    elif what == "remove":
        del parent[path[-1]]
    elif isinstance(parent, dict):
        parent[draw(st.text(max_size=12))] = draw(ANYTHING)
    else:
        parent.append(draw(ANYTHING))
    return document
