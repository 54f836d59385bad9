"""`whosaw audit`: recompute everything from stored bytes, and name what does not match. Changes nothing.

Exit code 0: all of it matches. 1: something does not, and the first line says where it begins and what it looks like.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

import psycopg

from api.cli.audit_projections import differing
from api.cli.failure import Exit, Failure
from api.cli.processes import told
from api.cli.progress import Progress
from api.cli.storage import database, failing_clearly
from api.key_directory import opened
from ledger import rotation
from ledger.audit import Finding, Kind, Log, LogAudit, Outcome, Papers, Processes, Secrets, in_order

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from api.settings import Settings

# The same for as long as a database is the same: a copy of it, restored elsewhere, is another.
IDENTITY = """
    SELECT (SELECT system_identifier FROM pg_control_system()), oid FROM pg_database WHERE datname = current_database()
"""


def audit(log: int | None, against: Path | None, jobs: int | None, *, fresh: bool, as_json: bool) -> bool:
    """Audit the ledger, print what was found, and return whether everything matches.

    Args:
        log: One log; all if None.
        against: A folder of checkpoints from outside.
        jobs: Processes; one for each core if None.
        fresh: Whether to read again what an interrupted run has read.
        as_json: One JSON object in place of lines.

    Raises:
        Failure: There is no such log or folder, or the database or the keys can not be read.
    """
    settings = told()
    if log is not None and log >= settings.logs:
        raise Failure(Exit.ARGUMENT, f"there is no log {log}", expected=f"0 to {settings.logs - 1}")
    if against is not None and not against.is_dir():
        raise Failure(Exit.ARGUMENT, f"{against}: no folder")
    with database(settings) as dsn, failing_clearly():
        outcomes, findings = _audited(settings, dsn, log, against, jobs or os.cpu_count() or 1, fresh=fresh)
    if as_json:
        sys.stdout.write(json.dumps(_told(outcomes, findings)) + "\n")
    else:
        _write(outcomes, findings)
    return not findings


def _audited(
    settings: Settings, dsn: str, only: int | None, against: Path | None, jobs: int, *, fresh: bool
) -> tuple[list[Outcome], list[Finding]]:
    logs, secrets = _logs(settings, only)
    papers = Papers(against) if against is not None else None
    work = _work(settings, dsn, fresh=fresh)
    outcomes: list[Outcome] = []
    with Processes(jobs) as processes:
        for log in logs:
            with Progress(f"log {log.log_id}, positions") as progress:
                mine = papers.of(log.origin) if papers is not None else []
                outcomes.append(LogAudit(dsn, log, secrets, processes, work).run(mine, progress.show))
    findings = [finding for outcome in outcomes for finding in outcome.findings]
    if papers is not None:
        known = {f"{settings.name}/log{log_id}" for log_id in range(settings.logs)}
        findings += [
            Finding(logs[0].log_id, 0, Kind.CHECKPOINT_EDITED, paper.path, f"a checkpoint of {settings.name}", "none")
            for paper in papers.strange(known)
        ]
    # Only where the entries are whole can what is folded from them be compared.
    with Progress("projections") as progress:
        findings += differing(dsn, [log.log_id for log in logs], progress.show)
    # An audit that came to its end is over: the next one reads everything again.
    shutil.rmtree(work)
    return outcomes, in_order(findings)


def _logs(settings: Settings, only: int | None) -> tuple[list[Log], Secrets]:
    """Return the logs as the keys and the files outside the database know them."""
    # Before anything of the database is read: what is kept was committed before it was kept.
    keys = opened(settings)
    logs: list[Log] = []
    for log_id, signer in enumerate(keys.signers):
        if only in {None, log_id}:
            newest = signer.newest()
            verifiers = (*signer.verifier_keys, *rotation.retired_keys(settings.keys, log_id))
            logs.append(
                Log(log_id, signer.origin, verifiers, (newest.size, newest.root) if newest else None, settings.logs)
            )
    return logs, Secrets(dict(keys.ring.versions()), keys.lookup, keys.home)


def _work(settings: Settings, dsn: str, *, fresh: bool) -> Path:
    """Return the folder in which an audit of this very database goes on."""
    folder = settings.data_dir / "audit"
    with psycopg.connect(dsn) as connection:
        row = connection.execute(IDENTITY).fetchone()
    assert row is not None
    work = folder / f"{row[0]}-{row[1]}"
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    return work


def _told(outcomes: Sequence[Outcome], findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "verdict": "differs" if findings else "whole",
        "logs": [
            {
                "log_id": each.log_id,
                "log": each.origin,
                "size": each.size,
                "counts": each.counts,
                "read": [list(span) for span in each.read],
                "read_before": [list(span) for span in each.before],
            }
            for each in outcomes
        ],
        "findings": [each.json() for each in findings],
    }


def _write(outcomes: Sequence[Outcome], findings: Sequence[Finding]) -> None:
    for finding in findings:
        sys.stdout.write(f"{finding.line()}\n")
    for each in outcomes:
        counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in each.counts.items())
        sys.stdout.write(f"log {each.log_id}: {counts or 'empty'}\n")
        if each.before:
            told = f"positions {each.before[0][0]} to {each.before[-1][1]}"
            when = min(moment for _, _, moment in each.before)
            sys.stdout.write(f"log {each.log_id}: of {told}, some were read by an earlier run, from {when}\n")
    sys.stdout.write(f"{len(findings)} places do not match\n" if findings else "everything matches\n")
