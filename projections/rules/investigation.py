"""An investigation without a warrant gets data only on a request that names its lawful authority and its purpose.

The company's policy is content with an investigation; the law is not.

Source: PIPEDA 7(3)(c.1); R. v. Spencer, 2014 SCC 43.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from projections.rules.rule import Rule, Verdict, lawful

if TYPE_CHECKING:
    from projections.history import Fact, History
    from projections.registers import Registers

REQUESTS = frozenset({"whosaw:InvestigationRequest", "whosaw:Investigation"})
WITHOUT_WARRANT = "ca-pipeda:7-3-c.1"


def judge(fact: Fact, history: History, registers: Registers) -> Verdict | None:
    """Return whether a request without a warrant was one that the law lets be answered; None if it was another."""
    data = fact.data
    paper: dict[str, Any] = data.get("instrument") or {}
    stated = (data.get("basis") or "").startswith(WITHOUT_WARRANT)
    if paper.get("type") not in REQUESTS and not (stated and not paper):
        return None
    lacking = [
        code
        for code, there in (
            ("whosaw:LawfulAuthority", paper.get("authority")),
            ("whosaw:RecipientPurpose", data.get("recipient_purpose")),
            ("whosaw:RequestOfRecipient", data["initiative"] == "recipient"),
        )
        if not there
    ]
    if lacking:
        return Verdict("violation", "whosaw:NotStated", tuple(lacking))
    return lawful("whosaw:AuthorityStated")


RULE = Rule("whosaw:RuleInvestigation", 1, "whosaw:PIPEDA", ("data.disclosed",), judge)
