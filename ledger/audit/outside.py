"""What others hold: signed notes in a folder, each of which this log must extend."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ledger.audit.found import Finding, Kind, short
from ledger.audit.notes import TEXT, Reader, Unsound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ledger.audit.log import Log

SUFFIX = ".checkpoint"
MOST_BYTES = 1 << 20
"""A larger file is no note."""


class Paper(NamedTuple):
    """A signed note from outside."""

    path: str
    origin: str
    """Empty if it is none."""
    size: int
    """As it says, unchecked; 0 if it is none."""
    content: bytes


class Papers:
    """A folder's notes, at any depth."""

    def __init__(self, folder: Path) -> None:
        """Read them.

        Raises:
            OSError: A file can not be read.
        """
        self.all = list(_papers(folder))

    def of(self, origin: str) -> list[Paper]:
        """Return the notes of one log."""
        return [paper for paper in self.all if paper.origin == origin]

    def strange(self, origins: set[str]) -> list[Paper]:
        """Return the files that should be a checkpoint of one of these logs, and are none."""
        return [paper for paper in self.all if paper.path.endswith(SUFFIX) and paper.origin not in origins]


def _papers(folder: Path) -> Iterator[Paper]:
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name.startswith(".") or path.stat().st_size > MOST_BYTES:
            continue
        content = path.read_bytes()
        text, blank, _ = content.partition(b"\n\n")
        found = TEXT.fullmatch(text + b"\n") if blank else None
        if found is not None or path.suffix == SUFFIX:
            origin = found[1].decode(errors="replace") if found is not None else ""
            size = int(found[2]) if found is not None else 0
            yield Paper(str(path.relative_to(folder)), origin, size, content)


def check_papers(
    log: Log, papers: list[Paper], top: int, stated: Mapping[int, bytes], root_at: Callable[[int], bytes]
) -> list[Finding]:
    """Compare a log with the notes that others hold of it.

    Args:
        log: Which.
        papers: The notes.
        top: Its last position.
        stated: Size → root, as the log's own checkpoints say. One that says what the paper says is no other history:
            if the entries do not lead to it, that has been found without the paper.
        root_at: Returns the root of its first entries.
    """
    findings: list[Finding] = []
    reader = Reader(log.verifiers)
    for paper in papers:
        try:
            note = reader.read(paper.content, others=True)
        except Unsound as error:
            kind = Kind.OTHER_KEY if error.foreign else Kind.CHECKPOINT_EDITED
            findings.append(Finding(log.log_id, 0, kind, paper.path, "a note signed by this log's key", str(error)))
            continue
        if note.size > top:
            expected = f"at least {note.size} entries"
            findings.append(Finding(log.log_id, top + 1, Kind.OLD_BACKUP, paper.path, expected, str(top)))
        elif stated.get(note.size) != note.root and (root := root_at(note.size)) != note.root:
            expected = f"the root {short(note.root)}"
            findings.append(Finding(log.log_id, note.size, Kind.CHECKPOINT_FORKED, paper.path, expected, short(root)))
    return findings
