"""The main job: services emit, an officer asks, a person receives her account."""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from ledger.checkpoint import open_checkpoint
from ledger.merkle import leaf_hash
from tests.api.conftest import PURPOSE, WAIT, event

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.api.conftest import Service


@pytest.mark.parametrize("logs", [1, 3])
def test_what_services_emit_is_answered_and_reported(start: Callable[..., Service], logs: int) -> None:
    service = start(logs=logs)
    collected, disclosed, viewed = service.record(
        event("data.collected"), event("data.disclosed"), event("data.viewed")
    )
    assert [collected["sequence"], disclosed["sequence"], viewed["sequence"]] == [1, 2, 3]
    assert collected["checkpoint"] >= collected["position"]
    subject = service.look_up("C-1")
    assert subject == collected["stream"]
    path = f"/v1/subjects/{subject}"
    seen = f"?min_position={viewed['position']}"

    held = service.ask(f"{path}/holdings{seen}").json()
    assert {item["category"] for item in held["items"]} == {"pd:Name", "pd:EmailAddress"}
    (given,) = service.ask(f"{path}/disclosures{seen}").json()["items"]
    assert given["recipient_name"] == "Collections North Inc."
    assert given["leaf"] == disclosed["leaf"]
    looks = service.ask(f"{path}/views{seen}").json()["items"]
    assert "whosaw:SupportAgent" in {look["actor_role"] for look in looks}
    for log in service.state.ledger.logs():
        service.follow(log.size, log.log_id)
    moments = service.ask(f"{path}/timeline").json()["items"]
    assert {"data.collected", "data.disclosed", "data.viewed", "ledger.queried"} <= {each["type"] for each in moments}
    given_to = service.ask("/v1/recipients/collections-north/disclosures?from=2026-10-01T00:00:00Z").json()
    assert [item["subject"] for item in given_to["items"]] == [subject]

    account = service.ask(f"{path}/account{seen}").json()
    assert account["subject"]["id"] == subject
    assert [each["recipient"]["name"] for each in account["disclosures"]] == ["Collections North Inc."]
    proof = account["proof"]
    assert open_checkpoint(proof["checkpoint"].encode(), proof["verifier_key"]).size >= viewed["position"]
    printed = service.ask(f"{path}/account{seen}&language=fr", Accept="application/pdf")
    assert printed.content.startswith(b"%PDF-")
    assert printed.headers["content-language"] == "fr"


def test_an_issued_account_is_an_event_that_names_its_digest(service: Service) -> None:
    (receipt,) = service.record(event())
    issued = service.client.post(
        f"/v1/subjects/{receipt['stream']}/accounts?min_position={receipt['position']}",
        headers=service.bearer("officer") | PURPOSE | WAIT | {"Accept": "application/pdf"},
    )
    assert issued.status_code == 201, issued.text
    digest = sha256(issued.content)
    assert issued.headers["repr-digest"] == f"sha-256=:{b64encode(digest.digest()).decode()}:"
    (entry,) = service.entries("account.issued")
    assert entry["data"]["report_digest"] == f"sha256:{digest.hexdigest()}"
    assert entry["data"]["account_id"] == issued.headers["whosaw-account"]
    assert issued.headers["ledger-issued"] == f"0:{entry['position']}"
    assert entry["stream"] == receipt["stream"]


def test_a_receipt_can_be_held_against_the_entry_and_the_signed_head(service: Service) -> None:
    (receipt,) = service.record(event())
    path = f"/v1/logs/0/entries/{receipt['position']}"
    entry = service.client.get(path, headers=service.bearer("emitter"))
    assert leaf_hash(entry.content) == b64decode(receipt["leaf"])
    note = service.ask(f"/v1/logs/0/checkpoint?size={receipt['checkpoint']}").content
    (log,) = service.ask("/v1/logs").json()["logs"]
    assert open_checkpoint(note, log["verifier_key"]).size == receipt["checkpoint"]
