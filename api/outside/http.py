"""One POST to somebody outside, bounded in time and size."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any, NamedTuple

TIMEOUT_SECONDS = 10.0
MOST_BYTES = 1024 * 1024


class Unreachable(Exception):
    """Somebody outside did not answer as they should. Retry later; nothing here depends on it."""


class Answer(NamedTuple):
    """What came back, whatever its status."""

    status: int
    kind: str
    """Content type without parameters."""
    body: bytes


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """An address that the operator gave is the one that is meant."""

    def http_error_302(self, *_: Any, **__: Any) -> None:
        """Follow nothing."""

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


OPENER = urllib.request.build_opener(_NoRedirect)


def post(url: str, body: bytes, kind: str) -> Answer:
    """Send a body and return the answer.

    Raises:
        Unreachable: There was none in time, or it was too large.
    """
    request = urllib.request.Request(url, body, {"Content-Type": kind}, method="POST")  # noqa: S310 - http(s) only, see settings
    try:
        try:
            with OPENER.open(request, timeout=TIMEOUT_SECONDS) as response:
                status, headers, content = response.status, response.headers, response.read(MOST_BYTES + 1)
        except urllib.error.HTTPError as error:
            with error:
                status, headers, content = error.code, error.headers, error.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise Unreachable(f"no answer ({type(error).__name__})") from error
    if len(content) > MOST_BYTES:
        raise Unreachable("the answer is too large")
    return Answer(status, headers.get_content_type(), content)
