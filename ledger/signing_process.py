"""A signer in a process of its own: who takes over the API's process does not take the logs' keys with it.

Both ends of one small protocol over a Unix socket. A request is one line of JSON, and so is the answer:

    {"do":"keys"}                                                  {"ok":{ORIGIN:[VERIFIER KEY, …], …}}
    {"do":"newest","log":ORIGIN}                                   {"ok":[SIZE,ROOT]} or {"ok":null}
    {"do":"prove","log":ORIGIN,"head":[SIZE,ROOT],"from":[SIZE,ROOT],"path":[HASH, …]}   {"ok":null}
    {"do":"sign", …the same}                                       {"ok":NOTE}
    {"do":"committed","log":ORIGIN,"head":[SIZE,ROOT]}             {"ok":null}
    anything that goes wrong                                       {"error":CLASS,"detail":TEXT}

Roots and hashes are base64. The process signs heads of its own logs and nothing else, and keeps the newest one itself.
It believes nobody: `from` is the head that it keeps or one that was proven to extend it, `path` is the consistency path
from there (RFC 6962, 2.1.2), and only what was proven so can become the head that it keeps. So it refuses a shorter log
or another history whatever it is told.
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
from ledger.errors import Forked, LedgerError, Unavailable, WrongLedger
from ledger.merkle import is_consistent
from ledger.signed_head import Head
from ledger.signer import LogSigner, Superseded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from io import BufferedIOBase
    from pathlib import Path

    from ledger.merkle import Growth
    from ledger.signer import Signer

ANSWER_SECONDS = 5.0
LINE_BYTES = 16_384
HASH_BYTES = 32
PROVEN = 256
"""Heads remembered that extend the one that is kept: what is under way in all processes, and what came to nothing."""
SOCKET_MODE = 0o600


class RemoteSigner(LogSigner):
    """Signs the heads of one log in another process. Threads may share it."""

    def __init__(self, line: Line, origin: str, verifier_keys: Sequence[str]) -> None:
        super().__init__(origin, verifier_keys)
        self._line = line

    def newest(self) -> Head | None:
        """Ask for the newest head; see `LogSigner`."""
        return _head(self._line.ask({"do": "newest", "log": self.origin}))

    def sign(self, head: Head, grown_from: Mapping[int, bytes], growth: Growth | None = None) -> bytes:  # noqa: ARG002
        """Ask for a signature; see `LogSigner`."""
        old, path = (Head(growth.size, growth.root), growth.path()) if growth is not None else (head, [])
        return b64decode(self._line.ask(self._step("sign", old, head, path)), validate=True)

    def prove(self, head: Head, path_from: Callable[[int], list[bytes]]) -> None:
        """Prove a committed head, if the process keeps an older one; see `LogSigner`."""
        newest = self.newest()
        if newest is not None and newest.size < head.size:
            self._line.ask(self._step("prove", newest, head, path_from(newest.size)))

    def _step(self, what: str, old: Head, head: Head, path: Sequence[bytes]) -> dict[str, Any]:
        hashes = [_text(each) for each in path]
        return {"do": what, "log": self.origin, "head": _pair(head), "from": _pair(old), "path": hashes}

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
        self.logs = {signer.origin: _Log(signer) for signer in signers}
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


class _Log:
    """One log's signer, and what was proven to extend the head that it keeps. Threads may share it."""

    def __init__(self, signer: Signer) -> None:
        self.signer = signer
        self._lock = Lock()
        self._grown_from: dict[Head, Head] = {}
        """A head → the one that it was proven to extend; the oldest first."""

    def prove(self, old: Head, head: Head, path: Sequence[bytes]) -> None:
        """Remember that a head extends another, which must extend the one that is kept.

        Raises:
            Superseded: It is not proven, or the other one is not of this history.
        """
        with self._lock:
            if not self._extends_kept(old):
                raise Superseded(f"size {old.size} is not known to extend what was signed")
            if old.size >= head.size or (old.size and not is_consistent(*old, *head, path)):
                raise Superseded(f"expected a proof that size {head.size} extends size {old.size}")
            self._grown_from[head] = old
            while len(self._grown_from) > PROVEN:
                del self._grown_from[next(iter(self._grown_from))]

    def sign(self, old: Head, head: Head, path: Sequence[bytes]) -> bytes:
        """Sign what is proven; see `prove`."""
        self.prove(old, head, path)
        newest = self.signer.newest()
        return self.signer.sign(head, {} if newest is None else {newest.size: newest.root})

    def committed(self, head: Head) -> None:
        """Keep a head that was proven, or is kept already.

        Raises:
            Forked: Another root was signed for this size.
            Superseded: It was not proven.
        """
        with self._lock:
            newest = self.signer.newest()
            if newest is not None and newest.size == head.size and newest != head:
                raise Forked(f"size {head.size} was signed before with another root")
            if newest is not None and newest.size < head.size and not self._extends_kept(head):
                raise Superseded(f"size {head.size} is not known to extend what was signed")
            self.signer.committed(head)

    def _extends_kept(self, head: Head) -> bool:
        """Tell whether a head is the one that is kept, or was proven to extend it, step by step."""
        newest = self.signer.newest()
        found: Head | None = head
        while found is not None and newest is not None and found.size > newest.size:
            found = self._grown_from.get(found)
        return newest is None or found == newest


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
        logs = self.server.logs
        if request["do"] == "keys":
            return {origin: each.signer.verifier_keys for origin, each in logs.items()}
        log = logs[request["log"]]
        if request["do"] == "newest":
            newest = log.signer.newest()
            return None if newest is None else _pair(newest)
        head = _head(request["head"])
        if head is None:
            raise ValueError
        if request["do"] == "committed":
            return log.committed(head)
        old, path = _head(request["from"]), [_hash(each) for each in request["path"]]
        if old is None:
            raise ValueError
        if request["do"] == "prove":
            return log.prove(old, head, path)
        if request["do"] == "sign":
            return _text(log.sign(old, head, path))
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
    if not isinstance(size, int) or size < 0:
        raise ValueError
    return Head(size, _hash(root))


def _hash(text: str) -> bytes:
    """Read a hash back.

    Raises:
        ValueError: It is none.
    """
    decoded = b64decode(text, validate=True)
    if len(decoded) != HASH_BYTES:
        raise ValueError
    return decoded
