"""No personal value anywhere but in references and envelopes: a canary in every place where a person may be named."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import orjson
import psycopg
from psycopg.types.string import TextLoader

from tests.api.conftest import PURPOSE, RECIPIENT, event

if TYPE_CHECKING:
    import pytest
    from httpx2 import Response

    from tests.api.conftest import Service

CUSTOMER, EMAIL, PHONE, STAFF, NOTE, MEMBER = (
    "canary-customer-7731",
    "canary-mail@example.org",
    "+1 514 555 0199",
    "canary-agent@staff.example",
    "canary-note: she asked to be called",
    "canary-member-private",
)
CANARIES = (CUSTOMER, EMAIL, PHONE, STAFF, NOTE, MEMBER, "canary", "5550199")
ALL_ROWS = (
    "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema IN ('ledger', 'projections')"
)


def life(service: Service) -> list[dict[str, Any]]:
    """Record what names people in every way that there is; return the receipts."""
    subjects = [{"reference": {"kind": "email", "value": EMAIL}, "role": "dpv:Customer"}]
    agent = {"kind": "human", "id": STAFF, "role": "whosaw:SupportAgent"}
    linked = event()
    linked["type"] = "subject.identifier_linked"
    linked["data"] = {
        "subjects": subjects,
        "actor": agent,
        "identifier": {"kind": "phone", "value": PHONE},
        "method": "whosaw:Login",
        "confidence": "certain",
    }
    return service.record(
        event(customer=CUSTOMER, private={"note": NOTE}),
        event(subjects=subjects),
        linked,
        event("data.viewed", customer=CUSTOMER, actor=agent, private={"note": NOTE}),
        event(
            "data.disclosed",
            recipient=RECIPIENT,
            subjects=[*subjects, {**subjects[0], "reference": {"kind": "customer", "value": CUSTOMER}}],
        ),
    )


def answers(service: Service) -> list[Response]:
    """Ask every question about them, right and wrong, and make every kind of error."""
    found: list[Response] = []
    subjects: list[str] = []
    for kind, value in (("customer", CUSTOMER), ("email", EMAIL), ("phone", PHONE)):
        answer = service.client.post(
            "/v1/subjects/lookup",
            json={"reference": {"kind": kind, "value": value}},
            headers=service.bearer("officer") | PURPOSE,
        )
        assert answer.status_code == 200, answer.text
        found.append(answer)
        subjects.append(answer.json()["id"])
    position = service.entries()[-1]["position"]
    for subject in dict.fromkeys(subjects):
        for question in ("holdings", "disclosures", "views", "timeline", "findings", "account"):
            path = f"/v1/subjects/{subject}/{question}"
            found.append(service.ask(f"{path}?min_position={position}"))
            found += [service.ask(f"{path}?limit=1", Accept=kind) for kind in ("application/json", "text/csv")]
    found += [service.ask("/v1/recipients/collections-north/disclosures?limit=1"), service.ask("/v1/findings")]
    repeated = event(customer=CUSTOMER) | {"id": service.entries()[0]["id"]}
    found.append(service.send(repeated))
    found.append(service.send(event(customer=CUSTOMER, system=EMAIL, surprise=NOTE)))
    found.append(service.send(event(customer=CUSTOMER, actor={"kind": "human", "id": STAFF, "role": PHONE})))
    found.append(service.send(orjson.dumps(event(customer=CUSTOMER, private={"note": NOTE}))[:-9]))
    body = {"reference": {"kind": "email", "value": EMAIL, "surprise": PHONE}}
    wrong = {"json": body, "headers": service.bearer("officer") | PURPOSE}
    found.append(service.client.post("/v1/subjects/lookup", **wrong))
    found += [service.ask(f"/v1/subjects/{EMAIL}/holdings"), service.ask(f"/v1/{EMAIL}"), service.ask(f"/{PHONE}")]
    found += [service.ask(f"/v1/recipients/{EMAIL}/disclosures"), service.ask(f"/v1/schemas/{EMAIL}")]
    found.append(service.ask("/v1/logs/0/checkpoint", **{"Whosaw-Purpose": EMAIL, "Whosaw-Ticket": PHONE}))
    found += [service.client.get("/metrics"), service.client.get("/readyz"), service.client.get("/v1")]
    return found


def hits(text: str) -> list[str]:
    return [each for each in CANARIES if each.lower() in text.lower()]


def test_no_value_is_in_answers_headers_logs_or_figures(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    life(service)
    statuses: set[int] = set()
    for answer in answers(service):
        statuses.add(answer.status_code)
        assert not hits(answer.text), f"{answer.request.url.path}: {hits(answer.text)}"
        for name, value in answer.headers.items():
            assert not hits(value), name
    assert {200, 404, 409, 422, 400} <= statuses
    # The test's own client writes what it asked for; nothing of ours may.
    for record in caplog.records:
        if not record.name.startswith(("httpx2", "httpcore2")):
            written = record.getMessage() + repr({name: str(value) for name, value in vars(record).items()})
            assert not hits(written), record.name


def test_no_value_is_in_any_table_as_it_is_stored(service: Service) -> None:
    life(service)
    answers(service)
    subjects = [service.look_up(value, kind) for kind, value in (("customer", CUSTOMER), ("email", EMAIL))]
    position = service.entries()[-1]["position"]
    service.ask(f"/v1/subjects/{subjects[0]}/account?min_position={position}")
    with psycopg.connect(service.dsn) as connection:
        connection.adapters.register_loader("timestamptz", TextLoader)  # Some are infinite.
        tables = connection.execute(ALL_ROWS).fetchall()
        assert len(tables) > 8
        for schema, table in tables:
            for row in connection.execute(f"SELECT * FROM {schema}.{table}").fetchall():
                for value in row:
                    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
                    assert not hits(text), f"{schema}.{table}: {hits(text)}"


def test_a_sealed_disclosure_is_a_stranger_to_every_reader(service: Service) -> None:
    plain = event("data.disclosed")
    sealed = event(
        "data.disclosed", visibility="sealed", recipient=RECIPIENT | {"id": "police-1", "name": "Exemple PD"}
    )
    first, _ = service.record(plain, sealed)
    subject = first["stream"]
    position = service.entries()[-1]["position"]
    for question in ("holdings", "disclosures", "views", "timeline", "findings", "account"):
        answer = service.ask(f"/v1/subjects/{subject}/{question}?min_position={position}")
        assert answer.status_code == 200
        assert "police-1" not in answer.text
        assert "Exemple PD" not in answer.text
    answers = [service.ask(f"/v1/recipients/{each}/disclosures") for each in ("police-1", "nobody-1")]
    told, stranger = ({name: value for name, value in each.json().items() if name != "request_id"} for each in answers)
    assert told == stranger
    assert {each.status_code for each in answers} == {404}


def test_figures_name_routes_and_never_what_was_asked(service: Service) -> None:
    (receipt,) = service.record(event())
    service.ask(f"/v1/subjects/{receipt['stream']}/holdings")
    service.client.get(f"/v1/logs/0/entries/{receipt['position']}", headers=service.bearer("emitter"))
    service.ask(f"/v1/subjects/{'0f' * 16}/holdings")
    service.ask("/wp-login.php")
    figures = service.client.get("/metrics").text
    assert receipt["stream"] not in figures
    assert "0f0f" not in figures
    assert "wp-login" not in figures
    assert 'route="/v1/subjects/{subject_id}/holdings",status="404"' in figures
    assert 'route="/v1/logs/{log_id}/entries/{position}",status="200"' in figures
    assert 'route="unknown",status="404"' in figures


def test_somebody_known_by_a_sealed_fact_alone_is_nobody_until_something_open_is_recorded(service: Service) -> None:
    service.record(event("data.disclosed", "C-77", visibility="sealed"))

    def look_up(value: str) -> tuple[int, dict[str, Any]]:
        answer = service.client.post(
            "/v1/subjects/lookup",
            json={"reference": {"kind": "customer", "value": value}},
            headers=service.bearer("officer") | PURPOSE,
        )
        return answer.status_code, {name: said for name, said in answer.json().items() if name != "request_id"}

    for _ in range(2):
        assert look_up("C-77") == look_up("C-78")
        assert look_up("C-77")[0] == 404
    service.record(event("data.collected", "C-77"))
    assert look_up("C-77")[0] == 200


def test_the_id_of_a_sealed_stream_opens_nothing_and_is_nobody(service: Service) -> None:
    service.record(event("data.collected", "C-5"))
    several = event("data.disclosed", visibility="sealed")
    several["data"]["subjects"] = [
        {"reference": {"kind": "customer", "value": each}, "role": "dpv:Customer"} for each in ("C-5", "C-6")
    ]
    sealed, _ = service.record(event("data.disclosed", "C-5", visibility="sealed"), several)
    subject = service.look_up("C-5")
    with psycopg.connect(service.dsn) as connection:
        members = [row[0].hex for row in connection.execute("SELECT DISTINCT subject FROM ledger.member").fetchall()]
    assert len(members) == 2
    for stream in (sealed["stream"], *members):
        for question in ("account", "disclosures", "timeline", "holdings"):
            assert service.ask(f"/v1/subjects/{stream}/{question}").status_code == 404
    # Nor does an open fact that names it join the sealed ones.
    named = event("data.disclosed")
    named["data"]["subjects"] = [{"id": sealed["stream"], "role": "dpv:Customer"}]
    (receipt,) = service.record(named)
    assert receipt["stream"] not in {sealed["stream"], subject}
    assert receipt["sequence"] == 1


def test_a_name_linked_under_a_seal_leads_neither_to_her_nor_into_what_is_sealed(service: Service) -> None:
    phone = {"kind": "phone", "value": PHONE}
    sealed = {"visibility": "sealed", "seal_ref": "S-1"}
    linked = event("subject.identifier_linked", identifier=phone, method="whosaw:Login", confidence="certain", **sealed)
    hers, _, hidden, theirs = service.record(
        event(), linked, event("data.disclosed", **sealed),
        event("data.disclosed", subjects=[{"reference": phone, "role": "dpv:Customer"}]),
    )  # fmt: skip
    assert theirs["sequence"] == 1
    assert theirs["stream"] not in {hers["stream"], hidden["stream"]}
    assert service.look_up(PHONE, "phone") == theirs["stream"]
    service.follow(service.state.ledger.head(0))
    found = service.ask("/v1/findings").json()["items"]
    assert {each["position"] for each in found} == {hers["position"], theirs["position"]}
