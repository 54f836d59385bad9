"""What is held on a person, why, since when and until when; and what was deleted.

Each category counts by system, source, purpose and basis; asked, deleted and verified are kept apart.

The table keeps one row for each fact. What those add up to is derived when someone asks, from one person's rows, in the
order in which things happened: a fact that arrives late takes its place in time, and an earlier position gives the
earlier answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from projections.held import Change, Holding, held
from projections.person import Place, appended, repeated
from projections.projection import Fold, Page, Projection, forgotten, instant, part, select

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import Connection

    from ledger.subject import Subject
    from projections.person import Person

DEFINITION = """
    CREATE TABLE holding_change (
        log_id         smallint    NOT NULL,
        subject        uuid        NOT NULL,
        position       bigint      NOT NULL,
        time           timestamptz NOT NULL,
        stated         text        NOT NULL,
        act            text        NOT NULL,
        categories     text[]      NOT NULL,
        system         text,
        origin         text,
        channel        text,
        context        text,
        purposes       text[]      NOT NULL,
        basis          text,
        retained       boolean,
        until          text,
        mode           text,
        state          text,
        backups_until  text,
        survivors      jsonb,
        request        text,
        "right"        text,
        outcome        text,
        reason         text,
        policy_version text,
        cohort         integer,
        PRIMARY KEY (log_id, subject, position)
    );
    CREATE UNIQUE INDEX holding_change_cohort ON holding_change (log_id, position) WHERE cohort IS NOT NULL
"""
# What a recipient erased (`holder`) was never a holding of the company's.
FOLD = """
    INSERT INTO holding_change
    SELECT e.log_id, e.stream, e.position,
           {time}, t.stated, e.type,
           coalesce(d.categories, '{}'), d.system, d.origin, d.channel, d.context, coalesce(d.purposes, '{}'),
           d.basis, d.retained, d.until, d.mode, d.state, d.backups_until, d.survivors,
           coalesce(d.request_id, d.request_ref), d."right", d.outcome, d.reason, d.policy_version,
           (x.fact -> 'cohort' ->> 'size')::integer
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL (SELECT x.fact ->> 'time' AS stated OFFSET 0) AS t
    CROSS JOIN LATERAL jsonb_to_record(x.fact -> 'data') AS d (
        categories text[], system text, origin text, channel text, context text, purposes text[], basis text,
        retained boolean, until text, mode text, state text, backups_until text, survivors jsonb, holder text,
        request_id text, request_ref text, "right" text, outcome text, reason text, policy_version text
    )
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
      AND d.holder IS NULL
""".replace("{time}", instant("t.stated"))
DIGEST = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM holding_change AS t GROUP BY log_id
"""
# Her own rows by primary key; cohorts by member_subject, then holding_change_cohort: OFFSET 0 keeps that a probe each.
OF_SUBJECT = """
    SELECT * FROM (
        SELECT log_id, position, time, stated, act, categories, system, origin, channel, context, purposes, basis,
               retained, until, mode, state, backups_until, survivors, request, "right", outcome, reason, policy_version
        FROM projections.holding_change
        WHERE log_id = %(log_id)s AND subject = %(subject)s::uuid AND position <= %(as_of)s
        UNION ALL
        SELECT c.*
        FROM ledger.member AS m
        CROSS JOIN LATERAL (
            SELECT log_id, position, time, stated, act, categories, system, origin, channel, context, purposes, basis,
                   retained, until, mode, state, backups_until, survivors, request, "right", outcome, reason,
                   policy_version
            FROM projections.holding_change AS h
            WHERE h.log_id = m.log_id AND h.position = m.position AND h.cohort IS NOT NULL
            OFFSET 0
        ) AS c
        WHERE m.log_id = %(log_id)s AND m.subject = %(subject)s::uuid AND m.position <= %(as_of)s
    ) AS found
    WHERE %(valid_at)s::timestamptz IS NULL OR time <= %(valid_at)s
    ORDER BY time, position
"""

HOLDINGS = Projection(
    name="holdings",
    version=3,
    tables=("holding_change",),
    definition=DEFINITION,
    folds=(
        Fold(
            (
                "data.collected",
                "data.rectified",
                "data.erased",
                "request.received",
                "request.answered",
            ),
            FOLD,
        ),
        forgotten("holding_change"),
    ),
    digest=DIGEST,
)


class Filter(NamedTuple):
    """Which holdings are wanted; None for any."""

    category: str | None = None
    system: str | None = None
    state: str | None = None
    """held, deletion_requested, deleted or verified."""

    def admits(self, holding: Holding) -> bool:
        """Return whether a holding is wanted."""
        return (
            self.category in {None, holding.category}
            and self.system in {None, holding.system}
            and self.state in {None, holding.state}
        )


EVERYTHING = Filter()


def of_subject(
    connection: Connection[Any],
    subject: Subject,
    as_of: int,
    *,
    after: int | None = None,
    limit: int | None = 100,
    valid_at: datetime | None = None,
    wanted: Filter = EVERYTHING,
) -> Page[Holding]:
    """Return what is or was held on a person, by category, system, source and time.

    Args:
        connection: A reader's.
        subject: Whom.
        as_of: Nothing recorded after this position is seen; at most what `progress.reached` says.
        after: The cursor of the page before.
        limit: The most rows, or None for all.
        valid_at: Nothing that happened after this time is seen.
        wanted: Which holdings.
    """
    parameters = {
        "log_id": subject.log_id,
        "subject": subject.id,
        "as_of": as_of,
        "valid_at": valid_at,
    }
    return _page(select(connection, OF_SUBJECT, parameters, Change), after, limit, wanted)


def of_person(
    connection: Connection[Any],
    person: Person,
    *,
    after: int | None = None,
    limit: int | None = 100,
    wanted: Filter = EVERYTHING,
) -> Page[Holding]:
    """Return what is or was held on a person under all her names; otherwise as `of_subject`.

    The facts of all streams are taken together: what one of them collected, another may have erased.
    """
    if len(person.parts) == 1 and not person.hidden:
        return of_subject(connection, person.subject, person.as_of, after=after, limit=limit, wanted=wanted)
    found: dict[Place, Change] = {}
    for mine in person.parts:
        parameters = {"log_id": mine.log_id, "subject": mine.stream, "as_of": mine.as_of, "valid_at": None}
        rows = select(connection, OF_SUBJECT, parameters, Change)
        found |= {Place(mine.log_id, each.position): each for each in rows}
    changes = {place: each for place, each in found.items() if place not in person.hidden}
    if len(person.logs) == 1:
        order = sorted(changes, key=lambda place: (changes[place].time, place))
    else:
        recorded = appended(connection, changes)
        again = repeated(person, recorded)
        order = sorted(
            (place for place in changes if place not in again),
            key=lambda place: (changes[place].time, recorded[place].time, place),
        )
    return _page([changes[place] for place in order], after, limit, wanted)


def _page(changes: list[Change], after: int | None, limit: int | None, wanted: Filter) -> Page[Holding]:
    return part([each for each in held(changes) if wanted.admits(each)], after, limit)
