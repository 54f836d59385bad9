"""What may not be destroyed about a person now, and on whose order.

A hold is placed and released by facts. A request for access is one by itself: what was asked for is kept until her
recourse is exhausted. Holds about nobody in particular hold everybody in their scope.

Source: PIPEDA 8(8), P-39.1 s. 36 (a request holds what it asks for).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.vocabulary.codes import related
from projections.law.rights import ACCESS
from projections.projection import Fold, Projection, forgotten, instant, select
from projections.requested import is_answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from psycopg import Connection

    from projections.person import Part

REQUEST_REASON = "whosaw:AccessRequestHold"
REQUEST_BASIS = "ca-pipeda:8-8"
RECOURSE = timedelta(days=365)
"""After the answer: how long a person may complain or go to court (PIPEDA s. 14). To be confirmed with counsel."""

DEFINITION = """
    CREATE TABLE hold_change (
        log_id     smallint    NOT NULL,
        subject    uuid        NOT NULL,
        position   bigint      NOT NULL,
        time       timestamptz NOT NULL,
        act        text        NOT NULL,
        hold       text        NOT NULL,
        reason     text,
        basis      text,
        authority  text,
        categories text[]      NOT NULL,
        systems    text[]      NOT NULL,
        since      timestamptz,
        up_to      timestamptz,
        starts     timestamptz NOT NULL,
        ends       timestamptz,
        "right"    text,
        outcome    text,
        sealed     boolean     NOT NULL,
        everybody  boolean     NOT NULL,
        cohort     integer,
        placed_by  text        NOT NULL,
        PRIMARY KEY (log_id, subject, position)
    );
    CREATE UNIQUE INDEX hold_change_cohort ON hold_change (log_id, position) WHERE cohort IS NOT NULL;
    CREATE INDEX hold_change_everybody ON hold_change (log_id, position) WHERE everybody
"""
# A request holds from the moment it came; its answer begins the recourse. A text that is null is no time: `instant`
# would make the earliest of it.
FOLDED = """
    INSERT INTO hold_change
    SELECT e.log_id, e.stream, e.position, {time}, e.type,
           coalesce(d.hold_id, 'request:' || d.request_id), d.reason, d.basis, d.authority ->> 'name',
           ARRAY(SELECT jsonb_array_elements_text(coalesce(d.scope -> 'categories', '[]'))),
           ARRAY(SELECT jsonb_array_elements_text(coalesce(d.scope -> 'systems', '[]'))),
           CASE WHEN s.since IS NOT NULL THEN {since} END, CASE WHEN s.up_to IS NOT NULL THEN {up_to} END,
           {starts}, CASE WHEN d.until IS NOT NULL THEN {ends} END,
           d."right", d.outcome, coalesce(d.visibility = 'sealed', false),
           coalesce(x.fact #>> '{about,0,role}' = 'whosaw:Ledger', false), (x.fact #>> '{cohort,size}')::integer,
           coalesce(d.placed_by, x.fact ->> 'source')
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL (SELECT x.fact ->> 'time' AS stated OFFSET 0) AS t
    CROSS JOIN LATERAL jsonb_to_record(x.fact -> 'data') AS d (
        hold_id text, request_id text, reason text, basis text, authority jsonb, scope jsonb, starts text,
        effective_at text, until text, "right" text, outcome text, visibility text, placed_by text
    )
    CROSS JOIN LATERAL (
        SELECT d.scope ->> 'since' AS since, d.scope ->> 'until' AS up_to,
               coalesce(d.starts, d.effective_at, t.stated) AS starts
        OFFSET 0
    ) AS s
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
"""
FOLD = (
    FOLDED.replace("{time}", instant("t.stated"))
    .replace("{since}", instant("s.since"))
    .replace("{up_to}", instant("s.up_to"))
    .replace("{starts}", instant("s.starts"))
    .replace("{ends}", instant("d.until"))
)
DIGEST = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM hold_change AS t GROUP BY log_id
"""
# Each of her names with what is about it.
# Her own rows by primary key; cohorts by member_subject, then hold_change_cohort; those about nobody by their index.
OF_PARTS = """
    SELECT c.log_id, c.position, c.time, c.act, c.hold, c.reason, c.basis, c.authority, c.categories, c.systems,
           c.since, c.up_to, c.starts, c.ends, c."right", c.outcome, c.sealed, c.everybody, c.subject, p.name,
           c.placed_by
    FROM unnest(%(logs)s::smallint[], %(streams)s::uuid[], %(positions)s::bigint[], %(names)s::text[])
      AS p (log_id, stream, as_of, name)
    CROSS JOIN LATERAL (
        SELECT * FROM projections.hold_change AS h
        WHERE h.log_id = p.log_id AND h.subject = p.stream AND h.position <= p.as_of
        UNION
        SELECT h.* FROM ledger.member AS m
        JOIN projections.hold_change AS h ON h.log_id = m.log_id AND h.position = m.position AND h.cohort IS NOT NULL
        WHERE m.log_id = p.log_id AND m.subject = p.stream AND m.position <= p.as_of
    ) AS c
    UNION
    SELECT h.log_id, h.position, h.time, h.act, h.hold, h.reason, h.basis, h.authority, h.categories, h.systems,
           h.since, h.up_to, h.starts, h.ends, h."right", h.outcome, h.sealed, h.everybody, h.subject, n.name,
           h.placed_by
    FROM projections.hold_change AS h
    CROSS JOIN unnest(%(names)s::text[]) AS n (name)
    WHERE h.everybody AND h.log_id = ANY(%(every)s::smallint[])
    ORDER BY time, log_id, position, name
"""

HOLDS = Projection(
    name="holds",
    version=4,
    tables=("hold_change",),
    definition=DEFINITION,
    folds=(
        Fold(("hold.placed", "hold.released", "request.received", "request.answered"), FOLD),
        forgotten("hold_change"),
    ),
    digest=DIGEST,
)


class Change(NamedTuple):
    """One fact that bears on holds."""

    log_id: int
    position: int
    time: datetime
    act: str
    hold: str
    reason: str | None
    basis: str | None
    authority: str | None
    categories: list[str]
    systems: list[str]
    since: datetime | None
    up_to: datetime | None
    starts: datetime
    ends: datetime | None
    right: str | None
    outcome: str | None
    sealed: bool
    everybody: bool
    stream: UUID | None = None
    """That it is in."""
    name: str = ""
    """The name of hers that it is about; what is over everybody is there once for each."""
    placed_by: str = ""
    """The source whose hold it is about; of an answer to a request, who answered."""


class Hold(NamedTuple):
    """An order not to destroy, as it stands. An empty list, or no time, leaves that side open."""

    hold: str
    """Names it; `request:…` for one that a request is by itself."""
    reason: str | None
    basis: str | None
    authority: str | None
    """Who ordered it; None when the law itself does."""
    categories: list[str]
    systems: list[str]
    since: datetime | None
    """It holds what happened from this time on."""
    up_to: datetime | None
    starts: datetime
    ends: datetime | None
    """None when a release ends it."""
    log_id: int
    position: int
    """Of the entry that placed it."""
    sealed: bool
    """Whether telling of it is forbidden: then whatever it causes has the ordinary reason."""
    everybody: bool
    placed_by: str = ""
    """The source that placed it, which alone releases it, or who names it as such."""

    def covers(self, category: str | None, system: str | None, time: datetime | None = None) -> bool:
        """Return whether it forbids to destroy a category in a system; None for any of them.

        What is kept as a wider kind of what it names may contain that, and is held too.
        """
        if category is not None and self.categories and not any(related(category, each) for each in self.categories):
            return False
        if system is not None and self.systems and system not in self.systems:
            return False
        if time is None:
            return True
        return (self.since is None or time >= self.since) and (self.up_to is None or time < self.up_to)


def of_parts(
    connection: Connection[Any], parts: Sequence[Part], logs: Iterable[int], names: Mapping[str, str] | None = None
) -> list[Change]:
    """Return every fact that bears on holds over a person, by time; one about two of her names is there for each.

    Args:
        connection: A reader's.
        parts: All streams that are hers, with the position each is seen up to; for a decision to destroy, sealed ones
            too.
        logs: Every log, for what holds everybody.
        names: Stream → the name of hers that it is about, of sealed streams; any other stream is a name.
    """
    whose = names or {}
    wanted = {
        "names": [whose.get(part.stream, part.stream) for part in parts],
        "logs": [part.log_id for part in parts],
        "streams": [part.stream for part in parts],
        "positions": [part.as_of for part in parts],
        "every": list(logs),
    }
    return select(connection, OF_PARTS, wanted, Change)


def standing(changes: Iterable[Change], at: datetime | None = None) -> list[Hold]:
    """Return the holds that stand at a time, over any name of a person. Pure.

    Names are looked at one by one: a hold that is over two of them stands until it is released for each, since they may
    turn out to be two people. The same hold placed again after its release stands again. A release in the future does
    not count yet.

    Args:
        changes: One person's, by time.
        at: When; now, if it is None.
    """
    moment = at or datetime.now(UTC)
    found: dict[tuple[int, int], Hold] = {}
    for its in by_name(changes).values():
        for hold in _standing(its, moment):
            place = (hold.log_id, hold.position)
            found[place] = longer(hold, found[place]) if place in found else hold
    return list(found.values())


def by_name(changes: Iterable[Change]) -> dict[str, list[Change]]:
    """Return for each name of a person the facts that bear on holds over it, by time. Pure.

    A request is one, whoever's name was used: an answer about names under which nobody asked answers all who did.
    """
    known = list(changes)
    asked: dict[str, dict[str, None]] = {}
    answers: set[tuple[int, int]] = set()
    """To who asked, by the name that she asked under."""
    for each in known:
        if each.act == "request.received":
            asked.setdefault(each.hold, {})[each.name] = None
    for each in known:
        if each.act == "request.answered" and each.name in asked.get(each.hold, {}):
            answers.add((each.log_id, each.position))
    found: dict[str, list[Change]] = {}
    for each in known:
        elsewhere = each.act == "request.answered" and (each.log_id, each.position) not in answers
        for name in asked.get(each.hold, {}) if elsewhere else (each.name,):
            found.setdefault(name, []).append(each)
    return found


def longer(one: Hold, other: Hold) -> Hold:
    """Return of two spans of one hold the one that ends later."""
    if one.ends is None or other.ends is None:
        return one if one.ends is None else other
    return max(one, other, key=lambda each: each.ends or one.starts)


def _standing(changes: Iterable[Change], moment: datetime) -> list[Hold]:
    """Return the holds that stand over one name, by when they were placed."""
    found: dict[tuple[str, str], Hold] = {}
    answered: dict[str, datetime] = {}
    released: dict[tuple[str, str], datetime] = {}
    for change in changes:
        # One of the same name by another source is another hold, and what releases one releases no other.
        key = (change.hold, change.placed_by)
        match change.act:
            case "hold.placed" | "request.received" if change.act == "hold.placed" or change.right in ACCESS:
                if change.starts >= released.get(key, change.starts):
                    found[key] = _hold(change)
                    released.pop(key, None)
            case "request.answered" if is_answer(change.outcome):
                answered[change.hold] = change.time
            case "hold.released":
                released[key] = change.starts
            case _:
                pass
    return [
        hold._replace(ends=_earliest(hold.ends, answered[name] + RECOURSE) if name in answered else hold.ends)
        for (name, placer), hold in found.items()
        if hold.starts <= moment
        and not ((name, placer) in released and released[name, placer] <= moment)
        and (hold.ends is None or hold.ends > moment)
        and not (name in answered and answered[name] + RECOURSE <= moment)
    ]


def _hold(change: Change) -> Hold:
    reason, basis = (change.reason, change.basis) if change.act == "hold.placed" else (REQUEST_REASON, REQUEST_BASIS)
    return Hold(
        change.hold, reason, basis, change.authority, change.categories, change.systems, change.since,
        change.up_to, change.starts, change.ends, change.log_id, change.position, change.sealed, change.everybody,
        change.placed_by,
    )  # fmt: skip


def _earliest(first: datetime | None, second: datetime) -> datetime:
    return second if first is None else min(first, second)
