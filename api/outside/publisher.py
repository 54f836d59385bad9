"""Publishes the newest checkpoint of each log on a clock; recording never waits for it.

Each place is tried by itself: one that does not answer delays no other, and is tried again at the next tick. A place
that has seen more than we have, or something else, is an alarm: `/readyz` says so until the process is restarted.
"""

from __future__ import annotations

import logging
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING, NamedTuple

from api.outside import folder, stamp, witness
from api.outside.http import Unreachable
from ledger import attestations
from ledger.anchor import anchor
from ledger.checkpoint import head_of
from ledger.errors import Forked, LedgerError, RolledBack

if TYPE_CHECKING:
    from pathlib import Path

    from api.settings import Settings
    from ledger import Ledger

log = logging.getLogger(__name__)


class Places(NamedTuple):
    """Where checkpoints go."""

    folder: Path | None
    witnesses: list[witness.Place]
    authority: str | None
    """Address of a time stamp authority."""
    roots: Path | None
    """Root certificates that its replies are checked against."""

    @property
    def any(self) -> bool:
        """Whether there is any place at all."""
        return bool(self.folder or self.witnesses or self.authority)


class Published(NamedTuple):
    """One step of publishing one checkpoint."""

    log_id: int
    size: int
    place: str
    outcome: str
    """`done`, `known`, or what went wrong."""
    alarming: bool = False
    """Whether somebody has seen more, or something else."""


def places_of(settings: Settings) -> Places:
    """Return where the settings say that checkpoints go.

    Raises:
        ValueError: A witness is not of the form VERIFIER-KEY URL.
    """
    return Places(
        settings.publish_dir, witness.places(settings.witnesses), settings.timestamp_url, settings.timestamp_roots
    )


def publish(ledger: Ledger, places: Places) -> list[Published]:
    """Bring the newest checkpoint of each log to every place; return what came of each step.

    With several logs, log 0 is told of the heads of the others first: its checkpoint then speaks for all of them.
    """
    done: list[Published] = []
    anchor(ledger)
    for each in ledger.logs():
        note = ledger.checkpoint(each.log_id)
        if note is None:
            continue
        size, _ = head_of(note)
        steps = [
            (place.witness.name, partial(_witnessed, ledger, each.log_id, size, note, place))
            for place in places.witnesses
        ]
        if places.authority:
            steps.append((places.authority, partial(_stamped, ledger, each.log_id, size, note, places)))
        if places.folder:
            # Last, so that the file has the lines of those who cosigned just now.
            steps.append((str(places.folder), partial(_kept, ledger, each.log_id, size, note, places.folder)))
        for name, step in steps:
            try:
                outcome, alarming = step(), False
            except (RolledBack, Forked) as error:
                outcome, alarming = str(error), True
                log.exception(
                    "a checkpoint contradicts what others have seen", extra={"place": name, "log": each.origin}
                )
            except Exception as error:  # noqa: BLE001 - whatever one place does, the others have their turn
                expected = isinstance(error, Unreachable | LedgerError | OSError)
                outcome, alarming = str(error) if expected else f"failed ({type(error).__name__})", False
                log.warning("a checkpoint was not published", extra={"place": name, "log": each.origin})
            done.append(Published(each.log_id, size, name, outcome, alarming))
    return done


def _witnessed(ledger: Ledger, log_id: int, size: int, note: bytes, place: witness.Place) -> str:
    name = place.witness.name
    with ledger.connection() as connection:
        old = attestations.last_cosigned(connection, log_id, name)
    if old == size:
        return "known"
    line = witness.submit(
        place, note, size, min(old, size), lambda first: ledger.proofs.consistency(log_id, first, size)
    )
    with ledger.connection() as connection:
        attestations.keep_cosignature(connection, log_id, size, name, line)
    return "done"


def _stamped(ledger: Ledger, log_id: int, size: int, note: bytes, places: Places) -> str:
    assert places.authority is not None, "asked for only then"
    with ledger.connection() as connection:
        if places.authority in dict(attestations.time_stamps(connection, log_id, size)):
            return "known"
    reply = stamp.stamp(places.authority, note, places.roots)
    with ledger.connection() as connection:
        attestations.keep_time_stamp(connection, log_id, size, places.authority, reply)
    return "done"


def _kept(ledger: Ledger, log_id: int, size: int, note: bytes, directory: Path) -> str:
    with ledger.connection() as connection:
        whole = attestations.cosigned(connection, log_id, size, note)
        replies = attestations.time_stamps(connection, log_id, size)
    path = folder.place_of(directory, log_id, size)
    fresh = folder.keep(path, whole)
    for number, (_, reply) in enumerate(replies):
        folder.keep(path.with_suffix(f".{number}.tsr"), reply)
    return "done" if fresh else "known"


class Publisher:
    """Publishes every so often, from `start` to `stop`."""

    def __init__(self, ledger: Ledger, places: Places, seconds: float) -> None:
        self._ledger = ledger
        self._places = places
        self._seconds = seconds
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="publisher", daemon=True)
        self.alarms: dict[str, str] = {}
        """Place → what it has seen that we have not."""

    def start(self) -> None:
        """Begin; the first round is at once."""
        self._thread.start()

    def stop(self) -> None:
        """End after the step under way."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._round()
            if self._stopping.wait(self._seconds):
                return

    def _round(self) -> None:
        try:
            steps: list[Published] = publish(self._ledger, self._places)
        except Exception as error:  # noqa: BLE001 - the next round tries again; recording never depends on it
            log.warning("publishing failed", extra={"reason": type(error).__name__})
            return
        for step in steps:
            if step.alarming:
                self.alarms[step.place] = step.outcome
