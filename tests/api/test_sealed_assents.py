"""Whom a change of a policy touches, by what an order hides and by what its end opened."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from api.seal_clock import SealClock
from tests.api.conftest import event
from tests.api.test_across import ask, declaration, followed, pages
from tests.api.test_seals import SEALED, lifted, placed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.api.conftest import Service

MARKETING = "dpv:DirectMarketing"
PUBLISHED = {
    "policy": "privacy", "version": "1", "effective_from": "2026-01-01T00:00:00Z", "languages": ["en"],
    "text_digest": "sha256:" + "0" * 64, "supersedes": None,
    "rules": [{"id": "r1", "subject_matter": "use", "effect": "permits", "purposes": [MARKETING]}],
}  # fmt: skip
IMPACT = "/v1/policies/privacy/impact"


def assented(customers: str | list[str], version: str, policy: str = "privacy", **more: Any) -> dict[str, Any]:
    made = event("policy.assented", policy=policy, version=version, mode="express", evidence=None)
    del made["data"]["system"]
    return made | {"data": made["data"] | {"subjects": _named(customers)} | more}


def said(customers: str | list[str], state: str, day: int, **more: Any) -> dict[str, Any]:
    data = {
        "state": state, "purposes": [MARKETING], "categories": [], "channel": "whosaw:Web", "notice_ref": None,
        "effective_at": f"2026-11-{day:02}T10:00:00Z",
    }  # fmt: skip
    return event("consent.recorded", **data | {"subjects": _named(customers)} | more)


def _named(customers: str | list[str]) -> list[dict[str, Any]]:
    names = [customers] if isinstance(customers, str) else customers
    return [{"reference": {"kind": "customer", "value": each}, "role": "dpv:Customer"} for each in names]


def opened(service: Service) -> int:
    """End the order; return the last position before what it hid was opened."""
    service.record(lifted(datetime(2026, 9, 1, tzinfo=UTC)))
    before = service.state.ledger.head(0)
    followed(service)
    SealClock(service.state.ledger, service.state.forgetting, 60).turn()
    assert service.entries("seal.ended")
    return before


@pytest.mark.parametrize("who", ["C-1", ["C-1", "C-2"]])
def test_what_a_sealed_assent_alone_names_is_unknown_until_the_order_ends(
    start: Callable[..., Service], who: str | list[str]
) -> None:
    service = start(forget_seconds=0)
    secret = "/v1/policies/secret/impact"
    service.record(
        event(), placed(), declaration("policy.published", **PUBLISHED),
        assented(who, "1", "secret", **SEALED), assented(who, "2", **SEALED),
    )  # fmt: skip
    followed(service)
    unknown = service.ask("/v1/policies/nothing/impact").json()["detail"]
    for path in (secret, f"{secret}?version=1", f"{secret}?as_of=1"):
        followed(service)
        answer = service.ask(path)
        assert (answer.status_code, answer.json()["detail"]) == (404, unknown)
    followed(service)
    assert service.ask(f"{IMPACT}?version=2").status_code == 422
    assert service.ask(f"{IMPACT}?as_of=1").status_code == 404, "it was published later"
    before = opened(service)
    assert len(ask(service, secret).json()["items"]) == 1
    assert len(ask(service, f"{IMPACT}?version=2").json()["items"]) == 1
    assert service.ask(f"{secret}?as_of={before}").status_code == 404


def test_what_an_ended_order_opened_counts_in_whom_a_policy_touches(start: Callable[..., Service]) -> None:
    service = start(forget_seconds=0)
    service.record(
        event(), placed(), declaration("policy.published", **PUBLISHED),
        assented("C-1", "1", **SEALED), assented("C-1", "2"), assented("C-3", "2"), said("C-1", "given", 1, **SEALED),
    )  # fmt: skip
    first = service.look_up("C-1")
    hidden = ask(service, f"{IMPACT}?version=1").json()["totals"]
    assert (hidden["people"], hidden["lacking"], hidden["consents"]) == (2, 2, {MARKETING: 0})
    before = opened(service)
    told = ask(service, f"{IMPACT}?version=1").json()
    assert [each["subject"] for each in told["items"]] == [first]
    assert (told["totals"]["people"], told["totals"]["lacking"]) == (2, 1), "hers counts under her other name"
    assert [each["subject"] for each in pages(service, f"{IMPACT}?version=1&people=lacking")] != [first]
    assert told["totals"]["consents"] == {MARKETING: 1}
    assert [each["subject"] for each in pages(service, f"{IMPACT}?people=consenting")] == [first]
    assert ask(service, f"{IMPACT}?version=1&as_of={before}").json()["totals"] == hidden


@pytest.mark.parametrize("hidden", ["given", "withdrawn"])
@pytest.mark.parametrize("who", ["C-1", ["C-1", "C-1-too"]])
def test_a_withdrawal_and_a_consent_meet_whichever_of_them_an_order_hid(
    start: Callable[..., Service], hidden: str, who: str | list[str]
) -> None:
    service = start(forget_seconds=0)
    facts = [
        said(who, state, day, **SEALED if state == hidden else {}) for state, day in (("given", 1), ("withdrawn", 2))
    ]
    service.record(event(), placed(), declaration("policy.published", **PUBLISHED), *facts)
    first = service.look_up("C-1")
    counted = [each["subject"] == first for each in pages(service, f"{IMPACT}?people=consenting")]
    assert any(counted) == (hidden == "withdrawn")
    opened(service)
    assert first not in [each["subject"] for each in pages(service, f"{IMPACT}?people=consenting")]
