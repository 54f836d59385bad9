"""An answer of any length as one stream: whole, in bounded memory, on record, and stopped when nobody reads it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import orjson
import psycopg
import pytest

from api import stream
from projections import PROJECTIONS, findings, known, recipients
from projections.follow import Follower
from tests.api.conftest import PURPOSE, RECIPIENT, event
from tests.api.test_seals import SEALED, cleared, placed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.api.conftest import Service

PATH = f"/v1/recipients/{RECIPIENT['id']}/disclosures"
PURPOSES = ("dpv:DirectMarketing", "dpv:TargetedAdvertising")
NDJSON = {"Accept": "application/x-ndjson"}
SLEEPING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE state <> 'idle' AND query LIKE '%of the stream%' AND pid <> pg_backend_pid()
"""
PEOPLE, CAMPAIGNS = 1_000, 210
MOST_BYTES = 32 * 2**20
BUSY = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
      AND query LIKE '%projections.disclosure%'
"""


def campaign(people: int) -> dict[str, Any]:
    subjects = [
        {"reference": {"kind": "customer", "value": f"C-{number}"}, "role": "dpv:Customer"} for number in range(people)
    ]
    return event("data.disclosed", subjects=subjects)


def followed(service: Service) -> None:
    for log in service.state.ledger.logs():
        service.follow(log.size, log.log_id)


class Reader:
    """Calls the application as a server does: reads each piece, and may go away."""

    def __init__(self, service: Service, most: int | None = None) -> None:
        self._service, self._most = service, most
        self.pieces = self.bytes = self.lines = 0
        self.last = b""
        self.status = 0
        self.leaves: Event | None = None
        """When it is set, she goes away."""

    def read(self, path: str = PATH, query: str = "limit=all") -> None:
        headers = self._service.bearer("officer") | PURPOSE | NDJSON
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
            "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "root_path": "",
        }  # fmt: skip
        asyncio.run(self._call(scope))

    def read_piece(self) -> None:
        """Do what takes a while."""

    async def _call(self, scope: dict[str, Any]) -> None:
        gone = asyncio.Event()
        asked = False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
            if self.leaves is not None:
                await asyncio.to_thread(self.leaves.wait, 30)
            else:
                await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                return
            body = message.get("body", b"")
            if body:
                self.pieces += 1
                self.bytes += len(body)
                self.lines += body.count(b"\n")
                self.last = body.rstrip(b"\n").rpartition(b"\n")[2]
                self.read_piece()
            if self._most is not None and self.pieces >= self._most:
                gone.set()
                await asyncio.sleep(0.2)

        await self._service.app(scope, receive, send)  # type: ignore[arg-type]


@pytest.mark.parametrize("logs", [1, 3])
def test_a_stream_is_the_pages_and_its_last_line_says_how_many(
    start: Callable[..., Service], logs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "ROWS", 3)
    service = start(logs=logs)
    service.record(campaign(7), event("data.disclosed", "C-3"), event("data.disclosed", "C-9", visibility="sealed"))
    followed(service)
    before = len(service.entries("ledger.queried"))
    answer = service.ask(f"{PATH}?limit=all", **NDJSON)
    *rows, last = [orjson.loads(line) for line in answer.text.splitlines()]
    assert last == {"rows": 8}
    page = service.ask(f"{PATH}?limit=500").json()
    assert page["items"] == rows
    assert (page["totals"]["people"], page["totals"]["receipts"]) == (7, 8)
    assert page["totals"]["categories"] == {"pd:Name": 7}
    assert page["totals"]["purposes"] == {"dpv:CustomerClaimsManagement": 7}
    assert service.ask(f"{PATH}?category=pd:Zodiac").json()["items"] == []
    asked = service.entries("ledger.queried")[before:]
    assert sum(each["data"]["result_count"] for each in asked if each["data"]["query"] == "whosaw:QueryRecipient") >= 8


def test_an_answer_without_rows_has_its_last_line_and_is_on_record(service: Service) -> None:
    service.record(event("data.disclosed"))
    followed(service)
    before = len(service.entries("ledger.queried"))
    assert service.ask(f"{PATH}?category=pd:Zodiac&limit=all", **NDJSON).text == '{"rows":0}\n'
    assert len(service.entries("ledger.queried")) == before + 1


@pytest.mark.parametrize(("query", "headers", "code"), [
    ("limit=all", {}, "not-acceptable"), ("limit=all&cursor=x", NDJSON, "invalid-parameter"),
    ("limit=some", NDJSON, "invalid-parameter"), ("limit=501", {}, "invalid-parameter"),
])  # fmt: skip
def test_what_can_not_be_streamed_is_refused(service: Service, query: str, headers: dict[str, str], code: str) -> None:
    assert service.ask(f"{PATH}?{query}", **headers).json()["code"] == code


def test_the_question_is_on_record_before_the_first_byte(service: Service) -> None:
    service.record(campaign(5))
    followed(service)
    with psycopg.connect(service.dsn, autocommit=True) as owner:
        owner.execute("ALTER TABLE ledger.entry ADD CONSTRAINT refuse CHECK (type <> 'ledger.queried') NOT VALID")
    answer = service.ask(f"{PATH}?limit=all", **NDJSON)
    assert answer.status_code in {500, 503}
    assert "Collections North" not in answer.text


def test_whoever_goes_away_stops_the_work_and_holds_nothing_meanwhile(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "ROWS", 10)
    service.record(*(campaign(100) for _ in range(10)))
    followed(service)
    before = len(service.entries("ledger.queried"))
    reader = Reader(service, most=3)
    reader.read()
    assert reader.pieces <= 4
    assert b'"rows"' not in reader.last
    asked = len(service.entries("ledger.queried")) - before
    assert asked <= 6
    with psycopg.connect(service.dsn, autocommit=True) as owner:
        assert owner.execute(BUSY).fetchone() == (0,)
    # Appends go on, and so do other questions.
    service.record(event("data.disclosed", "C-1"))
    assert len(service.entries("ledger.queried")) - before == asked


def test_between_two_pieces_no_transaction_is_open(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "ROWS", 10)
    service.record(campaign(100))
    followed(service)

    class Looking(Reader):
        """Looks, whenever it has read a piece, what the database has open."""

        open = 0

        def read_piece(self) -> None:
            with psycopg.connect(service.dsn, autocommit=True) as owner:
                row = owner.execute(BUSY).fetchone()
                assert row is not None
                self.open += row[0]

    reader = Looking(service)
    reader.read()
    assert (reader.lines, orjson.loads(reader.last)) == (101, {"rows": 100})
    assert (reader.pieces, reader.open) == (11, 0)


@pytest.mark.parametrize("logs", [1, 3])
@pytest.mark.parametrize("path", [
    f"/v1/recipients/{RECIPIENT['id']}/exposure?from=2026-10-01T00:00:00Z&to=2027-01-01T00:00:00Z", "/v1/findings",
    "/v1/findings?rule=whosaw:RuleRecipient", "/v1/retention?state=overdue", "/v1/retention?state=endless",
    "/v1/obligations", "/v1/obligations?kind=destroy", "/v1/obligations?state=open",
])  # fmt: skip
def test_every_long_answer_streams_the_rows_of_its_pages_and_says_before_how_many(
    start: Callable[..., Service], logs: int, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "ROWS", 3)
    service = start(logs=logs)
    rule = event(
        "retention.rule_set", rule="whosaw:KeepName", categories=["pd:Name"], purposes=[], trigger="collected",
        length=1, unit="days", action="erase", effective_from="2020-01-01T00:00:00Z",
    )  # fmt: skip
    del rule["data"]["subjects"]
    service.record(rule, campaign(7), *(event("data.collected", f"C-{number}") for number in range(8)))
    asked = {
        "right": "whosaw:Erasure", "channel": "whosaw:Web", "regime": "whosaw:PIPEDA", "due": "2026-12-01",
        "clock_start": "2026-11-01T10:00:00-05:00",
    }  # fmt: skip
    service.record(*(event("request.received", f"C-{number}", request_id=f"R-{number}", **asked)
                     for number in range(5)))  # fmt: skip
    followed(service)
    streams_its_pages(service, path)


def streams_its_pages(
    service: Service, path: str, headers: dict[str, str] | None = None, page_rows: int = 4
) -> list[dict[str, Any]]:
    """Assert that a stream has the rows of the pages, and says before how many; return them."""
    asker = headers or service.bearer("officer") | PURPOSE
    mark = "&" if "?" in path else "?"
    answer = service.client.get(f"{path}{mark}limit=all", headers=asker | NDJSON)
    assert answer.status_code == 200, answer.text
    *rows, last = [orjson.loads(line) for line in answer.text.splitlines()]
    pages: list[dict[str, Any]] = []
    following: str | None = f"{path}{mark}limit={page_rows}"
    while following:
        page = service.client.get(following, headers=asker).json()
        pages, following = pages + page["items"], page["next"]
    assert len(rows) > page_rows
    assert (rows, last) == (pages, {"rows": len(pages)})
    assert answer.headers["ledger-rows"] == str(len(pages))
    assert "content-length" not in answer.headers
    return rows


@pytest.mark.parametrize("logs", [1, 3])
def test_whom_a_policy_touches_streams(
    start: Callable[..., Service], logs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "ROWS", 3)
    service = start(logs=logs)
    agreed = {"policy": "privacy", "mode": "express", "evidence": None}
    said = {"state": "given", "categories": [], "channel": "whosaw:Web", "notice_ref": None, "system": None,
            "effective_at": "2026-11-01T10:00:00Z"}  # fmt: skip
    rules = [
        {"id": f"r{n}", "subject_matter": "use", "effect": "permits", "purposes": [each]}
        for n, each in enumerate(PURPOSES)
    ]
    published = event("policy.published", policy="privacy", version="2026", effective_from="2026-01-01T00:00:00Z",
                      languages=["en"], text_digest="sha256:" + "0" * 64, supersedes=None, rules=rules)  # fmt: skip
    del published["data"]["subjects"]
    everybody = [f"C-{number}" for number in range(7)]
    for made in (
        *(event("policy.assented", each, version="2009", **agreed) for each in everybody),
        event("policy.assented", "C-2", version="2026", **agreed),
        *(event("consent.recorded", each, purposes=[purpose], **said) for each in everybody for purpose in PURPOSES),
        event("consent.recorded", "C-1", **said | {"purposes": [PURPOSES[1]], "state": "withdrawn",
                                                   "effective_at": "2026-11-02T10:00:00Z"}),
    ):  # fmt: skip
        made["data"].pop("system", None)
        service.record(made)
    service.record(published)
    followed(service)
    path = "/v1/policies/privacy/impact"
    assert len(streams_its_pages(service, path)) == 8
    assert len(streams_its_pages(service, f"{path}?people=lacking&version=2026")) == 6
    assert len(streams_its_pages(service, f"{path}?people=consenting")) == 13
    before = service.ask(path).json()["positions"]
    service.record(event("policy.assented", "C-8", version="2009", **agreed | {"system": None}))
    followed(service)
    assert len(streams_its_pages(service, f"{path}?as_of={','.join(map(str, before))}")) == 8


@pytest.mark.parametrize("logs", [1, 3])
def test_outdated_accounts_stream(start: Callable[..., Service], logs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also with what orders hide, for the cleared: an account that it makes different, too, is counted once."""
    monkeypatch.setattr(stream, "ROWS", 3)
    service = start(logs=logs)
    service.record(*(event(customer=f"C-{number}") for number in range(6)))
    service.record(*(placed(subjects=event(customer=each)["data"]["subjects"]) for each in ("C-0", "C-5")))
    followed(service)
    for number in range(6):
        issued = f"/v1/subjects/{service.look_up(f'C-{number}')}/accounts"
        assert service.client.post(issued, headers=service.bearer("officer") | PURPOSE).status_code == 201
    service.record(*(event("data.disclosed", f"C-{number}") for number in range(5)))
    service.record(*(event("data.disclosed", each, **SEALED) for each in ("C-0", "C-5")))
    followed(service)
    assert len(streams_its_pages(service, "/v1/accounts/outdated")) == 5
    key = cleared(service, "city-police")
    rows = streams_its_pages(service, "/v1/accounts/outdated?sealed=true", key)
    assert sorted(len(each["because"]) for each in rows) == [1, 1, 1, 1, 1, 2]
    last = service.entries("ledger.queried")[-1]
    assert last["data"]["visibility"] == "sealed"


def test_whoever_goes_away_ends_the_query_that_runs_for_her(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would run for ten minutes."""
    service.record(campaign(5))
    followed(service)
    running = Event()

    def slow(connection: psycopg.Connection[Any], *_: Any, **__: Any) -> Any:
        running.set()
        connection.execute("SELECT pg_sleep(600) /* of the stream */")

    for name, module, path in (
        ("disclosed_to", recipients, PATH), ("totals", recipients, PATH), ("across", findings, "/v1/findings"),
    ):  # fmt: skip
        running.clear()
        with monkeypatch.context() as patched:
            patched.setattr(module, name, slow)
            reader = Reader(service)
            reader.leaves = running
            reader.read(path)
        assert (reader.status, reader.bytes) == (0, 0)
        with psycopg.connect(service.dsn, autocommit=True) as owner:
            assert owner.execute(SLEEPING).fetchone() == (0,)
    # The pool is whole: other questions are answered.
    assert service.ask(f"{PATH}?limit=all", **NDJSON).text.endswith('{"rows":5}\n')


def resident() -> int:
    """Return how many bytes of memory this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_two_hundred_thousand_rows_take_no_more_memory_than_a_few(start: Callable[..., Service]) -> None:
    service = start(follow=False)
    for _ in range(CAMPAIGNS // 30):
        service.record(*(campaign(PEOPLE) for _ in range(30)))
    # Only what is read, and not while it is weighed.
    read = [each for each in PROJECTIONS if each.name in (*recipients.READ, *known.READ)]
    with Follower(service.dsn, read) as follower:
        assert follower.wait(0, service.state.ledger.head(0), 120)

    class Weighing(Reader):
        most = 0

        def read_piece(self) -> None:
            self.most = max(self.most, resident())

    Reader(service, most=3).read()
    before = resident()
    reader = Weighing(service)
    reader.read()
    assert orjson.loads(reader.last) == {"rows": PEOPLE * CAMPAIGNS}
    assert reader.bytes > 2 * MOST_BYTES
    assert reader.most - before < MOST_BYTES
