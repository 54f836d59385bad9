"""Part D: which privacy policy governed, and how the person agreed to it.

Agreement that a policy takes for granted is never shown as agreement that was given.
"""

from __future__ import annotations

from api.report.account import Account, Policy, code
from api.report.blocks import Block, Column, Lead, Line, Row, Section, Small, Table, lines, row
from api.report.cap import Cap
from api.report.wording import Wording


def policies_section(account: Account, wording: Wording, cap: Cap) -> Section:
    """Return part D."""
    policies = account.policy or []
    blocks: list[Block] = [Lead(wording.count("policies.lead", len(policies)))]
    if policies:
        columns = [
            Column(wording.say(f"policies.column.{name}"), share)
            for name, share in (("version", 30), ("from", 20), ("how", 36), ("when", 18))
        ]
        rows = [_row(item, f"D{n}", wording) for n, item in enumerate(cap.shown(policies), 1)]
        blocks.append(Small(wording.say("policies.modes"), before=True))
        blocks.append(Table([Column("", 5.5), *columns], rows))
        blocks += cap.notice(len(policies), wording)
    return Section(wording.say("policies.heading"), blocks, letter="D")


def _row(policy: Policy, name: str, wording: Wording) -> Row:
    assent = policy.assent
    mode = code(assent.mode) if assent else None
    # The sentence of the catalogue comes before any label: it alone says what the mode is not.
    how = wording.known(f"assent.{mode.code.replace('-', '_')}") if mode else None
    when = assent.time if assent else None
    start = policy.effective_from
    return row(
        [Line(name, "quiet")],
        lines(
            (policy.title or wording.say("policies.untitled"), "strong"),
            (policy.version, "quiet"),
            (wording.word("notice", policy.notice), "quiet"),
        ),
        lines((wording.day(start), "plain") if start else (wording.say("policies.from_unknown"), "quiet")),
        lines((how or (mode.text if mode else wording.say("assent.none")), "plain")),
        lines(
            (wording.day(when) if when else None, "plain"),
            (wording.clock(when) if when else None, "quiet"),
            (None if when or not mode else wording.say("policies.when_unknown"), "quiet"),
        ),
    )
