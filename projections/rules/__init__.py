"""The rules that facts are judged by: one file each, found by being here. Pure: no database, no clock.

A new rule is a file with a `RULE`, its code and reasons with labels in `ledger/vocabulary/schemes/whosaw.toml`, and a
test in `tests/rules/`. A changed one counts its version up, and so does what keeps the findings: old facts are then
judged anew.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from projections.rules.rule import Rule


def _found() -> tuple[Rule, ...]:
    """Return the rule of every file that has one, by the name of its file."""
    names = sorted(module.name for module in iter_modules(__path__, f"{__name__}."))
    rules: list[Rule | None] = [getattr(import_module(name), "RULE", None) for name in names]
    return tuple(rule for rule in rules if rule is not None)


RULES = _found()
TO_CONFIRM = frozenset(rule.code for rule in RULES if rule.confirm)
"""The codes of those that counsel must confirm."""
