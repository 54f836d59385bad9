"""What goes into a bundle: the report, the entries it rests on, and for each entry what proves it."""

from __future__ import annotations

from contextlib import nullcontext
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import orjson

from api.access import OWN_SOURCES
from api.bundle.archive import Draft, digest_of
from api.bundle.completeness import heads_of
from api.bundle.guide import guide
from api.bundle.membership import membership
from api.rendering import csv_text
from api.report import LARGEST_ACCOUNT_BYTES, ReportTooLarge, render_json, render_pdf
from api.subjects import plain
from ledger import attestations
from ledger.checkpoint import head_of
from ledger.proofs import Proofs, consistency_file, tlog_proof
from ledger.rotation import retired_keys
from projections import disclosures, holdings, timeline, views

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from psycopg import Connection

    from api.language import Language
    from ledger import Ledger, Subject
    from projections.timeline import Moment

FORMAT = "whosaw-bundle/v1"
EARLIER = 16
"""Earlier accounts of hers that a bundle is tied to, at most: the newest ones."""


class Bundle(NamedTuple):
    """A bundle, before anybody has it."""

    file: IO[bytes]
    """At its start; the caller closes it."""
    digest: bytes
    """SHA-256 of the file."""
    size: int
    """Bytes."""
    formats: list[str]
    """What the report is in."""


class Wanted(NamedTuple):
    """What a bundle is asked for."""

    subject: Subject
    as_of: int
    """Position; nothing recorded after it is told."""
    language: Language
    document: dict[str, Any]
    """The account as of that position."""
    since: Sequence[int]
    """Sizes of older checkpoints that the receiver may hold."""
    software: str
    """Such as `whosaw 0.1.0`."""
    ledger_name: str
    key_directory: Path


def bundle(connection: Connection[Any], ledger: Ledger, wanted: Wanted) -> Bundle:
    """Make the bundle of one person's account.

    Args:
        connection: A reader's, in autocommit mode.
        ledger: Whose logs' keys and checkpoints.
        wanted: What for.

    Raises:
        ValueError: A size in `since` is larger than the checkpoint.
        Damaged: Stored rows that prove the entries are missing.
    """
    subject, log_id, at = wanted.subject, wanted.subject.log_id, wanted.as_of
    signed = wanted.document["proof"]["checkpoint"].encode()
    size, _ = head_of(signed)
    # With the lines of those who cosigned it since: later bundles of one position can have more of them.
    note = attestations.cosigned(connection, log_id, size, signed)
    root = f"logs/{log_id}"
    moments = timeline.of_subject(connection, subject, at, limit=None).rows[::-1]
    with Draft() as draft:
        formats = _report(draft, connection, wanted)
        draft.add(f"{root}/checkpoint", note)
        keys = (*ledger.keys.signers[log_id].verifier_keys, *retired_keys(wanted.key_directory, log_id))
        draft.add(f"{root}/keys", "".join(f"{key}\n" for key in keys).encode())
        for number, (_, reply) in enumerate(attestations.time_stamps(connection, log_id, size)):
            draft.add(f"{root}/timestamps/{number}.tsr", reply)
        heads = heads_of(connection, subject, at)
        entries = {each.position: each.bytes for each in moments}
        if heads is not None:
            entries[heads.position] = heads.entry
            draft.add(f"{root}/heads.json", heads.file)
        proofs = Proofs(lambda: nullcontext(connection))
        for position, path in proofs.each_inclusion(log_id, entries, size):
            draft.add(f"{root}/entries/{position:012d}.json", entries[position])
            draft.add(f"{root}/proofs/{position:012d}.tlog-proof", tlog_proof(position - 1, path, note))
        erased: list[dict[str, Any]] = []
        for moment in moments:
            if moment.sequence is None:
                member = membership(connection, subject, moment.position, moment.json()["cohort"])
                if member is None:
                    erased.append({"position": moment.position, "what": "cohort"})
                else:
                    draft.add(f"{root}/members/{moment.position:012d}.json", member)
        for old in sorted({*_issued_before(moments, wanted.document["proof"]["log"], size), *wanted.since}):
            path = proofs.consistency(log_id, old, size)
            draft.add(f"{root}/consistency/{old:012d}", consistency_file(old, path, note))
        draft.add("how-to-check.txt", guide(wanted.language, wanted.document, complete=heads is not None))
        manifest = {
            "format": FORMAT,
            "software": wanted.software,
            "ledger": wanted.ledger_name,
            "scope": {"kind": "account", "subject": subject.id},
            "filters": {},
            "language": wanted.language,
            "as_of": {"log_id": log_id, **wanted.document["as_of"]},
            "logs": [
                {"log_id": log_id, "origin": wanted.document["proof"]["log"], "size": size, "entries": len(entries)}
            ],
            "streams": [
                {
                    "log_id": log_id,
                    "stream": subject.id,
                    "entries": sum(each.sequence is not None for each in moments),
                }
            ],
            "completeness": None
            if heads is None
            else {"log_id": log_id, "snapshot": heads.position, "covers": heads.covers},
            "erased": erased,
            "files": [{"path": each.path, "bytes": each.size, "sha256": each.sha256} for each in draft.members],
        }
        file = draft.write(orjson.dumps(manifest))
    digest, length = digest_of(file)
    return Bundle(file, digest, length, formats)


def _report(draft: Draft, connection: Connection[Any], wanted: Wanted) -> list[str]:
    """Add the account for machines, for people and for spreadsheets; return the formats."""
    subject, at, formats = wanted.subject, wanted.as_of, ["zip", "json"]
    body = render_json(wanted.document)
    draft.add("report/account.json", body)
    if len(body) <= LARGEST_ACCOUNT_BYTES:
        try:
            draft.add("report/account.pdf", render_pdf(wanted.document, language=wanted.language))
            formats.append("pdf")
        except ReportTooLarge:
            pass  # the JSON says it all; how-to-check.txt does not promise a PDF
    tables = {
        "holdings": holdings.of_subject(connection, subject, at, limit=None).rows,
        "disclosures": disclosures.of_subject(connection, subject, at, limit=None).rows,
        "views": views.of_subject(connection, subject, at, limit=None, by_day=False).rows,
    }
    for name, rows in tables.items():
        draft.add(f"report/{name}.csv", csv_text([plain(row) for row in rows]).encode())
    return [*formats, "csv"]


def _issued_before(moments: Sequence[Moment], log: str, size: int) -> list[int]:
    """Return the sizes of the checkpoints that earlier accounts of hers stood on: she may hold them."""
    entries = (each.json() for each in moments if each.type == "account.issued")
    # An emitter may state such a fact, too; that says nothing of what was issued here.
    issued = (each["data"] for each in entries if each["source"].startswith(OWN_SOURCES))
    sizes = {each["checkpoint"] for each in issued if each["log"] == log and 0 < each["checkpoint"] <= size}
    return sorted(sizes)[-EARLIER:]
