"""`whosaw-verify`: green or red, and where. Reads files, writes to the terminal, opens no connection.

Exit codes: 0 green, 1 red, 2 wrong arguments or a file that can not be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from whosaw_client.notes import MOST_NOTE_BYTES, open_checkpoint, read_key, read_proof
from whosaw_client.report import Refused, Report, brief
from whosaw_client.text import shown
from whosaw_client.tree import leaf_hash, root_by_inclusion
from whosaw_client.verify import Older, verify_bundle

if TYPE_CHECKING:
    from collections.abc import Sequence

GREEN, RED, WRONG = 0, 1, 2
NOT_RELIABLE = (
    "Do not rely on this file. Keep it unchanged, and ask whoever made it for a new one. If that is red, too, show "
    "both and these lines to the privacy officer or the regulator."
)
OTHER_KEY = (
    "First make sure that the key is the one of this log: ask the privacy officer or the regulator, not the bundle. If "
    "it is, the file was not signed by this log: do not rely on it, and show it to them."
)


def main() -> None:
    """Run the command."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        # A terminal, or a file of another encoding, may not have every character of the outcome.
        reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Verify what the arguments name; print the outcome; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="whosaw-verify", description="Check a whosaw bundle, or one entry, offline. No connection is opened."
    )
    parser.add_argument("bundle", nargs="?", type=Path, help="the .zip that you were given")
    parser.add_argument(
        "--key", required=True, help="the log's verifier key, or a file that holds it; not from the bundle"
    )
    parser.add_argument("--since", type=Path, metavar="CHECKPOINT", help="a checkpoint that you kept from before")
    parser.add_argument("--consistency", type=Path, metavar="FILE", help="what ties that checkpoint to this one")
    parser.add_argument("--proof", type=Path, metavar="FILE", help="instead of a bundle: one .tlog-proof …")
    parser.add_argument("--entry", type=Path, metavar="FILE", help="… and the entry that it proves")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    try:
        wanted = parser.parse_args(arguments)
    except SystemExit as error:
        return WRONG if error.code else GREEN
    misfit = _misfit(wanted)
    if misfit:
        return _wrong(misfit)
    try:
        report = _verified(wanted)
    except Refused as error:
        return _wrong(str(error))
    except OSError as error:
        return _wrong(f"{shown(error.filename)}: {error.strerror}")
    except ValueError as error:
        return _wrong(f"a name of a file, or its text, can not be read: {shown(str(error))}")
    if wanted.json:
        sys.stdout.write(json.dumps(report.json()) + "\n")
    else:
        _show(report, wanted.bundle or wanted.entry)
    return GREEN if report.green else RED


def _misfit(wanted: argparse.Namespace) -> str:
    """Return what does not fit together in the arguments; empty if all does."""
    if (wanted.bundle is None) == (wanted.proof is None) or (wanted.proof is None) != (wanted.entry is None):
        return "expected a bundle, or --proof and --entry"
    if wanted.since is None and wanted.consistency is not None:
        return "expected --since CHECKPOINT with --consistency, which ties it to the bundle's"
    if wanted.proof is not None and wanted.since is not None:
        return "expected a bundle with --since: one entry's proof is of one checkpoint"
    return ""


def _verified(wanted: argparse.Namespace) -> Report:
    key = _key(wanted.key)
    if wanted.proof is not None:
        return verify_entry(_content(wanted.proof), _content(wanted.entry), key)
    since = None
    if wanted.since is not None:
        consistency = _content(wanted.consistency) if wanted.consistency is not None else None
        since = Older(_content(wanted.since), consistency)
    return verify_bundle(wanted.bundle, key, since)


def verify_entry(proof: bytes, entry: bytes, key: str) -> Report:
    """Check one entry by its proof file.

    Raises:
        Refused: The key is none.
    """
    trusted, report = read_key(key), Report()
    try:
        found = read_proof(proof, "the proof")
        checkpoint = open_checkpoint(found.note, trusted, "the proof's checkpoint")
        report.passed("checkpoint", "the proof", f"size {checkpoint.size}, signed by {trusted.name}")
    except Refused as error:
        report.failed("checkpoint", error)
        return report
    report.facts.update(log=checkpoint.origin, size=checkpoint.size, position=found.leaf_index + 1)
    if root_by_inclusion(found.leaf_index, checkpoint.size, leaf_hash(entry), found.path) == checkpoint.root:
        report.passed("inclusion", "the entry", f"position {found.leaf_index + 1} of {checkpoint.size}")
    else:
        report.failed("inclusion", Refused("the entry", f"the one at position {found.leaf_index + 1}", "another one"))
    return report


def _key(text: str) -> str:
    """Return the key, or what the file of that name holds."""
    if not text or ("+" in text and not Path(text).is_file()):
        return text
    return _content(Path(text)).decode("utf-8").strip()


def _content(path: Path) -> bytes:
    """Read a small file: whatever is larger is none of those that are asked for, and is refused by its reader."""
    with path.open("rb") as file:
        return file.read(MOST_NOTE_BYTES + 1)


def _show(report: Report, path: Path) -> None:
    colour = sys.stdout.isatty()
    word = "GREEN" if report.green else "RED"
    if colour:
        word = f"\033[1;{32 if report.green else 31}m{word}\033[0m"
    lines = [f"{word}  {brief(str(path))}"]
    for each in report.findings:
        if each.ok:
            lines.append(f"  ok   {each.code:<13} {each.where}: {each.found}")
        else:
            lines.append(f"  RED  {each.code:<13} {each.where}: expected {each.expected}; found {each.found}")
    lines += [f"  RED  {code:<13} and {count} more" for code, count in report.more.items()]
    lines += [f"  note {note}" for note in report.notes]
    if not report.green:
        lines.append(OTHER_KEY if report.has_failed("key") else NOT_RELIABLE)
    sys.stdout.write("\n".join(lines) + "\n")


def _wrong(line: str) -> int:
    sys.stderr.write(f"whosaw-verify: {line}\n")
    return WRONG
