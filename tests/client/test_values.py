"""Whatever stands anywhere in a bundle's JSON: a verdict, never an accident, and never green unless it is wording."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whosaw_client.text import same
from whosaw_client.verify import verify_bundle

from tests.client.bundles import closed, opened

if TYPE_CHECKING:
    from pathlib import Path

    from tests.client.conftest import Made

ACCOUNT = "report/account.json"
T = TypeVar("T")
Path_ = tuple[str | int, ...]
ODD = st.sampled_from(
    [
        None, True, False, 0, -1, 1, 2, 2**63, 10**18, 10**30, 0.0, 1.0, 1e308, "", "x", "0", "A" * 43 + "=", "\ud800",
        "\x00", "0" * 32, [], [[]], {}, [None], {"kind": []}, {"kind": "stream"}, {"position": 1}, "data.disclosed",
    ]
)  # fmt: skip
VALUES = st.recursive(
    ODD | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
INDEX = st.integers(0, 10**6)
"""Taken modulo how many there are."""


class Other(NamedTuple):
    """Stands for another value of the same file."""

    index: int


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


SETTINGS = settings(
    max_examples=250, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


def places(value: Any, path: Path_ = ()) -> list[Path_]:
    """Return the path of every value, the whole's own first."""
    found = [path]
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        found += places(child, (*path, name))
    return found


def picked(values: list[T], index: int) -> T:
    return values[index % len(values)]


def at(value: Any, path: Path_) -> Any:
    for step in path:
        value = value[step]
    return value


def free(name: str, path: Path_, *, added: bool) -> bool:
    """Tell whether nothing else in a bundle says what a value is to be."""
    if name == "manifest.json":
        return path[0] in {"software", "ledger", "filters", "withheld"} or (path[0] == "erased" and added)
    if name != ACCOUNT:
        return False
    # Beside what is there, a report may say more: later ones will.
    if added and isinstance(path[-1], str):
        return path[0] not in {"as_of", "proof"} or path[:2] == ("proof", path[-1])
    wording = "label" in path or path[-1] == "country" or path[0] in {"controller", "statement", "policy"}
    return wording or (path[0] == "holdings" and ("kept" in path or "deletions" in path))


def checked(body: bytes, made: Made, folder: Path) -> dict[str, Any]:
    """Return the report; what no check thought of is a mistake of the verifier's."""
    path = folder / "changed.zip"
    path.write_bytes(body)
    report = verify_bundle(path, made.key).json()
    json.dumps(report)
    assert not [each for each in report["checks"] if each["found"].startswith("something else (")], report["checks"]
    return report


def encoded(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=True).encode()


@SETTINGS
@given(name=INDEX, place=INDEX, what=st.sampled_from(["replace", "remove", "add"]), value=VALUES | INDEX.map(Other))
def test_another_value_one_less_or_one_more_is_red_or_wording(
    made: Made, tmp_path: Path, name: int, place: int, what: str, value: Any
) -> None:
    files = opened(made.body)
    file = picked([each for each in files if each.endswith(".json")], name)
    document = json.loads(files[file])
    every = places(document)[1:]
    path = picked(every, place)
    if isinstance(value, Other):
        value = json.loads(json.dumps(at(document, picked(every, value.index))))
    parent = at(document, path[:-1])
    if what == "remove":
        if parent[path[-1]] is None and file == ACCOUNT:
            return  # In the report, nothing and null say the same.
        del parent[path[-1]]
    elif what == "replace":
        if same(value, parent[path[-1]]):
            return
        parent[path[-1]] = value
    elif isinstance(parent, list):
        parent.insert(place % (len(parent) + 1), value)
    else:
        member = picked(["withheld", "position", "envelope", "absent", "", "x", "\x00"], name + place)
        if member in parent:
            return
        parent[member] = value
        path = (*path[:-1], member)
    body = closed(files | {file: encoded(document)}, relist=file != "manifest.json")
    assert checked(body, made, tmp_path)["verdict"] == "red" or free(file, path, added=what == "add"), (file, path)


@SETTINGS
@given(name=INDEX, place=INDEX, to=INDEX)
def test_two_values_that_changed_places_are_red_or_wording(
    made: Made, tmp_path: Path, name: int, place: int, to: int
) -> None:
    files = opened(made.body)
    file = picked([each for each in files if each.endswith(".json")], name)
    document = json.loads(files[file])
    every = places(document)[1:]
    one, other = picked(every, place), picked(every, to)
    if one[: len(other)] == other or other[: len(one)] == one or same(at(document, one), at(document, other)):
        return
    first, second = at(document, one), at(document, other)
    at(document, one[:-1])[one[-1]], at(document, other[:-1])[other[-1]] = second, first
    body = closed(files | {file: encoded(document)}, relist=file != "manifest.json")
    wording = free(file, one, added=False) and free(file, other, added=False)
    # The report has its disclosures in the order in which they happened; equal times may stand either way.
    order = one[0] == other[0] == "disclosures" and len(one) == len(other) == 2
    assert checked(body, made, tmp_path)["verdict"] == "red" or wording or order, (file, one, other)


@SETTINGS
@given(name=INDEX, start=INDEX, length=st.integers(0, 60), new=st.binary(max_size=20) | st.text(max_size=8).map(_bytes))
def test_any_bytes_for_any_file_are_red(
    made: Made, tmp_path: Path, name: int, start: int, length: int, new: bytes
) -> None:
    files = opened(made.body)
    file = picked([each for each in files if each not in {"manifest.json", "how-to-check.txt"}], name)
    content = files[file]
    start %= len(content) + 1
    content = content[:start] + new + content[start + length :]
    report = checked(closed(files | {file: content}), made, tmp_path)
    same_text = file.endswith(".json") and "/entries/" not in file and _parsed(content) == _parsed(files[file])
    loose = file in LOOSE or file == ACCOUNT or "/consistency/" in file or "/keys" in file
    assert report["verdict"] == "red" or content == files[file] or same_text or loose, (file, content)


LOOSE = {"report/account.pdf", "report/holdings.csv", "report/disclosures.csv", "report/views.csv", "logs/0/checkpoint"}
"""A table may end its lines otherwise; the other signatures on a checkpoint are not ours to check."""


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content


RAW = {
    "nothing": b"",
    "no UTF-8": b'{"a":"\xff"}',
    "a mark of byte order": b"\xef\xbb\xbf{}",
    "another encoding": '{"a":1}'.encode("utf-16"),
    "a list": b"[]",
    "a number": b"1",
    "deep": b"[" * 200_000,
    "deep and closed": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "many digits": b'{"position":' + b"9" * 10_000 + b"}",
    "not a number": b'{"position":NaN}',
    "endless": b'{"position":1e999}',
    "twice": b'{"a":1,"a":1}',
    "half a pair": b'{"a":"\\ud800"}',
}


@pytest.mark.parametrize("what", RAW)
def test_what_is_hardly_json_is_red(made: Made, tmp_path: Path, what: str) -> None:
    files = opened(made.body)
    for name in (ACCOUNT, "logs/0/heads.json", "logs/0/entries/000000000001.json", "logs/0/members/000000000002.json"):
        assert checked(closed(files | {name: RAW[what]}), made, tmp_path)["verdict"] == "red"
    assert checked(closed(files, manifest=RAW[what]), made, tmp_path)["verdict"] == "red"
