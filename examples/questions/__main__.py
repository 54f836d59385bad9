"""Writes docs/questions.md to standard output, from a running demo: `python -m examples.questions READY`.

READY is a file with the line that `whosaw demo --json` prints. The demo must be a fresh one.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from examples.questions.page import TICKET, page

if TYPE_CHECKING:
    from examples.questions.question import Step

SETTLE_SECONDS = 2
"""After what is done so that there is something to find: until it is in the answers."""
VERIFY = Path(sys.executable).with_name("whosaw-verify")


def main() -> None:
    """Write the page.

    Raises:
        ValueError: The product refused to answer one of the questions.
    """
    ready = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    keys = ready["keys"] | ready["further_keys"]

    def send(step: Step, path: str) -> tuple[int, bytes]:
        said = {
            "Authorization": f"Bearer {keys[step.key]}", "Whosaw-Purpose": step.purpose, "Whosaw-Ticket": TICKET,
            "Content-Type": "application/json", "Accept": step.accept, "Prefer": "wait=30",
        }  # fmt: skip
        body = (step.body or "{}").encode() if step.method == "POST" else None
        request = Request(ready["url"] + path, body, said, method=step.method)  # noqa: S310 - http, on this machine
        try:
            with urlopen(request) as answer:  # noqa: S310 - as above
                status, content = answer.status, answer.read()
        except HTTPError as error:
            return error.code, error.read()
        if step.shown is None:
            time.sleep(SETTLE_SECONDS)
        return status, content

    def check(bundle: bytes, note: bytes) -> str:
        with tempfile.TemporaryDirectory() as folder:
            for name, content in (("account.zip", bundle), ("kept.txt", note)):
                Path(folder, name).write_bytes(content)
            command = [
                VERIFY,
                f"{folder}/account.zip",
                "--key",
                ready["log_public_key"],
                "--since",
                f"{folder}/kept.txt",
            ]
            return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    sys.stdout.write(page(send, check))


if __name__ == "__main__":
    main()
