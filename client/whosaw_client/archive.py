"""The bundle as a file: a zip whose every byte is determined by its members, and anything else is refused.

Nothing is compressed, so nothing can swell; names are of one alphabet, so nothing can climb out of a folder (and
nothing is ever written). Members follow one another without a gap, so nothing can hide between them.
"""

from __future__ import annotations

import re
import struct
import zipfile
from typing import IO, TYPE_CHECKING, Self

from whosaw_client.report import Refused
from whosaw_client.text import shown

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 4 * 1024**3 - 1
MOST_MEMBERS = 1_000_000
MOST_MEMBER_BYTES = 256 * 1024**2
PATH = re.compile(r"(?:[a-z0-9-]+/){0,4}[a-z0-9-]+(?:\.[a-z-]+)?")
EPOCH = (1980, 1, 1, 0, 0, 0)
LOCAL = struct.Struct("<4s5H3I2H")
SIGNATURE = b"PK\x03\x04"
LISTED = struct.Struct("<4s4B4H3I5H2I")
"""A member in the directory, without its name."""
END = struct.Struct("<4s4H2IH")
END_SIGNATURE = b"PK\x05\x06"
ZIP64_MEMBERS = 65_536
END64 = struct.Struct("<4sQ2H2I4Q")
LOCATOR64 = struct.Struct("<4sIQI")
VERSION = 20
DOS_DATE = 0x21
MODE = 0o100644 << 16
UNIX = 3


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
            self._zip, self._members = self._framed()
        except zipfile.BadZipFile as error:
            self.close()
            raise Refused("the file", "a zip", shown(str(error))) from error
        except (Refused, NotImplementedError, ValueError, struct.error) as error:
            self.close()
            if isinstance(error, Refused):
                raise
            raise Refused("the file", "a zip", shown(str(error))) from error

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

    def size(self, path: str) -> int:
        """Return a member's bytes."""
        return self._members[path].file_size

    def read(self, path: str) -> bytes:
        """Return a member's content.

        Raises:
            Refused: There is none of that name, or its check sum is wrong.
        """
        info = self._members.get(path)
        if info is None:
            raise Refused(path, "a file in the bundle", "none")
        try:
            return self._zip.read(info)
        except (zipfile.BadZipFile, EOFError, struct.error) as error:
            raise Refused(path, "the content that its check sum is of", shown(str(error))) from error

    def _framed(self) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
        length = self._file.seek(0, 2)
        if length > MOST_BYTES:
            raise Refused("the file", f"at most {MOST_BYTES} bytes", str(length))
        archive = zipfile.ZipFile(self._file)
        infos = archive.infolist()
        if archive.comment or not 0 < len(infos) <= MOST_MEMBERS:
            raise Refused("the file", f"1 to {MOST_MEMBERS} members and no comment", f"{len(infos)} members")
        members: dict[str, zipfile.ZipInfo] = {}
        place = 0
        for info in infos:
            self._check(info, place)
            if info.filename in members:
                raise Refused(shown(info.filename), "each name once", "it twice")
            members[info.filename] = info
            place += LOCAL.size + len(info.filename) + info.file_size
        names = list(members)
        if names[0] != "manifest.json" or names[1:] != sorted(names[1:]):
            raise Refused("the file", "manifest.json first, then the others by name", shown(names[0]))
        if place != archive.start_dir:
            raise Refused(
                "the file", "members without a gap between or after them", f"{archive.start_dir - place} bytes"
            )
        directory = b"".join(_listed(info) for info in infos)
        if len(names) < ZIP64_MEMBERS:
            end = END.pack(END_SIGNATURE, 0, 0, len(names), len(names), len(directory), place, 0)
        else:
            end = _zip64_end(len(names), len(directory), place)
        self._file.seek(place)
        if self._file.read() != directory + end:
            raise Refused("the file", "a directory of these members, and nothing after it", "something else")
        return archive, members

    def _check(self, info: zipfile.ZipInfo, place: int) -> None:
        """Refuse a member of which anything but name and content is not what it must be."""
        name = info.filename
        if not PATH.fullmatch(name) or info.orig_filename != name:
            raise Refused(shown(name), "a path of small letters, digits and hyphens", "another name")
        if info.file_size > MOST_MEMBER_BYTES:
            raise Refused(name, f"at most {MOST_MEMBER_BYTES} bytes", str(info.file_size))
        found = (
            info.compress_type, info.compress_size, info.flag_bits, info.date_time, info.create_system,
            info.create_version, info.extract_version, info.external_attr, info.internal_attr, info.extra,
            info.comment, info.volume, info.reserved, info.header_offset,
        )  # fmt: skip
        expected = (0, info.file_size, 0, EPOCH, UNIX, VERSION, VERSION, MODE, 0, b"", b"", 0, 0, place)
        if found != expected:
            raise Refused(name, "a member stored as it is, right after the one before", "another header")
        self._file.seek(place)
        header = LOCAL.pack(
            SIGNATURE, VERSION, 0, 0, 0, DOS_DATE, info.CRC, info.file_size, info.file_size, len(name), 0
        )
        if self._file.read(LOCAL.size + len(name)) != header + name.encode():
            raise Refused(name, "the header that the directory says", "another one")


def _listed(info: zipfile.ZipInfo) -> bytes:
    """Return a member as the directory must have it."""
    name = info.filename.encode()
    record = LISTED.pack(
        b"PK\x01\x02", VERSION, UNIX, VERSION, 0, 0, 0, 0, DOS_DATE, info.CRC, info.file_size, info.file_size,
        len(name), 0, 0, 0, 0, MODE, info.header_offset,
    )  # fmt: skip
    return record + name


def _zip64_end(members: int, directory: int, start: int) -> bytes:
    """Return the end of a zip with more members than the old format counts. Source: APPNOTE 4.3.14 to 4.3.16."""
    return (
        END64.pack(b"PK\x06\x06", END64.size - 12, 45, 45, 0, 0, members, members, directory, start)
        + LOCATOR64.pack(b"PK\x06\x07", 0, start + directory, 1)
        + END.pack(END_SIGNATURE, 0, 0, 0xFFFF, 0xFFFF, directory, start, 0)
    )
