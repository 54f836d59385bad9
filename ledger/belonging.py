"""Whether a key directory and a database are of one ledger: found out before the first entry under a wrong key.

New keys on an old database would sign heads that no verifier knows, find nobody, and open nothing.
"""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

from ledger.checkpoint import open_checkpoint
from ledger.entry import reference_identity
from ledger.envelope import KeyWrapper, Unopenable
from ledger.errors import WrongLedger
from ledger.fact import KeyedHashes

if TYPE_CHECKING:
    from psycopg import Connection

    from ledger.keys import Keys

LOGS = "SELECT log_id, origin, size FROM ledger.log ORDER BY log_id"
NEWEST = "SELECT note FROM ledger.checkpoint WHERE log_id = %s ORDER BY size DESC LIMIT 1"
ANY_REFERENCE = "SELECT digest, envelope FROM ledger.reference LIMIT 1"


def check(connection: Connection[Any], keys: Keys) -> None:
    """Return if these keys are the ones that this database was written with; a ledger without logs belongs to any.

    Raises:
        WrongLedger: They are others, or of another number of logs. Do not retry: find the right key directory.
    """
    found = connection.execute(LOGS).fetchall()
    expected = [signer.origin for signer in keys.signers]
    if found and [origin for _, origin, _ in found] != expected:
        raise WrongLedger(f"expected {len(expected)} logs of {expected[0]}, found {len(found)} of {found[0][1]}")
    for log_id, (_, origin, size) in enumerate(found):
        row = connection.execute(NEWEST, (log_id,)).fetchone() if size else None
        if row is not None and not any(_opens(row[0], key) for key in keys.signers[log_id].verifier_keys):
            raise WrongLedger(f"expected the key that signed {origin}, found another log{log_id}.key")
    reference = connection.execute(ANY_REFERENCE).fetchone()
    if reference is not None:
        _check_reference(keys, *reference)


def _opens(note: bytes, verifier_key: str) -> bool:
    try:
        open_checkpoint(note, verifier_key)
    except ValueError:
        return False
    return True


def is_sealed_name(hashes: KeyedHashes, value: str, digest: bytes) -> bool:
    """Tell whether a reference's name (subject, number, seal) is that of a sealed stream found by this digest."""
    subject, number, _ = value.split("\0", 2)
    return hashes.sealed(b64decode(subject), int(number)) == digest


def _check_reference(keys: Keys, digest: Any, envelope: bytes) -> None:
    """Open one reference and find it again: that takes the right kek and the right lookup.key."""
    try:
        name = KeyWrapper(keys.ring).decrypt(envelope, reference_identity(digest.bytes)).decode()
    except Unopenable:
        raise WrongLedger("expected the kek that this ledger's keys are wrapped by, found another") from None
    kind, _, value = name.partition("\0")
    hashes = KeyedHashes(keys.lookup)
    sealed = kind == "sealed" and is_sealed_name(hashes, value, digest.bytes)
    if not sealed and hashes.reference(kind, value) != digest.bytes:
        raise WrongLedger("expected the lookup.key that this ledger's references are found by, found another")
