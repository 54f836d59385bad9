"""Whose an order is: who placed it ends it, or who may correct; and what was said of one by mistake does not count."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from api.access import ROLES
from api.forgetting import fact_about
from api.seal_clock import SealClock
from tests.api.conftest import PURPOSE, SOURCE, event
from tests.api.test_forgetting import HOLD, RELEASE, forget
from tests.api.test_granted_erasures import answered, asked, turn
from tests.api.test_persons import correction, merged, split
from tests.api.test_seals import SEALED, ask, cleared, lifted, placed, places

if TYPE_CHECKING:
    from collections.abc import Callable

    from httpx2 import Response

    from ledger import Fact
    from tests.api.conftest import Service

OVER = datetime(2026, 9, 1, tzinfo=UTC)
OTHER = "/services/marketing"


@pytest.fixture
def quiet(start: Callable[..., Service]) -> Service:
    """An application whose own clocks stand still."""
    return start(forget_seconds=0)


def look(service: Service) -> None:
    """Let the clock of seals look once, when all is folded."""
    service.follow(service.state.ledger.head(0))
    SealClock(service.state.ledger, service.state.forgetting, 60).turn()


def as_another(service: Service, told: dict[str, Any], *scopes: str, **more: Any) -> Response:
    """Send an event as another emitter."""
    key = service.issue(("events:write", *scopes), sources=[OTHER])
    body = told | {"source": OTHER, "data": told["data"] | more}
    return service.client.post("/v1/events", json=body, headers={"Authorization": f"Bearer {key}"})


def hidden(service: Service, subject: str) -> list[int]:
    """Return the positions of the disclosures that a cleared reader sees and nobody else."""
    path = f"/v1/subjects/{subject}/disclosures"
    key = cleared(service, "*")
    return sorted({*places(ask(service, f"{path}?sealed=true", key))} - {*places(ask(service, path, key))})


@pytest.mark.parametrize("how", ["behind the seal", "openly"])
def test_a_voided_lifting_lifts_nothing(quiet: Service, how: str) -> None:
    lifting = lifted(OVER)
    made, *_ = quiet.record(
        event(), placed(), event("data.disclosed", **SEALED), lifting,
        correction("event.voided", lifting, **(SEALED if how == "behind the seal" else {})),
    )  # fmt: skip
    look(quiet)
    assert quiet.entries("seal.ended") == []
    assert hidden(quiet, made["stream"]) == [3]
    (order,) = ask(quiet, "/v1/seals", cleared(quiet, "city-police")).json()["items"]
    assert (order["state"], order["lifted"], order["placed_by"]) == ("endless", False, SOURCE)
    # Lifted after all.
    quiet.record(lifted(OVER))
    look(quiet)
    assert hidden(quiet, made["stream"]) == []


def test_an_order_with_a_mistaken_end_that_was_voided_opens_nothing_until_it_is_lifted(quiet: Service) -> None:
    mistaken = placed(OVER)
    made, *_ = quiet.record(
        event(), mistaken, event("data.disclosed", **SEALED), correction("event.voided", mistaken, **SEALED)
    )
    look(quiet)
    assert hidden(quiet, made["stream"]) == [3]
    assert ask(quiet, "/v1/seals", cleared(quiet, "*")).json()["items"] == []
    quiet.record(placed())
    look(quiet)
    assert hidden(quiet, made["stream"]) == [3]
    quiet.record(lifted(OVER))
    look(quiet)
    assert hidden(quiet, made["stream"]) == []


def test_a_voided_correction_of_a_lifting_lets_it_stand(quiet: Service) -> None:
    lifting = lifted(OVER)
    void = correction("event.voided", lifting, **SEALED)
    made, *_ = quiet.record(
        event(), placed(), event("data.disclosed", **SEALED), lifting, void, correction("event.voided", void, **SEALED)
    )
    look(quiet)
    assert hidden(quiet, made["stream"]) == []


def test_what_is_said_of_an_order_while_the_clock_looks_keeps_it_shut(
    quiet: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    lifting = lifted(OVER)
    made, *_ = quiet.record(event(), placed(), event("data.disclosed", **SEALED), lifting)

    def too_late(*said: Any) -> Fact:
        monkeypatch.undo()
        quiet.record(correction("event.voided", lifting, **SEALED))
        return fact_about(*said)

    monkeypatch.setattr("api.seal_clock.fact_about", too_late)
    look(quiet)
    assert quiet.entries("event.voided") != []
    look(quiet)
    assert hidden(quiet, made["stream"]) == [3]


ENDS = {
    "hold.released": (event("hold.placed", **HOLD), event("hold.released", **RELEASE)),
    "seal.lifted": (placed(), lifted(OVER)),
    "seal.extended": (placed(), event("seal.extended", seal_id="S-1", until=OVER.isoformat(), system=None)),
}


def stands(service: Service, kind: str, subject: str) -> bool:
    """Return whether the order still does what it is for."""
    if kind == "hold.released":
        service.follow(service.state.ledger.head(0))
        held: bool = service.ask(f"/v1/subjects/{subject}/holds").json()["held"]
        return held
    look(service)
    return hidden(service, subject) != []


@pytest.mark.parametrize("kind", ENDS)
def test_an_order_is_ended_by_the_source_that_placed_it_or_by_who_may_correct(quiet: Service, kind: str) -> None:
    begin, end = ENDS[kind]
    made, *_ = quiet.record(event(), begin, event("data.disclosed", **SEALED))
    refused = as_another(quiet, end, placed_by=SOURCE)
    assert (refused.status_code, refused.json()["code"]) == (403, "not-yours")
    assert refused.json()["errors"][0]["pointer"] == "/data/placed_by"
    # The same whether or not there is such an order.
    name = "hold_id" if kind == "hold.released" else "seal_id"
    assert as_another(quiet, end, placed_by=SOURCE, **{name: "nothing"}).json()["errors"] == refused.json()["errors"]
    # Its own, of which there is none; also if it places one of that name itself.
    assert as_another(quiet, end | {"id": "stray"}).status_code == 201
    assert as_another(quiet, begin | {"id": "decoy"}).status_code == 201
    assert as_another(quiet, end | {"id": "stray-2"}).status_code == 201
    assert stands(quiet, kind, made["stream"])
    done = as_another(quiet, end | {"id": "done"}, "events:correct", placed_by=SOURCE)
    assert done.status_code == 201, done.text
    assert not stands(quiet, kind, made["stream"])


def test_what_sealed_facts_alone_began_is_not_opened_by_a_stranger(quiet: Service) -> None:
    made, *_ = quiet.record(event(), event("data.disclosed", **SEALED))
    assert as_another(quiet, lifted(OVER)).status_code == 201
    look(quiet)
    assert hidden(quiet, made["stream"]) == [2]


def test_a_hold_that_a_stranger_released_defers_a_forgetting(quiet: Service) -> None:
    made, *_ = quiet.record(event(), event("hold.placed", **HOLD))
    assert as_another(quiet, event("hold.released", **RELEASE)).status_code == 201
    quiet.follow(3)
    assert forget(quiet, made["stream"], grace_days=0).json()["state"] == "deferred"
    quiet.record(event("hold.released", **RELEASE))
    turn(quiet)
    assert len(quiet.entries("key.destroyed")) == 1


def test_a_merge_is_undone_by_its_own_source_or_by_who_may_correct(quiet: Service) -> None:
    merge = merged("C-1", "C-2")
    one, *_ = quiet.record(event(), event(customer="C-2"), merge)
    parting = split(merge, "C-1", "C-2")
    refused = as_another(quiet, parting)
    assert (refused.status_code, refused.json()["code"]) == (403, "not-yours")
    assert refused.json()["errors"][0]["pointer"] == "/data/undoes/source"
    path, officer = f"/v1/subjects/{one['stream']}/timeline", quiet.bearer("officer") | PURPOSE
    assert 2 in places(ask(quiet, path, officer))
    assert "events:correct" in ROLES["compliance"]
    assert as_another(quiet, parting, "events:correct").status_code == 201
    assert 2 not in places(ask(quiet, path, officer))


def test_what_a_request_holds_is_released_by_the_source_that_recorded_it_and_answered_by_any(quiet: Service) -> None:
    made, *_ = quiet.record(event(), asked(right="whosaw:Access"))
    release = event("hold.released", **RELEASE | {"hold_id": "request:R-1"})
    assert as_another(quiet, release).status_code == 201
    assert stands(quiet, "hold.released", made["stream"])
    quiet.record(release | {"id": "own"})
    assert not stands(quiet, "hold.released", made["stream"])
    quiet.record(asked("R-2", right="whosaw:Access"))
    assert stands(quiet, "hold.released", made["stream"])
    long_ago = answered(request="R-2") | {"time": "2020-01-01T00:00:00Z"}
    assert as_another(quiet, long_ago).status_code == 201
    assert not stands(quiet, "hold.released", made["stream"])
