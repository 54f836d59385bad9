"""How long an order not to tell stands that was only spoken. Pure.

It lapses by itself, and nothing is told for that: what it hides is told once it is lifted, or at the end that it
stated. So the register of orders shows when it lapses, and a rule finds it from then on.

Source: 45 CFR 164.528(a)(2)(ii): an oral statement suspends for at most 30 days, unless a written one comes by then.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

SPOKEN = timedelta(days=30)
"""How long it stands."""


def lapses(starts: datetime, written: Iterable[datetime]) -> datetime | None:
    """Return when an order that was only spoken lapses; None when it does not, since it was put in writing by then.

    Args:
        starts: When it began.
        written: When it was extended, or placed again and not only spoken: there is a paper for that.
    """
    over = starts + SPOKEN
    return None if any(each <= over for each in written) else over
