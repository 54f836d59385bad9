"""`whosaw restore`: a database that was put back holds people who were forgotten since; they are forgotten again.

Before it serves: `whosaw serve` refuses a database in which one of them is there. Nothing is recorded, since the log
that was put back may not be signed for: the entries that say so are in the tail that it has
lost, or with who kept it.
"""

from __future__ import annotations

import sys

import psycopg

from api.cli.processes import told
from api.cli.progress import Progress
from api.cli.storage import database, failing_clearly
from api.key_directory import opened
from ledger.envelope import KeyWrapper
from ledger.fact import KeyedHashes
from ledger.forget import destroy_again, resurrected
from ledger.streams import sealed_streams
from ledger.tombstones import Tombstones
from projections.install import forget_again


def restore() -> None:
    """Forget everybody on the list who is there, and print how many that were."""
    settings = told()
    with database(settings) as dsn, failing_clearly(), psycopg.connect(dsn, autocommit=True) as owner:
        keys = opened(settings)
        hashes, wrapper = KeyedHashes(keys.lookup), KeyWrapper(keys.ring)
        listed = Tombstones(settings.tombstones).all()
        found = resurrected(owner, listed)
        with Progress("people forgotten again", len(found)) as progress:
            for done, each in enumerate(found, 1):
                # Crash here: whoever is left is found by the next run.
                sealed = sealed_streams(owner, each.log_id, bytes.fromhex(each.stream), hashes, wrapper)
                destroy_again(owner, each, [one.stream.hex() for one in sealed])
                progress.show(done)
        # Also those of an earlier run that was interrupted here.
        forget_again(owner, range(settings.logs))
        sys.stdout.write(f"{len(listed)} people on the list; {len(found)} were there and are forgotten again\n")
