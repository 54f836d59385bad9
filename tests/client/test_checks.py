"""The offline verifier: green for what the application made, red for everything that a forger can do to it."""

from __future__ import annotations

import io
import json
import random
import socket
import zipfile
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from whosaw_client import command
from whosaw_client.verify import Older, verify_bundle

from ledger.checkpoint import head_of, note_text, signed_note, verifier_key
from ledger.signer import HeldKey
from tests.client.bundles import closed, counted, edited, entry, opened, proof, without

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.client.conftest import Made

    Forgery = Callable[[dict[str, bytes], Made], dict[str, bytes]]

ACCOUNT = "report/account.json"
HEADS = "logs/0/heads.json"
TABLE = "report/disclosures.csv"


@pytest.fixture
def verify(made: Made, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Verifies bytes; returns the report."""

    def verified(body: bytes, key: str = made.key, since: Older | None = None) -> dict[str, Any]:
        path = tmp_path / "bundle.zip"
        path.write_bytes(body)
        return verify_bundle(path, key, since).json()

    return verified


def failing(report: dict[str, Any]) -> set[str]:
    assert (report["verdict"] == "red") == any(not each["ok"] for each in report["checks"])
    return {each["code"] for each in report["checks"] if not each["ok"]}


def test_what_the_application_made_is_green(made: Made, verify: Callable[..., dict[str, Any]]) -> None:
    for body in (made.body, made.others, made.alone):
        report = verify(body)
        assert failing(report) == set(), report["checks"]
        assert [each["code"] for each in report["checks"]] == [
            "archive", "manifest", "digests", "key", "checkpoint", "inclusion", "chain", "membership", "completeness",
            "report",
        ]  # fmt: skip
    assert closed(opened(made.body)) == made.body


def test_every_flipped_byte_is_red(made: Made, verify: Callable[..., dict[str, Any]]) -> None:
    start = made.body.index(b"%PDF")
    pdf = range(start, start + 20_000)
    chance = random.Random(1)
    places = [at for at in range(len(made.body)) if at not in pdf]
    tail = range(len(made.body) - 2_500, len(made.body))
    for place in {*chance.sample(places, 700), *tail}:
        changed = bytearray(made.body)
        changed[place] ^= chance.randrange(1, 256)
        assert verify(bytes(changed))["verdict"] == "red", place


def cohort_rows(files: dict[str, bytes]) -> list[int]:
    return [int(path[-17:-5]) for path in files if "/members/" in path]


def mine(files: dict[str, bytes]) -> list[int]:
    subject = orjson.loads(files["manifest.json"])["scope"]["subject"]
    found = (orjson.loads(body) for path, body in files.items() if "/entries/" in path)
    return [each["position"] for each in found if each["stream"] == subject]


def test_an_entry_left_out_is_noticed_wherever_it_was(made: Made, verify: Callable[..., dict[str, Any]]) -> None:
    files = opened(made.body)
    covers = orjson.loads(files["manifest.json"])["completeness"]["covers"]
    for position in mine(files):
        left = counted(without(files, entry(position), proof(position)), own=1)
        left = edited(left, ACCOUNT, lambda account, at=position: _forget(account, at))
        codes = failing(verify(closed(left)))
        # The last one: no entry names it, but the snapshot counts it, unless it came after.
        assert codes if position <= covers or position != mine(files)[-1] else True, position
    for position in cohort_rows(files):
        left = without(files, entry(position), proof(position), f"logs/0/members/{position:012d}.json")
        left = edited(counted(left), ACCOUNT, lambda account, at=position: _forget(account, at))
        assert "completeness" in failing(verify(closed(left)))


def _forget(account: dict[str, Any], position: int) -> None:
    account["proof"]["entries"] = [each for each in account["proof"]["entries"] if each["position"] != position]
    account["disclosures"] = [each for each in account["disclosures"] if each["position"] != position]


def in_account(change: Callable[[dict[str, Any]], Any]) -> Forgery:
    return lambda files, _: edited(files, ACCOUNT, change)


def in_heads(change: Callable[[dict[str, Any]], Any]) -> Forgery:
    return lambda files, _: edited(files, HEADS, change)


def in_manifest(change: Callable[[dict[str, Any]], Any]) -> Forgery:
    return lambda files, _: edited(files, "manifest.json", change)


def theirs(path: str, *more: str) -> Forgery:
    """Put files of somebody else's bundle in place of hers."""
    return lambda files, made: files | {each: opened(made.others)[each] for each in (path, *more)}


def first(account: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = account["disclosures"][0]
    return found


FORGERIES: dict[str, tuple[str, Forgery]] = {
    "a disclosure is not told": (
        "report", in_account(lambda account: account["disclosures"].pop()),
    ),
    "a disclosure is told twice": (
        "report", in_account(lambda account: account["disclosures"].append(first(account))),
    ),
    "another recipient": (
        "report", in_account(lambda account: first(account)["recipient"].update(name="Nobody")),
    ),
    "another time": (
        "report", in_account(lambda account: first(account).update(time="2020-01-01T00:00:00Z")),
    ),
    "fewer categories": (
        "report", in_account(lambda account: first(account).update(categories=[])),
    ),
    "another person's report": (
        "report", theirs(ACCOUNT),
    ),
    "a holding out of nowhere": (
        "report", in_account(lambda account: account["holdings"][0].update(position=999)),
    ),
    "a table without a row": (
        "report", lambda files, _: files | {TABLE: b"\r\n".join(files[TABLE].split(b"\r\n")[:-2]) + b"\r\n"},
    ),
    "no report": ("report", lambda files, _: without(files, ACCOUNT)),
    "an entry edited": (
        "inclusion", lambda files, _: files | {entry(1): files[entry(1)].replace(b"Collections", b"Kollections")},
    ),
    "another entry's proof": ("inclusion", lambda files, _: files | {proof(1): files[proof(2)]}),
    "a proof without its entry": ("inclusion", lambda files, _: without(files, entry(1))),
    "an entry without its proof": ("inclusion", lambda files, _: without(files, proof(1))),
    "somebody else's entry": (
        "inclusion", theirs(entry(3), proof(3)),
    ),
    "somebody else's stream": (
        "chain", lambda files, made: edited(files, "manifest.json", lambda manifest: _rename(manifest, made.other)),
    ),
    "no row in a cohort": ("membership", lambda files, _: without(files, "logs/0/members/000000000002.json")),
    "another's row in a cohort": (
        "membership", theirs("logs/0/members/000000000002.json"),
    ),
    "completeness taken away": (
        "completeness", in_manifest(lambda manifest: manifest.update(completeness=None)),
    ),
    "another person's heads": ("completeness", theirs(HEADS)),
    "a smaller number": (
        "completeness", in_heads(lambda heads: heads["heads"][0].update(number=1)),
    ),
    "no heads": ("completeness", lambda files, _: without(files, HEADS)),
    "absence where there is something": (
        "completeness", lambda files, made: edited(files, HEADS, lambda heads: heads["heads"].__setitem__(
            1, orjson.loads(opened(made.alone)[HEADS])["heads"][1] | {"id": heads["heads"][0]["id"]})),
    ),
    "another root": (
        "completeness", in_heads(lambda heads: heads.update(root="A" * 43 + "=")),
    ),
    "an older checkpoint": ("checkpoint", lambda files, made: files | {"logs/0/checkpoint": made.older}),
    "a newer checkpoint": ("checkpoint", lambda files, made: files | {"logs/0/checkpoint": made.newer}),
    "another log's key": (
        "key", lambda files, _: files | {"logs/0/keys": (verifier_key("x/log0", b"\x05" * 32) + "\n").encode()},
    ),
    "a file that nobody knows": ("archive", lambda files, _: files | {"logs/0/secret": b"x"}),
    "files of another log": (
        "digests", lambda files, _: files | {entry(1).replace("logs/0/", "logs/1/"): files[entry(1)]},
    ),
    "another format": (
        "manifest", in_manifest(lambda manifest: manifest.update(format="whosaw-bundle/v2")),
    ),
    "one member more": (
        "manifest", in_manifest(lambda manifest: manifest.update(more=1)),
    ),
}  # fmt: skip


def _rename(manifest: dict[str, Any], subject: str) -> None:
    manifest["scope"]["subject"] = manifest["streams"][0]["stream"] = subject


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_with_every_digest_made_right_is_red(
    made: Made, verify: Callable[..., dict[str, Any]], name: str
) -> None:
    code, forge = FORGERIES[name]
    assert code in failing(verify(closed(forge(opened(made.body), made))))


def test_signing_it_all_with_another_key_does_not_help(made: Made, verify: Callable[..., dict[str, Any]]) -> None:
    files = opened(made.body)
    key = HeldKey(b"\x07" * 32)
    origin = orjson.loads(files["manifest.json"])["logs"][0]["origin"]
    text = note_text(origin, *head_of(files["logs/0/checkpoint"]))
    note = signed_note(origin, text, [(key.public_key, key.sign(text))])
    forged = {
        path: body.replace(files["logs/0/checkpoint"], note) if "/proofs/" in path or "/consistency/" in path else body
        for path, body in files.items()
    } | {"logs/0/checkpoint": note, "logs/0/keys": (verifier_key(origin, key.public_key) + "\n").encode()}
    said = {"checkpoint": note.decode(), "verifier_key": verifier_key(origin, key.public_key)}
    forged = edited(forged, ACCOUNT, lambda account: account["proof"].update(said))
    assert failing(verify(closed(forged))) == {"key"}
    assert failing(verify(closed(forged), verifier_key(origin, key.public_key))) == set()


def test_digests_are_compared_also_where_nothing_else_looks(made: Made, verify: Callable[..., dict[str, Any]]) -> None:
    files = opened(made.body)
    for path in ("how-to-check.txt", "report/account.pdf"):
        assert failing(verify(closed(files | {path: files[path] + b" "}, relist=False))) == {"digests"}
    assert failing(verify(closed(without(files, "how-to-check.txt"), relist=False))) == {"digests"}


def test_an_older_checkpoint_is_tied_to_this_one_or_contradicts_it(
    made: Made, verify: Callable[..., dict[str, Any]]
) -> None:
    assert verify(made.body, since=Older(made.older))["verdict"] == "green"
    files = opened(made.body)
    tie = next(path for path in files if "/consistency/" in path)
    assert failing(verify(closed(without(files, tie)), since=Older(made.older))) == {"since"}
    assert verify(closed(without(files, tie)), since=Older(made.older, files[tie]))["verdict"] == "green"
    assert failing(verify(made.body, since=Older(made.newer))) == {"since"}
    assert failing(verify(made.body, since=Older(b"nonsense"))) == {"since"}
    size, _ = head_of(made.older)
    forked = HeldKey(b"\x07" * 32)
    text = note_text(made.key.split("+")[0], size, bytes(32))
    note = signed_note(made.key.split("+")[0], text, [(forked.public_key, forked.sign(text))])
    assert failing(verify(made.body, since=Older(note))) == {"since"}


@pytest.mark.parametrize("text", ["", "x", "a+b", "ledger.example/log0+00000000+AYqI", "a+b+" + "A" * 44])
def test_what_is_no_key_is_told(made: Made, tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b.zip").write_bytes(made.body)
    assert command.run([str(tmp_path / "b.zip"), "--key", text]) == command.WRONG
    assert capsys.readouterr().err.startswith("whosaw-verify: ")


# Hostile archives.


def zipped(*members: tuple[str, bytes], compression: int = zipfile.ZIP_STORED, **attributes: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr, info.compress_type = 3, 0o100644 << 16, compression
            for attribute, value in attributes.items():
                setattr(info, attribute, value)
            archive.writestr(info, content)
    return out.getvalue()


GOOD = (("manifest.json", b"{}"), ("report/account.json", b"{}"))
HOSTILE = {
    "nothing": b"",
    "no zip": b"PK" * 50,
    "empty": zipped(),
    "compressed": zipped(("manifest.json", b"0" * 10_000_000), compression=zipfile.ZIP_DEFLATED),
    "climbing": zipped(*GOOD, ("../../etc/passwd", b"x")),
    "absolute": zipped(*GOOD, ("/etc/passwd", b"x")),
    "backslashes": zipped(*GOOD, ("report\\account.json", b"x")),
    "capitals": zipped(*GOOD, ("report/ACCOUNT.json", b"x")),
    "a link": zipped(*GOOD, external_attr=0o120777 << 16),
    "another date": zipped(*GOOD, date_time=(2026, 1, 1, 0, 0, 0)),
    "a comment": zipped(*GOOD, comment=b"x"),
    "something extra": zipped(*GOOD, extra=b"\x01\x00\x00\x00"),
    "another order": zipped(GOOD[1], GOOD[0]),
    "before it": b"x" + zipped(*GOOD),
    "after it": zipped(*GOOD) + b"x",
    "in the directory": zipped(*GOOD).replace(b"PK\x05\x06", b"xPK\x05\x06"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused(verify: Callable[..., dict[str, Any]], name: str) -> None:
    assert failing(verify(HOSTILE[name])) == {"archive"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused(verify: Callable[..., dict[str, Any]]) -> None:
    assert failing(verify(zipped(*GOOD, GOOD[1]))) == {"archive"}


def test_a_file_that_ends_too_early_is_refused(made: Made, verify: Callable[..., dict[str, Any]]) -> None:
    for length in range(0, len(made.body), 2_003):
        assert failing(verify(made.body[:length])) == {"archive"}


JSONS = ("manifest.json", ACCOUNT, HEADS, entry(1), entry(2), "logs/0/members/000000000002.json")
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1, 10**30, 1.5, "", "x", "A" * 44, [], [[]], {}, {"kind": []}, [None],
)  # fmt: skip
FREE = {"software", "ledger", "filters", "language", "erased"}
"""Members of the manifest that nothing else in a bundle says."""
COMPARED = {"id", "name", "position", "time", "code"}
"""Of a disclosure in the report: what the entries say, too."""


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        found += places(child, (*path, name))
    return found


@pytest.mark.parametrize("name", JSONS)
def test_whatever_stands_in_place_of_a_value_is_refused_without_an_accident(
    made: Made, verify: Callable[..., dict[str, Any]], name: str
) -> None:
    files, chance = opened(made.body), random.Random(name)
    every = places(json.loads(files[name]))
    for place in chance.sample(every, min(len(every), 60)):
        for value in (*chance.sample(VALUES, 2), VALUES):
            document: Any = json.loads(files[name])
            parent = document
            for step in place[:-1]:
                parent = parent[step]
            before = parent[place[-1]]
            if value is VALUES:
                del parent[place[-1]]
            else:
                parent[place[-1]] = value
            report = verify(closed(files | {name: json.dumps(document).encode()}, relist=name != "manifest.json"))
            free = (name == "manifest.json" and (place[0] in FREE or place == ("as_of", "time"))) or before == value
            told = name == ACCOUNT and not (place[0] == "disclosures" and place[-1] in COMPARED)
            assert report["verdict"] == "red" or free or told, (place, value)


# The command.


def test_the_command_says_green_or_red_and_where(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_: object) -> None:
        raise AssertionError("no connection is opened")

    monkeypatch.setattr(socket, "socket", no_network)
    good, bad, key, older = (tmp_path / name for name in ("good.zip", "bad.zip", "key", "older"))
    good.write_bytes(made.body)
    key.write_text(made.key + "\n")
    older.write_bytes(made.older)
    files = opened(made.body)
    bad.write_bytes(closed(edited(files, ACCOUNT, lambda account: account["disclosures"].pop())))
    assert command.run([str(good), "--key", str(key), "--since", str(older)]) == command.GREEN
    assert capsys.readouterr().out.startswith("GREEN  ")
    assert command.run([str(bad), "--key", made.key]) == command.RED
    assert "  RED  report        report/account.json, disclosures: expected" in capsys.readouterr().out
    assert command.run([str(bad), "--key", made.key, "--json"]) == command.RED
    printed = json.loads(capsys.readouterr().out)
    assert (printed["verdict"], printed["subject"]) == ("red", made.subject)
    assert command.run([str(tmp_path / "none.zip"), "--key", made.key]) == command.WRONG
    assert command.run([str(good)]) == command.WRONG
    assert command.run(["--key", made.key]) == command.WRONG
    assert command.run(["--help"]) == command.GREEN


def test_one_entry_is_checked_by_its_proof_file(made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = opened(made.body)
    for name, path in (("e", entry(1)), ("p", proof(1)), ("other", entry(2))):
        (tmp_path / name).write_bytes(files[path])
    tail = ["--key", made.key, "--json"]
    assert command.run(["--proof", str(tmp_path / "p"), "--entry", str(tmp_path / "e"), *tail]) == command.GREEN
    assert json.loads(capsys.readouterr().out)["position"] == 1
    assert command.run(["--proof", str(tmp_path / "p"), "--entry", str(tmp_path / "other"), *tail]) == command.RED
    assert command.run(["--proof", str(tmp_path / "e"), "--entry", str(tmp_path / "e"), *tail]) == command.RED
    assert command.run(["--proof", str(tmp_path / "p"), *tail]) == command.WRONG
