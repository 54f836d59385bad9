"""The long-running commands and their preparation: `serve`, `migrate`, `follow`, `rebuild`."""

from __future__ import annotations

import logging
import signal
import sys
from threading import Event
from typing import TYPE_CHECKING

from api.cli.failure import Exit, Failure
from api.cli.place import listen
from api.cli.progress import Progress
from api.cli.storage import database, failing_clearly, prepare
from api.cli.variables import read_settings
from api.key_directory import opened

if TYPE_CHECKING:
    from types import FrameType

    from api.settings import Settings


def serve(host: str | None, port: int | None) -> None:
    """Serve the API until a signal.

    Raises:
        Failure: The port is busy, the database does not answer, or the ledger is not the keys'.
    """
    from api.cli.web import configured  # noqa: PLC0415 - the whole application

    settings = told(host=host, port=port)

    def end(number: int, _frame: FrameType | None) -> None:
        # The server answers what it has in hand and raises the signal again: only then is it here, and what this
        # process uses (the embedded database) is let go on the way out.
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, end)
    with listen(settings.host, settings.port) as listener, database(settings) as dsn, failing_clearly():
        # What is wrong with keys, or a signer that is not there, is one line here; of the server it would be a hundred.
        opened(settings)
        server = configured(settings, dsn)
        sys.stderr.write("whosaw: listening on http://{}:{}\n".format(*listener.getsockname()[:2]))
        server.run(sockets=[listener])
        if not server.started:
            raise Failure(Exit.MACHINE, "the API did not start", remedy="see the lines above, and 'whosaw doctor'")


def migrate_all() -> None:
    """Bring the database to this version and say what was applied."""
    settings = told()
    with database(settings) as dsn:
        _, applied = prepare(dsn, settings)
    print("\n".join(applied) if applied else "nothing to do")  # noqa: T201 - a command's output


def follow() -> None:
    """Keep the projections current until a signal; a database that goes away is waited for."""
    from projections.follow import Follower  # noqa: PLC0415 - a command imports what it runs

    settings = told()
    stopping = Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    with database(settings) as dsn, failing_clearly(), Follower(dsn):
        sys.stderr.write("whosaw: following\n")
        stopping.wait()


def rebuild_one(name: str) -> None:
    """Build a projection again and put it in its place; say whether the old one held the same.

    Raises:
        Failure: There is no such projection, or it is being rebuilt already.
    """
    from projections import PROJECTIONS  # noqa: PLC0415 - a command imports what it runs
    from projections.rebuild import RebuildingError, named, rebuild  # noqa: PLC0415 - likewise

    try:
        projection = named(name)
    except KeyError:
        known = ", ".join(each.name for each in PROJECTIONS)
        raise Failure(Exit.ARGUMENT, "no projection has that name", expected=f"one of {known}") from None
    with database(told()) as dsn, failing_clearly(), Progress("entries") as progress:
        try:
            done = rebuild(dsn, projection, lambda _log, position, _size: progress.show(position))
        except RebuildingError as error:
            raise Failure(Exit.NO, f"{name} is being rebuilt already", remedy="wait until that is done") from error
    same = "the old one held the same rows" if done.same else "the old one held other rows"
    print(f"{name}: {sum(done.positions.values())} entries; {same}")  # noqa: T201 - a command's output


def told(**overrides: object) -> Settings:
    """Return the settings, with what the command line says put over them, and log as they say."""
    settings = read_settings(**overrides)
    logging.basicConfig(level=settings.log_level, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    return settings
