"""Which versions of the policy governed a person's data, which she agreed to and how, and what each changed.

A version changes the rules of the one that it supersedes, as both were published in codes. Of a version that was
published without rules, or whose predecessor is not on record, it is unknown what it changed; that nothing changed is
another answer.

Source: PIPEDA Schedule 1, 4.8 and 4.2.4; P-39.1, s. 8.2.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

import orjson
from psycopg.rows import scalar_row

from projections import policies, timeline
from projections.person import Place, rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection

    from projections.person import Person
    from projections.policies import Assent, Policy
    from projections.timeline import Moment

READ = ("policies", "identity", "corrections")
"""The projections that the answer stands on."""
# By primary key.
PUBLISHED: LiteralString = "SELECT bytes FROM ledger.entry WHERE log_id = %s AND position = %s"
Rule = dict[str, Any]


class Governing(NamedTuple):
    """One version, and how a person stands to it."""

    version: Policy
    assent: Assent | None
    log_id: int
    """Of the assent."""
    places: frozenset[Place]
    """The entries that it follows from."""


class Side(NamedTuple):
    """One side of a rule that is another one now."""

    side: str
    """Such as channels or purposes; see the vocabulary's rules."""
    added: list[str]
    removed: list[str]


class Change(NamedTuple):
    """One rule that a version added, removed or changed."""

    rule: str
    """Its place in the policy, such as 6.3."""
    change: str
    """added, removed or changed."""
    subject_matter: str
    """What it is about."""
    effect: str
    """What it does: declares, permits, forbids or requires."""
    sides: list[Side]
    """What changed in it; of a rule that was added or removed all that it says."""


def governing(connection: Connection[Any], person: Person, moments: Sequence[tuple[int, Moment]]) -> list[Governing]:
    """Return the versions that governed while anything happened to her data, and those that she agreed to.

    Args:
        connection: A reader's.
        person: Whom, and as of which position.
        moments: Every entry about her that counts, each with its log.
    """
    home = person.subject.log_id
    recorded = timeline.appended(connection, home, person.as_of)
    if recorded is None:
        return []
    known_at = datetime.fromisoformat(recorded)
    now = person.valid_at or known_at
    known = policies.published(connection, known_at, log_id=home, as_of=person.as_of)
    times = [(when(each.json()["time"]), Place(log_id, each.position)) for log_id, each in moments]
    first, begun = min(times, default=(now, None))
    at_first = {(each.policy, each.version) for each in policies.in_force(known, first)}
    assents: dict[tuple[str, str], tuple[int, Assent]] = {}
    page = rows(policies.of_subject, connection, person, limit=None)
    # Newest first: the first agreement to a version is the one that is left.
    for log_id, assent in zip(page.logs or [home] * len(page.rows), page.rows, strict=True):
        assents[assent.policy, assent.version] = log_id, assent
    found: list[Governing] = []
    for each in known:
        name = (each.policy, each.version)
        if first < each.effective_from <= now or name in at_first | assents.keys():
            log_id, assent = assents.get(name, (home, None))
            places = {Place(each.log_id, each.position), *((begun,) if begun else ())}
            if assent is not None:
                places.add(Place(log_id, assent.position))
            found.append(Governing(each, assent, log_id, frozenset(places)))
    return found


def changed(connection: Connection[Any], person: Person, version: Policy) -> list[Change] | None:
    """Return what a version changed in the one that it supersedes; None if that is unknown.

    Args:
        connection: A reader's.
        person: As of whose position versions are known.
        version: Which.
    """
    if version.supersedes is None:
        return None
    recorded = timeline.appended(connection, person.subject.log_id, person.as_of)
    if recorded is None:
        return None
    known = policies.published(
        connection, datetime.fromisoformat(recorded), version.policy, log_id=person.subject.log_id, as_of=person.as_of
    )
    former = [each for each in known if each.version == version.supersedes]
    if not former:
        return None
    before, after = _rules(connection, former[-1]), _rules(connection, version)
    return changes(before, after) if before and after else None


def changes(before: Sequence[Rule], after: Sequence[Rule]) -> list[Change]:
    """Return what is another rule, by the rules' places in the policy; those of the later version first. Pure."""
    old, new = {each["id"]: each for each in before}, {each["id"]: each for each in after}
    found = [_change(name, old.get(name), new.get(name)) for name in (*new, *(each for each in old if each not in new))]
    return [each for each in found if each is not None]


def _change(name: str, old: Rule | None, new: Rule | None) -> Change | None:
    rule = new or old or {}
    sides = [
        each for side in dict.fromkeys((*(new or ()), *(old or ()))) if (each := _side(side, old or {}, new or {}))
    ]
    if not sides:
        return None
    change = "changed" if old and new else "added" if new else "removed"
    return Change(name, change, rule["subject_matter"], rule["effect"], sides)


def _side(side: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Side | None:
    if side == "id":
        return None
    was, now = _values(old.get(side)), _values(new.get(side))
    if set(was) == set(now):
        return None
    return Side(side, [each for each in now if each not in was], [each for each in was if each not in now])


def _values(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _rules(connection: Connection[Any], version: Policy) -> list[Rule]:
    with connection.cursor(binary=True, row_factory=scalar_row) as cursor:
        entry = cursor.execute(PUBLISHED, (version.log_id, version.position), prepare=True).fetchone()
    found: list[Rule] = orjson.loads(entry)["data"].get("rules", []) if entry is not None else []
    return found


def when(stated: str) -> datetime:
    """Return the instant of an RFC 3339 text: its T and Z may be small letters, which the standard library refuses."""
    return datetime.fromisoformat(stated.upper())
