"""The sections of an account: which policy governed, what is held, who received it, who looked; row by row.

Each row knows the entries that it follows from, so that two accounts can be told apart entry by entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from projections import disclosures, holdings, timeline, views
from projections.account_rows import Row, disclosure, holding, policy, view
from projections.governing import governing, when
from projections.person import Place, rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from psycopg import Connection

    from projections.account_rows import Language
    from projections.disclosures import Disclosure
    from projections.person import Person
    from projections.projection import Page
    from projections.timeline import Moment
    from projections.views import View

Each = TypeVar("Each")
LOOKS = frozenset({"data.used", "data.viewed", "ledger.queried"})


def moments_of(connection: Connection[Any], person: Person) -> list[tuple[int, Moment]]:
    """Return every entry about a person that counts, each with its log, the oldest first."""
    return _placed(rows(timeline.of_subject, connection, person, limit=None, every=True), person.subject.log_id)[::-1]


def sections(
    connection: Connection[Any],
    person: Person,
    moments: list[tuple[int, Moment]],
    language: Language,
    origins: Mapping[int, str],
) -> dict[str, list[Row]]:
    """Return the rows of an account, section by section, each with the entries that it follows from.

    Args:
        connection: A reader's, in autocommit mode; see `account`.
        person: Whom, and as of which position.
        moments: Every entry about her; see `moments_of`.
        language: Of labels.
        origins: Of the other logs that hold anything of hers.
    """
    home = person.subject.log_id
    disclosed = _placed(rows(disclosures.of_subject, connection, person, limit=None), home)
    looked = _placed(views.of_person(connection, person, limit=None, by_day=False), home)
    series = _series(moments) if any(each.facts > 1 for _, each in looked) else {}

    def at(log_id: int) -> dict[str, str]:
        return {"log": origins[log_id]} if log_id in origins else {}

    return {
        "policy": [
            Row((each.version.policy, each.version.version), policy(each.version, each.assent, language), each.places)
            for each in governing(connection, person, moments)
        ],
        "holdings": [
            Row(
                (each.category, each.system, each.origin, each.channel, each.context, *each.purposes, None, each.basis),
                holding(each, language) | at(each.log_id),
                frozenset({*(Place(each.log_id, position) for position in each.positions), *each.elsewhere}),
            )
            for each in holdings.of_person(connection, person, limit=None).rows
        ],
        "disclosures": [
            Row(
                (log_id, each.position),
                disclosure(each, language) | at(log_id),
                frozenset({Place(log_id, each.position)}),
            )
            for log_id, each in sorted(disclosed, key=_happened)
        ],
        "views": [
            Row(
                _looks(log_id, each),
                view(each, language) | at(log_id),
                series.get(_looks(log_id, each), frozenset()) | {Place(log_id, each.position)}
                if each.facts > 1
                else frozenset({Place(log_id, each.position)}),
            )
            for log_id, each in reversed(looked)
        ],
    }


def _looks(log_id: int, each: View) -> tuple[Any, ...]:
    """Return what the looks of one series have in common."""
    actor = (each.actor_kind, each.actor, each.actor_role)
    return (log_id, each.act, *actor, each.system, *each.purposes, None, *each.categories)


def _series(moments: list[tuple[int, Moment]]) -> dict[tuple[Any, ...], frozenset[Place]]:
    """Return the entries of which each series of looks is made."""
    found: dict[tuple[Any, ...], set[Place]] = {}
    for log_id, each in moments:
        if each.type in LOOKS:
            data: dict[str, Any] = each.json()["data"]
            by: dict[str, Any] = data.get("actor") or {}
            actor = (by.get("kind"), by.get("key", by.get("id")), by.get("role"))
            purposes: list[Any] = data.get("purposes") or [data.get("purpose")]
            categories: list[str] = data.get("categories") or []
            key = (log_id, each.type, *actor, data.get("system"), *purposes, None, *categories)
            found.setdefault(key, set()).add(Place(log_id, each.position))
    return {key: frozenset(places) for key, places in found.items()}


def _placed(page: Page[Each], home: int) -> list[tuple[int, Each]]:
    """Return rows, each with its log."""
    return list(zip(page.logs or [home] * len(page.rows), page.rows, strict=True))


def _happened(placed: tuple[int, Disclosure]) -> tuple[datetime, int, int]:
    log_id, each = placed
    return when(each.time), log_id, each.position
