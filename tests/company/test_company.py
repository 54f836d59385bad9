"""The sample company is the same every time, is accepted by the vocabulary, and names nobody real."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from examples.company.clock import AS_OF, START, local, written
from examples.company.company import SAMPLE_CUSTOMER, events
from examples.company.customers import CUSTOMERS, customers
from examples.company.diary import PORTING, SERVICES, SOURCES
from examples.company.names import AREA_CODES, DOMAINS
from examples.company.recipients import RECIPIENTS
from ledger.vocabulary import event_types, parse_event
from ledger.vocabulary.codes import CODES

if TYPE_CHECKING:
    from collections.abc import Iterator

CODE = re.compile(r"[a-z][a-z0-9.-]*:[A-Za-z0-9._-]+")
RESERVED_PHONE = re.compile(rf"\+1(?:{'|'.join(map(str, AREA_CODES))})55501[0-9]{{2}}")
BY_THE_LEDGER = {
    "ledger.queried", "checkpoint.signed", "ledger.heads", "ledger.key_changed", "account.issued", "finding.raised",
    "subject.revoked", "subject.restored", "erasure.deferred", "key.destroyed", "seal.ended", "clearance.granted",
}  # fmt: skip
"""Types that the ledger and its users make; no service of the company does."""


def digest(lines: Iterator[dict[str, object]]) -> str:
    return sha256("\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()).hexdigest()


def references(value: object) -> Iterator[dict[str, str]]:
    """Every reference in an event, a subject's or a linked identifier."""
    if isinstance(value, dict):
        for name, inner in cast("dict[str, object]", value).items():
            if name in {"reference", "identifier"}:
                yield cast("dict[str, str]", inner)
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in cast("list[object]", value):
            yield from references(inner)


def texts(value: object) -> Iterator[str]:
    """Every text in an event that stands outside references and private members."""
    if isinstance(value, dict):
        for name, inner in cast("dict[str, object]", value).items():
            if name not in {"reference", "identifier", "private"}:
                yield from texts(inner)
    elif isinstance(value, list):
        for inner in cast("list[object]", value):
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


def test_the_same_seed_gives_the_same_events() -> None:
    assert digest(islice(events(7), 3000)) == digest(islice(events(7), 3000))


def test_another_seed_gives_other_events() -> None:
    assert digest(islice(events(7), 300)) != digest(islice(events(8), 300))


def test_a_larger_sample_leaves_the_customers_of_a_smaller_one_as_they_were() -> None:
    assert customers(7, 10)[:CUSTOMERS] == customers(7, 1)


def test_every_event_is_one_that_the_ledger_accepts(sample: list[dict[str, Any]]) -> None:
    for event in sample:
        parse_event(json.dumps(event).encode())


def test_every_code_has_a_label(sample: list[dict[str, Any]]) -> None:
    used = {text for event in sample for text in texts(event["data"]) if CODE.fullmatch(text)}
    assert {code for code in used if not code.startswith("sha256:")} - CODES.keys() == set()


def test_there_are_enough_events_to_be_a_company_and_few_enough_to_load_in_seconds(
    sample: list[dict[str, Any]],
) -> None:
    assert 8_000 < len(sample) < 14_000


def test_events_come_in_the_order_in_which_they_were_written_down_within_the_eighteen_months(
    sample: list[dict[str, Any]],
) -> None:
    times = [datetime.fromisoformat(event["time"]) for event in sample]
    written_down = [datetime.fromisoformat(event["recordedtime"]) for event in sample]
    assert written_down == sorted(written_down)
    assert times[0] == START
    assert written_down[-1] <= AS_OF
    late = [(written - at).days for at, written in zip(times, written_down, strict=True) if (written - at).days > 30]
    assert late == [237]
    assert all(written > at for at, written in zip(times, written_down, strict=True))


def test_ids_are_unique_and_each_source_but_one_counts_without_holes(sample: list[dict[str, Any]]) -> None:
    assert len({(event["source"], event["id"]) for event in sample}) == len(sample)
    for source in SOURCES:
        counted = [event["sequence"] for event in sample if event["source"] == source]
        missing = set(range(1, counted[-1] + 1)) - set(counted)
        assert counted == sorted(set(counted))
        assert missing == ({117, 118, 119} if source == PORTING else set())


def test_all_five_services_emit(sample: list[dict[str, Any]]) -> None:
    assert set(SERVICES) < {event["source"] for event in sample}


def test_all_fifteen_recipients_receive(sample: list[dict[str, Any]]) -> None:
    received = {event["data"]["recipient"]["id"] for event in sample if event["type"] == "data.disclosed"}
    assert received == {recipient.id for recipient in RECIPIENTS}
    assert len(received) == 15


def test_every_purpose_of_the_policy_is_used(sample: list[dict[str, Any]]) -> None:
    used = {code for event in sample for code in event["data"].get("purposes", ())}
    assert used >= {
        "dpv:IdentityVerification", "dpv:UserInterfacePersonalisation", "dpv:CommunicationManagement",
        "dpv:OptimiseUserInterface", "dpv:DirectMarketing", "dpv:CustomerOrderManagement",
        "dpv:CommunicationForCustomerCare", "dpv:ImproveExistingProductsAndServices",
    }  # fmt: skip


def test_every_context_of_the_policy_is_collected_in(sample: list[dict[str, Any]]) -> None:
    seen = Counter(
        (event["data"]["context"], event["data"]["channel"]) for event in sample if event["type"] == "data.collected"
    )
    assert seen["whosaw:SignUp", "whosaw:Web"] > 0
    assert seen["whosaw:SignUp", "whosaw:Phone"] > 0
    contexts = {context for context, _ in seen}
    assert contexts >= {
        "whosaw:Payment", "whosaw:Complaint", "whosaw:MarketResearch", "whosaw:WebAnalytics",
        "whosaw:Session",
    }  # fmt: skip


def test_every_type_that_a_service_may_state_is_stated(sample: list[dict[str, Any]]) -> None:
    later = {
        "event.corrected", "event.voided", "subject.merged", "subject.split", "subject.identifier_unlinked",
        "seal.extended", "seal.lifted", "hold.released", "request.verified", "request.extended", "data.restricted",
        "challenge.recorded", "subject.informed", "identity.release_decided", "disclosure.onward_reported",
        "institution.consulted", "institution.answered", "finding.resolved", "finding.reopened", "finding.waived",
    }  # fmt: skip
    assert {event["type"] for event in sample} >= set(event_types()) - BY_THE_LEDGER - later


def test_devices_are_seen_before_they_are_known_to_be_somebodys(sample: list[dict[str, Any]]) -> None:
    first: dict[str, str] = {}
    linked: dict[str, str] = {}
    for event in sample:
        for reference in references(event["data"]):
            if reference["kind"] == "device":
                where = linked if event["type"] == "subject.identifier_linked" else first
                where.setdefault(reference["value"], event["time"])
    assert len(linked) > 100
    assert all(first[value] < time for value, time in linked.items())


def test_telephone_numbers_and_mail_domains_are_reserved_ones(sample: list[dict[str, Any]]) -> None:
    seen = Counter(reference["kind"] for event in sample for reference in references(event["data"]))
    assert seen["phone"] > 200
    assert seen["email"] > 200
    for event in sample:
        for reference in references(event["data"]):
            if reference["kind"] == "phone":
                assert RESERVED_PHONE.fullmatch(reference["value"])
            if reference["kind"] == "email":
                assert reference["value"].rpartition("@")[2] in DOMAINS


def test_no_name_of_a_person_stands_where_an_entry_keeps_it(sample: list[dict[str, Any]]) -> None:
    shapes = re.compile(r"[CP]-[0-9]{4}|dev-[0-9a-f]{16}|@|\+1[0-9]{10}|555-?01")
    known = {reference["value"] for event in sample for reference in references(event["data"])}
    assert all(shapes.search(value) for value in known)
    for event in sample:
        clear = [*texts(event["data"]), event["id"], event.get("correlationid", "")]
        assert not shapes.search("\n".join(clear)), event["type"]


def test_the_sample_customer_is_there(sample: list[dict[str, Any]]) -> None:
    assert any(reference["value"] == SAMPLE_CUSTOMER for event in sample for reference in references(event["data"]))


def test_quebec_clocks_change_on_the_right_sundays() -> None:
    assert written(datetime(2026, 3, 8, 6, 59, 59, tzinfo=UTC)).endswith("01:59:59-05:00")
    assert written(datetime(2026, 3, 8, 7, 0, 0, tzinfo=UTC)).endswith("03:00:00-04:00")
    assert (
        local(datetime(2025, 11, 2, 5, 59, tzinfo=UTC)).utcoffset()
        != local(datetime(2025, 11, 2, 6, 0, tzinfo=UTC)).utcoffset()
    )
