"""Clearance for a while: it takes two, it is on record behind seals, and it ends by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.api.conftest import event
from tests.api.test_seals import POLICE

if TYPE_CHECKING:
    from httpx2 import Response

    from tests.api.conftest import Service

SEALED = {"visibility": "sealed", "seal_ref": "S-1"}
BOTH = ("clearances:ask", "clearances:approve")
WANTED: dict[str, Any] = {"authorities": ["city-police"], "reason": "whosaw:Investigation", "hours": 2}


def call(service: Service, method: str, path: str, role: str, **more: Any) -> Response:
    return service.client.request(method, path, headers=service.bearer(role), **more)


def asked(service: Service, role: str = "compliance", **changed: Any) -> str:
    answer = call(service, "POST", "/v1/clearances", role, json=WANTED | changed)
    assert answer.status_code == 201, answer.text
    assert answer.json()["state"] == "asked"
    return answer.json()["clearance"]


def approve(service: Service, name: str, role: str = "legal") -> Response:
    answer = call(service, "POST", f"/v1/clearances/{name}/approval", role)
    service.state.access._known.clear()  # pyright: ignore[reportPrivateUsage] - in 5 s by itself
    return answer


@pytest.fixture
def subject(service: Service) -> str:
    """Somebody with a sealed disclosure."""
    order = {
        "seal_id": "S-1", "authority": POLICE, "basis": "ca-criminal-code:487.0191", "until": None, "system": None,
        "scope": {}, "starts": "2026-01-01T00:00:00Z", "clearance": "whosaw:LegalDesk",
    }  # fmt: skip
    made, *_ = service.record(event("data.disclosed"), event("seal.placed", **order), event("data.disclosed", **SEALED))
    service.follow(service.state.ledger.head(0))
    return made["stream"]


def told(service: Service, subject: str, role: str = "compliance") -> int:
    answer = service.ask(f"/v1/subjects/{subject}/disclosures?sealed=true", role)
    return len(answer.json()["items"]) if answer.status_code == 200 else -answer.status_code


def test_it_takes_two_and_what_is_read_names_it(service: Service, subject: str) -> None:
    assert told(service, subject) == -403
    name = asked(service)
    assert told(service, subject) == -403
    answer = approve(service, name)
    assert (answer.status_code, answer.json()["state"]) == (200, "granted")
    assert told(service, subject) == 2
    (granted,) = service.entries("clearance.granted")
    assert granted["data"]["authorities"] == ["city-police"]
    assert granted["data"]["asked_by"] != granted["data"]["approved_by"]
    assert granted["data"]["visibility"] == "sealed"
    looked = [each for each in service.entries("ledger.queried") if each.get("correlationid") == name]
    assert len(looked) == 1
    assert looked[0]["data"]["visibility"] == "sealed"
    # Without asking for what is sealed, she is answered and recorded like anybody.
    assert len(service.ask(f"/v1/subjects/{subject}/disclosures", "compliance").json()["items"]) == 1
    assert len([each for each in service.entries("ledger.queried") if "correlationid" in each]) == 1


def test_nobody_agrees_with_herself_and_only_once(service: Service, subject: str) -> None:
    name = asked(service, "legal")
    assert approve(service, name).json()["code"] == "clearance-conflict"
    # Another key of the same holder, whatever it is called and however she is written.
    for number, person in enumerate(("emp-legal", "EMP-Legal", " emp legal ", "ｅｍｐ－ｌｅｇａｌ", "émp_legal")):
        service.keys["twin"] = service.issue(BOTH, label=f"twin {number}", person=person)
        answer = approve(service, name, "twin")
        assert (answer.status_code, answer.json()["code"]) == (409, "clearance-conflict"), person
    assert service.entries("clearance.granted") == []
    service.keys["other"] = service.issue(BOTH, label="test of legal", person="emp-other")
    assert approve(service, name, "other").status_code == 200
    assert approve(service, name, "other").json()["code"] == "clearance-conflict"
    assert len(service.entries("clearance.granted")) == 1
    with psycopg.connect(service.dsn) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute("UPDATE access.clearance SET approved_by = key_id")
    assert told(service, subject, "legal") == 2


def test_a_key_of_nobody_known_neither_asks_nor_agrees(service: Service) -> None:
    service.keys["unknown"] = service.issue(BOTH, label="unknown")
    answer = call(service, "POST", "/v1/clearances", "unknown", json=WANTED)
    assert (answer.status_code, answer.json()["code"]) == (409, "clearance-conflict")
    name = asked(service)
    assert approve(service, name, "unknown").json()["code"] == "clearance-conflict"
    assert approve(service, name).status_code == 200


@pytest.mark.parametrize("how", ["time", "asker", "approver"])
def test_it_ends(service: Service, subject: str, how: str) -> None:
    name = asked(service)
    approve(service, name)
    assert told(service, subject) == 2
    if how == "time":
        with psycopg.connect(service.dsn, autocommit=True) as connection:
            connection.execute("UPDATE access.clearance SET until = now()")
    else:
        role = "compliance" if how == "asker" else "legal"
        assert call(service, "DELETE", f"/v1/clearances/{name}", role).status_code == 204
    service.state.access._known.clear()  # pyright: ignore[reportPrivateUsage]
    assert told(service, subject) == -403
    assert approve(service, name).json()["code"] == "clearance-conflict"


def test_it_is_for_the_authority_that_was_asked_for(service: Service, subject: str) -> None:
    approve(service, asked(service, authorities=["tax-office"]))
    assert told(service, subject) == 1
    approve(service, asked(service, authorities=["*"]))
    assert told(service, subject) == 2


def test_who_asks_sees_her_own_and_who_agrees_sees_all(service: Service) -> None:
    name = asked(service)
    service.keys["stranger"] = service.issue(("clearances:ask",), label="stranger", person="emp-9")

    def names(role: str) -> list[str]:
        return [each["clearance"] for each in call(service, "GET", "/v1/clearances", role).json()["items"]]

    assert (names("compliance"), names("legal"), names("stranger")) == ([name], [name], [])
    assert call(service, "DELETE", f"/v1/clearances/{name}", "stranger").status_code == 404
    assert call(service, "GET", "/v1/clearances", "officer").status_code == 403


@pytest.mark.parametrize(
    "changed",
    [
        {"authorities": []}, {"authorities": ["a b"]}, {"reason": "because"}, {"hours": 73}, {"hours": 0}, {"more": 1},
    ],
)  # fmt: skip
def test_what_is_asked_for_ill_formed_is_refused(service: Service, changed: dict[str, Any]) -> None:
    answer = call(service, "POST", "/v1/clearances", "compliance", json=WANTED | changed)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-parameter")
