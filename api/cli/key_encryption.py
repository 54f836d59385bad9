"""`whosaw keys rotate-kek` and `destroy-kek`: another key wraps the subjects' keys, and the older ones go."""

from __future__ import annotations

import sys
import time

import psycopg

from api.cli.failure import Exit, Failure
from api.cli.processes import told
from api.cli.progress import Progress
from api.cli.storage import database, failing_clearly
from api.key_directory import opened
from ledger import rewrap
from ledger.key_ring import LOOK_SECONDS


def rotate() -> None:
    """Make a new version of the key-encryption key and wrap everything anew under it; or go on with that.

    Raises:
        Failure: A row opens under no version; all others are wrapped anew.
    """
    settings = told()
    with database(settings) as dsn, failing_clearly(), psycopg.connect(dsn, autocommit=True) as owner:
        ring = opened(settings).ring
        total = rewrap.waiting(owner, ring)
        if total == 0:
            ring.add()
            total = rewrap.waiting(owner, ring)
        else:
            sys.stderr.write(f"going on with the rotation to version {ring.newest}\n")
        with Progress("keys and names wrapped anew", total) as progress:
            done = _rewrapped(owner, ring, progress)
            # By then every process has taken notice; what one wrapped meanwhile under the older version is little.
            time.sleep(2 * LOOK_SECONDS)
            done += _rewrapped(owner, ring, progress)
    older = sorted(version for version in ring.versions() if version != ring.newest)
    sys.stdout.write(f"{done} keys and names are wrapped under version {ring.newest}\n")
    sys.stderr.write(
        f"version {', '.join(map(str, older))} still opens older copies of the database: once none is to be put back "
        "any more, destroy it with 'whosaw keys destroy-kek'\n"
    )


def destroy() -> None:
    """Destroy every version but the newest, after wrapping anew whatever still stands under one.

    Raises:
        Failure: There is only one, or a row opens under no version; nothing was destroyed.
    """
    settings = told()
    with database(settings) as dsn, failing_clearly(), psycopg.connect(dsn, autocommit=True) as owner:
        ring = opened(settings).ring
        if len(ring.versions()) == 1:
            raise Failure(
                Exit.NO,
                f"there is one version of the key-encryption key, {ring.newest}",
                expected="an older one",
                remedy="make a newer one with 'whosaw keys rotate-kek'",
            )
        with Progress("keys and names wrapped anew", rewrap.waiting(owner, ring)) as progress:
            try:
                gone = rewrap.destroy_older(owner, ring, progress.show)
            except rewrap.Left as error:
                raise _left(error) from error
    sys.stdout.write(f"destroyed version {', '.join(map(str, gone))}; version {ring.newest} is left\n")


def _rewrapped(owner: psycopg.Connection[tuple[object, ...]], ring: rewrap.KeyRing, progress: Progress) -> int:
    try:
        return rewrap.rewrap(owner, ring, progress.show)
    except rewrap.Left as error:
        raise _left(error) from error


def _left(error: rewrap.Left) -> Failure:
    return Failure(
        Exit.NO, str(error), remedy="put back the version that wrapped them, or see 'whosaw audit' for what was changed"
    )
