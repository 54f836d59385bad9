"""Recording: what a receipt promises, what a repeat and a conflict are, and whom an entry is about."""

from __future__ import annotations

from base64 import b64decode
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from ledger import Conflict, InvalidFact, Reference
from ledger.checkpoint import open_checkpoint
from ledger.fact import make_fact
from ledger.merkle import leaf_hash, root_of
from tests.ledger.facts import fact, subject, used

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger import Ledger


def test_a_receipt_says_where_the_entry_is_and_which_checkpoint_covers_it(ledger: Ledger) -> None:
    first, second = ledger.append([fact(ledger, used("e1", "C-1")), fact(ledger, used("e2", "C-1"))])
    assert (first.position, first.sequence, second.position, second.sequence) == (1, 1, 2, 2)
    assert first.stream == second.stream
    entry = ledger.entry(0, 2)
    assert entry is not None
    assert entry.leaf == second.leaf
    assert entry.json()["previous"] != ""
    assert b64decode(entry.json()["previous"]) == first.leaf
    note = ledger.checkpoint(0, second.checkpoint)
    assert note is not None
    head = open_checkpoint(note, ledger.logs()[0].verifier_key)
    assert head.size == second.checkpoint == 2
    assert head.root == root_of([first.leaf, second.leaf])


def test_an_entry_keeps_its_members_in_their_order_and_no_name(ledger: Ledger) -> None:
    event = used("e1", "C-1", private={"note": "asked by telephone"})
    (receipt,) = ledger.append([fact(ledger, event)])
    entry = ledger.entry(0, receipt.position)
    assert entry is not None
    members = entry.json()
    assert list(members) == [
        *("v", "log", "position", "stream", "sequence", "previous", "appended", "salt", "emitter"),
        *("source", "id", "type", "time", "data", "about", "envelope"),
    ]
    assert members["stream"] == receipt.stream
    assert len(b64decode(members["salt"])) >= 16
    assert b"C-1" not in entry.bytes
    assert b"telephone" not in entry.bytes
    who = ledger.lookup(Reference("customer", "C-1"))
    assert who is not None
    assert ledger.open_envelope(entry, who) == {"private": {"note": "asked by telephone"}}


def test_a_repeat_returns_the_first_receipt(make_ledger: Callable[..., Ledger]) -> None:
    for logs in (1, 3):
        ledger = make_ledger(logs=logs)
        facts = [fact(ledger, used(f"e{number}", f"C-{number % 4}")) for number in range(40)]
        first = ledger.append(facts)
        again = ledger.append([*facts, facts[0]])
        assert [receipt.repeated for receipt in again] == [True] * 41
        assert [receipt._replace(repeated=False) for receipt in again] == [*first, first[0]]
        assert sum(log.size for log in ledger.logs()) == 40


def test_a_repeat_within_one_request_is_recorded_once(ledger: Ledger) -> None:
    one = fact(ledger, used("e1", "C-1"))
    first, second = ledger.append([one, one])
    assert (first.repeated, second.repeated) == (False, True)
    assert first.position == second.position
    assert ledger.head(0) == 1


def test_the_same_id_with_other_content_is_refused_whole_and_fails_no_neighbour(ledger: Ledger) -> None:
    ledger.append([fact(ledger, used("e1", "C-1"))])
    bad = ledger.submit([fact(ledger, used("new", "C-9")), fact(ledger, used("e1", "C-2"))])
    good = ledger.submit([fact(ledger, used("e2", "C-1"))])
    with pytest.raises(Conflict) as refused:
        bad.result()
    assert refused.value.indexes == [1]
    assert good.result()[0].sequence == 2
    assert ledger.lookup(Reference("customer", "C-9")) is None
    # What was refused may be sent again, mended.
    assert not ledger.append([fact(ledger, used("new", "C-9"))])[0].repeated


def test_the_same_id_of_another_source_is_another_fact(ledger: Ledger) -> None:
    first, second = ledger.append(
        [fact(ledger, used("e1", "C-1")), fact(ledger, used("e1", "C-1", source="/services/calls"))]
    )
    assert not second.repeated
    assert first.position != second.position


def test_a_fact_about_many_is_one_entry_and_each_is_found_in_it(ledger: Ledger) -> None:
    persons = [subject(f"C-{number}") for number in range(500)] + [subject("C-1")]
    persons[7] |= {"private": {"note": "left early"}}
    (receipt,) = ledger.append([fact(ledger, used("campaign", subjects=persons))])
    assert ledger.head(0) == 1
    entry = ledger.entry(0, 1)
    assert entry is not None
    assert entry.json()["cohort"]["size"] == 500
    with ledger.connection() as connection:
        rows = connection.execute(
            "SELECT salt, subject, role, coalesce(envelope, '') FROM ledger.member ORDER BY ordinal"
        ).fetchall()
    leaves = [
        leaf_hash(salt + who.bytes + bytes((len(role),)) + role.encode() + envelope)
        for salt, who, role, envelope in rows
    ]
    assert b64decode(entry.json()["cohort"]["root"]) == root_of(leaves)
    seventh = ledger.lookup(Reference("customer", "C-7"))
    eighth = ledger.lookup(Reference("customer", "C-8"))
    assert seventh is not None
    assert eighth is not None
    assert ledger.open_envelope(entry, seventh) == {"subject": {"note": "left early"}}
    assert ledger.open_envelope(entry, eighth) is None
    assert receipt.parts == ()


def test_a_fact_about_people_of_several_logs_is_one_entry_in_each(make_ledger: Callable[..., Ledger]) -> None:
    ledger = make_ledger(logs=3)
    persons = [subject(f"C-{number}") for number in range(60)]
    (receipt,) = ledger.append([fact(ledger, used("campaign", subjects=persons))])
    receipts = [receipt, *receipt.parts]
    assert sorted(each.log_id for each in receipts) == [0, 1, 2]
    with ledger.connection() as connection:
        counts = dict(connection.execute("SELECT log_id, count(*) FROM ledger.member GROUP BY log_id").fetchall())
    assert sum(counts.values()) == 60
    for number in range(60):
        who = ledger.lookup(Reference("customer", f"C-{number}"))
        assert who is not None
        assert ledger.find(who.id) == who
    assert ledger.append([fact(ledger, used("campaign", subjects=persons))])[0].repeated


def test_a_person_has_one_home_whatever_name_finds_her(make_ledger: Callable[..., Ledger]) -> None:
    ledger = make_ledger(logs=3)
    ledger.append([fact(ledger, used("e1", "C-1"))])
    link = {
        "id": "link",
        "source": "/services/signup",
        "type": "subject.identifier_linked",
        "time": "2026-11-02T10:00:00Z",
        "data": {
            "subjects": [subject("C-1")],
            "actor": {"kind": "service", "id": "signup", "role": "whosaw:Service"},
            "identifier": {"kind": "device", "value": "dev-77"},
            "method": "whosaw:Login",
            "confidence": "certain",
        },
    }
    ledger.append([fact(ledger, link)])
    by_number = ledger.lookup(Reference("customer", "C-1"))
    assert by_number is not None
    assert ledger.lookup(Reference("device", "dev-77")) == by_number
    (receipt,) = ledger.append([fact(ledger, used("e2", subjects=[subject("dev-77", "device")]))])
    assert (receipt.stream, receipt.log_id) == (by_number.id, by_number.log_id)
    # A name that is somebody's already stays hers: that would be a merge.
    ledger.append([fact(ledger, used("e3", "C-2"))])
    other = link | {"id": "link2", "data": link["data"] | {"subjects": [subject("C-2")]}}
    ledger.append([fact(ledger, other)])
    assert ledger.lookup(Reference("device", "dev-77")) == by_number


def test_a_sealed_fact_is_in_a_stream_that_nothing_links_to_the_person(ledger: Ledger) -> None:
    (opened,) = ledger.append([fact(ledger, used("e1", "C-1"))])
    sealed = [used(f"s{number}", "C-1", visibility="sealed") for number in (1, 2)]
    first, second = ledger.append([fact(ledger, event) for event in sealed])
    assert first.stream == second.stream != opened.stream
    assert [first.sequence, second.sequence] == [1, 2]
    (after,) = ledger.append([fact(ledger, used("e2", "C-1"))])
    assert after.sequence == 2
    with ledger.connection() as connection:
        rows = connection.execute("SELECT subject FROM ledger.reference").fetchall()
    assert sorted(who.hex for (who,) in rows) == sorted([opened.stream, first.stream])


def test_a_subject_can_be_named_by_the_id_that_an_answer_gave(ledger: Ledger) -> None:
    (first,) = ledger.append([fact(ledger, used("e1", "C-1"))])
    named = {"id": first.stream, "role": "dpv:Customer"}
    (second,) = ledger.append([fact(ledger, used("e2", subjects=[named]))])
    assert (second.stream, second.sequence) == (first.stream, 2)
    # An id that is nobody's opens a stranger: a true fact is never refused, and nothing comes back.
    unknown = {"id": "0" * 32, "role": "dpv:Customer"}
    (third,) = ledger.append([fact(ledger, used("e3", subjects=[unknown]))])
    assert third.stream not in {first.stream, "0" * 32}


def test_a_fact_that_no_entry_can_hold_is_refused_before_it_is_recorded(ledger: Ledger) -> None:
    small = fact(ledger, used("e1", "C-1"))
    with pytest.raises(InvalidFact, match="expected at most 65535 bytes as an entry"):
        make_fact(
            ledger.hashes,
            source=small.source,
            id=small.id,
            type=small.type,
            clear=b'"data":"' + b"x" * 65_000 + b'"',
            emitter="key",
            about=small.about,
        )


def test_streams_chain_and_positions_have_no_holes_over_many_groups(make_ledger: Callable[..., Ledger]) -> None:
    ledger = make_ledger(logs=3)
    futures = [
        ledger.submit([fact(ledger, used(f"e{batch}-{number}", f"C-{number % 11}")) for number in range(37)])
        for batch in range(30)
    ]
    receipts = [receipt for future in futures for receipt in future.result()]
    for log in ledger.logs():
        mine = sorted(receipt.position for receipt in receipts if receipt.log_id == log.log_id)
        assert mine == list(range(1, log.size + 1))
    for number in range(11):
        who = ledger.lookup(Reference("customer", f"C-{number}"))
        assert who is not None
        entries = ledger.entries(who)
        assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
        for before, after in pairwise(entries):
            assert b64decode(after.json()["previous"]) == before.leaf
