"""What is sent to the ledger in a history, and the model told the same; whether the two agree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from api.forgetting import fact_about, held_by, new_receipt
from ledger import Subject
from tests.histories.model import LOOKS, Model, Told
from tests.projections.given import COLLECTOR

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ledger import Receipt
    from tests.histories.world import Answer, World

SOURCE = "/services/histories"
BEGINNING = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=60)
"""Lately, so that no time of recourse runs out by itself."""
LONG_AGO = -50_000
"""Hours: any time of recourse since then is over."""
ACTOR = {"kind": "service", "id": "histories", "role": "whosaw:Service"}
AUTHORITY = {"id": "city-police", "name": "City Police", "country": "loc:CA-QC"}
DATA: dict[str, dict[str, Any]] = {
    "data.collected": {
        "categories": ["pd:Name"], "purposes": ["dpv:ServiceProvision"], "context": "whosaw:SignUp",
        "channel": "whosaw:Web", "origin": "subject", "basis": "ca-pipeda:consent", "retained": True,
    },
    "data.disclosed": {
        "recipient": COLLECTOR, "categories": ["pd:Name"], "purpose": "dpv:CustomerClaimsManagement",
        "recipient_purpose": None, "basis": "ca-qc-p39.1:18-9", "initiative": "controller", "mode": "transmitted",
    },
    "data.viewed": {
        "actor": {"kind": "human", "id": "emp-017", "role": "whosaw:SupportAgent"}, "categories": ["pd:Name"],
        "purpose": "dpv:CustomerCare", "view": "detail", "result_count": 1,
    },
    "data.used": {
        "categories": ["pd:Name"], "purposes": ["dpv:PaymentManagement"], "basis": None, "automated": False,
    },
    "hold.placed": {"reason": "whosaw:Litigation", "scope": {}},
    "hold.released": {"reason": "whosaw:Settled"},
    "request.received": {"regime": "whosaw:PIPEDA", "right": "whosaw:Access", "channel": "whosaw:Web", "due": None},
    "request.answered": {"outcome": "dpv:RequestFulfilled", "channel": "whosaw:Web"},
    "seal.placed": {"authority": AUTHORITY, "basis": "ca-criminal-code:487.0191", "scope": {}, "until": None},
    "seal.lifted": {"reason": "whosaw:OrderRevoked"},
    "subject.merged": {"method": "whosaw:StaffMatch", "confidence": "certain"},
    "subject.split": {"method": "whosaw:StaffMatch", "confidence": "certain"},
    "subject.identifier_linked": {"method": "whosaw:CustomerStated", "confidence": "certain"},
    "subject.identifier_unlinked": {"method": "whosaw:CustomerStated", "confidence": "certain"},
    "event.corrected": {"changed": ["/categories"]},
    "account.issued": {
        "language": "en", "formats": ["json"], "report_digest": "sha256:" + "0" * 64, "checkpoint": 1,
        "purpose": "whosaw:AccessRequest",
    },
}  # fmt: skip


class Telling:
    """A ledger and its model, told the same."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.model = Model()
        self.sent: list[dict[str, Any]] = []
        self.hidden: dict[str, list[str]] = {}
        """Person → her sealed streams, as far as they were asked for."""
        self.told_of: dict[str, list[str]] = {}
        """Person → streams that an ended order opened."""
        self.read = dict.fromkeys(range(world.logs), 0)
        self.hours = 0

    # Sending.

    def tell(
        self, kind: str, who: Sequence[str], *, seal: str | None = None, late: bool = False, over: bool = False,
        target: str = "", name: str = "", **data: Any,
    ) -> Told:  # fmt: skip
        """Send an event about people, by name or by id, and tell the model; return its first part."""
        self.hours += 1
        hour = LONG_AGO if over else self.hours // 2 if late else self.hours
        time = (BEGINNING + timedelta(hours=hour)).isoformat()
        event: dict[str, Any] = {
            "specversion": "1.0", "id": f"e-{len(self.sent)}", "source": SOURCE, "type": kind, "time": time,
            "data": {"actor": ACTOR, "system": "crm"} | DATA.get(kind, {}) | data,
        }  # fmt: skip
        told = event["data"]
        if who:
            told["subjects"] = [self._named(each) for each in who]
        if seal is not None and kind not in {"seal.placed", "seal.lifted"}:
            told |= {"visibility": "sealed", "seal_ref": seal}
        for member in {"hold.placed": ["starts"], "seal.placed": ["starts"], "hold.released": ["effective_at"],
                       "seal.lifted": ["effective_at"], "request.received": ["clock_start"]}.get(kind, []):  # fmt: skip
            told[member] = time
        if kind in {"seal.placed", "seal.lifted"}:
            told["seal_id"] = seal
            del told["system"]
        if kind.startswith("hold."):
            told["hold_id"] = name
        if kind.startswith("request."):
            told["request_id"] = name.partition(":")[2]
        if kind == "account.issued":
            told["account_id"] = name
        reference = {"source": SOURCE, "id": target}
        if kind.startswith("event."):
            told["target"] = reference
        if kind == "subject.split":
            told["undoes"] = reference
        self.sent.append(event)
        receipt = self.world.record(event)
        mine = Told(
            0, 0, kind, (), event["id"], hour, seal, target, told.get("reason", ""), "replaced_by" in told, name, over,
            told.get("position", 0),
        )  # fmt: skip
        parts = self._learn(receipt, who, mine)
        self.model.told += parts
        return parts[0]

    def again(self, event: dict[str, Any]) -> None:
        """Send an event once more; whatever became of its people, it is a repeat, and nobody comes back by it."""
        heads = self.world.heads()
        assert self.world.record(event).repeated
        assert self.world.heads() == heads

    @staticmethod
    def _named(who: str) -> dict[str, Any]:
        if len(who) == 32:
            return {"id": who, "role": "dpv:Customer"}
        return {"reference": {"kind": "customer", "value": who}, "role": "dpv:Customer"}

    def _learn(self, receipt: Receipt, who: Sequence[str], mine: Told) -> list[Told]:
        if self.model.of_others(mine.type, mine.target, mine.reason, mine.seal, map(self._known, who)):
            who = []
        people = dict.fromkeys(self._whom(each) for each in who)
        parts: list[Told] = []
        for part in (receipt, *receipt.parts):
            some = tuple(each for each in people if self.model.homes[each] == part.log_id)
            assert some or not who, "each log has its own people's part"
            # A fact about two names of one person is still one about several.
            if len(some) == 1 and mine.seal is None and len(people) == len(who):
                assert part.stream == some[0]
            parts.append(mine._replace(log=part.log_id, position=part.position, people=some))
        return parts

    def _known(self, name: str) -> str | None:
        """Return whom a name stands for so far; None if that is nobody yet, or any more."""
        return name if name in self.model.homes and name not in self.model.gone else self.model.names.get(name)

    def _whom(self, name: str) -> str:
        """Return whom a name stands for, as the ledger has it; the model knew, or it is somebody who never was."""
        known = self.model.names.get(name)
        if name in self.model.homes and name not in self.model.gone:
            return name
        kind = "subject" if len(name) == 32 else "customer"
        digest = self.world.ledger.hashes.reference(kind, name)
        found = self.world.ledger._directory.by_digest([digest])[digest]
        if known is None:
            assert found.id not in self.model.homes, "nobody who was forgotten comes back"
            self.model.names[name] = found.id
            self.model.homes[found.id] = found.log_id
        else:
            assert found.id == known, "a name stays whose it is"
        return found.id

    # Forgetting.

    def subject(self, person: str) -> Subject:
        return Subject(person, self.model.homes[person])

    def revoke(self, person: str, *, days: int) -> None:
        until = datetime.now(UTC) + timedelta(days=days, seconds=-1)
        receipt = new_receipt()
        data = {"receipt_id": receipt, "reason": "whosaw:CustomerAsked", "until": until.isoformat()}
        subject = self.subject(person)
        fact = fact_about(self.world.ledger, "subject.revoked", subject, data, "key-histories")
        self.world.forgetting.revoke(subject, fact, until, receipt)

    def take_back(self, person: str) -> None:
        subject = self.subject(person)
        found = self.world.forgetting.find(subject)
        assert found is not None
        data = {"receipt_id": found.receipt, "reason": "whosaw:Withdrawn"}
        fact = fact_about(self.world.ledger, "subject.restored", subject, data, "key-histories")
        self.world.forgetting.restore(subject, fact)

    def look_behind(self, people: Iterable[str]) -> None:
        """Remember which streams are hidden or were opened, as long as somebody can be asked."""
        for each in people:
            self.hidden[each] = [one.stream for one in self.world.ledger.sealed_streams(self.subject(each))]

    def sync(self) -> None:
        """Tell the model what the ledger itself has recorded since."""
        for log_id in range(self.world.logs):
            for log, position, kind, stream, data in self.world.own_entries(log_id, self.read[log_id]):
                self.read[log_id] = position
                about = () if kind == "key.destroyed" else (stream.hex,)
                self.model.told.append(Told(log, position, kind, about, f"own-{log}-{position}", self.hours))
                if kind == "seal.ended":
                    mine = self.world.ledger.sealed_streams(self.subject(stream.hex))
                    (seal,) = [each.seal for each in mine if each.stream == data["stream"]]
                    assert data["stream"] not in self.told_of.get(stream.hex, []), "an order ends once"
                    self.model.opened.setdefault((stream.hex, seal), []).append(position)
                    self.told_of.setdefault(stream.hex, []).append(data["stream"])

    # Agreeing.

    def expected(self, person: str, at: int, view: str) -> tuple[list[int], list[int], list[int], int]:
        """What the model says of timeline, disclosures, holdings and looks."""
        seen = self.model.seen(person, at, view)
        kinds = {each.position: each.type for each in self.model.told if each.log == self.model.homes[person]}

        def of(*wanted: str) -> list[int]:
            return [each for each in sorted(seen, reverse=True) if kinds[each] in wanted]

        return of(*kinds.values()), of("data.disclosed"), of("data.collected")[::-1], len(of(*LOOKS))

    def agrees(self, person: str, at: int, view: str = "current") -> None:
        """Check one answer about one person."""
        found = self.world.ask(self.subject(person), at, view)
        if not self.model.known(person):
            assert found is None, "nobody is told of"
            return
        assert found is not None, "she is told of"
        assert found[:4] == self.expected(person, at, view), f"{view} at {at}"

    def agree(self, views: Sequence[str] = ("current",)) -> None:
        """Check everything that is so now."""
        folded = self.world.fold()
        for person in self.model.homes:
            for view in views:
                self.agrees(person, folded[self.model.homes[person]], view)
            if person not in self.model.gone:
                standing = held_by(self.world.ledger, self.subject(person), folded, sealed=True)
                assert bool(standing) == self.model.held(person, folded), [each.hold for each in standing]
        assert self.world.owed() == self.model.owed(), "what is owed"
        self.nothing_left()

    def nothing_left(self) -> None:
        """Check that nothing leads to anybody who was forgotten."""
        gone = [each for each in self.model.homes if each in self.model.gone]
        assert self.world.left_of([*gone, *(stream for each in gone for stream in self.told_of.get(each, []))]) == []
        hidden = [stream for each in gone for stream in self.hidden.get(each, [])]
        assert [each for each in self.world.left_of(hidden) if each.startswith("ledger.")] == []
        assert all(self.world.ledger.find_revoked(each) is None for each in gone)

    def answers(self, people: Iterable[str], at: dict[int, int]) -> dict[str, Answer | None]:
        """What is told about people, byte for byte."""
        return {each: self.world.ask(self.subject(each), at[self.model.homes[each]]) for each in people}

    def green(self, folder: Path) -> None:
        """Check that every proof holds."""
        found = self.world.audit(folder)
        assert found == [], found[:3]
