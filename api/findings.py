"""What is not as it should be: findings across people, and every judgement on one person's facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from api import clearance, documentation, lists, sight, stream
from api.across import BEGINNING, DATE_TIME, END, OPAQUE_ID, refuse
from api.language import preferred
from api.lists import AT
from api.positions import cursor_at, document_of, pins_of
from api.question import Question, ask, following, moment, page_of, recorded, subject_of
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.sight import READ, SEALED, seen
from api.subjects import (
    ANSWER,
    AS_OF,
    AS_OF_ALL,
    CURSOR,
    KNOWN_AT,
    LIMIT,
    MIN_POSITION,
    PROBLEMS,
    VALID_AT,
    categories_of,
)
from ledger.vocabulary.codes import label
from projections import counting, findings, known
from projections.rules import TO_CONFIRM
from projections.rules.exceptions import CONFIRM

if TYPE_CHECKING:
    from psycopg import Connection

    from api.language import Language
    from api.paging import Cursor
    from projections.judgement import Finding

router = APIRouter(tags=["query"])

EXAMPLES = {
    JSON: '{"positions":[4711],"now":"2026-11-20T22:00:00+00:00","items":[{"finding":"7c1f0e62a94b35d8","log_id":0,'
    '"position":812,"subject":"5f9225d8d6726351d4cdbf642b130516","type":"data.used","rule":"whosaw:RuleWithdrawal",'
    '"version":"1","law_pack":"ca-pipeda/2018-11","outcome":"violation","state":"open",'
    '"explanation":"Used or disclosed after consent was withdrawn: Consent withdrawn (Promotion of our products)."}],'
    '"next":null}',
    CSV: "finding,log_id,position,rule,outcome,state\n7c1f0e62a94b35d8,0,812,whosaw:RuleWithdrawal,violation,open\n",
    NDJSON: '{"finding":"7c1f0e62a94b35d8","log_id":0,"position":812,"rule":"whosaw:RuleWithdrawal"}\n',
}
CONTENT = {kind: {**shape, "example": EXAMPLES[kind]} for kind, shape in ANSWER.items()}
NAMES = (findings.NAME,)
WAIVED = ("reason", "role", "author", "from", "until")
"""What is told of a waiver."""
MOST_RULES = 20
CODE = r"^[a-z][a-z0-9.-]*:[A-Za-z0-9._-]+$"

RULE = Annotated[
    list[Annotated[str, StringConstraints(max_length=128, pattern=CODE)]] | None,
    Query(max_length=MOST_RULES, description="Only of this rule; named several times, of any of these."),
]


@router.get(
    "/v1/findings",
    operation_id="readFindings",
    summary="What is not as it should be?",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def read_findings(
    request: Request,
    rule: RULE = None,
    outcome: Annotated[
        Literal["violation", "gap", "excused"] | None,
        Query(description="violation, gap: something that the judgement needs is unknown, or excused by a waiver."),
    ] = None,
    state: Annotated[
        Literal["open", "resolved"] | None, Query(description="Whether somebody has dealt with it.")
    ] = None,
    recipient: Annotated[
        str | None, Query(max_length=128, pattern=OPAQUE_ID, description="Only of disclosures to this recipient.")
    ] = None,
    since: Annotated[
        str | None, Query(alias="from", description="Happened at or after this time.", json_schema_extra=DATE_TIME)
    ] = None,
    until: Annotated[
        str | None, Query(alias="to", description="Happened before this time.", json_schema_extra=DATE_TIME)
    ] = None,
    at: AT = None,
    as_of: AS_OF_ALL = None,
    known_at: KNOWN_AT = None,
    cursor: CURSOR = None,
    limit: stream.WHOLE = 100,
    min_position: MIN_POSITION = None,
    sealed: SEALED = "false",
) -> Response:
    """Return what rules and emitters found, by when the facts happened, as it stands now, or as it was known.

    Each says which rule of which version and law pack judged, on which entries, and why; since when, for how many
    days, and which source and system answer for it. Of what went beyond an order, a paper or an agreement it says which
    data that allowed, which was given, and in `codes` the difference. One that is excused names the waiver's author,
    reason, start and end. What is lawful is not among them; see the findings of one person. The pages of one answer
    share its moment; they share positions only with `known_at` or `as_of`, since findings come and go with later facts.
    With these, no later fact, waiver, decision or policy is known; `at` leaves out what became a finding after it.
    """
    question = ask(request, "whosaw:QueryFindings", "disclosures:read")
    asked = lists.asked(request, question, NAMES, at)
    with question.state.ledger.connection() as connection:
        seals: list[str] | None = []
        if clearance.asked(request, question):
            seals = [each.seal for each in clearance.register(question, connection)]
            seals = None if clearance.EVERY_AUTHORITY in question.key.scopes else seals
            question = question._replace(seals=("",))
        rules = tuple(dict.fromkeys(rule or ()))
        wanted = findings.Wanted(
            rules=rules, outcome=outcome, state=state, recipient=recipient, since=moment("from", since, BEGINNING),
            until=moment("to", until, END), now=asked.now, seals=seals,
        )  # fmt: skip
        for each in rules:
            if known.finding_rule(connection, each, asked.logs, seals):
                continue
            # Nobody is found by it any more, but somebody was by then.
            then = replace(wanted, rules=(each,))
            if asked.as_of and findings.across(connection, asked.logs, then, limit=1, as_of=asked.as_of)[0]:
                continue
            refuse(question, "invalid-parameter", "rule: expected the code of a rule, or one that an emitter found by")

    def fetch(
        connection: Connection[Any], after: findings.Cursor | None, limit: int
    ) -> tuple[list[Finding], findings.Cursor | None]:
        return findings.across(connection, asked.logs, wanted, after=after, limit=limit, as_of=asked.as_of)

    def tell(found: list[Finding]) -> list[dict[str, Any]]:
        items = [_item(each, preferred(request), asked.now) for each in found]
        subjects = [each.subject for each in found if not each.nobody]
        recorded(question, subjects, count=len(found), categories=categories_of(items))
        return items

    def count(connection: Connection[Any]) -> int:
        return counting.found(connection, asked.logs, wanted, asked.as_of)

    after = findings.Cursor(datetime.fromisoformat(asked.after[0]), *asked.after[1:]) if asked.after else None
    return lists.answer(asked, stream.Rows(fetch, tell, count), after, {}, written=_written)


def _written(place: findings.Cursor) -> list[Any]:
    """Return a place as a cursor has it."""
    return [place.time.isoformat(), *place[1:]]


@router.get(
    "/v1/subjects/{subject_id}/findings",
    operation_id="readSubjectFindings",
    summary="What is not as it should be about her?",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def read_subject_findings(
    request: Request,
    subject_id: str,
    everything: Annotated[
        Literal["true", "false"], Query(alias="all", description="Whether to show what was judged lawful, too.")
    ] = "false",
    as_of: AS_OF = None,
    known_at: KNOWN_AT = None,
    valid_at: VALID_AT = None,
    cursor: CURSOR = None,
    limit: LIMIT = 100,
    min_position: MIN_POSITION = None,
    sealed: SEALED = "false",
) -> Response:
    """Return every judgement on a person's facts as of a position, by position and rule.

    They are judged anew for the question, by the same rules that made the rows of `/v1/findings`, on what was recorded
    up to the position. As of an earlier one, its own moment decides what had become a finding by then; `known_at` and
    `valid_at` are such moments, too.
    """
    question = ask(request, "whosaw:QueryFindings", "subjects:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    most, place = page_of(request, question)
    subject = subject_of(question, subject_id)
    pins = pins_of(request, question, subject, (*NAMES, *READ), place)
    with question.state.ledger.connection() as connection:
        question, person = seen(request, question, connection, subject, pins, sight.valid_at(request))
        earlier = pins.at if place or request.query_params.get("as_of") else None
        now = person.valid_at or pins.known_at or _moment(question, place, connection, subject.log_id, earlier)
        judged = findings.of_person(connection, person)
    found = [each for each in judged if each.stands(now) and (everything == "true" or each.outcome != "lawful")]
    start = place.after[1] if place else 0
    items = [_item(each, preferred(request), now) for each in found[start : start + most]]
    recorded(question, [subject.id], count=len(items), as_of=pins.at, categories=categories_of(items))
    further = None
    if len(found) > start + most:
        further = following(request, question, most, cursor_at(question, pins, [now.isoformat(), start + most]))
    document = document_of(question, person, pins) | {"now": now.isoformat()}
    return rows(request, document, items, following=further, kind=kind)


def _moment(question: Question, place: Cursor | None, connection: Any, log_id: int, as_of: int | None) -> datetime:
    """Return the moment that an answer stands on: that of its first page, of its position, or now."""
    if place is not None:
        return datetime.fromisoformat(place.after[0])
    return datetime.now(UTC) if as_of is None else findings.known_at(connection, log_id, as_of)


def _item(each: Finding, language: Language, now: datetime) -> dict[str, Any]:
    """Return a finding as an answer says it at a moment, with its sentence, its age, and who answers for it."""
    return {
        "finding": each.finding,
        "log_id": each.log_id,
        "position": each.position,
        "subject": None if each.nobody else each.subject,
        "type": each.type,
        "time": each.stated,
        "since": each.since.isoformat(),
        "until": None if each.until is None else each.until.isoformat(),
        "age_days": (now - each.since).days,
        "owner": {"source": each.source, "system": each.system},
        "rule": each.rule,
        "version": each.version,
        "law_pack": each.law_pack,
        "outcome": each.outcome,
        "reason": each.reason,
        "codes": each.codes,
        "asked": each.asked,
        "given": each.given,
        "explanation": explanation(each, language),
        "confirm": each.rule in TO_CONFIRM,
        "inputs": [{"log_id": log_id, "position": place} for log_id, place in each.inputs],
        "recipient": each.recipient,
        "recipient_name": each.recipient_name,
        "categories": each.categories,
        "purposes": each.purposes,
        "state": each.state,
        "resolution": each.resolution,
        "decided": {"log_id": each.decided[0], "position": each.decided[1]} if each.decided else None,
        "waiver": each.waiver,
        "waived": dict(zip(WAIVED, each.waived, strict=True)) if each.waived else None,
        "raised": each.raised,
        "seals": [each.seal or ""] if each.sealed else [],
    }


def brief(each: Finding, language: Language) -> dict[str, Any]:
    """Return a finding as an answer about something else names it, beside the fact that it is about."""
    return {
        "finding": each.finding,
        "rule": each.rule,
        "version": each.version,
        "law_pack": each.law_pack,
        "outcome": each.outcome,
        "reason": each.reason,
        "codes": each.codes,
        "explanation": explanation(each, language),
        "state": each.state,
        "waiver": each.waiver,
    }


def explanation(each: Finding, language: Language) -> str:
    """Return a finding as a sentence: the rule, why, what that is about, and whether counsel must confirm the rule."""
    colon, said = (" : ", label(each.rule, language)) if language == "fr" else (": ", label(each.rule, language))
    if each.reason is not None:
        said += colon + label(each.reason, language)
    codes = [*each.codes, *([CONFIRM] if each.rule in TO_CONFIRM and CONFIRM not in each.codes else [])]
    if codes:
        said += f" ({', '.join(label(code, language) for code in codes)})"
    return said + "."
