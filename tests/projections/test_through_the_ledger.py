"""What services emit, recorded by the real writer, answers the questions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ledger import Keys, Ledger, Reference, fact_of
from ledger.migrate import create_logs
from ledger.vocabulary import parse_event
from projections import disclosures, holdings, policies, progress, timeline, views
from projections.follow import Follower
from projections.install import install
from tests.projections.given import COLLECTOR

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ledger import Receipt

NAME = "ledger.example/test"
WAIT_SECONDS = 30
HUMAN = {"kind": "human", "id": "emp-017", "role": "whosaw:SupportAgent"}
SERVICE = {"kind": "service", "id": "billing-engine", "role": "whosaw:BillingService"}


class Emitter:
    """Emits events, waits until they are projected, and reads as the API does."""

    def __init__(self, ledger: Ledger, follower: Follower, reader: psycopg.Connection[Any]) -> None:
        self.ledger = ledger
        self.follower = follower
        self.reader = reader
        self._count = 0

    def emit(self, type_: str, *customers: str, **data: Any) -> Receipt:
        self._count += 1
        event: dict[str, Any] = {
            "specversion": "1.0", "id": f"ev-{self._count}", "source": "/services/billing", "type": type_,
            "time": "2026-11-01T10:00:00-05:00", "data": {"actor": SERVICE, "system": "crm"} | data,
        }  # fmt: skip
        if customers:
            event["data"]["subjects"] = [
                {
                    "reference": {"kind": "customer", "value": each},
                    "role": "dpv:Customer",
                }
                for each in customers
            ]
        (receipt,) = self.ledger.append([fact_of(self.ledger.hashes, parse_event(orjson.dumps(event)), "key-1")])
        for part in (receipt, *receipt.parts):
            assert self.follower.wait(part.log_id, part.position, WAIT_SECONDS)
        return receipt

    def ask(self, question: Any, customer: str) -> list[Any]:
        subject = self.ledger.lookup(Reference("customer", customer))
        assert subject is not None
        names = ["holdings", "disclosures", "views", "policies"]
        return question.of_subject(self.reader, subject, progress.reached(self.reader, subject.log_id, names)).rows


@pytest.fixture
def emitter(database: str, tmp_path: Path) -> Iterator[Emitter]:
    create_logs(database, NAME, 3)
    install(database)
    with (
        Ledger(database, Keys.create(tmp_path / "keys", NAME, 3), durable=False) as ledger,
        Follower(database) as follower,
        psycopg.connect(make_conninfo(database, options="-c role=whosaw_api"), autocommit=True) as reader,
    ):
        yield Emitter(ledger, follower, reader)


COLLECTED: dict[str, Any] = {
    "categories": ["pd:Name", "pd:EmailAddress"], "purposes": ["dpv:ServiceProvision"], "context": "whosaw:SignUp",
    "channel": "whosaw:Web", "origin": "subject", "basis": "ca-pipeda:consent", "retained": True,
}  # fmt: skip
DISCLOSED: dict[str, Any] = {
    "recipient": COLLECTOR, "categories": ["pd:Name"], "purpose": "dpv:CustomerClaimsManagement",
    "recipient_purpose": None, "basis": "ca-qc-p39.1:18-9", "initiative": "controller", "mode": "transmitted",
}  # fmt: skip


def test_a_customers_life_is_answered(emitter: Emitter) -> None:
    emitter.emit("data.collected", "C-1", **COLLECTED)
    emitter.emit(
        "data.viewed",
        "C-1",
        actor=HUMAN,
        categories=["pd:Name"],
        purpose="dpv:CustomerCare",
        view="detail",
        result_count=1,
    )
    emitter.emit("data.disclosed", "C-1", **DISCLOSED)
    emitter.emit(
        "policy.assented",
        "C-1",
        policy="privacy",
        version="2009-05-01",
        mode="deemed_by_use",
        evidence=None,
    )
    emitter.emit("data.erased", "C-1", categories=["pd:EmailAddress"], mode="erase", state="done")
    assert [(each.category, each.state) for each in emitter.ask(holdings, "C-1")] == [
        ("pd:EmailAddress", "deleted"),
        ("pd:Name", "held"),
    ]
    (disclosure,) = emitter.ask(disclosures, "C-1")
    assert disclosure.recipient_name == COLLECTOR["name"]
    (look,) = emitter.ask(views, "C-1")
    assert (look.actor_kind, look.actor_role) == ("human", "whosaw:SupportAgent")
    assert look.actor == emitter.ledger.hashes.actor("emp-017")
    assert [each.mode for each in emitter.ask(policies, "C-1")] == ["deemed_by_use"]
    moments = emitter.ask(timeline, "C-1")
    assert [each.sequence for each in moments] == [5, 4, 3, 2, 1]
    subject = emitter.ledger.lookup(Reference("customer", "C-1"))
    assert subject is not None
    assert [each.bytes for each in emitter.ledger.entries(subject, 0, 10)] == [each.bytes for each in moments[::-1]]


def test_a_campaign_over_all_logs_shows_in_each_persons_answer(
    emitter: Emitter,
) -> None:
    people = [f"C-{number}" for number in range(300)]
    receipt = emitter.emit("data.disclosed", *people, **DISCLOSED)
    assert len(receipt.parts) > 1
    for customer in people[::29]:
        (one,) = emitter.ask(disclosures, customer)
        assert one.recipient == "collections-north"


def test_a_sealed_fact_is_in_no_answer_about_her(emitter: Emitter) -> None:
    emitter.emit("data.collected", "C-1", **COLLECTED)
    before = [emitter.ask(question, "C-1") for question in (holdings, disclosures, views, policies, timeline)]
    emitter.emit("data.disclosed", "C-1", **DISCLOSED, visibility="sealed")
    assert [emitter.ask(question, "C-1") for question in (holdings, disclosures, views, policies, timeline)] == before
