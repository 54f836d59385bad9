"""`whosaw proof`: proofs as files that other people's verifiers read, asked of a server."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from api.cli.connection import IMPATIENT, Connection
from api.cli.failure import Exit, Failure

if TYPE_CHECKING:
    from pathlib import Path


def write_proof(kind: str, log: int, asked: dict[str, int | None], out: Path) -> None:
    """Ask WHOSAW_URL for a proof and write it to a file, whole or not at all.

    Args:
        kind: inclusion or consistency.
        log: The log's id.
        asked: The question's parameters; those that are None are left out.
        out: The file.

    Raises:
        Failure: There is no such proof, the key may not ask, or the file can not be written.
    """
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    connection = Connection.from_environment(IMPATIENT)
    try:
        answer = connection.call("GET", f"/v1/logs/{log}/proofs/{kind}?{query}", headers={"Accept": "text/plain"})
    finally:
        connection.close()
    half = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        half.write_bytes(answer.body)
        half.replace(out)
    except OSError as error:
        raise Failure(Exit.MACHINE, f"{out}: {error.strerror}", remedy="choose another --out") from error
    sys.stderr.write(f"{out}: {len(answer.body)} bytes\n")
