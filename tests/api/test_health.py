"""Whether the process lives and can serve; and what it tells an emitter beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from jsonschema import Draft202012Validator

from api.app import create_app
from api.settings import Settings
from ledger.vocabulary import FACTS
from tests.api.conftest import event

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.api.conftest import Service

STOP = "UPDATE projections.progress SET stopped_at = 7, error = 'ValueError', since = now() WHERE projection = 'views'"
BEHIND = "UPDATE ledger.log SET size = size + 200000"


def test_a_process_that_serves_is_ready(standing: Service) -> None:
    answer = standing.client.get("/readyz")
    assert (answer.status_code, answer.json()["status"], answer.json()["reasons"]) == (200, "ready", [])
    assert {lane["projection"] for lane in answer.json()["projections"]} >= {"holdings", "disclosures", "views"}


def test_a_stopped_projection_and_one_far_behind_are_named(start: Callable[..., Service]) -> None:
    service = start(follow=False)
    with psycopg.connect(service.dsn, autocommit=True) as owner:
        owner.execute(STOP)
        stopped = service.client.get("/readyz")
        assert stopped.status_code == 503
        assert stopped.json()["reasons"] == ["projection views stopped on log 0 at position 7"]
        owner.execute(BEHIND)
    behind = service.client.get("/readyz").json()["reasons"]
    assert "projection holdings is 200000 entries behind on log 0" in behind
    assert 'whosaw_projection_lag_entries{projection="holdings",log="0"} 200000' in service.client.get("/metrics").text


def test_a_stopped_writer_is_named(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    for writer in service.state.ledger._writers:
        writer.close()
    answer = service.client.get("/readyz")
    assert answer.status_code == 503
    assert "a writer has stopped" in answer.json()["reasons"]
    assert service.client.get("/livez").status_code == 200
    refused = service.send(event())
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")


def test_figures_count_what_was_recorded_and_what_was_repeated(service: Service) -> None:
    document = event()
    service.record(document)
    service.record(document)
    figures = service.client.get("/metrics").text
    assert 'whosaw_events_appended_total{outcome="recorded"} 1.0' in figures
    assert 'whosaw_events_appended_total{outcome="repeated"} 1.0' in figures


def test_an_emitter_learns_limits_types_and_schemas(standing: Service) -> None:
    found = standing.client.get("/v1").json()
    assert found["max_batch_events"] == standing.state.settings.max_batch_events
    assert set(found["types"]) == set(FACTS)
    for path in found["types"].values():
        answer = standing.client.get(path)
        assert answer.headers["content-type"] == "application/schema+json"
        Draft202012Validator.check_schema(answer.json())
    assert standing.client.get("/v1/schemas/data.unheard.v1").status_code == 404
    codes = standing.client.get(found["codes"]).json()["codes"]
    assert all(set(code["labels"]) == {"en", "fr"} for code in codes)


def test_checkpoints_are_open_only_where_that_is_said(start: Callable[..., Service]) -> None:
    closed, opened = start(), start(public_checkpoints=True)
    for service, status in ((closed, 401), (opened, 200)):
        service.record(event())
        assert service.client.get("/v1/logs/0/checkpoint").status_code == status
        assert service.client.get("/v1/logs").status_code == status
    for path in ("9/checkpoint", "-1/checkpoint", "0/checkpoint?size=999", "0/checkpoint?size=0", "x/checkpoint"):
        assert opened.client.get(f"/v1/logs/{path}").status_code in {404, 422}
    assert opened.client.get("/v1/logs/0/checkpoint?size=x").status_code == 422


def test_an_application_without_a_database_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WHOSAW_DATABASE_URL", raising=False)
    with pytest.raises(ValueError, match="WHOSAW_DATABASE_URL"):
        create_app(Settings(database_url=None))


def test_settings_show_what_they_are_and_never_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHOSAW_DATABASE_URL", "postgresql://someone:hidden@db.example/x")
    monkeypatch.setenv("WHOSAW_PORT", "8080")
    shown: dict[str, Any] = {name: (value, origin) for name, value, origin, _ in Settings().effective()}
    assert shown["WHOSAW_PORT"] == ("8080", "set")
    assert shown["WHOSAW_HOST"] == ("127.0.0.1", "default")
    assert "hidden" not in str(shown)
