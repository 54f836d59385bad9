"""A ledger's keys, and its database with one log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ledger import Keys
from ledger.migrate import create_logs
from tests.outside.test_outside import NAME

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def keys(database: str, tmp_path: Path) -> Keys:
    create_logs(database, NAME, 1)
    return Keys.create(tmp_path / "keys", NAME, 1)
