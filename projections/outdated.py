"""Which accounts that were issued would be different now, by what was recorded since: what came late or was undone.

An account tells of the time of its position. A fact that is recorded later and had happened by then would have been in
it; one that was voided or replaced since would not. Rows follow from all that counts about a person (see `derived`,
and `earlier` for those of then). An order's end is `seals`' question.
"""

from __future__ import annotations

from heapq import merge
from operator import attrgetter
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple
from uuid import UUID

from projections.derived import Derived
from projections.earlier import page
from projections.held import REFUSALS
from projections.histories import read
from projections.history import whole
from projections.law.rights import ERASURE
from projections.projection import select

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from psycopg import Connection

    from projections.history import Fact, History
    from projections.registers import Registers

NAME = "outdated"
LATE, VOIDED, CORRECTED = "whosaw:ArrivedLate", "whosaw:VoidedSince", "whosaw:CorrectedSince"
RESTORED, MERGED, PARTED = "whosaw:CountsAgain", "whosaw:MergedSince", "whosaw:PartedSince"
ISSUED = "account.issued"
TOLD = (
    "data.collected", "data.rectified", "data.erased", "data.disclosed", "data.viewed", "data.used", "policy.assented",
    "request.received", "request.answered", "disclosure.onward_reported",
)  # fmt: skip
"""The facts that accounts tell of. Questions to the ledger are told, too, but never arrive late."""
TYPES = (ISSUED, *TOLD)

DEFINITION = """
    CREATE TABLE outdated (
        log_id   smallint    NOT NULL,
        subject  uuid        NOT NULL,
        position bigint      NOT NULL,
        fact     bigint      NOT NULL,
        target   bigint      NOT NULL,
        account  text        NOT NULL,
        language text        NOT NULL,
        covered  bigint      NOT NULL,
        issued   timestamptz NOT NULL,
        why      text        NOT NULL,
        type     text        NOT NULL,
        stream   uuid        NOT NULL,
        stated   text        NOT NULL,
        time     timestamptz NOT NULL,
        recorded timestamptz NOT NULL,
        PRIMARY KEY (log_id, subject, position, fact, target)
    );
    CREATE INDEX outdated_issued ON outdated (log_id, issued, position, subject)
"""
# By outdated_issued in its own order; the account's time by the primary key of ledger.entry, a probe each.
ACROSS: LiteralString = """
    SELECT o.log_id, o.subject, o.position, o.account, o.language, o.covered, o.issued,
           jsonb_agg(jsonb_build_array(o.why, o.fact, nullif(o.target, 0), o.type, o.stated,
                     to_char(o.recorded AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'))
                     ORDER BY o.fact, o.target)
    FROM projections.outdated AS o
    CROSS JOIN LATERAL (
        SELECT (convert_from(e.bytes, 'UTF8')::jsonb ->> 'appended')::timestamptz AS told_of
        FROM ledger.entry AS e WHERE e.log_id = o.log_id AND e.position = o.covered
        OFFSET 0
    ) AS c
    WHERE o.log_id = %(log_id)s AND o.issued >= %(since)s
      AND (o.issued, o.position, o.subject) > (%(issued)s, %(position)s, %(subject)s)
      AND (o.why <> 'whosaw:ArrivedLate' OR o.time <= c.told_of)
      AND NOT EXISTS (
        SELECT FROM ledger.revoked AS r WHERE r.log_id = o.log_id AND r.subject IN (o.subject, o.stream)
      )
    GROUP BY o.log_id, o.issued, o.position, o.subject, o.account, o.language, o.covered
    ORDER BY o.issued, o.position, o.subject
    LIMIT %(limit)s
"""
# By primary key.
APPENDED = """
    SELECT (convert_from(bytes, 'UTF8')::jsonb ->> 'appended')::timestamptz AS moment
    FROM ledger.entry WHERE log_id = %(log_id)s AND position = %(position)s
"""
LAST_POSITION = 2**63 - 1
NOBODY = UUID(int=0)


class Cause(NamedTuple):
    """A fact that would have made an account different."""

    why: str
    """A code: it arrived late, voided or corrected another, made another count again, or joined or parted her names."""
    position: int
    target: int | None
    """Position of the fact that it undoes."""
    type: str
    time: str
    """When it happened, as its emitter wrote it."""
    recorded: str
    """RFC 3339."""


class Outdated(NamedTuple):
    """One account that was issued and would be different now."""

    log_id: int
    subject: UUID
    position: int
    """Of the entry that says that it was issued."""
    account: str
    language: str
    covered: int
    """The position that it stands on."""
    issued: datetime
    because: list[Cause]
    """In the order recorded."""


class Cursor(NamedTuple):
    """Where a page ended."""

    issued: datetime
    log_id: int
    position: int
    subject: UUID


class _Moment(NamedTuple):
    moment: datetime


def of_history(person: History) -> Iterator[tuple[Fact, str, Fact, int]]:
    """Yield each account issued to a person with each fact since that makes it outdated: why, and what it undoes. Pure.

    What arrived late is among it if it had happened when the account was issued. Whether it had happened by the time of
    the position that the account stands on, whoever reads decides: that entry may be about somebody else.
    """
    merges = {each.name: each.position for each in person.of("subject.merged")}
    for account in person.of(ISSUED):
        elsewhere = any(
            _told(each) and each.position <= account.data["position"] and each.subject != account.subject
            for each in person.facts
        )
        for each in person.facts:
            if each.position > account.data["position"]:
                yield from _came(account, each, merges, elsewhere=elsewhere)
        for fact, by in person.gone:
            if fact.position <= account.data["position"] < by.position:
                yield from _went(account, fact, by)


def _came(
    account: Fact, each: Fact, merges: Mapping[tuple[str, str], int], *, elsewhere: bool
) -> Iterator[tuple[Fact, str, Fact, int]]:
    if _told(each) and each.time <= account.appended:
        yield account, LATE, each, 0
    elif each.type == "subject.merged" and elsewhere:
        yield account, MERGED, each, 0
    elif each.type == "subject.split":
        undone = merges.get((each.data["undoes"]["source"], each.data["undoes"]["id"]))
        if undone is not None and undone <= account.data["position"]:
            yield account, PARTED, each, undone


def _went(account: Fact, fact: Fact, by: Fact) -> Iterator[tuple[Fact, str, Fact, int]]:
    if _told(fact):
        yield account, CORRECTED if by.type == "event.corrected" else VOIDED, by, fact.position
    elif fact.type in {"event.voided", "event.corrected"}:
        yield account, RESTORED, by, fact.position


def _told(fact: Fact) -> bool:
    """Return whether an account tells of a fact."""
    data = fact.data
    match fact.type:
        case "data.collected":
            return data.get("retained") is not False
        case "data.erased":
            return data.get("holder") is None
        case "request.received":
            return data.get("right") in ERASURE
        case "request.answered":
            return data.get("outcome") in REFUSALS
        case _:
            return fact.type in TOLD


def _rows(person: History, registers: Registers) -> dict[str, list[tuple[Any, ...]]]:
    del registers
    return {
        "outdated": [
            (
                person.log_id, UUID(hex=account.subject), account.position, each.position, target,
                account.data["account_id"], account.data["language"], account.data["position"], account.appended, why,
                each.type, UUID(hex=each.subject), each.stated, each.time, each.appended,
            )
            for account, why, each, target in of_history(person)
        ]
    }  # fmt: skip


OUTDATED = Derived(
    name=NAME, version=2, questions=("outdated",), definitions=DEFINITION, types=TYPES, derive=_rows, needs=(ISSUED,)
)  # fmt: skip


def across(
    connection: Connection[Any],
    logs: Iterable[int],
    since: datetime,
    *,
    after: Cursor | None = None,
    limit: int = 100,
    sealed: Sequence[Outdated] = (),
    as_of: Mapping[int, int] | None = None,
) -> tuple[list[Outdated], Cursor | None]:
    """Return accounts that would be different now, by when they were issued, and the cursor to go on after.

    Args:
        connection: A reader's.
        logs: Which.
        since: Those issued at or after this time.
        after: The cursor of the page before.
        limit: The most rows, at least 1.
        sealed: What the reader is cleared for besides; see `behind`.
        as_of: For each log the last position that is seen; None for the newest state.
    """
    found: list[list[Outdated]] = []
    for log_id in logs:
        wanted = parameters(log_id, since, after) | {"limit": limit + 1}
        rows = page(connection, OUTDATED, as_of, log_id, ACROSS, wanted, Outdated, _place)
        found.append([row._replace(because=[Cause(*each) for each in row.because]) for row in rows])
    known: dict[tuple[int, int, UUID], Outdated] = {}
    more = [each for each in sealed if each.issued >= since and (after is None or _place(each) > after)]
    for each in merge(*found, sorted(more, key=_place), key=_place):
        key = (each.log_id, each.position, each.subject)
        other = known.get(key)
        both = each.because if other is None else [*other.because, *each.because]
        known[key] = each._replace(because=sorted(both, key=attrgetter("position")))
    told = list(known.values())
    return (told, None) if len(told) <= limit else (told[:limit], _place(told[limit - 1]))


def behind(connection: Connection[Any], log_id: int, owner: str, streams: Sequence[str], upto: int) -> list[Outdated]:
    """Return the accounts of one person that what is behind seals would make different, for whoever is cleared for it.

    Args:
        connection: A reader's.
        log_id: Hers.
        owner: Her id.
        streams: Her sealed streams.
        upto: Nothing recorded after this position is seen.
    """
    person = whole(log_id, [owner, *streams], upto, read(connection, log_id, [owner, *streams], upto, TYPES))
    found: dict[int, Outdated] = {}
    for account, why, each, target in of_history(person):
        if each.subject not in streams or why == MERGED:
            continue
        covered = {"log_id": log_id, "position": account.data["position"]}
        told_of = select(connection, APPENDED, covered, _Moment)
        if not told_of or (why == LATE and each.time > told_of[0].moment):
            continue
        cause = Cause(why, each.position, target or None, each.type, each.stated, each.appended.isoformat())
        known = found.get(account.position) or Outdated(
            log_id, UUID(hex=owner), account.position, account.data["account_id"], account.data["language"],
            account.data["position"], account.appended, [],
        )  # fmt: skip
        found[account.position] = known._replace(because=[*known.because, cause])
    return list(found.values())


def _place(each: Outdated) -> Cursor:
    return Cursor(each.issued, each.log_id, each.position, each.subject)


def parameters(log_id: int, since: datetime, after: Cursor | None) -> dict[str, Any]:
    """Return what the statement takes but for `limit`: the page before ended in one log, and passed lower ones then."""
    wanted: dict[str, Any] = {"log_id": log_id, "since": since}
    if after is None:
        return wanted | {"issued": since, "position": 0, "subject": NOBODY}
    if log_id == after.log_id:
        return wanted | {"issued": after.issued, "position": after.position, "subject": after.subject}
    passed = LAST_POSITION if log_id < after.log_id else 0
    return wanted | {"issued": after.issued, "position": passed, "subject": NOBODY}
