"""Part C: who looked, by role, with the purpose and how often."""

from __future__ import annotations

from api.report.account import Account, Actor, View, code, codes
from api.report.blocks import Block, Column, Lead, Line, Row, Section, Small, Table, lines, row
from api.report.cap import Cap
from api.report.wording import Wording


def looks(account: Account) -> int:
    """Return how many looks the account shows."""
    return sum(view.count for view in account.views or ())


def views_section(account: Account, wording: Wording, as_of: str, cap: Cap) -> Section:
    """Return part C."""
    views = account.views or []
    services = sum(view.count for view in views if _kind(view) == "service")
    people = sum(view.count for view in views if _kind(view) == "human")
    lead = [wording.count("views.lead", looks(account), as_of=as_of)]
    lead += [wording.count("views.people", people)] if people else []
    lead += [wording.count("views.services", services)] if services else []
    blocks: list[Block] = [Lead(" ".join(lead))]
    if views:
        shares = (("who", 30), ("why", 23), ("what", 25), ("times", 10), ("when", 18))
        columns = [
            Column(wording.say(f"views.column.{name}"), share, "end" if name == "times" else "start")
            for name, share in shares
        ]
        rows = [_row(item, f"C{n}", wording) for n, item in enumerate(cap.shown(views), 1)]
        blocks.append(Small(wording.say("views.roles"), before=True))
        blocks.append(Table([Column("", 5.5), *columns], rows))
        blocks += cap.notice(len(views), wording)
    return Section(wording.say("views.heading"), blocks, letter="C")


def _kind(view: View) -> str | None:
    kind = code(view.actor.kind) if view.actor else None
    return kind.code if kind else None


def _row(view: View, name: str, wording: Wording) -> Row:
    actor = view.actor or Actor()
    role, purpose = code(actor.role), code(view.purpose)
    purposes = [item.text for item in codes(view.purposes)] or ([purpose.text] if purpose else [])
    act = wording.word("type", view.act) if view.act != "data.viewed" else None
    categories = [item.text for item in codes(view.categories)]
    tickets = view.tickets or []
    return row(
        [Line(name, "quiet")],
        lines(
            (role.text if role else wording.say("views.who_unknown"), "strong"),
            (wording.word("actor", actor.kind), "quiet"),
            (wording.say("views.in", system=view.system) if view.system else None, "quiet"),
        ),
        lines(
            (wording.listed(purposes) or wording.say("views.why_unknown"), "plain"),
            (
                wording.count("views.ticket", len(tickets), tickets=wording.listed(tickets)) if tickets else None,
                "quiet",
            ),
        ),
        lines((wording.listed(categories) or wording.say("views.what_unknown"), "plain"), (act, "quiet")),
        [Line(wording.count("views.times", view.count))],
        _when(view, wording),
    )


def _when(view: View, wording: Wording) -> list[Line]:
    first, last = view.first or view.last, view.last or view.first
    if first is None or last is None:
        return lines((wording.say("opening.unknown_time"), "quiet"))
    from_day, to_day = wording.day(first), wording.day(last)
    if from_day == to_day:
        return lines((from_day, "plain"), (wording.clock(first), "quiet"))
    return lines(
        (wording.say("views.from", day=from_day), "plain"),
        (wording.say("views.to", day=to_day), "plain"),
    )
