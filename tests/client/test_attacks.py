"""Forgers who hold more than a bundle: other people's bundles, older ones, the whole ledger, and the log's own key."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import pytest
from whosaw_client.verify import Older, verify_bundle

from ledger import snapshot
from ledger.checkpoint import head_of, note_text, signed_note, verifier_key
from ledger.keys import log_key
from ledger.proofs import consistency_file, tlog_proof
from ledger.signer import HeldKey
from tests.api.conftest import PURPOSE, WAIT, Service, event, running
from tests.client.bundles import closed, counted, edited, entry, opened, proof, without
from tests.client.conftest import disclosed
from tests.client.test_checks import failing
from tests.conftest import _database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ledger import Ledger

    Files = dict[str, bytes]
    Verify = Callable[..., dict[str, Any]]

ACCOUNT, HEADS, VIEWS = "report/account.json", "logs/0/heads.json", "report/views.csv"


class Scene(NamedTuple):
    """A ledger with two snapshots, and four bundles of it; nothing is recorded after them."""

    ledger: Ledger
    key: str
    secret: HeldKey
    """The log's own."""
    early: Files
    """Hers, from between the snapshots."""
    hers: Files
    theirs: Files
    """Somebody else's as of the same position, so under the same checkpoint."""
    alone: Files
    """The same of somebody in no cohort."""

    def __repr__(self) -> str:
        return "a scene"

    def note(self, size: int, root: bytes) -> bytes:
        """Sign a checkpoint as only the log can."""
        origin = self.key.split("+")[0]
        text = note_text(origin, size, root)
        return signed_note(origin, text, [(self.secret.public_key, self.secret.sign(text))])


def _export(service: Service, customer: str, as_of: int) -> Files:
    path = f"/v1/subjects/{service.look_up(customer)}/exports?as_of={as_of}&min_position={as_of}"
    answer = service.client.post(path, headers=service.bearer("officer") | PURPOSE | WAIT)
    assert answer.status_code == 201, answer.text
    return without(opened(answer.content), "report/account.pdf")


@pytest.fixture(scope="module")
def scene(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("attacks")
    with _database(server, template) as dsn, running(dsn, folder, snapshot_seconds=0) as service:
        ledger = service.state.ledger
        service.record(disclosed("C-1"), disclosed("C-1", "C-2"), event("data.viewed"), disclosed("C-9"))
        made = snapshot.make(ledger, 0)
        assert made is not None
        early = _export(service, "C-1", made.entry_position)
        service.record(event(), event("data.viewed"), disclosed("C-1"), disclosed("C-2", "C-1"), disclosed("C-2"))
        made = snapshot.make(ledger, 0)
        assert made is not None
        last = service.record(event("data.viewed"), disclosed("C-1"))[-1]["position"]
        hers, theirs, alone = (_export(service, each, last) for each in ("C-1", "C-2", "C-9"))
        secret = HeldKey(bytes.fromhex(log_key(service.state.settings.keys, 0).read_text()))
        yield Scene(ledger, ledger.keys.signers[0].verifier_key, secret, early, hers, theirs, alone)


@pytest.fixture
def verify(scene: Scene, tmp_path: Path) -> Verify:
    def verified(files: Files, since: Older | None = None) -> dict[str, Any]:
        path = tmp_path / "bundle.zip"
        path.write_bytes(closed(files))
        return verify_bundle(path, scene.key, since).json()

    return verified


def manifest(files: Files) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(files["manifest.json"])
    return found


def entries(files: Files) -> dict[int, dict[str, Any]]:
    return {int(path[-17:-5]): orjson.loads(body) for path, body in files.items() if "/entries/" in path}


def own(files: Files) -> list[int]:
    subject = manifest(files)["scope"]["subject"]
    return [position for position, each in entries(files).items() if each["stream"] == subject]


def forgotten(files: Files, position: int) -> Files:
    """Return the files as a careful forger leaves them who wants one of her entries not to have been."""
    left = without(files, entry(position), proof(position))

    def forget(account: dict[str, Any]) -> None:
        account["proof"]["entries"] = [each for each in account["proof"]["entries"] if each["position"] != position]
        account["disclosures"] = [each for each in account["disclosures"] if each["position"] != position]

    left = edited(counted(left, own=1), ACCOUNT, forget)
    table = left["report/disclosures.csv"].split(b"\r\n")
    lines = [line for line in table if not line.startswith(f"{position},".encode())]
    return left | {"report/disclosures.csv": b"\r\n".join(lines)}


def test_every_bundle_of_the_scene_is_green(scene: Scene, verify: Verify) -> None:
    for files in (scene.early, scene.hers, scene.theirs, scene.alone):
        report = verify(files)
        assert failing(report) == set(), report["checks"]
    assert scene.hers["logs/0/checkpoint"] == scene.theirs["logs/0/checkpoint"]


def test_what_came_after_the_newest_snapshot_is_said_to_be_open(scene: Scene, verify: Verify) -> None:
    covers, last = manifest(scene.hers)["completeness"]["covers"], own(scene.hers)[-1]
    assert last > covers
    report = verify(forgotten(scene.hers, last))
    assert failing(report) == set(), "nobody can notice this before the next snapshot"
    assert any(f"After position {covers}" in note and "not proven" in note for note in report["notes"])
    before = [position for position in own(scene.hers) if position <= covers]
    assert "completeness" in failing(verify(forgotten(forgotten(scene.hers, last), own(scene.hers)[-2]))) or (
        own(scene.hers)[-2] > covers
    )
    cut = scene.hers
    for position in [each for each in own(scene.hers) if each >= before[-1]]:
        cut = forgotten(cut, position)
    assert "completeness" in failing(verify(cut))


def test_a_hole_in_the_middle_is_seen_by_the_chain(scene: Scene, verify: Verify) -> None:
    for position in own(scene.hers)[:-1]:
        assert "chain" in failing(verify(forgotten(scene.hers, position)))


def test_without_the_proof_of_completeness_the_verifier_says_so(scene: Scene, verify: Verify) -> None:
    position = manifest(scene.hers)["completeness"]["snapshot"]
    taken = edited(scene.hers, "manifest.json", lambda found: found.update(completeness=None))
    assert "completeness" in failing(verify(taken))
    taken = without(taken, HEADS)
    assert "membership" in failing(verify(taken)), "the snapshot's entry is nobody's any more"
    taken = counted(without(taken, entry(position), proof(position)))
    report = verify(taken)
    assert (failing(report), report["covers"]) == (set(), None)
    assert any("no proof of completeness" in note for note in report["notes"])


def test_somebody_elses_proven_entry_is_not_hers(scene: Scene, verify: Verify) -> None:
    stranger = next(position for position in own(scene.theirs) if position not in entries(scene.hers))
    more = {path: scene.theirs[path] for path in (entry(stranger), proof(stranger))}
    assert "membership" in failing(verify(counted(scene.hers | more)))
    mine = own(scene.hers)[0]
    left = without(scene.hers, entry(mine), proof(mine))
    assert {"chain", "membership"} <= failing(verify(counted(left | more)))


def test_two_entries_that_changed_places_are_at_the_wrong_ones(scene: Scene, verify: Verify) -> None:
    one, other = own(scene.hers)[:2]
    entries_only = {entry(one): scene.hers[entry(other)], entry(other): scene.hers[entry(one)]}
    proofs = {proof(one): scene.hers[proof(other)], proof(other): scene.hers[proof(one)]}
    for swap in (entries_only, proofs, entries_only | proofs):
        assert "inclusion" in failing(verify(scene.hers | swap))


def test_a_bundle_under_anothers_name_is_red(scene: Scene, verify: Verify) -> None:
    name, other = (manifest(files)["scope"]["subject"].encode() for files in (scene.hers, scene.theirs))
    renamed = {
        path: body.replace(name, other) if "/entries/" not in path else body for path, body in scene.hers.items()
    }
    assert {"chain", "membership", "completeness"} <= failing(verify(renamed))


def test_heads_of_an_older_snapshot_are_red_or_said_to_end_there(scene: Scene, verify: Verify) -> None:
    assert "completeness" in failing(verify(scene.hers | {HEADS: scene.early[HEADS]}))
    older = manifest(scene.early)["completeness"]
    downgraded = scene.hers | {HEADS: scene.early[HEADS]}
    downgraded = edited(downgraded, "manifest.json", lambda found: found.update(completeness=older))
    assert {"completeness", "membership"} <= failing(verify(downgraded))
    newest, at = manifest(scene.hers)["completeness"]["snapshot"], older["snapshot"]
    size, _ = head_of(scene.hers["logs/0/checkpoint"])
    path = scene.ledger.proofs.inclusion(0, at, size)
    downgraded = without(downgraded, entry(newest), proof(newest)) | {
        entry(at): scene.early[entry(at)], proof(at): tlog_proof(at - 1, path, scene.hers["logs/0/checkpoint"]),
    }  # fmt: skip
    report = verify(downgraded)
    assert (failing(report), report["covers"]) == (set(), older["covers"])


def _absent(head: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = head["absent"]
    return found


@pytest.mark.parametrize(
    "forge",
    [
        dict.fromkeys,
        lambda absent: {"left": absent["right"], "right": absent["left"]},
        lambda absent: {"left": absent["left"], "right": absent["left"]},
        lambda absent: absent | {"left": None} if absent["left"] else absent | {"right": None},
        lambda absent: {side: each and each | {"index": each["index"] + 1} for side, each in absent.items()},
        lambda absent: {side: each and each | {"label": "A" * 43 + "="} for side, each in absent.items()},
    ],
    ids=range(6),
)
def test_a_forged_absence_is_red(scene: Scene, verify: Verify, forge: Callable[[dict[str, Any]], Any]) -> None:
    def change(heads: dict[str, Any]) -> None:
        heads["heads"][1]["absent"] = forge(_absent(heads["heads"][1]))

    assert failing(verify(edited(scene.alone, HEADS, change))) == {"completeness"}


def test_her_cohorts_can_not_be_denied_by_anothers_absence(scene: Scene, verify: Verify) -> None:
    absent = _absent(orjson.loads(scene.alone[HEADS])["heads"][1])
    for number, kind in enumerate(("stream", "cohorts")):

        def deny(heads: dict[str, Any], number: int = number, kind: str = kind) -> None:
            heads["heads"][number] = {"kind": kind, "id": heads["heads"][number]["id"], "absent": absent}

        assert failing(verify(edited(scene.hers, HEADS, deny))) == {"completeness"}


def test_a_look_that_is_not_told_is_red_though_the_table_agrees(scene: Scene, verify: Verify) -> None:
    def blind(account: dict[str, Any]) -> None:
        account["views"].pop()

    rows = list(csv.reader(io.StringIO(scene.hers[VIEWS].decode(), newline="")))
    out = io.StringIO(newline="")
    csv.writer(out).writerows([rows[0], *rows[2:]])
    forged = edited(scene.hers, ACCOUNT, blind) | {VIEWS: out.getvalue().encode()}
    assert failing(verify(forged)) == {"report"}
    assert failing(verify(scene.hers | {VIEWS: out.getvalue().encode()})) == {"report"}


@pytest.mark.parametrize(
    "change",
    [
        lambda account: account["views"][0].update(count=7),
        lambda account: account["views"][0]["actor"].update(role=None),
        lambda account: account["views"][0].update(last="2020-01-01T00:00:00Z"),
        lambda account: account["holdings"].pop(),
        lambda account: account["holdings"][0]["category"].update(code="pd:Age"),
        lambda account: account["holdings"][0].update(since="2020-01-01T00:00:00Z"),
        lambda account: account["holdings"][0].update(state="deleted"),
        lambda account: account["disclosures"][0].update(leaf="A" * 43 + "="),
        lambda account: account["disclosures"][0].update(authority={"code": "x"}),
        lambda account: account["proof"]["entries"][0].update(time="2020-01-01T00:00:00Z"),
        lambda account: account["proof"].update(verifier_key="x+y+z"),
        lambda account: account["as_of"].update(time="2020-01-01T00:00:00Z"),
        lambda account: account.update(issued_at="2020-01-01T00:00:00Z"),
        lambda account: account.update(language="fr"),
    ],
    ids=range(14),
)
def test_a_report_that_says_anything_else_is_red(
    scene: Scene, verify: Verify, change: Callable[[dict[str, Any]], Any]
) -> None:
    assert failing(verify(edited(scene.hers, ACCOUNT, change))) == {"report"}


# With an older checkpoint.


def test_a_log_that_was_forked_by_who_holds_its_key_is_noticed(scene: Scene, verify: Verify) -> None:
    note = scene.hers["logs/0/checkpoint"]
    size, root = head_of(note)
    assert verify(scene.hers, Older(scene.note(size, root)))["verdict"] == "green"
    assert failing(verify(scene.hers, Older(scene.note(size, b"\x01" * 32)))) == {"since"}
    for older in range(1, size):
        tie = consistency_file(older, scene.ledger.proofs.consistency(0, older, size), note)
        true = scene.note(older, scene.ledger.proofs.root(0, older))
        assert verify(scene.hers, Older(true, tie))["verdict"] == "green"
        assert failing(verify(scene.hers, Older(scene.note(older, b"\x01" * 32), tie))) == {"since"}
        inside = scene.hers | {f"logs/0/consistency/{older:012d}": tie}
        assert verify(inside, Older(true))["verdict"] == "green"
        assert failing(verify(inside, Older(scene.note(older, b"\x01" * 32)))) == {"since"}
        untied = without(scene.hers, f"logs/0/consistency/{older:012d}")
        assert failing(verify(untied, Older(true))) == {"since"}, "no consistency file at all"


def test_a_checkpoint_from_before_a_rotation_counts_if_this_one_extends_it(scene: Scene, verify: Verify) -> None:
    note, retired = scene.hers["logs/0/checkpoint"], HeldKey(b"\x07" * 32)
    size, _ = head_of(note)
    origin = scene.key.split("+")[0]
    tie = consistency_file(3, scene.ledger.proofs.consistency(0, 3, size), note)
    for root, outcome in ((scene.ledger.proofs.root(0, 3), set[str]()), (b"\1" * 32, {"since"})):
        text = note_text(origin, 3, root)
        older = Older(signed_note(origin, text, [(retired.public_key, retired.sign(text))]), tie)
        assert failing(verify(scene.hers, older)) == {"since"}
        keys = scene.hers["logs/0/keys"] + f"{verifier_key(origin, retired.public_key)}\n".encode()
        assert failing(verify(scene.hers | {"logs/0/keys": keys}, older)) == outcome


def test_a_log_that_went_back_is_noticed(scene: Scene, verify: Verify) -> None:
    old, _ = head_of(scene.early["logs/0/checkpoint"])
    note = scene.hers["logs/0/checkpoint"]
    size, _ = head_of(note)
    assert failing(verify(scene.early, Older(note))) == {"since"}
    tie = consistency_file(old, scene.ledger.proofs.consistency(0, old, size), note)
    assert verify(scene.early, Older(note, tie))["verdict"] == "green", "an earlier bundle of the same log"
    forked = scene.note(size, b"\x01" * 32)
    for wrong in (tie.replace(f"old {old}".encode(), b"old 1"), tie.replace(note, forked), tie[:-1], b"", b"old 1\n\n"):
        assert failing(verify(scene.early, Older(note, wrong))) == {"since"}
        assert failing(verify(scene.early, Older(forked, wrong))) == {"since"}


def test_a_damaged_consistency_file_is_red(scene: Scene, verify: Verify) -> None:
    note = scene.hers["logs/0/checkpoint"]
    size, _ = head_of(note)
    old = 3
    older = scene.note(old, scene.ledger.proofs.root(0, old))
    path = scene.ledger.proofs.consistency(0, old, size)
    for damaged in (path[:-1], path[1:], [*path, bytes(32)], path[::-1], []):
        assert failing(verify(scene.hers, Older(older, consistency_file(old, damaged, note)))) == {"since"}
    other = older.replace(b"log0\n", b"log1\n", 1)
    assert failing(verify(scene.hers, Older(other))) == {"since"}
