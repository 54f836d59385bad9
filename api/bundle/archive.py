"""The file: a zip of fixed bytes. Nothing is compressed, since two versions of a compressor need not agree.

Members are gathered first, since the manifest comes first and holds the digest of each.
"""

from __future__ import annotations

import tempfile
import zipfile
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

IN_MEMORY_BYTES = 16 * 1024 * 1024
"""A larger file goes to disk, into a file without a name."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip can tell."""
UNIX = 3
MODE = 0o100644
CHUNK_BYTES = 256 * 1024


class Member(NamedTuple):
    """One file of the bundle."""

    path: str
    size: int
    """Bytes."""
    sha256: str
    """Hexadecimal."""
    start: int
    """Where it is in the draft."""


class Draft:
    """The members of a bundle to be, in any order. Not for several threads."""

    def __init__(self) -> None:
        self._content: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - closed by close
        self._members: dict[str, Member] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._content.close()

    def add(self, path: str, content: bytes) -> None:
        """Add a file; each path once."""
        assert path not in self._members, "each path once"
        self._members[path] = Member(path, len(content), sha256(content).hexdigest(), self._content.tell())
        self._content.write(content)

    @property
    def members(self) -> list[Member]:
        """All files, sorted by path."""
        return [self._members[path] for path in sorted(self._members)]

    def write(self, manifest: bytes) -> IO[bytes]:
        """Return the zip, from its start: the manifest, then every file. The caller closes it."""
        out: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - the caller's
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(_info("manifest.json"), manifest)
            for member in self.members:
                self._content.seek(member.start)
                archive.writestr(_info(member.path), self._content.read(member.size))
        out.seek(0)
        return out


def digest_of(file: IO[bytes]) -> tuple[bytes, int]:
    """Return the SHA-256 and the length of a file, and go back to its start."""
    digest, size = sha256(), 0
    for chunk in chunks(file):
        digest.update(chunk)
        size += len(chunk)
    file.seek(0)
    return digest.digest(), size


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield what is left of a file."""
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def _info(path: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(path, EPOCH)
    info.create_system = UNIX
    info.external_attr = MODE << 16
    return info
