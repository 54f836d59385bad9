"""Writes the sample company's events to standard output, one JSON object a line, in order of time."""

from __future__ import annotations

import argparse
import json
import sys

from examples.company.company import SCALES, SEED, events


def main() -> None:
    """Write the events that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m examples.company", description=__doc__)
    parser.add_argument("--scale", type=int, choices=SCALES, default=1, help="times 300 customers")
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    for event in events(arguments.seed, arguments.scale):
        sys.stdout.write(json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
