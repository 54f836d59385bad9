"""Which places a place is in: what is law, or a rule, in one of them counts in it. Pure.

Source: ISO 3166-2, whose codes begin with the country's; TEU, Art. 52 (where the treaties apply).
"""

from __future__ import annotations

from projections.law.calendar import MEMBER_STATES

UNION = "loc:EU"


def within(place: str) -> tuple[str, ...]:
    """Return a place and every place that it is in, the narrowest first: loc:CA-QC, then loc:CA."""
    country = place.partition("-")[0]
    found = [place, country, *([UNION] if country.removeprefix("loc:") in MEMBER_STATES else [])]
    return tuple(dict.fromkeys(found))
