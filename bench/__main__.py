"""Measure all and print the table: `python -m bench [--quick] [--only WORD]`; results in bench/out/latest.json."""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from bench import (
    across,
    append,
    audit,
    catching_up,
    checkpoint,
    over_http,
    proofs,
    questions,
    scene,
    silence,
    snapshot,
    verify,
)
from bench.measure import Row, table
from ledger.embedded import EmbeddedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OUT = Path(__file__).parent / "out" / "latest.json"


def plan(server: str, folder: Path, *, quick: bool) -> dict[str, Callable[[], Sequence[Row]]]:
    """Return what is measured, by name, in the sizes wanted."""
    size, runs, seconds = (4_000, 3, 1.0) if quick else (20_000, 7, 5.0)
    small, large, grown = (2_000, 20_000, 40_000) if quick else (200_000, 2_000_000, 5_000_000)
    return {
        "limit": lambda: [append.against_the_limit(server, folder, size, runs)],
        "library": lambda: [append.against_the_library(server, folder, size, runs)],
        "checkpoint": lambda: checkpoint.in_the_transaction(server, folder, size, runs),
        "one": lambda: over_http.one_event(server, folder, seconds, runs),
        "batches": lambda: [over_http.batches(server, folder, seconds, size, runs)],
        "projections": lambda: catching_up.all_of_them(server, folder, size, runs),
        "account": lambda: [questions.account_at_size(server, folder, small, large, 300 if quick else 2_000, runs)],
        "silence": lambda: silence.sealed_against_strangers(server, folder, 1_000 if quick else 5_000, runs),
        "across": lambda: [across.exposure_at_size(server, folder, small, large, 10 if quick else 50, runs)],
        "follows": lambda: [
            across.what_follows_at_size(server, folder, small // 10, large // 10, 10 if quick else 50, runs)
        ],
        "large": lambda: [append.on_a_large_ledger(server, folder, grown, size, runs)],
        "proofs": lambda: proofs.inclusion(server, folder, 10 * size, size // 2, runs),
        "snapshots": lambda: snapshot.snapshots(server, folder, 20_000 if quick else 1_000_000, size, min(runs, 3)),
        "audit": lambda: audit.against_reading(server, folder, 50 * size, min(runs, 5)),
        "verify": lambda: verify.bundles(folder, 2_000 if quick else 10_000, min(runs, 3)),
        "disk": lambda: [append.disk(server, folder, 10 * size)],
    }


def keep(rows: Sequence[Row], path: Path = OUT) -> None:
    """Write rows to the results file: in place of those of the same name; others that stand in it stay."""
    path.parent.mkdir(exist_ok=True)
    kept: dict[str, dict[str, Any]] = {}
    if path.exists():
        kept = {each["name"]: each for each in orjson.loads(path.read_bytes())}
    kept |= {each.name: each.json() for each in rows}
    path.write_bytes(orjson.dumps(list(kept.values()), option=orjson.OPT_INDENT_2))


def main() -> None:
    """Run the plan against a durable server of our own."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, under two minutes")
    parser.add_argument("--only", action="append", default=[], help="limit, library, one, batches, projections, …")
    arguments = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with EmbeddedServer(folder / "server") as server:
            try:
                for name, measure in plan(server.dsn(), folder, quick=arguments.quick).items():
                    if not arguments.only or name in arguments.only:
                        scene.say(f"measuring {name}")
                        rows += (
                            [replace(each, name=f"{each.name} (small run)") for each in measure()]
                            if arguments.quick
                            else measure()
                        )
                        keep(rows)
            finally:
                server.stop(wipe=True)
    sys.stdout.write(
        table(rows) + f"\n\nWritten to {OUT.relative_to(Path.cwd()) if OUT.is_relative_to(Path.cwd()) else OUT}\n"
    )


if __name__ == "__main__":
    main()
