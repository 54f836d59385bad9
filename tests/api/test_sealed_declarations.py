"""What is declared about nobody behind a seal: it is recorded, and no open answer counts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from projections.judgement import finding_id
from tests.api.conftest import PURPOSE, RECIPIENT, event
from tests.api.test_across import declaration
from tests.api.test_findings import settle
from tests.api.test_seals import RANDOM, SEALED, ask, cleared, everything

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.api.conftest import Service

SECRET = RECIPIENT | {"id": "secret-recipient"}
RULE = {
    "rule": "whosaw:KeepSecret", "categories": [], "purposes": [], "trigger": "collected", "length": 1, "unit": "days",
    "action": "erase", "effective_from": "2020-01-01T00:00:00Z",
}  # fmt: skip
PERMITS = {"id": "r1", "subject_matter": "use", "effect": "permits", "purposes": ["dpv:DirectMarketing"]}
PUBLISHED = {
    "policy": "secret-policy", "version": "9", "effective_from": "2020-01-01T00:00:00Z", "languages": ["en"],
    "text_digest": "sha256:" + "0" * 64, "supersedes": None, "rules": [PERMITS],
}  # fmt: skip
WAIVER = {
    "waiver_id": "W-1", "rule": "whosaw:RuleGround", "reason": "whosaw:TransitionPeriod", "system": None,
    "starts": "2020-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z",
}  # fmt: skip
AGREED = {
    "agreement_id": "A-1", "recipient_id": SECRET["id"], "agreement": "whosaw:ProcessorAgreement",
    "starts": "2020-01-01T00:00:00Z", "until": None,
}  # fmt: skip
DECLARED: dict[str, dict[str, Any]] = {
    "finding.waived": WAIVER,
    "finding.resolved": {"finding_id": finding_id(0, 2, WAIVER["rule"]), "reason": "whosaw:Remedied", "system": None},
    "retention.rule_set": RULE,
    "policy.published": PUBLISHED,
    "recipient.registered": {"recipient": RECIPIENT},
    "recipient.agreement_recorded": AGREED,
    "system.registered": {"registered": "secret-system", "purposes": ["dpv:ServiceProvision"]},
}
ACROSS = (
    "/v1/findings?to=2026-11-01T00:00:00Z", "/v1/retention?at=2027-01-01T00:00:00Z", "/v1/reconciliation",
    "/v1/retention?rule=whosaw:KeepSecret", "/v1/policies/secret-policy/impact",
    "/v1/recipients/secret-recipient/disclosures",
)  # fmt: skip


def known(service: Service, hidden: dict[str, Any]) -> list[Any]:
    """Return every open answer once something hidden is recorded, without what is drawn at random or off a clock."""
    first, *_ = service.record(
        event(),
        event("data.disclosed", basis=None) | {"id": "lacks-its-ground", "time": "2026-05-01T10:00:00Z"},
        event("data.collected") | {"time": "2026-05-01T10:00:00Z"},
    )
    settle(service, hidden)
    found = everything(service, first["stream"], 3)
    for path in (*ACROSS, f"/v1/subjects/{first['stream']}/policies", f"/v1/subjects/{first['stream']}/retention"):
        said = ask(service, path, service.bearer("officer") | PURPOSE)
        found.append((path.replace(first["stream"], "HERS"), said.status_code, RANDOM.sub(b"@", said.content)))
    return found


@pytest.mark.parametrize("kind", DECLARED)
def test_what_is_declared_behind_a_seal_changes_no_open_answer(start: Callable[..., Service], kind: str) -> None:
    worlds = (
        known(start(forget_seconds=0, snapshot_seconds=0), made)
        for made in (declaration(kind, **DECLARED[kind] | SEALED), event(customer="C-9", **SEALED))
    )
    for one, other in zip(*worlds, strict=True):
        assert one == other


@pytest.mark.parametrize(("seal", "state"), [("S-1", "resolved"), ("S-2", "open")])
def test_a_decision_behind_a_seal_counts_for_what_the_same_seal_hides_alone(
    service: Service, seal: str, state: str
) -> None:
    raised = {
        "finding_id": "theirs", "rule": "xx:Theirs", "rule_version": "1", "law_pack": None, "result": "violation",
        "inputs": [], "system": None,
    }  # fmt: skip
    decided = {"finding_id": "theirs", "reason": "whosaw:Remedied", "system": None, "seal_ref": seal}
    service.record(event(), declaration("finding.raised", **raised | SEALED))
    settle(service, declaration("finding.resolved", **SEALED | decided))
    (found,) = ask(service, "/v1/findings?sealed=true&rule=xx:Theirs", cleared(service, "*")).json()["items"]
    assert (found["state"], found["seals"]) == (state, ["S-1"])
