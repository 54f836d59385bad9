"""The audit: everything that can be recomputed from stored bytes is, and what does not match is named.

It shares no code with the writer, so that one mistake can not hide in both: it reads rows, parses notes, hashes trees
and opens keys by itself. Of the rest of the ledger it may import nothing but errors.
"""

from ledger.audit.found import Finding, Kind, in_order
from ledger.audit.log import LogAudit
from ledger.audit.outside import Papers
from ledger.audit.processes import Processes
from ledger.audit.scope import Log, Outcome, Secrets

__all__ = ["Finding", "Kind", "Log", "LogAudit", "Outcome", "Papers", "Processes", "Secrets", "in_order"]
