"""An export: a zip of fixed bytes with everything that a stranger needs, and an event that names its digest."""

from __future__ import annotations

import io
import json
import zipfile
from base64 import b64decode
from hashlib import sha256
from typing import Any

import pytest

from ledger import attestations, snapshot
from ledger.checkpoint import open_checkpoint
from ledger.cosignature import cosign
from ledger.entry import member_leaf
from ledger.merkle import inclusion_root, is_consistent, leaf_hash
from tests.api.conftest import PURPOSE, WAIT, Service, event


def export(service: Service, subject: str, query: str = "", **headers: str) -> Any:
    return service.client.post(
        f"/v1/subjects/{subject}/exports{query}", headers=service.bearer("officer") | PURPOSE | WAIT | headers
    )


def opened(body: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert names == ["manifest.json", *sorted(names[1:])]
        files = {name: archive.read(name) for name in names}
    return json.loads(files.pop("manifest.json")), files


def disclosed(*customers: str) -> dict[str, Any]:
    subjects = [{"reference": {"kind": "customer", "value": each}, "role": "dpv:Customer"} for each in customers]
    return event("data.disclosed", subjects=subjects)


def hashes(lines: str) -> list[bytes]:
    return [b64decode(line, validate=True) for line in lines.split("\n") if line]


@pytest.fixture
def known(service: Service) -> tuple[Service, str, int]:
    """A customer with three disclosures of her own and two that she shares; her id; the last of these positions."""
    service.record(disclosed("C-1"), disclosed("C-1", "C-2", "C-3"), disclosed("C-2"))
    last = service.record(disclosed("C-1"), disclosed("C-3", "C-1"), disclosed("C-1"))[-1]["position"]
    return service, service.look_up("C-1"), last


def test_the_file_holds_each_entry_with_its_proof_and_says_what_is_in_it(known: tuple[Service, str, int]) -> None:
    service, subject, last = known
    answer = export(service, subject, f"?as_of={last}&min_position={last}")
    assert (answer.status_code, answer.headers["content-type"]) == (201, "application/zip")
    manifest, files = opened(answer.content)
    assert manifest["format"] == "whosaw-bundle/v1"
    assert manifest["scope"] == {"kind": "account", "subject": subject}
    assert [each["path"] for each in manifest["files"]] == sorted(files)
    for each in manifest["files"]:
        content = files[each["path"]]
        assert (len(content), sha256(content).hexdigest()) == (each["bytes"], each["sha256"])
    note = files["logs/0/checkpoint"]
    size, root = open_checkpoint(note, files["logs/0/keys"].decode().split()[0])[1:]
    assert manifest["logs"][0]["size"] == size
    entries = {name: body for name, body in files.items() if name.startswith("logs/0/entries/")}
    assert [json.loads(body)["position"] for body in entries.values()] == [1, 2, 4, 5, 6]
    for name, body in entries.items():
        head, _, tail = files[name.replace("entries", "proofs").replace(".json", ".tlog-proof")].partition(b"\n\n")
        assert tail == note
        first, index, *path = head.decode().split("\n")
        assert first == "c2sp.org/tlog-proof@v1"
        position = json.loads(body)["position"]
        assert index == f"index {position - 1}"
        assert inclusion_root(position - 1, size, leaf_hash(body), hashes("\n".join(path))) == root


def test_an_entry_about_several_comes_with_her_row_and_nobody_elses(known: tuple[Service, str, int]) -> None:
    service, subject, last = known
    _, files = opened(export(service, subject, f"?as_of={last}&min_position={last}").content)
    members = {name: json.loads(body) for name, body in files.items() if "/members/" in name}
    assert sorted(members) == ["logs/0/members/000000000002.json", "logs/0/members/000000000005.json"]
    for name, member in members.items():
        cohort = json.loads(files[name.replace("members", "entries")])["cohort"]
        assert (member["subject"], member["size"]) == (subject, cohort["size"])
        leaf = member_leaf(
            b64decode(member["salt"]),
            bytes.fromhex(subject),
            member["role"].encode(),
            b64decode(member["envelope"] or ""),
        )
        path = [b64decode(each) for each in member["path"]]
        found = inclusion_root(member["ordinal"], member["size"], leaf, path)
        assert found == b64decode(cohort["root"])
    others = {service.look_up("C-2"), service.look_up("C-3")}
    assert not any(other.encode() in body for other in others for body in files.values())


def test_the_same_position_and_parameters_give_the_same_bytes(known: tuple[Service, str, int]) -> None:
    service, subject, last = known
    first = export(service, subject, f"?as_of={last}&min_position={last}")
    again = export(service, subject, f"?as_of={last}")
    assert first.content == again.content
    assert export(service, subject, f"?as_of={last}&language=fr").content != first.content


def test_making_it_is_an_event_with_its_digest(known: tuple[Service, str, int]) -> None:
    service, subject, last = known
    answer = export(service, subject, f"?min_position={last}")
    assert answer.status_code == 201, answer.text
    (issued,) = service.entries("account.issued")
    assert issued["data"]["report_digest"] == f"sha256:{sha256(answer.content).hexdigest()}"
    assert issued["data"]["formats"] == ["zip", "json", "pdf", "csv"]
    assert answer.headers["ledger-issued"] == f"0:{issued['position']}"
    assert [each["data"]["outcome"] for each in service.entries("ledger.queried")][-1] == "exported"


def test_the_next_one_proves_that_it_extends_the_one_before(known: tuple[Service, str, int]) -> None:
    service, subject, last = known
    manifest, files = opened(export(service, subject, f"?as_of={last}&min_position={last}").content)
    old, old_root = open_checkpoint(files["logs/0/checkpoint"], files["logs/0/keys"].decode().split()[0])[1:]
    assert manifest["logs"][0]["size"] == old
    service.record(disclosed("C-1"))
    newer = export(service, subject, f"?min_position={last + 3}&since=1,2")
    _, files = opened(newer.content)
    tied = [name for name in files if "/consistency/" in name]
    assert tied == [f"logs/0/consistency/{size:012d}" for size in sorted({1, 2, old})]
    head, _, note = files[f"logs/0/consistency/{old:012d}"].partition(b"\n\n")
    assert note == files["logs/0/checkpoint"]
    first, *path = head.decode().split("\n")
    assert first == f"old {old}"
    size, root = open_checkpoint(note, files["logs/0/keys"].decode().split()[0])[1:]
    assert is_consistent(old, old_root, size, root, hashes("\n".join(path)))


@pytest.mark.parametrize("since", ["0", "x", "1,,2", "-1", "9" * 19, ",".join("1" * 17), "999999"])
def test_a_size_that_it_can_not_extend_is_refused(known: tuple[Service, str, int], since: str) -> None:
    service, subject, last = known
    answer = export(service, subject, f"?since={since}&min_position={last}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-parameter")
    assert service.entries("account.issued") == []


def test_what_is_complete_is_said_and_proven_up_to_the_snapshot_before(known: tuple[Service, str, int]) -> None:
    service, subject, last = known
    manifest, files = opened(export(service, subject, f"?as_of={last}&min_position={last}").content)
    assert manifest["completeness"] is None
    assert "logs/0/heads.json" not in files
    assert b"there was no snapshot yet" in files["how-to-check.txt"]
    made = snapshot.make(service.state.ledger, 0)
    assert made is not None
    service.record(disclosed("C-1"))
    manifest, files = opened(export(service, subject, f"?min_position={made.entry_position + 1}").content)
    assert manifest["completeness"] == {"log_id": 0, "snapshot": made.entry_position, "covers": made.covers}
    heads = json.loads(files["logs/0/heads.json"])
    assert f"logs/0/entries/{made.entry_position:012d}.json" in files
    stream, cohorts = heads["heads"]
    assert (stream["kind"], cohorts["kind"], cohorts["number"]) == ("stream", "cohorts", 2)
    entry = json.loads(files[f"logs/0/entries/{made.entry_position:012d}.json"])
    assert entry["data"]["root"] == heads["root"]
    alone = service.look_up("C-2")
    assert alone != subject


def test_somebody_without_cohorts_is_proven_to_have_none(service: Service) -> None:
    last = service.record(disclosed("C-1"), disclosed("C-2", "C-3"))[-1]["position"]
    subject = service.look_up("C-1")
    made = snapshot.make(service.state.ledger, 0)
    assert made is not None
    _, files = opened(export(service, subject, f"?min_position={max(last, made.entry_position)}").content)
    stream, cohorts = json.loads(files["logs/0/heads.json"])["heads"]
    assert "absent" not in stream
    assert set(cohorts["absent"]) == {"left", "right"}


def test_a_sealed_fact_changes_nothing_but_positions(service: Service) -> None:
    service.record(disclosed("C-1"))
    open_ = disclosed("C-1")
    open_["data"]["visibility"] = "sealed"
    last = service.record(open_)[-1]["position"]
    subject = service.look_up("C-1")
    manifest, files = opened(export(service, subject, f"?as_of={last}&min_position={last}").content)
    assert manifest["streams"] == [{"log_id": 0, "stream": subject, "entries": 1}]
    assert [name for name in files if "/entries/" in name] == ["logs/0/entries/000000000001.json"]
    assert "withheld" not in manifest


def test_only_who_may_export_does(known: tuple[Service, str, int]) -> None:
    service, subject, last = known
    path = f"/v1/subjects/{subject}/exports"
    assert service.client.post(path).status_code == 401
    assert service.client.post(path, headers=service.bearer("emitter") | PURPOSE).status_code == 403
    assert service.client.post(path, headers=service.bearer("officer")).json()["code"] == "purpose-required"
    assert export(service, "0" * 32).status_code == 404
    assert export(service, subject, f"?min_position={last}", Accept="text/csv").status_code == 406
    assert export(service, subject, f"?min_position={last}", Accept="application/zip").status_code == 201


def test_what_others_said_of_the_checkpoint_is_in_it(known: tuple[Service, str, int]) -> None:
    service, subject, last = known
    _, files = opened(export(service, subject, f"?as_of={last}&min_position={last}").content)
    note = files["logs/0/checkpoint"]
    size = int(note.split(b"\n")[1])
    line = cosign("witness.example/w1", b"\x02" * 32, note, 1_700_000_000)
    with service.state.ledger.connection() as connection:
        attestations.keep_cosignature(connection, 0, size, "witness.example/w1", line)
        attestations.keep_time_stamp(connection, 0, size, "http://tsa.example", b"a reply")
    _, files = opened(export(service, subject, f"?as_of={last}").content)
    assert files["logs/0/checkpoint"] == note + f"{line}\n".encode()
    assert files["logs/0/timestamps/0.tsr"] == b"a reply"
    assert all(files[name].endswith(files["logs/0/checkpoint"]) for name in files if "/proofs/" in name)
