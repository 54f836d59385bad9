"""Which policy a person agreed to and how, which ones governed her data, and what each changed."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import documentation
from api.positions import cursor_at, document_of, pins_of
from api.question import ask, following, page_of, recorded, subject_of
from api.rendering import CSV, JSON, NDJSON, accepted, rows
from api.sight import SEALED, VIEW, seen
from api.sight import valid_at as happened_by
from api.subjects import (
    ANSWER,
    AS_OF,
    CURSOR,
    KNOWN_AT,
    LIMIT,
    MIN_POSITION,
    PROBLEMS,
    VALID_AT,
    plain,
)
from projections.account_sections import moments_of
from projections.governing import READ, Governing, changed, governing

router = APIRouter(tags=["query"])

ITEM: dict[str, Any] = {
    "policy": "privacy", "version": "2026-03-01", "supersedes": "2009-05-01",
    "effective_from": "2026-03-01T00:00:00-05:00", "published": "2026-02-20T09:00:00-05:00", "notice": "not_given",
    "title": {"en": "Privacy policy"}, "location": "https://company.example/privacy", "text_digest": "sha256:…",
    "assent": {
        "mode": "deemed_by_use", "time": "2026-03-11T15:39:05-04:00",
        "evidence": {"source": "/services/app", "id": "8f1c"}, "log_id": 0, "position": 4032,
    },
    "changes": [{
        "rule": "7.1", "change": "changed", "subject_matter": "request", "effect": "permits",
        "sides": [{"side": "channels", "added": ["whosaw:Phone"], "removed": []}],
    }],
    "log_id": 0, "position": 3980,
}  # fmt: skip
OF_SUBJECT = {"subject": "5f9225d8d6726351d4cdbf642b130516", "log": "whosaw.example/ledger/log0", "as_of": 4711}
EXAMPLES: dict[str, Any] = {
    JSON: OF_SUBJECT | {"items": [ITEM], "next": None},
    CSV: "policy,version,supersedes,effective_from\r\nprivacy,2026-03-01,2009-05-01,2026-03-01T00:00:00-05:00\r\n",
    NDJSON: '{"policy":"privacy","version":"2026-03-01","notice":"not_given"}\n',
}
CONTENT = {kind: {**shape, "example": EXAMPLES[kind]} for kind, shape in ANSWER.items()}


@router.get(
    "/v1/subjects/{subject_id}/policies",
    operation_id="readSubjectPolicies",
    summary="Which policy did she agree to, how, and what changed?",
    responses=documentation.responses(*PROBLEMS, content=CONTENT),
)
def read_policies(
    request: Request, subject_id: str, as_of: AS_OF = None, known_at: KNOWN_AT = None, valid_at: VALID_AT = None,
    cursor: CURSOR = None, limit: LIMIT = 100, min_position: MIN_POSITION = None, view: VIEW = "current",
    sealed: SEALED = "false",
) -> Response:  # fmt: skip
    """Return the versions that governed while anything happened to her data, and those that she agreed to.

    By the date they take effect, each with how she agreed (deemed assent is never told as express), the event that
    shows it, and the rules that it changed in the version before it, in codes. `changes` is null where that is unknown:
    the version before, or the rules of one of the two, are not on record.
    """
    question = ask(request, "whosaw:QueryPolicies", "subjects:read")
    kind = accepted(request, JSON, CSV, NDJSON)
    most, place = page_of(request, question)
    subject = subject_of(question, subject_id)
    pins = pins_of(request, question, subject, READ, place)
    start = place.after[0] if place else 0
    with question.state.ledger.connection() as connection:
        question, person = seen(request, question, connection, subject, pins, happened_by(request))
        found = governing(connection, person, moments_of(connection, person))
        items = [
            _item(each) | {"changes": None if (these := changed(connection, person, each.version)) is None
                           else [plain(one) for one in these]}
            for each in found[start : start + most]
        ]  # fmt: skip
    recorded(question, [subject.id], count=len(items), as_of=pins.at)
    end = start + most
    further = following(request, question, most, cursor_at(question, pins, [end])) if end < len(found) else None
    return rows(request, document_of(question, person, pins), items, following=further, kind=kind)


def _item(each: Governing) -> dict[str, Any]:
    version, assent = each.version, each.assent
    return {
        "policy": version.policy,
        "version": version.version,
        "supersedes": version.supersedes,
        "effective_from": version.effective,
        "published": version.published,
        "notice": version.notice,
        "title": version.title,
        "location": version.location,
        "text_digest": version.text_digest,
        "assent": None
        if assent is None
        else {"mode": assent.mode, "time": assent.time, "evidence": assent.evidence, "log_id": each.log_id,
              "position": assent.position},
        "log_id": version.log_id,
        "position": version.position,
    }  # fmt: skip
