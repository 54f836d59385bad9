"""Measuring snapshots, at its smallest: each is made, from scratch and out of the one before."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bench import scene, snapshot
from bench.append import GROUP
from ledger import Ledger

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_snapshots_are_measured(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene, "Ledger", partial(Ledger, durable=False))
    found = snapshot.snapshots(server, tmp_path, GROUP, GROUP, 1)
    assert [row.runs for row in found] == [1, 1, 1]
    assert all(min(row.ours, row.limit) > 0 for row in found)
