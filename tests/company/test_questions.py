"""The 25 questions, asked of the sample company: docs/questions.md shows what is answered, to the letter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest
from whosaw_client.command import run

from api import access
from api.demo_guide import FORGOTTEN_CUSTOMER, OTHER_CUSTOMER, SAME_CUSTOMER
from examples.company.company import events
from examples.questions.page import QUESTIONS, TICKET, excerpt, page
from examples.questions.proof import PERSON
from examples.questions.question import Shown, masked
from ledger import fact_of, snapshot
from ledger.vocabulary import parse_event
from tests.api.conftest import running
from tests.conftest import _database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from examples.questions.question import Step
    from tests.api.conftest import Service

PAGE = Path(__file__).resolve().parents[2] / "docs" / "questions.md"


@pytest.fixture(scope="module")
def company(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The application with the whole sample company in it, and nobody who acts on a clock."""
    folder = tmp_path_factory.mktemp("company")
    with (
        _database(server, template) as dsn,
        running(dsn, folder, snapshot_seconds=0, forget_seconds=0) as service,
    ):
        ledger = service.state.ledger
        facts = [fact_of(ledger.hashes, parse_event(orjson.dumps(each)), "key-sample") for each in events()]
        for start in range(0, len(facts), 1_000):
            ledger.append(facts[start : start + 1_000])
        service.keys["legal"] = service.issue((*access.ROLES["legal"], "seal:*"), position=access.POSITIONS["legal"])
        snapshot.make(ledger, 0)
        service.follow(ledger.head(0))
        yield service


def test_the_page_shows_what_the_product_answers(
    company: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def send(step: Step, path: str) -> tuple[int, bytes]:
        company.follow(company.state.ledger.head(0))
        headers = company.bearer(step.key) | {
            "Whosaw-Purpose": step.purpose, "Whosaw-Ticket": TICKET, "Content-Type": "application/json",
            "Accept": step.accept, "Prefer": "wait=30",
        }  # fmt: skip
        content = step.body.encode() if step.body else None
        said = company.client.request(step.method, path, content=content, headers=headers)
        return said.status_code, said.content

    def check(bundle: bytes, note: bytes) -> str:
        (tmp_path / "account.zip").write_bytes(bundle)
        (tmp_path / "kept.txt").write_bytes(note)
        key = company.client.get("/v1/logs", headers=company.bearer("regulator")).json()["logs"][0]["verifier_key"]
        capsys.readouterr()
        run([str(tmp_path / "account.zip"), "--key", key, "--since", str(tmp_path / "kept.txt")])
        return capsys.readouterr().out

    assert PAGE.read_text(encoding="utf-8") == page(send, check), "write it anew: see python -m examples.questions"


def test_there_are_25_of_them_in_their_order() -> None:
    assert [each.number for each in QUESTIONS] == list(range(1, 26))


def test_what_the_demo_tells_one_to_change_is_about_people_of_no_question() -> None:
    people = {step.person for each in QUESTIONS for step in each.steps if step.person} | {PERSON}
    assert people.isdisjoint({FORGOTTEN_CUSTOMER, OTHER_CUSTOMER, SAME_CUSTOMER})


def test_positions_are_left_out_as_ids_are() -> None:
    assert masked({"position": 1693, "corrected_by": [5, 8], "rows": 2}) == {
        "position": "…", "corrected_by": ["…", "…"], "rows": 2,
    }  # fmt: skip


def test_a_page_of_more_says_so() -> None:
    document = {"items": [{"a": 1}, {"a": 2}], "next": "/v1/findings?cursor=x"}
    assert excerpt(document, Shown(("a",), rows=1))[1] == (
        "1 of 2 rows of this page; other members are left out. `next` is the address of more rows."
    )
    assert excerpt(document, Shown(("a",), picks=({"a": 2},)))[1] == (
        "1 of the 2 rows of this page; other members are left out. `next` is the address of more rows."
    )
    assert excerpt(document | {"next": None}, Shown(("a",), rows=1))[1] == "1 of 2 rows; other members are left out."


def test_each_is_answered_by_one_query() -> None:
    """What is done before, so that there is something to find, is shown as that; the last is proven offline."""
    for each in QUESTIONS[:-1]:
        assert len({step.path for step in each.steps if step.shown is not None}) == 1, each.number
