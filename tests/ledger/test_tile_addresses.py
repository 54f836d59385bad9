"""How a tile's address is written and read, and which tiles a size has: the vectors of the specification.

Source: C2SP tlog-tiles.
"""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tiles import Address, addresses, parse, write


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (Address(0, 0), "tile/0/000"),
        (Address(0, 1), "tile/0/001"),
        (Address(0, 273), "tile/0/273"),
        (Address(0, 315_921_152 // 256), "tile/0/x001/x234/067"),
        (Address(0, 0, 5), "tile/0/000.p/5"),
        (Address(1, 0, 1), "tile/1/000.p/1"),
        (Address(2, 999), "tile/2/999"),
        (Address(2, 1_000), "tile/2/x001/000"),
        (Address(None, 0, 5), "tile/entries/000.p/5"),
        (Address(None, 1_234_067), "tile/entries/x001/x234/067"),
    ],
)
def test_an_address_is_written_as_the_specification_says_and_read_back(address: Address, text: str) -> None:
    assert write(address) == text
    assert parse(text) == address


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, []),
        (5, ["tile/0/000.p/5"]),
        (256, ["tile/0/000", "tile/1/000.p/1"]),
        (257, ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]),
    ],
)
def test_a_size_has_the_tiles_of_the_vectors(size: int, expected: list[str]) -> None:
    assert [write(each) for each in addresses(size) if each.level is not None] == expected


def test_seventy_thousand_entries_have_the_tiles_of_the_vectors() -> None:
    found = [write(each) for each in addresses(70_000) if each.level is not None]
    assert found[:273] == [f"tile/0/{index:03}" for index in range(273)]
    assert found[273:] == ["tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]
    assert Address(0, 273, 112).leaves == 70_000


@given(st.one_of(st.none(), st.integers(0, 63)), st.integers(0, 10**21 - 1), st.integers(1, 256))
def test_every_address_comes_back(level: int | None, index: int, width: int) -> None:
    address = Address(level, index, width)
    assert parse(write(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "", "tile", "tile/", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/1", "tile/00/000",
        "tile/01/000", "tile/64/000", "tile/99/000", "tile/100/000", "tile/-1/000", "tile/+1/000", "tile/x/000",
        "tile/0/x000/001", "tile/0/x001/x000", "tile/0/001/000", "tile/0/x01/000", "tile/0/X001/000", "tile/0/x001",
        "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/257", "tile/0/000.p/01", "tile/0/000.p/", "tile/0/000.p",
        "tile/0/000.p/5/", "tile/0/000.p/-5", "tile/0/000.p/1000", "tile/0/000/5", "tile/0/000.P/5", "tile/0/000 ",
        " tile/0/000", "tile/0/000\n", "tile/0/000.p/5\n", "/tile/0/000", "tile//000", "tile/0//000", "tile/0/0٣0",
        "tile/٣/000", "tile/0/../000", "tile/0/%30%30%30", "tile/8/0/000", "tile/8/data/000", "tile/data/000",
        "tile/entries/0", "tile/entries/x000/001", "tile/entries/000.p/256", "Tile/0/000", "tile/0/000?x", "tile/0/0x0",
        "tile/0/" + "x001/" * 7 + "000", "tile/0/" + "9" * 5_000,
    ],
)  # fmt: skip
def test_no_other_spelling_is_an_address(text: str) -> None:
    with pytest.raises(ValueError, match="expected tile/<level>/<index>"):
        parse(text)


@given(st.text(alphabet="tile/entris0123456789x.p", max_size=40))
def test_whatever_is_read_as_an_address_is_its_only_spelling(text: str) -> None:
    with suppress(ValueError):
        assert write(parse("tile/" + text)) == "tile/" + text
