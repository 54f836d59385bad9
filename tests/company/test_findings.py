"""What the rules find in the sample company: in its stories exactly what they were planted for, and little beside."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson
import psycopg
import pytest

from examples.company.company import SEED, events
from examples.company.stories import STORIES
from ledger import Ledger, Reference, fact_of
from ledger.vocabulary import parse_event
from projections import FINDINGS
from projections.follow import follower_dsn
from projections.install import install
from projections.projection import Batch

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL = "SELECT subject, rule, outcome, reason, recipient, sealed FROM finding ORDER BY position, rule"
OF_EVERYBODY = {("RuleGround", "whosaw:ReferenceUnknown"), ("RulePurpose", "whosaw:PurposeNotDeclared")}
"""The carrier is told of every new line without the order's number; fraud scores are for a purpose that the policy of
2009 does not know."""
SOME = {("RuleGround", "whosaw:ConsentNotOnRecord"), ("RuleCollection", "whosaw:NotCollectedFor")}
"""The credit bureau, on a consent that nobody recorded: a quarter of all who sign up. A fraud score that was made to
find fraud also serves to verify who somebody is."""
Found = Counter[tuple[str, str, str | None]]


@pytest.fixture
def found(ledger: Ledger, database: str) -> Iterator[list[Any]]:
    """Every finding on the whole sample."""
    facts = [fact_of(ledger.hashes, parse_event(orjson.dumps(event)), "key-sample") for event in events(SEED, 1)]
    for start in range(0, len(facts), 1_000):
        ledger.append(facts[start : start + 1_000])
    install(database)
    with psycopg.connect(follower_dsn(database), autocommit=True) as connection:
        with connection.transaction(), connection.cursor() as cursor:
            FINDINGS.fold(cursor, Batch(0, 0, ledger.head(0)))
        yield connection.execute(ALL).fetchall()


def about(ledger: Ledger, found: list[Any], story: str) -> Found:
    """What is found about a story's one customer, beside what is found about everybody."""
    subject = ledger.lookup(Reference("customer", f"C-{1000 + STORIES[story].number}"))
    assert subject is not None
    hers = [row for row in found if row[0].hex == subject.id]
    named = [(row[1].removeprefix("whosaw:"), row[3], row[4]) for row in hers]
    return Counter(each for each in named if each[:2] not in OF_EVERYBODY | SOME)


def test_the_stories_give_exactly_these_findings(ledger: Ledger, found: list[Any]) -> None:
    withdrawn = "dpv:ConsentWithdrawn"
    assert {story: dict(about(ledger, found, story)) for story in STORIES} == {
        "curious_employee": {
            ("RuleLookup", "whosaw:NoTicket", None): 37,
            ("RuleVolume", "whosaw:TooManyLooks", None): 1,
        },
        "gag_order_about_to_lapse": {},
        "access_request_on_day_28": {},
        "deletion_one_processor_never_confirmed": {},
        "marketing_after_unsubscribe": {
            ("RuleWithdrawal", withdrawn, "marketing-firm"): 2,
            ("RuleGround", withdrawn, "marketing-firm"): 2,
            ("RuleWithdrawal", withdrawn, None): 2,
        },
        "erased_customer": {},
        "debt_sold_while_disputed": {
            ("RuleDisputedDebt", "whosaw:DebtDisputed", "debt-buyer"): 1,
            ("RuleGround", "whosaw:ClaimSold", "debt-buyer"): 1,
            # She has left: her calls and payments are past their time one day, if nothing is done.
            ("RuleRetention", "whosaw:PastRetention", None): 2,
        },
    }
    open_rules = Counter(row[1].removeprefix("whosaw:") for row in found if not row[5])
    assert (open_rules["RuleInvestigation"], open_rules["RuleContradiction"], open_rules["RuleDeletion"]) == (3, 2, 0)
    assert open_rules["RuleCollection"] == 32, "fraud scores by which somebody's identity was verified"
    assert open_rules["RuleRetention"] == 19, "of who has left, some from a day that is still to come"
    assert open_rules["RuleRecipient"] == open_rules["RuleFuture"] == 0
    assert open_rules["RuleLate"] == open_rules["RuleWider"] == 1, "the parcel's papers, and the subpoena"
    sealed = [(row[1], row[3]) for row in found if row[5]]
    assert sealed == [("whosaw:RuleSeal", "whosaw:SealTooWide"), ("whosaw:RuleSeal", "whosaw:SealExpired")], (
        "the order without an end, and the gag order, from when it lapses"
    )
