"""The last question, which no answer of the server's can settle: it is checked offline, from a file."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from examples.questions.question import ELLIPSIS, Question, Send, Step, look_up

Check: TypeAlias = Callable[[bytes, bytes], str]
"""Verifies a bundle against an older checkpoint as the command would; returns what it prints."""

PERSON = "C-1035"
PURPOSE = "whosaw:RegulatoryInspection"
PROOF = Question(
    25, "regulator", "Prove, offline, that nothing was altered or removed since a checkpoint that I kept.", (),
    "The first command is what a regulator does once, and keeps. The second asks for everything about one customer as "
    "one file, with what leads from the kept checkpoint to today's. The third opens no connection and shares no code "
    "with the ledger: every entry stands in the signed log as it was recorded, none of hers is missing, and today's "
    "log extends the one that was kept. Change one byte of the file, and it is red. What it can not prove is that "
    "everything was recorded in the first place: see [guarantees.md](guarantees.md).",
)  # fmt: skip
COMMANDS = f"""
```sh
curl -sS "$URL/v1/logs/0/checkpoint" -H "Authorization: Bearer $REGULATOR" > kept.txt
```

```sh
p=$(who {PERSON} {PURPOSE})
curl -sS -X POST "$URL/v1/subjects/$p/exports?since=$(sed -n 2p kept.txt)" -H "Authorization: Bearer $REGULATOR" \\
  -H 'Whosaw-Purpose: {PURPOSE}' -o account.zip
.venv/bin/whosaw-verify account.zip --key "$LOG_KEY" --since kept.txt
```
"""
CHANGING = re.compile(r"/\S*/(?=account\.zip)|[a-z]+\.example/[a-z]+/log0(?:\+[0-9a-f]+)?|[0-9a-f]{32}|\b[0-9]{2,}\b")


def proof(send: Send, check: Check) -> str:
    """Return the commands and what the offline verifier says, without what differs from copy to copy."""
    _, note = send(Step("/v1/logs/0/checkpoint", None, key="regulator", purpose=PURPOSE), "/v1/logs/0/checkpoint")
    person = look_up(PERSON, PURPOSE, send)
    size = note.decode().split("\n")[1]
    path = f"/v1/subjects/{person}/exports?since={size}"
    status, bundle = send(Step(path, None, key="regulator", method="POST", purpose=PURPOSE), path)
    if status not in range(200, 300):
        raise ValueError(f"{path}: {status} {bundle[:300]!r}")
    said = [line for line in check(bundle, note).splitlines() if not line.lstrip().startswith("note")]
    shown = "\n".join(CHANGING.sub(lambda hit: "" if hit[0].startswith("/") else ELLIPSIS, line) for line in said)
    return f"{COMMANDS}\n```\n{shown}\n```\n\nLines that begin with `note` are left out.\n"
