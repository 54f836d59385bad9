"""The whole verification, check by check, in the order of the format's page."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from whosaw_client.account import check_account
from whosaw_client.archive import Archive
from whosaw_client.completeness import check_completeness
from whosaw_client.evidence import Entry, check_chain, check_inclusion, check_membership
from whosaw_client.manifest import NAME, check_digests, read_manifest
from whosaw_client.notes import open_checkpoint, read_consistency, read_key
from whosaw_client.report import Refused, Report
from whosaw_client.text import counted, shown
from whosaw_client.tree import extends

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from whosaw_client.manifest import Manifest
    from whosaw_client.notes import Checkpoint, Key

KNOWN = re.compile(
    r"manifest\.json|how-to-check\.txt|report/(?:account\.(?:json|pdf)|(?:holdings|disclosures|views)\.csv)"
    r"|logs/[0-9]+/(?:checkpoint|keys|heads\.json|entries/[0-9]{12}\.json|proofs/[0-9]{12}\.tlog-proof"
    r"|members/[0-9]{12}\.json|consistency/[0-9]{12}|timestamps/[a-z0-9-]+\.tsr)"
)


class Older:
    """A checkpoint that the verifier kept from before, and perhaps a file that ties it to newer ones."""

    def __init__(self, note: bytes, consistency: bytes | None = None) -> None:
        self.note = note
        self.consistency = consistency


def verify_bundle(path: Path, key: str, since: Older | None = None) -> Report:
    """Check a bundle.

    Args:
        path: The file; it is only read, and never held in memory as a whole.
        key: The log's verifier key, from somewhere else than the bundle.
        since: What was kept from before.

    Raises:
        Refused: The key is none; nothing was checked.
        OSError: The file can not be read.
    """
    trusted = read_key(key)
    report = Report()
    try:
        with Archive(path) as archive:
            for name in archive.names:
                if not KNOWN.fullmatch(name):
                    raise Refused(shown(name), "a file of the format", "one that it does not have")
            report.passed("archive", "the file", counted(len(archive.names), "file", "files"))
            _check(archive, trusted, since, report)
    except Refused as error:
        report.failed("archive", error)
    return report


def _check(archive: Archive, key: Key, since: Older | None, report: Report) -> None:
    with _noting("manifest", report):
        manifest = read_manifest(archive)
        report.passed("manifest", NAME, "whosaw-bundle/v1")
    if report.has_failed("manifest"):
        return
    report.facts.update(
        subject=manifest.subject, log=manifest.log, size=manifest.size, as_of=manifest.as_of, covers=manifest.covers,
        entries=manifest.entries,
    )  # fmt: skip
    check_digests(archive, manifest, report)
    place = f"{manifest.root}/checkpoint"
    with _noting("key", report):
        keys = _key(archive, manifest, key)
        report.passed("key", f"{manifest.root}/keys", f"{key.name}+{key.identifier.hex()}")
    if report.has_failed("key"):
        return
    with _noting("checkpoint", report):
        note = archive.read(place)
        checkpoint = open_checkpoint(note, key, place)
        if (checkpoint.origin, checkpoint.size) != (manifest.log, manifest.size):
            found = f"{checkpoint.size} of {checkpoint.origin}"
            raise Refused(place, f"size {manifest.size} of {manifest.log}", found)
        report.passed("checkpoint", place, f"size {checkpoint.size}, signed by {key.name}")
    if report.has_failed("checkpoint"):
        return
    entries = own = cohorts = list[Entry]()
    with _noting("inclusion", report):
        entries = check_inclusion(archive, manifest, checkpoint, report)
    with _noting("chain", report):
        own = check_chain(entries, manifest, report)
    with _noting("membership", report):
        cohorts = check_membership(archive, entries, manifest, report)
    with _noting("completeness", report):
        check_completeness(archive, manifest, entries, own, cohorts, report)
    with _noting("report", report):
        hers = sorted((*own, *cohorts), key=lambda each: each.position)
        check_account(archive, manifest, hers, note, report)
    if since is None:
        report.notes.append(
            "No older checkpoint was given (--since): that the log was not rewritten before this checkpoint is the "
            "word of whoever holds its key."
        )
        return
    with _noting("since", report):
        _since(archive, manifest, checkpoint, (key, *keys), since)
        report.passed("since", "the older checkpoint", "this log extends it")


@contextmanager
def _noting(code: str, report: Report) -> Generator[None]:
    """Note under a code what is refused within; a shape that no check thought of is refused, too."""
    try:
        yield
    except Refused as error:
        report.failed(code, error)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        report.failed(code, Refused("the bundle", "what the format says", f"something else ({type(error).__name__})"))


def _key(archive: Archive, manifest: Manifest, key: Key) -> list[Key]:
    """Check that the given key is one of the bundle's; return all of those."""
    place = f"{manifest.root}/keys"
    if key.name != manifest.log:
        raise Refused(place, f"the key of {key.name}, which was given", f"a bundle of {shown(manifest.log)}")
    try:
        lines = archive.read(place).decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise Refused(place, "verifier keys, one a line", "other bytes") from error
    if lines[-1] or not lines[:-1]:
        raise Refused(place, "verifier keys, one a line", "something else")
    keys = [read_key(line, place) for line in lines[:-1]]
    if key not in keys:
        raise Refused(place, f"the key that was given, {key.identifier.hex()}", "others only")
    return keys


def _since(archive: Archive, manifest: Manifest, checkpoint: Checkpoint, keys: Sequence[Key], since: Older) -> None:
    """Check that the bundle's checkpoint extends the older one.

    Args:
        archive: The bundle.
        manifest: Its manifest.
        checkpoint: Its checkpoint, signed by the first key.
        keys: The one that was given, then those of the bundle: before a rotation, another one of them signed. Whoever
            gives the older checkpoint has kept it, so what counts is that this one is proven to extend it.
        since: What was kept.
    """
    place, key = "the older checkpoint", keys[0]
    older = _kept(since.note, keys, place)
    if older.origin != checkpoint.origin:
        raise Refused(place, f"one of {checkpoint.origin}", older.origin)
    if older.size == checkpoint.size:
        if older.root != checkpoint.root:
            raise Refused(place, "the same root for the same size", "another one: the log was forked")
        return
    if older.size > checkpoint.size:
        _newer(older, checkpoint, key, since)
        return
    name = f"{manifest.root}/consistency/{older.size:012d}"
    if name in archive.names:
        file = read_consistency(archive.read(name), name)
    elif since.consistency is not None:
        name = "the consistency file"
        file = read_consistency(since.consistency, name)
    else:
        raise Refused(place, f"a consistency file for size {older.size}, in the bundle or given beside it", "none")
    proven = open_checkpoint(file.note, key, name)
    if file.old != older.size or proven.size != checkpoint.size or proven.root != checkpoint.root:
        raise Refused(name, f"from {older.size} to {checkpoint.size}", f"from {file.old} to {proven.size}")
    if not extends(older.size, older.root, checkpoint.size, checkpoint.root, file.path):
        raise Refused(
            name, "a proof that the log extends the older checkpoint", "one that does not: the log was forked"
        )


def _kept(note: bytes, keys: Sequence[Key], place: str) -> Checkpoint:
    """Return what a note says that one of these keys signed."""
    for key in keys[1:]:
        try:
            return open_checkpoint(note, key, place)
        except Refused:
            continue
    return open_checkpoint(note, keys[0], place)


def _newer(older: Checkpoint, checkpoint: Checkpoint, key: Key, since: Older) -> None:
    """Check that a bundle made before the checkpoint at hand is of the same log."""
    place = "the older checkpoint"
    if since.consistency is None:
        found = f"one of {older.size}, which is later: give --consistency from {checkpoint.size} to it"
        raise Refused(place, f"a size of at most {checkpoint.size}", found)
    file = read_consistency(since.consistency, "the consistency file")
    proven = open_checkpoint(file.note, key, "the consistency file")
    if (file.old, proven.size, proven.root) != (checkpoint.size, older.size, older.root):
        raise Refused(
            "the consistency file", f"from {checkpoint.size} to {older.size}", f"from {file.old} to {proven.size}"
        )
    if not extends(checkpoint.size, checkpoint.root, older.size, older.root, file.path):
        raise Refused("the consistency file", "a proof that the later checkpoint extends this one", "one that does not")
