"""Part B: who received it, named, with the role then, and by which authority.

The notice on authorities stands here in every account, the same whatever the rows say.
"""

from __future__ import annotations

from api.report.account import Account, Authority, Disclosure, code, codes
from api.report.blocks import (
    Block,
    Cell,
    Column,
    Lead,
    Line,
    Notice,
    Row,
    Section,
    Table,
    lines,
    row,
)
from api.report.cap import Cap
from api.report.series import Series
from api.report.wording import Wording
from projections.account import STATEMENT


def recipients(account: Account) -> int:
    """Return how many different recipients are named."""
    named = [item.recipient for item in account.disclosures or () if item.recipient]
    return len({recipient.id or (recipient.name, recipient.address) for recipient in named})


def disclosures_section(account: Account, series: list[Series], wording: Wording, as_of: str, cap: Cap) -> Section:
    """Return part B."""
    number = len(account.disclosures or ())
    to = wording.count("disclosures.recipients", recipients(account))
    lead = wording.count("disclosures.lead", number, recipients=to, as_of=as_of)
    if any(item.repeated for item in series):
        lead += " " + wording.say("disclosures.series")
    blocks: list[Block] = [Lead(lead)]
    if series:
        columns = [
            Column(wording.say(f"disclosures.column.{name}"), share)
            for name, share in (("date", 18), ("who", 29), ("what", 22), ("why", 35))
        ]
        names = _names(account)
        rows = [_row(item, f"B{n}", names, wording) for n, item in enumerate(cap.shown(series), 1)]
        blocks.append(Table([Column("", 5.5), *columns], rows))
        blocks += cap.notice(len(series), wording)
    heading = wording.say("disclosures.statement_heading")
    blocks.append(Notice(heading, account.statement or STATEMENT[wording.language]))
    return Section(wording.say("disclosures.heading"), blocks, letter="B")


def _names(account: Account) -> dict[str, str]:
    """Return what recipients were called, by the company's own reference: the last name of each."""
    named = (item.recipient for item in account.disclosures or () if item.recipient)
    return {each.id: each.name for each in named if each.id and each.name}


def _row(series: Series, name: str, names: dict[str, str], wording: Wording) -> Row:
    first = series.disclosures[0]
    categories = [item.text for item in codes(first.categories)]
    return row(
        [Line(name, "quiet")],
        _when(series, wording),
        _recipient(first, wording),
        lines((wording.listed(categories) or wording.say("disclosures.what_unknown"), "plain")),
        _why(first, names, wording),
    )


def _when(series: Series, wording: Wording) -> Cell:
    first, last = series.disclosures[0], series.disclosures[-1]
    if not series.repeated:
        if first.time is None or first.precision == "unknown":
            return lines((wording.say("opening.unknown_time"), "plain"))
        return lines(
            (wording.day(first.time, first.precision), "plain"),
            (wording.clock(first.time, first.precision), "quiet"),
        )
    return lines(
        (_end("first", first, wording), "plain"),
        (wording.say(f"frequency.{series.frequency}"), "quiet"),
        (wording.count("disclosures.times", len(series.disclosures)), "quiet"),
        (_end("last", last, wording), "plain"),
    )


def _end(end: str, item: Disclosure, wording: Wording) -> str:
    return wording.say(f"disclosures.{end}", day=wording.day(item.time or "", item.precision))


def _recipient(item: Disclosure, wording: Wording) -> Cell:
    recipient = item.recipient
    if recipient is None:
        return lines((wording.say("disclosures.recipient_unknown"), "strong"))
    address, country = recipient.address, recipient.country
    if address and country and country not in address:
        address = f"{address}, {country}"
    role, kind = code(recipient.role), code(recipient.kind)
    name = recipient.name or recipient.id or wording.say("disclosures.recipient_unknown")
    return lines(
        (name, "strong"),
        (address or country or wording.say("disclosures.address_unknown"), "plain"),
        (kind.text if kind else None, "quiet"),
        (wording.say("disclosures.role", role=role.text) if role else None, "quiet"),
    )


def _why(item: Disclosure, names: dict[str, str], wording: Wording) -> Cell:
    purpose, theirs, basis = code(item.purpose), code(item.recipient_purpose), code(item.basis)
    version, mode = item.policy_version, wording.word("mode", item.mode)
    say = wording.say
    if item.through is not None:  # What it passed it on for, it does not say.
        return lines((say("disclosures.through", recipient=names.get(item.through, item.through)), "plain"))
    return lines(
        (purpose.text if purpose else say("disclosures.why_unknown"), "plain"),
        (say("disclosures.recipient_purpose", purpose=theirs.text) if theirs else None, "quiet"),
        (
            say("disclosures.basis", basis=basis.text) if basis else say("disclosures.basis_unknown"),
            "quiet",
        ),
        (_authority(item.authority, wording), "plain"),
        (_cited(item.authority, wording), "quiet"),
        (wording.word("initiative", item.initiative), "quiet"),
        (say("disclosures.mode", mode=mode) if mode else None, "quiet"),
        (say("disclosures.policy", version=version) if version else None, "quiet"),
    )


def _cited(stated: Authority | str | None, wording: Wording) -> str | None:
    cited = code(stated.cited) if isinstance(stated, Authority) else None
    return wording.say("disclosures.cited", authority=cited.text) if cited else None


def _authority(stated: Authority | str | None, wording: Wording) -> str | None:
    if stated is None:
        return None
    if isinstance(stated, str):
        return wording.say("disclosures.authority", authority=stated)
    named = stated.label or stated.code
    parts = [named or stated.issuer or "—"]
    if named and stated.issuer:
        parts = [wording.say("disclosures.instrument", instrument=named, issuer=stated.issuer)]
    if stated.date:
        parts.append(wording.say("disclosures.dated", day=wording.day(stated.date)))
    return wording.say("disclosures.authority", authority=", ".join(parts))
