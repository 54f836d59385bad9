"""Carrying out a forgetting: may it be done, what is to be said of it, and done.

revoked ──grace──▶ due ──no hold──▶ destroyed
   │                ├──a hold, or a recipient to be told──▶ deferred, and tried again until none is left
   │                └──the request that it followed from is not granted any more──▶ restored
   └──taken back──▶ restored
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import orjson

from ledger import Held, Subject, fact_of
from ledger.vocabulary import parse_event
from projections import (
    corrections,
    erasure_requests,
    erasures,
    holdings,
    holds,
    identity,
    obligations,
    progress,
    timeline,
    union,
)
from projections.held import DELETED, VERIFIED
from projections.owed import UNTOLD
from projections.person import Part, Place
from projections.pins import Pins
from projections.resolution import person_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger import Fact, Ledger, Receipt
    from ledger.forget import Forgetting, Revoked
    from projections.owed import Owed

SOURCE = "/whosaw/forgetting"
MODE: Literal["dpv:Erase"] = "dpv:Erase"
"""What is done to everybody: not to be undone, and not physical, since media and backups stay."""
OWN = "whosaw"
"""The emitter of what the clock does by itself."""
ORDINARY_REASON = "dpv:LegalObligation"
"""Of every deferral, whatever the order behind it: one that must not be told gives this, so all of them do."""
UNTOLD_REASON = "whosaw:RecipientsUntold"
"""Of a deferral for which there is no order: a recipient is to be told first, which needs to know of whom."""
GROUND_GONE = "whosaw:GroundGone"
"""Of a forgetting that followed from a request, when the request is not granted any more."""
MOST_NAMED, ROOM_BYTES = 100, 13_000
"""Recipients that the entry can name, of those who were told, who were not, and who need not be each: an entry has
65,535 bytes."""
READ = ("holds", "holdings", "erasures", "erasure_requests", "identity", "corrections")
SURVIVES = (
    {"what": "whosaw:PseudonymousEntries", "reason": "dpv:LegalObligation"},
    {"what": "whosaw:Statistics", "reason": "dpv:LegalObligation"},
    {"what": "whosaw:EvidenceOfErasure", "reason": "whosaw:EvidenceOfErasure"},
)
"""What outlives every erasure: entries that name a random id, counts made before, and the entry that says so itself."""


class Terms(NamedTuple):
    """What the operator promises about copies."""

    backup_days: int
    """How long a backup, or an archive of the database's log, is kept."""


class Outcome(NamedTuple):
    """What came of trying."""

    state: Literal["destroyed", "deferred", "waiting", "restored"]
    receipt: Receipt | None = None
    """Of the entry that says so; none while it waits for the projections, or was deferred before."""


def new_receipt() -> str:
    """Return the name of a new erasure."""
    return f"erasure-{secrets.token_hex(8)}"


def fact_about(ledger: Ledger, kind: str, subject: Subject, data: Mapping[str, Any], emitter: str) -> Fact:
    """Return a fact of the ledger's own about one person, by her id."""
    event = {
        "specversion": "1.0",
        "id": secrets.token_hex(16),
        "source": SOURCE,
        "type": kind,
        "time": datetime.now(UTC).isoformat(timespec="microseconds"),
        "data": {
            "subjects": [{"id": subject.id, "role": "dpv:DataSubject"}],
            "actor": {"kind": "service", "id": "whosaw", "role": "whosaw:Ledger"},
            "system": "whosaw",
        }
        | dict(data),
    }
    return fact_of(ledger.hashes, parse_event(orjson.dumps(event)), emitter)


def held_by(ledger: Ledger, subject: Subject, seen: Mapping[int, int], *, sealed: bool) -> list[holds.Hold]:
    """Return the holds that stand over a person now.

    Args:
        ledger: Hers.
        subject: Whom.
        seen: For each log the position up to which holds are folded.
        sealed: Whether those count that must not be told: to decide whether to destroy they do.
    """
    pins = Pins(subject.log_id, seen[subject.log_id], seen)
    with ledger.connection() as connection:
        names = (
            union.everybody(connection, ledger, subject, pins)
            if sealed
            else (identity.aliases(connection, subject, pins).names)
        )
    streams = list(names)
    whose: dict[str, str] = {}
    if sealed:
        whose = {each.stream: name.id for name in names for each in ledger.sealed_streams(name)}
        homes = {name.id: name.log_id for name in names}
        streams += [Subject(each, homes[name]) for each, name in whose.items()]
    parts = [Part(each.log_id, each.id, seen[each.log_id]) for each in streams]
    with ledger.connection() as connection:
        changes = [each for each in holds.of_parts(connection, parts, seen, whose) if sealed or not each.sealed]
        # Hers are corrected by what is about her; those over everybody by what names nobody either.
        over = [each for each in changes if each.everybody and each.stream is not None]
        everybody = [Part(each.log_id, each.stream.hex, seen[each.log_id]) for each in over if each.stream is not None]
        # A release that was voided releases nothing, and a hold that was placed by mistake holds nothing.
        gone = {
            False: corrections.hidden(connection, ledger.hashes, parts, "current"),
            True: corrections.hidden(connection, ledger.hashes, everybody, "current")
            if everybody
            else frozenset[Place](),
        }
    return holds.standing(each for each in changes if Place(each.log_id, each.position) not in gone[each.everybody])


def other_names(ledger: Ledger, subject: Subject, seen: Mapping[int, int]) -> list[str]:
    """Return the ids of a person's other names, of those that are not forgotten and are not to be.

    Args:
        ledger: Hers.
        subject: Whom.
        seen: For each log the position up to which merges are folded.
    """
    with ledger.connection() as connection:
        names = identity.aliases(connection, subject, Pins(subject.log_id, seen[subject.log_id], seen)).names
    return [each.id for each in names if each != subject and ledger.find(each.id) is not None]


def carry_out(ledger: Ledger, forgetting: Forgetting, terms: Terms, revoked: Revoked) -> Outcome:
    """Forget a person whose time has come, unless something holds her, or recipients are to be told of a change first.

    Then say so, once, and leave her as she is. If it followed from a request that is not granted any more, since its
    answer was voided or she turned out to be somebody else, it is taken back instead.

    Safe to call again and again, and from several processes.

    Raises:
        Unavailable: The database does not answer. Retry.
    """
    subject = revoked.subject
    # Not the logs' ends, which move on: what is recorded after these positions is looked at under the lock.
    logs = range(len(ledger.recorders))
    with ledger.connection() as connection:
        seen = {log_id: progress.reached(connection, log_id, READ) for log_id in logs}
        known = erasures.steps(connection, revoked.receipt, logs)
    if _ground_gone(ledger, subject, known, seen):
        data = {"receipt_id": revoked.receipt, "reason": GROUND_GONE}
        # Held if somebody was faster, or if it had begun already: then it is ended, for there is no way back.
        with suppress(Held):
            fact = fact_about(ledger, "subject.restored", subject, data, OWN)
            return Outcome("restored", forgetting.restore(subject, fact))
    standing = held_by(ledger, subject, seen, sealed=True)
    if standing:
        return _deferred(ledger, revoked, standing, known)
    decided: dict[str, Any] = {}
    for step in known:
        decided = step.data if step.act == "subject.revoked" else decided
    with ledger.connection() as connection:
        notices, unowed = obligations.telling(connection, subject, seen[subject.log_id], datetime.now(UTC))
    untold = [each for each in notices if each.state in UNTOLD]
    because: str | None = decided.get("untold")
    if untold and because is None:
        return _waiting(ledger, revoked, known)
    counted = forgetting.count(subject)
    confirmed, still, copies = _systems(ledger, subject, seen[subject.log_id])
    data: dict[str, Any] = {
        "mode": MODE,
        "reason": decided.get("reason", "whosaw:CustomerAsked"),
        **counted._asdict(),
        "other_names": len(other_names(ledger, subject, seen)),
        "backups_until": (datetime.now(UTC) + timedelta(days=terms.backup_days)).isoformat(timespec="seconds"),
        "systems_confirmed": confirmed,
        "systems_open": still,
        "systems_backups_until": copies,
        "survives": list(SURVIVES),
    }
    told = [_notice(each) | _answered(each) for each in notices if each.state not in UNTOLD]
    left = [_notice(each) for each in untold]
    free = [_named(each.recipient, each.name, each.categories) for each in unowed]
    some, others, rest = _fitting(told), _fitting(left), _fitting(free)
    data |= {"told": some} if some else {}
    data |= {"untold": others, "untold_because": because} if others else {}
    data |= {"not_owed": rest} if rest else {}
    more = len(told) + len(left) + len(free) - len(some) - len(others) - len(rest)
    data |= {"recipients_more": more} if more else {}
    try:
        return Outcome("destroyed", forgetting.shred(subject, data, revoked.receipt, seen))
    except Held:
        # Something was recorded since we looked, or another process was faster: look again at the next turn.
        return Outcome("waiting")


def _notice(its: Owed) -> dict[str, Any]:
    """Return whom the entry names, told or not, without the company's name for the notice: that leads to her."""
    return _named(its.recipient, its.recipient_name, its.categories) | {"change": its.change}


def _named(recipient: str | None, name: str | None, categories: list[str]) -> dict[str, Any]:
    return {"recipient_id": recipient, "categories": categories[:100]} | ({"name": name} if name else {})


def _answered(its: Owed) -> dict[str, Any]:
    told = [each.time for each in its.steps if each.act == "sent"]
    answered = [each.time for each in its.steps if each.act == "answered"]
    known = {"outcome": its.outcome, "told_at": told[-1:], "answered_at": answered[-1:]}
    return {name: value if isinstance(value, str) else value[0] for name, value in known.items() if value}


def _fitting(named: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return as many as the entry has room for."""
    room, found = ROOM_BYTES, list[dict[str, Any]]()
    for each in named[:MOST_NAMED]:
        room -= len(orjson.dumps(each))
        if room < 0:
            break
        found.append(each)
    return found


def _ground_gone(ledger: Ledger, subject: Subject, known: list[erasures.Step], seen: Mapping[int, int]) -> bool:
    """Return whether the clock began it for a request that is not granted any more. An officer's decision stands."""
    decided = [step for step in known if step.act == "subject.revoked"][-1:]
    request = decided[0].data.get("request_ref") if decided else None
    entry = ledger.entry(decided[0].log_id, decided[0].position) if request is not None else None
    if entry is None or entry.json()["emitter"] != OWN:
        return False
    pins = Pins(subject.log_id, seen[subject.log_id], seen)
    with ledger.connection() as connection:
        person = person_of(connection, ledger.hashes, subject, pins, revoked=True)
        return not erasure_requests.still_granted(connection, person, str(request))


def _deferred(ledger: Ledger, revoked: Revoked, standing: list[holds.Hold], known: list[erasures.Step]) -> Outcome:
    """Record that it has to wait; again only if another hold came since. No hold is named: one may be sealed."""
    last = max((step.time for step in known if step.act == "erasure.deferred"), default=None)
    with ledger.connection() as connection:
        placed = [timeline.appended(connection, hold.log_id, hold.position) for hold in standing]
    if last is not None and all(each is None or datetime.fromisoformat(each) <= last for each in placed):
        return Outcome("deferred")
    return _say_deferred(ledger, revoked, ORDINARY_REASON)


def _waiting(ledger: Ledger, revoked: Revoked, known: list[erasures.Step]) -> Outcome:
    """Record that recipients are to be told first; once, until another reason came between."""
    last = [step for step in known if step.act == "erasure.deferred"][-1:]
    if any(step.data["reason"] == UNTOLD_REASON for step in last):
        return Outcome("deferred")
    return _say_deferred(ledger, revoked, UNTOLD_REASON)


def _say_deferred(ledger: Ledger, revoked: Revoked, reason: str) -> Outcome:
    data = {"receipt_id": revoked.receipt, "reason": reason}
    fact = fact_about(ledger, "erasure.deferred", revoked.subject, data, OWN)
    return Outcome("deferred", ledger.append([fact])[0])


def _systems(ledger: Ledger, subject: Subject, at: int) -> tuple[list[str], list[str], str | None]:
    """Return the systems that reported their own deletion of all that they held, and those that have not.

    And the day by which the last backup that any of them spoke of is gone; None if none did.
    """
    with ledger.connection() as connection:
        found = holdings.of_subject(connection, subject, at, limit=None).rows
    systems = {each.system for each in found if each.system is not None}
    still = {each.system for each in found if each.system is not None and each.state not in {DELETED, VERIFIED}}
    until = [step.backups_until for each in found for step in each.deletions if step.backups_until is not None]
    return sorted(systems - still)[:100], sorted(still)[:100], max(until, default=None)
