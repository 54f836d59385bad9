"""What is declared beside what is observed: systems, recipients, purposes and categories in one but not in the other.

Declared is what policies in force say (but for what they forbid), what the registers of recipients and systems list,
and what agreements that stand cover. Observed is what facts about data name.

Source: GDPR Art. 30; P-39.1, s. 3.2; PIPEDA Schedule 1, 4.8.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from projections.across import HIDDEN
from projections.merged import Span, seen, united
from projections.observed import NAMED, TYPES
from projections.projection import at_once, select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from psycopg import Connection

READ = ("observed", "corrections")
"""The projections that the answer stands on."""
KINDS = ("system", "recipient", "recipient_kind", "purpose", "category")
# One row for each name; see `merged`.
SEEN = """
    SELECT kind, name, sum(facts)::bigint, min(first), max(last)
    FROM projections.observed WHERE log_id = %(log_id)s AND upto <= %(after)s GROUP BY kind, name
"""
# Entries of one block at most, by their primary key.
AGAIN = """
    SELECT n.kind, n.name, count(*), min(t.at), max(t.at) {named} GROUP BY n.kind, n.name
""".replace("{named}", NAMED)
# A register of a few rows, read whole.
DECLARED = (
    """
    SELECT d.log_id, d.position, d.appended, d.act, d.data
    FROM projections.declared AS d
    JOIN ledger.entry AS e ON e.log_id = d.log_id AND e.position = d.position
    WHERE d.log_id = %(log_id)s AND d.position <= %(as_of)s AND NOT {hidden}
    ORDER BY d.position
""".replace("{hidden}", HIDDEN)
    .replace("{fact}", "d")
    .replace("{name}", "d")
    .replace("{streams}", "e.stream")
)
NAMED_BY: dict[str, Callable[[dict[str, Any]], str]] = {
    "policy.published": lambda data: data["policy"],
    "recipient.registered": lambda data: data["recipient"]["id"],
    "system.registered": lambda data: data["registered"],
    "recipient.agreement_recorded": lambda data: data["agreement_id"],
}
"""What each declaration is about: a later one of the same replaces it."""


class Name(NamedTuple):
    """One name, as it was observed."""

    kind: str
    name: str
    facts: int
    first: datetime
    last: datetime


class Declaration(NamedTuple):
    """One fact that declares something."""

    log_id: int
    position: int
    appended: datetime
    act: str
    data: dict[str, Any]


class Compared(NamedTuple):
    """One name, declared or observed or both."""

    kind: str
    """system, recipient, recipient_kind, purpose or category."""
    name: str
    state: str
    """both, undeclared (observed only) or unobserved (declared only)."""
    declared_by: list[str]
    """What declares it: policy, register, agreement."""
    facts: int
    """How many facts name it."""
    first: datetime | None
    last: datetime | None


def compared(connection: Connection[Any], as_of: Mapping[int, int], now: datetime) -> list[Compared]:
    """Return every name that is declared or observed, by kind and name.

    Args:
        connection: A reader's.
        as_of: For each log the last position that is seen.
        now: What time it is: policies and agreements count while they are in force.
    """
    said = [
        row
        for log_id, position in as_of.items()
        for row in select(connection, DECLARED, {"log_id": log_id, "as_of": position}, Declaration)
    ]
    declared: dict[tuple[str, str], set[str]] = {}
    for kind, name, by in _declared(sorted(said, key=lambda each: (each.appended, each.log_id, each.position)), now):
        declared.setdefault((kind, name), set()).add(by)
    observed = _observed(connection, as_of)
    found: list[Compared] = []
    for key in sorted(declared.keys() | observed.keys(), key=lambda each: (KINDS.index(each[0]), each[1])):
        by, each = sorted(declared.get(key, ())), observed.get(key)
        state = "undeclared" if not by else "unobserved" if each is None else "both"
        found.append(Compared(*key, state, by, *(each or (0, None, None))))
    return found


def _observed(connection: Connection[Any], as_of: Mapping[int, int]) -> dict[tuple[str, str], Span]:
    """Return every name that is observed, by its kind and itself."""
    found: list[Name] = []
    with at_once(connection):
        for log in seen(connection, "observed", as_of):
            wanted: dict[str, Any] = {"log_id": log.log_id, "after": log.whole, "upto": log.as_of, "types": list(TYPES)}
            found += select(connection, SEEN, wanted, Name)
            if log.whole < log.as_of:
                found += select(connection, AGAIN, wanted, Name)
    return united(((each.kind, each.name), Span(*each[2:])) for each in found)


def _declared(said: Sequence[Declaration], now: datetime) -> Iterator[tuple[str, str, str]]:
    """Yield kind, name and what declares it. Of what was declared again, the last counts."""
    last: dict[str, dict[str, dict[str, Any]]] = {act: {} for act in NAMED_BY}
    in_force: dict[str, datetime] = {}
    for each in said:
        name = NAMED_BY[each.act](each.data)
        if each.act == "policy.published":
            since = datetime.fromisoformat(each.data["effective_from"])
            if since > now or since < in_force.get(name, since):
                continue
            in_force[name] = since
        last[each.act][name] = each.data
    policies, recipients, systems, agreements = last.values()
    for rule in (rule for data in policies.values() for rule in data.get("rules", []) if rule["effect"] != "forbids"):
        yield from _named("policy", rule)
        yield from (("recipient_kind", kind, "policy") for kind in rule.get("recipients", []))
    for name, data in recipients.items():
        yield "recipient", name, "register"
        yield "recipient_kind", data["recipient"]["kind"], "register"
        yield from _named("register", data)
    for name, data in systems.items():
        if not data.get("retired", False):
            yield "system", name, "register"
            yield from _named("register", data)
    for data in agreements.values():
        if datetime.fromisoformat(data["starts"]) <= now and not _over(data, now):
            yield "recipient", data["recipient_id"], "agreement"
            yield from _named("agreement", data)


def _over(agreement: dict[str, Any], now: datetime) -> bool:
    until = agreement.get("until")
    return until is not None and datetime.fromisoformat(until) <= now


def _named(by: str, data: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for kind, member in (("purpose", "purposes"), ("purpose", "also"), ("category", "categories")):
        yield from ((kind, name, by) for name in data.get(member, []))
