"""Answers questions from the ledger. One file per question; all of it can be dropped and built again.

holdings      what do we hold on her, why, until when?
disclosures   who outside received it?
series        the same, what repeats as one row
may_have      who may have it though nothing says so?
views         who inside looked?
releases      is she told their names?
timeline      what happened?
debts         who got her debts, and was told that they were disputed or paid?
withdrawals   what did she withdraw, and what was done after it?
inferences    what was inferred about her, and from what?
policies      which policy governed, and what did she agree to?
consents      what does she consent to, since when?
holds         what may not be destroyed?
identity      who is one person?
corrections   which facts do not count?
incidents     whose record held what was never about them?
resolution    all that is hers, by the two before it
seals         which orders forbid telling?
spoken        when does one lapse that was only spoken?
erasures      how does the forgetting of somebody stand?
retention     what may not be kept any longer?
erasure_requests  which requests for it were granted?
recipients    whose data did this recipient get?
requests      what did people ask for, and when is it due?
obligations   what is still owed because of their data?
duties        what is owed that no person's rows have?
findings      what is not as it should be? (rules: a file each)
earlier       what did these last four say then?
returns       what did recipients give back or destroy?
exposure      whose data did a recipient have when it was breached?
emitters      which emitters went silent, or have gaps?
merged        rows of many facts, exact at any position
incident_register   all incidents, in the law's eight items
governing     which policy governed, what did she agree to, what changed?
impact        whom does a change of a policy touch?
consenting    whose consents does it touch?
counting      how many rows has such an answer?
known         is a name that somebody asks about any?
demands       what did authorities demand, in bands?
queries       who asked about her?
reconciliation   what is declared, and what observed?
cases         one case's chain of custody
outdated      which accounts would be different now?
account       the answer to all of it, for one person

"""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.cases import CASES
from projections.consents import CONSENTS
from projections.corrections import CORRECTIONS
from projections.demands import DEMANDS
from projections.disclosures import DISCLOSURES
from projections.duties import DUTIES
from projections.emitted import EMITTERS
from projections.erasure_requests import ERASURE_REQUESTS
from projections.erasures import ERASURES
from projections.findings import FINDINGS
from projections.holdings import HOLDINGS
from projections.holds import HOLDS
from projections.identity import IDENTITY
from projections.incident_register import INCIDENT_REGISTER
from projections.obligations import OBLIGATIONS
from projections.observed import OBSERVED
from projections.outdated import OUTDATED
from projections.policies import POLICIES
from projections.requests import REQUESTS
from projections.retention import RETENTION
from projections.returns import RETURNS
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
    REQUESTS,
    OBLIGATIONS,
    DUTIES,
    RETENTION,
    FINDINGS,
    RETURNS,
    EMITTERS,
    INCIDENT_REGISTER,
    CASES,
    OBSERVED,
    DEMANDS,
    OUTDATED,
)
"""What a follower keeps current."""

__all__ = [
    "CASES",
    "CONSENTS",
    "CORRECTIONS",
    "DEMANDS",
    "DISCLOSURES",
    "DUTIES",
    "EMITTERS",
    "ERASURES",
    "ERASURE_REQUESTS",
    "FINDINGS",
    "HOLDINGS",
    "HOLDS",
    "IDENTITY",
    "INCIDENT_REGISTER",
    "OBLIGATIONS",
    "OBSERVED",
    "OUTDATED",
    "POLICIES",
    "PROJECTIONS",
    "REQUESTS",
    "RETENTION",
    "RETURNS",
    "SEALS",
    "VIEWS",
]
