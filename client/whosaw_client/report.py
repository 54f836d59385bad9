"""What a verification found: each check with its outcome, and what a green result does not say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

CODES = (
    "archive",
    "manifest",
    "digests",
    "key",
    "checkpoint",
    "inclusion",
    "chain",
    "membership",
    "completeness",
    "report",
    "since",
)
"""Every check, in the order in which they are made."""
MOST_FINDINGS = 100
"""Of one check; what comes after is counted."""
MOST_CHARACTERS = 300
"""Of each part of a finding."""


def brief(text: str, most: int = MOST_CHARACTERS) -> str:
    """Return a text as a message may show it: short, on one line, and with nothing that a terminal would obey."""
    short = "".join(each if each.isprintable() else "?" for each in text[:most])
    return f"{short}…" if len(text) > most else short


class Refused(Exception):
    """A part is not what it must be: the check that reads it fails. Its texts may repeat what a forger wrote."""

    def __init__(self, where: str, expected: str, found: str) -> None:
        where, expected, found = brief(where), brief(expected), brief(found)
        super().__init__(f"{where}: expected {expected}, found {found}")
        self.where = where
        self.expected = expected
        self.found = found


class Finding(NamedTuple):
    """One outcome of one check."""

    code: str
    ok: bool
    where: str
    """A file of the bundle, and what in it."""
    expected: str
    found: str


@dataclass
class Report:
    """The outcome of a verification."""

    findings: list[Finding] = field(default_factory=list[Finding])
    notes: list[str] = field(default_factory=list[str])
    """What a reader must know besides; never a reason for red."""
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    """Of the bundle: subject, log, size, as_of, covers, entries."""
    more: dict[str, int] = field(default_factory=dict[str, int])
    """Check → failures beyond the first `MOST_FINDINGS`."""

    @property
    def green(self) -> bool:
        """Whether every check that could be made came out well, and the checkpoint's signature was among them."""
        return all(each.ok for each in self.findings) and any(each.code == "checkpoint" for each in self.findings)

    def passed(self, code: str, where: str, found: str) -> None:
        """Note a check that came out well."""
        self.findings.append(Finding(code, ok=True, where=where, expected="", found=found))

    def failed(self, code: str, error: Refused) -> None:
        """Note a check that did not."""
        if sum(not each.ok and each.code == code for each in self.findings[-MOST_FINDINGS:]) >= MOST_FINDINGS:
            self.more[code] = self.more.get(code, 0) + 1
            return
        self.findings.append(Finding(code, ok=False, where=error.where, expected=error.expected, found=error.found))

    def has_failed(self, *codes: str) -> bool:
        """Tell whether any of these checks failed."""
        return any(not each.ok and each.code in codes for each in self.findings)

    def json(self) -> dict[str, Any]:
        """Return the report as `--json` prints it."""
        return {
            "verdict": "green" if self.green else "red",
            "checks": [each._asdict() for each in self.findings],
            "more": self.more,
            "notes": self.notes,
        } | self.facts
