"""After somebody was forgotten the audit is green, and what is left of her in cohorts is checked like the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ledger import Keys, Ledger, snapshot
from ledger.audit import Kind
from ledger.forget import Forgetting
from ledger.migrate import create_logs
from ledger.tombstones import Tombstones
from tests.audit.conftest import NAME, Scene
from tests.ledger.facts import fact, used
from tests.ledger.test_forget import shred, who

if TYPE_CHECKING:
    from pathlib import Path

CUSTOMERS = [f"C-{number}" for number in range(9)]


@pytest.mark.parametrize("logs", [1, 3])
def test_a_ledger_that_has_forgotten_people_is_whole(database: str, tmp_path: Path, logs: int) -> None:
    create_logs(database, NAME, logs)
    keys = Keys.create(tmp_path / "keys", NAME, logs)
    with Ledger(database, keys, durable=False) as ledger:
        forgetting = Forgetting(ledger, Tombstones(tmp_path / "tombstones"))

        def tell(name: str) -> None:
            ledger.append([fact(ledger, used(f"{name}{each}", each)) for each in CUSTOMERS])
            ledger.append([fact(ledger, used(f"{name}all", *CUSTOMERS))])
            # Seals of one person, and one about two people.
            for each in ("S-1", "S-2"):
                sealed = {"visibility": "sealed", "seal_ref": each}
                ledger.append([fact(ledger, used(f"{name}{each}", "C-1", **sealed))])
                ledger.append([fact(ledger, used(f"{name}{each}both", "C-1", "C-2", **sealed))])

        def cover() -> None:
            for log_id in range(logs):
                snapshot.make(ledger, log_id)

        scene = Scene(database, keys, tmp_path)
        tell("a")
        cover()
        tell("b")
        assert scene.audit() == []
        shred(forgetting, ledger, who(ledger, "C-1"))
        assert scene.audit() == []
        cover()
        assert scene.audit() == []
        # She comes again under the same name, and another is forgotten.
        tell("c")
        shred(forgetting, ledger, who(ledger, "C-5"))
        cover()
        assert scene.audit() == []
        # The first snapshot of all is made of what is left.
        scene.change("TRUNCATE ledger.heads, ledger.heads_page")
        cover()
        assert scene.audit() == []


def test_a_changed_leaf_of_somebody_forgotten_is_named(database: str, tmp_path: Path) -> None:
    create_logs(database, NAME, 1)
    keys = Keys.create(tmp_path / "keys", NAME, 1)
    with Ledger(database, keys, durable=False) as ledger:
        ledger.append([fact(ledger, used("e1", "C-1", "C-2", "C-3"))])
        shred(Forgetting(ledger, Tombstones(tmp_path / "tombstones")), ledger, who(ledger, "C-2"))
    scene = Scene(database, keys, tmp_path)
    assert scene.audit() == []
    scene.change("UPDATE ledger.erased_member SET leaf = sha256(leaf)")
    assert [(each.position, each.kind) for each in scene.audit()] == [(1, Kind.ROW_EDITED)]
    scene.change("DELETE FROM ledger.erased_member")
    assert [(each.position, each.kind) for each in scene.audit()] == [(1, Kind.ROW_EDITED)]
