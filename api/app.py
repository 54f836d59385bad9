"""The composition root: settings in, application out."""

from __future__ import annotations

from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi

from api import accounts, catalogue, documentation, events, health, key_register, problems, recipients, subjects
from api.access import SCOPES, Access
from api.observation import Figures, Observation
from api.state import State
from ledger import Keys, Ledger
from projections.follow import Follower

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response

    from api.settings import Settings

DESCRIPTION = """
A ledger of what a company does with its customers' personal data: services record every collection, use, disclosure and
deletion; officers ask what is held on a person, why, until when, and who saw it.

Every question needs a purpose (header `Whosaw-Purpose`) and is itself recorded.
"""
ROUTERS = (events, subjects, recipients, accounts, catalogue, key_register, health)


def create_app(settings: Settings, *, dsn: str | None = None) -> FastAPI:
    """Return the application; it opens the ledger when it starts to serve, and closes it when it stops.

    Args:
        settings: Of this process.
        dsn: The database, if it is not the one of the settings.

    Raises:
        ValueError: Neither names a database.
    """
    address = dsn or (settings.database_url.get_secret_value() if settings.database_url else None)
    if address is None:
        raise ValueError("expected a database address, in WHOSAW_DATABASE_URL")
    figures = Figures()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        keys = Keys.open(settings.keys, settings.name, settings.logs)
        with Ledger(address, keys, durable=settings.durable) as ledger:
            follower = Follower(address) if settings.follow else None
            app.state.parts = State(settings, ledger, Access(ledger.connection), figures, follower)
            if follower is not None:
                follower.start()
            try:
                yield
            finally:
                if follower is not None:
                    follower.stop()

    app = FastAPI(
        title="whosaw",
        version=_version(),
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url="/docs" if settings.docs else None,
        redoc_url=None,
    )
    problems.install(app)
    app.add_exception_handler(RequestValidationError, _invalid_parameter)
    for module in ROUTERS:
        app.include_router(module.router)
    app.openapi = lambda: _openapi(app)
    app.add_middleware(Observation, figures=figures, most=settings.max_requests)
    return app


def _invalid_parameter(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError), "registered for nothing else"
    errors = [
        {
            "pointer": "/" + "/".join(str(part) for part in each["loc"][1:]),
            "code": str(each["type"]).replace("_", "-"),
            "detail": str(each["msg"]) if "value" not in each["type"] else "expected another value",
        }
        for each in error.errors()
    ]
    return problems.response(problems.Problem("invalid-parameter", errors=errors), request)


def _openapi(app: FastAPI) -> dict[str, Any]:
    """Return the document, with the security scheme and the shapes that the code does not declare."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        components = document.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas.update(documentation.SCHEMAS)
        components["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": f"An API key. Scopes: {', '.join(sorted(SCOPES))}."}
        }
        document["security"] = [{"key": []}]
        purpose = {
            "name": "Whosaw-Purpose",
            "in": "header",
            "required": True,
            "description": "Why you ask: a code. It is recorded.",
            "schema": {"type": "string"},
            "example": "whosaw:AccessRequest",
        }
        ticket = {"name": "Whosaw-Ticket", "in": "header", "required": False, "schema": {"type": "string"}}
        for operations in document["paths"].values():
            for operation in operations.values():
                _mend(operation, [purpose, ticket])
        app.openapi_schema = document
    return app.openapi_schema


def _mend(operation: dict[str, Any], headers: list[dict[str, Any]]) -> None:
    responses = operation["responses"]
    problem = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    if "HTTPValidationError" in str(responses.get("422", "")):
        responses["422"] = {"description": "`invalid-parameter`: a parameter is not valid", "content": problem}
    if operation["tags"][0] in {"query", "report"}:
        operation.setdefault("parameters", []).extend(headers)
    if operation["operationId"] in {"live", "ready", "metrics", "discover", "readSchema", "readCodes"}:
        operation["security"] = []


def _version() -> str:
    try:
        return version("whosaw")
    except PackageNotFoundError:
        return "0"
