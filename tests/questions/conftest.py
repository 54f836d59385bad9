"""One running application for all questions of a file: each is about people and recipients of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from examples.questions.question import reached
from tests.api.conftest import PURPOSE, Service, event, running
from tests.conftest import _database

if TYPE_CHECKING:
    from collections.abc import Iterator


class Desk:
    """Somebody who is asked, and what happened before."""

    def __init__(self, service: Service) -> None:
        self.service = service
        cleared = (*("subjects:read", "disclosures:read", "holds:read", "seals:read"), "seal:*")
        service.keys["cleared"] = service.issue(cleared, position="whosaw:LegalDesk")

    def given(self, *events: dict[str, Any]) -> None:
        """Record what happened, and wait until it can be asked about."""
        self.service.record(*events)
        self.folded()

    def folded(self) -> None:
        """Wait until everything that is recorded can be asked about."""
        self.service.follow(self.service.state.ledger.head(0))

    def asked(self, path: str, role: str = "officer") -> Any:
        """Ask; `{C-1}` in the path is the id of the customer C-1."""
        head, brace, rest = path.partition("{")
        if brace:
            number, _, tail = rest.partition("}")
            path = f"{head}{self.service.look_up(number)}{tail}"
            self.folded()
        answer = self.service.ask(path, role)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def rows(self, path: str, *members: str, role: str = "officer", at: str = "items") -> list[Any]:
        """Ask, and return these members of each row; of a single member the bare values."""
        found = [tuple(reached(row, member) for member in members) for row in reached(self.asked(path, role), at)]
        return [row[0] for row in found] if len(members) == 1 else found

    def posted(self, path: str, role: str = "officer", body: Any = None) -> Any:
        """Post to a path, with a purpose; return the answer."""
        headers = self.service.bearer(role) | PURPOSE | {"Prefer": "wait=30"}
        answer = self.service.client.post(path, headers=headers, json=body)
        assert answer.status_code < 300, answer.text
        return answer


def at(time: str, type_: str, customer: str | None, **data: Any) -> dict[str, Any]:
    """Return what happened at a time, about a customer or about nobody."""
    made = event(type_, customer or "", **data) | {"time": time}
    if customer is None:
        del made["data"]["subjects"]
    return made


@pytest.fixture(scope="module")
def desk(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The desk of one file; nothing happens there by itself."""
    folder = tmp_path_factory.mktemp("desk")
    with (
        _database(server, template) as dsn,
        running(dsn, folder, snapshot_seconds=0, forget_seconds=0) as service,
    ):
        yield Desk(service)
