"""The words that have an exact meaning, and the codes behind what the tables say.

Source: PIPEDA, Schedule 1, 4.9.4: abbreviations and codes are explained.
"""

from __future__ import annotations

from unicodedata import combining, normalize

from api.report.account import Account, Code, Coded, Recipient, Source, code, codes
from api.report.blocks import Block, Column, Lead, Line, Row, Section, Table, lines, row
from api.report.cap import Cap
from api.report.wording import Wording
from ledger.vocabulary import CODES

_TERMS = ("ledger", "entry", "position", "fingerprint", "checkpoint", "ground", "held")


def labelled_codes(account: Account) -> list[Code]:
    """Return each code of the account that has a label of its own, once, in order of its label."""
    found: list[Coded] = []
    for holding in account.holdings or ():
        found += [holding.category, holding.basis, *codes(holding.purposes)]
        if isinstance(holding.source, Source):
            found += [holding.source.origin, holding.source.channel]
        found += [deletion.mode for deletion in holding.deletions or ()]
    for item in account.disclosures or ():
        recipient = item.recipient or Recipient()
        found += [recipient.kind, recipient.role, *codes(item.categories), item.purpose]
        found += [item.recipient_purpose, item.basis, item.initiative, item.mode]
    for view in account.views or ():
        found += [view.purpose, *codes(view.purposes), *codes(view.categories)]
        found += [view.actor.kind, view.actor.role] if view.actor else []
    shown = {item.code: item for value in found if (item := code(value)) and item.label}
    return sorted(shown.values(), key=_alphabetical)


def _alphabetical(item: Code) -> tuple[str, str]:
    """Order as a dictionary does: accents and case decide nothing."""
    plain = "".join(letter for letter in normalize("NFKD", item.text) if not combining(letter))
    return plain.casefold(), item.code


def glossary_section(labelled: list[Code], wording: Wording, cap: Cap) -> Section:
    """Return the glossary."""
    terms = [_term(name, wording) for name in _TERMS]
    blocks: list[Block] = [Lead(wording.say("glossary.lead")), Table(_head(wording), terms)]
    if labelled:
        columns = [
            Column(wording.say("glossary.column.label"), 56),
            Column(wording.say("glossary.column.code"), 44),
        ]
        blocks.append(Table(columns, [_code(item, wording) for item in cap.shown(labelled)]))
        blocks += cap.notice(len(labelled), wording)
    return Section(wording.say("glossary.heading"), blocks)


def _head(wording: Wording) -> list[Column]:
    word, meaning = wording.say("glossary.column.word"), wording.say("glossary.column.meaning")
    return [Column(word, 26), Column(meaning, 74)]


def _term(name: str, wording: Wording) -> Row:
    return row([Line(wording.say(f"term.{name}"), "strong")], [Line(wording.say(f"term.{name}_text"))])


def _code(item: Code, wording: Wording) -> Row:
    known = CODES.get(item.code)
    defined = known.definition.get(wording.language) if known and known.definition else None
    return row(lines((item.text, "plain"), (defined, "quiet")), [Line(item.code, "mono")])
