"""Checkpoints leave the machine: whoever has them notices a rollback and a fork, and nothing here waits for them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from http.client import HTTPConnection
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier
from whosaw_client.notes import read_key
from whosaw_client.report import Refused
from whosaw_client.witness import Witness, serving

from api.cli.failure import Exit
from api.outside.http import Unreachable, post
from api.outside.publisher import Places, Publisher, publish
from api.outside.witness import Place, places
from ledger import Keys, Ledger
from ledger.attestations import cosigned
from ledger.checkpoint import note_text, open_checkpoint, signed_note, verifier_key
from ledger.cosignature import check_cosignature, cosign, read_witness, witness_verifier_key
from ledger.merkle import EMPTY_ROOT
from ledger.signer import HeldKey
from tests.ledger.facts import fact, used

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "ledger.example"
NOTE = (
    "ledger.example/log0\n5\nEY2fEiBBJxn9TVOmerOY0iIhKP/MBO5VRYbT94wvln8=\n\n— ledger.example/log0 "
    "JF/Blyra2mCRSeqQAJX9XJDMzjtyVmfB8oSeY7jkwLzxAs8tHpLaKwrqAqI7qkfVuXBQo23N3rLpXoxsL9u+KKs/Jw4=\n"
).encode()
LINE = (
    "— witness.example/w1 "
    "3xwKNQAAAABlU/EAtJg62kwa9hAL45XxtFPHJIuyWuokD2x5NI0CUFo7HzRM+f2bIwYGbm1flIuS4ycZ6k60ofSWx5PSFixyneLXCA=="
)
WITNESS = "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU"


def test_a_cosignature_is_byte_for_byte_as_the_specification_says() -> None:
    assert cosign("witness.example/w1", b"\x02" * 32, NOTE, 1_700_000_000) == LINE
    witness = read_witness(WITNESS)
    assert witness_verifier_key(witness.name, witness.public_key) == WITNESS
    assert check_cosignature(LINE, witness, NOTE) == 1_700_000_000


@pytest.mark.parametrize("place", range(len(LINE)))
def test_no_character_of_a_cosignature_can_change_unseen(place: int) -> None:
    changed = LINE[:place] + ("A" if LINE[place] != "A" else "B") + LINE[place + 1 :]
    with pytest.raises(ValueError):  # noqa: PT011 - whichever of the reasons comes first
        check_cosignature(changed, read_witness(WITNESS), NOTE)


@pytest.mark.parametrize("text", ["x", "x y", f"{WITNESS} ftp://x", "ledger.example/log0+245fc197+AYqI http://x"])
def test_what_is_no_witness_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        places(text)


@contextmanager
def witnessing(keys: Keys, state: Path) -> Iterator[Place]:
    """A witness that runs: its place, as the ledger is told of it."""
    witness = Witness("witness.example/w1", state, [read_key(each.verifier_key) for each in keys.signers])
    server = serving(witness, "127.0.0.1", 0)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield Place(read_witness(witness.verifier_key), f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        witness.close()


def only(place: Place) -> Places:
    return Places(None, [place], None, None)


def record(ledger: Ledger, *ids: str) -> None:
    for each in ids:
        ledger.append([fact(ledger, used(each, "C-1"))])


def test_the_newest_checkpoint_is_cosigned_and_kept_in_the_folder_with_its_lines(
    database: str, keys: Keys, tmp_path: Path
) -> None:
    with Ledger(database, keys, durable=False) as ledger, witnessing(keys, tmp_path / "state") as place:
        assert publish(ledger, only(place)) == []
        everywhere = Places(tmp_path / "out", [place], None, None)
        record(ledger, "a", "b", "c")
        assert [(each.size, each.outcome) for each in publish(ledger, everywhere)] == [(3, "done"), (3, "done")]
        assert [each.outcome for each in publish(ledger, everywhere)] == ["known", "known"]
        record(ledger, "d", "e")
        assert [each.outcome for each in publish(ledger, everywhere)] == ["done", "done"]
        kept = (tmp_path / "out" / "0" / f"{5:012d}.checkpoint").read_bytes()
        assert open_checkpoint(kept, keys.signers[0].verifier_key).size == 5
        note = ledger.checkpoint(0)
        assert note is not None
        assert check_cosignature(kept.decode().rstrip("\n").split("\n")[-1], place.witness, note) > 1_700_000_000
        with ledger.connection() as connection:
            assert cosigned(connection, 0, 5, note) == kept
    assert len(list((tmp_path / "out" / "0").iterdir())) == 2


def test_a_witness_refuses_what_goes_back_and_what_is_another_history(
    database: str, keys: Keys, tmp_path: Path
) -> None:
    name = f"test_{uuid4().hex}"
    admin = make_conninfo(database, dbname="postgres")
    with witnessing(keys, tmp_path / "state") as place:
        with Ledger(database, keys, durable=False) as ledger:
            record(ledger, "a", "b")
        with psycopg.connect(admin, autocommit=True) as connection:
            source = str(conninfo_to_dict(database)["dbname"])
            connection.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(source)))
        try:
            with Ledger(database, keys, durable=False) as ledger:
                record(ledger, "c", "d")
                assert publish(ledger, only(place))[0].outcome == "done"
            # An operator who puts a backup back, and resets what the signer remembers: only the witness is left.
            shutil.rmtree(tmp_path / "keys" / "signed")
            again = Keys.open(tmp_path / "keys", NAME, 1)
            with Ledger(make_conninfo(database, dbname=name), again, durable=False) as ledger:
                (step,) = publish(ledger, only(place))
                assert (step.outcome, step.alarming) == (
                    "witness.example/w1 has seen 4 entries of this log; here are 2", True,
                )  # fmt: skip
                record(ledger, "x", "y", "z")
                (step,) = publish(ledger, only(place))
                assert (step.outcome, step.alarming) == (
                    "witness.example/w1 has seen another history of this log", True,
                )  # fmt: skip
                publisher = Publisher(ledger, only(place), 3600)
                publisher.start()
                publisher.stop()
                assert publisher.alarms == {"witness.example/w1": step.outcome}
        finally:
            with psycopg.connect(admin, autocommit=True) as connection:
                connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def test_a_witness_answers_as_the_specification_says(database: str, keys: Keys, tmp_path: Path) -> None:
    with Ledger(database, keys, durable=False) as ledger, witnessing(keys, tmp_path / "state") as place:
        record(ledger, "a", "b", "c")
        note = ledger.checkpoint(0)
        assert note is not None

        def add(body: bytes) -> tuple[int, str, bytes]:
            answer = post(f"{place.url}/add-checkpoint", body, "text/plain")
            return answer.status, answer.kind, answer.body

        assert add(b"nonsense")[0] == 400
        assert add(b"old 0\nAAAA\n\n" + note)[0] == 400
        assert add(b"old 4\n\n" + note)[0] == 400
        assert add(b"old 0\n\n" + note.replace(b"ledger.example/log0\n", b"ledger.example/log9\n", 1))[0] == 404
        assert add(b"old 0\n\n" + note.replace(b"\n3\n", b"\n2\n"))[0] == 403
        assert add(b"old 1\n\n" + note) == (409, "text/x.tlog.size", b"0\n")
        assert add(b"old 0\n" + b"A" * 43 + b"=\n\n" + note)[0] == 422
        assert add(b"old 0\n\n" + note)[0] == 200
        assert add(b"old 0\n\n" + note) == (409, "text/x.tlog.size", b"3\n")
        assert add(b"old 3\n\n" + note)[0] == 200
        assert post(f"{place.url}/elsewhere", b"", "text/plain").status == 404
        assert add(b"old 0\n\n" + b"x" * 70_000)[0] == 413


def test_of_two_submissions_at_once_one_is_told_to_look_again(database: str, keys: Keys, tmp_path: Path) -> None:
    with Ledger(database, keys, durable=False) as ledger:
        record(ledger, "a", "b", "c")
        first, last = ledger.checkpoint(0, 1), ledger.checkpoint(0, 3)
        assert first is not None
        assert last is not None
        witness = Witness("w", tmp_path / "state", [read_key(keys.signers[0].verifier_key)])
        answers: list[int] = []
        threads = [
            Thread(target=lambda note=note: answers.append(witness.add_checkpoint(b"old 0\n\n" + note).status))
            for note in (first, last) * 4
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert sorted(answers) == [200] + [409] * 7
        # Not even in two processes: a lock of the kernel stands for that here, too.
        with pytest.raises(Refused, match="in use"):
            Witness("w", tmp_path / "state", [])
        witness.close()
        Witness("w", tmp_path / "state", []).close()


def test_a_witness_signs_for_one_empty_log_only(tmp_path: Path) -> None:
    key = HeldKey(b"\1" * 32)
    witness = Witness("w", tmp_path / "state", [read_key(verifier_key("log", key.public_key))])
    for root, status in ((b"\2" * 32, 422), (EMPTY_ROOT, 200), (b"\2" * 32, 422)):
        text = note_text("log", 0, root)
        note = signed_note("log", text, [(key.public_key, key.sign(text))])
        assert witness.add_checkpoint(b"old 0\n\n" + note).status == status
    witness.close()


@pytest.mark.parametrize("length", ["\u00b2", "9" * 5_000, "-1", "+3", " ", "1_0"])
def test_a_length_that_is_none_is_refused(
    keys: Keys, tmp_path: Path, length: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with witnessing(keys, tmp_path / "state") as place:
        connection = HTTPConnection(place.url.removeprefix("http://"), timeout=10)
        connection.putrequest("POST", "/add-checkpoint")
        connection.putheader("Content-Length", length.encode("latin-1"))
        connection.endheaders()
        assert connection.getresponse().status == 413
        connection.close()
    assert capsys.readouterr().err == ""


def test_a_witness_that_lies_or_is_gone_delays_nobody(database: str, keys: Keys, tmp_path: Path) -> None:
    nobody = Place(read_witness(WITNESS), "http://127.0.0.1:9")
    with Ledger(database, keys, durable=False) as ledger, witnessing(keys, tmp_path / "state") as place:
        record(ledger, "a")
        # The right address, but another key was told: its line is not taken for the other's.
        liar = Place(read_witness(WITNESS), place.url)
        gone, lied, kept = publish(ledger, Places(tmp_path / "out", [nobody, liar], None, None))
        assert gone.outcome.startswith("no answer")
        assert "without a line of its own" in lied.outcome
        assert (kept.outcome, gone.alarming, lied.alarming) == ("done", False, False)


@contextmanager
def answering(*parts: bytes, pause: float = 0.0) -> Iterator[str]:
    """Serve whoever connects these bytes, whatever was asked, with a pause before each part."""
    stopping = Event()

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65_536)
            for part in parts:
                if stopping.wait(pause):
                    return
                try:
                    self.request.sendall(part)
                except OSError:
                    return

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            stopping.set()
            server.shutdown()
            thread.join()


OK = b"HTTP/1.1 200 OK\r\n"
NONSENSE = {
    "no HTTP": b"nonsense\r\n\r\n",
    "no line end": b"\0" * 100_000,
    "half a body": OK + b"Content-Length: 99\r\n\r\nhalf",
    "a chunk of no length": OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "too many headers": OK + b"A: b\r\n" * 1_000 + b"\r\n",
    "a huge body": OK + b"\r\n" + b"x" * 2_000_000,
    "another status": b"HTTP/1.1 999 ?\r\n\r\n",
    "a size of another script": b"HTTP/1.1 409 C\r\nContent-Type: text/x.tlog.size\r\n\r\n\xd9\xa3",
    "a size of many digits": b"HTTP/1.1 409 C\r\nContent-Type: text/x.tlog.size\r\n\r\n" + b"9" * 10_000,
    "a size below none": b"HTTP/1.1 409 C\r\nContent-Type: text/x.tlog.size\r\n\r\n-1",
    "a redirection": b"HTTP/1.1 302 F\r\nLocation: http://127.0.0.1:9/\r\n\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("what", NONSENSE)
def test_a_place_that_answers_nonsense_keeps_a_checkpoint_from_no_other(
    database: str, keys: Keys, tmp_path: Path, what: str
) -> None:
    with Ledger(database, keys, durable=False) as ledger, answering(NONSENSE[what]) as url:
        record(ledger, "a")
        mad = Place(read_witness(WITNESS), url)
        *first, kept = publish(ledger, Places(tmp_path / "out", [mad], url, None))
        assert [each.alarming for each in first] == [False, False]
        assert all(each.outcome != "done" for each in first)
        assert kept.outcome == "done"


def test_an_answer_that_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.outside.http.ANSWER_SECONDS", 0.2)
    drops = [b"%d: x\r\n" % number for number in range(90)]
    with answering(OK, *drops, pause=0.05) as url, pytest.raises(Unreachable):
        post(url, b"", "text/plain")
    with answering(OK, b"\r\n", *[b"x"] * 90, pause=0.05) as url, pytest.raises(Unreachable, match="in time"):
        post(url, b"", "text/plain")


def test_something_else_in_a_published_checkpoints_place_is_an_alarm(database: str, keys: Keys, tmp_path: Path) -> None:
    with Ledger(database, keys, durable=False) as ledger:
        record(ledger, "a")
        path = tmp_path / "out" / "0" / f"{1:012d}.checkpoint"
        path.parent.mkdir(parents=True)
        for content in (b"", b"nonsense", b"\xff\xfe", b"a\n1\n=\n\n"):
            path.write_bytes(content)
            (step,) = publish(ledger, Places(tmp_path / "out", [], None, None))
            assert step.alarming
            assert "something else stands" in step.outcome


def test_a_folder_that_has_another_checkpoint_of_this_size_is_an_alarm(
    database: str, keys: Keys, tmp_path: Path
) -> None:
    with Ledger(database, keys, durable=False) as ledger:
        record(ledger, "a")
        path = tmp_path / "out" / "0" / f"{1:012d}.checkpoint"
        path.parent.mkdir(parents=True)
        path.write_bytes(NOTE.replace(b"\n5\n", b"\n1\n"))
        (step,) = publish(ledger, Places(tmp_path / "out", [], None, None))
        assert step.alarming
        assert "with another root" in step.outcome


def test_the_command_publishes_once_and_says_where(database: str, keys: Keys, tmp_path: Path) -> None:
    with Ledger(database, keys, durable=False) as ledger:
        record(ledger, "a")

    def publishing(**settings: str) -> tuple[int, str]:
        told = {
            "WHOSAW_DATABASE_URL": database, "WHOSAW_KEYS_DIR": str(tmp_path / "keys"), "WHOSAW_NAME": NAME,
            "WHOSAW_DURABLE": "false",
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "api.cli", "publish"],
            env=os.environ | told | settings, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    out = str(tmp_path / "out")
    assert publishing()[0] == Exit.ARGUMENT
    assert publishing(WHOSAW_WITNESSES="x")[0] == Exit.ARGUMENT
    assert publishing(WHOSAW_PUBLISH_DIR=out) == (Exit.DONE, f"log 0, 1 entries, {out}: done\n")
    code, said = publishing(WHOSAW_PUBLISH_DIR=out, WHOSAW_WITNESSES=f"{WITNESS} http://127.0.0.1:9")
    assert code == Exit.UNREACHABLE
    assert f"log 0, 1 entries, {out}: known\n" in said
    path = tmp_path / "out" / "0" / f"{1:012d}.checkpoint"
    path.write_bytes(NOTE.replace(b"\n5\n", b"\n1\n"))
    assert publishing(WHOSAW_PUBLISH_DIR=out)[0] == Exit.NO
