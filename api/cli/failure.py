"""One clear line for everything that can go wrong on a command line: expected, found, what to do.

Exit codes: 0 done, 1 done and the answer is no (nobody of that name, a doctor's finding), 2 a wrong argument,
3 a server or database that does not answer, 4 the server refused, 5 this machine does not allow it
(a busy port, a folder that can not be written, a missing file), 70 a defect of whosaw itself, 130 interrupted.
"""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of `whosaw`."""

    DONE = 0
    NO = 1
    ARGUMENT = 2
    UNREACHABLE = 3
    REFUSED = 4
    MACHINE = 5
    DEFECT = 70
    INTERRUPTED = 130


class Failure(Exception):
    """Ends a command with one line on standard error. Holds no personal value: it may land in a log."""

    def __init__(self, code: Exit, found: str, *, expected: str = "", remedy: str = "") -> None:
        self.code = code
        self.found = found
        self.expected = expected
        self.remedy = remedy
        super().__init__(self.line())

    def line(self) -> str:
        """Return the line: what was found, what was expected, what to do."""
        parts = [self.found]
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.remedy:
            parts.append(self.remedy)
        return "; ".join(parts)
