"""Given an order not to tell, then whether it is used within its limits."""

from __future__ import annotations

from typing import Any

from projections.history import moment
from projections.rules.seal import RULE
from tests.projections.given import SERVICE, Happened
from tests.rules.given import findings, then

UNTIL = "2026-08-01T00:00:00Z"


def placed(**more: Any) -> Happened:
    data = {
        "actor": SERVICE, "seal_id": "S-1", "authority": {"name": "A court"}, "scope": {}, "until": UNTIL,
        "basis": "ca-criminal-code:487.0191", "starts": "2026-05-01T00:00:00Z", "visibility": "sealed",
    }  # fmt: skip
    return Happened("seal.placed", ("ann",), "2026-05-01T00:00:00Z", data | more)


def changed(kind: str, **more: Any) -> Happened:
    return Happened(kind, ("ann",), UNTIL, {"actor": SERVICE, "seal_id": "S-1", "visibility": "sealed"} | more)


def test_an_order_that_ran_out_and_was_not_lifted_is_a_finding_from_then_on() -> None:
    (found,) = findings(RULE, placed())
    assert (found.reason, found.since, found.sealed, found.seal) == (
        "whosaw:SealExpired",
        moment(UNTIL),
        True,
        "S-1",
    )
    (found,) = findings(RULE, placed(), changed("seal.extended", until="2026-09-01T00:00:00Z"))
    assert found.since == moment("2026-09-01T00:00:00Z")
    assert then(RULE, placed(), changed("seal.lifted")) == [(1, "lawful", "whosaw:SealOver", [])]


def test_an_order_without_an_end_or_an_authority_is_too_wide() -> None:
    assert then(RULE, placed(until=None, basis=None)) == [
        (1, "violation", "whosaw:SealTooWide", ["whosaw:NoAuthority", "whosaw:NoEnd"])
    ]
    assert then(RULE, placed(until=None, until_event="whosaw:OrderRevoked")) == [(1, "lawful", "whosaw:SealWithin", [])]


def test_an_order_that_was_only_spoken_lasts_thirty_days() -> None:
    (found,) = findings(RULE, placed(oral=True, until=None))
    assert (found.reason, found.since) == ("whosaw:SealExpired", moment("2026-05-31T00:00:00Z"))


def test_one_that_is_put_in_writing_by_then_lasts_as_that_says() -> None:
    spoken, late = placed(oral=True, until=None), "2026-06-02T00:00:00Z"
    extended = changed("seal.extended", until="2026-09-01T00:00:00Z")
    (found,) = findings(RULE, spoken, extended._replace(time="2026-05-20T00:00:00Z"))
    assert found.since == moment("2026-09-01T00:00:00Z")
    (found,) = findings(RULE, spoken, extended._replace(time=late))
    assert found.since == moment("2026-05-31T00:00:00Z")
    again = placed(oral=False)._replace(time="2026-05-20T00:00:00Z")
    assert {each.reason for each in findings(RULE, spoken, again)} == {"whosaw:SealTooWide", "whosaw:SealExpired"}
    assert then(RULE, spoken, extended._replace(time="2026-05-20T00:00:00Z", data=extended.data | {"until": None})) == [
        (1, "violation", "whosaw:SealTooWide", ["whosaw:NoEnd"])
    ]
