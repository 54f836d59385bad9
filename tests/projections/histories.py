"""Any history of a few people: hypothesis strategies over everything that projections fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from projections.judgement import finding_id
from tests.projections import given

if TYPE_CHECKING:
    from tests.projections.given import Happened

PEOPLE = ("alice", "bob", "carol")
CATEGORIES = ("pd:Name", "pd:EmailAddress", "pd:CallLog")

times = st.builds(
    "2026-{:02}-{:02}T{:02}:00:00{}".format,
    st.integers(1, 12),
    st.integers(1, 28),
    st.integers(0, 23),
    st.sampled_from(["Z", "-05:00"]),
)
whom = st.one_of(
    st.sampled_from(PEOPLE),
    st.lists(st.sampled_from(PEOPLE), min_size=2, max_size=3, unique=True).map(tuple),
)
some = st.lists(st.sampled_from(CATEGORIES), min_size=1, max_size=3, unique=True)


@st.composite
def fact(draw: st.DrawFn) -> Happened:  # noqa: PLR0911 - one for each kind of fact
    """One fact about somebody."""
    who, time, categories = draw(whom), draw(times), draw(some)
    system = draw(st.sampled_from(["crm", "billing"]))
    request = draw(st.sampled_from(["REQ-1", "REQ-2"]))
    kind = draw(st.integers(0, 10))
    match kind:
        case 0 | 1:
            return given.collected(who, time, *categories, system=system, retained=draw(st.booleans()))
        case 2:
            state = draw(st.sampled_from(["requested", "done", "verified"]))
            holder = draw(st.sampled_from([None, "collections-north"]))
            more = {"system": system, "state": state, "request_ref": request, "holder": holder}
            return given.erased(who, time, *categories, **more)
        case 3:
            return given.asked_to_erase(who, time, *categories, request=request)
        case 4:
            outcome = draw(st.sampled_from(["dpv:RequestRejected", "dpv:RequestFulfilled"]))
            return given.answered(who, time, outcome, request)
        case 5:
            return given.disclosed(who, time, *categories)
        case 6:
            return given.used(who, time, *categories)
        case 7:
            return given.viewed(who, time, *categories)
        case 8:
            return given.assented(who, time, draw(st.sampled_from(["2009", "2026"])))
        case 9:
            state = draw(st.sampled_from(["given", "refused", "withdrawn", "expired"]))
            return given.consented(who, time, state, *draw(st.sampled_from([[], categories])))
        case _:
            return given.rectified(who, time, *categories)


heads = st.fixed_dictionaries(
    {}, optional={"correlationid": st.sampled_from(["case-1", "case-2"]), "emittersequence": st.integers(0, 2_100)}
)
histories = st.lists(st.builds(lambda one, head: one._replace(head=head), fact(), heads), min_size=1, max_size=25)

PURPOSES = ("dpv:PaymentManagement", "dpv:DirectMarketing", "xx:Unheard")
RULES = (
    {"id": "3.6", "subject_matter": "use", "effect": "permits", "purposes": ["dpv:PaymentManagement"]},
    {"id": "6.3", "subject_matter": "disclosure", "effect": "permits", "bases": ["dpv:ContractPerformance"]},
    {"id": "5.1", "subject_matter": "security", "effect": "declares", "conflicts": ["5.2"]},
)
PAIRS = (("alice", "bob"), ("bob", "carol"))
RULE_CODES = ("whosaw:RuleGround", "whosaw:RulePurpose", "whosaw:RuleRecipient", "whosaw:RuleLookup")


@st.composite
def judged_fact(draw: st.DrawFn) -> Happened:  # noqa: PLR0911, PLR0912, C901 - one for each kind of fact
    """One fact that is judged, or that others are judged by."""
    who, time, categories = draw(whom), draw(times), draw(some)
    purpose, one = draw(st.sampled_from(PURPOSES)), draw(st.sampled_from(PEOPLE))
    number, pair = draw(st.integers(1, 25)), draw(st.sampled_from(PAIRS))
    rule = draw(st.sampled_from(RULE_CODES))
    name = finding_id(0, number, rule)
    keeper = draw(st.sampled_from(["ledger/kept", one]))
    match draw(st.integers(0, 19)):
        case 0 | 1:
            basis = draw(st.sampled_from([None, "dpv:Consent", "ca-qc-p39.1:18-9", "dpv:ContractPerformance"]))
            role = draw(st.sampled_from(["dpv:DataProcessor", "dpv:DataController"]))
            to = given.COLLECTOR | {"role": role}
            return given.disclosed(who, time, *categories, basis=basis, purpose=purpose, recipient=to)
        case 2:
            return given.used(who, time, *categories, purposes=[purpose], channel="whosaw:Email")
        case 3:
            return given.viewed(who, time, *categories, ticket=draw(st.sampled_from([None, "TKT-1"])))
        case 4 | 5:
            return given.consent(who, time, draw(st.sampled_from(["given", "withdrawn", "refused"])), purpose)
        case 6:
            rules = list(draw(st.permutations(RULES)))[: draw(st.integers(0, 3))]
            return given.published(draw(st.sampled_from(["2009", "2026"])), time, rules=rules)
        case 7:
            return given.registered()
        case 8:
            return given.agreement("collections-north", time, draw(st.one_of(st.none(), times)))
        case 9:
            return given.waived(rule, time, keeper)
        case 10:
            return given.resolved(name, keeper)
        case 11:
            return given.reopened(name, keeper)
        case 12:
            reason = draw(st.sampled_from(["whosaw:NeverHappened", "whosaw:WrongSubject"]))
            return given.voided(f"ev-{number}", keeper, reason=reason)
        case 13:
            return given.merged(pair)
        case 14:
            return given.split(pair, f"ev-{number}")
        case 15:
            asked = given.asked_to_erase(who, time, *draw(st.sampled_from([[], categories])))
            return asked._replace(data=asked.data | {"right": "whosaw:Unsubscribe", "regime": "whosaw:PIPEDA"})
        case 16:
            marketing = draw(st.sampled_from(["dpv:Marketing", "dpv:DirectMarketing"]))
            return given.consent(
                who, time, draw(st.sampled_from(["given", "refused"])), marketing, categories=categories
            )
        case 17:
            return given.collected(who, time, *categories, purposes=[purpose], until=draw(st.one_of(st.none(), times)))
        case 18:
            schedule = {
                "actor": given.AGENT, "rule": "whosaw:KeepCalls", "categories": ["pd:CallLog"], "purposes": [],
                "trigger": "last_collected", "length": 1, "unit": "months", "action": "erase", "effective_from": time,
            }  # fmt: skip
            return given.Happened("retention.rule_set", ("ledger/retention",), time, schedule)
        case _:
            return given.raised(keeper, time)


judged_histories = st.lists(st.one_of(fact(), judged_fact(), judged_fact()), min_size=1, max_size=25)
