"""How to check the report: checkpoint, keys, digest, and the entries it stands on."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import version

import msgspec

from api.report.account import Account, Proof, ProofEntry
from api.report.blocks import (
    Block,
    Column,
    Lead,
    Line,
    Point,
    Points,
    Row,
    Section,
    Small,
    Table,
    Verbatim,
    lines,
    row,
)
from api.report.cap import Cap
from api.report.wording import Wording

_SHOWN_OF_A_HASH = 16


def check_section(account: Account, body: bytes, wording: Wording) -> Section:
    """Return the steps by which a reader checks the report without trusting the company."""
    proof, as_of = account.proof or Proof(), account.as_of
    blocks: list[Block] = [Lead(wording.say("check.lead"))]
    if proof.checkpoint:
        steps = ("file", "note", "proof", "keep")
        points = [Point(wording.say(f"check.step_{step}")) for step in steps]
        blocks.append(Points(points, numbered=True))
        heading = wording.say("check.checkpoint")
        blocks.append(Verbatim(heading, proof.checkpoint.strip("\n").split("\n")[:40]))
    else:
        blocks.append(Small(wording.say("check.no_checkpoint")))
    key = proof.verifier_key or wording.say("check.no_verifier_key")
    blocks.append(Verbatim(wording.say("check.verifier_key"), [key]))
    blocks.append(Verbatim(wording.say("check.digest"), [sha256(body).hexdigest()]))
    blocks += [Small(wording.say("check.engine", engine=f"typst-py {version('typst')}"))]
    log, position = proof.log or (as_of and as_of.log), as_of and as_of.position
    if log and position is not None:
        blocks.append(Small(wording.say("check.scope", log=log, position=wording.number(position))))
    for other in proof.others or ():
        if other.checkpoint:
            heading = wording.say("check.checkpoint")
            blocks.append(Verbatim(heading, other.checkpoint.strip("\n").split("\n")[:40]))
        blocks.append(Verbatim(wording.say("check.verifier_key"), [other.verifier_key or "—"]))
    return Section(wording.say("check.heading"), blocks)


def appendix_section(
    account: Account, names: Mapping[tuple[str | None, int], str], wording: Wording, cap: Cap
) -> Section:
    """Return the list of entries, each with the row of this report that shows it, by the entry's position."""
    proof = account.proof or Proof()
    entries = list(proof.entries or ())
    for other in proof.others or ():
        entries += [msgspec.structs.replace(each, log=other.log) for each in other.entries or ()]
    blocks: list[Block] = [Lead(wording.count("appendix.lead", len(entries)))]
    if entries:
        shares = (("row", 12), ("position", 11), ("type", 31), ("time", 24), ("leaf", 26))
        columns = [
            Column(wording.say(f"appendix.column.{name}"), share, "end" if name == "position" else "start")
            for name, share in shares
        ]
        rows = [_row(entry, names, wording) for entry in cap.shown(entries)]
        blocks.append(Small(wording.say("appendix.numbers"), before=True))
        blocks.append(Table(columns, rows))
        blocks += cap.notice(len(entries), wording)
    return Section(wording.say("appendix.heading"), blocks, break_before=len(entries) > 0)


def _row(entry: ProofEntry, names: Mapping[tuple[str | None, int], str], wording: Wording) -> Row:
    position = entry.position
    leaf = entry.leaf or "—"
    short = leaf if len(leaf) <= _SHOWN_OF_A_HASH else f"{leaf[:_SHOWN_OF_A_HASH]}…"
    time = entry.time
    when = " ".join(filter(None, (wording.day(time), wording.clock(time)))) if time else "—"
    return row(
        [Line(names.get((entry.log, position), "—") if position is not None else "—", "quiet")],
        [
            Line(wording.number(position) if position is not None else "—"),
            *([Line(entry.log.rpartition("/")[2], "quiet")] if entry.log else []),
        ],
        [Line(wording.word("type", entry.type) or "—")],
        lines((when, "plain")),
        [Line(short, "mono")],
    )
