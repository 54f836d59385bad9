"""The client of a time stamp authority: the head, and so every entry below it, existed by then.

What is stamped is the checkpoint as it was signed, without later cosignatures. It does not prove that a fact happened
when it says. Authorities expire: stamp a newer checkpoint before they do.

Source: RFC 3161; 5816.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

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
    response = decode_timestamp_response(reply)
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
        response = decode_timestamp_response(reply)
        builder.build().verify_message(response, note)
    except (ValueError, VerificationError) as error:
        raise ValueError(str(error)) from error
    return response.tst_info.gen_time
