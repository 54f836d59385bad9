"""Writes facts, in order, provably, erasably. Knows PostgreSQL; knows no HTTP and no report."""

from ledger.entry import Entry
from ledger.errors import (
    Conflict,
    Damaged,
    Forked,
    Held,
    InvalidFact,
    LedgerError,
    Overloaded,
    RolledBack,
    Unavailable,
    WrongLedger,
)
from ledger.fact import Fact, Reference
from ledger.group import Receipt
from ledger.keys import Keys
from ledger.ledger import Ledger, Log
from ledger.record import fact_of
from ledger.subject import Subject

__all__ = [
    "Conflict",
    "Damaged",
    "Entry",
    "Fact",
    "Forked",
    "Held",
    "InvalidFact",
    "Keys",
    "Ledger",
    "LedgerError",
    "Log",
    "Overloaded",
    "Receipt",
    "Reference",
    "RolledBack",
    "Subject",
    "Unavailable",
    "WrongLedger",
    "fact_of",
]
