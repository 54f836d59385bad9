"""Every error as a problem document. One table: what it is called, its status, its words in both languages.

A problem carries codes, JSON pointers and what was expected, never a value from a reference or a private member.

Source: RFC 9457.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from api.language import preferred
from api.report import ReportBusy, ReportError, ReportTooLarge
from ledger import Forked, InvalidFact, LedgerError, Overloaded, RolledBack, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fastapi import FastAPI
    from starlette.requests import Request

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = "1"
LONG_RETRY_SECONDS = "60"
"""When an operator must look first."""


class Kind(NamedTuple):
    """One kind of problem."""

    status: int
    en: str
    fr: str
    help: str
    """What the caller can do."""


KINDS: dict[str, Kind] = {
    "not-json": Kind(400, "The body is not JSON", "Le corps n’est pas du JSON", "Send one JSON value in UTF-8."),
    "bad-request": Kind(400, "The request is malformed", "La requête est mal formée", "Mend what the detail names."),
    "purpose-required": Kind(
        400, "A purpose is required", "Une finalité est requise", "State why you ask, in the header Whosaw-Purpose."
    ),
    "bad-cursor": Kind(
        400, "The cursor is not one of this question", "Le curseur n’est pas de cette question", "Begin at page one."
    ),
    "unauthenticated": Kind(401, "A key is required", "Une clé est requise", "Send a working API key."),
    "forbidden": Kind(403, "The key may not do this", "La clé ne le permet pas", "Ask for a key with the scope named."),
    "foreign-source": Kind(
        403,
        "The key may not speak for this source",
        "La clé ne parle pas pour cette source",
        "Use the source's own key.",
    ),
    "not-yours": Kind(
        403,
        "The key may not correct another emitter's event",
        "La clé ne peut corriger l’événement d’un autre émetteur",
        "Ask its emitter, or use a key with the scope events:correct.",
    ),
    "not-found": Kind(404, "Not found", "Introuvable", "Check the address."),
    "method-not-allowed": Kind(405, "The method is not allowed", "Méthode non permise", "See the header Allow."),
    "not-acceptable": Kind(
        406, "No such format", "Format inconnu", "Ask for application/json, text/csv or application/x-ndjson."
    ),
    "event-conflict": Kind(
        409,
        "The same source and id was recorded with other content",
        "La même source et le même identifiant ont été inscrits avec un autre contenu",
        "An id names one event for ever. Send the changed event under a new id, as a correction.",
    ),
    "other-event": Kind(
        409,
        "Another event undoes this",
        "Un autre événement annule celui-ci",
        "Send the event that the detail names: what joins or parts names is not voided.",
    ),
    "erasure-conflict": Kind(
        409,
        "The erasure is at another step already",
        "La suppression en est déjà à une autre étape",
        "Read the receipt: GET /v1/erasures/{receipt}.",
    ),
    "clearance-conflict": Kind(
        409,
        "This clearance can not be granted so",
        "Cette habilitation ne peut être accordée ainsi",
        "Somebody else than who asked has to agree, within a day. See GET /v1/clearances.",
    ),
    "not-exportable": Kind(
        409,
        "A fact in this stream was never about this person",
        "Un fait de ce flux n’a jamais concerné cette personne",
        "A bundle would hand it out with its proof. Issue an account instead (POST /v1/subjects/{id}/accounts), which "
        "leaves it out; GET /v1/logs/{log}/proofs/inclusion proves each of the entries that it names.",
    ),
    "too-large": Kind(413, "The body is too large", "Le corps est trop grand", "Send less at a time; see GET /v1."),
    "unsupported-media-type": Kind(
        415, "The content type is not one we read", "Type de contenu non pris en charge", "See GET /v1 for the types."
    ),
    "invalid-event": Kind(
        422, "The events are not valid", "Les événements ne sont pas valides", "Nothing was recorded. Mend every error."
    ),
    "invalid-parameter": Kind(422, "A parameter is not valid", "Paramètre invalide", "Mend what the errors name."),
    "overloaded": Kind(429, "Too much waits already", "Trop de requêtes en attente", "Send it again later."),
    "internal": Kind(500, "The server failed", "Le serveur a échoué", "Send it again; if it stays, tell the operator."),
    "unavailable": Kind(
        503,
        "The answer is not known now",
        "La réponse n’est pas connue maintenant",
        "Send the same again, with the same ids: it is never recorded twice.",
    ),
    "not-signing": Kind(
        503,
        "The log is shorter than what was signed, or another",
        "Le journal est plus court que ce qui a été signé, ou autre",
        "Nothing is recorded until an operator has brought back what is missing. Keep it and send it again.",
    ),
    "not-yet": Kind(
        503, "The answer is not that far yet", "La réponse n’est pas encore rendue là", "Ask again in a moment."
    ),
}


FRAMEWORK = {
    400: "bad-request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    413: "too-large",
    415: "unsupported-media-type",
    422: "invalid-parameter",
    429: "overloaded",
    503: "unavailable",
}
"""What the framework's own errors are called."""


class Problem(Exception):
    """Ends a request with a problem document."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        errors: Sequence[dict[str, str]] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.errors = list(errors)
        self.headers = headers or {}


def problem_of(error: BaseException) -> Problem:
    """Return the problem that an error is."""
    match error:
        case Problem():
            found = error
        case InvalidFact():
            errors = [{"pointer": error.pointer, "code": "too-large", "detail": error.detail}]
            found = Problem("invalid-event", errors=errors)
        case ReportTooLarge():
            found = Problem("not-acceptable", "this account is too large for a PDF; ask for application/json")
        case Overloaded() | ReportBusy():
            found = Problem("overloaded", headers={"Retry-After": RETRY_SECONDS})
        case RolledBack() | Forked():
            found = Problem("not-signing", headers={"Retry-After": LONG_RETRY_SECONDS})
        case Unavailable():
            found = Problem("unavailable", headers={"Retry-After": RETRY_SECONDS})
        case HTTPException():
            found = Problem(
                FRAMEWORK.get(error.status_code, "internal"),
                headers={name.lower(): value for name, value in (error.headers or {}).items()},
            )
        case _:
            found = Problem("internal")
    return found


def response(problem: Problem, request: Request) -> Response:
    """Return the document, in the caller's language."""
    kind = KINDS[problem.code]
    french = preferred(request) == "fr"
    document: dict[str, Any] = {
        "type": f"{request.base_url}problems/{problem.code}",
        "title": kind.fr if french else kind.en,
        "status": kind.status,
        "code": problem.code,
    }
    if problem.detail:
        document["detail"] = problem.detail
    if problem.errors:
        document["errors"] = problem.errors
    document["request_id"] = request.scope.get("request_id", "")
    headers = {"Content-Language": "fr" if french else "en", "Cache-Control": "no-store", **problem.headers}
    if kind.status == 401:  # noqa: PLR2004 - unauthenticated
        headers["WWW-Authenticate"] = 'Bearer realm="whosaw"'
    return Response(orjson.dumps(document), kind.status, headers, MEDIA_TYPE)


def invalid(errors: Iterable[Mapping[str, Any]], skip: int = 0) -> list[dict[str, str]]:
    """Return pydantic's errors as a problem lists them: where, and which rule, never what was found.

    Args:
        errors: Each with its `loc` and `type`.
        skip: Leading parts of `loc` that are no part of a pointer, such as `query`.
    """
    return [
        {
            "pointer": "".join(f"/{_part(part)}" for part in each["loc"][skip:]),
            "code": str(each["type"]).replace("_", "-"),
            "detail": f"expected another value ({str(each['type']).replace('_', ' ')})",
        }
        for each in errors
    ]


def _part(part: int | str) -> str:
    """Return a part of a pointer; what is no name might be a value."""
    return str(part) if isinstance(part, int) or re.fullmatch("[A-Za-z_-]{1,40}", part) else "…"


def _methods(request: Request) -> list[str]:
    """Return every method of a path: each is a route of its own, and the framework names those of the first one."""
    template = getattr(request.scope.get("route"), "path_format", "")
    return [method.upper() for method in sorted(request.app.openapi()["paths"].get(template, ()))]


def install(app: FastAPI) -> None:
    """Answer every error of the application with a problem, the framework's own too, and serve the help pages."""

    async def answer(request: Request, error: Exception) -> Response:
        problem = problem_of(error)
        if problem.code == "method-not-allowed":
            problem.headers["allow"] = ", ".join(_methods(request)) or problem.headers.get("allow", "")
        if problem.code == "internal":
            # The type alone: a message may quote a row.
            log.error(
                "request failed", extra={"reason": type(error).__name__, "request_id": request.scope.get("request_id")}
            )
        return response(problem, request)

    # Not `Exception`: the framework would answer, and then raise it again for the server to log with its message.
    for kind in (Problem, LedgerError, ReportError, HTTPException):
        app.add_exception_handler(kind, answer)

    @app.get("/problems/{code}", include_in_schema=False)
    def help_page(code: str) -> Response:
        kind = KINDS.get(code)
        if kind is None:
            raise Problem("not-found")
        return HTMLResponse(
            f"<!doctype html><html lang=en><meta charset=utf-8><title>{code}</title><h1>{kind.en}</h1>"
            f"<p lang=fr>{kind.fr}</p><p>Status {kind.status}. {kind.help}</p></html>"
        )
