"""A small witness: sees the heads of a few logs, refuses one that does not extend the last, and signs for the rest.

For a regulator or an auditor. It learns how large a log is and when it grows, and nothing else. What it has signed is
on disk before its answer leaves; check and store are one step, so that it can not be raced back.

    whosaw-witness --name witness.example/w1 --log VERIFIER-KEY [--log …] --state DIR [--port N]

Source: C2SP tlog-witness, tlog-cosignature.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import re
import secrets
import sys
import time
from base64 import b64encode
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from whosaw_client.notes import DASH, Checkpoint, open_checkpoint, read_checkpoint, read_consistency, read_key
from whosaw_client.report import Refused
from whosaw_client.tree import extends

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whosaw_client.notes import Consistency, Key

COSIGNATURE = b"\x04"
MOST_BODY_BYTES = 64 * 1024
LENGTH = re.compile("[0-9]{1,9}")
SIZE_TYPE = "text/x.tlog.size"
EMPTY_ROOT = sha256(b"").digest()


class Answer(NamedTuple):
    """What a request is answered with."""

    status: HTTPStatus
    body: bytes = b""
    kind: str = "text/plain; charset=utf-8"


class Witness:
    """What has been seen of each log, and the key that signs for it. Threads may share it."""

    def __init__(self, name: str, state: Path, logs: Sequence[Key]) -> None:
        """Open the state directory; its key is made if there is none.

        Args:
            name: The witness's, as verifiers know it.
            state: Only its owner can read it.
            logs: Keys of the logs that it signs for.

        Raises:
            Refused: Another witness has the directory, or others can read its key.
        """
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A second process would compare with what it saw itself, and sign what does not extend what the first signed.
        # The kernel takes the lock back when this process ends, however it ends.
        self._lock = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.close()
            raise Refused(str(state), "a folder that no other witness uses", "one that is in use") from None
        self.name = name
        self._state = state
        self._logs = {key.name: key for key in logs}
        self._key = Ed25519PrivateKey.from_private_bytes(_seed(state / "witness.key"))
        public = COSIGNATURE + self._key.public_key().public_bytes_raw()
        self._key_id = sha256(name.encode() + b"\n" + public).digest()[:4]
        self.verifier_key = f"{name}+{self._key_id.hex()}+{b64encode(public).decode()}"
        self._one_at_a_time = Lock()

    def close(self) -> None:
        """Let go of the state directory."""
        os.close(self._lock)

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer a request to cosign. Source: tlog-witness, «add-checkpoint»."""
        try:
            asked = read_consistency(body, "the request")
            origin = read_checkpoint(asked.note, "the checkpoint").origin
        except Refused as error:
            return Answer(HTTPStatus.BAD_REQUEST, f"{error}\n".encode())
        key = self._logs.get(origin)
        if key is None:
            return Answer(HTTPStatus.NOT_FOUND, b"this log is not known here\n")
        try:
            checkpoint = open_checkpoint(asked.note, key, "the checkpoint")
        except Refused as error:
            return Answer(HTTPStatus.FORBIDDEN, f"{error}\n".encode())
        with self._one_at_a_time:
            return self._compared(asked, checkpoint)

    def _compared(self, asked: Consistency, checkpoint: Checkpoint) -> Answer:
        """Sign a checkpoint that extends what was seen; nothing else happens meanwhile."""
        seen = self.seen(checkpoint.origin)
        size, root = (seen.size, seen.root) if seen else (0, EMPTY_ROOT)
        if asked.old > checkpoint.size:
            return Answer(HTTPStatus.BAD_REQUEST, b"the old size is larger than the checkpoint's\n")
        if asked.old != size:
            return Answer(HTTPStatus.CONFLICT, f"{size}\n".encode(), SIZE_TYPE)
        # Everything extends the empty log, and nothing needs to prove it; but there is only one empty log.
        is_empty = checkpoint.size == 0
        good = extends(size, root, checkpoint.size, checkpoint.root, asked.path) if size else not asked.path
        good = good and (not is_empty or checkpoint.root == EMPTY_ROOT)
        if not good:
            return Answer(HTTPStatus.UNPROCESSABLE_ENTITY, b"this does not extend what was seen before\n")
        line = self._cosigned(asked.note)
        # Crash before this is on disk: nothing was said. After it: the log asks again, with what it has now.
        _store(self._file(checkpoint.origin), asked.note + line)
        return Answer(HTTPStatus.OK, line)

    def latest(self, digest: str) -> Answer:
        """Answer with the newest checkpoint of the log whose origin has this SHA-256, for monitors that compare."""
        origin = next((each for each in self._logs if sha256(each.encode()).hexdigest() == digest), None)
        path = self._file(origin) if origin is not None else None
        if path is None or not path.exists():
            return Answer(HTTPStatus.NOT_FOUND)
        return Answer(HTTPStatus.OK, path.read_bytes())

    def seen(self, origin: str) -> Checkpoint | None:
        """Return the newest checkpoint that was signed for a log."""
        path = self._file(origin)
        return read_checkpoint(path.read_bytes(), path.name) if path.exists() else None

    def _file(self, origin: str) -> Path:
        return self._state / f"{sha256(origin.encode()).hexdigest()}.checkpoint"

    def _cosigned(self, note: bytes) -> bytes:
        now = int(time.time())
        text = note[: note.rindex(b"\n\n") + 1]
        signature = self._key.sign(b"cosignature/v1\ntime %d\n" % now + text)
        blob = b64encode(self._key_id + now.to_bytes(8) + signature).decode()
        return f"{DASH}{self.name} {blob}\n".encode()


class Handler(BaseHTTPRequestHandler):
    """The two addresses of a witness."""

    witness: Witness
    timeout = 10

    def do_POST(self) -> None:
        """Cosign."""
        length = self.headers.get("Content-Length", "")
        if self.path != "/add-checkpoint":
            self._send(Answer(HTTPStatus.NOT_FOUND))
        elif not LENGTH.fullmatch(length) or int(length) > MOST_BODY_BYTES:
            self._send(Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
        else:
            self._send(self.witness.add_checkpoint(self.rfile.read(int(length))))

    def do_GET(self) -> None:
        """Show what was signed last."""
        parts = self.path.split("/")
        known = len(parts) == 3 and parts[2] == "checkpoint"
        self._send(self.witness.latest(parts[1]) if known else Answer(HTTPStatus.NOT_FOUND))

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class names them
        """Say nothing: who asks is nobody's business."""


def serving(witness: Witness, host: str, port: int) -> ThreadingHTTPServer:
    """Return a server of a witness that listens, and is not started."""
    return ThreadingHTTPServer((host, port), type("WitnessHandler", (Handler,), {"witness": witness}))


def main() -> None:
    """Run the command `whosaw-witness` until interrupted."""
    parser = argparse.ArgumentParser(prog="whosaw-witness", description="Cosign the checkpoints of whosaw logs.")
    parser.add_argument("--name", required=True, help="such as witness.example/w1")
    parser.add_argument("--log", action="append", required=True, metavar="KEY", help="a log's verifier key")
    parser.add_argument("--state", type=Path, required=True, metavar="DIR", help="its key and what it has seen")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8765)
    wanted = parser.parse_args()
    try:
        witness = Witness(wanted.name, wanted.state, [read_key(each, "--log") for each in wanted.log])
        server = serving(witness, wanted.host, wanted.port)
    except (Refused, OSError) as error:
        sys.exit(f"whosaw-witness: {error}")
    sys.stdout.write(f"{witness.verifier_key} http://{wanted.host}:{server.server_port}\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


def _seed(path: Path) -> bytes:
    if not path.exists():
        _store(path, secrets.token_bytes(32))
    if path.stat().st_mode & 0o077:
        raise Refused(str(path), "a file that only its owner can read", f"mode {path.stat().st_mode & 0o777:04o}")
    return path.read_bytes()


def _store(path: Path, content: bytes) -> None:
    """Replace a file, durable on return."""
    half = path.with_name(f".{path.name}.new")
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
