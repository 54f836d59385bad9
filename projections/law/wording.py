"""The sentences that explain a due date, in English and in the French of Quebec."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from babel.dates import format_date

from ledger.vocabulary.codes import label
from projections.law.calendar import CALENDARS, WEEKEND
from projections.law.place import SEVERAL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from projections.law.calendar import Names
    from projections.law.pack import Clock, Counting, Extension, Pack, Reason, Text
    from projections.law.place import Here

CONFIRM = {"en": "confirm with counsel", "fr": "à faire confirmer par un conseiller juridique"}
"""What is said of a rule that was not read again in the law's own text."""
STARTS = {
    "receipt": ("Received on", "Réception le"),
    "request_date": ("Request dated", "Demande datée du"),
    "awareness": ("Known on", "Connu le"),
    "determination": ("Determined on", "Constaté le"),
    "consultation": ("Institution notified on", "Institution avisée le"),
    "reply": ("Institution replied on", "Réponse de l’institution le"),
    "change": ("Changed on", "Modifié le"),
    "disclosure": ("Disclosed on", "Communiqué le"),
    "request": ("Asked on", "Demandé le"),
    "statement": ("Stated on", "Déclaré le"),
}
"""How a clock's start is told, before the day."""
IDENTITY = ("Identity proved on", "Identité prouvée le")
"""The same, where a law counts from the proof of identity."""
UNITS = {
    "days": (("calendar day", "calendar days"), ("jour civil", "jours civils")),
    "business_days": (("business day", "business days"), ("jour ouvrable", "jours ouvrables")),
    "months": (("month", "months"), ("mois", "mois")),
    "years": (("year", "years"), ("an", "ans")),
    "hours": (("hour", "hours"), ("heure", "heures")),
}
COMPANYS = {
    "ca": ("holidays of one province alone are not counted", "les jours fériés d’une seule province ne comptent pas"),
    "eu": (
        "only holidays of all member states are counted",
        "seuls comptent les jours fériés de tous les États membres",
    ),
}
"""Which holidays count where no part of the law's territory is stated, by calendar."""
ENDS = {
    "deadline": ("Due by the end of {}.", "À faire au plus tard le {}."),
    "embargo": ("Nothing is told before the end of {}.", "Rien n’est dit avant la fin du {}."),
    "retention": ("To be kept at least until the end of {}.", "À conserver au moins jusqu’à la fin du {}."),
    "limit": ("Over at the end of {}.", "Prend fin à la fin du {}."),
}
"""The last sentence, by kind."""


@lru_cache(maxsize=8192)
def day(its: date, language: str) -> str:
    """Return a day in words, such as Tuesday 7 April 2026."""
    shown = format_date(its, "EEEE d MMMM y", locale=language)
    return re.sub(r" 1 ", " 1er ", shown) if language == "fr" else shown


def moment(its: datetime, language: str) -> str:
    """Return a moment in words, with its zone's offset."""
    offset = its.strftime("%z")
    at = its.strftime("%H:%M:%S").removesuffix(":00")
    clock = at if language == "en" else at.removeprefix("0").replace(":", " h ", 1).replace(":", " min ", 1)
    return f"{day(its.date(), language)}, {clock} (UTC{offset[:3]}:{offset[3:]})"


def amount(number: int, unit: str, language: str) -> str:
    """Return a number with its unit, such as 30 calendar days."""
    singular, plural = UNITS[unit][language == "fr"]
    return f"{number} {singular if number == 1 else plural}"


class Sentences:
    """An explanation as it grows: each method adds one sentence in each language."""

    def __init__(self) -> None:
        self.texts: dict[str, list[str]] = {"en": [], "fr": []}
        """By language."""
        self.confirm = False
        """Whether a sentence asks for counsel."""

    def received(self, its: Clock, first: date) -> None:
        """Say when it came, of a clock that begins later."""
        en, fr = STARTS[its.starts]
        self._say(f"{en} {day(first, 'en')}", f"{fr} {day(first, 'fr')}")

    def begins(self, its: Clock, counting: Counting, first: date, zone: str, proved: date | None) -> None:
        """Say on which day it began, whether that day counts, and what a later proof of identity changed."""
        en, fr = IDENTITY if its.identity_first and proved == first else STARTS[its.starts]
        if its.start_counts:
            tails = ("that day is counted", "ce jour compte")
            self._say(
                f"{en} {day(first, 'en')} (in {zone}); {tails[0]}",
                f"{fr} {day(first, 'fr')} ({zone}) ; {tails[1]}",
            )
        else:
            self._say(
                f"{en} {day(first, 'en')} (in {zone}); that day is not counted",
                f"{fr} {day(first, 'fr')} ({zone}) ; ce jour ne compte pas",
                counting.first_day,
                confirm=counting.confirm,
            )
        if proved is not None and proved > first:
            self._say(
                f"That identity was proved on {day(proved, 'en')} changes nothing",
                f"La preuve d’identité du {day(proved, 'fr')} n’y change rien",
                its.clause,
                confirm=its.confirm,
            )

    def where(self, pack: Pack, found: Here) -> None:
        """Say by which zone and calendar days are counted, and why."""
        zone, narrower = found.zone.key, bool(CALENDARS[pack.calendar].parts)
        if found.place is None:
            law, tail = pack.jurisdiction, COMPANYS.get(pack.calendar)
            self._say(
                f"No place within {label(law, 'en')} is stated: days are those of the company’s zone, {zone}"
                f"{f'; {tail[0]}' if tail else ''}",
                f"Aucun lieu précis n’est indiqué ({label(law, 'fr')}) : les jours sont ceux du fuseau de l’entreprise,"
                f" {zone}{f' ; {tail[1]}' if tail else ''}",
            )
            return
        en = f"Days are those of {label(found.place, 'en')}, which is stated, in the zone {zone}"
        fr = f"Les jours sont ceux du lieu indiqué, {label(found.place, 'fr')}, fuseau {zone}"
        if found.place in SEVERAL:
            en, fr = f"{en}, that of its capital", f"{fr}, celui de sa capitale"
        if narrower:
            en, fr = f"{en}; its holidays are counted", f"{fr} ; ses jours fériés comptent"
        self._say(en, fr)

    def counted(self, its: Clock, last: date, skipped: Sequence[tuple[date, Names]]) -> None:
        """Say what was counted, and what was passed over."""
        number = its.length or 0
        self._say(
            f"{its.label.en}: {amount(number, its.unit, 'en')}, to {day(last, 'en')}",
            f"{its.label.fr} : {amount(number, its.unit, 'fr')}, jusqu’au {day(last, 'fr')}",
            its.clause,
            confirm=its.confirm,
        )
        if skipped:
            self._say(f"Not counted: {_days(skipped, 'en')}", f"Jours non comptés : {_days(skipped, 'fr')}")

    def extended(self, its: Extension, length: int, stated: int | None, last: date) -> None:
        """Say by how much it was extended, and whether more was stated than the law allows."""
        self._say(
            f"Extended by {amount(length, its.unit, 'en')}, to {day(last, 'en')}",
            f"Prorogé de {amount(length, its.unit, 'fr')}, jusqu’au {day(last, 'fr')}",
            its.clause,
            confirm=its.confirm,
        )
        if stated is not None and stated > length:
            self._say(
                f"{amount(stated, its.unit, 'en')} were stated; no more than {its.length} are allowed",
                f"La prorogation annoncée était de {amount(stated, its.unit, 'fr')} ; le maximum est de {its.length}",
            )

    def extended_by_days(self, its: Extension, stated: int, last: date, *, cut: bool) -> None:
        """Say that it was extended by days where the law counts months, and whether that was more than it allows."""
        self._say(
            f"Extended by the {amount(stated, 'days', 'en')} that were stated, to {day(last, 'en')}",
            f"Prorogé des {amount(stated, 'days', 'fr')} indiqués, jusqu’au {day(last, 'fr')}",
            its.clause,
            confirm=its.confirm,
        )
        if cut:
            self._say(
                f"No more than {amount(its.length, its.unit, 'en')} are allowed",
                f"Le maximum est de {amount(its.length, its.unit, 'fr')}",
            )

    def unbounded(self, its: Extension, reason: Reason, stated: int | None, last: date) -> None:
        """Say why it takes as long as it takes, and until when by what was stated."""
        self._say(reason.en, reason.fr, its.clause, confirm=its.confirm)
        if stated is not None:
            self._say(
                f"Extended by the {amount(stated, 'days', 'en')} that were stated, to {day(last, 'en')}",
                f"Prorogé des {amount(stated, 'days', 'fr')} indiqués, jusqu’au {day(last, 'fr')}",
            )

    def no_extension(self, its: Clock, allowed: Extension | None) -> None:
        """Say that an extension was stated that the law does not know."""
        clause = its.clause if allowed is None else allowed.clause
        self._say(
            "A further extension was stated that this law does not allow: it is not counted",
            "Une autre prorogation a été annoncée, que cette loi ne permet pas : elle n’est pas comptée",
            clause,
            confirm=its.confirm,
        )

    def moved(self, counting: Counting, skipped: Sequence[tuple[date, Names]], last: date) -> None:
        """Say why the last day is a later one."""
        self._say(
            f"Not a last day: {_days(skipped, 'en')}. It moves to {day(last, 'en')}",
            f"Ne peut être le dernier jour : {_days(skipped, 'fr')}. Le délai passe au {day(last, 'fr')}",
            counting.holidays,
            confirm=counting.confirm,
        )

    def hours(self, its: Clock, begin: datetime, end: datetime) -> None:
        """Say from which moment hours pass, and to which."""
        en, fr = STARTS[its.starts]
        number = its.length or 0
        self._say(f"{en} {moment(begin, 'en')}", f"{fr} {moment(begin, 'fr')}")
        self._say(
            f"{its.label.en}: {amount(number, 'hours', 'en')}, nights, weekends and holidays included,"
            f" to {moment(end, 'en')}",
            f"{its.label.fr} : {amount(number, 'hours', 'fr')}, nuits, fins de semaine et jours fériés compris,"
            f" jusqu’au {moment(end, 'fr')}",
            its.clause,
            confirm=its.confirm,
        )
        if begin.utcoffset() != end.utcoffset():
            self._say(
                "The clocks change in between: hours are counted as they pass",
                "L’heure change entre-temps : les heures sont comptées telles qu’elles s’écoulent",
            )

    def watched(self, its: Clock, first: date) -> None:
        """Say that there is no date."""
        en, fr = STARTS[its.starts]
        self._say(f"{en} {day(first, 'en')}", f"{fr} {day(first, 'fr')}")
        self._say(
            f"{its.label.en}: the law sets no day, so the time that passes is watched",
            f"{its.label.fr} : la loi ne fixe aucun jour, le temps écoulé est donc suivi",
            its.clause,
            confirm=its.confirm,
        )

    def beforehand(self, its: Clock, at: datetime) -> None:
        """Say that it had to be done before."""
        self._say(
            f"{its.label.en}: before {moment(at, 'en')}",
            f"{its.label.fr} : avant le {moment(at, 'fr')}",
            its.clause,
            confirm=its.confirm,
        )

    def ended(self, on: date) -> None:
        """Say that a reply ended it early."""
        self._say(f"The reply came on {day(on, 'en')}", f"La réponse est arrivée le {day(on, 'fr')}")

    def note(self, text: Text) -> None:
        """Say what the pack says beside it."""
        self.texts["en"].append(text.en)
        self.texts["fr"].append(text.fr)

    def last(self, its: Clock, last: date, at: datetime | None) -> None:
        """Say the result, and what silence means."""
        if at is None:
            en, fr = ENDS[its.kind]
            self._say(en.format(day(last, "en")).removesuffix("."), fr.format(day(last, "fr")).removesuffix("."))
        else:
            self._say(f"Due by {moment(at, 'en')}", f"À faire au plus tard le {moment(at, 'fr')}")
        if its.deemed_refusal is not None:
            self._say(
                "No answer by then counts as a refusal",
                "Le défaut de réponse dans ce délai vaut refus",
                its.deemed_refusal,
                confirm=its.confirm,
            )

    def _say(self, en: str, fr: str, clause: Text | None = None, *, confirm: bool = False) -> None:
        for language, sentence in (("en", en), ("fr", fr)):
            sources = [] if clause is None else [clause.en if language == "en" else clause.fr]
            sources += [CONFIRM[language]] if confirm else []
            mark = " ;" if language == "fr" else ";"
            tail = f" ({f'{mark} '.join(sources)})" if sources else ""
            self.texts[language].append(f"{sentence}{tail}.")
        self.confirm = self.confirm or confirm


def _days(skipped: Sequence[tuple[date, Names]], language: str) -> str:
    """Return days, each holiday with its name; of a weekend the day says it."""
    return ", ".join(
        day(its, language) if why == WEEKEND else f"{day(its, language)} ({why.en if language == 'en' else why.fr})"
        for its, why in skipped
    )
