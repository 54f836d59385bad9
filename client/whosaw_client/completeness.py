"""That nothing was left out: her stream's last entry, and her number of cohorts, as the newest snapshot has them."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from whosaw_client.report import Refused
from whosaw_client.text import base64, counted, document, is_object, member, objects, same, shown, whole
from whosaw_client.tree import leaf_hash, root_by_inclusion

if TYPE_CHECKING:
    from whosaw_client.archive import Archive
    from whosaw_client.evidence import Entry
    from whosaw_client.manifest import Manifest
    from whosaw_client.report import Report

SNAPSHOT = "ledger.heads", "/whosaw/ledger"
"""An emitter may state the type, too, but only under a source of its own."""
STREAM, COHORTS = b"whosaw/stream/v1", b"whosaw/cohorts/v1"
PRESENT = {"kind", "id", "number", "hash", "index", "path"}
ABSENT = {"kind", "id", "absent"}
BESIDE = {"label", "number", "hash", "index", "path"}


def check_completeness(
    archive: Archive, manifest: Manifest, entries: list[Entry], own: list[Entry], cohorts: list[Entry], report: Report
) -> None:
    """Compare what is in the bundle with what the snapshot says there is."""
    place = f"{manifest.root}/heads.json"
    if manifest.covers is None or manifest.snapshot is None:
        if place in archive.names:
            report.failed("completeness", Refused("manifest.json, completeness", "the snapshot in heads.json", "null"))
            return
        report.notes.append(
            "The bundle has no proof of completeness, as one made before the log's first snapshot: no entry of hers is "
            "missing between the first and the last one, but that there are no later ones, and none about several "
            "people, is not proven. If you expected one, ask for another bundle."
        )
        return
    covers = manifest.covers
    try:
        heads = _Heads(archive, manifest, entries, place)
        within = [each for each in own if each.position <= covers]
        heads.check_stream(within)
        heads.check_cohorts([each for each in cohorts if each.position <= covers])
    except Refused as error:
        report.failed("completeness", error)
        return
    report.passed("completeness", place, f"all entries up to position {covers} are here")
    later = sum(each.position > covers for each in (*own, *cohorts))
    report.notes.append(
        f"After position {covers}, where the newest snapshot ends, up to {manifest.as_of}, {counted(later)} of hers: "
        "that there are no more is not proven until the next snapshot."
    )


class _Heads:
    """heads.json, compared with the snapshot's entry in the log."""

    def __init__(self, archive: Archive, manifest: Manifest, entries: list[Entry], place: str) -> None:
        found = document(archive.read(place), place)
        if set(found) != {"snapshot", "covers", "streams", "root", "heads"}:
            raise Refused(place, "snapshot, covers, streams, root, heads", shown(sorted(found)))
        entry = next((each for each in entries if each.position == manifest.snapshot), None)
        if entry is None or (entry.members.get("type"), entry.members.get("source")) != SNAPSHOT:
            raise Refused(
                f"{manifest.root}/entries", f"the snapshot's entry at {manifest.snapshot}", "none that is proven"
            )
        data = member(entry.members, "data", entry.path, dict)
        stated = [data.get("log"), data.get("covers"), data.get("streams"), data.get("root")]
        if not same(stated, [manifest.log, manifest.covers, found["streams"], found["root"]]):
            raise Refused(place, f"what {entry.path} says", shown([found["streams"], found["root"]]))
        if not same([found["snapshot"], found["covers"]], [manifest.snapshot, manifest.covers]):
            raise Refused(place, "what manifest.json says", shown([found["snapshot"], found["covers"]]))
        self.place = place
        self.subject = manifest.subject
        self.size = whole(found["streams"], place, 1)
        self.root = base64(found["root"], place)
        heads = objects(found, "heads", place)
        kinds = [each.get("kind") for each in heads]
        if kinds != ["stream", "cohorts"]:
            raise Refused(place, "two heads: stream, cohorts", shown(kinds))
        self.heads = {"stream": heads[0], "cohorts": heads[1]}

    def check_stream(self, entries: list[Entry]) -> None:
        """Compare her stream's entries with its head."""
        found = self._head("stream", STREAM)
        here = (len(entries), entries[-1].leaf if entries else None)
        if found is None:
            if entries:
                raise Refused(self.place, f"a head of {counted(len(entries))}", "a proof that there is no such stream")
        elif found != here:
            raise Refused(
                entries[-1].path if entries else self.place,
                f"{counted(found[0])} of her stream, as the snapshot says",
                f"{here[0]}, or another last one",
            )

    def check_cohorts(self, entries: list[Entry]) -> None:
        """Compare the entries about several people with the chain over their positions."""
        chain = bytes(32)
        for each in entries:
            chain = sha256(COHORTS + chain + each.position.to_bytes(8)).digest()
        found = self._head("cohorts", COHORTS)
        if (found or (0, bytes(32))) != (len(entries), chain):
            raise Refused(
                self.place,
                f"{counted(found[0] if found else 0)} about several people, as the snapshot says",
                f"{len(entries)}, or others",
            )

    def _head(self, kind: str, label: bytes) -> tuple[int, bytes] | None:
        """Return number and hash of a head that is proven, or None when its absence is."""
        head = self.heads[kind]
        where = f"{self.place}, {kind}"
        if head.get("id") != self.subject:
            raise Refused(where, f"of {self.subject}", shown(head.get("id")))
        wanted = sha256(label + bytes.fromhex(self.subject)).digest()
        if set(head) == PRESENT:
            self._leaf(wanted, head, where)
            return whole(head["number"], where, 1), base64(head["hash"], where)
        if set(head) != ABSENT or not is_object(head["absent"]) or set(head["absent"]) != {"left", "right"}:
            raise Refused(where, "a leaf, or the neighbours of an absent one", shown(sorted(head)))
        left, right = (self._beside(head["absent"][side], f"{where}, {side}") for side in ("left", "right"))
        after = -1 if left is None else left[1]
        before = self.size if right is None else right[1]
        if before != after + 1 or (left and left[0] >= wanted) or (right and right[0] <= wanted):
            raise Refused(where, "two neighbours with her label between them", "others")
        return None

    def _beside(self, leaf: Any, where: str) -> tuple[bytes, int] | None:
        """Return label and index of a neighbour that is proven, or None at the edge."""
        if leaf is None:
            return None
        if not is_object(leaf) or set(leaf) != BESIDE:
            raise Refused(where, ", ".join(sorted(BESIDE)), shown(leaf))
        label = base64(leaf["label"], where)
        self._leaf(label, leaf, where)
        return label, leaf["index"]

    def _leaf(self, label: bytes, leaf: dict[str, Any], where: str) -> None:
        data = label + whole(leaf["number"], where, 1).to_bytes(8) + base64(leaf["hash"], where)
        path = [base64(each, where) for each in member(leaf, "path", where, list)]
        if root_by_inclusion(whole(leaf["index"], where), self.size, leaf_hash(data), path) != self.root:
            raise Refused(where, "a leaf under the snapshot's root", "one that is not")
