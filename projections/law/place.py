"""Which places a place is in, and what time it is there: what is law in one of them counts in it. Pure.

A company has one zone; but what a law asks to be done in a province or a member state ends when the day ends there, and
not on a holiday there. Which one it is, a fact states; where it states none within the law's own territory, days are
the company's.

Source: ISO 3166-2, whose codes begin with the country's; TEU, Art. 52 (where the treaties apply); Regulation 1182/71,
Art. 2 (the member state in which it is to be done); Interpretation Act, s. 35(1), "holiday" (b) (in any province).
"""

from __future__ import annotations

from typing import NamedTuple
from zoneinfo import ZoneInfo

from projections.law.calendar import MEMBER_STATES, PROVINCES

UNION = "loc:EU"
ZONES = {
    "loc:CA-AB": "America/Edmonton", "loc:CA-BC": "America/Vancouver", "loc:CA-MB": "America/Winnipeg",
    "loc:CA-NB": "America/Moncton", "loc:CA-NL": "America/St_Johns", "loc:CA-NS": "America/Halifax",
    "loc:CA-NT": "America/Edmonton", "loc:CA-NU": "America/Iqaluit", "loc:CA-ON": "America/Toronto",
    "loc:CA-PE": "America/Halifax", "loc:CA-QC": "America/Toronto", "loc:CA-SK": "America/Regina",
    "loc:CA-YT": "America/Whitehorse",
    "loc:US-CA": "America/Los_Angeles",
    "loc:AT": "Europe/Vienna", "loc:BE": "Europe/Brussels", "loc:BG": "Europe/Sofia", "loc:CY": "Asia/Nicosia",
    "loc:CZ": "Europe/Prague", "loc:DE": "Europe/Berlin", "loc:DK": "Europe/Copenhagen", "loc:EE": "Europe/Tallinn",
    "loc:ES": "Europe/Madrid", "loc:FI": "Europe/Helsinki", "loc:FR": "Europe/Paris", "loc:GR": "Europe/Athens",
    "loc:HR": "Europe/Zagreb", "loc:HU": "Europe/Budapest", "loc:IE": "Europe/Dublin", "loc:IT": "Europe/Rome",
    "loc:LT": "Europe/Vilnius", "loc:LU": "Europe/Luxembourg", "loc:LV": "Europe/Riga", "loc:MT": "Europe/Malta",
    "loc:NL": "Europe/Amsterdam", "loc:PL": "Europe/Warsaw", "loc:PT": "Europe/Lisbon", "loc:RO": "Europe/Bucharest",
    "loc:SE": "Europe/Stockholm", "loc:SI": "Europe/Ljubljana", "loc:SK": "Europe/Bratislava",
}  # fmt: skip
"""By place: its zone in the IANA time zone database, or that of its capital."""
SEVERAL = frozenset({
    "loc:CA-BC", "loc:CA-NL", "loc:CA-NU", "loc:CA-ON", "loc:CA-QC", "loc:CA-SK", "loc:ES", "loc:FR", "loc:PT",
})  # fmt: skip
"""Those parts of which have another zone than the capital."""


class Here(NamedTuple):
    """Where days are counted, and by what clock."""

    zone: ZoneInfo
    place: str | None
    """The place that is stated; None where none within the law's territory is, and the zone is the company's."""
    part: str | None
    """Its name in a calendar: the member state or the province; None where the calendar has no parts."""


def within(place: str) -> tuple[str, ...]:
    """Return a place and every place that it is in, the narrowest first: loc:CA-QC, then loc:CA."""
    country = place.partition("-")[0]
    found = [place, country, *([UNION] if country.removeprefix("loc:") in MEMBER_STATES else [])]
    return tuple(dict.fromkeys(found))


def here(place: str | None, law: str, home: ZoneInfo) -> Here:
    """Return where days are counted.

    Args:
        place: What a fact states; None if it states none.
        law: The place whose law counts them.
        home: The company's zone.
    """
    known = next((each for each in within(place) if each in ZONES), None) if place else None
    if known is None or law not in within(known):
        return Here(home, None, None)
    country, _, province = known.removeprefix("loc:").partition("-")
    part = province if province in PROVINCES and country == "CA" else country if country in MEMBER_STATES else None
    return Here(ZoneInfo(ZONES[known]), known, part)
