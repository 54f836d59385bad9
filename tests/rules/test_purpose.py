"""Given a purpose, then whether the policy in force declared it."""

from __future__ import annotations

from projections.rules.purpose import RULE
from tests.projections.given import published, used
from tests.rules.given import then

FRAUD = {"purposes": ["dpv:FraudPreventionAndDetection"]}
OLD = published(
    "2009", "2009-05-01T00:00:00Z",
    rules=[{"id": "3.6", "subject_matter": "use", "effect": "permits", "purposes": ["dpv:PaymentManagement"]}],
)  # fmt: skip
NEW = published(
    "2026", "2026-06-01T00:00:00Z",
    rules=[{"id": "3.9", "subject_matter": "use", "effect": "permits"} | FRAUD],
)  # fmt: skip


def test_a_declared_purpose_is_lawful() -> None:
    assert then(RULE, OLD, used("ann", "2026-01-01T00:00:00Z", "pd:Name")) == [
        (2, "lawful", "whosaw:PurposeDeclared", [])
    ]


def test_the_version_at_occurrence_counts_and_a_later_one_never_cures() -> None:
    before = used("ann", "2026-05-31T00:00:00Z", "pd:Name", **FRAUD)
    after = used("ann", "2026-06-02T00:00:00Z", "pd:Name", **FRAUD)
    assert then(RULE, OLD, NEW, before, after) == [
        (3, "violation", "whosaw:PurposeNotDeclared", FRAUD["purposes"]),
        (4, "lawful", "whosaw:PurposeDeclared", []),
    ]


def test_without_a_policy_or_with_an_unknown_code_nobody_can_tell() -> None:
    assert then(RULE, used("ann", "2026-01-01T00:00:00Z", "pd:Name"))[0][1:3] == ("gap", "whosaw:PolicyUnknown")
    silent = published("2009", "2009-05-01T00:00:00Z")
    assert then(RULE, silent, used("ann", "2026-01-01T00:00:00Z", "pd:Name"))[0][2] == "whosaw:PolicyUnknown"
    unheard = used("ann", "2026-01-01T00:00:00Z", "pd:Name", purposes=["xx:Unheard"])
    assert then(RULE, OLD, unheard)[0][1:] == ("gap", "whosaw:CodeUnknown", ["xx:Unheard"])
