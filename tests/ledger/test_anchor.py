"""With several logs, one checkpoint speaks for all: log 0 holds the heads of the others."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

import orjson

from ledger.anchor import anchor
from ledger.checkpoint import head_of
from ledger.own_fact import SOURCE
from tests.ledger.facts import fact, used

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger import Ledger


def heads(ledger: Ledger) -> list[dict[str, Any]]:
    with ledger.connection() as connection:
        rows = connection.execute(
            "SELECT log_id, bytes FROM ledger.entry WHERE type = 'checkpoint.signed' ORDER BY log_id, position"
        ).fetchall()
    own = [(log, orjson.loads(each)) for log, each in rows if orjson.loads(each)["source"] == SOURCE]
    assert {log for log, _ in own} <= {0}
    return [entry["data"] for _, entry in own]


def test_log_0_holds_the_newest_head_of_each_other_log_once(make_ledger: Callable[..., Ledger]) -> None:
    ledger = make_ledger(logs=3)
    assert anchor(ledger) == []
    ledger.append([fact(ledger, used(f"e{number}", f"C-{number}")) for number in range(30)])
    assert len(anchor(ledger)) == 2
    assert anchor(ledger) == []
    for said, log_id in zip(heads(ledger), (1, 2), strict=True):
        note = ledger.checkpoint(log_id)
        assert note is not None
        assert (said["size"], b64decode(said["root"])) == head_of(note)
        assert ledger.keys.signers[log_id].verifier_key.startswith(said["key_id"] + "+")
        assert ledger.proofs.root(log_id, said["size"]) == b64decode(said["root"])


def test_nobody_else_can_speak_in_that_stream(make_ledger: Callable[..., Ledger]) -> None:
    ledger = make_ledger(logs=2)
    ledger.append([fact(ledger, used(f"e{number}", f"C-{number}")) for number in range(20)])
    forged = {
        "specversion": "1.0", "id": "f", "source": "/services/billing", "type": "checkpoint.signed",
        "time": "2026-11-01T10:00:00-05:00",
        "data": {
            "actor": {"kind": "service", "id": "x", "role": "whosaw:Service"}, "log": ledger.keys.signers[1].origin,
            "size": 9_999, "root": "A" * 43 + "=", "key_id": "ledger.example/log1+1a2b3c4d",
        },
    }  # fmt: skip
    ledger.append([fact(ledger, forged)])
    assert len(anchor(ledger)) == 1
    assert [said["size"] for said in heads(ledger)] == [ledger.head(1)]
