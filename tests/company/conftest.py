"""The sample company's events at scale 1, made once."""

from __future__ import annotations

from typing import Any, cast

import pytest

from examples.company.company import events


@pytest.fixture(scope="session")
def sample() -> list[dict[str, Any]]:
    """All of them, in order of time; not to be changed."""
    return cast("list[dict[str, Any]]", list(events()))
