"""Errors: one form, two languages, pages that explain them, and nothing of the server or a person in them."""

from __future__ import annotations

import logging
import re
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
import pytest

from api.app import create_app
from api.problems import KINDS, MEDIA_TYPE, Problem
from api.settings import Settings
from ledger import Forked, Overloaded, RolledBack, Unavailable
from ledger.errors import Damaged
from tests.api.conftest import event

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.api.conftest import Service


def test_every_problem_names_a_page_that_explains_it(standing: Service) -> None:
    for code in KINDS:
        page = standing.client.get(f"/problems/{code}")
        assert page.status_code == 200
        assert KINDS[code].fr in page.text
    for path, expected in (("/nowhere", 404), ("/v1/events", 405), ("/problems/unheard", 404)):
        answer = standing.client.get(path)
        assert answer.status_code == expected
        assert answer.headers["content-type"] == MEDIA_TYPE
        assert standing.client.get(urlsplit(answer.json()["type"]).path).status_code == 200
    assert standing.client.get("/v1/events").headers["allow"] == "POST"
    assert standing.client.put("/v1/keys").headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    ("stated", "language"),
    [("", "en"), ("fr", "fr"), ("fr-CA, en;q=0.5", "fr"), ("en;q=0.5, fr", "fr"), ("en, fr;q=0.9", "en"), ("de", "en")],
)
def test_a_problem_is_told_in_the_callers_language(standing: Service, stated: str, language: str) -> None:
    answer = standing.client.get("/v1/keys", headers={"Accept-Language": stated})
    assert answer.headers["content-language"] == language
    assert answer.json()["title"] == getattr(KINDS["unauthenticated"], language)


def test_a_problem_names_its_request_and_the_log_line_does_too(
    standing: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "whosaw.access")
    answer = standing.client.get("/v1/keys")
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["x-request-id"] in {getattr(record, "request_id", "") for record in caplog.records}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Unavailable("row (jo@example.org)"), 503, "unavailable"),
        (RolledBack("expected 7, found 5"), 503, "not-signing"),
        (Forked("expected 7, found others"), 503, "not-signing"),
        (Overloaded("row (jo@example.org)"), 429, "overloaded"),
        (Damaged("row (jo@example.org)"), 500, "internal"),
        (RuntimeError("row (jo@example.org)"), 500, "internal"),
        (KeyError("jo@example.org"), 500, "internal"),
        (Problem("not-yet"), 503, "not-yet"),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_what_breaks_inside_is_told_by_its_code_alone(
    standing: Service,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    status: int,
    code: str,
    *,
    late: bool,
) -> None:
    caplog.set_level(logging.DEBUG)

    def fail(_: Any) -> Future[Any]:
        if late:
            broken: Future[Any] = Future()
            broken.set_exception(error)
            return broken
        raise error

    monkeypatch.setattr(standing.state.ledger, "submit", fail)
    answer = standing.send(event())
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert ("retry-after" in answer.headers) == (status in {429, 503} and code != "not-yet")
    assert "jo@example" not in answer.text
    assert "jo@example" not in caplog.text
    assert not [record for record in caplog.records if record.exc_info]


def test_too_many_open_requests_are_turned_away_at_once_and_probes_are_not(
    start: Callable[..., Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = start(max_requests=2)
    service.record(event())
    waiting: Future[Any] = Future()
    entered = [Event(), Event()]
    submit = service.state.ledger.submit

    def hold(_: Any) -> Future[Any]:
        next(each for each in entered if not each.is_set()).set()
        return waiting

    monkeypatch.setattr(service.state.ledger, "submit", hold)
    with ThreadPoolExecutor(2) as threads:
        open_requests = []
        for each in entered:
            open_requests.append(threads.submit(service.send, event()))
            assert each.wait(30)
        refused = service.send(event(), **{"Accept-Language": "fr"})
        assert (refused.status_code, refused.json()["code"]) == (429, "overloaded")
        assert refused.json()["title"] == KINDS["overloaded"].fr
        assert refused.headers["content-type"] == MEDIA_TYPE
        assert refused.headers["retry-after"] == "1"
        assert service.client.get("/livez").status_code == 200
        assert service.client.get("/readyz").status_code == 200
        waiting.set_exception(Unavailable("gone"))
        assert [each.result(30).status_code for each in open_requests] == [503, 503]
    monkeypatch.setattr(service.state.ledger, "submit", submit)
    assert service.send(event()).status_code == 201


@pytest.mark.parametrize("host", ["evil.example", "[", "a b", "", "x" * 5_000, "é"])
def test_a_strange_host_header_breaks_nothing(standing: Service, host: str) -> None:
    answer = standing.client.get("/v1/keys", headers=[("host", host.encode())])
    assert answer.status_code == 401
    assert answer.headers["content-type"] == MEDIA_TYPE


def test_a_request_that_is_given_up_is_recorded_all_the_same(service: Service) -> None:
    """The caller went away after the facts were with the writer: her retry gets the receipt."""
    document = event()

    async def give_up() -> None:
        sent: list[Any] = []
        body = [{"type": "http.request", "body": orjson.dumps(document), "more_body": False}]

        async def receive() -> Any:
            return body.pop() if body else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)
            raise OSError

        headers = {**service.bearer("emitter"), "Content-Type": "application/json"}
        scope: Any = {
            "type": "http", "method": "POST", "path": "/v1/events", "raw_path": b"/v1/events", "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "http_version": "1.1", "scheme": "http", "server": ("testserver", 80), "client": ("test", 1),
            "app": service.app, "root_path": "", "state": {},
        }  # fmt: skip
        with suppress(OSError):
            await service.app(scope, receive, send)

    assert service.client.portal is not None
    service.client.portal.call(give_up)
    again = service.send(document)
    assert again.status_code == 200
    assert again.headers["idempotent-replay"] == "true"


def questions() -> list[tuple[str, list[str]]]:
    """Return every address that is read, with the names of what it takes."""
    paths = create_app(Settings.model_construct(), dsn="postgresql://").openapi()["paths"]
    return [
        (path, [each["name"] for each in taken["get"].get("parameters", []) if each["in"] == "query"])
        for path, taken in paths.items()
        if "get" in taken
    ]


@pytest.mark.parametrize(("path", "names"), questions(), ids=lambda each: each if isinstance(each, str) else "")
def test_what_no_row_can_hold_is_refused_in_every_parameter_of_every_route(
    standing: Service, path: str, names: list[str]
) -> None:
    named = re.sub(r"\{[^}]*\}", "1", path)
    for name in [*names, "else"]:
        answer = standing.ask(f"{named}?{name}=%00")
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-parameter"), name
    if "{" in path:
        assert standing.ask(re.sub(r"\{[^}]*\}", "%00", path)).status_code in {403, 404, 422}
