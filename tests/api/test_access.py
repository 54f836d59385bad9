"""Who may do what: every route of the OpenAPI document, with every kind of wrong key."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from pydantic import SecretStr

from api import access, events
from api.app import create_app
from api.settings import Settings
from tests.api.conftest import PURPOSE, SOURCE, event
from tests.vocabulary import events as vocabulary

if TYPE_CHECKING:
    from httpx2 import Response

    from tests.api.conftest import Service

DOCUMENT: dict[str, Any] = create_app(Settings(database_url=SecretStr("postgresql://"))).openapi()
OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
OPEN = {"live", "ready", "metrics", "discover", "readSchema", "readCodes"}
LOCKED = sorted(set(OPERATIONS) - OPEN)
VALUES = {
    "subject_id": "0f" * 16, "recipient_id": "rec-7", "log_id": "0", "position": "1", "key_id": "key-1",
    "receipt_id": "erasure-0123456789abcdef", "clearance_id": "clearance-0123456789abcdef",
    "level": "0", "index": "000.p/1", "size": "1", "policy": "privacy",
    "correlation": "case-1",
}  # fmt: skip
QUERIES = {
    "proveInclusion": {"position": "1"},
    "proveConsistency": {"from": "1"},
    "readAccountDifference": {"known_at": "2026-05-01T00:00:00Z"},
}
BODIES: dict[str, Any] = {
    "recordEvents": event(),
    "lookUpSubject": {"reference": {"kind": "customer", "value": "C-1"}},
    "forgetSubject": {},
    "askClearance": {"authorities": ["city-police"], "reason": "whosaw:Investigation"},
    "issueKey": {"label": "x", "role": "officer"},
}
WRITES = {"recordEvents", "readEntry"}


def call(service: Service, operation_id: str, **headers: str) -> Response:
    method, path, _ = OPERATIONS[operation_id]
    return service.client.request(
        method,
        path.format(**VALUES),
        json=BODIES.get(operation_id),
        params=QUERIES.get(operation_id),
        headers=PURPOSE | headers,
    )


def test_only_these_operations_need_no_key() -> None:
    assert {name for name, (_, _, operation) in OPERATIONS.items() if operation.get("security") == []} == OPEN


@pytest.mark.parametrize("operation_id", LOCKED)
@pytest.mark.parametrize("key", ["none", "garbled", "mistyped", "unknown", "expired", "revoked", "basic"])
def test_without_a_working_key_nothing_is_done(standing: Service, operation_id: str, key: str) -> None:
    before = len(standing.entries())
    headers = {} if key == "none" else {"Authorization": standing_keys(standing)[key]}
    answer = call(standing, operation_id, **headers)
    assert answer.status_code == 401, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "unauthenticated"
    assert len(standing.entries()) == before


def standing_keys(service: Service) -> dict[str, str]:
    """Return Authorization headers that must not work."""
    scopes = tuple(sorted(access.SCOPES))
    expired = service.issue(scopes, life=timedelta(seconds=-1))
    revoked = service.issue(scopes)
    with psycopg.connect(service.dsn, autocommit=True) as connection:
        newest = next(key for key in access.listed(connection)[::-1] if key.alive and key.scopes == list(scopes))
        assert access.revoke(connection, newest.key_id)
    working = service.keys["admin"]
    stranger = "A" * 43
    return {
        "garbled": "Bearer hello",
        "mistyped": f"Bearer {working[:20]}{'A' if working[20] != 'A' else 'B'}{working[21:]}",
        "unknown": f"Bearer wsk_{stranger}{access._check(stranger)}",
        "expired": f"Bearer {expired}",
        "revoked": f"Bearer {revoked}",
        "basic": f"Basic {working}",
    }


@pytest.mark.parametrize("operation_id", LOCKED)
def test_a_key_without_the_scope_is_refused(standing: Service, operation_id: str) -> None:
    before = len(standing.entries())
    role = "officer" if operation_id in WRITES else "emitter"
    answer = call(standing, operation_id, **standing.bearer(role))
    assert answer.status_code == 403, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "forbidden"
    # That she tried to ask is on record, and nothing else happened.
    tried = standing.entries()[before:]
    assert len(tried) <= 1
    assert {(each["type"], each["data"]["outcome"]) for each in tried} <= {("ledger.queried", "refused")}


@pytest.mark.parametrize("operation_id", sorted(OPEN - {"readSchema"}))
def test_what_is_open_answers_anybody(standing: Service, operation_id: str) -> None:
    assert call(standing, operation_id).status_code == 200


def test_a_revoked_key_stops_within_seconds(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    assert service.send(event()).status_code == 201
    keys = service.client.get("/v1/keys", headers=service.bearer("admin")).json()["keys"]
    (emitter,) = [key for key in keys if key["scopes"] == ["events:write"]]
    path = f"/v1/keys/{emitter['key_id']}"
    assert service.client.delete(path, headers=service.bearer("admin")).status_code == 204
    assert service.client.delete(path, headers=service.bearer("admin")).status_code == 404
    remembered = service.state.access._known
    service.state.access._known = {digest: (0.0, key) for digest, (_, key) in remembered.items()}
    assert service.send(event()).status_code == 401


def test_a_key_is_shown_once_and_stored_as_a_hash(service: Service) -> None:
    wanted = {"label": "billing", "role": "emitter", "sources": [SOURCE], "days": 30}
    answer = service.client.post("/v1/keys", json=wanted, headers=service.bearer("admin"))
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    text = answer.json()["key"]
    assert service.client.get("/v1", headers={}).status_code == 200
    assert service.send(event(), Authorization=f"Bearer {text}").status_code == 201
    listed = service.client.get("/v1/keys", headers=service.bearer("admin"))
    assert text not in listed.text
    assert answer.json()["key_id"] in {key["key_id"] for key in listed.json()["keys"]}
    with psycopg.connect(service.dsn) as connection:
        rows = connection.execute("SELECT k::text FROM access.api_key AS k").fetchall()
    assert not [row for row in rows if text[4:47] in row[0]]


@pytest.mark.parametrize(
    "wanted",
    [
        {"label": "x"},
        {"label": "x", "role": "emitter"},
        {"label": "x", "role": "king"},
        {"label": "x", "scopes": ["everything"]},
        {"label": "jo@example.org", "role": "officer"},
        {"label": "x", "role": "officer", "days": 0},
        {"label": "x", "role": "officer", "secret": "mine"},
        {"label": "x", "role": "emitter", "sources": ["no slash"]},
        {"label": "x", "role": "emitter", "sources": ["/whosaw/api"]},
        [],
        7,
    ],
)
def test_an_ill_formed_key_is_not_issued(standing: Service, wanted: Any) -> None:
    answer = standing.client.post("/v1/keys", json=wanted, headers=standing.bearer("admin"))
    assert answer.status_code == 422, answer.text
    assert "jo@example.org" not in answer.text
    assert "king" not in answer.text


def test_nobody_gets_a_key_to_speak_as_the_ledger_itself(standing: Service) -> None:
    with pytest.raises(ValueError, match="own"):
        standing.issue(("events:write",), sources=["/whosaw/api"])


@pytest.mark.parametrize("kind", sorted(access.OWN_TYPES))
def test_nobody_states_what_only_the_ledger_does(service: Service, kind: str) -> None:
    made, hidden, _ = service.record(event(), event("data.disclosed", visibility="sealed"), event(customer="C-2"))
    forged = vocabulary.event(kind) | {"specversion": "1.0", "source": SOURCE}
    forged["data"] |= {"key.destroyed": {"streams": [made["stream"]]}, "seal.ended": {"stream": hidden["stream"]}}.get(
        kind, {}
    )
    for body, pointer in ((forged, "/type"), ([event(), forged], "/1/type")):
        answer = service.send(body)
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign-source"), answer.text
        assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
    assert service.entries(kind) == []
    service.follow(service.state.ledger.head(0))
    assert [each["position"] for each in service.ask(f"/v1/subjects/{made['stream']}/holdings").json()["items"]] == [
        made["position"]
    ] * 2


def test_an_emitter_speaks_for_its_own_source_only(service: Service) -> None:
    own, foreign = event(), event() | {"source": "/services/support"}
    answer = service.send([own, foreign])
    assert answer.status_code == 403
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/1/source"]
    lone = service.send(foreign)
    assert [each["pointer"] for each in lone.json()["errors"]] == ["/source"]
    assert service.entries() == []


def test_an_emitter_reads_back_its_own_entries_only(service: Service) -> None:
    (receipt,) = service.record(event())
    path = f"/v1/logs/0/entries/{receipt['position']}"
    other = service.issue(("events:write",), sources=["/services/support"])
    assert service.client.get(path, headers=service.bearer("emitter")).status_code == 200
    hidden = service.client.get(path, headers={"Authorization": f"Bearer {other}"})
    absent = service.client.get("/v1/logs/0/entries/999", headers=service.bearer("emitter"))
    assert same_problem(hidden, absent)
    assert hidden.status_code == 404


def same_problem(one: Response, other: Response) -> bool:
    """Tell whether two problems tell the caller the same."""
    return {**one.json(), "request_id": ""} == {**other.json(), "request_id": ""}


def test_a_known_key_costs_no_look_into_the_database(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    assert service.send(event()).status_code == 201

    def refuse(*_: Any) -> Any:
        raise AssertionError("the database was asked")

    service.state.access._lend = refuse
    # Nor another thread: a hop costs more than all the rest of a small request.
    monkeypatch.setattr(events, "run_in_threadpool", refuse)
    assert service.send(event()).status_code == 201


def test_a_known_key_under_another_scheme_is_none(service: Service) -> None:
    assert service.send(event()).status_code == 201
    assert service.send(event(), Authorization=f"Basic {service.keys['emitter']}").status_code == 401
