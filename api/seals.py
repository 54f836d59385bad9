"""The register of orders that forbid telling: for cleared keys alone. What their end obliges to is in `obligations`.

Source: Criminal Code, s. 487.0191; PIPEDA 9(2.4); 45 CFR 164.528(a)(2).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api import documentation, orders
from api.clearance import SCOPE, every_stream, register_then
from api.positions import document_of_all, moment_of_all, pins_of_all
from api.question import ask, recorded_behind
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.sight import valid_at as happened_by
from api.subjects import ANSWER, AS_OF_ALL, KNOWN_AT, VALID_AT, plain
from ledger import Subject
from projections import reissued

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from psycopg import Connection

    from ledger import Ledger
    from projections import seals

router = APIRouter(tags=["seal"])

PROBLEMS = ("purpose-required", "invalid-parameter", "not-acceptable", "not-yet")
EXAMPLES = {
    JSON: '{"positions":[4711],"now":"2026-11-24T15:00:00+00:00","items":['
    '{"seal":"seal-17","log_id":0,"authority":"city-police","ends":null,"lapses":null,"state":"endless",'
    '"omitted_from":[{"account":"account-3f9c","subject":"5f9225d8d6726351d4cdbf642b130516","log_id":0,'
    '"position":812,"time":"2026-03-01T14:30:00Z",'
    '"language":"en","renewed":null}]}],"next":null}',
    CSV: "seal,log_id,authority,ends,lapses,state\nseal-17,0,city-police,,,endless\n",
    NDJSON: '{"seal":"seal-17","log_id":0,"authority":"city-police","ends":null,"lapses":null,"state":"endless"}\n',
}
CONTENT = {kind: {**shape, "example": EXAMPLES[kind]} for kind, shape in ANSWER.items()}
SOON = timedelta(days=30)
STATE = Annotated[
    list[Literal["standing", "soon", "endless", "ended", "lapsed"]] | None,
    Query(
        max_length=5,
        description="standing: hides what it is about. soon: ends, or lapses, within 30 days. endless: no end is "
        "stated. ended: is over. lapsed: was only spoken, more than 30 days ago, and still hides. Named several times, "
        "any of these.",
    ),
]


@router.get(
    "/v1/seals",
    operation_id="readSeals",
    summary="Which orders forbid telling?",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def read_seals(
    request: Request, state: STATE = None, as_of: AS_OF_ALL = None, known_at: KNOWN_AT = None,
    valid_at: VALID_AT = None,
) -> Response:  # fmt: skip
    """Return the orders that the key is cleared for, each person's own; the question is sealed like them.

    `omitted_from` are the accounts issued to her that leave out what the order hides, each with the name of hers that
    it was issued under (`subject`). Once it has ended they are to be issued again; `renewed` is where one was issued
    since. As of an earlier position or time, each stands as it stood then: `now` says when.

    An order that was only spoken `lapses` after 30 days unless it is extended, or placed in writing, by then. It ought
    to be lifted, but nothing is told before it is; so its `state` stays what it is. `state=soon` lists what lapses
    soon, `state=lapsed` what did.
    """
    question = ask(request, "whosaw:QuerySeals", SCOPE)
    kind, then = accepted(request, JSON, CSV, NDJSON), happened_by(request)
    positions = pins_of_all(request, question, orders.READ)
    now, known = then or moment_of_all(request, question, positions), dict(enumerate(positions))
    about: dict[str, list[str]] = {"": []}
    items: list[dict[str, Any]] = []
    with question.state.ledger.connection() as connection:
        told = every_stream(question, connection)
        for each in register_then(question, connection, known, then):
            its = _state(each, now)
            if state is None or not {its, *_beside(each, its, now)}.isdisjoint(state):
                # What another authority hid in the same stream says when it began.
                mine = told is None or each.stream in told
                owner, accounts = _omitted(question.state.ledger, connection, each, known) if mine else (None, [])
                items.append(plain(each) | {"state": its, "omitted_from": accounts})
                if owner is not None and accounts:
                    about.setdefault(each.seal, []).extend([owner.id, *(one["subject"] for one in accounts)])
    recorded_behind(question, about, count=len(items), categories=())
    document = document_of_all(request, question, positions) | {"now": now.isoformat()}
    return rows(request, document, items, following=None, kind=kind)


def _omitted(
    ledger: Ledger, connection: Connection[Any], seal: seals.Seal, as_of: Mapping[int, int]
) -> tuple[Subject | None, list[dict[str, Any]]]:
    """Return whom an order is over, unless she was forgotten, and the accounts issued to her without what it hides."""
    owner = ledger.sealed_owner(seal.log_id, seal.stream)
    if owner is None or ledger.find(owner.id) is None:
        return None, []
    found = reissued.omitting(connection, owner, Subject(seal.stream, seal.log_id), as_of)
    return owner, [
        {
            "account": each.account,
            "subject": each.subject.hex,
            "log_id": each.log_id,
            "position": each.position,
            "time": each.time,
            "language": each.language,
            "renewed": renewed and {"log_id": renewed[0], "position": renewed[1]},
        }
        for each, renewed in found
    ]


def _state(seal: seals.Seal, now: datetime) -> str:
    if seal.over(now):
        return "ended"
    if seal.ends is None:
        return "endless"
    return "soon" if seal.ends <= now + SOON else "standing"


def _beside(seal: seals.Seal, state: str, now: datetime) -> Iterable[str]:
    """Yield what else it may be asked for by: what ends soon or never stands, and what was only spoken lapses."""
    if state in {"soon", "endless"}:
        yield "standing"
    if seal.lapses is not None and state != "ended":
        if seal.lapses <= now:
            yield "lapsed"
        elif seal.lapses <= now + SOON:
            yield "soon"
