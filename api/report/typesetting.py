"""Runs typst on a document, in a process of its own.

A hostile or giant account may take that process down, never the one that serves. Nothing personal
touches the disk: text goes in through standard input, the PDF comes back through standard output,
and the process sees one empty directory.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from importlib.resources import files
from tempfile import TemporaryDirectory
from threading import BoundedSemaphore

import msgspec

from api.report import typesetter
from api.report.document import Printable
from api.report.errors import ReportBusy, ReportFailed

LARGEST_ACCOUNT_BYTES = 32 * 1024 * 1024
"""Of the attached JSON: some 50,000 disclosures of one person."""

LONGEST_SECONDS = 60.0
"""Until a document is given up, and until a caller that waits for a slot is."""

SLOTS = max(1, min(4, os.cpu_count() or 1))
"""Documents that are typeset at the same time in this process."""

_slots = BoundedSemaphore(SLOTS)

_REASONS = {
    typesetter.UNPRINTABLE: "unprintable",
    typesetter.REFUSED: "refused",
    typesetter.OUT_OF_MEMORY: "memory",
}


@cache
def _template() -> str:
    return files("api.report").joinpath("report.typ").read_text("utf-8")


def typeset(document: Printable, attachment: bytes) -> bytes:
    """Return the PDF of the document with the attachment in it.

    Raises:
        ReportBusy: No slot became free within `LONGEST_SECONDS`. Retry later.
        ReportFailed: The process ended without a document.
    """
    order = {
        "created": document.created,
        "files": {
            "main.typ": _template(),
            "content.json": document.content.decode(),
            "account.json": attachment.decode(),
        },
    }
    if not _slots.acquire(timeout=LONGEST_SECONDS):
        raise ReportBusy(f"{SLOTS} reports were being made for {LONGEST_SECONDS:.0f} s")
    try:
        with TemporaryDirectory(prefix="report-") as empty:
            return _run(msgspec.json.encode(order), empty)
    finally:
        _slots.release()


def _run(order: bytes, empty: str) -> bytes:
    try:
        done = subprocess.run(
            [sys.executable, "-P", typesetter.__file__],
            input=order,
            capture_output=True,
            cwd=empty,
            env=_environment(empty),
            timeout=LONGEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        # `run` has killed and reaped the process. The context must not reach a log: it holds input.
        raise ReportFailed("time") from None
    if done.returncode == 0 and done.stdout.startswith(b"%PDF-"):
        return done.stdout
    if done.returncode in _REASONS:
        raise ReportFailed(_REASONS[done.returncode])
    # The rest are signals: the kernel at the CPU limit, the allocator at the memory limit.
    raise ReportFailed("time" if done.returncode == -typesetter.SIGXCPU else "memory")


def _environment(empty: str) -> dict[str, str]:
    """Return what the process may know: no secrets of ours, where modules lie, and its directory."""
    kept = {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    return {**kept, "HOME": empty, "TMPDIR": empty, "LC_ALL": "C.UTF-8", "RAYON_NUM_THREADS": "1"}
