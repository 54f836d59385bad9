"""The process that runs typst. Started as a file, not imported: it loads nothing of ours.

Reads one JSON order from standard input: `files`, text by name, and `created`, seconds since 1970
UTC. Writes the PDF to standard output. Says how it failed by its exit code alone: a diagnostic would
quote the text.
"""

import json
import resource
import signal
import sys
from datetime import UTC, datetime

UNPRINTABLE = 3
"""Exit code: a character has no glyph, or may not stand in a PDF/A file."""

REFUSED = 4
"""Exit code: typst refused the document for another reason."""

OUT_OF_MEMORY = 5
"""Exit code: the memory limit was met in Python's own allocations."""

SIGXCPU = signal.SIGXCPU
"""The signal that ends the process at its CPU limit."""

MOST_MEMORY_BYTES = 1536 * 1024 * 1024
"""Address space: a document of 2,000 rows takes about a third of it."""

MOST_CPU_SECONDS = 45

_UNPRINTABLE_SIGNS = ("could not be displayed", "contains the codepoint", "codepoint")


def main() -> int:
    """Typeset one order and return the exit code."""
    for limit, most in (
        (resource.RLIMIT_AS, MOST_MEMORY_BYTES),
        (resource.RLIMIT_CPU, MOST_CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    import typst  # noqa: PLC0415 - after the limits, and not in the process that serves

    try:
        order = json.load(sys.stdin.buffer)
        files: dict[str, bytes] = {name: text.encode() for name, text in order["files"].items()}
        made = typst.compile(
            files,  # pyright: ignore[reportArgumentType] - texts by name are taken; the stub does not say so
            root=".",
            package_path=".",
            package_cache_path=".",
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards=["a-3a", "ua-1"],
            timestamp=datetime.fromtimestamp(order["created"], UTC),
        )
    except typst.TypstError as error:
        return UNPRINTABLE if any(sign in str(error) for sign in _UNPRINTABLE_SIGNS) else REFUSED
    except MemoryError:
        return OUT_OF_MEMORY
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
