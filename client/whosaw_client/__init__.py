"""Checks what a whosaw ledger hands out, offline. Shares no code with the ledger: two implementations, one format.

The format and every check are in docs/bundle.md of the project.
"""

from whosaw_client.report import Report
from whosaw_client.verify import verify_bundle

__all__ = ["Report", "verify_bundle"]
