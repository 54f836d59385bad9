"""What can go wrong while an account becomes a document.

ReportError
├── InvalidAccount    the account does not have the shape that a report needs; do not retry
├── ReportTooLarge    the account is larger than a report may carry; do not retry
├── ReportBusy        every typesetting slot stayed taken; a retry can help
└── ReportFailed      typesetting broke off: out of memory, out of time, or refused

No message holds a value of the account: they may be shown and logged.
"""


class ReportError(Exception):
    """Root of the tree above."""


class InvalidAccount(ReportError):
    """A member of the account has another type than the report reads. Do not retry."""


class ReportTooLarge(ReportError):
    """The account's JSON exceeds `LARGEST_ACCOUNT_BYTES`. Do not retry; hand out the JSON alone."""


class ReportBusy(ReportError):
    """No typesetting slot became free in time. Retry later."""


class ReportFailed(ReportError):
    """Typesetting ended without a document. The reason says how, never on what text."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"typesetting ended without a document: {reason}")
        self.reason = reason
        """One of: time, memory, unprintable, refused."""
