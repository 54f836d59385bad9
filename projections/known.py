"""Whether a name that somebody asks about is any: in a register, or in any fact that she may know of.

An answer of nobody about a name that was mistyped would be believed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

from projections.across import LAST_POSITION, clearance
from projections.projection import select
from projections.recipients import AMONG, VISIBLE
from projections.retained import STATED
from projections.rules import RULES
from projections.together import FILES, SEQUENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg import Connection

READ = ("observed",)
"""The projection that keeps what was declared."""
TOLD: LiteralString = "(NOT d.sealed OR {alone} OR {among_them})".replace(
    "{alone}", VISIBLE.replace("{stream}", "d.subject")
).replace("{among_them}", AMONG.replace("{visible}", VISIBLE.replace("{stream}", "m.subject")))
"""Whether a fact may be told, of one of those whom it is about at least."""
# What was declared is little. Disclosures by disclosure_recipient, up to the first that may be told.
RECIPIENT: LiteralString = """
    SELECT EXISTS (
        SELECT FROM projections.declared AS r
        WHERE r.log_id = %(log_id)s AND r.act = 'recipient.registered' AND r.data #>> '{recipient,id}' = %(name)s
          AND r.position <= %(as_of)s
    ) OR EXISTS (
        SELECT FROM projections.disclosure AS d
        WHERE d.log_id = %(log_id)s AND d.recipient = %(name)s AND d.position <= %(as_of)s
          AND {told}
    ) AS known
""".replace("{told}", TOLD)
# Assents by assent_policy.
POLICY: LiteralString = """
    SELECT EXISTS (
        SELECT FROM projections.declared AS r
        WHERE r.log_id = %(log_id)s AND r.act = 'policy.published' AND r.data ->> 'policy' = %(name)s
          AND (%(version)s::text IS NULL OR r.data ->> 'version' = %(version)s) AND r.position <= %(as_of)s
    ) OR EXISTS (
        SELECT FROM projections.assent AS d
        WHERE d.log_id = %(log_id)s AND d.policy = %(name)s AND d.position <= %(as_of)s
          AND (%(version)s::text IS NULL OR d.version = %(version)s) AND {told}
    ) AS known
""".replace("{told}", TOLD)


# By finding_rule.
FOUND_BY: LiteralString = """
    SELECT EXISTS (
        SELECT FROM projections.finding AS f
        WHERE f.log_id = %(log_id)s AND f.rule = %(name)s AND f.sealed = ANY ('{false,true}')
          AND (NOT f.sealed OR %(everything)s OR coalesce(f.seal, '') = ANY(%(seals)s::text[]))
    ) AS known
"""
# Rules of retention are few.
RETENTION: LiteralString = """
    SELECT EXISTS (
        SELECT FROM projections.retention_register AS r
        JOIN ledger.entry AS e ON e.log_id = r.log_id AND e.position = r.position
        CROSS JOIN LATERAL (SELECT convert_from(e.bytes, 'UTF8')::jsonb -> 'data' AS data OFFSET 0) AS x
        WHERE r.log_id = %(log_id)s AND r.key = 'retention'
          AND x.data ->> 'rule' = %(name)s AND x.data ->> 'visibility' IS DISTINCT FROM 'sealed'
    ) AS known
"""


class Known(NamedTuple):
    """One log's word."""

    known: bool


def recipient(connection: Connection[Any], name: str, logs: Iterable[int], cleared: Sequence[str] | None = ()) -> bool:
    """Return whether a recipient is in the register, or ever received anything, by now: also of what was known earlier.

    Args:
        connection: A reader's.
        name: The company's own reference for it.
        logs: Which.
        cleared: Sealed streams that the reader may know of; None for all.
    """
    return _known(connection, RECIPIENT, {"name": name} | clearance(cleared), dict.fromkeys(logs, LAST_POSITION))


def policy(connection: Connection[Any], name: str, version: str | None, as_of: Mapping[int, int]) -> bool:
    """Return whether a policy was published, or anybody agreed to it; with a version, whether that one was.

    Args:
        connection: A reader's.
        name: The company's own name for it.
        version: Which of it; None for any.
        as_of: For each log the last position that is seen.
    """
    return _known(connection, POLICY, {"name": name, "version": version} | clearance(()), as_of)


def finding_rule(connection: Connection[Any], name: str, logs: Iterable[int], seals: Sequence[str] | None = ()) -> bool:
    """Return whether a rule is one of ours, or one by which an emitter found something.

    Args:
        connection: A reader's.
        name: Its code.
        logs: Which.
        seals: The orders behind which the reader may look, too; None for all of them.
    """
    if name in {FILES, SEQUENCE} or any(each.code == name for each in RULES):
        return True
    wanted = {"name": name, "everything": seals is None, "seals": list(seals or ())}
    return _known(connection, FOUND_BY, wanted, dict.fromkeys(logs, LAST_POSITION))


def retention_rule(connection: Connection[Any], name: str, logs: Iterable[int]) -> bool:
    """Return whether a rule of retention was ever set; what was stated at collection is one, too."""
    return name == STATED or _known(connection, RETENTION, {"name": name}, dict.fromkeys(logs, LAST_POSITION))


def _known(
    connection: Connection[Any], statement: LiteralString, wanted: Mapping[str, Any], as_of: Mapping[int, int]
) -> bool:
    return any(
        select(connection, statement, {**wanted, "log_id": log_id, "as_of": position}, Known)[0].known
        for log_id, position in as_of.items()
    )
