"""What may happen in a history: forgetting, holding, sealing, correcting, merging, in any order and over crashes."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, ClassVar

import psycopg
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from psycopg.conninfo import conninfo_to_dict

from api.forgetting import Terms, carry_out
from ledger import Held
from ledger.forget import resurrected
from projections import PROJECTIONS
from projections.rebuild import rebuild
from tests.histories.model import VIEWS
from tests.histories.telling import Telling
from tests.histories.world import Crash, copied, crashing, put_back, rows_under, world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.histories.world import Origin

NAMES = ("C-1", "C-2", "C-3", "C-4")
FACTS = ("data.collected", "data.disclosed", "data.viewed", "data.used")
STEPS = ("entry", "tombstone", "commit", "after")
"""Of a shred, where a process may stop: before each of them is done, and after the last."""
some = st.integers(0, 999)
"""Which one, of however many there are."""
whom = st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True)
rarely = st.integers(0, 4).map(lambda number: number == 0)


class Histories(RuleBasedStateMachine):
    """One history. The ledger is real, and the model is told the same."""

    start: ClassVar[Origin]
    folder: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.world = self.stack.enter_context(world(self.start, self.folder))
        self.telling = Telling(self.world)
        self.model = self.telling.model
        self.backup: tuple[str, set[str], set[str]] | None = None
        self.seals = 0
        self.begun: set[str] = set()
        """Whose forgetting was listed, and then stopped before the commit."""

    def teardown(self) -> None:
        try:
            self.telling.agree(VIEWS)
            self.telling.green(self.folder)
            if self.backup is not None:
                self._put_back(*self.backup)
        finally:
            self.stack.close()

    # What is recorded.

    @initialize()
    def begin(self) -> None:
        for name in NAMES:
            self.telling.tell("data.collected", [name])

    @rule(kind=st.sampled_from(FACTS), who=whom, late=rarely)
    def record(self, kind: str, who: list[str], *, late: bool) -> None:
        self.telling.tell(kind, who, late=late)

    @precondition(lambda self: self.seals)
    @rule(kind=st.sampled_from((*FACTS, "hold.placed")), who=whom, which=some)
    def record_behind_a_seal(self, kind: str, who: list[str], which: int) -> None:
        self.telling.tell(kind, who, seal=f"S-{which % self.seals}", name="H-1" if kind == "hold.placed" else "")

    @rule(which=some)
    def record_about_an_id(self, which: int) -> None:
        known = [each for each in self.model.homes if each in self.model.gone or self.model.found(each)]
        self.telling.tell("data.disclosed", [known[which % len(known)]])

    @rule(which=some)
    def send_again(self, which: int) -> None:
        self.telling.again(self.telling.sent[which % len(self.telling.sent)])

    @rule(
        which=some, whose=st.sampled_from(("its", "its", "another", "nobody")), wrong=st.booleans(),
        kind=st.sampled_from(("event.voided", "event.voided", "event.corrected")), replaced=st.booleans(),
    )  # fmt: skip
    def correct(self, which: int, whose: str, kind: str, *, wrong: bool, replaced: bool) -> None:
        mine = [each for each in self.model.told if not each.id.startswith("own-")]
        target = mine[-1 - which % min(len(mine), 12)]
        names = {person: name for name, person in self.model.names.items()}
        who = [names[each] for each in target.people if each in names]
        if whose == "another" or not who:
            who = [NAMES[which % len(NAMES)]]
        data: dict[str, Any] = {"reason": "whosaw:WrongSubject" if wrong else "whosaw:WrongContent"}
        if kind == "event.corrected" and replaced:
            data["replaced_by"] = {"source": "/services/histories", "id": "e-0"}
        seal = target.seal if target.type not in {"seal.placed", "seal.lifted"} else None
        self.telling.tell(kind, [] if whose == "nobody" else who, seal=seal, target=target.id, **data)

    @rule(who=whom)
    def issue_an_account(self, who: list[str]) -> None:
        person = self.model.names.get(who[0])
        at = self.world.heads()[self.model.homes[person]] if person is not None else 0
        log = "ledger.example/histories/log0"
        self.telling.tell("account.issued", who[:1], name=f"A-{len(self.telling.sent)}", position=at, log=log)

    # Orders.

    @rule(who=whom, again=rarely, which=some)
    def seal(self, who: list[str], which: int, *, again: bool) -> None:
        name = f"S-{which % self.seals if again and self.seals else self.seals}"
        self.telling.tell("seal.placed", who, seal=name, name=name)
        self.seals += name == f"S-{self.seals}"

    @precondition(lambda self: self.seals)
    @rule(which=some)
    def lift(self, which: int) -> None:
        orders = [each for each in self.model.told if each.type == "seal.placed"]
        order = orders[which % len(orders)]
        names = {person: name for name, person in self.model.names.items()}
        who = [names[each] for each in order.people if each in names]
        if who:
            self.telling.tell("seal.lifted", who, seal=order.seal, name=order.name)

    @rule(who=whom, everybody=rarely, late=rarely, name=st.sampled_from(("H-1", "H-2")))
    def hold(self, who: list[str], name: str, *, everybody: bool, late: bool) -> None:
        self.telling.tell("hold.placed", [] if everybody else who, name=name, late=late)

    @rule(which=some, late=rarely)
    def release(self, which: int, *, late: bool) -> None:
        held = [each for each in self.model.told if each.type in {"hold.placed", "request.received"}]
        if held:
            self._about("hold.released", held[which % len(held)], late=late)

    @rule(who=whom)
    def request_access(self, who: list[str]) -> None:
        self.telling.tell("request.received", who[:1], name=f"request:R-{len(self.telling.sent)}")

    @rule(which=some, over=st.booleans())
    def answer(self, which: int, *, over: bool) -> None:
        asked = [each for each in self.model.told if each.type == "request.received"]
        if asked:
            self._about("request.answered", asked[which % len(asked)], over=over)

    def _about(self, kind: str, placed: Any, **more: Any) -> None:
        names = {person: name for name, person in self.model.names.items()}
        who = [names[each] for each in placed.people if each in names]
        if who or not placed.people:
            seal = placed.seal if kind != "request.answered" else None
            self.telling.tell(kind, who, name=placed.name, seal=seal, **more)

    # Who is who.

    @rule(who=st.lists(st.sampled_from(NAMES), min_size=2, max_size=3, unique=True))
    def merge(self, who: list[str]) -> None:
        homes = self.model.homes
        one = [each for each in who if each in self.model.names]
        one = [each for each in one if homes[self.model.names[each]] == homes[self.model.names[one[0]]]]
        if len(one) > 1:
            self.telling.tell("subject.merged", one)

    @rule(which=some, who=st.lists(st.sampled_from(NAMES), min_size=2, max_size=2, unique=True))
    def split(self, which: int, who: list[str]) -> None:
        merges = [each for each in self.model.told if each.type == "subject.merged"]
        if merges:
            self.telling.tell("subject.split", who, target=merges[which % len(merges)].id)

    @rule(who=st.sampled_from(NAMES), name=st.sampled_from(NAMES))
    def link(self, who: str, name: str) -> None:
        self.telling.tell("subject.identifier_linked", [who], identifier={"kind": "customer", "value": name})
        self.model.link(name, self.model.names[who])

    @rule(who=st.sampled_from(NAMES), name=st.sampled_from(NAMES))
    def unlink(self, who: str, name: str) -> None:
        person = self.model.names.get(who)
        if person is not None and self.model.found(person):
            told = {"identifier": {"kind": "customer", "value": name}}
            self.telling.tell("subject.identifier_unlinked", [person], **told)
            self.model.unlink(name, person)

    # Forgetting.

    @rule(which=some, days=st.sampled_from((0, 0, 30)), lost=rarely)
    def revoke(self, which: int, days: int, *, lost: bool) -> None:
        known = [each for each in self.model.there() if self.model.known(each)]
        if known:
            person = known[which % len(known)]
            self._stopped("after" if lost else "", lambda: self.telling.revoke(person, days=days))
            self.model.revoked.add(person)
            self.telling.sync()

    @precondition(lambda self: self.model.revoked)
    @rule(which=some, lost=rarely)
    def take_back(self, which: int, *, lost: bool) -> None:
        person = sorted(self.model.revoked)[which % len(self.model.revoked)]
        if person in self.begun:
            with pytest.raises(Held):
                self.telling.take_back(person)
            return
        self._stopped("after" if lost else "", lambda: self.telling.take_back(person))
        self.model.revoked.discard(person)
        self.telling.sync()

    @precondition(lambda self: self.model.revoked)
    @rule(which=some, step=st.sampled_from(STEPS))
    def crash_while_forgetting(self, which: int, step: str) -> None:
        folded = self.world.fold()
        due = self.world.forgetting.due()
        if not due:
            return
        revoked = due[which % len(due)]
        person = revoked.subject.id
        self.telling.look_behind([person])
        held = self.model.held(person, folded)
        self._stopped("" if held else step, lambda: carry_out(*self._parts(), Terms(35), revoked))
        assert (self.world.ledger.find_revoked(person) is None) == (step == "after" and not held)
        if step == "after" and not held:
            self.model.forget(person)
        if step == "commit" and not held:
            self.begun.add(person)
        self.telling.sync()

    def _parts(self) -> Any:
        return self.world.ledger, self.world.forgetting

    def _stopped(self, step: str, action: Any) -> None:
        """Do something, and stop at a step of it; the next process begins with what is stored."""
        if not step:
            action()
            return
        mend = crashing(self.world, step)
        with pytest.raises(Crash):
            action()
        mend()
        self.world.restart()

    @rule()
    def clocks_turn(self) -> None:
        folded = self.world.fold()
        due = {each.subject.id for each in self.world.forgetting.due()}
        self.telling.look_behind(self.model.there())
        others = {person: self.model.aliases(person, folded[self.model.homes[person]]) for person in self.model.there()}
        kept = [person for person, names in others.items() if not names & due]
        before = self.telling.answers(kept, folded)
        held = {person for person in due if self.model.held(person, folded)}
        self.world.forget_clock.turn()
        self.telling.sync()
        for person in due - held:
            assert self.world.ledger.find_revoked(person) is None, "she was due, and nothing held her"
            self.model.forget(person)
        for person in held:
            assert self.world.ledger.find_revoked(person) is not None, "she was held"
        assert self.telling.answers(kept, folded) == before, "forgetting one changes no answer about another"
        self.world.fold()
        ended = self.model.ended()
        self.world.seal_clock.turn()
        self.telling.sync()
        assert ended & self.model.ended() == set(), "what an ended order hid is opened"
        self.telling.agree()

    @precondition(lambda self: self.model.revoked)
    @rule()
    def clock_that_is_ahead_of_the_projections(self) -> None:
        self.telling.look_behind(self.model.there())
        held = {person for person in self.model.revoked if self.model.held(person, self.world.heads())}
        self.world.forget_clock.turn()
        self.telling.sync()
        for person in sorted(self.model.revoked):
            if self.world.ledger.find_revoked(person) is None:
                assert person not in held, "she was held, by what was not folded yet"
                self.model.forget(person)

    # The machinery.

    @rule(what=st.sampled_from(("fold", "rebuild", "restart")), which=some)
    def go_on(self, what: str, which: int) -> None:
        if what == "restart":
            self.world.restart()
            return
        self.world.fold(1 + which % 5)
        if what == "rebuild":
            assert self.world.rebuild(PROJECTIONS[which % len(PROJECTIONS)].name)

    @rule(which=some, back=st.integers(0, 12), view=st.sampled_from(VIEWS))
    def look(self, which: int, back: int, view: str) -> None:
        folded = self.world.fold()
        person = list(self.model.homes)[which % len(self.model.homes)]
        self.telling.agrees(person, max(1, folded[self.model.homes[person]] - back), view)

    @precondition(lambda self: self.backup is None and len(self.telling.sent) > 8)
    @rule()
    def back_up(self) -> None:
        self.world.fold()
        with self.world.away():
            copy = self.stack.enter_context(copied(self.start.server, str(conninfo_to_dict(self.world.dsn)["dbname"])))
        self.backup = copy, set(self.model.there()) - self.model.revoked, set(self.model.revoked)

    def _put_back(self, copy: str, then: set[str], revoked: set[str]) -> None:
        """Put the backup back: whoever was forgotten since is forgotten there, too, and the others are there.

        Who was to be forgotten when it was made still is, and the clock ends it there; unless it has ended since.
        """
        put_back(copy, self.world)
        gone, left = sorted((then | revoked) & self.model.gone), sorted(then - self.model.gone)
        with psycopg.connect(copy, autocommit=True) as owner:
            assert resurrected(owner, self.world.tombstones.all()) == []
            assert rows_under(owner, gone) == []
            there = owner.execute("SELECT subject FROM ledger.subject WHERE subject = ANY (%s::uuid[])", (left,))
            assert {each.hex for (each,) in there} == set(left)
            waiting = owner.execute("SELECT subject FROM ledger.revoked").fetchall()
            assert {each.hex for (each,) in waiting} == revoked - self.model.gone
        for each in PROJECTIONS:
            rebuild(copy, each)
        with psycopg.connect(copy) as owner:
            assert rows_under(owner, gone) == []
