"""The seed policy as data: every row of it is there, and publishing it is an event."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ledger.vocabulary import clear_bytes, parse_event
from ledger.vocabulary.parts import Service
from ledger.vocabulary.policy import InvalidPolicy, Policy, load_policy, published_data

FILE = Path(__file__).parents[2] / "examples" / "company" / "policy.toml"
ROWS = [
    "1.1",
    "1.2",
    "1.3",
    "1.4",
    "1.5",
    "1.6",
    "2A",
    "2B",
    "2C",
    "2D",
    "3.1",
    "3.2",
    "3.3",
    "3.4",
    "3.5",
    "3.6",
    "3.7",
    "3.8",
    "4.1",
    "4.2",
    "4.3",
    "5.1",
    "5.2",
    "6.1",
    "6.2",
    "6.3",
    "6.4",
    "6.5",
    "7.1",
    "7.2",
]
PUBLISHER = Service(id="policy-desk", role="whosaw:Administrator")


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(FILE)


def test_every_row_of_the_seed_is_a_rule(policy: Policy) -> None:
    assert [rule.id for rule in policy.rules] == ROWS


def test_every_rule_and_silence_is_said_in_both_languages(policy: Policy) -> None:
    for each in [*policy.rules, *policy.silent_on]:
        assert each.statement.en != each.statement.fr


def test_the_policy_is_silent_on_eleven_questions(policy: Policy) -> None:
    assert len({silence.topic for silence in policy.silent_on}) == 11


def test_disclosure_is_forbidden_by_default_with_four_exceptions(policy: Policy) -> None:
    default = policy.rule("6.1")
    assert default.effect == "forbids"
    assert {"dpv:Sell", "dpv:Transfer", "dpv:Disclose"} == set(default.verbs)
    assert default.exceptions == ["6.2", "6.3", "6.4", "6.5"]
    for exception in map(policy.rule, default.exceptions):
        assert exception.effect == "permits"
        assert exception.recipients
        assert exception.requires


def test_change_needs_no_notice_and_assent_after_it_is_only_deemed(policy: Policy) -> None:
    assert policy.rule("1.3").notice == "optional"
    assert policy.rule("1.5").assent == ["deemed_by_use"]


def test_one_mechanism_serves_two_purposes(policy: Policy) -> None:
    statistics, session = policy.rule("4.1"), policy.rule("4.2")
    assert set(statistics.purposes).isdisjoint(session.purposes)
    assert set(statistics.categories) & set(session.categories)


def test_contradictions_name_each_other(policy: Policy) -> None:
    for rule in policy.rules:
        for other in rule.conflicts:
            assert rule.id in policy.rule(other).conflicts
    assert policy.rule("5.2").conflicts == ["2B", "5.1"]


def test_an_unknown_rule_is_not_found(policy: Policy) -> None:
    with pytest.raises(KeyError):
        policy.rule("9.9")


def test_publishing_is_an_event_that_carries_the_rules_in_codes(policy: Policy) -> None:
    event = {
        "source": "/policies",
        "id": "farfadet-privacy-2009-05-01",
        "type": "policy.published",
        "time": "2009-05-01T00:00:00-04:00",
        "data": published_data(policy, actor=PUBLISHER, notice="not_given"),
    }
    parsed = parse_event(msgspec.json.encode(event))
    stored = clear_bytes(parsed, str)
    assert len(stored) < 20_000
    assert b'"text_digest":"sha256:' in stored
    assert b"unsubscribe" not in stored
    assert [rule["id"] for rule in msgspec.json.decode(b"{" + stored + b"}")["data"]["rules"]] == ROWS


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "farfadet-privacy"', "id = ", "expected TOML"),
        ('version = "2009-05-01"', "", "version"),
        ('effect = "forbids"', 'effect = "frobids"', "effect"),
        (
            '"dpv:DirectMarketing"',
            '"dpv:DirectMarketting"',
            "rule 3.5: nobody knows the code dpv:DirectMarketting",
        ),
        ('exceptions = ["7.2"]', 'exceptions = ["7.3"]', "rule 3.3: refers to rule 7.3"),
        ('id = "1.2"', 'id = "1.1"', "rule 1.1: expected one rule of this id, found 2"),
        ('id = "1.2"', 'id = "one two"', "rule one two: expected codes as prefix:Local"),
        (
            'jurisdiction = "loc:CA-QC"',
            'jurisdiction = "Quebec"',
            "outside the rules: expected codes",
        ),
    ],
)
def test_a_wrong_policy_says_what_is_wrong(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    wrong = tmp_path / "policy.toml"
    wrong.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InvalidPolicy) as caught:
        load_policy(wrong)
    assert any(said in problem for problem in caught.value.problems)


def test_a_policy_that_is_no_text_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "policy.toml"
    wrong.write_bytes(b"\xff")
    with pytest.raises(InvalidPolicy):
        load_policy(wrong)
