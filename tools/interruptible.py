"""Run a command for make, so that an interrupt of make alone ends it too: `python tools/interruptible.py COMMAND...`.

Ctrl-C reaches make and the command both. A script that sends SIGINT to make's process alone reaches only make, which
then waits for the command and tells it nothing. What can be seen from here (on Linux) is that make no longer catches
the signal, or is gone. Ends with the command's own status.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

LOOK_SECONDS = 0.5
CAUGHT = re.compile(r"^SigCgt:\s*([0-9a-f]+)$", re.MULTILINE)


def catches_interrupts(process: int) -> bool | None:
    """Tell whether a process handles SIGINT; None where that can not be known."""
    try:
        found = CAUGHT.search(Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace"))
    except OSError:
        return None
    return bool(int(found[1], 16) >> (signal.SIGINT - 1) & 1) if found else None


def main() -> int:
    """Run the command to its end."""
    make = os.getppid()
    at_first = catches_interrupts(make)
    # The terminal sends the command its own; we stay to wait for it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with subprocess.Popen(sys.argv[1:], preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as command:  # noqa: PLW1509 - we have one thread
        signal.signal(signal.SIGTERM, lambda *_: command.terminate())
        told = False
        while True:
            try:
                return command.wait(LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                gone = os.getppid() != make
                if not told and (gone or (at_first and catches_interrupts(make) is False)):
                    command.send_signal(signal.SIGINT)
                    told = True


sys.exit(main())
