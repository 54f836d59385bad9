"""The frozen bundles: both verifiers say of each what was said when it was made."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from whosaw_client.verify import Older, verify_bundle

FOLDER = Path(__file__).parents[1] / "vectors" / "bundles"
KNOWN: dict[str, Any] = (
    json.loads((FOLDER / "bundles.json").read_text()) if FOLDER.joinpath("bundles.json").exists() else {}
)


def test_nothing_was_made_again() -> None:
    assert len(KNOWN["bundles"]) > 20
    assert {path.name for path in FOLDER.glob("*.zip")} == set(KNOWN["bundles"])
    for name, known in KNOWN["bundles"].items():
        assert sha256((FOLDER / name).read_bytes()).hexdigest() == known["sha256"]


@pytest.mark.parametrize("name", KNOWN.get("bundles", ()))
def test_a_frozen_bundle_is_what_it_was(name: str) -> None:
    known = KNOWN["bundles"][name]
    since = Older((FOLDER / known["since"]).read_bytes()) if known["since"] else None
    report = verify_bundle(FOLDER / name, KNOWN["key"], since).json()
    assert report["verdict"] == known["verdict"]
    assert sorted({each["code"] for each in report["checks"] if not each["ok"]}) == known["failing"]
