"""The frame: every byte of it is determined, and a file that was made to do harm costs little and is refused."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest
from whosaw_client.archive import MOST_EVIDENCE_BYTES, Archive
from whosaw_client.report import Refused

from tests.client.bundles import closed, opened

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.client.conftest import Made

GOOD = {"manifest.json": b"{}", "how-to-check.txt": b"how", "report/account.json": b"{}"}
FLAGS, METHOD, CRC, SIZE, NAME_LENGTH, EXTRA_LENGTH = 6, 8, 14, 22, 26, 28
"""Offsets in a member's own header; in the directory all but the signature and the maker's version are 2 further on."""
LISTED_OFFSET = 42


def stored(members: list[tuple[str, bytes]], **end: int) -> bytearray:
    """Return a zip as the format has it, of any names in any order; `end` puts other numbers at its end."""
    body, directory = bytearray(), bytearray()
    for name, content in members:
        shared = struct.pack(
            "<5H3I2H", 20, 0, 0, 0, 0x21, zlib.crc32(content), len(content), len(content), len(name), 0
        )
        listed = struct.pack("<3H2I", 0, 0, 0, 0o100644 << 16, len(body))
        directory += b"PK\x01\x02\x14\x03" + shared + listed + name.encode()
        body += b"PK\x03\x04" + shared + name.encode() + content
    numbers = {"here": len(members), "all": len(members), "size": len(directory), "start": len(body)} | end
    body += directory + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, *numbers.values(), 0)
    return body


def good() -> bytearray:
    return stored(sorted(GOOD.items(), key=lambda each: (each[0] != "manifest.json", each[0])))


def refused(folder: Path, body: bytes) -> str:
    """Return why a file is refused, on opening or on reading all of it."""
    path = folder / "hostile.zip"
    path.write_bytes(body)
    with pytest.raises(Refused) as error:
        everything(path)
    return str(error.value)


def everything(path: Path) -> dict[str, bytes]:
    with Archive(path) as archive:
        return {name: archive.read(name) for name in archive.names}


def changed(at: int, value: bytes, *, listed: bool = False, number: int = 1) -> Callable[[], bytes]:
    """Put bytes into the header of a member, or into its line in the directory, or into both when `at` is shared."""

    def make() -> bytes:
        body = good()
        starts = [place for place in range(len(body)) if body[place : place + 4] == b"PK\x03\x04"]
        lines = [place for place in range(len(body)) if body[place : place + 4] == b"PK\x01\x02"]
        start = lines[number] if listed else starts[number]
        body[start + at : start + at + len(value)] = value
        if not listed and at in {FLAGS, METHOD, SIZE}:
            body[lines[number] + at + 2 : lines[number] + at + 2 + len(value)] = value
        return bytes(body)

    return make


def _overlapping() -> bytes:
    body = good()
    first, second, _ = (place for place in range(len(body)) if body[place : place + 4] == b"PK\x01\x02")
    body[second + LISTED_OFFSET : second + LISTED_OFFSET + 4] = body[first + LISTED_OFFSET : first + LISTED_OFFSET + 4]
    return bytes(body)


def _zip64(count: int, start: int) -> bytes:
    body = stored(list(GOOD.items()), here=0xFFFF, all=0xFFFF)
    tail = body[-22:]
    end = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, 200, start)
    return bytes(body[:-22] + end + struct.pack("<4sIQI", b"PK\x06\x07", 0, len(body) - 22, 1) + tail)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "encrypted": changed(FLAGS, b"\x01\x00"),
    "length after the content": changed(FLAGS, b"\x08\x00"),
    "names in another alphabet": changed(FLAGS, b"\x00\x08"),
    "deflated": changed(METHOD, b"\x08\x00"),
    "an unknown method": changed(METHOD, b"\x63\x00"),
    "a huge size": changed(SIZE, b"\xfe\xff\xff\xff"),
    "a size for the newer format": changed(SIZE, b"\xff\xff\xff\xff"),
    "a size one too small": changed(SIZE, b"\x02\x00\x00\x00"),
    "another size in the header only": changed(18, b"\x09\x00\x00\x00"),
    "another name in the header only": changed(30, b"HOW"),
    "a name of 60,000 bytes": changed(NAME_LENGTH + 2, b"\x60\xea", listed=True),
    "something extra": changed(EXTRA_LENGTH + 2, b"\x04\x00", listed=True),
    "on another disk": changed(34, b"\x01\x00", listed=True),
    "a folder's mode": changed(38, b"\x00\x00\xed\x41", listed=True),
    "a link's mode": changed(38, b"\x00\x00\xff\xa1", listed=True),
    "made by another system": changed(5, b"\x00", listed=True),
    "overlapping": _overlapping,
    "a start beyond the file": lambda: bytes(stored(list(GOOD.items()), start=0xFFFFFFF0)),
    "a start too early": lambda: bytes(stored(list(GOOD.items()), start=0)),
    "more members than there are": lambda: bytes(stored(list(GOOD.items()), here=9, all=9)),
    "fewer members than there are": lambda: bytes(stored(list(GOOD.items()), here=1, all=1)),
    "members on other disks": lambda: bytes(stored(list(GOOD.items()), here=1)),
    "another directory's size": lambda: bytes(stored(list(GOOD.items()), size=1)),
    "the newer end where none is due": lambda: _zip64(3, 200),
    "the newer end with 2^63 members": lambda: _zip64(2**63, 0),
    "the newer end with a far start": lambda: _zip64(70_000, 2**63),
    "a path upwards": lambda: bytes(stored([("manifest.json", b"{}"), ("../x", b"")])),
    "a path from the root": lambda: bytes(stored([("manifest.json", b"{}"), ("/x", b"")])),
    "a path with a drive": lambda: bytes(stored([("manifest.json", b"{}"), ("c:x", b"")])),
    "a path with nothing": lambda: bytes(stored([("manifest.json", b"{}"), ("", b"")])),
    "a folder": lambda: bytes(stored([("manifest.json", b"{}"), ("report/", b"")])),
    "a name with a zero byte": lambda: bytes(stored([("manifest.json", b"{}"), ("x\x00", b"")])),
    "a name with a line end": lambda: bytes(stored([("manifest.json", b"{}"), ("x\n", b"")])),
    "a name twice": lambda: bytes(stored([("manifest.json", b"{}"), ("a", b""), ("a", b"")])),
    "the manifest twice": lambda: bytes(stored([("manifest.json", b"{}"), ("manifest.json", b"{}")])),
    "no manifest": lambda: bytes(stored([("a", b"")])),
    "evidence of two megabytes": lambda: bytes(
        stored([("manifest.json", b"{}"), ("logs/0/keys", bytes(MOST_EVIDENCE_BYTES + 1))])
    ),
    "another content": lambda: bytes(good().replace(b"how", b"wow").replace(b"wow-to", b"how-to")),
}


def test_the_frame_that_is_changed_here_is_right(tmp_path: Path) -> None:
    path = tmp_path / "good.zip"
    path.write_bytes(good())
    assert bytes(good()) == closed(GOOD, relist=False)
    assert everything(path) == GOOD


@pytest.mark.parametrize("name", HOSTILE)
def test_a_frame_that_is_anything_else_is_refused(tmp_path: Path, name: str) -> None:
    assert "\n" not in refused(tmp_path, HOSTILE[name]())


def test_every_byte_of_the_frame_counts(tmp_path: Path) -> None:
    body = good()
    for place in range(len(body)):
        for bit in (1, 0x80):
            wrong = bytearray(body)
            wrong[place] ^= bit
            refused(tmp_path, bytes(wrong))


def test_a_file_cut_or_grown_anywhere_is_refused(made: Made, tmp_path: Path) -> None:
    for length in range(0, len(made.body), 97):
        refused(tmp_path, made.body[:length])
    for place in range(0, len(made.body), 4_001):
        refused(tmp_path, made.body[:place] + b"\0" + made.body[place:])


def test_a_bundle_inside_another_file_is_refused(made: Made, tmp_path: Path) -> None:
    refused(tmp_path, b"#!/bin/sh\n" + made.body)
    refused(tmp_path, made.body + made.body)
    refused(tmp_path, made.body + b"\0" * 22)


def test_a_bomb_costs_nothing(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b"0" * 200_000_000)
    tracemalloc.start()
    refused(tmp_path, out.getvalue())
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20_000_000


@pytest.mark.parametrize("count", [65_535, 65_536, 100_000])
def test_very_many_members_are_read_or_refused_in_seconds(tmp_path: Path, count: int) -> None:
    files = {f"logs/0/x{number:06d}": b"" for number in range(count - 1)}
    path = tmp_path / "many.zip"
    path.write_bytes(closed({"manifest.json": b"{}"} | files, relist=False))
    start = time.monotonic()
    with Archive(path) as archive:
        assert len(archive.names) == count
    assert time.monotonic() - start < 60
    refused(tmp_path, path.read_bytes()[:-1] + b"\1")


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="directory"):
        Archive(tmp_path)
    with pytest.raises(OSError, match="No such file"):
        Archive(tmp_path / "none")
    assert opened(closed(GOOD, relist=False)) == GOOD
