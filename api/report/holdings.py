"""Part A: what we hold, from whom, why, since when, until when, and what was deleted."""

from __future__ import annotations

from api.report.account import Account, Deletion, Holding, Source, code, codes
from api.report.blocks import (
    Block,
    Cell,
    Column,
    Lead,
    Line,
    Row,
    Section,
    Style,
    Table,
    lines,
    row,
)
from api.report.cap import Cap
from api.report.wording import Wording

_MARKS: dict[str, Style] = {
    "held": "held",
    "deletion_requested": "asked",
    "deleted": "deleted",
    "verified": "verified",
}
_GONE = {"deleted", "verified"}
"""Every other state counts as held, an unknown one too."""


def state_of(holding: Holding) -> str:
    """Return the state; a holding that states none counts as held."""
    return holding.state or "held"


def kinds_held(account: Account) -> int:
    """Return how many kinds of information are held; one asked to be deleted still is."""
    held = [item for item in account.holdings or () if state_of(item) not in _GONE]
    named = {shown.code or shown.text for item in held if (shown := code(item.category))}
    return len(named) + sum(1 for item in held if code(item.category) is None)


def holdings_section(account: Account, wording: Wording, as_of: str, cap: Cap) -> Section:
    """Return part A."""
    holdings = account.holdings or []
    lead = [wording.count("holdings.lead", kinds_held(account), as_of=as_of)]
    asked = sum(1 for item in holdings if state_of(item) == "deletion_requested")
    gone = sum(1 for item in holdings if state_of(item) in _GONE)
    lead += [wording.count("holdings.asked", asked)] if asked else []
    lead += [wording.count("holdings.gone", gone)] if gone else []
    blocks: list[Block] = [Lead(" ".join(lead))]
    if holdings:
        columns = [
            Column(wording.say(f"holdings.column.{name}"), share)
            for name, share in (("what", 25), ("source", 16), ("why", 26), ("time", 18))
        ]
        columns.append(Column(wording.say("holdings.column.state"), 19))
        rows = [_row(item, f"A{n}", wording) for n, item in enumerate(cap.shown(holdings), 1)]
        blocks.append(Table([Column("", 5.5), *columns], rows))
        blocks += cap.notice(len(holdings), wording)
    return Section(wording.say("holdings.heading"), blocks, letter="A")


def _row(holding: Holding, name: str, wording: Wording) -> Row:
    category = code(holding.category)
    where = wording.say("holdings.where", system=holding.system) if holding.system else None
    purposes = [item.text for item in codes(holding.purposes)]
    basis = code(holding.basis)
    ground = wording.say("holdings.basis", basis=basis.text) if basis else None
    since = wording.say("holdings.since", day=wording.day(holding.since)) if holding.since else None
    until = wording.say("holdings.until", day=wording.day(holding.until)) if holding.until else None
    later = holding.last if holding.last and holding.last != holding.since else None
    last = wording.say("holdings.last", day=wording.day(later)) if later else None
    changed = holding.rectified
    rectified = wording.say("holdings.rectified", day=wording.day(changed)) if changed else None
    return row(
        [Line(name, "quiet")],
        lines(
            (category.text if category else "—", "strong"),
            (where or wording.say("holdings.where_unknown"), "quiet"),
        ),
        _source(holding.source, wording),
        lines(
            (wording.listed(purposes) or wording.say("holdings.why_unknown"), "plain"),
            (ground or wording.say("holdings.basis_unknown"), "quiet"),
            (_policy(holding, wording), "quiet"),
        ),
        lines(
            (since, "plain"),
            (until or wording.say("holdings.until_unknown"), "plain" if until else "quiet"),
            (last, "quiet"),
            (rectified, "quiet"),
        ),
        _state(holding, wording),
    )


def _policy(holding: Holding, wording: Wording) -> str | None:
    version = holding.policy_version
    return wording.say("holdings.policy", version=version) if version else None


def _source(source: Source | str | None, wording: Wording) -> Cell:
    stated = Source(origin=source) if isinstance(source, str) else source or Source()
    origin, channel = wording.word("origin", stated.origin), code(stated.channel)
    if origin is None:
        return lines((wording.say("holdings.source_unknown"), "quiet"))
    return lines((origin, "plain"), (channel.text if channel else None, "quiet"))


def _state(holding: Holding, wording: Wording) -> Cell:
    state = state_of(holding)
    shown = lines(
        (wording.known(f"state.{state}") or state, _MARKS.get(state, "strong")),
        (wording.known(f"state_note.{state}"), "quiet"),
    )
    for deletion in holding.deletions or ():
        shown += _deletion(deletion, holding.system, wording)
    kept = holding.kept
    reason = code(kept.reason) if kept else None
    if kept and reason:
        shown += lines((wording.say("holdings.kept", reason=reason.text), "plain"))
    if kept and kept.until:
        shown += lines((wording.say("holdings.kept_until", day=wording.day(kept.until)), "quiet"))
    return shown


def _deletion(deletion: Deletion, held_in: str | None, wording: Wording) -> Cell:
    done = wording.word("erasure_mode", deletion.mode) if deletion.state in {None, "done"} else None
    mode = done or wording.word("erasure_state", deletion.state or "done") or ""
    day = wording.day(deletion.time) if deletion.time else wording.say("opening.unknown_time")
    if deletion.system and deletion.system != held_in:
        act = wording.say("holdings.deletion_in", mode=mode, system=deletion.system, day=day)
    else:
        act = wording.say("holdings.deletion", mode=mode, day=day)
    backups = deletion.backups_until
    left = wording.say("holdings.backups", day=wording.day(backups)) if backups else None
    return lines((act, "quiet"), (left, "quiet"))
