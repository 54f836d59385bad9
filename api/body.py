"""Request bodies: read up to a limit, and only in the form that they state."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

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
    stated = "0"
    # Once through all of them: the framework would go through them for each, and decode each name it meets.
    for name, value in request.scope["headers"]:
        if name == b"content-encoding" and value.strip().lower() != b"identity":
            raise Problem("unsupported-media-type", "expected a body without Content-Encoding")
        if name == b"content-length":
            stated = value.decode("latin-1")
    if stated.isdecimal() and (len(stated) > MOST_DIGITS or int(stated) > most):
        raise Problem("too-large", f"expected at most {most} bytes")
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(MOST_SECONDS):
            more = True
            while more:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise Problem("bad-request", "expected the whole body")
                more = message.get("more_body", False)
                chunk: bytes = message.get("body", b"")
                size += len(chunk)
                if size > most:
                    raise Problem("too-large", f"expected at most {most} bytes")
                chunks.append(chunk)
    except TimeoutError:
        # Whoever sends a byte a minute holds a place that others wait for.
        raise Problem("bad-request", f"expected the whole body within {MOST_SECONDS} s") from None
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


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
