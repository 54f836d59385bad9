"""The register of incidents over HTTP: the items of the regulation in their order, and what is owed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.api.conftest import event

if TYPE_CHECKING:
    from tests.api.conftest import Service

from tests.api.test_across import ask, last_query

DETECTED: dict[str, Any] = {
    "categories": ["pd:Name"], "circumstances": ["whosaw:Loss", "whosaw:CauseMistake"],
    "since": "2024-02-28T09:00:00-05:00", "until": None, "aware_at": "2024-02-29T09:00:00-05:00", "affected": 12,
}  # fmt: skip


FRANCE: dict[str, Any] = DETECTED | {"jurisdiction": "loc:FR", "aware_at": "2026-10-23T10:00:00+02:00"}
FACTORS: dict[str, Any] = {"jurisdiction": "loc:FR", "factors": ["whosaw:SensitiveData"]}


def incident(name: str, kind: str, **data: Any) -> dict[str, Any]:
    made = event("data.collected") | {"type": f"incident.{kind}"}
    made["data"] = {"actor": made["data"]["actor"], "incident_id": name} | data
    return made


def test_the_register_has_the_eight_items_in_their_order_and_says_what_is_owed(service: Service) -> None:
    service.record(
        incident("INC-1", "detected", **DETECTED),
        incident("INC-1", "assessed", serious=True, factors=["whosaw:SensitiveData"], affected=15),
        incident("INC-2", "detected", **DETECTED | {"aware_at": "2025-01-01T09:00:00-05:00"}),
        incident("INC-3", "detected", **DETECTED, visibility="sealed"),
    )
    answer = ask(service, "/v1/incidents?language=en").json()
    assert [each["incident"] for each in answer["items"]] == ["INC-1", "INC-2"]
    assert answer["unnotified"] == ["INC-1"]
    first = answer["items"][0]
    assert [each["item"] for each in first["register"]] == list(range(1, 9))
    assert first["register"][1]["text"] == "Loss; Mistake"
    assert first["register"][4]["text"] == "15"
    rule = "Report and notice of a breach (PIPEDA 10.1)"
    assert first["register"][6]["text"] == f"NOT NOTIFIED YET: regulator ({rule}), persons concerned ({rule})"
    # Aware in 2024 makes 2029 in Quebec; determined in November 2026 makes 2028 in Canada.
    assert first["kept_until"] == "2029-02-28"
    authority = {"name": "Office of the Privacy Commissioner", "country": "loc:CA"}
    service.record(
        incident("INC-1", "notified", whom="regulator", channel="whosaw:Web", authority=authority),
        incident("INC-1", "notified", whom="persons", channel="whosaw:Letter"),
        incident("INC-1", "closed", measures=["whosaw:StaffTrained"]),
    )
    text = ask(service, "/v1/incidents?language=fr&since=2024-01-01T00:00:00Z", Accept="text/plain").text
    assert "8. Mesures prises: Personnel formé" in text
    assert "PAS ENCORE" not in text
    table = ask(service, "/v1/incidents?language=fr", Accept="text/csv").text
    assert table.splitlines()[0].startswith("incident,Renseignements personnels visés,Circonstances,")
    assert ask(service, "/v1/incidents?since=2024-06-01T00:00:00Z").json()["items"][0]["incident"] == "INC-2"
    assert last_query(service)["data"]["query"] == "whosaw:QueryIncidentRegister"


def test_a_voided_notice_is_owed_again(service: Service) -> None:
    notice = incident("INC-1", "notified", whom="regulator", channel="whosaw:Web")
    service.record(
        incident("INC-1", "detected", **DETECTED),
        incident("INC-1", "assessed", serious=True, factors=["whosaw:SensitiveData"]),
        notice,
    )
    assert ask(service, "/v1/incidents").json()["items"][0]["owed"] == ["persons"]
    voided = event("data.collected") | {"type": "event.voided"}
    target = {"source": notice["source"], "id": notice["id"]}
    voided["data"] = {"actor": voided["data"]["actor"], "target": target, "reason": "whosaw:NeverHappened"}
    service.record(voided)
    assert ask(service, "/v1/incidents").json()["items"][0]["owed"] == ["regulator", "persons"]


def test_the_register_says_what_the_obligations_say(service: Service) -> None:
    service.record(
        incident("never-judged", "detected", **FRANCE),
        incident("high", "detected", **FRANCE), incident("high", "assessed", serious=False, risk="high", **FACTORS),
        incident("none", "detected", **FRANCE), incident("none", "assessed", serious=True, risk="unlikely", **FACTORS),
        incident("ghost", "assessed", serious=True, factors=["whosaw:SensitiveData"]),
        incident("nowhere", "detected", **FRANCE | {"jurisdiction": "loc:US-CA"}),
    )  # fmt: skip
    answer = ask(service, "/v1/incidents?language=en").json()
    items = {each["incident"]: each for each in answer["items"]}
    owed = {name: each["owed"] for name, each in items.items()}
    assert owed == {
        "never-judged": ["regulator"], "high": ["regulator", "persons"], "none": [], "ghost": ["regulator", "persons"],
        "nowhere": [],
    }  # fmt: skip
    assert set(answer["unnotified"]) == {name for name, whom in owed.items() if whom}
    told = {(name, duty["whom"], duty["rule"]) for name, each in items.items() for duty in each["duties"]}
    obligations = ask(service, "/v1/obligations?limit=500").json()["items"]
    assert told == {
        (each["incident"], each["kind"].removeprefix("notify_"), each["deadline"]["rule"])
        for each in obligations
        if each["kind"] in {"notify_regulator", "notify_persons"} and each["state"] == "open"
    }
    texts = {name: [each["text"] for each in one["register"]] for name, one in items.items()}
    assert texts["high"][5] == "no; by the GDPR’s test: a high risk: The data is sensitive"
    assert texts["none"][6] == "none"
    assert texts["nowhere"][6] == "no law that is known here asks for one"
    assert texts["ghost"][:5] == ["not known"] * 5
    assert items["ghost"]["aware_at"] is None
