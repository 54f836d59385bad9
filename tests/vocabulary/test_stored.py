"""What is stored: the clear members hold nothing personal, and nothing else is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.vocabulary import (
    clear_bytes,
    event_types,
    is_sealed,
    linked,
    parse_event,
    private_of,
    references,
    subject_private_of,
)
from tests.vocabulary.events import CUSTOMER, HUMAN, SERVICE, WHEN, WITHOUT_SUBJECTS, event
from tests.vocabulary.strategies import right_events

KEY = "0123456789abcdef"


def parsed(document: dict[str, Any]) -> Any:
    return parse_event(json.dumps(document).encode())


def clear(document: dict[str, Any]) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(b"{" + clear_bytes(parsed(document), lambda _: KEY) + b"}")
    return stored


def test_the_clear_members_come_in_the_order_of_an_entry() -> None:
    document = {
        **event("data.viewed"),
        "sequence": 3,
        "causationid": "a",
        "correlationid": "b",
        "recordedtime": WHEN,
    }
    document |= {
        "specversion": "1.0",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }
    stored = clear(document)
    assert list(stored) == [
        "source",
        "id",
        "type",
        "time",
        "recordedtime",
        "correlationid",
        "causationid",
        "emittersequence",
        "data",
    ]
    assert stored["time"] == WHEN
    assert stored["type"] == "data.viewed"


def test_a_person_at_work_is_named_by_a_key() -> None:
    document = event("data.viewed", actor=HUMAN)
    assert clear(document)["data"]["actor"] == {"kind": "human", "role": HUMAN["role"], "key": KEY}
    assert private_of(parsed(document)) == {"actor": HUMAN["id"]}


def test_a_program_is_named() -> None:
    document = event("data.viewed")
    assert clear(document)["data"]["actor"] == SERVICE
    assert private_of(parsed(document)) is None


def test_someone_outside_is_as_private_as_an_employee() -> None:
    document = event("data.viewed", actor={"kind": "external", "id": "Agent 7", "role": "whosaw:PoliceOfficer"})
    assert clear(document)["data"]["actor"] == {
        "kind": "external",
        "role": "whosaw:PoliceOfficer",
        "key": KEY,
    }


def test_an_unknown_person_at_work_has_no_key() -> None:
    document = event("data.viewed", actor={"kind": "human", "role": "whosaw:SupportAgent"})
    assert clear(document)["data"]["actor"] == {"kind": "human", "role": "whosaw:SupportAgent"}


def test_subjects_and_private_members_leave_the_entry_for_the_envelope_of_each_subject() -> None:
    spouse = {
        "reference": {"kind": "email", "value": "jo@example.org"},
        "role": "dpv:User",
        "private": {"note": "spouse"},
    }
    known = {"id": "0f" * 16, "role": "dpv:Subscriber"}
    document = event(
        "data.disclosed",
        subjects=[CUSTOMER, spouse, known],
        private={"file_number": "F-9"},
        actor=HUMAN,
    )
    assert {"subjects", "private"}.isdisjoint(clear(document)["data"])
    first, second, third = references(parsed(document))
    shared = {"actor": HUMAN["id"], "private": {"file_number": "F-9"}}
    assert first[:3] == ("customer", "C-1001", "dpv:Customer")
    assert json.loads(first.private or b"") == shared
    assert second[:3] == ("email", "jo@example.org", "dpv:User")
    assert json.loads(second.private or b"") == {**shared, "subject": {"note": "spouse"}}
    assert third[:3] == ("subject", "0f" * 16, "dpv:Subscriber")
    assert third.private == first.private
    assert [subject_private_of(each) for each in parsed(document).data.subjects] == [
        None,
        {"note": "spouse"},
        None,
    ]


def test_a_linked_name_leaves_the_entry_too() -> None:
    document = event("subject.identifier_linked")
    assert clear(document)["data"]["identifier"] == {"kind": "device"}
    link = linked(parsed(document))
    assert link is not None
    assert (link.kind, link.value) == ("device", "device-4f1c")
    assert private_of(parsed(document)) == {"identifier": {"kind": "device", "value": "device-4f1c"}}
    assert linked(parsed(event("data.used"))) is None


def test_a_fact_about_no_person_is_about_its_policy_or_the_ledger() -> None:
    assert references(parsed(event("policy.published"))) == [("policy", "farfadet-privacy", "whosaw:Policy", None)]
    assert references(parsed(event("checkpoint.signed"))) == [("ledger", "ledger.example/log0", "whosaw:Ledger", None)]
    query = event("ledger.queried")
    del query["data"]["subjects"]
    assert references(parsed(query)) == [("ledger", "ledger.queried", "whosaw:Ledger", None)]


SEALED = {
    "seal.placed",
    "seal.extended",
    "seal.lifted",
    "clearance.granted",
    "institution.consulted",
    "institution.answered",
}


@pytest.mark.parametrize("name", event_types())
def test_what_is_sealed_is_known(name: str) -> None:
    assert is_sealed(parsed(event(name))) is (name in SEALED)
    # Stated or not, the entry says so.
    document = event(name) if name in SEALED else event(name, visibility="sealed")
    assert is_sealed(parsed(document))
    assert clear(document)["data"]["visibility"] == "sealed"


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(event_types()).flatmap(right_events))
def test_the_clear_members_are_the_event_without_what_is_personal(document: dict[str, Any]) -> None:
    whole = parsed(document)
    before = repr(whole)
    stored = clear(document)
    assert repr(whole) == before
    data = stored["data"]
    assert {"subjects", "private"}.isdisjoint(data)
    assert "id" not in data["actor"] or data["actor"]["kind"] == "service"
    for member, its in data.items():
        if member not in ("actor", "identifier"):
            # Defaults may be left out at any depth; nothing is added but that what is always sealed is.
            assert contains(document["data"].get(member, "sealed"), its)
    assert len(references(whole)) == max(1, len(document["data"].get("subjects") or []))
    assert (document["type"] in WITHOUT_SUBJECTS) <= (references(whole)[0].kind in ("policy", "ledger"))


def contains(whole: Any, part: Any) -> bool:
    """Return whether a JSON value says all that the other one says; times are written alike."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            member in whole and contains(whole[member], its) for member, its in part.items()
        )
    if isinstance(part, list):
        return len(whole) == len(part) and all(map(contains, whole, part))
    return whole == part or (isinstance(whole, str) and whole.replace("+00:00", "Z") == part)
