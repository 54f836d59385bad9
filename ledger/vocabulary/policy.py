# ruff: noqa: RUF012 - msgspec gives each object a list of its own
"""A policy as a file: what it says, rule by rule; and the event that publishes it."""

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, ValidationError, structs, to_builtins

from ledger.vocabulary.check import admits
from ledger.vocabulary.codes import CODES
from ledger.vocabulary.forms import Code, Digest, Language, Line, Location, System, Time
from ledger.vocabulary.parts import Actor, Part, SomeCodes
from ledger.vocabulary.promise_facts import PolicyPublished, Title
from ledger.vocabulary.rules import Rule

FORMS = "expected codes as prefix:Local, ids without spaces, and names without @"

Sentence = Annotated[str, Meta(min_length=1, max_length=1000)]


class Statement(Part, kw_only=True):
    """What a policy says, for people to read."""

    en: Sentence
    """English."""
    fr: Sentence
    """French."""


class PolicyRule(Rule, kw_only=True):
    """A rule with the statement that it was compiled from."""

    statement: Statement
    """The policy's statement, in short."""


class Controller(Part, kw_only=True):
    """The company whose policy it is."""

    name: Line
    """Its name."""
    legal_name: Line
    """Its name before the law."""
    jurisdiction: Code
    """Where it is."""
    contact: Statement
    """How it is reached."""


class Silence(Part, kw_only=True):
    """A question that the policy does not answer."""

    topic: Code
    """What about."""
    statement: Statement
    """What it leaves open."""


class Policy(Part, kw_only=True):
    """One version of a policy."""

    id: System
    """Which policy."""
    version: System
    """Which version of it."""
    title: Statement
    """Its title."""
    controller: Controller
    """Whose it is."""
    effective_from: Time
    """From when it governs."""
    text_digest: Digest
    """Digest of the bytes of the text that it was compiled from."""
    text_source: Sentence
    """Which text that was."""
    languages: Annotated[list[Language], Meta(min_length=1, max_length=20)]
    """Languages in which the company published it."""
    location: Location
    """Where the company published it."""
    regimes: SomeCodes
    """Laws and codes that it is judged under."""
    supersedes: System | None = None
    """The version before it."""
    rules: Annotated[list[PolicyRule], Meta(min_length=1, max_length=300)]
    """What it says."""
    silent_on: Annotated[list[Silence], Meta(max_length=100)] = []
    """What it does not say."""

    def rule(self, rule_id: str) -> PolicyRule:
        """Return one rule.

        Raises:
            KeyError: There is none of that id.
        """
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise KeyError(rule_id)


class InvalidPolicy(ValueError):
    """The file does not say a policy. Everything that is wrong is listed."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        super().__init__(f"{path}: " + "; ".join(problems))
        self.problems = problems
        """Each says where and what."""


def load_policy(path: Path) -> Policy:
    """Return the policy that a TOML file says.

    Raises:
        InvalidPolicy: It is not TOML, lacks something, uses a code that nobody knows, or refers to
            a rule that it has not.
        OSError: It can not be read.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        policy = msgspec.convert(document, Policy)
    except tomllib.TOMLDecodeError as error:
        raise InvalidPolicy(path, [f"expected TOML: {error}"]) from error
    except UnicodeDecodeError as error:
        raise InvalidPolicy(path, ["expected text in UTF-8"]) from error
    except ValidationError as error:
        raise InvalidPolicy(path, [str(error)]) from error
    problems = list(_problems(policy))
    if problems:
        raise InvalidPolicy(path, problems)
    return policy


def published_data(
    policy: Policy, *, actor: Actor, notice: Literal["given", "not_given", "unknown"] = "unknown"
) -> dict[str, Any]:
    """Return the data of the `policy.published` event: the rules in codes, without the statements.

    The event's `time` is when it was published; `effective_from` is in the data.

    Args:
        policy: A loaded one.
        actor: Who publishes it.
        notice: Whether customers were told.
    """
    data = PolicyPublished(
        actor=actor,
        jurisdiction=policy.controller.jurisdiction,
        policy=policy.id,
        version=policy.version,
        text_digest=policy.text_digest,
        languages=policy.languages,
        effective_from=policy.effective_from,
        supersedes=policy.supersedes,
        notice=notice,
        title=Title(en=policy.title.en, fr=policy.title.fr),
        location=policy.location,
        rules=[_compiled(rule) for rule in policy.rules],
    )
    plain: dict[str, Any] = to_builtins(data)
    return plain


def _compiled(rule: PolicyRule) -> Rule:
    """Return the rule without its statement."""
    members = structs.asdict(rule)
    del members["statement"]
    return Rule(**members)


def _problems(policy: Policy) -> Iterator[str]:
    """Yield what is wrong between the parts of a policy."""
    ids = [rule.id for rule in policy.rules]
    for rule_id in sorted({each for each in ids if ids.count(each) > 1}):
        yield f"rule {rule_id}: expected one rule of this id, found {ids.count(rule_id)}"
    if not (admits(policy.controller) and admits(structs.replace(policy, rules=[]))):
        yield f"outside the rules: {FORMS}"
    for rule in policy.rules:
        if not admits(rule):
            yield f"rule {rule.id}: {FORMS}"
        for other in [*rule.exceptions, *rule.conflicts]:
            if other not in ids:
                yield f"rule {rule.id}: refers to rule {other}, which the policy has not"
        yield from _unknown(f"rule {rule.id}", _codes(rule))
    topics = [silence.topic for silence in policy.silent_on]
    yield from _unknown("outside the rules", [*policy.regimes, policy.controller.jurisdiction, *topics])


def _unknown(where: str, codes: Iterable[str]) -> Iterator[str]:
    """Yield a problem for each code that nobody knows."""
    for code in codes:
        if code not in CODES:
            yield f"{where}: nobody knows the code {code}"


CODE_SIDES = (
    "verbs",
    "contexts",
    "channels",
    "purposes",
    "also",
    "categories",
    "recipients",
    "roles",
    "recipient_purposes",
    "instruments",
    "bases",
    "requires",
    "rights",
    "notes",
)
"""The sides of a rule that are codes."""


def _codes(rule: Rule) -> Iterator[str]:
    for side in CODE_SIDES:
        yield from getattr(rule, side)
