"""Answers questions from the ledger. One file per question; all of it can be dropped and built again.

holdings      what do we hold on her, why, until when?
disclosures   who outside received it?
views         who inside looked?
timeline      what happened?
policies      which policy governed, and what did she agree to?
holds         what may not be destroyed?
identity      who is one person?
corrections   which facts do not count?
incidents     whose record held what was never about them?
resolution    all that is hers, by the two before it
seals         which orders forbid telling?
erasures      how does the forgetting of somebody stand?
recipients    whose data did this recipient get?
returns       what did recipients give back or destroy?
exposure      whose data did a recipient have when it was breached?
emitters      which emitters went silent, or have gaps?
incident_register   all incidents, in the law's eight items
impact        whom does a change of a policy touch?
demands       what did authorities demand, in bands?
queries       who asked about her?
reconciliation   what is declared, and what observed?
cases         one case's chain of custody
account       the answer to all of it, for one person

"""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.cases import CASES
from projections.corrections import CORRECTIONS
from projections.demands import DEMANDS
from projections.disclosures import DISCLOSURES
from projections.emitters import EMITTERS
from projections.erasures import ERASURES
from projections.holdings import HOLDINGS
from projections.holds import HOLDS
from projections.identity import IDENTITY
from projections.incident_register import INCIDENT_REGISTER
from projections.observed import OBSERVED
from projections.policies import POLICIES
from projections.returns import RETURNS
from projections.seals import SEALS
from projections.views import VIEWS

if TYPE_CHECKING:
    from projections.projection import Projection

PROJECTIONS: tuple[Projection, ...] = (
    HOLDINGS,
    DISCLOSURES,
    VIEWS,
    POLICIES,
    HOLDS,
    ERASURES,
    IDENTITY,
    CORRECTIONS,
    SEALS,
    RETURNS,
    EMITTERS,
    INCIDENT_REGISTER,
    CASES,
    OBSERVED,
    DEMANDS,
)
"""What a follower keeps current."""

__all__ = [
    "CASES",
    "CORRECTIONS",
    "DEMANDS",
    "DISCLOSURES",
    "EMITTERS",
    "ERASURES",
    "HOLDINGS",
    "HOLDS",
    "IDENTITY",
    "INCIDENT_REGISTER",
    "OBSERVED",
    "POLICIES",
    "PROJECTIONS",
    "RETURNS",
    "SEALS",
    "VIEWS",
]
