"""Make the frozen bundles, once: `python -m pytest tests/client/freeze.py`. It refuses to write over what is there.

They are what the first release handed out, and what a forger can do to it. Every later verifier must say of each of
them what these said.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
from whosaw_client.verify import Older, verify_bundle

from tests.client.bundles import closed, opened, without
from tests.client.test_checks import FORGERIES, HOSTILE, failing
from tests.client.test_vectors import FOLDER

if TYPE_CHECKING:
    from tests.client.conftest import Made


def test_freeze(made: Made) -> None:
    known: dict[str, Any] = {"key": made.key, "bundles": {}}
    small = made._replace(
        **{
            name: closed(without(opened(getattr(made, name)), "report/account.pdf"))
            for name in ("body", "others", "alone")
        }
    )

    def keep(name: str, body: bytes, since: str | None = None) -> None:
        path = FOLDER / f"{name.replace(' ', '-').replace(chr(39), '')}.zip"
        with path.open("xb") as file:
            file.write(body)
        older = Older((FOLDER / since).read_bytes()) if since else None
        report = verify_bundle(path, made.key, older).json()
        known["bundles"][path.name] = {
            "sha256": sha256(body).hexdigest(), "verdict": report["verdict"], "failing": sorted(failing(report)),
            "since": since,
        }  # fmt: skip

    for name, note in (("older.checkpoint", made.older), ("newer.checkpoint", made.newer)):
        with (FOLDER / name).open("xb") as file:
            file.write(note)
    keep("good", small.body)
    keep("good alone", small.alone)
    keep("good since", small.body, "older.checkpoint")
    keep("rolled back", small.alone, "newer.checkpoint")
    for name in sorted(FORGERIES)[::2]:
        keep(name, closed(FORGERIES[name][1](opened(small.body), small)))
    for name in ("compressed", "climbing", "a link", "before it", "after it", "in the directory"):
        keep(f"zip {name}", HOSTILE[name])
    with (FOLDER / "bundles.json").open("xb") as file:
        file.write(orjson.dumps(known, option=orjson.OPT_INDENT_2) + b"\n")
