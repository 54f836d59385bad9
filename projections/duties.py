"""What is owed that no person's rows have: notices that outlive a person, and incidents.

A recipient that was to be told of an erasure is still to be told when the person is forgotten, and may answer then. So
what is recorded about notices is kept by the notice's own name, and told without hers. It holds codes, counts and the
company's names for notices and recipients. Incidents are named by the company, too, and are told without persons.

Rows are positions: what is owed is derived from the entries when somebody asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from projections.breached import TYPES as INCIDENTS
from projections.breached import of_incidents
from projections.deadlines import without_law
from projections.history import Row, counting, fact
from projections.noticed import TYPES as NOTICES
from projections.noticed import notices
from projections.owed import TELL, Owed, name_of, of_notice
from projections.projection import Fold, Projection, select
from projections.telling import due_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from psycopg import Connection

    from projections.history import Fact

DEFINITION = """
    CREATE TABLE duty (
        log_id   smallint NOT NULL,
        position bigint   NOT NULL,
        subject  uuid     NOT NULL,
        type     text     NOT NULL,
        name     text     NOT NULL,
        sealed   boolean  NOT NULL,
        cohort   integer,
        PRIMARY KEY (log_id, position)
    );
    CREATE INDEX duty_name ON duty (log_id, name, position);
    CREATE INDEX duty_subject ON duty (log_id, subject, position);
    CREATE INDEX duty_incident ON duty (log_id, position) WHERE type LIKE 'incident.%';
    CREATE INDEX duty_cohort ON duty (log_id, position) WHERE cohort IS NOT NULL;
    CREATE TABLE duty_untold (
        log_id   smallint NOT NULL,
        position bigint   NOT NULL,
        PRIMARY KEY (log_id, position)
    );
    CREATE TABLE duty_outlived (
        log_id   smallint NOT NULL,
        subject  uuid     NOT NULL,
        position bigint   NOT NULL,
        PRIMARY KEY (log_id, subject)
    )
"""
FOLD = """
    INSERT INTO duty
    SELECT e.log_id, e.position, e.stream, e.type, coalesce(d.notification_id, d.incident_id, ''),
           coalesce(d.visibility = 'sealed', false), (x.fact #>> '{cohort,size}')::integer
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    CROSS JOIN LATERAL jsonb_to_record(x.fact -> 'data') AS d (notification_id text, incident_id text, visibility text)
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
"""
OUTLIVED = """
    INSERT INTO duty_outlived
    SELECT e.log_id, s.stream::uuid, min(e.position)
    FROM ledger.entry AS e
    CROSS JOIN LATERAL jsonb_array_elements_text(convert_from(e.bytes, 'UTF8')::jsonb #> '{data,streams}') AS s (stream)
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
      AND convert_from(e.bytes, 'UTF8')::jsonb ->> 'source' LIKE '/whosaw/%%'
    GROUP BY e.log_id, s.stream
    ON CONFLICT DO NOTHING
"""
# Only what the ledger itself states.
UNTOLD = """
    INSERT INTO duty_untold
    SELECT e.log_id, e.position
    FROM ledger.entry AS e
    CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb AS fact OFFSET 0) AS x
    WHERE e.log_id = %(log_id)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.type = ANY(%(types)s)
      AND x.fact ->> 'source' LIKE '/whosaw/%%' AND coalesce(x.fact #> '{data,untold}', '[]') <> '[]'
"""
DIGEST = """
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM duty AS t GROUP BY log_id
    UNION ALL
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM duty_outlived AS t GROUP BY log_id
    UNION ALL
    SELECT log_id, count(*), sum(hashtextextended(t::text, 0)::numeric) FROM duty_untold AS t GROUP BY log_id
"""
# Whose name must not be told any more, in a database that was put back too: by duty_subject. Of several people: only
# when none of them is left.
NAMELESS = """
    SELECT DISTINCT d.name FROM (
        SELECT log_id, subject FROM projections.duty_outlived WHERE log_id = %(log_id)s
        UNION ALL
        SELECT log_id, subject FROM ledger.revoked WHERE log_id = %(log_id)s
        UNION ALL
        SELECT log_id, stream FROM ledger.erased WHERE log_id = %(log_id)s AND position IS NULL
    ) AS gone
    JOIN projections.duty AS d ON d.log_id = gone.log_id AND d.subject = gone.subject
    WHERE d.type = 'recipient.notification_due' AND NOT d.sealed
    UNION
    SELECT d.name FROM projections.duty AS d
    WHERE d.log_id = %(log_id)s AND d.cohort IS NOT NULL AND d.type = 'recipient.notification_due' AND NOT d.sealed
      AND NOT EXISTS (SELECT FROM ledger.member AS m WHERE m.log_id = d.log_id AND m.position = d.position)
"""
# By duty_name; and whether its own name may still be told.
NAMED = """
    SELECT e.stream AS subject, e.log_id, e.position, e.bytes
    FROM projections.duty AS d
    JOIN ledger.entry AS e ON e.log_id = d.log_id AND e.position = d.position
    WHERE d.log_id = %(log_id)s AND d.position <= %(as_of)s AND d.name = ANY (%(names)s) AND d.type = ANY (%(types)s)
      AND NOT d.sealed
    ORDER BY d.position
"""
LEFT_OUT = """
    SELECT e.stream AS subject, e.log_id, e.position, e.bytes
    FROM projections.duty_untold AS u JOIN ledger.entry AS e ON e.log_id = u.log_id AND e.position = u.position
    WHERE u.log_id = %(log_id)s AND u.position <= %(as_of)s
    ORDER BY u.position
"""
# By duty_incident.
DETECTED = """
    SELECT e.stream AS subject, e.log_id, e.position, e.bytes
    FROM projections.duty AS d
    JOIN ledger.entry AS e ON e.log_id = d.log_id AND e.position = d.position
    WHERE d.log_id = %(log_id)s AND d.position <= %(as_of)s AND d.type LIKE 'incident.%%' AND NOT d.sealed
    ORDER BY d.position
"""
LIVING = """
    SELECT d.position FROM projections.duty AS d
    WHERE d.log_id = %(log_id)s AND d.position = ANY (%(positions)s::bigint[]) AND CASE
        WHEN d.cohort IS NULL THEN NOT EXISTS (
            SELECT FROM projections.duty_outlived AS o WHERE o.log_id = d.log_id AND o.subject = d.subject
        ) AND NOT EXISTS (SELECT FROM ledger.revoked AS v WHERE v.log_id = d.log_id AND v.subject = d.subject)
          AND NOT EXISTS (SELECT FROM ledger.erased AS g WHERE g.log_id = d.log_id AND g.stream = d.subject)
        ELSE EXISTS (SELECT FROM ledger.member AS m WHERE m.log_id = d.log_id AND m.position = d.position)
    END
"""
# By correction_target.
CORRECTING = """
    SELECT e.stream AS subject, e.log_id, e.position, e.bytes
    FROM unnest(%(sources)s::text[], %(ids)s::text[]) AS t (source, id)
    JOIN projections.correction AS c
      ON c.log_id = %(log_id)s AND c.position <= %(as_of)s AND c.source = t.source AND c.id = t.id
    JOIN ledger.entry AS e ON e.log_id = c.log_id AND e.position = c.position
"""

DUTIES = Projection(
    name="duties",
    version=2,
    tables=("duty", "duty_outlived", "duty_untold"),
    definition=DEFINITION,
    folds=(Fold((*NOTICES, *INCIDENTS), FOLD), Fold(("key.destroyed",), OUTLIVED), Fold(("key.destroyed",), UNTOLD)),
    digest=DIGEST,
)


def nameless(connection: Connection[Any], as_of: Mapping[int, int], now: datetime) -> list[Owed]:
    """Return the notices that are still known by their names alone: their person is forgotten, or is to be.

    An answer that comes after she is forgotten is found by the notice's name, whoever it is recorded about. Who is
    forgotten, or is to be, is so now, whatever was known then.

    Args:
        connection: A reader's.
        as_of: What was known at these positions, one of each log.
        now: As it stood at this moment.
    """
    names = sorted({row[0] for log_id in as_of for row in connection.execute(NAMELESS, {"log_id": log_id}).fetchall()})
    if not names:
        return []
    wanted = {"names": names, "types": list(NOTICES)}
    facts = [each for each in _counting(connection, as_of, NAMED, wanted) if each.time <= now]
    found = [each for each in notices(facts) if not _lives(connection, each.fact)]
    return [of_notice(each, None, due_of(each)) for each in found]


def left_out(connection: Connection[Any], as_of: Mapping[int, int], now: datetime) -> list[Owed]:
    """Return whom the company decided not to tell when it forgot somebody, and why; nobody is named.

    Args:
        connection: A reader's.
        as_of: What was known at these positions, one of each log.
        now: As it stood at this moment.
    """
    found = [
        fact(row)
        for log_id, position in as_of.items()
        for row in select(connection, LEFT_OUT, {"log_id": log_id, "as_of": position}, Row)
    ]
    return [
        Owed(
            name_of(TELL, each.data["receipt_id"], number), TELL, str(each.data["untold_because"]), None, None,
            without_law(None), each.stated, each.stated, recipient=one["recipient_id"], change=one["change"],
            categories=one["categories"], positions=[each.position],
        )
        for each in found
        if each.time <= now
        for number, one in enumerate(each.data["untold"])
    ]  # fmt: skip


def incidents(connection: Connection[Any], as_of: Mapping[int, int], now: datetime) -> list[Owed]:
    """Return what every incident obliges to, at a moment; those of which an order forbids to tell are not among them.

    Args:
        connection: A reader's.
        as_of: What was known at these positions, one of each log: an incident's facts may be about persons of any.
        now: The moment.
    """
    facts = _counting(connection, as_of, DETECTED, {})
    return of_incidents((each for each in facts if each.time <= now), now)


def _counting(
    connection: Connection[Any], as_of: Mapping[int, int], statement: LiteralString, wanted: dict[str, Any]
) -> list[Fact]:
    """Return the facts that a statement finds and that count: what voids or corrects them is looked for."""
    places = ({"log_id": log_id, "as_of": position} for log_id, position in as_of.items())
    return [each for place in places for each in _counting_in(connection, place, statement, wanted)]


def _counting_in(
    connection: Connection[Any], place: dict[str, int], statement: LiteralString, wanted: dict[str, Any]
) -> Iterable[Fact]:
    found = [fact(row) for row in select(connection, statement, wanted | place, Row)]
    corrections: list[Fact] = []
    fresh = found
    while fresh:
        named = place | {"sources": [each.source for each in fresh], "ids": [each.id for each in fresh]}
        known = {each.position for each in corrections}
        fresh = [fact(row) for row in select(connection, CORRECTING, named, Row) if row.position not in known]
        corrections += fresh
    return [each for each in counting([*found, *corrections]) if each.type in {*NOTICES, *INCIDENTS}]


def _lives(connection: Connection[Any], due: Fact) -> bool:
    """Tell whether a notice is told with its person."""
    wanted = {"log_id": due.log_id, "positions": [due.position]}
    return bool(connection.execute(LIVING, wanted).fetchall())
