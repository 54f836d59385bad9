"""What a person said on a purpose: the newest of her words that counted when something happened.

Source: PIPEDA, Schedule 1, 4.3.8 (withdrawal); P-39.1, s. 14 (consent for each purpose); CASL, s. 11(3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.history import moment
from projections.registers import moment_of

if TYPE_CHECKING:
    from datetime import datetime

    from projections.history import Fact, History

GIVEN = "given"
REASONS = {
    "given": "dpv:ConsentGiven",
    "refused": "dpv:ConsentRefused",
    "withdrawn": "dpv:ConsentWithdrawn",
    "expired": "dpv:ConsentExpired",
}
"""How she may stand, and the code of it."""


def word(history: History, fact: Fact, purpose: str) -> tuple[Fact, str] | None:
    """Return the fact by which a person last spoke on a purpose, and how she stood then; None if she never did.

    A withdrawal counts from the time that it names, whenever it was recorded, for all the purposes it names and for the
    channels it names. After a merge the strictest word of her names counts, until she speaks again.

    Args:
        history: Hers.
        fact: What is judged.
        purpose: One of its purposes.
    """
    said = [each for each in history.of("consent.recorded") if _speaks_of(each, fact, purpose)]
    if not said:
        return None
    said.sort(key=lambda each: (moment_of(each, "effective_at"), each.position))
    merged = max((each.position for each in history.of("subject.merged")), default=0)
    newest = {each.subject: each for each in said}
    words = [said[-1]] if said[-1].position > merged else list(newest.values())
    against = [each for each in words if _stand(each, fact.time) != GIVEN]
    found = (against or words)[-1]
    return found, _stand(found, fact.time)


def _stand(word: Fact, time: datetime) -> str:
    """Return given, refused, withdrawn or expired."""
    state: str = word.data["state"]
    until = word.data.get("until")
    return "expired" if state == GIVEN and until and moment(until) <= time else state


def _speaks_of(word: Fact, fact: Fact, purpose: str) -> bool:
    """Return whether a consent, or its end, is about a purpose, data, recipient and channel, and counts by then."""
    said, data = word.data, fact.data
    to, media = said.get("recipients", ()), said.get("media", ())
    return (
        purpose in said["purposes"]
        and (not said["categories"] or bool(set(said["categories"]) & set(data.get("categories", ()))))
        and (not to or data.get("recipient", {}).get("id") in to)
        and (not media or data.get("channel") is None or data["channel"] in media)
        and moment_of(word, "effective_at") <= fact.time
    )
