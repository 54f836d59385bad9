"""Forgetting a person over HTTP: decided, taken back, carried out, and its receipt.

Source: GDPR Art. 17 and 12(3); P-39.1 s. 28.1; PIPEDA Schedule 1, 4.5.3.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Path
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api import body, documentation
from api.forgetting import MODE, READ, Terms, carry_out, fact_about, new_receipt, other_names
from api.language import Language, preferred
from api.problems import Problem
from api.question import Question, ask, recorded
from api.rendering import JSON, PRIVATE
from api.strict_json import check
from ledger import Held, Subject
from ledger.checkpoint import head_of
from ledger.fact import SUBJECT_ID
from ledger.forget import Revoked
from ledger.vocabulary import InvalidEvent, label
from ledger.vocabulary.words import word
from projections import erasures, progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projections.erasures import Step

router = APIRouter(tags=["erasure"])

SCOPE = "subjects:forget"
PROBLEMS = (
    "purpose-required",
    "not-found",
    "not-json",
    "too-large",
    "invalid-parameter",
    "erasure-conflict",
    "not-yet",
)
RECEIPT_ID = Annotated[str, Path(pattern="^erasure-[0-9a-f]{16}$", description="As the decision returned it.")]
EXAMPLE = {
    "receipt": "erasure-3f9225d8d6726351",
    "state": "revoked",
    "subject": "5f9225d8d6726351d4cdbf642b130516",
    "decided": "2026-11-24T15:00:00.123456+00:00",
    "not_before": "2026-12-24T15:00:00.123456+00:00",
    "destroyed": None,
}
CONTENT = {JSON: {"schema": {"type": "object"}, "example": EXAMPLE}}
MOST_GRACE_DAYS = 3650
WAIT_SECONDS = 5.0
ROW = ("recipient_id", "name", "change", "categories", "state", "label", "because", "told_at", "answered_at")
"""What a receipt says of a recipient."""
PROMISE = {
    "en": (
        "No question about this person is answered any more. Once destroyed: her keys, her names and her places in "
        "lists of people are deleted; what was encrypted for her opens with no key that the database holds. Copies "
        "of the deleted rows stay in backups and archives until the date given, and can be opened there only by "
        "who also has the key-encryption key of that time. Entries that name a random id stay, so that every proof "
        "given before holds."
    ),
    "fr": (
        "Plus aucune question au sujet de cette personne ne reçoit de réponse. Une fois la destruction faite : ses "
        "clés, ses identifiants et ses places dans des listes de personnes sont supprimés; ce qui était chiffré "
        "pour elle ne s’ouvre plus avec aucune clé de la base. Des copies des lignes supprimées restent dans les "
        "sauvegardes jusqu’à la date indiquée et ne s’y ouvrent qu’avec la clé maîtresse d’alors. Les inscriptions "
        "qui portent un identifiant aléatoire demeurent, pour que chaque preuve déjà remise reste valable."
    ),
}

STATES = {
    "told": {"en": "Told, no answer yet", "fr": "Avisé, pas encore de réponse"},
    "untold": {"en": "Not told", "fr": "Non avisé"},
    "not_owed": {
        "en": "Received it; nothing on record obliged to tell it",
        "fr": "L’a reçu; rien au dossier n’obligeait à l’en aviser",
    },
}
"""How the telling of a recipient stood, where that is no outcome of a notice."""
OTHERS = {
    "en": (
        "Other names were taken for hers. What is recorded under them is not forgotten with this one, since a merge is "
        "no erasure and may turn out to be wrong. Each is forgotten by a decision of its own, or by an answer to her "
        "request that names it."
    ),
    "fr": (
        "D’autres identifiants ont été considérés comme les siens. Ce qui est inscrit sous ceux-ci n’est pas oublié "
        "avec celui-ci, car une fusion n’est pas un effacement et peut se révéler erronée. Chacun est oublié par une "
        "décision qui lui est propre, ou par une réponse à sa demande qui le désigne."
    ),
}


class ForgetBody(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a decision to forget somebody."""

    reason: str = "whosaw:CustomerAsked"
    request_ref: str | None = None
    mode: Literal["dpv:Erase"] = MODE
    """There is one: for good, which leaves backups until their day; so nothing else is promised."""
    grace_days: int | None = None
    untold: Literal["impossible", "disproportionate"] | None = None


@router.post(
    "/v1/subjects/{subject_id}/forget",
    operation_id="forgetSubject",
    summary="Forget a person",
    status_code=202,
    responses=documentation.responses(*PROBLEMS, content=CONTENT, status=202),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                JSON: {
                    "schema": msgspec.json.schema(ForgetBody)["$defs"]["ForgetBody"],
                    "example": {"reason": "whosaw:CustomerAsked", "request_ref": "REQ-17", "grace_days": 30},
                }
            },
        }
    },
)
async def forget(request: Request, subject_id: str) -> Response:
    """Stop all answers about a person now, and destroy her keys when the days of grace are over and nothing holds her.

    It also waits until every recipient was told of what was corrected, erased, restricted or disputed before; `untold`
    says why that is not to be waited for. With `grace_days` 0 it is tried at once. The answer is the erasure's receipt,
    whose state says how far it is.
    """
    question = await run_in_threadpool(ask, request, "whosaw:ForgetSubject", SCOPE)
    return await run_in_threadpool(_forget, request, question, subject_id, await body.read(request))


def _forget(request: Request, question: Question, subject_id: str, received: bytes) -> Response:
    state = question.state
    subject = _anybody(question, subject_id)
    check(received)
    try:
        wanted = msgspec.json.decode(received, type=ForgetBody)
    except msgspec.ValidationError:
        raise Problem(
            "invalid-parameter",
            'expected {"reason": code, "request_ref"?: name, "mode"?: "dpv:Erase", "grace_days"?: number, '
            '"untold"?: "impossible" or "disproportionate"}',
        ) from None
    days = state.settings.forget_grace_days if wanted.grace_days is None else wanted.grace_days
    if not 0 <= days <= MOST_GRACE_DAYS:
        raise Problem("invalid-parameter", f"grace_days: expected 0 to {MOST_GRACE_DAYS}")
    receipt_id = new_receipt()
    until = datetime.now(UTC) + timedelta(days=days)
    data: dict[str, Any] = {
        "receipt_id": receipt_id, "reason": wanted.reason, "mode": wanted.mode, "until": until.isoformat(),
    }  # fmt: skip
    if wanted.request_ref is not None:
        data["request_ref"] = wanted.request_ref
    if wanted.untold is not None:
        data["untold"] = wanted.untold
    try:
        fact = fact_about(state.ledger, "subject.revoked", subject, data, question.key.key_id)
    except InvalidEvent as error:
        raise Problem("invalid-parameter", errors=[each._asdict() for each in error.errors]) from None
    try:
        made = state.forgetting.revoke(subject, fact, until, receipt_id)
    except Held:
        found = state.forgetting.find(subject)
        named = f"; its receipt is {found.receipt}" if found is not None else ""
        raise Problem("erasure-conflict", f"she is to be forgotten already{named}") from None
    _wait_for(question, made.log_id, made.position)
    others = _others(question, subject)
    if days == 0:
        terms = Terms(state.settings.backup_days)
        done = carry_out(state.ledger, state.forgetting, terms, Revoked(subject, until, receipt_id))
        if done.receipt is not None:
            _wait_for(question, done.receipt.log_id, done.receipt.position)
    return _answer(request, question, receipt_id, 202, others)


@router.delete(
    "/v1/subjects/{subject_id}/forget",
    operation_id="restoreSubject",
    summary="Take back that a person is to be forgotten",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def restore(request: Request, subject_id: str) -> Response:
    """Let answers speak of her again, as long as her keys are not destroyed."""
    question = ask(request, "whosaw:RestoreSubject", SCOPE)
    subject = _anybody(question, subject_id)
    found = question.state.forgetting.find(subject)
    if found is None:
        raise Problem("erasure-conflict", "she is not to be forgotten")
    data = {"receipt_id": found.receipt, "reason": "whosaw:Withdrawn"}
    fact = fact_about(question.state.ledger, "subject.restored", subject, data, question.key.key_id)
    try:
        made = question.state.forgetting.restore(subject, fact)
    except Held:
        raise Problem("erasure-conflict", "it was carried out, or taken back, meanwhile") from None
    _wait_for(question, made.log_id, made.position)
    return _answer(request, question, found.receipt, 200)


@router.get(
    "/v1/erasures/{receipt_id}",
    operation_id="readErasure",
    summary="How a forgetting stands, and what proves it",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def read_erasure(request: Request, receipt_id: RECEIPT_ID) -> Response:
    """Return the erasure's receipt, also long after: it names nobody who was forgotten.

    `recipients` are those who had to be told of what was changed, as that stood when she was forgotten: told when, and
    what came of it (told, acknowledged, completed, refused, impossible, disproportionate, destroyed, resolved), or
    untold, and why; and, not_owed, those who had received her data and may still have it, though nothing on record
    obliged to tell them. `more` counts those whom the entry had no room for.
    `others` says which other names of hers are left, as long as that is known: once she is forgotten, how many were.
    """
    question = ask(request, "whosaw:QueryErasure", "subjects:read")
    return _answer(request, question, receipt_id, 200, asked=True)


def _anybody(question: Question, subject_id: str) -> Subject:
    """Return whom a decision is about, also if answers have stopped.

    Raises:
        Problem: 404, the same for a stranger and for one who was forgotten.
    """
    ledger = question.state.ledger
    found = ledger.find_revoked(subject_id) if SUBJECT_ID.fullmatch(subject_id) else None
    if found is None:
        recorded(question, (), outcome="refused", count=0)
        raise Problem("not-found", "no such subject")
    return found


def _wait_for(question: Question, log_id: int, position: int) -> None:
    """Wait a moment until the receipt shows what was just recorded; it is recorded either way."""
    with question.state.ledger.connection() as connection:
        progress.wait(connection, log_id, position, READ, WAIT_SECONDS)


def _others(question: Question, subject: Subject) -> list[str]:
    """Return the other names of who is to be forgotten, as far as merges are folded."""
    ledger = question.state.ledger
    with ledger.connection() as connection:
        seen = {log: progress.reached(connection, log, ("identity",)) for log in range(len(ledger.recorders))}
    return other_names(ledger, subject, seen)


def _answer(
    request: Request,
    question: Question,
    receipt_id: str,
    status: int,
    others: Sequence[str] | None = None,
    *,
    asked: bool = False,
) -> Response:
    """Return the receipt; that it was asked for, and whom it names beside her, is on record before.

    Args:
        request: The caller's.
        question: Hers.
        receipt_id: Names the erasure.
        status: Of the answer.
        others: Other names of hers, if they were looked up before she was forgotten.
        asked: Whether nothing else was recorded of this.
    """
    state = question.state
    with state.ledger.connection() as connection:
        found = erasures.steps(connection, receipt_id, range(len(state.ledger.recorders)))
    if not found:
        if asked:
            recorded(question, (), count=1)
        raise Problem("not-found", "no such erasure, or it is not shown yet")
    if others is None and erasures.STATES[found[-1].act] in {"revoked", "deferred"}:
        others = _others(question, Subject(found[0].subject.hex, found[0].log_id))
    if asked or others:
        recorded(question, list(others or ()), count=1)
    document = receipt_of(question, found, preferred(request, state.settings.language), others)
    return Response(msgspec.json.encode(document), status, PRIVATE, JSON)


def receipt_of(
    question: Question, steps: list[Step], language: Language, others: Sequence[str] | None
) -> dict[str, Any]:
    """Return an erasure's receipt: state, scope, mode, systems, backups, what survives and why, and what proves it."""
    ledger = question.state.ledger
    first, last = steps[0], steps[-1]
    end = last.data if last.act == "key.destroyed" else {}
    entry, note = ledger.entry(last.log_id, last.position), ledger.checkpoint(last.log_id, last.position)
    assert entry is not None, "a step is an entry"
    assert note is not None, "an entry is under a checkpoint"
    return {
        "receipt": first.receipt,
        "state": erasures.STATES[last.act],
        "subject": first.subject.hex,
        "reason": _coded(first.data["reason"], language),
        "mode": _coded(MODE, language),
        "request": first.data.get("request_ref"),
        "decided": first.stated,
        "not_before": first.data.get("until"),
        "deferred": None
        if last.act != "erasure.deferred"
        else {"since": last.stated, "reason": _coded(last.data["reason"], language)},
        "destroyed": last.stated if end else None,
        "scope": {name: end.get(name) for name in ("entries", "references", "memberships")} if end else None,
        "systems": {
            "confirmed": end.get("systems_confirmed", []),
            "open": end.get("systems_open", []),
            "backups_until": end.get("systems_backups_until"),
        }
        if end
        else None,
        "backups_until": end.get("backups_until"),
        "survives": [
            {"what": _coded(each["what"], language), "reason": _coded(each["reason"], language)}
            for each in end.get("survives", [])
        ],
        "recipients": _recipients(end, language),
        "others": _left(others, end.get("other_names", 0), language),
        "promise": PROMISE[language],
        "steps": [
            {"state": erasures.STATES[each.act], "time": each.stated, "position": each.position} for each in steps
        ],
        "proof": {
            "log": ledger.keys.signers[last.log_id].origin,
            "position": last.position,
            "leaf": b64encode(entry.leaf).decode(),
            "checkpoint": head_of(note)[0],
        },
    }


def _recipients(end: dict[str, Any], language: Language) -> dict[str, Any] | None:
    """Return who was told of what was changed, and what came of it, who was not told, and why, and who need not be.

    As it stood when she was forgotten; None before that.
    """
    if not end:
        return None
    told = [each | {"state": each.get("outcome") or "told"} for each in end.get("told", [])]
    untold = [each | {"state": "untold", "because": end["untold_because"]} for each in end.get("untold", [])]
    free = [each | {"state": "not_owed"} for each in end.get("not_owed", [])]
    rows = [
        {name: each.get(name) for name in ROW} | {"label": _said(each["state"], language)}
        for each in (*told, *untold, *free)
    ]
    return {"items": sorted(rows, key=lambda each: (each["recipient_id"], each["change"] or "")),
            "more": end.get("recipients_more", 0)}  # fmt: skip


def _left(others: Sequence[str] | None, counted: int, language: Language) -> dict[str, Any]:
    """Return which other names of hers are not forgotten; once that can not be known any more, how many were not."""
    count = counted if others is None else len(others)
    known = list(others or ()) if others is not None or count == 0 else None
    return {"count": count, "subjects": known, "note": OTHERS[language] if count else None}


def _said(state: str, language: Language) -> str:
    return STATES[state][language] if state in STATES else word("notification_outcome", state, language)


def _coded(code: str, language: Language) -> dict[str, str]:
    return {"code": code, "label": label(code, language)}
