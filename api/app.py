"""The composition root: settings in, application out."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError

from api import (
    accounts,
    break_glass,
    cases,
    catalogue,
    consents,
    debts,
    differences,
    emitters,
    erasures,
    events,
    exports,
    exposure,
    findings,
    health,
    holdings,
    holds,
    identities,
    impact,
    incident_register,
    incidents,
    inferences,
    key_register,
    logs,
    obligations,
    openapi,
    outdated,
    policies,
    problems,
    proofs,
    recipients,
    reconciliation,
    requests,
    retention,
    seals,
    subjects,
    transparency,
    withdrawals,
)
from api.access import Access
from api.arrival import Arrivals
from api.forget_clock import ForgetClock
from api.forgetting import Terms
from api.granted_erasures import GrantedErasures
from api.key_directory import opened
from api.observation import Figures, Observation
from api.outside.publisher import Publisher, places_of
from api.recording import Recording
from api.rule_clock import RuleClock
from api.seal_clock import SealClock
from api.snapshot_clock import SnapshotClock
from api.state import State
from api.storable import storable
from ledger import Ledger, WrongLedger
from ledger.forget import Forgetting, resurrected
from ledger.tombstones import Tombstones
from projections.follow import Follower

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.requests import Request
    from starlette.responses import Response

    from api.settings import Settings

DESCRIPTION = """
A ledger of what a company does with its customers' personal data: services record every collection, use, disclosure and
deletion; officers ask what is held on a person, why, until when, and who saw it.

Every question needs a purpose (header `Whosaw-Purpose`) and is itself recorded.
"""
GARBAGE_EVERY = 20_000
"""So many objects are made before garbage is looked for. With the usual 700, whatever requests in hand hold was looked
through again and again: a fifth of the event loop's time with 64 clients. What is in no cycle is freed at once anyway.
"""
READERS = 2
"""Large bodies that are read at a time. More would only take the interpreter from each other and from the writer."""
ROUTERS = (
    events,
    subjects,
    holdings,
    debts,
    withdrawals,
    inferences,
    recipients,
    requests,
    obligations,
    policies,
    consents,
    exposure,
    incident_register,
    cases,
    emitters,
    reconciliation,
    impact,
    transparency,
    accounts,
    differences,
    outdated,
    exports,
    erasures,
    holds,
    retention,
    identities,
    incidents,
    findings,
    seals,
    break_glass,
    logs,
    proofs,
    catalogue,
    key_register,
    health,
)


def create_app(settings: Settings, *, dsn: str | None = None) -> FastAPI:
    """Return the application; it opens the ledger when it starts to serve, and closes it when it stops.

    Args:
        settings: Of this process.
        dsn: The database, if it is not the one of the settings.

    Raises:
        ValueError: Neither names a database, or a witness is not stated as VERIFIER-KEY URL.
    """
    address = dsn or (settings.database_url.get_secret_value() if settings.database_url else None)
    if address is None:
        raise ValueError("expected a database address, in WHOSAW_DATABASE_URL")
    figures = Figures()
    places = places_of(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        gc.set_threshold(GARBAGE_EVERY)
        keys = opened(settings)
        with (
            Ledger(address, keys, durable=settings.durable) as ledger,
            ThreadPoolExecutor(READERS, "read-bodies") as readers,
        ):
            follower = Follower(address) if settings.follow else None
            clock = SnapshotClock(ledger, settings.snapshot_seconds) if settings.snapshot_seconds else None
            publisher = Publisher(ledger, places, settings.publish_seconds) if places.any else None
            forgetting = Forgetting(ledger, Tombstones(settings.tombstones))
            refuse_resurrected(forgetting, ledger)
            terms = Terms(settings.backup_days)
            granted = (
                GrantedErasures(ledger, forgetting, settings.forget_grace_days) if settings.forget_on_request else None
            )
            forget_clock = (
                ForgetClock(ledger, forgetting, terms, settings.forget_seconds, granted)
                if settings.forget_seconds
                else None
            )
            seal_clock = SealClock(ledger, forgetting, settings.forget_seconds) if settings.forget_seconds else None
            rule_clock = RuleClock(ledger, settings.rules_seconds) if settings.rules_seconds else None
            access = Access(ledger.connection)
            arrivals = Arrivals()
            app.state.parts = State(
                settings, ledger, access, figures, arrivals, readers, follower, forgetting, publisher
            )
            clocks = (follower, clock, publisher, forget_clock, seal_clock, rule_clock)
            beside = [each for each in clocks if each is not None]
            for each in beside:
                each.start()
            try:
                yield
            finally:
                for each in reversed(beside):
                    each.stop()

    app = FastAPI(
        title="whosaw",
        version=_version(),
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url="/docs" if settings.docs else None,
        redoc_url=None,
        dependencies=[Depends(storable)],
        # An operator's own tracing would see addresses, which may name a subject.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    problems.install(app)
    app.add_exception_handler(RequestValidationError, _invalid_parameter)
    for module in ROUTERS:
        app.include_router(module.router)
    app.openapi = lambda: _openapi(app)
    app.add_middleware(Recording)
    app.add_middleware(Observation, figures=figures, most=settings.max_requests)
    return app


def refuse_resurrected(forgetting: Forgetting, ledger: Ledger) -> None:
    """Refuse to serve a database in which somebody is there who was forgotten: an older copy was put back.

    Raises:
        WrongLedger: There is. An operator must run `whosaw restore` first.
    """
    with ledger.connection() as connection:
        found = resurrected(connection, forgetting.tombstones.all(), begun=True)
    if found:
        raise WrongLedger(f"{len(found)} people who were forgotten are in this database: run 'whosaw restore' first")


async def _invalid_parameter(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError), "registered for nothing else"
    return problems.response(
        problems.Problem("invalid-parameter", errors=problems.invalid(error.errors(), skip=1)), request
    )


def _openapi(app: FastAPI) -> dict[str, Any]:
    """Return the document, which is made once."""
    if app.openapi_schema is None:
        app.openapi_schema = openapi.document(app)
    return app.openapi_schema


def _version() -> str:
    try:
        return version("whosaw")
    except PackageNotFoundError:
        return "0"
