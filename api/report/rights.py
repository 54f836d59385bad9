"""What the person can do, and what the report proves and does not."""

from __future__ import annotations

from api.report.blocks import Block, Point, Points, Section, Small
from api.report.wording import Wording


def rights_section(wording: Wording, contact: str | None) -> Section:
    """Return the rights and recourse. Source: PIPEDA s. 8, 4.9.5, 4.10; P-39.1 ss. 28, 32, 42."""
    points = [
        Point(wording.say(f"rights.{right}_text"), head=wording.say(f"rights.{right}"))
        for right in ("answer", "correct", "withdraw", "complain")
    ]
    bodies = [Point(wording.say(f"rights.{body}")) for body in ("cai", "opc", "other")]
    blocks: list[Block] = [Points(points), Points(bodies)]
    if contact:
        blocks.append(Small(wording.say("rights.contact", contact=contact)))
    return Section(wording.say("rights.heading"), blocks)


def limits_section(wording: Wording) -> Section:
    """Return what may be concluded from the report, and what may not."""
    proven = ("recorded", "unchanged", "same")
    unproven = ("complete", "true", "all", "certified")
    return Section(
        wording.say("limits.heading"),
        [
            Points(
                [Point(wording.say(f"limits.proves_{name}")) for name in proven],
                heading=wording.say("limits.proves"),
            ),
            Points(
                [Point(wording.say(f"limits.not_{name}")) for name in unproven],
                heading=wording.say("limits.not"),
            ),
        ],
    )
