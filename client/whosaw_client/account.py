"""The report: account.json must say what the entries say, no more and no less, and the tables what it says.

What it can not be held to: labels and other wording, and which policies the company had in force.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from whosaw_client.looks import check_looks, code, codes, looks_of
from whosaw_client.report import Refused
from whosaw_client.tables import check_table, disclosed, held, looked, recipient_of
from whosaw_client.text import (
    counted,
    document,
    is_array,
    is_object,
    member,
    object_or_empty,
    objects,
    same,
    shown,
    whole,
)

if TYPE_CHECKING:
    from whosaw_client.archive import Archive
    from whosaw_client.evidence import Entry
    from whosaw_client.manifest import Manifest
    from whosaw_client.report import Report

PLACE = "report/account.json"
CODED = ("purpose", "recipient_purpose", "basis")
RECIPIENT_CODED = ("kind", "role")
STATED = ("initiative", "mode", "policy_version")
DISCLOSED = ("data.disclosed", "disclosure.onward_reported")
"""By us, or by who had it from us."""
COLLECTED = "data.collected"
TO_SECONDS = len("2026-01-01T00:00:00")


def check_account(archive: Archive, manifest: Manifest, entries: list[Entry], note: bytes, report: Report) -> None:
    """Compare the report with the entries; those are hers and the ones about several, by position up to `as_of`."""
    try:
        account = document(archive.read(PLACE), PLACE)
        _frame(account, archive, manifest, note)
        _listed(account, entries)
        told = [each for each in entries if each.members.get("type") in DISCLOSED]
        _disclosures(objects(account, "disclosures", PLACE), told)
        holdings = objects(account, "holdings", PLACE)
        _holdings(holdings, entries)
        looks = looks_of(entries)
        check_looks(member(account, "views", PLACE, list), looks, f"{PLACE}, views")
    except Refused as error:
        report.failed("report", error)
        return
    tables = {
        "holdings": [held(each) for each in holdings],
        "disclosures": [disclosed(each, _leaf(each)) for each in reversed(told)],
        "views": [looked(each) for each in reversed(looks)],
    }
    for name, rows in tables.items():
        try:
            check_table(archive, name, rows)
        except Refused as error:
            report.failed("report", error)
    if not report.has_failed("report"):
        found = ", ".join(
            (
                counted(len(told), "disclosure", "disclosures"), counted(len(looks), "look", "looks"),
                counted(len(holdings), "holding", "holdings"),
            )
        )  # fmt: skip
        report.passed("report", PLACE, f"{found}, as the entries have them")
    if "report/account.pdf" in archive.names:
        report.notes.append(
            "report/account.pdf is the file that was made with this report, but its pages were not compared: what "
            f"counts is {PLACE}."
        )


def _leaf(entry: Entry) -> str:
    return b64encode(entry.leaf).decode()


def _frame(account: dict[str, Any], archive: Archive, manifest: Manifest, note: bytes) -> None:
    subject, as_of = member(account, "subject", PLACE, dict), member(account, "as_of", PLACE, dict)
    proof = member(account, "proof", PLACE, dict)
    if subject.get("id") != manifest.subject:
        raise Refused(f"{PLACE}, subject", manifest.subject, shown(subject.get("id")))
    stated = {"log": manifest.log, "position": manifest.as_of, "time": manifest.time}
    if not same(as_of, stated):
        raise Refused(f"{PLACE}, as_of", f"{manifest.as_of} of {manifest.log}, as manifest.json says", shown(as_of))
    issued = f"{manifest.time[:TO_SECONDS]}Z"
    if (account.get("language"), account.get("issued_at")) != (manifest.language, issued):
        raise Refused(
            PLACE, f"language {manifest.language}, issued_at {issued}",
            shown([account.get("language"), account.get("issued_at")]),
        )  # fmt: skip
    signed = proof.get("checkpoint")
    text = signed.encode("utf-8", "surrogatepass") if isinstance(signed, str) else b""
    if not text.endswith(b"\n") or not note.startswith(text):
        raise Refused(f"{PLACE}, proof, checkpoint", f"the one in {manifest.root}/checkpoint", "another one")
    keys = archive.read(f"{manifest.root}/keys").decode("ascii", "replace").split("\n")
    if proof.get("log") != manifest.log or proof.get("verifier_key") not in keys:
        raise Refused(f"{PLACE}, proof", f"log {manifest.log} and one of {manifest.root}/keys", "another log or key")


def _listed(account: dict[str, Any], entries: list[Entry]) -> None:
    """Compare the entries that the report names with those that are proven."""
    where = f"{PLACE}, proof, entries"
    listed = objects(account["proof"], "entries", f"{PLACE}, proof")
    proven = [
        {
            "position": each.position,
            "type": each.members.get("type"),
            "leaf": _leaf(each),
            "time": each.members.get("time"),
        }
        for each in entries
    ]
    for says, stated in zip(listed, proven, strict=False):
        if not same(says, stated):
            raise Refused(where, f"the entry at {stated['position']}, as it is proven", shown(says))
    if len(listed) != len(proven):
        raise Refused(where, f"{counted(len(proven))}, as they are proven", str(len(listed)))


def _disclosures(rows: list[dict[str, Any]], entries: list[Entry]) -> None:
    told = [each.get("position") for each in rows]
    disclosed_at = {each.position: each for each in entries}
    for position in told:
        if not isinstance(position, int) or position not in disclosed_at:
            raise Refused(f"{PLACE}, disclosures", "each entry of that type once", f"one at {shown(position)}")
    missing = sorted(set(disclosed_at) - set(told))
    if missing or len(told) != len(disclosed_at):
        found = f"entry {missing[0]} is not told" if missing else "one told twice"
        raise Refused(f"{PLACE}, disclosures", "each entry of that type once", found)
    for row in rows:
        entry = disclosed_at[row["position"]]
        for name, says, stated in _compared(row, entry):
            if not same(says, stated):
                place = f"{PLACE}, disclosure at {entry.position}, {name}"
                raise Refused(place, f"{shown(stated)}, as {entry.path} says", shown(says))


def _compared(row: dict[str, Any], entry: Entry) -> list[tuple[str, Any, Any]]:
    """Return (member, what the report says, what the entry says)."""
    data = object_or_empty(entry.members.get("data"))
    told, recipient = object_or_empty(row.get("recipient")), recipient_of(data)
    paper, instrument = row.get("authority"), data.get("instrument")
    pairs: list[tuple[str, Any, Any]] = [
        ("position", row.get("position"), entry.position),
        ("leaf", row.get("leaf"), _leaf(entry)),
        ("time", row.get("time"), entry.members.get("time")),
        ("precision", row.get("precision"), object_or_empty(data.get("occurred")).get("precision") or "exact"),
        ("categories", codes(row.get("categories")), data.get("categories") or []),
        ("through", row.get("through"), data.get("recipient_id")),
        ("authority", {} if is_object(paper) else paper, {} if is_object(instrument) else None),
    ]
    pairs += [(f"recipient {name}", told.get(name), recipient.get(name)) for name in ("id", "name", "address")]
    pairs += [(f"recipient {name}", code(told.get(name)), recipient.get(name)) for name in RECIPIENT_CODED]
    pairs += [(name, code(row.get(name)), data.get(name)) for name in CODED]
    pairs += [(name, row.get(name), data.get(name)) for name in STATED]
    # A country has no code in the report, only its label.
    country, label = recipient.get("country"), told.get("country")
    pairs.append(
        ("recipient country", label, label if isinstance(label, str) and isinstance(country, str) else country)
    )
    if is_object(paper) and is_object(instrument):
        issuer = object_or_empty(instrument.get("issuer"))
        pairs += [
            ("authority", paper.get("code"), instrument.get("type")),
            ("authority, issuer", paper.get("issuer"), issuer.get("name")),
            ("authority, date", paper.get("date"), instrument.get("issued")),
            ("authority, cited", code(paper.get("cited")), instrument.get("authority")),
        ]
    return pairs


def _holdings(rows: list[dict[str, Any]], entries: list[Entry]) -> None:
    """Compare what is held with what was collected.

    Whether it is deleted by now follows from a rule over all entries, which is not repeated here.
    """
    collected = _collected(entries)
    positions, times = {each.position for each in entries}, {str(each.members.get("time")) for each in entries}
    told: set[str] = set()
    for row in rows:
        where = f"{PLACE}, holdings, {shown(code(row.get('category')))}"
        source = object_or_empty(row.get("source"))
        stated = {
            "system": row.get("system"), "origin": source.get("origin"), "channel": code(source.get("channel")),
            "purposes": codes(row.get("purposes")), "basis": code(row.get("basis")),
        }  # fmt: skip
        key = _key(code(row.get("category")), stated)
        if key not in collected:
            raise Refused(where, "what an entry says was collected", "what none says")
        told.add(key)
        if whole(row.get("position"), where, 1) not in positions:
            raise Refused(where, "the position of an entry that is proven", shown(row["position"]))
        if not {member(row, each, where, str) for each in ("since", "last")} <= collected[key]:
            raise Refused(where, "times at which it was collected", shown([row.get("since"), row.get("last")]))
        _steps(row, times, where)
    if len(told) != len(collected):
        raise Refused(f"{PLACE}, holdings", f"{len(collected)} kinds that were collected", str(len(told)))


def _steps(row: dict[str, Any], times: set[str], where: str) -> None:
    """Compare the times of what happened to a holding with those that entries say."""
    steps = objects(row, "deletions", where)
    for when in (row.get("rectified"), *(each.get("time", "") for each in steps)):
        if when is not None and (not isinstance(when, str) or when not in times):
            raise Refused(where, "times at which an entry says that something happened", shown(when))


def _collected(entries: list[Entry]) -> dict[str, set[str]]:
    """Return the times at which each kind of holding was collected; what was not retained was never held."""
    found: dict[str, set[str]] = {}
    for each in entries:
        data = object_or_empty(each.members.get("data"))
        categories = data.get("categories")
        if each.members.get("type") == COLLECTED and data.get("retained") is not False and is_array(categories):
            for category in categories:
                found.setdefault(_key(category, data), set()).add(str(each.members.get("time")))
    return found


def _key(category: Any, data: dict[str, Any]) -> str:
    """Return what tells one kind of holding from another, of what the report has of it."""
    purposes = data.get("purposes")
    listed = sorted({str(each) for each in purposes}) if is_array(purposes) else []
    return repr([category, data.get("system"), data.get("origin"), data.get("channel"), listed, data.get("basis")])
