"""`whosaw ask` and `whosaw report account`: an officer's questions about one person, over HTTP."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.cli.ask import Question, find, pages, reference, stated
from api.cli.connection import IMPATIENT, Connection
from api.cli.failure import Exit, Failure
from api.cli.tables import write_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLUMNS: Mapping[Question, Sequence[str]] = {
    Question.HOLDINGS: (
        "category",
        "system",
        "origin",
        "purposes",
        "basis",
        "since",
        "retention.rule",
        "retention.due",
        "state",
    ),
    Question.DISCLOSURES: ("time", "recipient_name", "categories", "purpose", "basis", "recipient_role", "position"),
    Question.VIEWS: ("first", "looks", "act", "actor_role", "actor", "system", "purposes", "tickets", "position"),
    Question.TIMELINE: ("time", "type", "source", "position"),
    Question.DEBTS: ("time", "step", "recipient_name", "categories", "change", "state", "due", "outcome", "position"),
    Question.WITHDRAWALS: ("time", "step", "effective", "purposes", "recipient_name", "basis", "outcome", "position"),
    Question.POLICIES: ("policy", "version", "effective_from", "notice", "assent", "position"),
    Question.INFERENCES: ("time", "categories", "purposes", "system", "stated", "whole", "position"),
    Question.RETENTION: ("category", "system", "state", "rule", "trigger", "start", "due", "overdue", "blocked"),
    Question.FINDINGS: ("time", "rule", "outcome", "reason", "codes", "recipient", "state", "position"),
    Question.QUERIES: ("time", "query", "outcome", "purpose", "ticket", "role", "rows", "position"),
    Question.REQUESTS: ("request", "right", "regime", "received", "due", "state", "answered", "positions"),
    Question.OBLIGATIONS: ("kind", "state", "standing", "due", "recipient", "change", "categories", "positions"),
}  # fmt: skip
FORMATS = {".pdf": "application/pdf", ".json": "application/json", ".zip": "application/zip"}
LANGUAGES = ("en", "fr")


def ask_about(question: Question, named: str | None, purpose: str, ticket: str | None, *, as_json: bool) -> None:
    """Ask, and print the answer as a table or as JSON.

    Raises:
        Failure: Nobody is known by the reference, or the key may not ask.
    """
    headers = stated(purpose, ticket)
    whom = reference(named)
    connection = Connection.from_environment(IMPATIENT)
    try:
        subject = find(connection, whom, headers)
        path = f"/v1/subjects/{subject}/{question}"
        if question is Question.ACCOUNT:
            print(json.dumps(connection.call("GET", path, headers=headers).json(), indent=2, ensure_ascii=False))  # noqa: T201
            return
        rows: list[dict[str, Any]] = []
        as_of: object = None
        for page in pages(connection, path, headers):
            as_of = page.get("as_of", as_of)
            if as_json:
                for row in page["items"]:
                    sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
            else:
                rows += page["items"]
    finally:
        connection.close()
    if not as_json:
        write_table(rows, COLUMNS[question])
    sys.stderr.write(f"as of {json.dumps(as_of)}\n")


def write_account(named: str | None, purpose: str, ticket: str | None, language: str, out: Path) -> None:
    """Write one person's account to a file, whole or not at all.

    Raises:
        Failure: As for `ask_about`; or the file can not be written.
    """
    if language not in LANGUAGES:
        raise Failure(Exit.ARGUMENT, "no account is made in that language", expected="--language en or fr")
    if out.suffix.lower() not in FORMATS:
        raise Failure(
            Exit.ARGUMENT, f"--out ends in {out.suffix or 'nothing'}", expected="a name ending in .pdf, .json or .zip"
        )
    if not os.access(out.parent, os.W_OK):
        raise Failure(Exit.MACHINE, f"{out.parent} can not be written", remedy="choose another folder with --out")
    whom = reference(named)
    headers = stated(purpose, ticket)
    connection = Connection.from_environment(IMPATIENT)
    try:
        subject = find(connection, whom, headers)
        headers["Accept"] = FORMATS[out.suffix.lower()]
        # A zip is the account with everything that proves it.
        made = "exports" if out.suffix.lower() == ".zip" else "accounts"
        answer = connection.call("POST", f"/v1/subjects/{subject}/{made}?language={language}", b"", headers)
    finally:
        connection.close()
    # It is one person's whole file: nobody else on this machine reads it, and a crash leaves no half of it.
    half = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(half, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(answer.body)
        half.replace(out)
    except OSError as error:
        raise Failure(Exit.MACHINE, f"{out}: {error.strerror}", remedy="choose another --out") from error
    sys.stderr.write(f"{out}: {len(answer.body)} bytes\n")
