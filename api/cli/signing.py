"""`whosaw signer`: hold the logs' keys in a process of their own, and sign for those who may open its socket."""

from __future__ import annotations

import signal
import sys
from threading import Thread
from typing import TYPE_CHECKING

from api.cli.processes import told
from api.cli.storage import failing_clearly
from api.key_directory import opened
from ledger.signer import Signer
from ledger.signing_process import SigningServer

if TYPE_CHECKING:
    from pathlib import Path


def serve(socket: Path) -> None:
    """Sign until a signal.

    Raises:
        Failure: The keys can not be read, or another process signs there.
    """
    settings = told()
    with failing_clearly():
        keys = opened(settings, signing=True)
        server = SigningServer(socket, [each for each in keys.signers if isinstance(each, Signer)])
    # Blocked before the thread starts, so that it is this one that gets them.
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    thread = Thread(target=server.serve_forever, name="signer", daemon=True)
    thread.start()
    sys.stderr.write(f"whosaw: signing for {', '.join(server.logs)} at {socket}\n")
    signal.sigwait(signals)
    server.shutdown()
    server.server_close()
    socket.unlink(missing_ok=True)
