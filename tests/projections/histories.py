"""Any history of a few people: hypothesis strategies over everything that projections fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

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
    kind = draw(st.integers(0, 9))
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
        case _:
            return given.rectified(who, time, *categories)


heads = st.fixed_dictionaries(
    {}, optional={"correlationid": st.sampled_from(["case-1", "case-2"]), "emittersequence": st.integers(0, 2_100)}
)
histories = st.lists(st.builds(lambda one, head: one._replace(head=head), fact(), heads), min_size=1, max_size=25)
