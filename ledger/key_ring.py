"""The key-encryption keys: one, and several while a rotation is under way. They are kept outside the database.

    kek, kek.2, kek.3, …    version 1, 2, 3: each 32 random bytes in hexadecimal, a file of the key directory
    kek.2.sealed, …         the same, sealed by a key management service, which alone can open it

The highest version wraps, and every one that is there opens. A running process takes notice of a new one by itself, so
that a rotation needs no restart; it asks the service only then and at its start, so that recording never waits for it.
"""

from __future__ import annotations

import logging
import re
import secrets
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from ledger.errors import Unavailable, WrongLedger
from ledger.key_file import SECRET_BYTES, destroy_secret, read_secret, read_text, sync, write_secret, write_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

log = logging.getLogger(__name__)

FILE = re.compile(r"kek(?:\.([1-9][0-9]{0,3}))?(\.sealed)?")
MOST_VERSION = 9_999
LOOK_SECONDS = 1.0
"""How long a new version may go unnoticed by a process that records."""


class KeyService(Protocol):
    """A key management service: it seals what is kept here, and opens it for whoever may ask."""

    def seal(self, secret: bytes, context: bytes) -> str:
        """Return a secret, sealed so that it opens with the same context only: one line of ASCII.

        Raises:
            Unavailable: The service does not answer. Retry.
            WrongLedger: It refuses.
        """
        ...

    def open(self, sealed: str, context: bytes) -> bytes:
        """Return what was sealed with this context; raises as `seal` does."""
        ...


def begin(directory: Path, ledger: str, service: KeyService | None) -> None:
    """Make the first version of a new ledger, if there is none yet; raises as `KeyRing.add` does."""
    if not any(FILE.fullmatch(path.name) for path in directory.iterdir()):
        _make(directory, ledger, 1, service)


def _make(directory: Path, ledger: str, version: int, service: KeyService | None) -> None:
    secret, name = secrets.token_bytes(SECRET_BYTES), "kek" if version == 1 else f"kek.{version}"
    # Crash before the file is there: no such version. After: it wraps from now on, and opens what it wraps.
    if service is None:
        write_secret(directory / name, secret)
    else:
        write_text(directory / f"{name}.sealed", service.seal(secret, _context(ledger, version)))
    sync(directory)


def _context(ledger: str, version: int) -> bytes:
    return f"whosaw/kek/v1 {version} {ledger}".encode()


class KeyRing:
    """All versions of a ledger's key-encryption key. Threads may share it."""

    def __init__(self, directory: Path, ledger: str, service: KeyService | None = None) -> None:
        """Read the versions that are there.

        Args:
            directory: The key directory.
            ledger: The ledger's name: a sealed key opens for it only.
            service: What opens sealed ones and seals new ones; None: new ones are plain files.

        Raises:
            WrongLedger: There is none, or one is malformed, can be read by others, or does not open.
            Unavailable: The service does not answer. Retry.
        """
        self._directory = directory
        self._ledger = ledger
        self._service = service
        self._lock = Lock()
        self._looked = 0.0
        self._stamp = 0
        self._keys: dict[int, bytes] = {}
        self.edition = 0
        """How often the versions were read."""
        self._read()

    @property
    def newest(self) -> int:
        """The version that wraps."""
        return max(self._keys)

    def versions(self) -> Mapping[int, bytes]:
        """Return every version's 32 bytes."""
        return dict(self._keys)

    def key(self, version: int) -> bytes | None:
        """Return a version's 32 bytes, None if it is not there; one that came since the last look is read.

        Raises:
            Unavailable: It is sealed, and the service does not answer. Retry.
        """
        if version not in self._keys:
            self._read()
        return self._keys.get(version)

    def refresh(self, *, at_once: bool = False) -> None:
        """Take notice of new versions and of destroyed ones, if the last look was a while ago; cheap if it was not.

        A new one that can not be opened now is tried again at the next look: until then the version before it wraps.

        Args:
            at_once: Look in any case.
        """
        now = monotonic()
        if now - self._looked < LOOK_SECONDS and not at_once:
            return
        self._looked = now
        try:
            if self._directory.stat().st_mtime_ns != self._stamp:
                self._read()
        except (Unavailable, WrongLedger, OSError) as error:
            log.warning("the key-encryption keys can not be read again", extra={"reason": type(error).__name__})

    def add(self) -> int:
        """Make a new version, durable on return; return its number.

        Raises:
            Unavailable: It is to be sealed, and the service does not answer. Nothing was made.
            WrongLedger: The service refuses, or there is no number left.
        """
        version = self.newest + 1
        if version > MOST_VERSION:
            raise WrongLedger(f"expected at most {MOST_VERSION} versions of the key-encryption key")
        _make(self._directory, self._ledger, version, self._service)
        self._read()
        return version

    def destroy(self, version: int) -> None:
        """Destroy a version: whatever it wraps can not be opened any more. It must not be the newest."""
        assert version != self.newest, "something has to wrap"
        name = "kek" if version == 1 else f"kek.{version}"
        for path in (self._directory / name, self._directory / f"{name}.sealed"):
            if path.exists():
                destroy_secret(path)
        self._read()

    def _read(self) -> None:
        with self._lock:
            # Before the names: a file that comes in between is found by the next look.
            stamp = self._directory.stat().st_mtime_ns if self._directory.exists() else 0
            names = sorted(path.name for path in self._directory.iterdir()) if stamp else []
            keys: dict[int, bytes] = {}
            for name in names:
                found = FILE.fullmatch(name)
                if found is not None:
                    version = int(found[1] or 1)
                    keys[version] = self._keys.get(version) or self._secret(name, version, sealed=bool(found[2]))
            if not keys:
                raise WrongLedger("expected kek in the key directory, found nothing")
            self._keys, self._stamp, self._looked = keys, stamp, monotonic()
            self.edition += 1

    def _secret(self, name: str, version: int, *, sealed: bool) -> bytes:
        if not sealed:
            return read_secret(self._directory / name)
        if self._service is None:
            raise WrongLedger(f"{name}: expected the address of the key management service that sealed it, found none")
        secret = self._service.open(read_text(self._directory / name), _context(self._ledger, version))
        if len(secret) != SECRET_BYTES:
            raise WrongLedger(f"{name}: expected {SECRET_BYTES} bytes sealed in it, found {len(secret)}")
        return secret
