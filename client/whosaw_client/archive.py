"""The bundle as a file: a zip whose every byte is determined by its members, and anything else is refused.

Nothing is compressed, so nothing can swell; names are of one alphabet, so nothing can climb out of a folder (and
nothing is ever written). Members follow one another without a gap, so nothing can hide between them. It is read here
and not by a library for zips: those are made to open what is odd, and this must not.

Source: PKWARE APPNOTE 6.3.10, 4.3.7, 4.3.12, 4.3.14 to 4.3.16.
"""

from __future__ import annotations

import re
import struct
from binascii import crc32
from hashlib import sha256
from typing import IO, TYPE_CHECKING, NamedTuple, Self

from whosaw_client.report import Refused
from whosaw_client.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_BYTES = 4 * 1024**3 - 1
MOST_MEMBERS = 1_000_000
MOST_MEMBER_BYTES = 256 * 1024**2
MOST_EVIDENCE_BYTES = 1024**2
"""Of a file under logs/: an entry has at most 65,535 bytes, and a proof 63 hashes."""
MOST_NAME_BYTES = 200
PATH = re.compile(r"(?:[a-z0-9-]+/){0,4}[a-z0-9-]+(?:\.[a-z-]+)?")
CHUNK_BYTES = 1024**2
LOCAL = struct.Struct("<4s5H3I2H")
SIGNATURE = b"PK\x03\x04"
LISTED = struct.Struct("<4s4B4H3I5H2I")
"""A member in the directory, without its name."""
LISTED_SIGNATURE = b"PK\x01\x02"
END = struct.Struct("<4s4H2IH")
END_SIGNATURE = b"PK\x05\x06"
ZIP64_MEMBERS = 65_536
END64 = struct.Struct("<4sQ2H2I4Q")
END64_SIGNATURE = b"PK\x06\x06"
LOCATOR64 = struct.Struct("<4sIQI")
LOCATOR64_SIGNATURE = b"PK\x06\x07"
VERSION = 20
DOS_DATE = 0x21
MODE = 0o100644 << 16
UNIX = 3


class Member(NamedTuple):
    """Where a file of the bundle is."""

    start: int
    """Of its header."""
    size: int
    """Bytes of its content."""
    crc: int


class Archive:
    """An open bundle. Members are read one at a time."""

    def __init__(self, path: Path) -> None:
        """Open a file and check its frame; the members' contents are checked as they are read.

        Raises:
            Refused: It is not the zip that it must be.
            OSError: It can not be read.
        """
        self._file: IO[bytes] = path.open("rb")
        try:
            self._members = self._framed()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    @property
    def names(self) -> list[str]:
        """The members' paths, in their order."""
        return list(self._members)

    def read(self, path: str) -> bytes:
        """Return a member's content.

        Raises:
            Refused: There is none of that name, or its check sum is wrong.
        """
        return b"".join(self._chunks(path))

    def digest(self, path: str) -> tuple[int, str]:
        """Return a member's bytes and SHA-256, without holding it in memory.

        Raises:
            Refused: As `read`.
        """
        digest, size = sha256(), 0
        for chunk in self._chunks(path):
            digest.update(chunk)
            size += len(chunk)
        return size, digest.hexdigest()

    def _chunks(self, path: str) -> Iterator[bytes]:
        found = self._members.get(path)
        if found is None:
            raise Refused(path, "a file in the bundle", "none")
        self._file.seek(found.start + LOCAL.size + len(path))
        left, crc = found.size, 0
        while left:
            chunk = self._file.read(min(left, CHUNK_BYTES))
            if not chunk:
                break
            left, crc = left - len(chunk), crc32(chunk, crc)
            yield chunk
        if left or crc != found.crc:
            raise Refused(path, "the content that its check sum is of", "another one")

    def _framed(self) -> dict[str, Member]:
        """Return the members, after every byte of the file but their contents was compared with what it must be."""
        length = self._file.seek(0, 2)
        if not END.size <= length <= MOST_BYTES:
            raise Refused("the file", f"a zip of at most {MOST_BYTES} bytes", f"{length} bytes")
        count, start = self._end(length)
        if not 0 < count <= MOST_MEMBERS:
            raise Refused("the file", f"1 to {MOST_MEMBERS} members", str(count))
        self._file.seek(start)
        members: dict[str, Member] = {}
        place = directory = 0
        last = ""
        for number in range(count):
            name, member, record = self._listed(place)
            if (name == "manifest.json") != (number == 0) or (number > 1 and name <= last):
                raise Refused("the file", "manifest.json first, then the others by name, each once", shown(name))
            members[name], last = member, name
            place += LOCAL.size + len(name) + member.size
            directory += record
        if place != start:
            raise Refused(
                "the file", "members without a gap or overlap, then their directory", f"{start - place} bytes"
            )
        if self._file.read(LOCATOR64.size + END64.size + END.size + 1) != _end(count, directory, start):
            raise Refused("the file", "a directory of these members, and nothing after it", "something else")
        for name, member in members.items():
            header = LOCAL.pack(
                SIGNATURE, VERSION, 0, 0, 0, DOS_DATE, member.crc, member.size, member.size, len(name), 0
            )
            self._file.seek(member.start)
            if self._file.read(LOCAL.size + len(name)) != header + name.encode():
                raise Refused(name, "the header that the directory says", "another one")
        return members

    def _end(self, length: int) -> tuple[int, int]:
        """Return the number of members and where the directory starts, as the end says; not checked yet."""
        self._file.seek(length - END.size)
        signature, _, _, _, count, _, start, _ = END.unpack(self._file.read(END.size))
        if signature != END_SIGNATURE:
            raise Refused("the file", "a zip without a comment or anything after it", "something else")
        tail = END64.size + LOCATOR64.size + END.size
        if count == ZIP64_MEMBERS - 1 and length >= tail:
            self._file.seek(length - tail)
            signature, *_, more, _, further = END64.unpack(self._file.read(END64.size))
            if signature == END64_SIGNATURE:
                count, start = more, further
        if start > length:
            raise Refused("the file", "a directory within the file", f"one at {start}")
        return count, start

    def _listed(self, place: int) -> tuple[str, Member, int]:
        """Read the directory's next member, which must start at a place; return it and the bytes of its record."""
        record = self._file.read(LISTED.size)
        if len(record) < LISTED.size or not record.startswith(LISTED_SIGNATURE):
            raise Refused("the file", "a directory of as many members as it says", "a shorter one")
        fields = LISTED.unpack(record)
        crc, size, length = fields[9], fields[11], fields[12]
        if length > MOST_NAME_BYTES:
            raise Refused("the file", f"names of at most {MOST_NAME_BYTES} bytes", str(length))
        name = self._file.read(length).decode("utf-8", "replace")
        if not PATH.fullmatch(name):
            raise Refused(shown(name), "a path of small letters, digits and hyphens", "another name")
        most = MOST_EVIDENCE_BYTES if name.startswith("logs/") else MOST_MEMBER_BYTES
        if size > most:
            raise Refused(name, f"at most {most} bytes", str(size))
        if record != LISTED.pack(
            LISTED_SIGNATURE, VERSION, UNIX, VERSION, 0, 0, 0, 0, DOS_DATE, crc, size, size, length, 0, 0, 0, 0, MODE,
            place,
        ):  # fmt: skip
            raise Refused(name, "a member stored as it is, right after the one before", "another header")
        return name, Member(place, size, crc), LISTED.size + length


def _end(members: int, directory: int, start: int) -> bytes:
    """Return the end of a zip; that of the newer format with more members than the old one counts."""
    if members < ZIP64_MEMBERS:
        return END.pack(END_SIGNATURE, 0, 0, members, members, directory, start, 0)
    return (
        END64.pack(END64_SIGNATURE, END64.size - 12, 45, 45, 0, 0, members, members, directory, start)
        + LOCATOR64.pack(LOCATOR64_SIGNATURE, 0, start + directory, 1)
        + END.pack(END_SIGNATURE, 0, 0, 0xFFFF, 0xFFFF, directory, start, 0)
    )
