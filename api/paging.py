"""Cursors: where a page ended, pinned to the position that its first page was answered at. Opaque, and signed.

A cursor holds positions of the subject's own log and nothing about a person; the signature keeps it from being made up
or carried to another question.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from hmac import compare_digest
from typing import Any, NamedTuple

import orjson

from api.problems import Problem

SIGNATURE_BYTES = 16
MOST_ROWS = 500


class Cursor(NamedTuple):
    """Where to go on."""

    as_of: list[int]
    """The position that every page is pinned to, one for each log that the question reads."""
    after: list[Any]
    """The question's own place."""


class Cursors:
    """Makes and reads the cursors of one ledger. Threads may share it."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def write(self, cursor: Cursor, question: str) -> str:
        """Return the text of a cursor that is good for this question (its path and filters) only."""
        content = orjson.dumps([cursor.as_of, cursor.after])
        return urlsafe_b64encode(self._signature(content, question) + content).decode().rstrip("=")

    def read(self, text: str, question: str) -> Cursor:
        """Return a cursor.

        Raises:
            Problem: It is not one that we gave for this question.
        """
        try:
            data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            signature, content = data[:SIGNATURE_BYTES], data[SIGNATURE_BYTES:]
            if compare_digest(signature, self._signature(content, question)):
                as_of, after = orjson.loads(content)
                return Cursor(as_of, after)
        except ValueError:
            pass
        raise Problem("bad-cursor")

    def _signature(self, content: bytes, question: str) -> bytes:
        asked = question.encode()
        both = len(asked).to_bytes(4) + asked + content
        return blake2b(both, digest_size=SIGNATURE_BYTES, key=self._key, person=b"cursor").digest()
