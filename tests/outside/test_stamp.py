"""A time stamp authority says when a checkpoint was there: its replies are checked before they are kept."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from api.outside import stamp
from api.outside.http import Unreachable
from api.outside.publisher import Places, publish
from ledger import Keys, Ledger
from ledger.attestations import time_stamps
from tests.outside.test_outside import NOTE, OK, answering, record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A time stamp authority made with openssl: root.pem and what `openssl ts` needs."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl, as the authority")
    folder = tmp_path_factory.mktemp("tsa")
    (folder / "ext.cnf").write_text("extendedKeyUsage = critical,timeStamping\nkeyUsage = critical,digitalSignature\n")
    (folder / "tsa.cnf").write_text(
        "[tsa]\ndefault_tsa = t\n[t]\nserial = serial\ncrypto_device = builtin\nsigner_cert = tsa.pem\n"
        "signer_key = tsa.key\ncerts = tsa.pem\nsigner_digest = sha256\ndefault_policy = 1.2.3.4.1\ndigests = sha256\n"
        "ess_cert_id_chain = no\nordering = no\ntsa_name = no\ness_cert_id_alg = sha256\n"
    )
    (folder / "serial").write_text("01\n")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=Root"
    )
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=TSA")
    openssl(
        "x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-out", "tsa.pem",
        "-extfile", "ext.cnf",
    )  # fmt: skip
    return folder


@contextmanager
def stamping(folder: Path, kind: str = stamp.REPLY) -> Iterator[str]:
    """Serve `openssl ts` over HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = folder / f"{uuid4().hex}.tsq"
            query.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            reply = query.with_suffix(".tsr")
            subprocess.run(
                ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", query.name, "-out", reply.name],
                cwd=folder, check=True, capture_output=True,
            )  # fmt: skip
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(reply.read_bytes())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_checkpoint_is_stamped_once_and_openssl_agrees(
    database: str, keys: Keys, tmp_path: Path, authority: Path
) -> None:
    with Ledger(database, keys, durable=False) as ledger, stamping(authority) as url:
        record(ledger, "a", "b")
        wanted = Places(tmp_path / "out", [], url, authority / "root.pem")
        assert [each.outcome for each in publish(ledger, wanted)] == ["done", "done"]
        assert [each.outcome for each in publish(ledger, wanted)] == ["known", "known"]
        note = ledger.checkpoint(0)
        assert note is not None
        with ledger.connection() as connection:
            ((name, reply),) = time_stamps(connection, 0, 2)
        assert name == url
        assert stamp.check(reply, note, authority / "root.pem").year >= 2026
        with pytest.raises(ValueError):  # noqa: PT011 - in the words of whoever checks it
            stamp.check(reply, note + b"x", authority / "root.pem")
    (kept,) = (tmp_path / "out" / "0").glob("*.tsr")
    (tmp_path / "note").write_bytes(note)
    done = subprocess.run(
        ["openssl", "ts", "-verify", "-data", str(tmp_path / "note"), "-in", str(kept), "-CAfile", "root.pem"],
        cwd=authority, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert "Verification: OK" in done.stdout + done.stderr


def test_certificates_of_a_reply_may_come_in_any_order(tmp_path: Path, authority: Path) -> None:
    """An authority that sends its chain sends it in the order of its file."""
    folder = tmp_path / "tsa"
    shutil.copytree(authority, folder)
    pems = [(folder / name).read_bytes() for name in ("tsa.pem", "root.pem")]
    (folder / "chain.pem").write_bytes(b"".join(pems))
    settings = (folder / "tsa.cnf").read_text()
    (folder / "tsa.cnf").write_text(settings.replace("certs = tsa.pem", "certs = chain.pem"))
    with stamping(folder) as url:
        reply = stamp.stamp(url, NOTE, None)
    one, other = (x509.load_pem_x509_certificate(each).public_bytes(Encoding.DER) for each in pems)
    if one + other not in reply:
        one, other = other, one
    turned = reply.replace(one + other, other + one)
    assert turned != reply
    for each in (reply, turned):
        assert stamp.check(each, NOTE, folder / "root.pem").year >= 2026
        # Cut anywhere, it is refused and nothing worse.
        for size in range(0, len(each), 97):
            with pytest.raises(ValueError):  # noqa: PT011 - in the words of whoever reads it
                stamp.check(each[:size], NOTE, folder / "root.pem")


def test_a_reply_of_another_authority_or_another_kind_is_not_kept(
    database: str, keys: Keys, tmp_path: Path, authority: Path
) -> None:
    shutil.copy(authority / "tsa.pem", tmp_path / "other.pem")
    with stamping(authority, "text/html") as url, pytest.raises(Unreachable, match="text/html"):
        stamp.stamp(url, NOTE, None)
    other = tmp_path / "root.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes"),
            *("-keyout", "k", "-out", "root.pem", "-subj", "/CN=X"),
        ],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    with stamping(authority) as url, pytest.raises(Unreachable, match="not good"):
        stamp.stamp(url, NOTE, other)


@pytest.mark.parametrize("reply", [b"", b"garbage", b"0\x050\x03\x02\x01\x02", b"0\x050\x03\x02\x01\x00"])
def test_a_reply_that_is_no_time_stamp_is_not_kept_even_if_no_roots_are_given(reply: bytes) -> None:
    whole = OK + b"Content-Type: application/timestamp-reply\r\n\r\n" + reply
    with answering(whole) as url, pytest.raises(Unreachable, match="not good"):
        stamp.stamp(url, NOTE, None)
