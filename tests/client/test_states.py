"""What the application makes is green in whatever state the ledger is: several logs, witnesses, people with nothing."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from whosaw_client.verify import verify_bundle

from ledger import attestations, snapshot
from ledger.checkpoint import head_of
from ledger.cosignature import cosign
from tests.api.conftest import PURPOSE, RECIPIENT, WAIT, Service, event, running
from tests.client.bundles import closed, edited, opened
from tests.client.conftest import disclosed
from tests.client.page import NODE, Node

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def export(service: Service, customer: str, query: str = "") -> bytes:
    path = f"/v1/subjects/{service.look_up(customer)}/exports{query}"
    answer = service.client.post(path, headers=service.bearer("officer") | PURPOSE | WAIT)
    assert answer.status_code == 201, answer.text
    return answer.content


def verified(folder: Path, body: bytes, key: str) -> dict[str, Any]:
    path = folder / "bundle.zip"
    path.write_bytes(body)
    report = verify_bundle(path, key).json()
    assert report["verdict"] == "green", [each for each in report["checks"] if not each["ok"]]
    return report


def test_each_of_several_logs_has_its_own_key(new_database: Callable[[], str], tmp_path: Path) -> None:
    with running(new_database(), tmp_path, logs=3, snapshot_seconds=0) as service:
        ledger = service.state.ledger
        customers = [f"C-{number}" for number in range(9)]
        service.record(*(disclosed(each) for each in customers))
        for log_id in range(3):
            service.follow(ledger.head(log_id), log_id)
        for log_id in range(3):
            snapshot.make(ledger, log_id)
        logs: set[str] = set()
        for customer in customers:
            body = export(service, customer)
            log_id = int(next(path for path in opened(body) if path.endswith("/checkpoint")).split("/")[1])
            report = verified(tmp_path, body, ledger.keys.signers[log_id].verifier_key)
            logs.add(report["log"])
        assert len(logs) > 1


def test_lines_of_witnesses_and_time_stamps_are_passed_over(new_database: Callable[[], str], tmp_path: Path) -> None:
    with running(new_database(), tmp_path, snapshot_seconds=0) as service:
        ledger = service.state.ledger
        last = service.record(disclosed("C-1"))[-1]["position"]
        query = f"?as_of={last}&min_position={last}"
        note = opened(export(service, "C-1", query))["logs/0/checkpoint"]
        size, _ = head_of(note)
        with ledger.connection() as connection:
            line = cosign("witness.example/w1", b"\x02" * 32, note, 1_700_000_000)
            attestations.keep_cosignature(connection, 0, size, "witness.example/w1", line)
            attestations.keep_time_stamp(connection, 0, size, "http://tsa.example", b"a reply")
        body = export(service, "C-1", query)
        assert b"witness.example/w1" in opened(body)["logs/0/checkpoint"]
        assert "logs/0/timestamps/0.tsr" in opened(body)
        verified(tmp_path, body, ledger.keys.signers[0].verifier_key)


def test_a_person_of_looks_and_cohorts_only_or_with_odd_texts(new_database: Callable[[], str], tmp_path: Path) -> None:
    with running(new_database(), tmp_path, snapshot_seconds=0) as service:
        key = service.state.ledger.keys.signers[0].verifier_key
        service.record(disclosed("C-1", "C-2"), event("data.viewed", "C-3"), event("data.viewed", "C-3"))
        odd = disclosed("C-4")
        data: Any = odd["data"]
        data["recipient"] = data["recipient"] | {"name": '=1+1, "é" \'x', "address": "-1 Ω 𝔘"}
        service.record(odd, odd | {"id": "another", "time": "2026-11-01t10:00:00.123456789z"})
        actor = {"kind": "service", "id": "nightly", "role": "whosaw:BillingService"}
        for hour in ("23:30:00-05:00", "22:59:59.9999999Z", "01:00:00.0000004+02:00", "01:00:00.000002+02:00"):
            service.record(event("data.viewed", "C-5", actor=actor) | {"time": f"2026-10-31T{hour}"})
        for fraction in ("9999996", "9999994", "9999995", "9999985", "000000499", "000000501"):
            service.record(event("data.viewed", "C-6", actor=actor) | {"time": f"2026-10-31T01:00:00.{fraction}Z"})
        service.follow(service.state.ledger.head(0))
        for made in (False, True):
            if made:
                snapshot.make(service.state.ledger, 0)
            for customer in ("C-1", "C-2", "C-3", "C-4", "C-5", "C-6"):
                for language in ("en", "fr"):
                    verified(tmp_path, export(service, customer, f"?language={language}"), key)


@pytest.mark.skipif(NODE is None, reason="needs node, whose WebCrypto stands for a browser's")
def test_what_a_recipient_passed_on_is_told_with_through_whom(new_database: Callable[[], str], tmp_path: Path) -> None:
    onward = RECIPIENT | {"id": "collections-south", "name": "Collections South Inc."}
    passed = {"recipient_id": RECIPIENT["id"], "onward": onward, "categories": ["pd:Name"]}
    with running(new_database(), tmp_path, snapshot_seconds=0) as service, Node(tmp_path) as page:
        key = service.state.ledger.keys.signers[0].verifier_key
        said = event("disclosure.onward_reported", "C-1", **passed)
        service.record(disclosed("C-1", onward="allowed"), said, disclosed("C-2"))
        service.follow(3)
        body = export(service, "C-1")
        verified(tmp_path, body, key)
        assert page.verify(key, bundle=tmp_path / "bundle.zip")["verdict"] == "green"
        files = opened(body)
        told = orjson.loads(files["report/account.json"])["disclosures"]
        assert [(each["recipient"]["id"], each["through"]) for each in told] == [
            ("collections-north", None), ("collections-south", "collections-north"),
        ]  # fmt: skip

        def through(document: dict[str, Any]) -> None:
            document["disclosures"][1]["through"] = None

        def other(document: dict[str, Any]) -> None:
            document["disclosures"][1]["recipient"]["id"] = "collections-north"

        table = files["report/disclosures.csv"]
        forged = [
            edited(files, "report/account.json", through),
            edited(files, "report/account.json", other),
            files | {"report/disclosures.csv": table.replace(b",collections-north,", b",,", 1)},
            files | {"report/disclosures.csv": table.replace(b",through,", b",thorough,", 1)},
        ]
        for each in forged:
            assert each != files
            path = tmp_path / "forged.zip"
            path.write_bytes(closed(each))
            assert verify_bundle(path, key).json()["verdict"] == "red"
            assert page.verify(key, bundle=path)["verdict"] == "red"
        # A bundle of before, in which nobody passed anything on, may lack the column.
        verified(tmp_path, export(service, "C-2"), key)
        alone = opened((tmp_path / "bundle.zip").read_bytes())
        lines = alone["report/disclosures.csv"].decode().splitlines()
        at = lines[0].split(",").index("through")
        old = "\n".join(_without(line, at) for line in lines)
        path.write_bytes(closed(alone | {"report/disclosures.csv": old.encode()}))
        verified(tmp_path, path.read_bytes(), key)
        assert page.verify(key, bundle=path)["verdict"] == "green"


def _without(line: str, at: int) -> str:
    cells = next(csv.reader([line]))
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells[:at] + cells[at + 1 :])
    return out.getvalue()
