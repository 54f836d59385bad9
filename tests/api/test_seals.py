"""Orders that forbid telling: nobody without clearance sees a trace, and their end opens what they hid."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from api.seal_clock import SealClock
from tests.api.conftest import PURPOSE, RECIPIENT, event, running
from tests.api.test_forgetting import forget
from tests.api.test_persons import about, merged
from tests.api.test_persons_over_logs import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from httpx2 import Response

    from tests.api.conftest import Service

POLICE = {"id": "city-police", "name": "City Police", "country": "loc:CA-QC"}
SEALED = {"visibility": "sealed", "seal_ref": "S-1"}
RANDOM = re.compile(
    rb"[0-9a-f]{32}|(?<=\")[0-9a-f]{16}(?=\")|[A-Za-z0-9+/]{43}=|account-[0-9a-f]{16}|key-[0-9a-f]{10}"
    rb"|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)|(?<=\"salt\":\")[^\"]{24}|(?<= )[A-Za-z0-9+/]{90,}=*"
    rb"|(?<=log0\+)[0-9a-f]{8}\+[A-Za-z0-9+/]{40,}=*"
)
"""Ids, hashes and times of recording: drawn or read off a clock, and so different in every run."""


def placed(until: datetime | None = None, **more: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "seal_id": "S-1", "authority": POLICE, "basis": "ca-criminal-code:487.0191", "scope": {},
        "starts": "2026-08-20T00:00:00Z", "until": None if until is None else until.isoformat(), "system": None,
    }  # fmt: skip
    return event("seal.placed", **data | more)


def lifted(at: datetime) -> dict[str, Any]:
    return event("seal.lifted", seal_id="S-1", reason="whosaw:OrderRevoked", effective_at=at.isoformat(), system=None)


def cleared(service: Service, *authorities: str) -> dict[str, str]:
    scopes = ("subjects:read", "disclosures:read", "seals:read", *(f"seal:{each}" for each in authorities))
    return {"Authorization": f"Bearer {service.issue(scopes)}"} | PURPOSE


def ask(service: Service, path: str, key: dict[str, str]) -> Response:
    service.follow(service.state.ledger.head(0))
    return service.client.get(path, headers=key)


def places(answer: Response) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [each["position"] for each in answer.json()["items"]]


@pytest.fixture
def subject(service: Service) -> str:
    first, *_ = service.record(event(), placed(), event("data.disclosed", **SEALED), event("data.disclosed"))
    found: str = first["stream"]
    return found


def test_a_cleared_reader_sees_all_of_it_and_leaves_no_open_trace(service: Service, subject: str) -> None:
    path = f"/v1/subjects/{subject}/disclosures"
    key = cleared(service, "city-police")
    assert places(ask(service, path, key)) == [4]
    before = len(places(ask(service, f"/v1/subjects/{subject}/views", key)))
    assert places(ask(service, f"{path}?sealed=true", key)) == [4, 3]
    last = service.entries("ledger.queried")[-1]
    assert (last["data"]["visibility"], last["data"]["seal_ref"]) == ("sealed", "S-1")
    assert last["stream"] != subject
    views = places(ask(service, f"/v1/subjects/{subject}/views", key))
    assert len(views) == before + 1  # the look at the views before, and not the sealed one
    timeline = ask(service, f"/v1/subjects/{subject}/timeline?sealed=true", key).json()["items"]
    assert {"seal.placed", "data.disclosed"} <= {each["type"] for each in timeline}


def test_clearance_is_for_an_authority(service: Service, subject: str) -> None:
    path = f"/v1/subjects/{subject}/disclosures?sealed=true"
    assert places(ask(service, path, cleared(service, "another"))) == [4]
    # Asking for it is behind a seal also when there is nothing.
    assert service.entries("ledger.queried")[-1]["data"]["visibility"] == "sealed"
    assert places(ask(service, path, cleared(service, "*"))) == [4, 3]
    assert service.ask(path).status_code == 403
    assert service.ask(path.replace("true", "yes"), "legal").status_code == 422


def test_clearance_for_an_order_of_the_same_name_over_somebody_else_is_none(service: Service, subject: str) -> None:
    tax = {"id": "tax-office", "name": "Tax Office", "country": "loc:CA"}
    other, *_ = service.record(
        event(customer="C-2"),
        placed(authority=tax, subjects=[{"reference": {"kind": "customer", "value": "C-2"}, "role": "dpv:Customer"}]),
        event("data.disclosed", customer="C-2", **SEALED),
    )
    police = cleared(service, "city-police")
    assert places(ask(service, f"/v1/subjects/{subject}/disclosures?sealed=true", police)) == [4, 3]
    assert places(ask(service, f"/v1/subjects/{other['stream']}/disclosures?sealed=true", police)) == []


def test_the_register_is_for_the_cleared(service: Service, subject: str) -> None:
    del subject
    service.record(placed(datetime.now(UTC) + timedelta(days=10), seal_id="S-2"))
    found = ask(service, "/v1/seals?state=endless&state=soon", cleared(service, "city-police")).json()["items"]
    assert [(each["seal"], each["state"], each["omitted_from"]) for each in found] == [
        ("S-1", "endless", []), ("S-2", "soon", [])
    ]  # fmt: skip
    assert ask(service, "/v1/seals", cleared(service, "another")).json()["items"] == []
    assert service.ask("/v1/seals").status_code == 403


def test_an_order_that_was_only_spoken_lapses_and_hides_until_it_is_lifted(service: Service, subject: str) -> None:
    def spoken(name: str, days: int, until: datetime | None = None, **more: Any) -> dict[str, Any]:
        return placed(until, seal_id=name, oral=True, starts=(now - timedelta(days=days)).isoformat(), **more)

    now = datetime.now(UTC)
    far = now + timedelta(days=90)
    written = event("seal.extended", seal_id="written", until=far.isoformat(), system=None)
    service.record(
        spoken("new", 5), spoken("old", 40), event("data.disclosed", **SEALED | {"seal_ref": "old"}),
        spoken("old-with-an-end", 40, far), spoken("over", 40, now), spoken("written", 5),
        written | {"time": now.isoformat()},
    )  # fmt: skip
    key = cleared(service, "city-police")

    def named(state: str) -> dict[str, str]:
        return {each["seal"]: each["state"] for each in ask(service, f"/v1/seals?state={state}", key).json()["items"]}

    assert named("soon") == {"new": "endless"}
    assert named("lapsed") == {"old": "endless", "old-with-an-end": "standing"}
    assert named("ended") == {"over": "ended"}
    assert named("standing").keys() == {"S-1", "new", "old", "old-with-an-end", "written"}
    lapses = {each["seal"]: each["lapses"] for each in ask(service, "/v1/seals", key).json()["items"]}
    assert (lapses["S-1"], lapses["written"]) == (None, None)
    assert datetime.fromisoformat(lapses["new"]) == now + timedelta(days=25)
    # Nothing is told for that.
    SealClock(service.state.ledger, service.state.forgetting, 60).turn()
    assert places(ask(service, f"/v1/subjects/{subject}/disclosures", key)) == [4]


def test_the_register_names_the_accounts_that_left_out_what_an_order_hides(service: Service, subject: str) -> None:
    service.follow(service.state.ledger.head(0))
    path = f"/v1/subjects/{subject}/accounts"
    assert service.client.post(path, headers=service.bearer("officer") | PURPOSE).status_code == 201
    (order,) = ask(service, "/v1/seals", cleared(service, "city-police")).json()["items"]
    (left_out,) = order["omitted_from"]
    (issued,) = service.entries("account.issued")
    assert left_out == {
        "account": issued["data"]["account_id"], "subject": subject, "log_id": 0, "position": issued["position"],
        "time": issued["time"], "language": "en", "renewed": None,
    }  # fmt: skip
    before = f"/v1/seals?as_of={issued['position'] - 1}"
    (order,) = ask(service, before, cleared(service, "city-police")).json()["items"]
    assert order["omitted_from"] == [], "it was not issued yet"
    looks = [each for each in service.entries("ledger.queried") if each["data"]["query"] == "whosaw:QuerySeals"]
    assert {each["data"]["visibility"] for each in looks} == {"sealed"}
    assert subject not in {each["stream"] for each in looks}, "that somebody looked is behind the order, too"
    assert len(ask(service, f"/v1/subjects/{subject}/queries", service.bearer("officer") | PURPOSE).json()["items"]) < 2


def test_of_an_account_that_left_something_out_it_is_told_whose_it_is(service: Service, subject: str) -> None:
    other, _ = service.record(event(customer="C-2"), merged("C-1", "C-2"))
    assert other["stream"] != subject
    service.follow(service.state.ledger.head(0))
    issue = f"/v1/subjects/{other['stream']}/accounts"
    assert service.client.post(issue, headers=service.bearer("officer") | PURPOSE).status_code == 201
    police = cleared(service, "city-police")

    def told() -> list[str]:
        (order,) = ask(service, "/v1/seals", police).json()["items"]
        return [each["subject"] for each in order["omitted_from"]]

    assert told() == [other["stream"]], "whom the order is over has another name"
    look = [each for each in service.entries("ledger.queried") if each["data"]["query"] == "whosaw:QuerySeals"][-1]
    assert look["cohort"]["size"] == 2, "whoever is named in the answer is on record, behind the order"
    assert ask(service, "/v1/seals", cleared(service, "another")).json()["items"] == []
    assert forget(service, other["stream"], grace_days=30).json()["state"] == "revoked"
    assert told() == [], "of somebody who is to be forgotten nothing is said"


@pytest.mark.parametrize("how", ["lifted", "ran out"])
def test_its_end_opens_what_it_hid_and_obliges_to_issue_accounts_again(start: Callable[..., Service], how: str) -> None:
    service = start(forget_seconds=0)
    soon = datetime.now(UTC) + timedelta(seconds=2) if how == "ran out" else None
    first, *_ = service.record(event(), placed(soon), event("data.disclosed", **SEALED))
    subject, key = first["stream"], cleared(service, "*")
    service.follow(3)
    path = f"/v1/subjects/{subject}/accounts"
    assert service.client.post(path, headers=service.bearer("officer") | PURPOSE).status_code == 201
    clock = SealClock(service.state.ledger, service.state.forgetting, 60)
    if how == "lifted":
        clock.turn()
        assert service.entries("seal.ended") == []
        assert service.ask("/v1/obligations?kind=reissue").json()["items"] == []
        service.record(lifted(datetime(2026, 9, 1, tzinfo=UTC)))
    service.follow(service.state.ledger.head(0))
    while not service.entries("seal.ended"):
        clock.turn()
    clock.turn()
    assert len(service.entries("seal.ended")) == 1
    assert places(ask(service, f"/v1/subjects/{subject}/disclosures", service.bearer("officer") | PURPOSE)) == [3]
    # As of before its end, the answer is the one of then.
    assert places(service.ask(f"/v1/subjects/{subject}/disclosures?as_of=4")) == []
    # What it hid is open, and so is what its end obliges to: among all, and among hers.
    officer = service.bearer("officer") | PURPOSE
    hers = f"/v1/subjects/{subject}/obligations"
    for asked, reader in (("?kind=reissue", officer), ("?kind=reissue&sealed=true", key)):
        [owed] = ask(service, f"/v1/obligations{asked}", reader).json()["items"]
        assert (owed["kind"], owed["state"], owed["subject"]) == ("reissue", "open", subject)
    assert [(each["kind"], each["state"]) for each in ask(service, hers, officer).json()["items"]] == [
        ("reissue", "open")
    ]
    service.client.post(path, headers=officer)
    [done] = ask(service, "/v1/obligations?kind=reissue", officer).json()["items"]
    assert (done["id"], done["state"], len(done["positions"])) == (owed["id"], "discharged", 3)
    assert [each["state"] for each in ask(service, hers, officer).json()["items"]] == ["discharged"]
    assert ask(service, "/v1/obligations?kind=reissue&state=open", officer).json()["items"] == []
    # While it stood, nobody was told.
    for asked in ("/v1/obligations?kind=reissue", f"{hers}?as_of=4"):
        began = "" if "as_of" in asked else "&at=2026-01-01T00:00:00Z"
        assert ask(service, f"{asked}{began}", officer).json()["items"] == []


def test_an_order_placed_again_under_its_name_hides_what_comes_after_its_end(start: Callable[..., Service]) -> None:
    service = start(forget_seconds=0)
    first, *_ = service.record(
        event(), placed(), event("data.disclosed", **SEALED), lifted(datetime(2026, 9, 1, tzinfo=UTC))
    )
    clock = SealClock(service.state.ledger, service.state.forgetting, 60)
    path, officer = f"/v1/subjects/{first['stream']}/disclosures", service.bearer("officer") | PURPOSE
    key = cleared(service, "city-police")
    service.follow(4)
    clock.turn()
    # Whatever comes first: facts of the new order, or its placing.
    service.record(event("data.disclosed", **SEALED), placed(), event("data.disclosed", **SEALED))
    hidden = [row[0] for row in service.rows("SELECT position FROM ledger.entry WHERE type = 'data.disclosed'")]
    assert len(hidden) == 3
    service.follow(service.state.ledger.head(0))
    clock.turn()
    assert places(ask(service, path, officer)) == [3]
    assert sorted(places(ask(service, f"{path}?sealed=true", key))) == hidden
    assert [each["state"] for each in ask(service, "/v1/seals", key).json()["items"]] == ["ended", "endless"]
    # What the end opened is asked about openly; what the new order hides is not.
    last = service.entries("ledger.queried")[-2]
    assert (last["data"]["visibility"], last["data"]["seal_ref"]) == ("sealed", "S-1")
    service.record(lifted(datetime(2026, 10, 1, tzinfo=UTC)))
    service.follow(service.state.ledger.head(0))
    clock.turn()
    assert sorted(places(ask(service, path, officer))) == hidden
    assert len(service.entries("seal.ended")) == 2


def test_what_is_late_under_an_ended_order_stays_hidden_until_its_lifting_is_said_again(
    start: Callable[..., Service],
) -> None:
    service = start(forget_seconds=0)
    over = datetime(2026, 9, 1, tzinfo=UTC)
    first, *_ = service.record(event(), placed(), lifted(over))
    clock = SealClock(service.state.ledger, service.state.forgetting, 60)
    path, officer = f"/v1/subjects/{first['stream']}/disclosures", service.bearer("officer") | PURPOSE
    service.follow(3)
    clock.turn()
    late, *_ = service.record(event("data.disclosed", **SEALED))
    service.follow(late["position"])
    clock.turn()
    assert places(ask(service, path, officer)) == []
    service.record(lifted(over))
    service.follow(service.state.ledger.head(0))
    clock.turn()
    assert places(ask(service, path, officer)) == [late["position"]]


def test_an_end_obliges_to_issue_accounts_again_that_were_issued_under_other_names_and_in_other_logs(
    start: Callable[..., Service],
) -> None:
    world = World(start(logs=3, forget_seconds=0))
    service, key, officer = world.service, cleared(world.service, "*"), world.service.bearer("officer") | PURPOSE

    def issue(log_id: int) -> str:
        world.heads()
        answer = service.client.post(f"/v1/subjects/{world.subjects[log_id]}/accounts", headers=officer)
        assert answer.status_code == 201, answer.text
        return answer.headers["whosaw-account"]

    def owed() -> list[tuple[str, str]]:
        world.heads()
        answer = service.client.get("/v1/obligations?kind=reissue&state=open&sealed=true", headers=key)
        assert answer.status_code == 200, answer.text
        return sorted((each["subject"], each["account"]) for each in answer.json()["items"])

    hers = about(world.names[0])
    service.record(placed(subjects=hers), event("data.disclosed", subjects=hers, **SEALED))
    issue(1)  # before anybody knew that the two are one: it left nothing of hers out
    service.record(merged(*world.names[:2]))
    told = [(world.subjects[log_id], issue(log_id)) for log_id in (0, 1)]
    issue(2)  # somebody else
    over = lifted(datetime(2026, 9, 1, tzinfo=UTC))
    over["data"]["subjects"] = hers
    service.record(over)
    world.heads()
    SealClock(service.state.ledger, service.state.forgetting, 60).turn()
    assert owed() == sorted(told)
    issue(2)
    assert owed() == sorted(told)
    # An account under any of her names has it.
    issue(1)
    assert owed() == []


def test_an_order_about_several_people_obliges_too_and_nothing_is_owed_to_who_is_to_be_forgotten(
    start: Callable[..., Service],
) -> None:
    service = start(forget_seconds=0)
    both = [{"reference": {"kind": "customer", "value": each}, "role": "dpv:Customer"} for each in ("C-1", "C-2")]
    one, two, _ = service.record(event(), event(customer="C-2"), placed(subjects=both))
    people, key = [one["stream"], two["stream"]], cleared(service, "*")
    service.follow(3)
    for each in people:
        path = f"/v1/subjects/{each}/accounts"
        assert service.client.post(path, headers=service.bearer("officer") | PURPOSE).status_code == 201
    over = lifted(datetime(2026, 9, 1, tzinfo=UTC))
    over["data"]["subjects"] = both
    service.record(over)
    service.follow(service.state.ledger.head(0))
    SealClock(service.state.ledger, service.state.forgetting, 60).turn()
    owed = ask(service, "/v1/obligations?kind=reissue&sealed=true", key).json()["items"]
    assert sorted(each["subject"] for each in owed) == sorted(people)
    forget(service, people[0])
    assert [
        each["subject"] for each in ask(service, "/v1/obligations?kind=reissue&sealed=true", key).json()["items"]
    ] == people[1:]


def received(answer: Response) -> list[tuple[str, int, bool]]:
    assert answer.status_code == 200, answer.text
    return [(each["subject"], each["position"], each["sealed"]) for each in answer.json()["items"]]


def test_a_recipients_sealed_rows_are_for_the_cleared_and_leave_no_open_trace(service: Service, subject: str) -> None:
    path = f"/v1/recipients/{RECIPIENT['id']}/disclosures"
    assert received(ask(service, path, cleared(service, "city-police"))) == [(subject, 4, False)]
    assert received(ask(service, f"{path}?sealed=true", cleared(service, "another"))) == [(subject, 4, False)]
    assert service.ask(f"{path}?sealed=true").status_code == 403
    before = len(service.entries("ledger.queried"))
    for authority in ("city-police", "*"):
        found = received(ask(service, f"{path}?sealed=true", cleared(service, authority)))
        assert found == [(subject, 3, True), (subject, 4, False)]
    looks = service.entries("ledger.queried")[before:]
    assert {each["data"]["visibility"] for each in looks} == {"sealed"}
    assert [each["data"].get("seal_ref") for each in looks] == [None, "S-1"] * 2
    assert subject not in {each["stream"] for each in looks}


def test_a_seals_end_opens_a_recipients_rows_for_everybody(start: Callable[..., Service]) -> None:
    service = start(forget_seconds=0)
    both = [{"reference": {"kind": "customer", "value": each}, "role": "dpv:Customer"} for each in ("C-1", "C-2")]
    first, *_ = service.record(event(), placed(), event("data.disclosed", **SEALED | {"subjects": both}))
    path, officer = f"/v1/recipients/{RECIPIENT['id']}/disclosures", service.bearer("officer") | PURPOSE
    assert ask(service, path, officer).status_code == 404
    assert len(received(ask(service, f"{path}?sealed=true", cleared(service, "*")))) == 2
    service.record(lifted(datetime(2026, 9, 1, tzinfo=UTC)))
    service.follow(service.state.ledger.head(0))
    SealClock(service.state.ledger, service.state.forgetting, 60).turn()
    # Of the two, she whose order has ended; the other one's was never lifted.
    assert received(ask(service, path, officer)) == [(first["stream"], 3, False)]


def story(sealed: list[bool]) -> list[tuple[str, bool]]:
    kinds = ("data.disclosed", "data.collected", "data.viewed", "hold.placed", "data.used")
    return [(kinds[number % len(kinds)], hidden) for number, hidden in enumerate(sealed)]


HOLD: dict[str, Any] = {"reason": "whosaw:HoldOrder", "scope": {}, "starts": "2026-01-01T00:00:00Z"}
USED: dict[str, Any] = {
    "categories": ["pd:Name"], "purposes": ["dpv:PaymentManagement"], "basis": "dpv:ContractPerformance",
    "automated": False,
}  # fmt: skip


def told(kind: str, number: int, customer: str, **more: Any) -> dict[str, Any]:
    data = {"hold.placed": HOLD | {"hold_id": f"H-{number}"}, "data.used": USED}.get(kind, {})
    return event(kind, customer=customer, **data | more) | {"id": f"e-{number}"}


def everything(service: Service, subject: str, limit: int) -> list[Any]:
    """Return every answer about a person, its headers too, with what was drawn at random named by its order."""
    found: list[Any] = []
    asked = (
        "holdings", "disclosures", "views", "timeline", "account", "holds", "disclosures?as_of=2", "findings",
        "recipients", "debts", "withdrawals", "inferences",
    )  # fmt: skip
    for what in asked:
        service.follow(service.state.ledger.head(0))
        answer = service.ask(f"/v1/subjects/{subject}/{what}")
        found.append((what, answer.status_code, answer.content, len(answer.content)))
    page: str | None = f"/v1/subjects/{subject}/timeline?limit={limit}"
    while page:
        service.follow(service.state.ledger.head(0))
        answer = service.ask(page)
        found.append((answer.status_code, len(answer.json()["items"]), len(answer.content)))
        page = answer.json().get("next")
    lost = service.ask(f"/v1/subjects/{subject}/disclosures?sealed=true")
    found.append((lost.status_code, lost.json()["code"], lost.json()["detail"]))
    names: dict[bytes, bytes] = {}
    return [
        tuple(
            RANDOM.sub(lambda hit: names.setdefault(hit[0], b"<%d>" % len(names)), part)
            if isinstance(part, bytes)
            else part
            for part in row
        )
        for row in found
    ]


def test_whether_an_authority_received_her_data_is_answered_alike_for_nobody_and_for_a_secret(service: Service) -> None:
    """Q5: "Did police or any authority get my data?"."""
    kinds = ("dpv:LawEnforcementOrganisation", "dpv:JudicialOrganisation", "dpv:DataProtectionAuthority",
             "whosaw:DebtCollector")  # fmt: skip
    given = [RECIPIENT | {"id": f"r-{number}", "kind": kind} for number, kind in enumerate(kinds)]
    open_, secret, none = (each["stream"] for each in service.record(*(event(customer=f"C-{n}") for n in (1, 2, 3))))
    service.record(
        *(event("data.disclosed", recipient=each) for each in given),
        *(event("data.disclosed", f"C-{number}", recipient=given[3]) for number in (2, 3)),
        placed(subjects=event(customer="C-2")["data"]["subjects"]),
        event("data.disclosed", "C-2", recipient=given[0], **SEALED),
    )  # fmt: skip
    key = service.bearer("officer") | PURPOSE
    path = "/v1/subjects/{}/disclosures?authorities=true"
    told = ask(service, f"{path.format(open_)}&limit=2", key).json()
    more = service.client.get(told["next"], headers=key).json()
    assert [each["recipient"] for each in (*told["items"], *more["items"])] == ["r-2", "r-1", "r-0"]
    assert ask(service, path.format(open_), key | {"Accept": "text/csv"}).text.count("\n") == 4
    pinned = f"{path}&as_of={told['as_of']}"
    hers, his = (ask(service, pinned.format(each), key).json() for each in (secret, none))
    assert hers["items"] == his["items"] == []
    assert [*hers.items()] == [*(his | {"subject": secret}).items()]
    assert hers["statement"] == told["statement"]
    assert hers["statement"].startswith("The law may prevent us")
    french = ask(service, path.format(none), key | {"Accept-Language": "fr"}).json()
    assert french["statement"].startswith("La loi peut nous empêcher")
    behind = ask(service, f"{path.format(secret)}&sealed=true", cleared(service, "city-police")).json()
    assert [each["recipient"] for each in behind["items"]] == ["r-0"]
    every = ask(service, f"/v1/subjects/{none}/disclosures", key).json()
    assert (len(every["items"]), every["statement"]) == (1, hers["statement"])


@settings(
    max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)
@given(st.lists(st.booleans(), min_size=3, max_size=12), st.integers(1, 4))
def test_every_answer_is_what_it_would_be_had_it_been_about_a_stranger(
    new_database: Callable[[], str], tmp_path: Path, sealed: list[bool], limit: int
) -> None:
    answers: list[list[Any]] = []
    for world in ("sealed", "stranger"):
        with running(new_database(), tmp_path, forget_seconds=0, snapshot_seconds=0) as service:
            first, *_ = service.record(event())
            for number, (kind, hidden) in enumerate(story(sealed)):
                if not hidden:
                    service.record(told(kind, number, "C-1"))
                elif world == "sealed":
                    service.record(told(kind, number, "C-1", **SEALED))
                else:
                    service.record(told(kind, number, "C-9"))
            service.follow(service.state.ledger.head(0))
            answers.append(everything(service, first["stream"], limit))
    for one, other in zip(*answers, strict=True):
        assert one == other
