"""Who looked, as the entries say: put together again the way the report puts it, to be compared with it.

A person's look is a row of its own. A service's looks for the same purposes at the same data are one row, from the
first to the last, with their number.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from whosaw_client.report import Refused
from whosaw_client.text import is_array, is_object, object_or_empty, same, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whosaw_client.evidence import Entry

ACTS = {"data.viewed", "data.used", "ledger.queried"}
OWN = "/whosaw/"
"""Only the ledger itself knows who asked it: from an emitter, a `ledger.queried` is a claim and no look."""
MOST_LOOKS = 2**63 - 1
MOMENT = re.compile(r"([0-9-]{10}T[0-9:]{8})(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})")
LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)


class Look(NamedTuple):
    """One row of the report's views."""

    position: int
    """Of the newest entry in it."""
    facts: int
    looks: int
    act: str
    actor: dict[str, Any]
    system: Any
    purposes: list[Any]
    categories: list[Any]
    tickets: list[str]
    times: list[str]
    """Of its entries, in the order in which they happened."""


def looks_of(entries: Iterable[Entry]) -> list[Look]:
    """Return the looks that entries say, by the position of the newest entry in each."""
    groups: dict[str, list[Entry]] = {}
    for each in entries:
        members = each.members
        data = object_or_empty(members.get("data"))
        act, source = members.get("type"), members.get("source")
        if act not in ACTS or data.get("outcome") == "refused":
            continue
        if act == "ledger.queried" and not (isinstance(source, str) and source.startswith(OWN)):
            continue
        actor = object_or_empty(data.get("actor"))
        key = [
            act, actor.get("kind"), actor.get("key") or actor.get("id"), actor.get("role"), data.get("system"),
            _purposes(data), data.get("categories") or [], actor.get("kind") == "service" or each.position,
        ]  # fmt: skip
        groups.setdefault(repr(key), []).append(each)
    return sorted((_look(each) for each in groups.values()), key=lambda look: look.position)


def _look(entries: list[Entry]) -> Look:
    first = entries[0].members
    data = object_or_empty(first.get("data"))
    datas = [object_or_empty(each.members.get("data")) for each in entries]
    happened = sorted((_instant(each.members.get("time")), each.position, each.members.get("time")) for each in entries)
    tickets = {each["ticket"] for each in datas if isinstance(each.get("ticket"), str)}
    times = [each.get("times") for each in datas]
    return Look(
        entries[-1].position,
        len(entries),
        min(sum(1 if each is None else each for each in times if each is None or isinstance(each, int)), MOST_LOOKS),
        str(first.get("type")),
        object_or_empty(data.get("actor")),
        data.get("system"),
        _purposes(data),
        data.get("categories") or [],
        sorted(tickets),
        [str(each) for _, _, each in happened],
    )


def check_looks(views: list[Any], looks: list[Look], where: str) -> None:
    """Compare the report's views with the looks that the entries say.

    Raises:
        Refused: One is missing, one is too many, or one says something else.
    """
    if len(views) != len(looks):
        raise Refused(where, f"{len(looks)} looks, as the entries say", str(len(views)))
    for view, look in zip(views, looks, strict=True):
        place = f"{where}, look at {look.position}"
        if not is_object(view):
            raise Refused(place, "an object", shown(view))
        actor = object_or_empty(view.get("actor"))
        pairs = [
            ("act", view.get("act"), look.act),
            ("count", view.get("count"), look.looks),
            ("first", view.get("first"), look.times[0]),
            ("last", view.get("last"), look.times[-1]),
            ("actor kind", actor.get("kind"), look.actor.get("kind")),
            ("actor role", code(actor.get("role")), look.actor.get("role")),
            ("system", view.get("system"), look.system),
            ("purpose", code(view.get("purpose")), look.purposes[0] if look.purposes else None),
            ("purposes", codes(view.get("purposes")), look.purposes),
            ("categories", codes(view.get("categories")), look.categories),
        ]
        for name, says, stated in pairs:
            if not same(says, stated):
                raise Refused(f"{place}, {name}", f"{shown(stated)}, as the entry says", shown(says))
        tickets = view.get("tickets")
        if not is_array(tickets) or sorted(map(str, tickets)) != look.tickets:
            raise Refused(f"{place}, tickets", shown(look.tickets), shown(tickets))


def codes(values: Any) -> Any:
    """Return the codes of a list of coded values."""
    return [code(each) for each in values] if is_array(values) else values


def code(coded: Any) -> Any:
    """Return the code of a coded value, whose label is wording; in place of what is none, what equals no code."""
    if coded is None:
        return None
    found = coded.get("code") if is_object(coded) else None
    return found if isinstance(found, str) else [coded]


def _purposes(data: dict[str, Any]) -> list[Any]:
    purposes = data.get("purposes")
    return purposes if is_array(purposes) else [each for each in (data.get("purpose"),) if each is not None]


def _instant(text: Any) -> datetime:
    """Return the moment of an RFC 3339 text, rounded to microseconds as the ledger's database rounds it."""
    found = MOMENT.fullmatch(str(text).upper())
    if found is None:
        return LONG_AGO
    try:
        whole = datetime.fromisoformat(f"{found[1]}{found[3]}")
        return whole + timedelta(microseconds=round(float(f"0{found[2] or '.0'}") * 1_000_000))
    except (ValueError, OverflowError):
        return LONG_AGO
