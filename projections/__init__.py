"""Answers questions from the ledger. One file per question; all of it can be dropped and built again.

holdings      what do we hold on her, why, until when?
disclosures   who outside received it?
views         who inside looked?
timeline      what happened?
policies      which policy governed, and what did she agree to?
consents      what does she consent to, since when?
holds         what may not be destroyed?
identity      who is one person?
corrections   which facts do not count?
incidents     whose record held what was never about them?
resolution    all that is hers, by the two before it
seals         which orders forbid telling?
erasures      how does the forgetting of somebody stand?
retention     what may not be kept any longer?
erasure_requests  which requests for it were granted?
recipients    whose data did this recipient get?
findings      what is not as it should be? (rules: a file each)
outdated      which accounts would be different now?
account       the answer to all of it, for one person

"""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.consents import CONSENTS
from projections.corrections import CORRECTIONS
from projections.disclosures import DISCLOSURES
from projections.erasure_requests import ERASURE_REQUESTS
from projections.erasures import ERASURES
from projections.findings import FINDINGS
from projections.holdings import HOLDINGS
from projections.holds import HOLDS
from projections.identity import IDENTITY
from projections.outdated import OUTDATED
from projections.policies import POLICIES
from projections.retention import RETENTION
from projections.seals import SEALS
from projections.views import VIEWS

if TYPE_CHECKING:
    from projections.projection import Projected

PROJECTIONS: tuple[Projected, ...] = (
    HOLDINGS,
    DISCLOSURES,
    VIEWS,
    POLICIES,
    CONSENTS,
    HOLDS,
    ERASURES,
    ERASURE_REQUESTS,
    IDENTITY,
    CORRECTIONS,
    SEALS,
    RETENTION,
    FINDINGS,
    OUTDATED,
)
"""What a follower keeps current."""

__all__ = [
    "CONSENTS",
    "CORRECTIONS",
    "DISCLOSURES",
    "ERASURES",
    "ERASURE_REQUESTS",
    "FINDINGS",
    "HOLDINGS",
    "HOLDS",
    "IDENTITY",
    "OUTDATED",
    "POLICIES",
    "PROJECTIONS",
    "RETENTION",
    "SEALS",
    "VIEWS",
]
