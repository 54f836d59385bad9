"""The entries: each under the checkpoint, hers a chain without a hole, and those about several with her among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from whosaw_client.notes import read_proof
from whosaw_client.report import Refused
from whosaw_client.text import base64, counted, document, encoded, hexadecimal, is_object, member, same, shown, whole
from whosaw_client.tree import leaf_hash, root_by_inclusion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whosaw_client.archive import Archive
    from whosaw_client.manifest import Manifest
    from whosaw_client.notes import Checkpoint
    from whosaw_client.report import Report

DIGITS = 12
MEMBER = ("subject", "ordinal", "size", "salt", "role", "envelope", "path")
SALT_BYTES = 16
MOST_ROLE_BYTES = 255


class Entry(NamedTuple):
    """One entry of the bundle."""

    position: int
    path: str
    """Its file."""
    leaf: bytes
    members: dict[str, Any]

    @property
    def mine(self) -> bool:
        """Whether it is of the subject's own stream or about several; a snapshot is neither."""
        return self.members.get("type") != "ledger.heads"


def check_inclusion(archive: Archive, manifest: Manifest, checkpoint: Checkpoint, report: Report) -> list[Entry]:
    """Check every entry's proof; return those that are proven, by position."""
    note = archive.read(f"{manifest.root}/checkpoint")
    entries: list[Entry] = []
    for name in archive.names:
        if name.startswith(f"{manifest.root}/entries/"):
            try:
                entries.append(_entry(archive, manifest, checkpoint, note, name))
            except Refused as error:
                report.failed("inclusion", error)
    proofs = sum(name.startswith(f"{manifest.root}/proofs/") for name in archive.names)
    found = sum(name.startswith(f"{manifest.root}/entries/") for name in archive.names)
    if (found, proofs) != (manifest.entries, manifest.entries):
        report.failed(
            "inclusion",
            Refused(
                f"{manifest.root}/entries", f"{counted(manifest.entries)}, with as many proofs", f"{found} and {proofs}"
            ),
        )
    if not report.has_failed("inclusion"):
        report.passed("inclusion", f"{manifest.root}/entries", f"{counted(len(entries))} under size {checkpoint.size}")
    return entries


def _entry(archive: Archive, manifest: Manifest, checkpoint: Checkpoint, note: bytes, name: str) -> Entry:
    stem = name.rpartition("/")[2].removesuffix(".json")
    if len(stem) != DIGITS or not stem.isdigit() or not name.endswith(".json"):
        raise Refused(name, f"a name of {DIGITS} digits", shown(stem))
    position = int(stem)
    content = archive.read(name)
    members = document(content, name)
    if not same([members.get("log"), members.get("position")], [manifest.log, position]):
        raise Refused(
            name, f"position {position} of {manifest.log}", shown([members.get("log"), members.get("position")])
        )
    place = f"{manifest.root}/proofs/{stem}.tlog-proof"
    proof = read_proof(archive.read(place), place)
    if proof.leaf_index != position - 1:
        raise Refused(place, f"index {position - 1}", str(proof.leaf_index))
    if proof.note != note:
        raise Refused(place, f"the checkpoint in {manifest.root}/checkpoint", "another one")
    leaf = leaf_hash(content)
    if root_by_inclusion(proof.leaf_index, checkpoint.size, leaf, proof.path) != checkpoint.root:
        raise Refused(name, "an entry that its proof leads from to the checkpoint's root", "one that it does not")
    return Entry(position, name, leaf, members)


def check_chain(entries: list[Entry], manifest: Manifest, report: Report) -> list[Entry]:
    """Check that her stream's entries are numbered from 1 and each names the one before; return them."""
    own = [each for each in entries if each.members.get("stream") == manifest.subject]
    previous = b""
    for number, each in enumerate(own, 1):
        try:
            if not same(each.members.get("sequence"), number):
                raise Refused(
                    each.path, f"sequence {number} of stream {manifest.subject}", shown(each.members.get("sequence"))
                )
            stated = member(each.members, "previous", each.path, str)
            if base64(stated, each.path, None) != previous:
                before = f"entry {number - 1} of the stream" if previous else "nothing before it"
                raise Refused(each.path, f"the hash of {before}", shown(stated))
            if each.position > manifest.as_of:
                raise Refused(each.path, f"entries up to position {manifest.as_of}", str(each.position))
        except Refused as error:
            report.failed("chain", error)
            break
        previous = each.leaf
    if len(own) != manifest.own:
        report.failed(
            "chain", Refused("manifest.json, streams", f"{counted(manifest.own)} of the stream", str(len(own)))
        )
    if not report.has_failed("chain"):
        report.passed("chain", f"stream {manifest.subject}", f"{counted(len(own))}, none missing before the last")
    return own


def check_membership(archive: Archive, entries: list[Entry], manifest: Manifest, report: Report) -> list[Entry]:
    """Check that she is among those whom each entry about several is about; return those entries."""
    cohorts: list[Entry] = []
    for each in _others(entries, manifest):
        try:
            _member(archive, each, manifest)
        except Refused as error:
            report.failed("membership", error)
            continue
        cohorts.append(each)
        if each.position in manifest.erased:
            report.notes.append(
                f"{each.path}: others of this entry were erased, so that she is one of it can not be proven any more."
            )
    rows = {name for name in archive.names if name.startswith(f"{manifest.root}/members/")}
    for name in sorted(rows - {_row(each, manifest) for each in cohorts}):
        report.failed("membership", Refused(name, "the row of an entry about several", "one of no such entry"))
    for position in sorted(manifest.erased - {each.position for each in cohorts}):
        found = f"one at {position}, which is none of them"
        report.failed("membership", Refused("manifest.json, erased", "entries about several people", found))
    if not report.has_failed("membership"):
        report.passed("membership", f"{manifest.root}/members", f"{counted(len(cohorts))} about several people")
    return cohorts


def _others(entries: list[Entry], manifest: Manifest) -> Iterator[Entry]:
    for each in entries:
        snapshot = each.position == manifest.snapshot and each.members.get("type") == "ledger.heads"
        if each.members.get("stream") != manifest.subject and not snapshot:
            yield each


def _row(entry: Entry, manifest: Manifest) -> str:
    return f"{manifest.root}/members/{entry.position:0{DIGITS}d}.json"


def _member(archive: Archive, entry: Entry, manifest: Manifest) -> None:
    cohort = entry.members.get("cohort")
    if not is_object(cohort) or set(cohort) != {"size", "root"}:
        raise Refused(entry.path, "an entry of her stream, or one about several people", "neither")
    if entry.position > manifest.as_of:
        raise Refused(entry.path, f"entries up to position {manifest.as_of}", str(entry.position))
    place = _row(entry, manifest)
    if entry.position in manifest.erased:
        if place in archive.names:
            raise Refused(place, "no row, as manifest.json says that it was erased", "one")
        return
    row = document(archive.read(place), place)
    if set(row) != set(MEMBER) or row["subject"] != manifest.subject:
        raise Refused(place, f"her row: {', '.join(MEMBER)}", shown(sorted(row)))
    size = whole(cohort["size"], entry.path, 1)
    role = encoded(member(row, "role", place, str), f"{place}, role")
    if len(role) > MOST_ROLE_BYTES or whole(row["size"], place, 1) != size:
        raise Refused(place, f"a cohort of {size}", shown(row["size"]))
    envelope = b"" if row["envelope"] is None else base64(row["envelope"], place, None)
    if row["envelope"] == "":
        raise Refused(place, "an envelope, or null", "an empty one")
    salt = base64(row["salt"], place, SALT_BYTES)
    leaf = leaf_hash(salt + hexadecimal(row["subject"], place, 16) + bytes((len(role),)) + role + envelope)
    path = [base64(each, place) for each in member(row, "path", place, list)]
    if root_by_inclusion(whole(row["ordinal"], place), size, leaf, path) != base64(cohort["root"], entry.path):
        raise Refused(place, f"a row under the root in {entry.path}", "one that is not")
