"""Everybody whose data one recipient got, as lines: however many there are, one at a time."""

from __future__ import annotations

import json
import sys
from urllib.parse import quote

from api.cli.ask import stated
from api.cli.connection import IMPATIENT, Connection
from api.cli.failure import Exit, Failure
from api.cli.progress import Progress


def ask_about_recipient(recipient: str, purpose: str, ticket: str | None) -> None:
    """Print a JSON line for each row; say on standard error how many there are by now, of how many.

    Raises:
        Failure: The key may not ask; or the answer broke off, or was cancelled.
    """
    connection = Connection.from_environment(IMPATIENT)
    path = f"/v1/recipients/{quote(recipient, safe='')}/disclosures?limit=all"
    headers = stated(purpose, ticket) | {"Accept": "application/x-ndjson"}
    rows, said = 0, None
    try:
        with Progress("rows") as progress:
            for line in connection.lines(path, headers):
                if line.startswith(b'{"rows":'):
                    said = int(json.loads(line)["rows"])
                    break
                sys.stdout.write(line.decode())
                rows += 1
                progress.total = connection.announced
                progress.show(rows)
        sys.stdout.flush()
    except KeyboardInterrupt:
        raise Failure(Exit.INTERRUPTED, f"cancelled after {rows} rows") from None
    finally:
        connection.close()
    if said != rows:
        raise Failure(Exit.UNREACHABLE, f"the answer broke off after {rows} rows", remedy="ask again")
    sys.stderr.write(f"{rows} rows\n")
