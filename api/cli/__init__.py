"""The command `whosaw`. Each command imports what it needs when it runs, so that the first line of help comes at once.

Exit codes are listed in `api.cli.failure`.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

import typer

from api.cli import commands
from api.cli.failure import Exit, Failure

__all__ = ["main"]


def main() -> None:
    """Run the command line; every error is one line on standard error and an exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    try:
        code = commands.app(arguments, prog_name="whosaw", standalone_mode=False)
    except Failure as failure:
        return complain(failure.line(), failure.code)
    except typer.TyperException as error:
        # Some of its messages are lists over several lines.
        message = " ".join(error.format_message().split()).rstrip(".")
        return complain(f"{message}; see 'whosaw --help'", Exit.ARGUMENT)
    except (KeyboardInterrupt, typer.Abort):
        return complain("interrupted", Exit.INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has gone; what was asked is done as far as anybody wants it.
        sys.stdout = None  # type: ignore[assignment]
        return Exit.DONE
    except Exception as error:
        if os.environ.get("WHOSAW_DEBUG"):
            raise
        # Not the message: a driver's may quote a value.
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(frame.filename).name}:{frame.lineno}"
        return complain(f"unexpected {type(error).__name__} at {where}; WHOSAW_DEBUG=1 shows the rest", Exit.DEFECT)
    return code if isinstance(code, int) else Exit.DONE


def complain(line: str, code: int) -> int:
    """Write one line to standard error and return the exit code."""
    sys.stderr.write(f"whosaw: {line}\n")
    return code
