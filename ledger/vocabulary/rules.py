# ruff: noqa: RUF012 - msgspec gives each object a list of its own
"""A policy's rules as the ledger records them: in codes, that facts are judged by."""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.vocabulary.forms import System
from ledger.vocabulary.parts import Part, SomeCodes

RuleIds = Annotated[list[System], Meta(max_length=40)]


class Rule(Part, kw_only=True):
    """One thing that a policy says. An empty list leaves that side open.

    A rule that permits covers a fact that fits each of its sides and carries what it requires. A
    rule that forbids yields to its bases and to its exceptions.
    """

    id: System
    """Its place in the policy, such as 6.3."""
    subject_matter: Literal[
        "scope",
        "commitment",
        "change",
        "location",
        "assent",
        "disclaimer",
        "collection",
        "use",
        "mechanism",
        "security",
        "disclosure",
        "request",
        "choice",
    ]
    """What it is about."""
    effect: Literal["declares", "permits", "forbids", "requires"]
    """What it does."""
    verbs: SomeCodes = []
    """The acts it speaks of, such as dpv:Collect."""
    contexts: SomeCodes = []
    """Occasions."""
    channels: SomeCodes = []
    """Channels."""
    origins: Annotated[list[Literal["subject", "third_party", "observed", "derived"]], Meta(max_length=4)] = []
    """Where the data comes from."""
    purposes: SomeCodes = []
    """Purposes."""
    also: SomeCodes = []
    """The same purposes in a second scheme."""
    categories: SomeCodes = []
    """Categories of data."""
    recipients: SomeCodes = []
    """Kinds of recipient; of a disclosure."""
    roles: SomeCodes = []
    """Legal roles that the recipient may have."""
    recipient_purposes: SomeCodes = []
    """Purposes that the recipient may have."""
    instruments: SomeCodes = []
    """Papers that it may rest on."""
    bases: SomeCodes = []
    """Legal bases that fit it."""
    requires: SomeCodes = []
    """What a fact must carry for the rule to cover it, such as whosaw:OrderReference."""
    assent: Annotated[list[Literal["express", "implied", "deemed_by_use"]], Meta(max_length=3)] = []
    """Modes of assent that it speaks of."""
    notice: Literal["required", "optional", "none"] | None = None
    """Whether customers are told of a change."""
    rights: SomeCodes = []
    """What a person may ask for."""
    exceptions: RuleIds = []
    """The rules that limit it."""
    conflicts: RuleIds = []
    """The rules that contradict it."""
    notes: SomeCodes = []
    """What a judge of facts should look at, as codes."""
