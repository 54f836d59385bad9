"""What can go wrong in the ledger.

LedgerError
├── InvalidFact      this fact can not be recorded as it stands; a retry does not help
├── Conflict         the same (source, id) was recorded with other content; a retry does not help
├── Held             somebody can not be forgotten as decided: look again at what holds her, then retry
├── Overloaded       too much waits already; retry later, with the same ids
├── Unavailable      the database can not be reached or its answer was lost; retry with the same ids
├── WrongLedger      the database, the keys and the settings do not belong together; an operator must look
│   ├── RolledBack   the database ends before the newest head that was signed: an older copy was put back
│   └── Forked       the database holds another history than the one that was signed
└── Damaged          what is stored contradicts itself; stop, and audit
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class LedgerError(Exception):
    """The root of what this package raises."""


class InvalidFact(LedgerError):
    """The fact breaks a limit of the ledger."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(f"{pointer}: {detail}")
        self.pointer = pointer
        self.detail = detail


class Conflict(LedgerError):
    """One or more facts of a request reuse a (source, id) for other content. Nothing of the request was recorded."""

    def __init__(self, indexes: Sequence[int]) -> None:
        super().__init__(f"the same source and id was recorded with other content (items {list(indexes)})")
        self.indexes = list(indexes)
        """Ascending places of these facts in the request, from 0."""


class Held(LedgerError):
    """Something was recorded since a decision to forget somebody was made, which may forbid it. Nothing was done."""


class Overloaded(LedgerError):
    """More facts wait than the ledger accepts. Nothing of this request was recorded."""


class Unavailable(LedgerError):
    """The database did not answer in time. The facts may or may not be recorded: a retry tells, and never doubles."""


class WrongLedger(LedgerError):
    """Database, key directory and settings are not of one ledger."""


class RolledBack(WrongLedger):
    """The database ends before the newest head that was signed. Nothing is signed until the missing tail is back."""


class Forked(WrongLedger):
    """The database does not extend the newest head that was signed. Nothing is signed for it, ever."""


class Damaged(LedgerError):
    """Stored rows contradict one another: a hole, or a head that does not match its entries."""
