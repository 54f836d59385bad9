"""Two incidents: an intruder at a processor, and a letter in the wrong envelope. Both are kept, one is serious."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from examples.company import codes as c
from examples.company.clock import written
from examples.company.diary import PRIVACY_OFFICE, Diary
from examples.company.facts import employee
from examples.company.recipients import MARKETING_FIRM

if TYPE_CHECKING:
    from examples.company.facts import Data

OFFICER = employee(31, "whosaw:PrivacyOfficer")
COMMISSION: Data = {"id": "cai", "name": "Commission d’accès à l’information", "country": "loc:CA-QC"}
COMMISSIONER: Data = {"id": "opc", "name": "Office of the Privacy Commissioner of Canada", "country": "loc:CA"}
INTRUSION = "incident-2026-mailing"
INTRUSION_BEGAN = datetime(2026, 9, 14, 4, 0, tzinfo=UTC)
INTRUSION_ENDED = datetime(2026, 9, 18, 22, 0, tzinfo=UTC)
EXPOSED = 166
"""Whom the marketing firm had by then, as the ledger answers when it is asked."""
MISDIRECTED = "incident-2026-letter"


def incidents(seed: int) -> Diary:
    """The privacy office's third diary."""
    diary = Diary(seed, "incidents")
    misdirected_letter(diary, datetime(2026, 4, 8, 13, 0, tzinfo=UTC))
    intrusion_at_the_marketing_firm(diary, INTRUSION_ENDED + timedelta(days=3, hours=-8))
    return diary


def misdirected_letter(diary: Diary, aware: datetime) -> None:
    """An invoice went to the neighbour, who sent it back: no risk of serious injury, and an entry all the same."""
    _note(diary, aware, "detected", MISDIRECTED, categories=[c.NAME, c.ADDRESS, c.CONSUMPTION],
          circumstances=["whosaw:UnauthorisedDisclosure", "whosaw:CauseMistake"],
          since=written(aware - timedelta(days=2)), until=written(aware), aware_at=written(aware), affected=1,
          systems=["billing"])  # fmt: skip
    _note(diary, aware + timedelta(days=1), "assessed", MISDIRECTED, serious=False,
          factors=["whosaw:MisuseImprobable", "whosaw:DataRecovered"], affected=1)  # fmt: skip
    _note(diary, aware + timedelta(days=6), "closed", MISDIRECTED, measures=["whosaw:ProcessChanged"])


def intrusion_at_the_marketing_firm(diary: Diary, aware: datetime) -> None:
    """For four days somebody read the marketing firm's lists: both regulators and everybody concerned were told."""
    _note(diary, aware, "detected", INTRUSION, categories=[c.NAME, c.MAIL_ADDRESS],
          circumstances=["whosaw:UnauthorisedAccess", "whosaw:CauseIntrusion"], since=written(INTRUSION_BEGAN),
          until=written(INTRUSION_ENDED), aware_at=written(aware), affected=None,
          recipient_id=MARKETING_FIRM.id)  # fmt: skip
    _note(diary, aware + timedelta(days=2), "assessed", INTRUSION, serious=True,
          factors=["whosaw:HarmfulUsePossible", "whosaw:MisuseProbable"], affected=EXPOSED)  # fmt: skip
    for hours, authority in ((1, COMMISSION), (2, COMMISSIONER)):
        _note(diary, aware + timedelta(days=2, hours=hours), "notified", INTRUSION, whom="regulator",
              channel=c.WEB, authority=authority)  # fmt: skip
    _note(diary, aware + timedelta(days=4), "notified", INTRUSION, whom="persons", channel=c.EMAIL)
    _note(diary, aware + timedelta(days=30), "closed", INTRUSION,
          measures=["whosaw:AccessRevoked", "whosaw:PasswordsReset"])  # fmt: skip


def _note(diary: Diary, at: datetime, act: str, incident: str, **data: object) -> None:
    said: Data = {"actor": OFFICER, "jurisdiction": "loc:CA-QC", "incident_id": incident, **data}
    diary.note(at, PRIVACY_OFFICE, f"incident.{act}", said, correlation=incident)
