"""The client of a time stamp authority: the head, and so every entry below it, existed by then.

What is stamped is the checkpoint as it was signed, without later cosignatures. It does not prove that a fact happened
when it says. Authorities expire: stamp a newer checkpoint before they do.

Source: RFC 3161; 5816.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from api.outside.http import Unreachable, post

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from rfc3161_client import TimeStampRequest

GRANTED = 0, 1
"""Granted, and granted with modifications."""
QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
SIGNED_DATA = 1, 1, 0
"""Where it is in a reply, each time which child: the token, what it holds, that itself."""
CERTIFICATES = 0xA0
"""The tag of its member with certificates."""
LONG_LENGTH = 0x80


def stamp(url: str, note: bytes, roots: Path | None) -> bytes:
    """Have a checkpoint stamped; return the authority's reply.

    Args:
        url: The authority's.
        note: The signed checkpoint.
        roots: PEM file of root certificates to check the reply against; None takes whoever's word it is.

    Raises:
        Unreachable: No reply, or one that is not over this checkpoint. Retry later.
    """
    request = TimestampRequestBuilder(data=note, hash_algorithm=HashAlgorithm.SHA256).build()
    answer = post(url, request.as_bytes(), QUERY)
    if answer.kind != REPLY:
        raise Unreachable(f"the time stamp authority answered {answer.status} {answer.kind}")
    try:
        _check_over(answer.body, note, request)
        if roots is not None:
            check(answer.body, note, roots, request)
    except ValueError as error:
        raise Unreachable(f"the time stamp authority's reply is not good: {error}") from error
    return answer.body


def _check_over(reply: bytes, note: bytes, request: TimeStampRequest) -> None:
    """Check that a reply grants what was asked for: whatever else is kept for this size would be kept for ever.

    Raises:
        ValueError: It is none, is a refusal, or is over something else.
    """
    response = decode_timestamp_response(_in_order(reply))
    if response.status not in GRANTED:
        raise ValueError(f"the request was not granted: status {response.status}")
    stamped = response.tst_info
    if (stamped.message_imprint.message, stamped.nonce) != (sha256(note).digest(), request.nonce):
        raise ValueError("it is over something else")


def check(reply: bytes, note: bytes, roots: Path, request: TimeStampRequest | None = None) -> datetime:
    """Check an authority's reply against a checkpoint and return its time.

    Args:
        reply: DER.
        note: The signed checkpoint, as it was stamped.
        roots: PEM file of the roots that are trusted.
        request: Whose nonce must come back, if it is at hand.

    Raises:
        ValueError: It is not over this checkpoint, or not by an authority under these roots.
    """
    builder = VerifierBuilder() if request is None else VerifierBuilder.from_request(request)
    for root in x509.load_pem_x509_certificates(roots.read_bytes()):
        builder = builder.add_root_certificate(root)
    try:
        response = decode_timestamp_response(_in_order(reply))
        builder.build().verify_message(response, note)
    except (ValueError, VerificationError) as error:
        raise ValueError(str(error)) from error
    return response.tst_info.gen_time


class _Element(NamedTuple):
    """One element of DER."""

    tag: int
    at: int
    first: int
    """Where its content begins."""
    last: int


def _in_order(reply: bytes) -> bytes:
    """Return a reply with its certificates sorted as DER has a set; anything else as it is.

    OpenSSL, and so many an authority, sends them in the order of its own file, which the reader refuses. No signature
    covers that order.
    """
    try:
        (element,) = _children(reply, 0, len(reply))
        for child in SIGNED_DATA:
            element = _children(reply, element.first, element.last)[child]
        members = _children(reply, element.first, element.last)
        place = next(each for each in members if each.tag == CERTIFICATES)
        certificates = [reply[each.at : each.last] for each in _children(reply, place.first, place.last)]
    except (IndexError, StopIteration, ValueError):
        return reply
    return reply[: place.first] + b"".join(sorted(certificates)) + reply[place.last :]


def _children(data: bytes, at: int, end: int) -> list[_Element]:
    """Return the elements that fill a range.

    Raises:
        IndexError, ValueError: They do not.
    """
    found: list[_Element] = []
    while at < end:
        first, length = at + 2, data[at + 1]
        if length >= LONG_LENGTH:
            first += length - LONG_LENGTH
            length = int.from_bytes(data[at + 2 : first])
        if first + length > end:
            raise ValueError("an element that ends after the one around it")
        found.append(_Element(data[at], at, first, first + length))
        at = first + length
    return found
