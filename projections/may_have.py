"""Who may have a person's data though nothing says so: who had an agreement for it, and is in no fact about her.

The list of who did receive it is another one. This one is for what no service recorded: of each recipient with an
agreement that covers something held on her while it was in force, and to whom no disclosure is known. An agreement
covers the data that it names, and what is held for the purposes that it names or a kind of them; one that names neither
says nothing about what of hers it is for, and neither does the answer.

Source: PIPEDA, Schedule 1, 4.9.3: organisations to which it may have disclosed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.vocabulary.codes import covered, related
from projections import disclosures, holdings
from projections.held import DELETED, VERIFIED
from projections.history import LATEST, moment
from projections.person import rows

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import Connection

    from projections.held import Holding
    from projections.person import Person
    from projections.registers import Agreement, Registers


class MayHave(NamedTuple):
    """A recipient that may have her data."""

    recipient: str
    """The company's name for it."""
    recipient_name: str | None
    """As the register has it; None if it is in none."""
    recipient_address: str | None
    recipient_kind: str | None
    agreement: str
    """The company's name for the agreement."""
    since: datetime
    """From when it is in force."""
    until: datetime | None
    """None for no end."""
    categories: list[str] | None
    """What was held on her and is covered; None if the agreement names neither data nor purposes."""
    any: bool
    """Whether it names neither."""


def of_person(connection: Connection[Any], person: Person, registers: Registers) -> list[MayHave]:
    """Return who may have a person's data, by name and agreement.

    Args:
        connection: A reader's.
        person: Whom.
        registers: Recipients and agreements, as of the same moment.
    """
    received = {each.recipient for each in rows(disclosures.of_subject, connection, person, limit=None).rows}
    held = holdings.of_person(connection, person, limit=None).rows
    agreed = {each.data["recipient_id"] for each in registers.every if each.type == "recipient.agreement_recorded"}
    found: list[MayHave] = []
    for recipient in sorted(agreed - received):
        entry = registers.recipient(recipient)
        known: dict[str, Any] = entry.data["recipient"] if entry is not None else {}
        for each in registers.agreements(recipient):
            kept = sorted({one.category for one in held if _covers(each, one)})
            unnamed = not each.categories and not each.purposes
            if kept and (person.valid_at is None or each.starts <= person.valid_at):
                found.append(MayHave(
                    recipient, known.get("name"), known.get("address"), known.get("kind"), each.agreement, each.starts,
                    each.until, None if unnamed else kept, unnamed,
                ))  # fmt: skip
    return found


def _covers(its: Agreement, holding: Holding) -> bool:
    """Tell whether an agreement is about something that was held while it was in force."""
    gone = [moment(each.time) for each in holding.deletions if each.state in {"done", VERIFIED}]
    ends = gone[0] if gone and holding.state in {DELETED, VERIFIED} else LATEST
    return (
        (not its.categories or any(related(holding.category, each) for each in its.categories))
        and (not its.purposes or any(covered(each, its.purposes) for each in holding.purposes))
        and its.starts <= ends
        and (its.until is None or moment(holding.since) < its.until)
    )
