"""What every request of one application shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from starlette.requests import Request

    from api.access import Access
    from api.arrival import Arrivals
    from api.observation import Figures
    from api.outside.publisher import Publisher
    from api.settings import Settings
    from ledger import Ledger
    from ledger.forget import Forgetting
    from projections.follow import Follower


@dataclass
class State:
    """The parts that the composition root put together."""

    settings: Settings
    ledger: Ledger
    access: Access
    figures: Figures
    arrivals: Arrivals
    readers: Executor
    """Read large bodies, beside the event loop."""
    follower: Follower | None
    """Kept by this process; None when another one follows."""
    forgetting: Forgetting
    publisher: Publisher | None
    """Kept by this process; None when checkpoints have no place to go to."""


def state_of(request: Request) -> State:
    """Return the parts of the application that a request came to."""
    state: State = request.app.state.parts
    return state
