"""What every question has in common: purposes, pages, positions, formats, tags."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from api.problems import MEDIA_TYPE
from tests.api.conftest import RECIPIENT, event

if TYPE_CHECKING:
    from collections.abc import Callable

    from httpx2 import Response

    from tests.api.conftest import Service

QUESTIONS = ("holdings", "disclosures", "views", "timeline")
STRANGER = "0f" * 16


def known(service: Service, disclosures: int = 1, customer: str = "C-1") -> tuple[str, int]:
    """Record disclosures about a customer; return her id and the last position, once it can be read."""
    receipts = service.record(
        event(customer=customer),
        event("data.viewed", customer),
        *(event("data.disclosed", customer) for _ in range(disclosures)),
    )
    subject, position = receipts[0]["stream"], receipts[-1]["position"]
    assert service.ask(f"/v1/subjects/{subject}/account?min_position={position}").status_code == 200
    return subject, position


def following(answer: Response) -> str | None:
    """Return the address of the next page, which the header and the document give alike."""
    link = answer.headers.get("link")
    named = link.removeprefix("<").removesuffix('>; rel="next"') if link else None
    assert answer.json()["next"] == named
    return named


@pytest.mark.parametrize("question", QUESTIONS)
def test_pages_are_pinned_while_events_arrive(service: Service, question: str) -> None:
    subject, _ = known(service, disclosures=7)
    service.record(event(categories=["pd:Age", "pd:Zodiac"]), event("data.viewed", view="list"))
    _, position = known(service)
    first = service.ask(f"/v1/subjects/{subject}/{question}?limit=2&as_of={position}")
    whole = service.ask(f"/v1/subjects/{subject}/{question}?as_of={position}").json()["items"]
    seen = list(first.json()["items"])
    answer = first
    while (path := following(answer)) is not None:
        assert not path.startswith("//")
        known(service)
        answer = service.ask(path)
        assert answer.status_code == 200, answer.text
        assert answer.json()["as_of"] == position
        assert len(answer.json()["items"]) <= 2
        seen += answer.json()["items"]
    assert seen == whole
    assert len(whole) > 2


@pytest.mark.parametrize("logs", [1, 3])
def test_pages_about_a_recipient_are_pinned_to_a_position_of_each_log(start: Callable[..., Service], logs: int) -> None:
    service = start(logs=logs)
    for number in range(9):
        known(service, customer=f"C-{number}")
    answer = service.ask("/v1/recipients/collections-north/disclosures?limit=2&from=2026-01-01T00:00:00Z")
    pinned = answer.json()["positions"]
    seen = list(answer.json()["items"])
    late, _ = known(service, customer="C-late")
    while (path := following(answer)) is not None:
        answer = service.ask(path)
        assert answer.json()["positions"] == pinned
        seen += answer.json()["items"]
    subjects = [item["subject"] for item in seen]
    assert len(subjects) == len(set(subjects)) == 9
    assert late not in subjects


def test_a_cursor_is_good_for_its_question_only(service: Service) -> None:
    subject, _ = known(service, disclosures=5)
    other, _ = known(service, disclosures=5, customer="C-2")
    path = following(service.ask(f"/v1/subjects/{subject}/disclosures?limit=2"))
    assert path is not None
    cursor = parse_qs(urlsplit(path).query)["cursor"][0]
    middle = len(cursor) // 2
    swapped = "A" if cursor[middle] != "A" else "B"
    for wrong in (
        f"/v1/subjects/{subject}/disclosures?limit=2&cursor={cursor[:middle]}{swapped}{cursor[middle + 1 :]}",
        f"/v1/subjects/{subject}/disclosures?limit=2&cursor={cursor[:-2]}",
        f"/v1/subjects/{subject}/disclosures?limit=2&cursor=%C3%A9%01",
        f"/v1/subjects/{subject}/disclosures?limit=2&cursor=AAAA",
        f"/v1/subjects/{subject}/timeline?limit=2&cursor={cursor}",
        f"/v1/subjects/{other}/disclosures?limit=2&cursor={cursor}",
        f"/v1/subjects/{subject}/disclosures?limit=2&as_of=3&cursor={cursor}",
    ):
        answer = service.ask(wrong)
        assert answer.status_code == 400, wrong
        assert answer.json()["code"] == "bad-cursor"
    assert service.ask(f"/v1/subjects/{subject}/disclosures?limit=1&cursor={cursor}").status_code == 200


def test_an_answer_as_of_a_position_does_not_change(service: Service) -> None:
    subject, position = known(service)
    path = f"/v1/subjects/{subject}/disclosures?as_of={position}"
    before = service.ask(path)
    known(service, disclosures=3)
    after = service.ask(path)
    assert after.content == before.content
    assert len(service.ask(f"/v1/subjects/{subject}/disclosures").json()["items"]) == 4
    assert service.ask(f"/v1/subjects/{subject}/disclosures?as_of=0").json()["items"] == []


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("parameter", ["as_of", "min_position"])
def test_a_position_that_the_log_has_not_is_refused(standing: Service, question: str, parameter: str) -> None:
    subject, _ = known(standing)
    answer = standing.ask(f"/v1/subjects/{subject}/{question}?{parameter}=999999")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == MEDIA_TYPE


def test_a_reader_who_waits_reads_her_own_write_and_one_who_does_not_is_told(start: Callable[..., Service]) -> None:
    service = start(follow=False)
    (receipt,) = service.record(event())
    path = f"/v1/subjects/{receipt['stream']}/holdings?min_position={receipt['position']}"
    for wait in ({}, {"Prefer": "wait=0"}, {"Prefer": "respond-async, wait=1"}, {"Prefer": "wait=x"}):
        answer = service.ask(path, **{"Prefer": "", **wait})
        assert answer.status_code == 503
        assert answer.json()["code"] == "not-yet"
        assert answer.headers["retry-after"] == "1"
    fresh = start()
    for _ in range(20):
        (receipt,) = fresh.record(event())
        path = f"/v1/subjects/{receipt['stream']}/holdings?min_position={receipt['position']}"
        assert fresh.ask(path).json()["as_of"] >= receipt["position"]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=x", "limit=1_0", "as_of=-1", "as_of=x", "as_of=" + "9" * 40, "as_of=%C2%B2"],
)
def test_wrong_parameters_are_refused_without_repeating_them(standing: Service, query: str) -> None:
    subject, _ = known(standing)
    answer = standing.ask(f"/v1/subjects/{subject}/holdings?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json()["code"] == "invalid-parameter"


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday",
        "to=2026-02-30T00:00:00Z",
        "from=2026-01-01T00:00:00",
        "to=0.5",
        "to=1",
        "from=2026-01-01",
        "to=0001-01-01T00:00:00%2B14:00",
        "from=2026-01-01T25:00:00Z",
    ],
)
def test_wrong_times_are_refused(standing: Service, query: str) -> None:
    answer = standing.ask(f"/v1/recipients/rec-7/disclosures?{query}")
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid-parameter"


@pytest.mark.parametrize("recipient", ["%00", "a%00b", "%FF", "x" * 5_000, "é", "a@b.example"])
def test_an_impossible_recipient_is_refused(standing: Service, recipient: str) -> None:
    answer = standing.ask(f"/v1/recipients/{recipient}/disclosures")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/recipient_id"


def test_a_recipient_may_have_a_slash_in_its_name(service: Service) -> None:
    (receipt,) = service.record(event("data.disclosed", recipient=RECIPIENT | {"id": "north/7#a"}))
    assert service.ask(f"/v1/subjects/{receipt['stream']}/holdings?min_position=1").status_code == 200
    assert service.ask(f"/v1/subjects/{receipt['stream']}/disclosures?min_position=1").status_code == 200
    answer = service.ask("/v1/recipients/north%2F7%23a/disclosures")
    assert [item["subject"] for item in answer.json()["items"]] == [receipt["stream"]]


@pytest.mark.parametrize("key_id", ["%00", "x" * 5_000, "é"])
def test_an_impossible_key_is_refused(standing: Service, key_id: str) -> None:
    answer = standing.client.delete(f"/v1/keys/{key_id}", headers=standing.bearer("admin"))
    assert answer.status_code == 422


def test_the_same_rows_have_the_same_tag_and_are_not_sent_again(service: Service) -> None:
    subject, _ = known(service)
    path = f"/v1/subjects/{subject}/disclosures"
    tag = service.ask(path).headers["etag"]
    known(service, customer="C-2")
    for stated in (tag, f'"x", {tag}', tag.removeprefix("W/"), "*"):
        answer = service.ask(path, **{"If-None-Match": stated})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
    known(service)
    assert service.ask(path, **{"If-None-Match": tag}).status_code == 200


def test_a_last_page_that_is_no_longer_the_last_is_another(service: Service) -> None:
    subject, _ = known(service)
    path = f"/v1/subjects/{subject}/holdings?limit=2"
    tag = service.ask(path).headers["etag"]
    service.record(event(categories=["pd:Zodiac"]))
    service.follow(service.state.ledger.head(0))
    answer = service.ask(path, **{"If-None-Match": tag})
    assert answer.status_code == 200
    assert following(answer) is not None


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_is_json_csv_or_lines(standing: Service, question: str) -> None:
    subject, position = known(standing)
    path = f"/v1/subjects/{subject}/{question}?as_of={position}"
    items = standing.ask(path).json()["items"]
    lines = standing.ask(path, Accept="application/x-ndjson")
    assert [orjson.loads(line) for line in lines.content.splitlines()] == items
    table = standing.ask(path, Accept="text/csv")
    assert table.headers["content-type"].startswith("text/csv")
    cells = list(csv.DictReader(io.StringIO(table.text)))
    assert len(cells) == len(items)
    assert set(cells[0]) == set().union(*items)


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "＝1", "＋1"])
def test_a_cell_is_never_a_formula(service: Service, name: str) -> None:
    (receipt,) = service.record(event("data.disclosed", recipient=RECIPIENT | {"name": name}))
    path = f"/v1/subjects/{receipt['stream']}/disclosures?min_position={receipt['position']}"
    (row,) = csv.DictReader(io.StringIO(service.ask(path, Accept="text/csv").text))
    assert row["recipient_name"] == f"'{name}"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/*", "text/csv"),
        ("application/json;q=0, */*", "text/csv"),
        ("text/csv;q=0.5, application/json;q=0.4", "text/csv"),
        ("text/csv;q=0.4, application/json;q=0.5", "application/json"),
        ("text/html, */*;q=0.1", "application/json"),
        ("text/html", None),
        ("application/json;q=0", None),
        ("application/json;q=²", "application/json"),
    ],
)
def test_the_format_is_the_one_liked_most(standing: Service, accept: str, kind: str | None) -> None:
    headers = standing.bearer("officer") | {"Whosaw-Purpose": "whosaw:AccessRequest"}
    answer = standing.client.get("/v1/requests", headers=[*headers.items(), ("Accept", accept.encode())])
    if kind is None:
        assert answer.status_code == 406
        assert answer.headers["content-type"] == MEDIA_TYPE
    else:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)


QUERIES = [
    ("GET", f"/v1/subjects/{STRANGER}/{question}") for question in (*QUESTIONS, "account")
] + [
    ("POST", f"/v1/subjects/{STRANGER}/accounts"),
    ("POST", "/v1/subjects/lookup"),
    ("GET", "/v1/recipients/rec-7/disclosures"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), QUERIES)
def test_a_question_without_a_purpose_is_not_answered(standing: Service, method: str, path: str) -> None:
    body: Any = {"reference": {"kind": "customer", "value": "C-1"}} if path.endswith("lookup") else None
    for headers in ({}, {"Whosaw-Purpose": " "}):
        answer = standing.client.request(method, path, json=body, headers=standing.bearer("officer") | headers)
        assert answer.status_code == 400
        assert answer.json()["code"] == "purpose-required"
    before = len(standing.entries())
    for headers in (
        {"Whosaw-Purpose": "jo@example.org"},
        {"Whosaw-Purpose": "x" * 5_000},
        {"Whosaw-Purpose": "whosaw:AccessRequest", "Whosaw-Ticket": "jo@example.org"},
    ):
        answer = standing.client.request(method, path, json=body, headers=standing.bearer("officer") | headers)
        assert answer.status_code == 422
        assert "jo@example" not in answer.text
    assert len(standing.entries()) == before


@pytest.mark.parametrize(("method", "path"), [each for each in QUERIES if STRANGER in each[1]])
@pytest.mark.parametrize("subject", [STRANGER, "x", "C-1", "0F" * 16, "%00", "ü"])
def test_a_stranger_is_not_found_in_the_same_words(standing: Service, method: str, path: str, subject: str) -> None:
    headers = standing.bearer("officer") | {"Whosaw-Purpose": "whosaw:AccessRequest"}
    usual = standing.client.request(method, path, headers=headers)
    answer = standing.client.request(method, path.replace(STRANGER, subject), headers=headers)
    assert answer.status_code == 404
    assert answer.json() | {"request_id": ""} == usual.json() | {"request_id": ""}


def test_accounts_of_the_same_position_are_the_same_bytes(service: Service) -> None:
    subject, position = known(service)
    for query in (f"as_of={position}", f"as_of={position}&language=fr"):
        for kind in ("application/json", "application/pdf"):
            first = service.ask(f"/v1/subjects/{subject}/account?{query}", Accept=kind)
            known(service)
            again = service.ask(f"/v1/subjects/{subject}/account?{query}", Accept=kind)
            assert first.status_code == 200, first.text
            assert first.content == again.content
            assert first.headers["repr-digest"] == again.headers["repr-digest"]


def test_an_account_speaks_the_language_asked_for(service: Service) -> None:
    subject, _ = known(service)
    path = f"/v1/subjects/{subject}/account"
    for query, stated, language in (("", "", "en"), ("", "fr-CA", "fr"), ("?language=en", "fr", "en")):
        answer = service.ask(path + query, **{"Accept-Language": stated})
        assert answer.headers["content-language"] == answer.json()["language"] == language


def test_private_answers_are_not_kept_on_the_way(service: Service) -> None:
    subject, _ = known(service)
    for question in (*QUESTIONS, "account"):
        assert service.ask(f"/v1/subjects/{subject}/{question}").headers["cache-control"] == "private, no-store"


def test_a_parameter_that_a_question_does_not_have_is_refused(standing: Service) -> None:
    standing.record(event())
    subject = standing.look_up("C-1")
    for path in (f"/v1/subjects/{subject}/holdings?since=2026-01-01", "/v1/recipients/x/disclosures?until=2026-01-01"):
        answer = standing.ask(path)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-parameter")
        assert "2026" not in answer.text


def test_who_looked_is_narrowed_to_people_at_work_on_every_page_and_in_every_form(service: Service) -> None:
    """Q3: "Which employees looked at my file?"."""
    used = {"categories": ["pd:Name"], "purposes": ["dpv:PaymentManagement"], "basis": "ca-pipeda:consent"}
    made, *_ = service.record(
        event(), *(event("data.viewed") for _ in range(3)), event("data.used", automated=True, **used),
        event("data.viewed", actor={"kind": "external", "id": "agent-7", "role": "whosaw:PoliceOfficer"}),
    )  # fmt: skip
    path = f"/v1/subjects/{made['stream']}/views"
    service.follow(service.state.ledger.head(0))
    service.ask(path)
    then = service.state.ledger.head(0)
    assert len(service.ask(f"{path}?as_of={then}").json()["items"]) == 6
    answer = service.ask(f"{path}?actor=human&limit=2&as_of={then}").json()
    found = [*answer["items"], *service.ask(answer["next"]).json()["items"]]
    assert [(each["actor_kind"], each["act"]) for each in found] == [("human", "data.viewed")] * 3
    of = {"human": 3, "service": 1, "external": 1, "ledger": 1}
    for kind, count in of.items():
        query = f"{path}?actor={kind}&as_of={then}"
        assert len(service.ask(query).json()["items"]) == count, kind
        assert len(service.ask(query, Accept="text/csv").text.splitlines()) == count + 1
        assert len(service.ask(query, Accept="application/x-ndjson").text.splitlines()) == count
    both = service.ask(f"{path}?actor=human&actor=service&as_of={then}").json()["items"]
    assert {each["actor_kind"] for each in both} == {"human", "service"}
    assert service.ask(f"{path}?actor=robot").status_code == 422


def test_under_two_names_who_looked_is_narrowed_too(service: Service) -> None:
    people = [{"reference": {"kind": "customer", "value": each}, "role": "whosaw:Alias"} for each in ("C-1", "C-2")]
    made, *_ = service.record(
        event(), event("data.viewed", customer="C-2"), event("data.viewed"),
        event("subject.merged", subjects=people, method="whosaw:StaffMatch", confidence="certain", system=None),
    )  # fmt: skip
    service.follow(service.state.ledger.head(0))
    path = f"/v1/subjects/{made['stream']}/views"
    assert len(service.ask(f"{path}?actor=human").json()["items"]) == 2
    assert service.ask(f"{path}?actor=service").json()["items"] == []
