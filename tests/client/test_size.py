"""A large bundle: verified one file at a time, so that memory grows with the report and not with the evidence."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

from whosaw_client.verify import verify_bundle

from bench import verify

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 1_500


def test_thousands_of_entries_are_verified_within_a_few_times_the_files_size(tmp_path: Path) -> None:
    path = tmp_path / "large.zip"
    verify.bundle(path, COUNT)
    tracemalloc.start()
    report = verify_bundle(path, verify.VERIFIER_KEY)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert report.green, report.findings
    assert most < 8 * path.stat().st_size
    assert verify.bundles(tmp_path, 50, 1)[0].runs == 1


def test_many_failures_are_counted_and_not_listed(tmp_path: Path) -> None:
    path = tmp_path / "large.zip"
    verify.bundle(path, COUNT)
    body = path.read_bytes().replace(b'"sequence":1', b'"sequence":2')
    path.write_bytes(body)
    report = verify_bundle(path, verify.VERIFIER_KEY).json()
    assert report["verdict"] == "red"
    assert len(report["checks"]) < 1_300
    assert report["more"]["digests"] > 0
