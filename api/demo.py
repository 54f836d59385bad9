"""The demo: everything in one process, on one machine, with a company in it. Ctrl-C stops all of it.

    DATA_DIR/postgres     the embedded server, unless WHOSAW_DATABASE_URL names another
    DATA_DIR/keys         the ledger's keys
    DATA_DIR/demo.json    what it remembers: `api.demo_memory`
    DATA_DIR/demo.lock    held by a running demo; the kernel lets go of it however the demo ends

After a crash at any moment the next start goes on: each step is safe to repeat, and repeated events are recognised.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psycopg

from api import access
from api.cli.failure import Exit, Failure
from api.cli.place import folder, listen
from api.cli.progress import Progress
from api.cli.snapshots import of_each_log
from api.cli.storage import database, prepare
from api.cli.variables import read_settings
from api.cli.web import serving
from api.demo_guide import Ready, ShownKeys
from api.demo_memory import Memory, check_scale
from projections.progress import lanes

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType

    from api.demo_load import Loaded

HOST = "127.0.0.1"
CATCH_UP_SECONDS = 600.0
LOOK_SECONDS = 0.1
WATCH_SECONDS = 2.0
MISSES = 5
"""Looks without an answer, after which the database is taken for dead."""
SNAPSHOT_SECONDS = 60
SIGNALS = (signal.SIGINT, signal.SIGTERM)
SHOWN = ("emitter", "officer", "regulator", "admin", "compliance", "legal")
CLEARED = {"legal": ("seal:*",)}
"""Whose seals a key of the demo may see behind."""


class Options(NamedTuple):
    """What the command line says."""

    data_dir: Path
    port: int
    scale: int | None
    """None: what is here already, or 1."""
    json: bool


class Stopped(BaseException):
    """Somebody asked us to stop: unwinds from wherever we are."""


def run(options: Options) -> None:
    """Run the demo until it is told to stop; then nothing of it is left but its data.

    Raises:
        Failure: It can not run here; the line says why.
    """
    began = time.monotonic()
    signals = Signals()
    try:
        with signals.heard(), ExitStack() as stack:
            ready, dsn = start(options, stack, signals)
            say(f"ready after {time.monotonic() - began:.1f} s")
            print(ready.line() if options.json else ready.text(), flush=True)  # noqa: T201 - a command's output
            watch(dsn)
    except Stopped:
        say("stopped")


def wipe(data_dir: Path) -> None:
    """Remove a demo's folder and its database.

    Raises:
        Failure: A demo runs there, or the folder can not be removed.
    """
    from ledger.embedded import EmbeddedServer  # noqa: PLC0415 - a running demo imports it elsewhere

    if not (data_dir / "demo.lock").exists():
        raise Failure(Exit.NO, f"{data_dir} holds no demo", expected="the --data-dir of one")
    with folder(data_dir):
        settings = read_settings(data_dir=data_dir)
        # First: a crash from here on leaves no memory of heads that no database has any more.
        shutil.rmtree(settings.signed, ignore_errors=True)
        if settings.database_url is None:
            server = EmbeddedServer(data_dir / "postgres")
            server.start()
            server.stop(wipe=True)
        shutil.rmtree(data_dir)
    say(f"{data_dir} is gone")


def watch(dsn: str) -> None:
    """Wait for a signal, as long as there is a database to serve.

    Raises:
        Failure: It has stopped answering; the demo can do nothing without it.
    """
    missed = 0
    while missed < MISSES:
        time.sleep(WATCH_SECONDS)
        try:
            psycopg.connect(dsn, connect_timeout=5).close()
            missed = 0
        except psycopg.OperationalError:
            missed += 1
    raise Failure(
        Exit.UNREACHABLE, "the database has stopped", remedy="start the demo again: what was recorded is still there"
    )


def start(options: Options, stack: ExitStack, signals: Signals) -> tuple[Ready, str]:
    """Start every part; whatever can fail at once does so before anything slow begins.

    Returns:
        What to say, and the address of the database.
    """
    check_scale(options.scale)
    listener = stack.enter_context(listen(HOST, options.port))
    stack.enter_context(folder(options.data_dir))
    memory = Memory(options.data_dir / "demo.json")
    memory.remember(scale=memory.scale(options.scale))
    settings = read_settings(
        data_dir=options.data_dir, host=HOST, port=options.port, follow=True, docs=True,
        log_level="WARNING", controller_name="Téléphonie Farfadet (sample)",
        controller_contact="privacy@farfadet.example", snapshot_seconds=SNAPSHOT_SECONDS, forget_on_request=False,
    )  # fmt: skip
    logging.basicConfig(level=settings.log_level, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    say("starting the database")
    with signals.deferred():
        dsn = stack.enter_context(database(settings))
    keys, _ = prepare(dsn, settings)
    texts = api_keys(dsn, memory)
    url = stack.enter_context(serving(settings, dsn, listener))
    recorded = ensure_loaded(url, dsn, texts, memory)
    catch_up(dsn, recorded)
    # The first one now, so that an export is proven complete from the start; then by the server's clock.
    for _ in of_each_log(dsn, keys, durable=settings.durable):
        pass
    ready = Ready(
        url,
        ShownKeys(*(texts[name] for name in SHOWN)),
        keys.signers[0].verifier_key,
        f"{sys.argv[0]} demo --wipe --data-dir {options.data_dir}",
        str(Path(sys.argv[0]).with_name("whosaw-verify")),
    )
    return ready, dsn


def api_keys(dsn: str, memory: Memory) -> dict[str, str]:
    """Return the texts of the demo's API keys; those that the database does not know as working are issued anew."""
    from examples.company.diary import BILLING, SOURCES  # noqa: PLC0415 - not part of every installation

    wanted = {source: ("emitter", (source,)) for source in SOURCES}
    wanted |= {"emitter": ("emitter", (BILLING,))} | {name: (name, ()) for name in SHOWN[1:]}
    texts, ids = memory.keys, memory.key_ids
    with psycopg.connect(dsn, autocommit=True) as connection:
        working = {key.key_id for key in access.listed(connection) if key.alive}
        for name, (role, sources) in wanted.items():
            if ids.get(name) not in working:
                texts[name], key = access.issue(
                    connection,
                    label=f"demo: {name}",
                    scopes=access.ROLES[role] + CLEARED.get(role, ()),
                    sources=sources,
                    position=access.POSITIONS[role],
                    person=f"demo-{name.strip('/')}",
                )
                ids[name] = key.key_id
    memory.remember(keys=texts, key_ids=ids)
    return texts


def ensure_loaded(url: str, dsn: str, texts: dict[str, str], memory: Memory) -> int:
    """Load the sample over HTTP unless it is all there; return how many entries the log has at least."""
    from api.demo_load import DAYS, load  # noqa: PLC0415 - not part of every installation

    if memory.loaded and size(dsn) >= memory.loaded:
        return memory.loaded
    say("loading the sample company: eighteen months of six services and one office, over HTTP")
    with Progress("days of the sample", DAYS) as progress:

        def on_round(loaded: Loaded) -> None:
            progress.show(loaded.days, f"{loaded.events} events")

        loaded = load(url, texts, memory.scale(None), on_round)
    say(f"{loaded.events} events, {loaded.repeated} of them known already")
    memory.remember(loaded=loaded.events)
    return loaded.events


def size(dsn: str) -> int:
    """Return how many entries the ledger has, all logs together."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute("SELECT coalesce(sum(size), 0)::bigint FROM ledger.log").fetchone()
    return int(row[0]) if row else 0


def catch_up(dsn: str, recorded: int) -> None:
    """Return when every projection has folded what was recorded.

    Raises:
        Failure: One stopped, or it takes too long.
    """
    deadline = time.monotonic() + CATCH_UP_SECONDS
    with psycopg.connect(dsn, autocommit=True) as connection, Progress("entries projected", recorded) as progress:
        while time.monotonic() < deadline:
            found = lanes(connection)
            stopped = [lane for lane in found if lane.stopped_at is not None]
            if stopped:
                raise Failure(
                    Exit.NO, f"the projection {stopped[0].projection} stopped at position {stopped[0].stopped_at}",
                    remedy="see its error with 'whosaw doctor'",
                )  # fmt: skip
            if found and all(lane.position >= lane.size for lane in found):
                return
            progress.show(min((lane.position for lane in found), default=0))
            time.sleep(LOOK_SECONDS)
    raise Failure(Exit.NO, f"the projections are still behind after {CATCH_UP_SECONDS:.0f} s")


class Signals:
    """What SIGINT and SIGTERM do: the first unwinds us, unless that would leave something half started."""

    def __init__(self) -> None:
        self._asked = False
        self._deferred = False

    @contextmanager
    def heard(self) -> Generator[None]:
        """Let the first signal raise `Stopped`; further ones are ignored, for a second would interrupt the stopping."""
        before = {number: signal.signal(number, self._stop) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def deferred(self) -> Generator[None]:
        """Let a signal wait until this is done."""
        self._deferred = True
        yield
        self._deferred = False
        if self._asked:
            raise Stopped

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        again, self._asked = self._asked, True
        if not again:
            # Unbuffered: whatever the main thread was writing is not disturbed.
            os.write(sys.stderr.fileno(), b"whosaw: stopping\n")
        if not again and not self._deferred:
            raise Stopped


def say(line: str) -> None:
    """Write a line to standard error, for whoever watches."""
    sys.stderr.write(f"whosaw: {line}\n")
    sys.stderr.flush()
