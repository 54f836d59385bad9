"""A stand-in for Vault's transit engine: its documented HTTP API with real keys, and what goes wrong with the real one.

It is no Vault: what it knows of the API is what its documentation says.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "hvs.test"


class Refused(Exception):
    """An answer that is none."""

    def __init__(self, status: int, *errors: str) -> None:
        super().__init__(*errors)
        self.status = status
        self.errors = errors


class Transit(ThreadingHTTPServer):
    """One engine at /v1/transit, and the key `whosaw` in it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.keys: list[bytes] = [os.urandom(32)]
        """Version 1, 2, 3, …"""
        self.oldest = 1
        """`min_decryption_version`."""
        self.sealed = False
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def answer(self, path: str, token: str | None, body: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked; see `Refused`."""
        self.asked.append(path)
        if self.sealed:
            raise Refused(503, "Vault is sealed")
        if token != TOKEN:
            raise Refused(403, "permission denied")
        bound = b64decode(body.get("associated_data", ""))
        match path:
            case "/v1/transit/encrypt/whosaw":
                nonce = os.urandom(12)
                hidden = nonce + AESGCM(self.keys[-1]).encrypt(nonce, b64decode(body["plaintext"]), bound)
                return {"ciphertext": f"vault:v{len(self.keys)}:{b64encode(hidden).decode()}"}
            case "/v1/transit/decrypt/whosaw":
                _, version, text = body["ciphertext"].split(":")
                number, hidden = int(version[1:]), b64decode(text)
                if number < self.oldest:
                    raise Refused(400, "ciphertext or signature version is disallowed by policy (too old)")
                try:
                    opened = AESGCM(self.keys[number - 1]).decrypt(hidden[:12], hidden[12:], bound)
                except InvalidTag:
                    raise Refused(400, "cipher: message authentication failed") from None
                return {"plaintext": b64encode(opened).decode()}
            case _:
                raise Refused(400, "encryption key not found")


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Transit  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_POST(self) -> None:
        """Answer."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        try:
            status, answer = 200, {"data": self.server.answer(self.path, self.headers["X-Vault-Token"], body)}
        except Refused as refused:
            status, answer = refused.status, {"errors": list(refused.errors)}
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_PUT = do_POST  # noqa: N815

    def log_message(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Say nothing."""
