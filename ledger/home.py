"""Which log a person's facts live in: her home.

The first reference that she is met by chooses it, by a keyed hash that is frozen for ever (tests/vectors/home.json)
under a key that never rotates: else the same person would get a second home.
"""

from __future__ import annotations

from hashlib import blake2b


class Homes:
    """Chooses among the logs of a ledger. Threads may share it."""

    def __init__(self, key: bytes, logs: int) -> None:
        self.logs = logs
        self._key = key

    def of(self, digest: bytes) -> int:
        """Return the log id that a reference's 16-byte digest chooses."""
        if self.logs == 1:
            return 0
        chosen = blake2b(digest, digest_size=8, key=self._key, person=b"home").digest()
        # The top of the hash, scaled: each log gets one range, which can later be split in two.
        return int.from_bytes(chosen) * self.logs >> 64
