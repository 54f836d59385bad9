"""How things stood at a moment: rows that each say how one thing stood from one step of it to the next.

So what is asked of a moment is found by an index, and nothing has to be derived when a day comes.
"""

from __future__ import annotations

from typing import LiteralString

ALWAYS = "infinity"
"""Until when something stands that nothing has changed since."""
NO_DAY = "9999-12-31"
"""Where what has no day comes: last."""


def stood(ones: LiteralString, row: LiteralString, order: LiteralString) -> LiteralString:
    """Return the query for those that stood at `now`: by the index of what is asked for, in the order of the answer.

    What something has changed since then is found by a range of time, as much as stood then.

    Args:
        ones: Selects `limit` rows in order, between parentheses, with {then} for a condition.
        row: What it calls the row, which has `since` and `until`.
        order: The columns of the order, as they are selected.
    """
    lasting: LiteralString = "{row}.until = 'infinity' AND {row}.since <= %(now)s"
    ended: LiteralString = "{row}.until < 'infinity' AND tstzrange({row}.since, {row}.until) @> %(now)s::timestamptz"
    either = ones.replace("{then}", lasting) + "UNION ALL" + ones.replace("{then}", ended)
    return either.replace("{row}", row) + "ORDER BY " + order + " LIMIT %(limit)s"
