"""G21: nobody sees an answer that is not on record. Each with the fault that would show it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from time import sleep
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.api.conftest import PURPOSE, event

if TYPE_CHECKING:
    from httpx2 import Response

    from tests.api.conftest import Service

BLOCKED = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
REFUSE_QUERIED = "ALTER TABLE ledger.entry ADD CONSTRAINT refuse CHECK (type <> 'ledger.queried') NOT VALID"
NAME = "Collections North"


@pytest.fixture
def subject(service: Service) -> str:
    """Somebody with a disclosure that can be read."""
    first, last = service.record(event(), event("data.disclosed"))
    found: str = first["stream"]
    path = f"/v1/subjects/{found}/account?min_position={last['position']}"
    assert NAME in service.ask(path).text
    return found


def every_question(service: Service, subject: str) -> list[tuple[str, str]]:
    asked = (
        "holdings",
        "disclosures",
        "views",
        "timeline",
        "account",
        "recipients",
        "debts",
        "withdrawals",
        "inferences",
    )
    paths = [f"/v1/subjects/{subject}/{each}" for each in asked]
    return [
        *(("GET", path) for path in paths),
        ("GET", "/v1/recipients/collections-north/disclosures"),
        ("POST", f"/v1/subjects/{subject}/accounts"),
        ("POST", "/v1/subjects/lookup"),
    ]


def ask(service: Service, method: str, path: str, **headers: str) -> Response:
    body = {"reference": {"kind": "customer", "value": "C-1"}} if path.endswith("lookup") else None
    return service.client.request(method, path, json=body, headers=service.bearer("officer") | PURPOSE | headers)


def test_each_answer_is_on_record_once_with_who_why_and_how_much(service: Service, subject: str) -> None:
    before = len(service.entries("ledger.queried"))
    questions = every_question(service, subject)
    for method, path in questions:
        answer = ask(service, method, path, **{"Whosaw-Ticket": "TKT-9"})
        assert answer.status_code in {200, 201}, answer.text
    entries = service.entries("ledger.queried")[before:]
    assert len(entries) == len(questions)
    assert {entry["data"]["purpose"] for entry in entries} == {"whosaw:AccessRequest"}
    assert {entry["data"]["ticket"] for entry in entries} == {"TKT-9"}
    assert {entry["stream"] for entry in entries} == {subject}
    assert {entry["data"]["actor"]["role"] for entry in entries} == {"whosaw:PrivacyOfficer"}
    assert [entry["data"]["query"] for entry in entries] == [
        "whosaw:QueryHoldings",
        "whosaw:QueryDisclosures",
        "whosaw:QueryViews",
        "whosaw:QueryTimeline",
        "whosaw:QueryAccount",
        "whosaw:QueryDisclosures",
        "whosaw:QueryDebts",
        "whosaw:QueryWithdrawals",
        "whosaw:QueryInferences",
        "whosaw:QueryRecipient",
        "whosaw:QueryAccount",
        "whosaw:QueryLookup",
    ]
    assert [entry["data"]["outcome"] for entry in entries] == ["answered"] * 10 + ["exported", "answered"]
    assert entries[0]["data"]["result_count"] == 2
    assert entries[0]["data"]["categories"] == ["pd:EmailAddress", "pd:Name"]


def test_a_repeated_page_and_one_not_sent_again_are_on_record_too(service: Service, subject: str) -> None:
    path = f"/v1/subjects/{subject}/disclosures"
    tag = service.ask(path).headers["etag"]
    before = len(service.entries("ledger.queried"))
    assert service.ask(path, **{"If-None-Match": tag}).status_code == 304
    assert len(service.entries("ledger.queried")) == before + 1


def test_asking_about_nobody_is_on_record_as_refused(service: Service) -> None:
    assert service.ask(f"/v1/subjects/{'0f' * 16}/holdings").status_code == 404
    assert ask(service, "POST", "/v1/subjects/lookup").status_code == 404
    assert [entry["data"]["outcome"] for entry in service.entries("ledger.queried")] == ["refused", "refused"]


def test_who_looked_shows_who_asked_here(service: Service, subject: str) -> None:
    service.ask(f"/v1/subjects/{subject}/disclosures", role="regulator")
    position = service.entries()[-1]["position"]
    views = service.ask(f"/v1/subjects/{subject}/views?min_position={position}").json()["items"]
    assert {"whosaw:PrivacyOfficer", "whosaw:Regulator"} <= {view["actor_role"] for view in views}


def test_an_answer_that_can_not_be_recorded_is_not_given(service: Service, subject: str) -> None:
    with psycopg.connect(service.dsn, autocommit=True) as owner:
        owner.execute(REFUSE_QUERIED)
    for method, path in every_question(service, subject):
        answer = ask(service, method, path)
        assert answer.status_code in {500, 503}, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert NAME not in answer.text
        assert subject not in answer.text
    assert service.entries("account.issued") == []


def test_an_answer_waits_until_its_record_is_durable(service: Service, subject: str) -> None:
    path = f"/v1/subjects/{subject}/disclosures"
    with ThreadPoolExecutor(1) as threads, psycopg.connect(service.dsn) as owner:
        owner.execute("SELECT 1 FROM ledger.log WHERE log_id = 0 FOR UPDATE")
        answering = threads.submit(service.ask, path)
        with psycopg.connect(service.dsn, autocommit=True) as watcher:
            while watcher.execute(BLOCKED).fetchone() == (0,):
                assert not answering.done(), "answered before it was on record"
                sleep(0.01)
        assert not wait([answering], 0.2).done, "answered before it was on record"
        before = len(service.entries("ledger.queried"))
        owner.rollback()
        assert NAME in answering.result(30).text
    assert len(service.entries("ledger.queried")) == before + 1


def test_as_many_answers_as_records_under_load(service: Service, subject: str) -> None:
    before = len(service.entries("ledger.queried"))
    paths = [path for method, path in every_question(service, subject) if method == "GET"] * 8
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(service.ask, paths))
    given = sum(answer.status_code == 200 for answer in answers)
    assert given == len(paths)
    assert len(service.entries("ledger.queried")) - before == given


def test_an_emitter_can_not_make_up_a_question(service: Service) -> None:
    forged = event("data.collected")
    forged["type"] = "ledger.queried"
    forged["data"] = {
        "subjects": forged["data"]["subjects"],
        "actor": {"kind": "human", "id": "somebody", "role": "whosaw:PrivacyOfficer"},
        "system": "whosaw", "query": "whosaw:QueryAccount", "purpose": "whosaw:AccessRequest",
        "outcome": "answered", "result_count": 1,
    }  # fmt: skip
    (receipt,) = service.record(forged)
    subject = service.look_up("C-1")
    views = service.ask(f"/v1/subjects/{subject}/views?min_position={receipt['position'] + 1}").json()["items"]
    assert [each["position"] for each in views if each["position"] == receipt["position"]] == []
    timeline = service.ask(f"/v1/subjects/{subject}/timeline").json()["items"]
    assert receipt["position"] in [each["position"] for each in timeline]
