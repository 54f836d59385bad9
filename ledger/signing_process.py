"""A signer in a process of its own: who takes over the API's process does not take the logs' keys with it.

Both ends of one small protocol over a Unix socket. A request is one line of JSON, and so is the answer:

    {"do":"keys"}                                                  {"ok":{ORIGIN:[VERIFIER KEY, …], …}}
    {"do":"newest","log":ORIGIN}                                   {"ok":[SIZE,ROOT]} or {"ok":null}
    {"do":"sign","log":ORIGIN,"head":[SIZE,ROOT],"from":{SIZE:ROOT}}   {"ok":NOTE}
    {"do":"committed","log":ORIGIN,"head":[SIZE,ROOT]}             {"ok":null}
    anything that goes wrong                                       {"error":CLASS,"detail":TEXT}

Roots are base64. The process signs heads of its own logs and nothing else, and keeps the newest one itself: it refuses
a log that is shorter, or that does not say of itself that it grew from the newest. That it did is not proven to it: who
may open the socket can lie, have a fork signed, or a head that the log will never reach. Witnesses notice the first.
"""

from __future__ import annotations

import os
import socket
import socketserver
from base64 import b64decode, b64encode
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Any

import orjson

from ledger import errors
from ledger.errors import LedgerError, Unavailable, WrongLedger
from ledger.signed_head import Head
from ledger.signer import LogSigner, Superseded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from io import BufferedIOBase
    from pathlib import Path

    from ledger.signer import Signer

ANSWER_SECONDS = 5.0
LINE_BYTES = 16_384
SOCKET_MODE = 0o600


class RemoteSigner(LogSigner):
    """Signs the heads of one log in another process. Threads may share it."""

    def __init__(self, line: Line, origin: str, verifier_keys: Sequence[str]) -> None:
        super().__init__(origin, verifier_keys)
        self._line = line

    def newest(self) -> Head | None:
        """Ask for the newest head; see `LogSigner`."""
        return _head(self._line.ask({"do": "newest", "log": self.origin}))

    def sign(self, head: Head, grown_from: Mapping[int, bytes]) -> bytes:
        """Ask for a signature; see `LogSigner`."""
        ancestors = {str(size): _text(root) for size, root in grown_from.items()}
        asked = {"do": "sign", "log": self.origin, "head": _pair(head), "from": ancestors}
        return b64decode(self._line.ask(asked), validate=True)

    def committed(self, head: Head) -> None:
        """Tell of a commit; see `LogSigner`."""
        self._line.ask({"do": "committed", "log": self.origin, "head": _pair(head)})


class Line:
    """The connection to a signing process; one request at a time, opened again when it was lost."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._stream: BufferedIOBase | None = None

    def __del__(self) -> None:
        self._hang_up()

    def signers(self) -> dict[str, RemoteSigner]:
        """Return a signer for each log that the process has keys of, by origin.

        Raises:
            Unavailable: It does not answer. Retry.
        """
        known: dict[str, list[str]] = self.ask({"do": "keys"})
        return {origin: RemoteSigner(self, origin, keys) for origin, keys in known.items()}

    def ask(self, request: dict[str, Any]) -> Any:
        """Return the answer to a request.

        Every request may be sent twice: signing is no promise, and a head is kept once.

        Raises:
            LedgerError: What the process refused with.
            Unavailable: It does not answer.
        """
        with self._lock:
            try:
                answer = self._exchange(request)
            except (OSError, ValueError):
                self._hang_up()
                try:
                    answer = self._exchange(request)
                except (OSError, ValueError) as error:
                    self._hang_up()
                    raise Unavailable(f"the signing process does not answer: {type(error).__name__}") from error
        if "error" in answer:
            kind = Superseded if answer["error"] == "Superseded" else getattr(errors, answer["error"], WrongLedger)
            raise kind(answer["detail"])
        return answer["ok"]

    def _exchange(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._stream is None:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(ANSWER_SECONDS)
                connection.connect(os.fspath(self._path))
                # The stream keeps the connection when this block lets go of it.
                self._stream = connection.makefile("rwb")
        self._stream.write(orjson.dumps(request, option=orjson.OPT_APPEND_NEWLINE))
        self._stream.flush()
        line = self._stream.readline(LINE_BYTES)
        answer: dict[str, Any] = orjson.loads(line)
        return answer

    def _hang_up(self) -> None:
        if self._stream is not None:
            with suppress(OSError):
                self._stream.close()
            self._stream = None


class SigningServer(socketserver.ThreadingUnixStreamServer):
    """Signs for whoever can open its socket: a file of mode 0600 in a directory of the operator's choice."""

    daemon_threads = True

    def __init__(self, path: Path, signers: Sequence[Signer]) -> None:
        """Listen; a socket that a dead process left is replaced.

        Raises:
            WrongLedger: Another process listens there, or the folder can not be written.
        """
        self.signers = {signer.origin: signer for signer in signers}
        try:
            if path.is_socket():
                with socket.socket(socket.AF_UNIX) as probe:
                    if probe.connect_ex(os.fspath(path)) == 0:
                        raise WrongLedger(f"{path}: another process signs here")
                path.unlink()
            # The mode must be right from the first moment, so the mask and not a change afterwards.
            before = os.umask(0o777 & ~SOCKET_MODE)
            try:
                super().__init__(os.fspath(path), _Conversation)
            finally:
                os.umask(before)
        except OSError as error:
            raise WrongLedger(f"{path}: {error.strerror}") from error


class _Conversation(socketserver.StreamRequestHandler):
    """One caller's requests, until it hangs up."""

    def handle(self) -> None:
        # A caller that is killed hangs up in the middle of a word.
        with suppress(ConnectionError):
            while line := self.rfile.readline(LINE_BYTES):
                self.wfile.write(orjson.dumps(self._answer(line), option=orjson.OPT_APPEND_NEWLINE))

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            return {"ok": self._do(orjson.loads(line))}
        except LedgerError as error:
            return {"error": type(error).__name__, "detail": str(error)}
        except (AttributeError, ArithmeticError, KeyError, TypeError, ValueError) as error:
            return {"error": "WrongLedger", "detail": f"expected a request of the protocol: {type(error).__name__}"}

    def _do(self, request: dict[str, Any]) -> Any:
        assert isinstance(self.server, SigningServer), "started for no other"
        signers = self.server.signers
        if request["do"] == "keys":
            return {origin: signer.verifier_keys for origin, signer in signers.items()}
        signer = signers[request["log"]]
        if request["do"] == "newest":
            newest = signer.newest()
            return None if newest is None else _pair(newest)
        head = _head(request["head"])
        if head is None:
            raise ValueError
        if request["do"] == "sign":
            ancestors = {int(size): b64decode(root, validate=True) for size, root in request["from"].items()}
            return _text(signer.sign(head, ancestors))
        if request["do"] == "committed":
            return signer.committed(head)
        raise ValueError


def _text(data: bytes) -> str:
    return b64encode(data).decode()


def _pair(head: Head) -> list[Any]:
    return [head.size, _text(head.root)]


def _head(pair: list[Any] | None) -> Head | None:
    """Read a head back.

    Raises:
        ValueError: It is none.
    """
    if pair is None:
        return None
    size, root = pair
    decoded = b64decode(root, validate=True)
    if not isinstance(size, int) or size < 0 or len(decoded) != 32:  # noqa: PLR2004 - a SHA-256 digest
        raise ValueError
    return Head(size, decoded)
