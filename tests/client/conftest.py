"""One good bundle, made by the application as it runs, and what a forger would like to put in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from ledger import snapshot
from tests.api.conftest import PURPOSE, WAIT, Service, event, running
from tests.client.bundles import opened
from tests.conftest import _database

if TYPE_CHECKING:
    from collections.abc import Iterator


class Made(NamedTuple):
    """A bundle and what is known of it."""

    body: bytes
    key: str
    subject: str
    older: bytes
    """The checkpoint of a bundle before it."""
    others: bytes
    """A bundle of somebody else, of the same log."""
    alone: bytes
    """A bundle of somebody who is in no cohort."""
    other: str
    """The other's id."""
    newer: bytes
    """A checkpoint after it."""

    def __repr__(self) -> str:
        return "what the application made"


def disclosed(*customers: str, **more: object) -> dict[str, object]:
    subjects = [{"reference": {"kind": "customer", "value": each}, "role": "dpv:Customer"} for each in customers]
    return event("data.disclosed", subjects=subjects, **more)


def export(service: Service, subject: str, position: int) -> bytes:
    answer = service.client.post(
        f"/v1/subjects/{subject}/exports?min_position={position}",
        headers=service.bearer("officer") | PURPOSE | WAIT,
    )
    assert answer.status_code == 201, answer.text
    return answer.content


@pytest.fixture(scope="session")
def made(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("client")
    with _database(server, template) as dsn, running(dsn, folder, snapshot_seconds=0) as service:
        ledger = service.state.ledger
        service.record(disclosed("C-1"), disclosed("C-1", "C-2", "C-3"), disclosed("C-2"), disclosed("C-9"))
        last = service.record(event("data.collected"), event("data.viewed"))[-1]["position"]
        mine, others, alone = (service.look_up(each) for each in ("C-1", "C-2", "C-9"))
        first = export(service, mine, last)
        service.record(disclosed("C-1"), disclosed("C-3", "C-1"))
        made = snapshot.make(ledger, 0)
        assert made is not None
        last = service.record(disclosed("C-1"), disclosed("C-2"))[-1]["position"]
        body = export(service, mine, last)
        second, third = export(service, others, last), export(service, alone, last)
        service.record(disclosed("C-1"))
        newer = ledger.checkpoint(0)
        assert newer is not None
        older = opened(first)["logs/0/checkpoint"]
        yield Made(body, ledger.keys.signers[0].verifier_key, mine, older, second, third, others, newer)
