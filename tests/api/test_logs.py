"""Checkpoints, tiles, bundles and proofs over HTTP: what a stranger can check, and what is refused."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from ledger.checkpoint import open_checkpoint
from ledger.merkle import inclusion_root, is_consistent, leaf_hash, root_of
from tests.api.conftest import event, running
from tests.conftest import _database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from httpx2 import Response

    from tests.api.conftest import Service

GROUPS = 5
ALL = (
    "/v1/logs",
    "/v1/logs/0/checkpoint",
    "/v1/logs/0/checkpoints",
    "/v1/logs/0/checkpoints/1",
    "/v1/logs/0/tile/0/000.p/1",
    "/v1/logs/0/proofs/inclusion?position=1",
    "/v1/logs/0/proofs/consistency?from=1",
)
BUNDLE = "/v1/logs/0/tile/entries/000.p/3"
REFUSE_QUERIED = "ALTER TABLE ledger.entry ADD CONSTRAINT refuse CHECK (type <> 'ledger.queried') NOT VALID"
PROBLEM = "application/problem+json"


def grow(service: Service) -> Service:
    """Record two entries in each of five groups: heads of 2, 4, 6, 8 and 10."""
    for _ in range(GROUPS):
        service.record(event(), event())
    assert sizes(service) == [2, 4, 6, 8, 10]
    return service


@pytest.fixture
def grown(service: Service) -> Service:
    """A log of five groups."""
    return grow(service)


@pytest.fixture(scope="module")
def settled(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The same, for tests that record nothing."""
    with _database(server, template) as dsn, running(dsn, tmp_path_factory.mktemp("settled")) as service:
        yield grow(service)


def get(service: Service, path: str, role: str = "auditor", **headers: str) -> Response:
    return service.client.get(path, headers=service.bearer(role) | headers)


def sizes(service: Service) -> list[int]:
    return [each["size"] for each in get(service, "/v1/logs/0/checkpoints?limit=500").json()["items"]]


def stored(service: Service) -> list[bytes]:
    with psycopg.connect(service.dsn) as connection:
        rows = connection.execute("SELECT bytes FROM ledger.entry WHERE log_id = 0 ORDER BY position").fetchall()
    return [row[0] for row in rows]


def split(bundle: bytes) -> list[bytes]:
    entries: list[bytes] = []
    while bundle:
        length = int.from_bytes(bundle[:2])
        entries.append(bundle[2 : 2 + length])
        bundle = bundle[2 + length :]
    return entries


def test_a_stranger_with_the_key_alone_checks_a_log_from_its_tiles(grown: Service) -> None:
    (log,) = get(grown, "/v1/logs").json()["logs"]
    note = get(grown, "/v1/logs/0/checkpoint").content
    head = open_checkpoint(note, log["verifier_key"])
    tile = get(grown, f"/v1/logs/0/tile/0/000.p/{head.size}").content
    leaves = [tile[start : start + 32] for start in range(0, len(tile), 32)]
    assert root_of(leaves) == head.root
    bundle = get(grown, f"/v1/logs/0/tile/entries/000.p/{head.size}").content
    assert [leaf_hash(entry) for entry in split(bundle)] == leaves
    assert split(bundle) == stored(grown)[: head.size]
    # The bundle's own record is the next entry, under a head of its own, which extends this one.
    after = open_checkpoint(get(grown, "/v1/logs/0/checkpoint").content, log["verifier_key"])
    assert after.size == head.size + 1
    proof = get(grown, f"/v1/logs/0/proofs/consistency?from={head.size}").json()
    path = [b64decode(each) for each in proof["path"]]
    assert is_consistent(head.size, head.root, after.size, after.root, path)
    assert b64decode(proof["from_root"]) == head.root


def test_every_width_ever_signed_is_given_and_none_beyond(settled: Service) -> None:
    leaves = b"".join(leaf_hash(entry) for entry in stored(settled))
    for width in range(1, 11):
        assert get(settled, f"/v1/logs/0/tile/0/000.p/{width}").content == leaves[: 32 * width]
    beyond = get(settled, "/v1/logs/0/tile/0/000.p/11")
    assert beyond.status_code == 404
    assert beyond.json()["detail"] == "the newest checkpoint is of size 10, which does not reach it"
    assert beyond.headers["cache-control"] == "no-store"
    for path in ("0/000", "1/000.p/1", "0/001.p/1", "entries/000", "entries/000.p/11", "63/x999/x999/x999/999"):
        assert get(settled, f"/v1/logs/0/tile/{path}").status_code == 404, path


@pytest.mark.parametrize(
    "path",
    [
        "0", "0/", "0/0", "0/00", "0/1.p/1", "00/000.p/1", "0/000.p/0", "0/000.p/01", "0/000.p/256", "0/000.p/",
        "0/000.p",
        "0/000.p/1/", "0/x000/000.p/1", "64/000.p/1", "-1/000.p/1", "x/000.p/1", "0/000.P/1", "0/000.p/%31%0A",
        "0/%2e%2e",
        "0/000.p/1%00", "0/%D9%A00.p/1", "8/0/000.p/1", "8/data/000", "data/000.p/1", "entries", "entries/",
        "entries/0",
        "entries/000.p/0", "entries/x000/000.p/1", "entries/000.p/1/", "entries/../../checkpoint", "0/000.p/1%20",
        "0/" + "9" * 3_000, "entries/" + "x999/" * 400 + "000",
    ],
)  # fmt: skip
def test_no_other_path_is_a_tile(standing: Service, path: str) -> None:
    standing.record(event())
    answer = get(standing, f"/v1/logs/0/tile/{path}")
    if answer.status_code == 200:
        # The client itself had made the path another one.
        assert path == "entries/../../checkpoint"
        return
    assert answer.status_code == 404, answer.text
    assert answer.headers["content-type"] == PROBLEM


@pytest.mark.parametrize(
    "log", ["1", "log1", "00", "log00", "LOG0", "log", "-1", "x", "0.0", "%30%0A", "99999999999999999999"]
)
def test_no_other_name_is_a_log(standing: Service, log: str) -> None:
    standing.record(event())
    for path in (each.replace("/0/", f"/{log}/", 1) for each in (*ALL[1:], BUNDLE)):
        answer = get(standing, path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM), path
    assert get(standing, f"/v1/logs/{log}/checkpoint").json()["detail"] == "expected log 0"


def test_a_log_s_name_in_an_address_may_say_what_it_is(standing: Service) -> None:
    standing.record(event())
    for path in ALL[2:]:
        assert get(standing, path.replace("/0/", "/log0/", 1)).content == get(standing, path).content


def test_heads_are_kept_for_ever_and_found_by_their_size(settled: Service) -> None:
    first = get(settled, "/v1/logs/0/checkpoints?limit=2").json()
    assert ([each["size"] for each in first["items"]], first["log_id"]) == ([2, 4], 0)
    assert first["next"] == "/v1/logs/0/checkpoints?after=4&limit=2"
    listed = get(settled, first["next"])
    assert listed.headers["link"] == '</v1/logs/0/checkpoints?after=8&limit=2>; rel="next"'
    rest = get(settled, listed.json()["next"]).json()
    assert ([each["size"] for each in rest["items"]], rest["next"]) == ([10], None)
    key = get(settled, "/v1/logs").json()["logs"][0]["verifier_key"]
    for each in first["items"]:
        note = get(settled, f"/v1/logs/0/checkpoints/{each['size']}").content
        assert note == each["note"].encode()
        assert open_checkpoint(note, key).size == each["size"]
    assert get(settled, "/v1/logs/0/checkpoint?size=3").content == get(settled, "/v1/logs/0/checkpoints/4").content


@pytest.mark.parametrize(
    ("size", "nearest"), [("3", "2 and 4"), ("1", "2"), ("11", "10"), ("999999999999999999", "10")]
)
def test_a_size_that_was_never_signed_names_the_nearest(settled: Service, size: str, nearest: str) -> None:
    detail = f"size {size} was never signed; nearest: {nearest}"
    absent = get(settled, f"/v1/logs/0/checkpoints/{size}")
    assert (absent.status_code, absent.json()["detail"]) == (404, detail)
    for path in (f"inclusion?position=1&size={size}", f"consistency?from={size}", f"consistency?from=2&to={size}"):
        answer = get(settled, f"/v1/logs/0/proofs/{path}")
        assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (
            422, "invalid-parameter", detail,
        )  # fmt: skip


@pytest.mark.parametrize("size", ["0", "-2", "02", "+2", "x", "2.0", "%32%0A", "٢", "9" * 30])
def test_what_is_no_size_has_no_head(settled: Service, size: str) -> None:
    assert get(settled, f"/v1/logs/0/checkpoints/{size}").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "inclusion", "inclusion?position=", "inclusion?position=0", "inclusion?position=11", "inclusion?position=-1",
        "inclusion?position=x", "inclusion?position=1.0", "inclusion?position=5&size=4", "inclusion?position=1&size=0",
        "inclusion?position=1&size=x", "inclusion?position=1&size=-4", "inclusion?position=" + "9" * 30,
        "inclusion?position=1_0", "consistency", "consistency?from=x", "consistency?from=-2", "consistency?from=4&to=2",
        "consistency?from=2&to=0", "consistency?from=2&to=x", "consistency?to=4", "consistency?from=" + "9" * 30,
    ],
)  # fmt: skip
def test_an_ill_formed_question_for_a_proof_is_refused(settled: Service, query: str) -> None:
    answer = get(settled, f"/v1/logs/0/proofs/{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-parameter"), answer.text


@pytest.mark.parametrize("query", ["after=x", "after=-1", "limit=0", "limit=501", "limit=x"])
def test_an_ill_formed_question_for_heads_is_refused(standing: Service, query: str) -> None:
    assert get(standing, f"/v1/logs/0/checkpoints?{query}").status_code == 422


def test_proofs_lead_where_the_signed_head_says(settled: Service) -> None:
    key = get(settled, "/v1/logs").json()["logs"][0]["verifier_key"]
    entries = stored(settled)
    for size in (2, 4, 6, 8, 10):
        for position in range(1, size + 1):
            path = f"/v1/logs/0/proofs/inclusion?position={position}&size={size}"
            found = get(settled, path).json()
            head = open_checkpoint(found["note"].encode(), key)
            assert (head.size, head.root) == (size, b64decode(found["root"]))
            assert (found["position"], found["index"], found["size"]) == (position, position - 1, size)
            leaf = leaf_hash(entries[position - 1])
            assert b64decode(found["leaf"]) == leaf
            hashes = [b64decode(each) for each in found["path"]]
            assert inclusion_root(position - 1, size, leaf, hashes) == head.root
            text = get(settled, path, accept="text/plain")
            assert text.headers["content-type"] == "text/plain; charset=utf-8"
            assert text.text == "\n".join([
                "c2sp.org/tlog-proof@v1", f"index {position - 1}", *found["path"], "", found["note"]
            ])  # fmt: skip
        for old in (0, 2, 4, 6, 8, 10):
            path = f"/v1/logs/0/proofs/consistency?from={old}&to={size}"
            answer = get(settled, path)
            assert answer.status_code == (200 if old <= size else 422)
            if old <= size:
                found = answer.json()
                assert get(settled, path, accept="text/plain").text == "\n".join([
                    f"old {old}", *found["path"], "", found["note"]
                ])  # fmt: skip
                assert b64decode(found["from_root"]) == root_of([leaf_hash(each) for each in entries[:old]])
                assert not found["path"] or 0 < old < size


def test_a_proof_has_two_formats_and_no_third(settled: Service) -> None:
    for path in (ALL[-2], "/v1/logs/0/proofs/consistency?from=2"):
        assert get(settled, path, accept="text/csv").status_code == 406
        assert get(settled, path, accept="*/*").headers["content-type"] == "application/json"
        assert get(settled, path).headers["vary"] == "Accept"


def test_an_empty_log_has_nothing_to_prove(start: Callable[..., Service]) -> None:
    service = start()
    for path in (*ALL[1:2], *ALL[3:], BUNDLE):
        answer = get(service, path)
        assert answer.status_code == 404, path
    assert get(service, "/v1/logs/0/checkpoint").json()["detail"] == "nothing is signed yet"
    assert get(service, "/v1/logs/0/checkpoints").json()["items"] == []
    assert service.entries() == []


def test_what_may_be_kept_says_how_long_and_by_whom(start: Callable[..., Service]) -> None:
    for public, whose in ((False, "private"), (True, "public")):
        service = start(public_checkpoints=public)
        service.record(event())
        kept = {path: get(service, path).headers.get("cache-control") for path in (*ALL, BUNDLE.replace("3", "1"))}
        assert kept == {
            "/v1/logs": None,
            "/v1/logs/0/checkpoint": f"{whose}, max-age=2",
            "/v1/logs/0/checkpoints": f"{whose}, max-age=2",
            "/v1/logs/0/checkpoints/1": f"{whose}, max-age=60",
            "/v1/logs/0/tile/0/000.p/1": f"{whose}, max-age=31536000, immutable",
            "/v1/logs/0/proofs/inclusion?position=1": f"{whose}, max-age=2",
            "/v1/logs/0/proofs/consistency?from=1": f"{whose}, max-age=2",
            "/v1/logs/0/tile/entries/000.p/1": "private, no-store",
        }


@pytest.mark.parametrize("path", ["checkpoint", "checkpoints/4", "tile/0/000.p/7"])
def test_what_the_caller_has_is_not_sent_again(grown: Service, path: str) -> None:
    first = get(grown, f"/v1/logs/0/{path}")
    again = get(grown, f"/v1/logs/0/{path}", **{"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert get(grown, f"/v1/logs/0/{path}", **{"if-none-match": '"other"'}).content == first.content
    grown.record(event())
    changed = get(grown, f"/v1/logs/0/{path}", **{"if-none-match": first.headers["etag"]})
    assert changed.status_code == (200 if path == "checkpoint" else 304)


# Who may read.


def test_hashes_are_public_only_if_that_is_said_and_entries_never(start: Callable[..., Service]) -> None:
    closed, opened = start(), start(public_checkpoints=True)
    for service, status in ((closed, 401), (opened, 200)):
        service.record(event(), event(), event())
        size = sizes(service)[-1]
        for each in ALL:
            path = each.replace("checkpoints/1", f"checkpoints/{size}").replace("from=1", f"from={size}")
            assert service.client.get(path).status_code == status, path
        assert service.client.get(BUNDLE).status_code == 401


@pytest.mark.parametrize("role", ["emitter", "officer", "regulator", "auditor", "admin"])
def test_each_role_reads_what_its_scopes_say(grown: Service, role: str) -> None:
    for path in (each.replace("checkpoints/1", "checkpoints/2").replace("from=1", "from=2") for each in ALL):
        assert get(grown, path, role).status_code == (403 if role == "emitter" else 200), path
    before = len(grown.entries())
    answer = get(grown, BUNDLE, role)
    allowed = role in {"regulator", "auditor", "admin"}
    assert answer.status_code == (200 if allowed else 403)
    # Also that she was refused is on record.
    assert len(grown.entries()) == before + 1


def test_each_bundle_that_is_read_is_on_record(grown: Service) -> None:
    assert get(grown, BUNDLE).status_code == 200
    headers = {"whosaw-purpose": "whosaw:RegulatoryInspection", "whosaw-ticket": "TKT-9"}
    assert get(grown, "/v1/logs/0/tile/entries/000.p/11", "regulator", **headers).status_code == 200
    first, second = grown.entries("ledger.queried")
    said: list[dict[str, Any]] = [first["data"], second["data"]]
    assert [each["query"] for each in said] == ["whosaw:QueryEntries"] * 2
    assert [each["purpose"] for each in said] == ["whosaw:Audit", "whosaw:RegulatoryInspection"]
    assert [(each["result_count"], each["as_of"]) for each in said] == [(3, 3), (11, 11)]
    assert [each["actor"]["role"] for each in said] == ["whosaw:Auditor", "whosaw:Regulator"]
    assert [each.get("ticket") for each in said] == [None, "TKT-9"]


def test_a_bundle_is_not_given_for_a_purpose_that_can_not_be_recorded(grown: Service) -> None:
    before = len(grown.entries())
    answer = get(grown, BUNDLE, **{"whosaw-purpose": "jo@example.org"})
    assert answer.status_code == 422
    assert "jo@example" not in answer.text
    assert len(grown.entries()) == before


def test_a_bundle_that_can_not_be_recorded_is_not_given(grown: Service) -> None:
    with psycopg.connect(grown.dsn, autocommit=True) as owner:
        owner.execute(REFUSE_QUERIED)
    answer = get(grown, BUNDLE)
    assert answer.status_code in {500, 503}
    assert answer.headers["content-type"] == PROBLEM


def test_a_proof_that_does_not_hold_is_never_given(grown: Service) -> None:
    """As a superuser: one entry's byte, then one that only other proofs need, then a head."""
    with psycopg.connect(grown.dsn, autocommit=True) as owner:
        owner.execute("UPDATE ledger.entry SET bytes = set_byte(bytes, 9, 7) WHERE position = 4")
        for position in (3, 4):
            answer = get(grown, f"/v1/logs/0/proofs/inclusion?position={position}")
            assert (answer.status_code, answer.json()["code"]) == (500, "internal")
        assert get(grown, "/v1/logs/0/proofs/consistency?from=2").status_code == 500
        owner.execute("DELETE FROM ledger.entry WHERE position = 5")
    for path in ("tile/0/000.p/10", "tile/entries/000.p/10", "proofs/inclusion?position=5"):
        assert get(grown, f"/v1/logs/0/{path}").status_code == 500, path
