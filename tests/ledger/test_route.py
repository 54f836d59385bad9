"""What a fact that names nobody corrects may be in any log: it is kept beside that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger import Reference
from tests.ledger.facts import fact, used

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger import Ledger

PEOPLE = [f"C-{number}" for number in range(60)]


def voiding(event_id: str, target: str) -> dict[str, Any]:
    whole = used(event_id, "nobody")
    data = {"actor": whole["data"]["actor"], "reason": "whosaw:NeverHappened"}
    return whole | {
        "type": "event.voided",
        "data": data | {"target": {"source": whole["source"], "id": target}},
    }


def test_a_correction_that_names_nobody_goes_to_the_log_of_what_it_corrects(make_ledger: Callable[..., Ledger]) -> None:
    ledger = make_ledger(logs=3)
    events = [used(f"e-{each}", each) for each in PEOPLE]
    homes = {receipt.id: receipt.log_id for receipt in ledger.append([fact(ledger, each) for each in events])}
    assert set(homes.values()) == {0, 1, 2}
    voidings = [fact(ledger, voiding(f"v-{each}", f"e-{each}")) for each in PEOPLE]
    first = ledger.append(voidings)
    assert [receipt.log_id for receipt in first] == [homes[f"e-{each}"] for each in PEOPLE]
    again = ledger.append(voidings)
    assert [(each.log_id, each.position, each.repeated) for each in again] == [
        (each.log_id, each.position, True) for each in first
    ]


def test_one_about_people_of_several_logs_is_corrected_in_each(make_ledger: Callable[..., Ledger]) -> None:
    ledger = make_ledger(logs=3)
    (campaign,) = ledger.append([fact(ledger, used("e", *PEOPLE))])
    assert len(campaign.parts) == 2
    (voided,) = ledger.append([fact(ledger, voiding("v", "e"))])
    assert {voided.log_id, *(each.log_id for each in voided.parts)} == {0, 1, 2}


def test_one_that_came_before_what_it_corrects_stays_where_it_was_recorded(make_ledger: Callable[..., Ledger]) -> None:
    ledger = make_ledger(logs=3)
    early = [fact(ledger, voiding(f"v-{each}", f"e-{each}")) for each in PEOPLE]
    first = ledger.append(early)
    ledger.append([fact(ledger, used(f"e-{each}", each)) for each in PEOPLE])
    again = ledger.append(early)
    assert [(each.log_id, each.position) for each in again] == [(each.log_id, each.position) for each in first]
    assert sum(log.size for log in ledger.logs()) == 2 * len(PEOPLE)
    assert ledger.lookup(Reference("customer", "C-1")) is not None
