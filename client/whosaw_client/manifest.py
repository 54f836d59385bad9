"""manifest.json: what is in the bundle, and what it claims to be. Closed: a member that is not known is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from whosaw_client.report import Refused
from whosaw_client.text import counted, document, hexadecimal, is_array, is_object, member, same, shown, whole

if TYPE_CHECKING:
    from whosaw_client.archive import Archive
    from whosaw_client.report import Report

FORMAT = "whosaw-bundle/v1"
NAME = "manifest.json"
REQUIRED = (
    "format", "software", "ledger", "scope", "filters", "language", "as_of", "logs", "streams", "completeness",
    "erased", "files",
)  # fmt: skip
ALLOWED = frozenset((*REQUIRED, "withheld"))
DIGEST_BYTES = 32
ID_BYTES = 16


class Manifest(NamedTuple):
    """What a manifest says, as far as checks read it."""

    subject: str
    """32 hexadecimal digits."""
    log_id: int
    log: str
    """The log's origin."""
    as_of: int
    time: str
    """When the entry at `as_of` was recorded."""
    language: str
    size: int
    """Of the checkpoint."""
    entries: int
    """In the bundle."""
    own: int
    """Entries of the subject's stream up to `as_of`."""
    snapshot: int | None
    """Position of the heads snapshot's entry."""
    covers: int | None
    erased: frozenset[int]
    """Positions of cohort entries whose membership can not be proven any more."""
    files: dict[str, tuple[int, str]]
    """Path → bytes, SHA-256."""

    @property
    def root(self) -> str:
        """The folder of the log."""
        return f"logs/{self.log_id}"


def read_manifest(archive: Archive) -> Manifest:
    """Read the manifest.

    Raises:
        Refused: It is not of the format.
    """
    found = document(archive.read(NAME), NAME)
    if found.get("format") != FORMAT:
        raise Refused(f"{NAME}, format", FORMAT, shown(found.get("format")))
    _closed(found, REQUIRED, ALLOWED, NAME)
    scope = member(found, "scope", NAME, dict)
    if scope.get("kind") != "account" or set(scope) != {"kind", "subject"}:
        raise Refused(f"{NAME}, scope", "an account of one subject", shown(scope))
    hexadecimal(scope["subject"], f"{NAME}, scope, subject", ID_BYTES)
    as_of = member(found, "as_of", NAME, dict)
    _closed(as_of, ("log_id", "log", "position", "time"), frozenset(("log_id", "log", "position", "time")), NAME)
    logs, streams = member(found, "logs", NAME, list), member(found, "streams", NAME, list)
    if len(logs) != 1 or len(streams) != 1:
        raise Refused(NAME, "one log and one stream", f"{len(logs)} and {len(streams)}")
    (log,), (stream,) = logs, streams
    _closed(log, ("log_id", "origin", "size", "entries"), frozenset(("log_id", "origin", "size", "entries")), NAME)
    _closed(stream, ("log_id", "stream", "entries"), frozenset(("log_id", "stream", "entries")), NAME)
    log_id = whole(as_of["log_id"], f"{NAME}, as_of, log_id")
    if not same([log["log_id"], stream["log_id"], log["origin"]], [log_id, log_id, as_of["log"]]):
        raise Refused(NAME, "one log everywhere", shown([log["log_id"], stream["log_id"], log["origin"]]))
    if stream["stream"] != scope["subject"]:
        raise Refused(f"{NAME}, streams", "the subject's own stream", shown(stream["stream"]))
    position = whole(as_of["position"], f"{NAME}, as_of, position", 1)
    size = whole(log["size"], f"{NAME}, logs, size", position)
    snapshot, covers = _completeness(found["completeness"], log_id, position)
    return Manifest(
        scope["subject"], log_id, member(as_of, "log", NAME, str), position, member(as_of, "time", NAME, str),
        member(found, "language", NAME, str), size,
        whole(log["entries"], f"{NAME}, logs, entries"), whole(stream["entries"], f"{NAME}, streams, entries"),
        snapshot, covers, _erased(found["erased"]), _files(member(found, "files", NAME, list)),
    )  # fmt: skip


def check_digests(archive: Archive, manifest: Manifest, report: Report) -> None:
    """Compare every file with the manifest, and the files with those that it lists."""
    there = set(archive.names) - {NAME}
    for path in sorted(there ^ set(manifest.files)):
        listed = path in manifest.files
        report.failed(
            "digests", Refused(path, "a file that is listed and there", "listed only" if listed else "there only")
        )
    # Nothing else looks there, so nothing that lies there may look as if it were proven.
    for path in sorted(each for each in there if each.startswith("logs/") and not each.startswith(f"{manifest.root}/")):
        report.failed("digests", Refused(path, f"a file in {manifest.root}", "one in another log's folder"))
    for path in sorted(there & set(manifest.files)):
        size, digest = manifest.files[path]
        try:
            found = archive.digest(path)
        except Refused as error:
            report.failed("digests", error)
            continue
        if found != (size, digest):
            report.failed(
                "digests", Refused(path, f"{size} bytes, SHA-256 {digest}", f"{found[0]} bytes, SHA-256 {found[1]}")
            )
    if not report.has_failed("digests"):
        report.passed("digests", NAME, counted(len(there), "file", "files"))


def _completeness(value: Any, log_id: int, as_of: int) -> tuple[int | None, int | None]:
    if value is None:
        return None, None
    where = f"{NAME}, completeness"
    if not is_object(value) or set(value) != {"log_id", "snapshot", "covers"} or not same(value["log_id"], log_id):
        raise Refused(where, "log_id (this log), snapshot, covers; or null", shown(value))
    snapshot, covers = whole(value["snapshot"], where, 1), whole(value["covers"], where, 1)
    if not covers < snapshot <= as_of:
        raise Refused(where, f"covers < snapshot ≤ {as_of}", f"{covers} and {snapshot}")
    return snapshot, covers


def _erased(value: Any) -> frozenset[int]:
    where = f"{NAME}, erased"
    if not is_array(value):
        raise Refused(where, "a list", shown(value))
    positions: set[int] = set()
    for each in value:
        if not is_object(each) or set(each) != {"position", "what"} or each["what"] not in ("cohort", "envelope"):
            raise Refused(where, "position and what (cohort or envelope)", shown(each))
        position = whole(each["position"], where, 1)
        if each["what"] == "cohort":
            positions.add(position)
    return frozenset(positions)


def _files(value: list[Any]) -> dict[str, tuple[int, str]]:
    files: dict[str, tuple[int, str]] = {}
    for each in value:
        where = f"{NAME}, files"
        if not is_object(each) or set(each) != {"path", "bytes", "sha256"}:
            raise Refused(where, "path, bytes, sha256", shown(each))
        path = member(each, "path", where, str)
        hexadecimal(each["sha256"], where, DIGEST_BYTES)
        if path in files or (files and path <= next(reversed(files))):
            raise Refused(where, "each path once, sorted", shown(path))
        files[path] = whole(each["bytes"], where), each["sha256"]
    return files


def _closed(found: Any, required: tuple[str, ...], allowed: frozenset[str], where: str) -> None:
    names = set(found) if is_object(found) else set[str]()
    if not set(required) <= names <= allowed:
        odd = sorted((set(required) - names) | (names - allowed))
        raise Refused(where, f"members {', '.join(required)}", f"missing or unknown: {shown(', '.join(odd))}")
