"""Request bodies: read up to a limit, and only in the form that they state."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

from api.problems import Problem

if TYPE_CHECKING:
    from starlette.requests import Request

SMALL = 64 * 1024
"""The largest body of a request that is no batch of events."""
MOST_DIGITS = 18
MOST_SECONDS = 30
"""For all of a body to arrive: a batch of ten thousand at a megabit a second."""


async def read(request: Request, most: int = SMALL) -> bytes:
    """Return the body, without trusting what the request says of its length.

    Raises:
        Problem: It is larger than `most` bytes, is compressed, broke off, or came too slowly.
    """
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Problem("unsupported-media-type", "expected a body without Content-Encoding")
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and (len(stated) > MOST_DIGITS or int(stated) > most):
        raise Problem("too-large", f"expected at most {most} bytes")
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(MOST_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size > most:
                    raise Problem("too-large", f"expected at most {most} bytes")
                chunks.append(chunk)
    except ClientDisconnect:
        raise Problem("bad-request", "expected the whole body") from None
    except TimeoutError:
        # Whoever sends a byte a minute holds a place that others wait for.
        raise Problem("bad-request", f"expected the whole body within {MOST_SECONDS} s") from None
    return b"".join(chunks)


def media_type(request: Request) -> str:
    """Return the content type without its parameters.

    Raises:
        Problem: It states another encoding than UTF-8, the only one that JSON has.
    """
    kind, *parameters = (part.strip().lower() for part in request.headers.get("content-type", "").split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "charset" and value.strip('"') not in {"utf-8", "utf8", "us-ascii"}:
            raise Problem("unsupported-media-type", "expected charset=utf-8")
    return kind
