"""The report: account.json must say what the entries say, no more and no less, and the tables what it says."""

from __future__ import annotations

import csv
import io
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from whosaw_client.report import Refused
from whosaw_client.text import document, is_array, is_object, member, object_or_empty, shown

if TYPE_CHECKING:
    from whosaw_client.archive import Archive
    from whosaw_client.evidence import Entry
    from whosaw_client.manifest import Manifest
    from whosaw_client.report import Report

PLACE = "report/account.json"
CODED = ("purpose", "recipient_purpose", "basis")
RECIPIENT_CODED = ("kind", "role")
STATED = ("initiative", "mode", "policy_version")
DISCLOSED = "data.disclosed"


def check_account(archive: Archive, manifest: Manifest, entries: list[Entry], note: bytes, report: Report) -> None:
    """Compare the report with the entries; those are hers and the ones about several, up to `as_of`."""
    try:
        account = document(archive.read(PLACE), PLACE)
        _frame(account, manifest, note)
        _listed(account, entries)
        _disclosures(account, {each.position: each for each in entries})
        _positions_known(account, {each.position for each in entries})
    except Refused as error:
        report.failed("report", error)
        return
    for name in ("holdings", "disclosures", "views"):
        try:
            _table(archive, name, account)
        except Refused as error:
            report.failed("report", error)
    if not report.has_failed("report"):
        report.passed("report", PLACE, f"{len(account['disclosures'])} disclosures, as the entries have them")
    if "report/account.pdf" in archive.names:
        report.notes.append(
            "report/account.pdf is the file that was made with this report, but its pages were not compared: what "
            f"counts is {PLACE}."
        )


def _frame(account: dict[str, Any], manifest: Manifest, note: bytes) -> None:
    subject, as_of = member(account, "subject", PLACE, dict), member(account, "as_of", PLACE, dict)
    proof = member(account, "proof", PLACE, dict)
    if subject.get("id") != manifest.subject:
        raise Refused(f"{PLACE}, subject", manifest.subject, shown(subject.get("id")))
    if (as_of.get("log"), as_of.get("position")) != (manifest.log, manifest.as_of):
        raise Refused(f"{PLACE}, as_of", f"{manifest.as_of} of {manifest.log}", shown(as_of.get("position")))
    signed = proof.get("checkpoint")
    if not isinstance(signed, str) or not note.startswith(signed.encode("utf-8", "replace")):
        raise Refused(f"{PLACE}, proof, checkpoint", f"the one in {manifest.root}/checkpoint", "another one")


def _listed(account: dict[str, Any], entries: list[Entry]) -> None:
    """Compare the entries that the report names with those that are proven."""
    listed = member(account["proof"], "entries", f"{PLACE}, proof", list)
    named = [(each.get("position"), each.get("type"), each.get("leaf")) for each in listed if is_object(each)]
    proven = [(each.position, each.members.get("type"), b64encode(each.leaf).decode()) for each in entries]
    if named != proven:
        odd = next(iter(sorted(set(map(str, named)) ^ set(map(str, proven)))), "another order")
        raise Refused(f"{PLACE}, proof, entries", f"the {len(proven)} entries that are proven", shown(odd))


def _disclosures(account: dict[str, Any], entries: dict[int, Entry]) -> None:
    rows = member(account, "disclosures", PLACE, list)
    told = [each.get("position") if is_object(each) else None for each in rows]
    disclosed = [position for position, each in entries.items() if each.members.get("type") == DISCLOSED]
    if sorted(map(str, told)) != sorted(map(str, disclosed)):
        missing = sorted(set(disclosed) - set(told))
        found = f"entry {missing[0]} is not told" if missing else "one that no entry says, or one told twice"
        raise Refused(f"{PLACE}, disclosures", "each entry of that type once", found)
    for row in rows:
        entry = entries[row["position"]]
        where = f"{PLACE}, disclosure at {entry.position}"
        for name, says, stated in _compared(row, entry.members):
            if says != stated:
                raise Refused(f"{where}, {name}", f"{shown(stated)}, as {entry.path} says", shown(says))


def _compared(row: dict[str, Any], entry: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return (member, what the report says, what the entry says)."""
    data = object_or_empty(entry.get("data"))
    told, recipient = object_or_empty(row.get("recipient")), object_or_empty(data.get("recipient"))
    pairs = [
        ("time", row.get("time"), entry.get("time")),
        ("precision", row.get("precision"), object_or_empty(data.get("occurred")).get("precision", "exact")),
        ("categories", _codes(row.get("categories")), data.get("categories", [])),
    ]
    pairs += [(f"recipient {name}", told.get(name), recipient.get(name)) for name in ("id", "name", "address")]
    pairs += [(f"recipient {name}", _code(told.get(name)), recipient.get(name)) for name in RECIPIENT_CODED]
    pairs += [(name, _code(row.get(name)), data.get(name)) for name in CODED]
    pairs += [(name, row.get(name), data.get(name)) for name in STATED]
    return pairs


def _positions_known(account: dict[str, Any], known: set[int]) -> None:
    """Refuse a holding that rests on an entry which is not here."""
    for each in member(account, "holdings", PLACE, list):
        if not is_object(each) or each.get("position") not in known:
            found = each.get("position") if is_object(each) else each
            raise Refused(f"{PLACE}, holdings", "positions of entries that are proven", shown(found))


def _table(archive: Archive, name: str, account: dict[str, Any]) -> None:
    """Compare a table's rows with the report's: as many, and of the same positions."""
    place = f"report/{name}.csv"
    try:
        rows = list(csv.DictReader(io.StringIO(archive.read(place).decode("utf-8"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(place, "a table", shown(str(error))) from error
    told = account.get(name)
    if not is_array(told) or len(rows) != len(told):
        raise Refused(place, f"{len(told) if is_array(told) else 0} rows, as {PLACE} has", str(len(rows)))
    if told and "position" in told[0]:
        listed, named = (
            sorted(str(each.get("position")) for each in rows),
            sorted(str(each["position"]) for each in told),
        )
        if listed != named:
            raise Refused(place, f"the positions of {PLACE}", "others")
    if name == "disclosures":
        recipients = sorted(str(each.get("recipient")) for each in rows)
        if recipients != sorted(str(object_or_empty(each.get("recipient")).get("id")) for each in told):
            raise Refused(place, f"the recipients of {PLACE}", "others")


def _codes(values: Any) -> Any:
    return [_code(each) for each in values] if is_array(values) else values


def _code(coded: Any) -> Any:
    return coded.get("code") if is_object(coded) else coded
