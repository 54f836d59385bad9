"""What is done to many customers at once, each time one event: news, offers, research, backups abroad."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from examples.company import codes as c
from examples.company.clock import AS_OF, START, months
from examples.company.diary import CALLS, SIGNUP, Diary
from examples.company.facts import collected, disclosed, person, service, used
from examples.company.recipients import CLOUD_HOST, MARKETING_FIRM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from examples.company.customers import Customer

MARKETING = service("marketing", "whosaw:MarketingService")
BACKUP = service("backup", "whosaw:CallService")


def tasks(seed: int, everyone: Sequence[Customer]) -> Diary:
    """The company's own diary: a campaign every quarter and what surrounds it."""
    diary = Diary(seed, "campaigns")
    for quarter, at in enumerate(months(START, AS_OF)[2::3], start=1):
        here = [each for each in everyone if each.at(at)]
        readers = [each for each in everyone if each.reads_mail(at)]
        off_site_backup(diary, at, here, quarter)
        site_news(diary, at + timedelta(days=2), readers, quarter)
        campaign(diary, at + timedelta(days=6), readers, quarter)
        if quarter % 3 == 0:
            market_research(diary, at + timedelta(days=11), here, quarter)
    return diary


def off_site_backup(diary: Diary, at: datetime, here: Sequence[Customer], quarter: int) -> None:
    """Everybody's call records go to a host in Virginia: a transfer out of Quebec (P-39.1, s. 17)."""
    diary.note(at, CALLS, "data.disclosed", disclosed(
        [person(each) for each in here], BACKUP, "switch", recipient=CLOUD_HOST,
        categories=[c.NAME, c.TELEPHONE, c.CALL_LOG], purpose=c.SERVICE, recipient_purpose=c.SERVICE,
        basis=c.PROVIDER, mode="bulk_feed", agreement_ref="agreement-hosting-2025",
        transfer_ref="assessment-2025-03", series={"id": "off-site-backup"},
        order_ref=f"backup-q{quarter}",
    ))  # fmt: skip


def site_news(diary: Diary, at: datetime, readers: Sequence[Customer], quarter: int) -> None:
    """News of the web site by e-mail (purpose 3), and what the clicks taught about its content (4)."""
    subjects = [person(each) for each in readers]
    sent = diary.note(at, SIGNUP, "data.used", used(
        subjects, MARKETING, "mailer", categories=[c.MAIL_ADDRESS], purposes=[c.SITE_NEWS],
        basis=c.CONSENT, channel=c.EMAIL, message_ref=f"news-q{quarter}",
    ))  # fmt: skip
    diary.note(at + timedelta(days=3), SIGNUP, "data.used", used(
        subjects, MARKETING, "web", categories=[c.BROWSING, c.VISITS], purposes=[c.IMPROVE_SITE],
        basis=c.IMPLIED, message_ref=f"news-q{quarter}",
    ), causation=sent)  # fmt: skip


def campaign(diary: Diary, at: datetime, readers: Sequence[Customer], quarter: int) -> None:
    """An offer to all who agreed (purpose 5): the firm that prints it receives names and addresses."""
    subjects, name = [person(each) for each in readers], f"campaign-q{quarter}"
    given = diary.note(at, SIGNUP, "data.disclosed", disclosed(
        subjects, MARKETING, "mailer", recipient=MARKETING_FIRM, categories=[c.NAME, c.MAIL_ADDRESS],
        purpose=c.PROMOTE, recipient_purpose=c.PROMOTE, basis=c.CONSENT, mode="bulk_feed",
        agreement_ref="agreement-mailing-2025", order_ref=name,
    ), correlation=name)  # fmt: skip
    diary.note(at + timedelta(days=1), SIGNUP, "data.used", used(
        subjects, MARKETING, "mailer", categories=[c.NAME, c.MAIL_ADDRESS], purposes=[c.PROMOTE],
        basis=c.CONSENT, channel=c.EMAIL, message_ref=name,
    ), correlation=name, causation=given)  # fmt: skip


def market_research(diary: Diary, at: datetime, here: Sequence[Customer], quarter: int) -> None:
    """Segments worked out of what customers use (policy, section 2 C), and then used to improve the service (8)."""
    subjects = [person(each) for each in here]
    derived = diary.note(at, SIGNUP, "data.collected", collected(
        subjects, MARKETING, "research", context="whosaw:MarketResearch", channel="whosaw:Internal",
        origin="derived", categories=[c.SEGMENT, c.INTEREST], purposes=[c.RESEARCH, c.IMPROVE_SERVICE], basis=c.IMPLIED,
    ), correlation=f"research-q{quarter}")  # fmt: skip
    diary.note(at + timedelta(days=4), SIGNUP, "data.used", used(
        subjects, MARKETING, "research", categories=[c.SEGMENT], purposes=[c.IMPROVE_SERVICE],
        basis=c.IMPLIED,
    ), correlation=f"research-q{quarter}", causation=derived)  # fmt: skip
