"""The account of one person as a file: JSON for machines, a PDF with that JSON inside for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.report.account import render_json
from api.report.document import printable
from api.report.errors import (
    InvalidAccount,
    ReportBusy,
    ReportError,
    ReportFailed,
    ReportTooLarge,
)
from api.report.typesetting import LARGEST_ACCOUNT_BYTES, typeset
from api.report.wording import LANGUAGES

__all__ = [
    "LANGUAGES",
    "LARGEST_ACCOUNT_BYTES",
    "InvalidAccount",
    "ReportBusy",
    "ReportError",
    "ReportFailed",
    "ReportTooLarge",
    "render_json",
    "render_pdf",
]


def render_pdf(account: Mapping[str, Any], *, language: str) -> bytes:
    """Return the account as a PDF that carries its JSON, the same bytes for the same account.

    The file declares PDF/A-3a and PDF/UA-1. Its one attachment, `account.json`, is `render_json` of
    the account. Blocks for about 0.3 s, a large account for about 2 s; safe to call from threads.

    Args:
        account: Labels are in the language of the report already.
        language: en or fr.

    Raises:
        ValueError: The language is another. Do not retry.
        InvalidAccount: The account has another shape than a report needs. Do not retry.
        ReportTooLarge: The JSON exceeds `LARGEST_ACCOUNT_BYTES`. Do not retry.
        ReportBusy: Too many reports are being made. Retry later.
        ReportFailed: Typesetting ran out of time or memory, or broke off.

    Source: PIPEDA, Schedule 1, 4.9; GDPR Art. 15.
    """
    if language not in LANGUAGES:
        raise ValueError(f"a report is written in one of: {', '.join(LANGUAGES)}")
    body = render_json(account)
    if len(body) > LARGEST_ACCOUNT_BYTES:
        raise ReportTooLarge(f"the account has {len(body)} bytes; a report carries {LARGEST_ACCOUNT_BYTES}")
    try:
        return typeset(printable(body, language), body)
    except ReportFailed as failure:
        if failure.reason != "unprintable":
            raise
        # A combination of characters that no typeface draws: her answer comes in Latin letters,
        # with the others by their number, rather than not at all.
        return typeset(printable(body, language, cautious=True), body)
