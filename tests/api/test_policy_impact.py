"""Whom a change of a policy touches, and whose consents, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.conftest import event

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.api.conftest import Service

from tests.api.test_across import ask, pages


@pytest.mark.parametrize("logs", [1, 3])
def test_whom_a_change_of_a_policy_touches(start: Callable[..., Service], logs: int) -> None:
    service = start(logs=logs)

    def assented(customers: list[str], version: str, mode: str, **more: Any) -> dict[str, Any]:
        made = event("policy.assented")
        subjects = [{"reference": {"kind": "customer", "value": each}, "role": "dpv:Customer"} for each in customers]
        made["data"] = {
            "actor": made["data"]["actor"], "subjects": subjects, "policy": "privacy", "version": version, "mode": mode,
            "evidence": None,
        } | more  # fmt: skip
        return made

    service.record(
        assented(["C-1"], "2009", "deemed_by_use"),
        assented(["C-1", "C-2"], "2009", "express"),
        assented(["C-3"], "2009", "implied"),
        assented(["C-1", "C-3"], "2026", "express"),
        assented(["C-4"], "2009", "express", visibility="sealed"),
    )
    path = "/v1/policies/privacy/impact"
    totals = ask(service, f"{path}?version=2026").json()["totals"]
    assert totals["people"] == 3
    assert totals["lacking"] == 1
    assert totals["versions"] == [
        {"version": "2009", "people": 3, "modes": {"deemed_by_use": 1, "express": 2, "implied": 1}},
        {"version": "2026", "people": 2, "modes": {"express": 2}},
    ]
    assert len(pages(service, f"{path}?version=2009&limit=2")) == 4
    (lacking,) = pages(service, f"{path}?version=2026&people=lacking")
    assert lacking["subject"] == service.look_up("C-2")
    assert service.ask(f"{path}?people=lacking").status_code == 422


@pytest.mark.parametrize("logs", [1, 3])
def test_whose_consents_a_change_of_a_policy_touches(start: Callable[..., Service], logs: int) -> None:
    service = start(logs=logs)
    marketing, ads = "dpv:DirectMarketing", "dpv:TargetedAdvertising"

    def published(version: str, *purposes: str, since: str = "2026-01-01T00:00:00Z") -> dict[str, Any]:
        rules = [
            {"id": f"r{n}", "subject_matter": "use", "effect": "permits", "purposes": [each]}
            for n, each in enumerate(purposes)
        ]
        made = event("policy.published", policy="privacy", version=version, effective_from=since, languages=["en"],
                     text_digest="sha256:" + "0" * 64, supersedes=None, rules=rules)  # fmt: skip
        del made["data"]["subjects"]
        return made

    def said(who: str | list[str], state: str, purpose: str, day: int = 1, **more: Any) -> dict[str, Any]:
        data = {
            "state": state, "purposes": [purpose], "categories": [], "channel": "whosaw:Web", "notice_ref": None,
            "effective_at": f"2026-11-{day:02}T10:00:00Z",
        }  # fmt: skip
        names = [who] if isinstance(who, str) else who
        subjects = [{"reference": {"kind": "customer", "value": each}, "role": "dpv:Customer"} for each in names]
        return event("consent.recorded", **data | {"subjects": subjects} | more)

    service.record(
        published("2026", marketing), published("2027", marketing, ads, since="2027-01-01T00:00:00Z"),
        said(["C-1", "C-2", "C-3"], "given", marketing), said("C-2", "withdrawn", marketing, 2),
        said("C-4", "given", marketing, categories=["pd:Name"]), said("C-4", "given", marketing, 3),
        said("C-5", "given", marketing), said("C-5", "withdrawn", marketing, 2, categories=["pd:Name"]),
        said("C-6", "given", marketing, until="2026-11-02T00:00:00Z"),
        said("C-7", "given", marketing, visibility="sealed"),
        said("C-10", "given", marketing, categories=["pd:EmailAddress"]),
        said("C-10", "withdrawn", marketing, 2, categories=["pd:Contact"]),
        said("C-11", "given", marketing, categories=["pd:Contact"]),
        said("C-11", "withdrawn", marketing, 2, categories=["pd:EmailAddress"]),
        said("C-8", "refused", marketing), said("C-1", "given", ads), said("C-9", "given", "dpv:ServiceProvision"),
    )  # fmt: skip
    wrong = said("C-3", "withdrawn", marketing, 4)
    voided = event("event.voided", "C-3", target={"source": wrong["source"], "id": wrong["id"]},
                   reason="whosaw:NeverHappened")  # fmt: skip
    del voided["data"]["system"]
    service.record(wrong, voided)
    path = "/v1/policies/privacy/impact"
    rows = pages(service, f"{path}?people=consenting&limit=2")
    assert sorted(row["subject"] for row in rows) == sorted(service.look_up(f"C-{n}") for n in (1, 3, 4, 5, 11))
    assert {row["purpose"] for row in rows} == {marketing}
    assert ask(service, path).json()["totals"]["consents"] == {marketing: 5}
    both = pages(service, f"{path}?people=consenting&version=2027&limit=2")
    assert [row["purpose"] for row in both] == [marketing] * 5 + [ads]
    assert ask(service, f"{path}?version=2027").json()["totals"]["consents"] == {marketing: 5, ads: 1}
