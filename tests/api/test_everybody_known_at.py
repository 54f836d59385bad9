"""Questions about everybody, as of earlier: each answer is asked for again when more is known, and is what it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from api.seal_clock import SealClock
from tests.api.conftest import PURPOSE, RECIPIENT, SOURCE, event
from tests.api.test_across import declaration, followed
from tests.api.test_incident_register import DETECTED, incident
from tests.api.test_seals import POLICE, SEALED, lifted, placed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.api.conftest import Service

QUESTIONS = ("/v1/incidents?language=en", "/v1/emitters?silent_after=3600", "/v1/reconciliation", "/v1/seals")
AGAINST_THE_CLOCK = ("now", "known_at", "silent_seconds")
"""What depends on when it is asked."""


def numbered(number: int) -> dict[str, Any]:
    return event("data.viewed", "C-2") | {"sequence": number}


def voided(target: dict[str, Any], *customers: str) -> dict[str, Any]:
    void = event("event.voided", target={"source": SOURCE, "id": target["id"]}, reason="whosaw:Mistake", system=None)
    del void["data"]["subjects"]
    if customers:
        void["data"]["subjects"] = event(customer=customers[0])["data"]["subjects"]
    return void


def what_happens() -> list[list[dict[str, Any]]]:
    """Return what is recorded, request by request: some of it late, some of it voided, extended or lifted again."""
    notice = incident("INC-1", "notified", whom="regulator", channel="whosaw:Web")
    assessed = incident("INC-1", "assessed", serious=True, factors=["whosaw:SensitiveData"], affected=15)
    until = (datetime.now(UTC) + timedelta(days=400)).isoformat()
    register = declaration("system.registered", registered="crm", purposes=["dpv:ServiceProvision"])
    return [
        [event(customer="C-1"), event(customer="C-2"), numbered(1)],
        [incident("INC-1", "detected", **DETECTED), placed(), event("data.disclosed", **SEALED), numbered(4)],
        [assessed, register, event("data.disclosed", "C-1")],
        [notice, event("seal.extended", seal_id="S-1", until=until, system=None)],
        [incident("INC-0", "detected", **DETECTED) | {"time": "2024-03-01T10:00:00-05:00"}, numbered(2)],
        [voided(notice), event("data.disclosed", "C-2", recipient=RECIPIENT | {"id": "unknown-inc"})],
        [voided(register), event("seal.lifted", seal_id="S-1", reason="whosaw:OrderRevoked",
                                 effective_at=datetime.now(UTC).isoformat(), system=None)],
        [incident("INC-1", "closed", measures=["whosaw:StaffTrained"]), numbered(3)],
    ]  # fmt: skip


def asker(service: Service) -> dict[str, str]:
    scopes = ("subjects:read", "disclosures:read", "integrity:read", "seals:read", "seal:city-police")
    return {"Authorization": f"Bearer {service.issue(scopes)}"} | PURPOSE


def asked(service: Service, key: dict[str, str], path: str, **parameters: str) -> dict[str, Any]:
    more = "".join(f"{'&' if '?' in path or at else '?'}{name}={quote(value)}"
                   for at, (name, value) in enumerate(parameters.items()))  # fmt: skip
    answer = service.client.get(path + more, headers=key)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def told(document: Any) -> Any:
    """Return an answer without what depends on when it is asked."""
    if isinstance(document, list):
        return [told(each) for each in document]
    if isinstance(document, dict):
        return {name: told(each) for name, each in document.items() if name not in AGAINST_THE_CLOCK}
    return document


def moment(service: Service, positions: list[int]) -> str:
    """Return when the last of these positions was recorded."""
    origins = {log.origin: positions[log.log_id] for log in service.state.ledger.logs()}
    last = max(each["appended"] for each in service.entries() if each["position"] == origins[each["log"]])
    return datetime.fromisoformat(last).isoformat()


@pytest.mark.parametrize("logs", [1, 2])
@pytest.mark.parametrize("path", QUESTIONS)
def test_an_answer_of_then_is_the_one_that_was_given_then(start: Callable[..., Service], logs: int, path: str) -> None:
    service = start(logs=logs)
    key, given = asker(service), list[dict[str, Any]]()
    for number, some in enumerate(what_happens()):
        service.record(*some)
        followed(service)
        if number in {2, 6} and path == "/v1/seals":
            # Before the order ends, and after: what it was omitted from, and what renewed that.
            issued = f"/v1/subjects/{service.look_up('C-1')}/accounts"
            assert service.client.post(issued, headers=service.bearer("officer") | PURPOSE).status_code == 201
            followed(service)
        given.append(asked(service, key, path))
    followed(service)
    assert len({str(each["items"]) for each in map(told, given)}) > 3, "it says something else as more is known"
    for each in given:
        assert len(each["positions"]) == logs
        again = asked(service, key, path, as_of=",".join(map(str, each["positions"])))
        assert told(again) == told(each)
        then = moment(service, each["positions"])
        known = asked(service, key, path, known_at=then)
        assert (told(known), known["known_at"]) == (told(each), then)
        if "now" in again:
            assert (again["now"], known["now"]) == (then, then)


@pytest.mark.parametrize("path", QUESTIONS)
def test_a_time_that_is_not_over_a_position_that_is_not_there_and_both_are_refused(service: Service, path: str) -> None:
    service.record(event())
    followed(service)
    key, mark = asker(service), "&" if "?" in path else "?"
    later = quote((datetime.now(UTC) + timedelta(hours=1)).isoformat())
    for wrong in (f"known_at={later}", "known_at=tomorrow", "as_of=999", "as_of=1,1", f"as_of=1&known_at={later}"):
        answer = service.client.get(f"{path}{mark}{wrong}", headers=key)
        assert answer.status_code == 422, wrong


def test_before_anything_was_recorded_nothing_was_known(service: Service) -> None:
    service.record(*[each for some in what_happens() for each in some])
    followed(service)
    for path in QUESTIONS:
        assert asked(service, asker(service), path, known_at="2001-01-01T00:00:00Z")["items"] == []


def test_of_incidents_and_orders_a_time_sees_what_had_happened(service: Service) -> None:
    """Recorded whenever: a notice of 3 November that arrives today was a notice on 4 November."""
    stated = {"assessed": "2026-11-02T10:00:00-05:00", "notified": "2026-11-03T10:00:00-05:00"}
    service.record(
        incident("INC-1", "detected", **DETECTED),
        incident("INC-1", "assessed", serious=True, factors=["whosaw:SensitiveData"], affected=15)
        | {"time": stated["assessed"]},
        incident("INC-1", "notified", whom="regulator", channel="whosaw:Web") | {"time": stated["notified"]},
        placed() | {"time": "2026-11-02T10:00:00-05:00"},
        event("seal.lifted", seal_id="S-1", reason="whosaw:OrderRevoked", effective_at="2026-11-05T00:00:00Z",
              system=None) | {"time": "2026-11-04T10:00:00-05:00"},
    )  # fmt: skip
    followed(service)
    key = asker(service)

    def owed(valid_at: str) -> list[list[str]]:
        return [each["owed"] for each in asked(service, key, QUESTIONS[0], valid_at=valid_at)["items"]]

    assert owed("2026-10-30T00:00:00Z") == []
    assert owed("2026-11-02T00:00:00Z") == [[]]
    assert owed("2026-11-03T00:00:00Z") == [["regulator", "persons"]]
    assert owed("2026-11-04T00:00:00Z") == [["persons"]]

    def states(valid_at: str) -> list[str]:
        return [each["state"] for each in asked(service, key, "/v1/seals", valid_at=valid_at)["items"]]

    assert [states(f"2026-11-{day}T23:00:00Z") for day in ("01", "02", "04", "05")] == [
        [], ["endless"], ["soon"], ["ended"],
    ]  # fmt: skip


def test_an_order_whose_authority_was_stated_by_mistake_is_not_shown_to_that_authoritys_readers_as_of_then(
    service: Service,
) -> None:
    wrong = placed(authority=POLICE | {"id": "tax-office", "name": "Tax Office"})
    service.record(event(), wrong)
    followed(service)
    scopes = ("seals:read", "seal:tax-office")
    tax = {"Authorization": f"Bearer {service.issue(scopes)}"} | PURPOSE
    before = asked(service, tax, "/v1/seals")
    assert [each["authority"] for each in before["items"]] == ["tax-office"]
    right = placed()
    service.record(voided(wrong, "C-1"), right)
    followed(service)
    assert asked(service, tax, "/v1/seals")["items"] == []
    assert asked(service, tax, "/v1/seals", as_of=str(before["positions"][0]))["items"] == []
    everybody = {"Authorization": f"Bearer {service.issue(('seals:read', 'seal:*'))}"} | PURPOSE
    then = asked(service, everybody, "/v1/seals", as_of=str(before["positions"][0]))["items"]
    assert [each["authority"] for each in then] == ["tax-office"]


@pytest.mark.parametrize("logs", [1, 2])
def test_whom_a_policy_touched_is_what_it_was_and_pages_stay_where_they_began(
    start: Callable[..., Service], logs: int
) -> None:
    service, marketing = start(logs=logs), "dpv:DirectMarketing"
    rules = [{"id": "r1", "subject_matter": "use", "effect": "permits", "purposes": [marketing]}]
    published = declaration(
        "policy.published", policy="privacy", version="2009", effective_from="2009-01-01T00:00:00Z", languages=["en"],
        text_digest="sha256:" + "0" * 64, supersedes=None, rules=rules,
    )  # fmt: skip

    def assented(customer: str, at: str = "2026-11-01T10:00:00-05:00") -> dict[str, Any]:
        made = event("policy.assented", customer, policy="privacy", version="2009", mode="express", evidence=None)
        del made["data"]["system"]
        return made | {"time": at}

    def said(customer: str, state: str, at: str) -> dict[str, Any]:
        return event(
            "consent.recorded", customer, state=state, purposes=[marketing], categories=[], channel="whosaw:Web",
            notice_ref=None, effective_at=at, system=None,
        )  # fmt: skip

    first, key, path = assented("C-1"), asker(service), "/v1/policies/privacy/impact"
    given = list[dict[str, Any]]()
    for some in (
        [published, first, said("C-1", "given", "2026-11-01T10:00:00Z")],
        [assented("C-2"), said("C-2", "given", "2026-11-02T10:00:00Z")],
        [voided(first, "C-1"), assented("C-3", "2026-10-01T10:00:00-05:00")],
        [said("C-1", "withdrawn", "2026-11-03T10:00:00Z")],
    ):
        service.record(*some)
        followed(service)
        given.append(asked(service, key, path))
    assert [each["totals"]["people"] for each in given] == [1, 2, 2, 2]
    assert [each["totals"]["consents"][marketing] for each in given] == [1, 2, 2, 1]
    for each in given:
        again = asked(service, key, path, as_of=",".join(map(str, each["positions"])))
        known = asked(service, key, path, known_at=moment(service, each["positions"]))
        assert told(again) == told(known) == told(each)
    then = [asked(service, key, path, valid_at=f"2026-11-0{day}T23:00:00Z")["totals"] for day in (1, 2, 3)]
    assert [(each["people"], each["consents"][marketing]) for each in then] == [(2, 1), (2, 2), (2, 1)]
    assert asked(service, key, path, valid_at="2026-10-02T00:00:00Z")["totals"]["people"] == 1
    for people in ("agreed", "consenting"):
        page = asked(service, key, path, limit="1", people=people, as_of=",".join(map(str, given[1]["positions"])))
        service.record(assented(f"C-{people}"), said(f"C-{people}", "given", "2020-01-01T10:00:00Z"))
        followed(service)
        rest = asked(service, key, page["next"])
        assert (len(page["items"]), len(rest["items"]), rest["next"]) == (1, 1, None)
        assert rest["positions"] == given[1]["positions"]


def test_a_possible_incident_that_an_order_hid_then_is_hidden_as_of_then(start: Callable[..., Service]) -> None:
    service, path = start(forget_seconds=0), "/v1/incidents/possible"
    wrong = event("data.disclosed", **SEALED)
    void = event("event.voided", target={"source": SOURCE, "id": wrong["id"]}, reason="whosaw:WrongSubject",
                 system=None, **SEALED)  # fmt: skip
    service.record(event(), placed(), wrong, void)
    followed(service)
    key = {"Authorization": f"Bearer {service.issue(('disclosures:read', 'subjects:read'))}"} | PURPOSE
    hidden = asked(service, key, path)
    assert hidden["items"] == []
    service.record(lifted(datetime(2026, 11, 20, tzinfo=UTC)))
    followed(service)
    SealClock(service.state.ledger, service.state.forgetting, 60).turn()
    followed(service)
    assert len(asked(service, key, path)["items"]) == 1
    again = asked(service, key, path, as_of=",".join(map(str, hidden["positions"])))
    assert told(again) == told(hidden)


@pytest.mark.parametrize(
    "path",
    [
        *QUESTIONS, f"/v1/recipients/{RECIPIENT['id']}/disclosures",
        f"/v1/recipients/{RECIPIENT['id']}/exposure?from=2026-10-01T00:00:00Z&to=2027-01-01T00:00:00Z",
        "/v1/cases/complaint-17", "/v1/identity/unattributed", "/v1/incidents/possible", "/v1/accounts/outdated",
    ],
)  # fmt: skip
def test_every_such_answer_names_its_positions_and_the_time_that_chose_them(service: Service, path: str) -> None:
    service.record(event() | {"correlationid": "complaint-17"}, event("data.disclosed"))
    followed(service)
    then = moment(service, [2])
    answer = asked(service, asker(service), path, known_at=then)
    assert (answer["positions"], answer["known_at"]) == ([2], then)
