"""The offline verifier: a whole bundle against the bare hashing and parsing that nobody can check one without."""

from __future__ import annotations

import zipfile
from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
from whosaw_client import tables
from whosaw_client.evidence import Entry
from whosaw_client.verify import verify_bundle

from api.bundle.archive import Draft
from api.rendering import csv_text
from bench.measure import Clock, Row, compare
from ledger.checkpoint import note_text, signed_note, verifier_key
from ledger.merkle import inclusion_path, leaf_hash, node_hash, root_of
from ledger.proofs import tlog_proof
from ledger.signer import HeldKey

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = "ledger.example/bench/log0"
SUBJECT = "5f" * 16
TIME = "2026-11-01T10:00:00Z"
KEY = HeldKey(b"\x01" * 32)
VERIFIER_KEY = verifier_key(ORIGIN, KEY.public_key)
CODED = ("purpose", "basis")
DATA: dict[str, Any] = {
    "actor": {"kind": "service", "role": "whosaw:BillingService", "id": "billing"},
    "system": "crm",
    "recipient": {"id": "north", "kind": "whosaw:DebtCollector", "role": "dpv:DataProcessor", "name": "North Inc."},
    "categories": ["pd:Name", "pd:EmailAddress"],
    "purpose": "dpv:CustomerClaimsManagement",
    "basis": "ca-qc-p39.1:18-9",
    "initiative": "controller",
    "mode": "transmitted",
}


def bundle(path: Path, count: int) -> None:
    """Write a bundle of so many disclosures of one person, and of a snapshot after them, that verifies."""
    entries = _entries(count)
    leaves = [leaf_hash(each) for each in entries]
    head = sha256(b"whosaw/stream/v1" + bytes.fromhex(SUBJECT)).digest() + count.to_bytes(8) + leaves[-1]
    root = _text(leaf_hash(head))
    data = {"log": ORIGIN, "covers": count, "streams": 1, "root": root, "previous": None}
    snapshot = {"type": "ledger.heads", "source": "/whosaw/ledger", "time": TIME, "data": data}
    entries.append(_entry(count + 1, "00" * 16, 1, "", snapshot))
    leaves.append(leaf_hash(entries[-1]))
    size = len(entries)
    text = note_text(ORIGIN, size, root_of(leaves))
    note = signed_note(ORIGIN, text, [(KEY.public_key, KEY.sign(text))])

    @cache
    def subtree(first: int, last: int) -> bytes:
        if last - first == 1:
            return leaves[first]
        middle = first + (1 << ((last - first - 1).bit_length() - 1))
        return node_hash(subtree(first, middle), subtree(middle, last))

    with Draft() as draft:
        for index, each in enumerate(entries):
            draft.add(f"logs/0/entries/{index + 1:012d}.json", each)
            proof = tlog_proof(index, inclusion_path(index, size, subtree), note)
            draft.add(f"logs/0/proofs/{index + 1:012d}.tlog-proof", proof)
        absent: dict[str, Any] = {"left": None, "right": None}
        here = {"label": _text(head[:32]), "number": count, "hash": _text(leaves[count - 1]), "index": 0, "path": []}
        cohorts = sha256(b"whosaw/cohorts/v1" + bytes.fromhex(SUBJECT)).digest()
        absent["left" if head[:32] < cohorts else "right"] = here
        stream = {name: value for name, value in here.items() if name != "label"}
        heads = [{"kind": "stream", "id": SUBJECT} | stream, {"kind": "cohorts", "id": SUBJECT, "absent": absent}]
        told = {"snapshot": size, "covers": count, "streams": 1, "root": root, "heads": heads}
        draft.add("logs/0/heads.json", orjson.dumps(told))
        draft.add("logs/0/checkpoint", note)
        draft.add("logs/0/keys", f"{VERIFIER_KEY}\n".encode())
        draft.add("how-to-check.txt", b"whosaw-verify\n")
        _report(draft, entries[:-1], leaves, note)
        manifest = {
            "format": "whosaw-bundle/v1", "software": "bench", "ledger": "ledger.example/bench",
            "scope": {"kind": "account", "subject": SUBJECT}, "filters": {}, "language": "en",
            "as_of": {"log_id": 0, "log": ORIGIN, "position": size, "time": TIME},
            "logs": [{"log_id": 0, "origin": ORIGIN, "size": size, "entries": size}],
            "streams": [{"log_id": 0, "stream": SUBJECT, "entries": count}],
            "completeness": {"log_id": 0, "snapshot": size, "covers": count}, "erased": [],
            "files": [{"path": each.path, "bytes": each.size, "sha256": each.sha256} for each in draft.members],
        }  # fmt: skip
        with draft.write(orjson.dumps(manifest)) as file:
            path.write_bytes(file.read())


def _entries(count: int) -> list[bytes]:
    entries: list[bytes] = []
    previous = ""
    for number in range(1, count + 1):
        said = {"type": "data.disclosed", "source": "/services/billing", "time": TIME, "data": DATA}
        entries.append(_entry(number, SUBJECT, number, previous, said))
        previous = _text(leaf_hash(entries[-1]))
    return entries


def _entry(position: int, stream: str, sequence: int, previous: str, said: dict[str, Any]) -> bytes:
    place = {"v": 1, "log": ORIGIN, "position": position, "stream": stream, "sequence": sequence, "previous": previous}
    return orjson.dumps(place | {"appended": TIME, "salt": _text(position.to_bytes(18)), "id": f"e{position}"} | said)


def _report(draft: Draft, entries: list[bytes], leaves: list[bytes], note: bytes) -> None:
    account = {
        "language": "en", "as_of": {"log": ORIGIN, "position": len(entries) + 1, "time": TIME}, "issued_at": TIME,
        "subject": {"id": SUBJECT}, "policy": [], "holdings": [], "views": [],
        "disclosures": [_disclosure(number, leaf) for number, leaf in enumerate(leaves[:-1], 1)],
        "proof": {
            "log": ORIGIN, "checkpoint": note.decode(), "verifier_key": VERIFIER_KEY,
            "entries": [
                {"position": number, "type": "data.disclosed", "leaf": _text(leaf), "time": TIME}
                for number, leaf in enumerate(leaves[:-1], 1)
            ],
        },
    }  # fmt: skip
    draft.add("report/account.json", orjson.dumps(account))
    rows = [
        tables.disclosed(Entry(number, "", leaf, orjson.loads(body)), _text(leaf))
        for number, (body, leaf) in enumerate(zip(entries, leaves, strict=False), 1)
    ]
    draft.add("report/disclosures.csv", csv_text(rows[::-1]).encode())
    for name in ("holdings", "views"):
        draft.add(f"report/{name}.csv", b"\r\n")


def _disclosure(position: int, leaf: bytes) -> dict[str, Any]:
    recipient: dict[str, Any] = DATA["recipient"]
    return {
        "time": TIME, "precision": "exact",
        "categories": [{"code": each, "label": each} for each in DATA["categories"]],
        "recipient": recipient | {each: {"code": recipient[each], "label": each} for each in ("kind", "role")},
        "initiative": "controller", "mode": "transmitted", "position": position, "leaf": _text(leaf),
    } | {each: {"code": DATA[each], "label": each} for each in CODED}  # fmt: skip


def _text(data: bytes) -> str:
    return b64encode(data).decode()


def whole(path: Path, count: int) -> float:
    """Verify the bundle; return entries a second."""
    with Clock() as clock:
        report = verify_bundle(path, VERIFIER_KEY)
    assert report.green, report.findings
    return count / clock.seconds


def bare(path: Path, count: int) -> float:
    """Read each file with the standard library, hash it, hash each entry's way to the root, and parse the JSON."""
    with Clock() as clock, zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            body = archive.read(name)
            sha256(body).digest()
            if name.endswith(".json"):
                orjson.loads(body)
            if "/entries/" in name:
                found = leaf_hash(body)
                for _ in range(count.bit_length()):
                    found = node_hash(found, found)
    return count / clock.seconds


def bundles(folder: Path, count: int, runs: int) -> list[Row]:
    """Measure on a bundle of so many entries."""
    path = folder / "bundle.zip"
    bundle(path, count)
    name = f"bundle verify per {count:,} entries, entries a second, against its bare hashing and parsing"
    return [compare(name, ">= 0.20", lambda: whole(path, count), lambda: bare(path, count), runs)]
