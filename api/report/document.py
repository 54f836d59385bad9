"""Turns an account into the text of a document: title block, glance, parts A to D, and the rest."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple, cast

import msgspec

from api.report.account import Account, AsOf, Controller, read_account
from api.report.blocks import Document, Fact, Glance, Line, lines
from api.report.cap import share
from api.report.disclosures import disclosures_section, recipients
from api.report.glossary import glossary_section, labelled_codes
from api.report.glyphs import LONGEST_IN_TABLE, LONGEST_TEXT, Printer
from api.report.holdings import holdings_section, kinds_held
from api.report.policies import policies_section
from api.report.proof import appendix_section, check_section
from api.report.rights import limits_section, rights_section
from api.report.series import Series, grouped
from api.report.views import looks, views_section
from api.report.wording import Wording

_LETTER_PAPER = {None, "", "CA", "US", "MX"}
"""Countries that print on letter; an account that names none comes from Canada."""


class Printable(NamedTuple):
    """What the template lays out."""

    content: bytes
    """JSON: the text of the document."""
    created: int
    """Seconds since 1970 UTC that the file gives as its making: the account's as-of, or 0."""


def printable(body: bytes, language: str, *, cautious: bool = False) -> Printable:
    """Return the text of the report on the account in these bytes.

    Args:
        body: The account's canonical JSON.
        language: en or fr.
        cautious: Draw Latin letters only.
    """
    account = read_account(body)
    wording = Wording(language, account.time_zone)
    printer = Printer(cautious=cautious)
    content = msgspec.to_builtins(_document(account, body, wording))
    drawn = cast("dict[str, Any]", _printed(content, printer))
    drawn["remarks"] = [
        wording.say(f"cut.{name}") for name, needed in (("glyphs", printer.named), ("values", printer.cut)) if needed
    ]
    as_of = wording.local(account.as_of.time) if account.as_of and account.as_of.time else None
    created = int(as_of.timestamp()) if isinstance(as_of, datetime) else 0
    return Printable(msgspec.json.encode(drawn), max(created, 0))


def _printed(value: Any, printer: Printer, longest: int = LONGEST_TEXT) -> Any:
    if isinstance(value, str):
        return printer.text(value, longest)
    if isinstance(value, list):
        return [_printed(item, printer, longest) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        longest = LONGEST_IN_TABLE if "cells" in value else longest
        return {key: _printed(item, printer, longest) for key, item in members}
    return value


def _document(account: Account, body: bytes, wording: Wording) -> Document:
    company, as_of = account.controller or Controller(), account.as_of or AsOf()
    moment = wording.moment(as_of.time) if as_of.time else wording.say("opening.unknown_time")
    day = wording.day(as_of.time, width="long") if as_of.time else moment
    series = grouped(account.disclosures or [])
    labelled = labelled_codes(account)
    entries = (account.proof.entries if account.proof else None) or []
    tables = (account.holdings or (), series, account.views or (), account.policy or ())
    caps = share([*map(len, tables), len(labelled), len(entries)])
    return Document(
        language=wording.language,
        paper="us-letter" if company.country in _LETTER_PAPER else "a4",
        title=account.title or wording.say("document.title"),
        subject=wording.say("document.subject"),
        keywords=wording.say("document.keywords"),
        company=company.name or wording.say("opening.unnamed_company"),
        kind=wording.say("document.kind"),
        header=wording.say("document.header", day=day),
        page=wording.say("document.page", page="{page}", pages="{pages}"),
        facts=_facts(account, moment, wording),
        glance_heading=wording.say("glance.heading"),
        glance=_glance(account, wording),
        glance_note=wording.say("glance.statement"),
        sections=[
            holdings_section(account, wording, day, caps[0]),
            disclosures_section(account, series, wording, day, caps[1]),
            views_section(account, wording, day, caps[2]),
            policies_section(account, wording, caps[3]),
            rights_section(wording, company.contact),
            limits_section(wording),
            check_section(account, body, wording),
            glossary_section(labelled, wording, caps[4]),
            appendix_section(account, _names(account, series), wording, caps[5]),
        ],
        remarks=[],
    )


def _facts(account: Account, moment: str, wording: Wording) -> list[Fact]:
    company = account.controller or Controller()
    subject = account.subject.id if account.subject else None
    issued = wording.moment(account.issued_at) if account.issued_at else None
    shown = {
        "concerning": [Line(subject, "mono")] if subject else [Line("—")],
        "as_of": [Line(moment)],
        "issued": [Line(issued or wording.say("opening.not_issued"))],
        "zone": [Line(wording.zone)],
        "company": [Line(company.name or wording.say("opening.unnamed_company"))],
        "contact": lines((company.contact or wording.say("opening.no_contact"), "plain")),
    }
    return [Fact(wording.say(f"opening.{name}"), cell) for name, cell in shown.items()]


def _glance(account: Account, wording: Wording) -> list[Glance]:
    numbers = {
        "holdings": kinds_held(account),
        "disclosures": recipients(account),
        "views": looks(account),
        "policies": len(account.policy or ()),
    }
    return [Glance(wording.number(number), wording.count(f"glance.{name}", number)) for name, number in numbers.items()]


def _names(account: Account, series: list[Series]) -> dict[tuple[str | None, int], str]:
    """Return the rows that show an entry, by log and position; rows have no other link to the appendix."""
    rows = [(f"A{number}", [(item.log, item.position)]) for number, item in enumerate(account.holdings or (), 1)]
    rows += [
        (f"B{number}", [(each.log, each.position) for each in item.disclosures])
        for number, item in enumerate(series, 1)
    ]
    named: dict[tuple[str | None, int], list[str]] = {}
    for name, places in rows:
        for log, position in places:
            if position is not None:
                named.setdefault((log, position), []).append(name)
    most = 4
    return {at: ", ".join(names[:most]) + ("…" if len(names) > most else "") for at, names in named.items()}
