"""What the demo remembers between starts: the API keys that it shows again, and how much of the sample it holds."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from api.cli.failure import Exit, Failure

if TYPE_CHECKING:
    from pathlib import Path

SCALES = (1, 10, 100)


def check_scale(wanted: int | None) -> None:
    """Return if there is a sample of that scale.

    Raises:
        Failure: There is none.
    """
    if wanted is not None and wanted not in SCALES:
        raise Failure(Exit.ARGUMENT, f"--scale {wanted}", expected="1, 10 or 100")


class Memory:
    """One small file, 0600, replaced as a whole: after a crash it is the old one or the new one."""

    def __init__(self, path: Path) -> None:
        """Read it, if it is there.

        Raises:
            Failure: It is not what a demo wrote.
        """
        self._path = path
        self._known: dict[str, Any] = {}
        try:
            self._known = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            pass
        except ValueError as error:
            raise Failure(
                Exit.MACHINE, f"{path} is not a demo's", remedy="wipe it with 'whosaw demo --wipe' and start again"
            ) from error

    @property
    def keys(self) -> dict[str, str]:
        """The keys' texts, by what they are for."""
        return dict(self._known.get("keys", {}))

    @property
    def key_ids(self) -> dict[str, str]:
        """The keys' ids, by what they are for."""
        return dict(self._known.get("key_ids", {}))

    @property
    def loaded(self) -> int:
        """How many events the whole sample was, once it was recorded; 0 before."""
        return int(self._known.get("loaded", 0))

    def scale(self, wanted: int | None) -> int:
        """Return the scale of the sample that is here, or that will be.

        Raises:
            Failure: Another one is here: half of two samples is none.
        """
        here = self._known.get("scale")
        if here is not None and wanted not in {None, here}:
            raise Failure(
                Exit.ARGUMENT,
                f"{self._path.parent} holds the sample at scale {here}",
                expected=f"--scale {here}",
                remedy="choose another --data-dir, or wipe it with 'whosaw demo --wipe'",
            )
        return int(here or wanted or 1)

    def remember(self, **what: object) -> None:
        """Keep this from now on; it is on disk on return."""
        self._known |= what
        new = self._path.with_suffix(".new")
        descriptor = os.open(new, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(self._known, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
