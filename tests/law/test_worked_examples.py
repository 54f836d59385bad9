"""Each time that a law sets, worked by hand from its text. The clause stands with each row."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ledger.vocabulary.codes import label
from projections.law.calendar import OutsideCalendar, closed
from projections.law.clock import Due, days_since, due, is_refused_by_silence, standing
from projections.law.pack import pack_for, read_pack
from projections.law.place import SEVERAL, ZONES, here, within

row = pytest.param
TODAY = date(2026, 1, 2)
PARIS = ZoneInfo("Europe/Paris")
PACKS = Path(__file__).parents[2] / "projections" / "law" / "packs"


def due_of(
    regime: str,
    clock: str,
    start: str,
    *,
    extensions: tuple[int | None, ...] = (),
    place: str | None = None,
    zone: str = "America/Toronto",
    identified: str | None = None,
    ended: str | None = None,
) -> Due:
    """Return what is due under the law of today."""
    pack = pack_for(f"whosaw:{regime}", TODAY)
    assert pack is not None
    return due(
        pack,
        clock,
        moment(start),
        zone=ZoneInfo(zone),
        place=place,
        extensions=extensions,
        identified=None if identified is None else moment(identified),
        ended=None if ended is None else moment(ended),
    )


def moment(text: str) -> Any:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def english(its: Due) -> str:
    return " ".join(its.explanation["en"])


@pytest.mark.parametrize(
    ("regime", "clock", "start", "last"),
    [
        row("PIPEDA", "access", "2026-01-05", "2026-02-04", id="PIPEDA 8(3): the day of receipt is not counted"),
        row("PIPEDA", "access", "2026-03-05", "2026-04-04", id="35(1): a Saturday is a last day"),
        row("PIPEDA", "access", "2026-01-23", "2026-02-23", id="26, 35(1): a Sunday is none"),
        row("PIPEDA", "access", "2026-03-06", "2026-04-07", id="26: Easter Sunday and Easter Monday"),
        row("PIPEDA", "access", "2026-08-31", "2026-10-01", id="35(1): 30 September, since 2021"),
        row("PIPEDA", "access", "2020-08-31", "2020-09-30", id="35(1): no holiday before 2021"),
        row("PIPEDA", "access", "2029-06-01", "2029-07-03", id="Canada Day on a Sunday is kept on 2 July"),
        row("PIPEDA", "access", "2026-11-26", "2026-12-26", id="35(1) does not know Boxing Day"),
        row("PIPEDA", "access", "2026-05-25", "2026-06-24", id="a holiday of one province is none"),
        row("PIPEDA", "extension_notice", "2026-04-01", "2026-05-01", id="PIPEDA 8(4): from the date of the request"),
        row("PIPEDA", "unsubscribe", "2026-12-23", "2027-01-08", id="CASL 11(3): ten business days"),
        row("PIPEDA", "breach_record", "2024-02-29", "2026-02-28", id="SOR/2018-64, 6(1): 24 months, a leap day"),
        row("P39.1", "access", "2026-05-25", "2026-06-25", id="I-16, 61(23): 24 June"),
        row("P39.1", "access", "2026-10-12", "2026-11-11", id="I-16, 61(23) has no 11 November"),
        row("P39.1", "access", "2026-04-18", "2026-05-19", id="I-16, 61(23): the Sovereign's day"),
        row("P39.1", "breach_record", "2024-02-29", "2029-02-28", id="A-2.1, r. 3.1: five years"),
        row("GDPR", "access", "2026-01-15", "2026-02-16", id="GDPR 12(3); 1182/71, 3(4): a Sunday"),
        row("GDPR", "access", "2028-01-31", "2028-02-29", id="1182/71, 3(2)(c): 31 January of a leap year"),
        row("GDPR", "access", "2026-01-31", "2026-03-02", id="the same of a common year; the 28th is a Saturday"),
        row("GDPR", "access", "2026-11-25", "2026-12-28", id="1182/71, 3(4): Christmas, which all states keep"),
        row("HIPAA", "access", "2026-11-02", "2027-01-01", id="164.528(c)(1): sixty days, whatever the day"),
        row("HIPAA", "oral_statement", "2026-11-02", "2026-12-02", id="164.528(a)(2)(ii): thirty days"),
        row("HIPAA", "accounting_data", "2024-02-29", "2030-02-28", id="164.528(a)(1): six years"),
        row("CCPA", "confirmation", "2026-11-20", "2026-12-07", id="11 CCR 7021(a): over Thanksgiving"),
        row("CCPA", "access", "2026-11-20", "2027-01-03", id="11 CCR 7021(b): 45 days from that day on"),
        row("CCPA", "opt_out", "2026-06-29", "2026-07-21", id="11 CCR 7026(f): 4 July is kept on the 3rd"),
        row("CCPA", "request_log", "2026-08-31", "2028-08-31", id="11 CCR 7101(a): 24 months"),
    ],
)  # fmt: skip
def test_the_last_day_is_the_one_of_the_text(regime: str, clock: str, start: str, last: str) -> None:
    assert due_of(regime, clock, start).day == date.fromisoformat(last)


@pytest.mark.parametrize(
    ("regime", "start", "extensions", "last"),
    [
        row("PIPEDA", "2026-01-05", (None,), "2026-03-06", id="PIPEDA 8(4): thirty days from the first last day"),
        row("PIPEDA", "2026-03-06", (None,), "2026-05-05", id="from the day before it moved off Easter"),
        row("PIPEDA", "2026-01-05", (10,), "2026-02-14", id="at most thirty: ten are ten"),
        row("PIPEDA", "2026-01-05", (45,), "2026-03-06", id="at most thirty: 45 are thirty"),
        row("PIPEDA", "2026-01-05", (None, None), "2026-03-06", id="once"),
        row("P39.1", "2026-01-05", (None,), "2026-02-04", id="P-39.1, 32 knows none"),
        row("GDPR", "2026-01-31", (None,), "2026-04-30", id="GDPR 12(3): three months of receipt"),
        row("GDPR", "2026-01-31", (1,), "2026-03-31", id="the short month takes no days away"),
        row("HIPAA", "2026-11-02", (None,), "2027-01-31", id="164.528(c)(1)(ii)"),
        row("CCPA", "2026-11-20", (None,), "2027-02-17", id="11 CCR 7021(b): ninety days in all"),
    ],
)  # fmt: skip
def test_an_extension_is_what_the_law_allows(
    regime: str, start: str, extensions: tuple[int | None, ...], last: str
) -> None:
    assert due_of(regime, "access", start, extensions=extensions).day == date.fromisoformat(last)


def test_an_extension_beyond_the_law_is_told_and_not_counted() -> None:
    told = english(due_of("PIPEDA", "access", "2026-01-05", extensions=(45, 5)))
    assert "45 calendar days were stated; no more than 30 are allowed." in told
    assert "A further extension was stated that this law does not allow: it is not counted (PIPEDA, s. 8(4))." in told
    assert "does not allow" in english(due_of("P39.1", "access", "2026-01-05", extensions=(None,)))


def test_the_notice_of_an_extension_has_another_start_than_the_answer() -> None:
    """PIPEDA 8(4) counts from the date of the request, 8(3) from its receipt."""
    pack = pack_for("whosaw:PIPEDA", TODAY)
    assert pack is not None
    extension = pack.clocks["access"].extension
    assert extension is not None
    assert extension.notice is not None
    notice = pack.clocks[extension.notice]
    assert (notice.starts, pack.clocks["access"].starts) == ("request_date", "receipt")
    written, received = date(2026, 4, 1), date(2026, 4, 8)
    assert due(pack, extension.notice, written).day == date(2026, 5, 1)
    assert due(pack, "access", received).day == date(2026, 5, 8)


@pytest.mark.parametrize(
    ("start", "zone", "last"),
    [
        ("2026-01-06T04:30:00+00:00", "America/Toronto", "2026-02-04"),
        ("2026-01-06T04:30:00+00:00", "UTC", "2026-02-05"),
        ("2026-01-05T23:59:59.999999-05:00", "America/Toronto", "2026-02-04"),
        ("2026-01-06T00:00:00-05:00", "America/Toronto", "2026-02-05"),
        ("2026-01-05T21:30:00-08:00", "America/Toronto", "2026-02-05"),
        ("2026-02-20T12:00:00-05:00", "America/Toronto", "2026-03-23"),
    ],
)
def test_the_day_of_receipt_is_a_day_in_the_companys_zone(start: str, zone: str, last: str) -> None:
    assert due_of("PIPEDA", "access", start, zone=zone).day == date.fromisoformat(last)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        row("2026-03-03T14:20:00+01:00", "2026-03-06T14:20:00+01:00", id="no change"),
        row("2026-03-27T10:00:00+01:00", "2026-03-30T11:00:00+02:00", id="into daylight saving"),
        row("2026-10-23T10:00:00+02:00", "2026-10-26T09:00:00+01:00", id="out of it"),
        row("2026-10-25T02:30:00+02:00", "2026-10-28T01:30:00+01:00", id="the first half past two"),
        row("2026-10-25T02:30:00+01:00", "2026-10-28T02:30:00+01:00", id="the second half past two"),
        row("2024-02-27T09:00:00+01:00", "2024-03-01T09:00:00+01:00", id="a leap day"),
        row("2026-12-31T23:59:59Z", "2027-01-03T23:59:59Z", id="over a year's end, and a weekend"),
    ],
)
def test_seventy_two_hours_pass_as_hours_do(start: str, end: str) -> None:
    """GDPR, Art. 33(1)."""
    its = due_of("GDPR", "breach_notice", start, zone="Europe/Paris")
    assert its.moment == moment(end)
    assert its.day == datetime.fromisoformat(end).astimezone(PARIS).date()
    changed = moment(start).astimezone(PARIS).utcoffset() != moment(end).astimezone(PARIS).utcoffset()
    assert ("The clocks change in between" in english(its)) is changed


def test_an_hour_that_is_not_counted_is_the_one_it_happens_in() -> None:
    """Regulation 1182/71, Art. 3(1), for a clock that says so; the GDPR's takes the earlier moment."""
    pack = pack_for("whosaw:GDPR", TODAY)
    assert pack is not None
    assert pack.clocks["breach_notice"].start_counts
    text = (
        (PACKS / "eu-gdpr-2018.toml").read_text(encoding="utf-8").replace("start_counts = true", "start_counts = false")
    )
    other = read_pack(text, "other")
    start = datetime.fromisoformat("2026-03-03T14:20:30+01:00")
    assert due(other, "breach_notice", start, zone=PARIS).moment == datetime.fromisoformat("2026-03-06T15:00:00+01:00")


def test_a_first_day_that_counts_is_one_of_the_business_days_if_it_is_one() -> None:
    text = (PACKS / "us-ccpa-2023.toml").read_text(encoding="utf-8")
    pack = read_pack(text.replace("length = 10\n", "length = 10\nstart_counts = true\n"), "other")
    assert due(pack, "confirmation", date(2026, 11, 20)).day == date(2026, 12, 4)
    assert due(pack, "confirmation", date(2026, 11, 21)).day == date(2026, 12, 7)


def test_a_day_alone_begins_hours_with_its_first() -> None:
    assert due_of("GDPR", "breach_notice", "2026-03-03", zone="Europe/Paris").moment == moment(
        "2026-03-06T00:00:00+01:00"
    )


@pytest.mark.parametrize(
    ("place", "last"),
    [("loc:FR", "2026-07-15"), ("loc:DE", "2026-07-14"), ("loc:EU", "2026-07-14"), (None, "2026-07-14")],
)
def test_a_holiday_of_a_member_state_counts_where_it_is_to_be_done(place: str | None, last: str) -> None:
    """Regulation 1182/71, Art. 2(1): 14 July is one in France."""
    its = due_of("GDPR", "access", "2026-06-14", place=place)
    assert its.day == date.fromisoformat(last)
    assert its.calendar.startswith(f"eu {place[4:]}, " if place in {"loc:FR", "loc:DE"} else "eu, ")


@pytest.mark.parametrize(
    ("regime", "clock", "start", "place", "last"),
    [
        row("PIPEDA", "access", "2026-01-16", "loc:CA-BC", "2026-02-17", id="35(1)(b): Family Day"),
        row("PIPEDA", "access", "2026-01-16", "loc:CA-QC", "2026-02-16", id="which Quebec does not keep"),
        row("PIPEDA", "access", "2026-01-16", "loc:CA", "2026-02-16", id="nor Canada as a whole"),
        row("PIPEDA", "access", "2026-05-25", "loc:CA-QC", "2026-06-25", id="35(1)(b): 24 June in Quebec"),
        row("PIPEDA", "access", "2026-05-25", "loc:CA-ON", "2026-06-24", id="not in Ontario"),
        row("PIPEDA", "unsubscribe", "2026-07-24", "loc:CA-BC", "2026-08-10", id="ten business days over B.C. Day"),
        row("PIPEDA", "unsubscribe", "2026-07-24", None, "2026-08-07", id="which no other place keeps"),
        row("GDPR", "access", "2026-09-03", "loc:DE", "2026-10-05", id="1182/71, Art. 2: 3 October, a Saturday"),
        row("GDPR", "access", "2026-09-14", "loc:ES", "2026-10-14", id="Spain"),
        row("GDPR", "access", "2026-09-12", "loc:ES", "2026-10-13", id="12 October in Spain"),
        row("GDPR", "access", "2026-09-12", "loc:ES-CT", "2026-10-13", id="a part of a member state is in it"),
        row("GDPR", "access", "2026-09-12", "loc:CA-QC", "2026-10-12", id="Quebec is no member state"),
        row("PIPEDA", "access", "2026-02-05T23:30:00-08:00", "loc:CA-BC", "2026-03-07", id="Vancouver: Thursday still"),
        row("PIPEDA", "access", "2026-02-05T23:30:00-08:00", "loc:CA", "2026-03-09", id="Montreal: Friday already"),
        row("PIPEDA", "access", "2026-03-10T23:30:00-07:00", "loc:CA-BC", "2026-04-09", id="Vancouver: the 10th"),
        row("PIPEDA", "access", "2026-03-10T23:30:00-07:00", "loc:CA", "2026-04-10", id="Montreal: the 11th"),
        row("PIPEDA", "access", "2026-03-10T23:30:00-07:00", "loc:CA-NL", "2026-04-10", id="St. John’s: the 11th"),
        row("GDPR", "access", "2027-10-31T23:30:00+01:00", "loc:DE", "2027-11-30", id="a month’s end with the clocks"),
        row("GDPR", "access", "2027-10-31T23:30:00+01:00", "loc:GR", "2027-12-01", id="in Athens the month is over"),
        row("GDPR", "access", "2026-03-31T23:30:00+02:00", "loc:FR", "2026-04-30", id="31 March in Paris"),
        row("GDPR", "access", "2026-03-31T23:30:00+02:00", "loc:FI", "2026-05-04", id="1 May in Helsinki, kept there"),
        row("CCPA", "access", "2026-11-20T22:00:00-08:00", "loc:US-CA", "2027-01-03", id="the 20th in California"),
        row("CCPA", "access", "2026-11-20T22:00:00-08:00", None, "2027-01-04", id="the 21st at the company"),
        row("P39.1", "access", "2026-05-25", "loc:CA-ON", "2026-06-25", id="a law of Quebec has Quebec’s days"),
    ],
)  # fmt: skip
def test_days_and_holidays_are_those_of_the_place_that_is_stated_within_the_laws_territory(
    regime: str, clock: str, start: str, place: str | None, last: str
) -> None:
    """Interpretation Act, s. 35(1), "holiday" (b); Regulation 1182/71, Art. 2(1)."""
    assert due_of(regime, clock, start, place=place).day == date.fromisoformat(last)


def test_hours_pass_over_a_change_of_clocks_at_a_months_end_and_end_on_a_day_of_the_place() -> None:
    its = due_of("GDPR", "breach_notice", "2027-10-29T23:30:00+02:00", place="loc:DE")
    assert its.moment == moment("2027-11-01T22:30:00+01:00")
    assert (its.day, its.zone) == (date(2027, 11, 1), "Europe/Berlin")
    assert due_of("GDPR", "breach_notice", "2027-10-29T23:30:00+02:00", place="loc:GR").day == date(2027, 11, 1)
    assert due_of("GDPR", "breach_notice", "2027-10-30T00:30:00+02:00", place="loc:FI").zone == "Europe/Helsinki"


def test_the_explanation_names_zone_and_calendar_and_why_they_are_those() -> None:
    its = due_of("PIPEDA", "access", "2026-01-16", place="loc:CA-BC")
    assert (its.zone, its.calendar.partition(",")[0]) == ("America/Vancouver", "ca BC")
    assert its.explanation["en"][1] == (
        "Days are those of British Columbia, Canada, which is stated, in the zone America/Vancouver, that of its "
        "capital; its holidays are counted."
    )
    assert its.explanation["fr"][1] == (
        "Les jours sont ceux du lieu indiqué, Colombie-Britannique, Canada, fuseau America/Vancouver, celui de sa "
        "capitale ; ses jours fériés comptent."
    )
    assert "Monday 16 February 2026 (Family Day)" in english(its)
    ours = due_of("P39.1", "access", "2026-01-16", place="loc:CA-ON")
    assert ours.explanation["en"][1] == (
        "No place within Quebec, Canada is stated: days are those of the company’s zone, America/Toronto."
    )
    common = due_of("GDPR", "access", "2026-01-16", place="loc:EU")
    assert common.explanation["en"][1].endswith("America/Toronto; only holidays of all member states are counted.")


@pytest.mark.parametrize("place", sorted(ZONES))
def test_every_place_of_the_table_has_a_zone_a_label_and_days_of_its_own_law(place: str) -> None:
    law = next(each for each in within(place)[::-1] if each in {"loc:CA", "loc:EU", "loc:US"})
    its = here(place, law, ZoneInfo("America/Toronto"))
    assert (its.zone.key, its.place) == (ZONES[place], place)
    assert label(place, "en") != place != label(place, "fr")
    assert here(place, "loc:MX", PARIS) == (PARIS, None, None)
    assert set(SEVERAL) <= set(ZONES)


def test_a_proof_of_identity_moves_the_start_where_the_law_says_so() -> None:
    """GDPR 12(3) and (6): from the proof. 11 CCR 7021(b): regardless of the time that it takes."""
    its = due_of("GDPR", "access", "2026-01-05", identified="2026-01-13T09:00:00-05:00")
    assert (its.start, its.day) == (date(2026, 1, 13), date(2026, 2, 13))
    assert its.explanation["en"][:2] == [
        "Received on Monday 5 January 2026.",
        (
            "Identity proved on Tuesday 13 January 2026 (in America/Toronto); that day is not counted "
            "(Regulation 1182/71, Art. 3(1); confirm with counsel)."
        ),
    ]
    its = due_of("CCPA", "access", "2026-01-05", identified="2026-01-13")
    assert (its.start, its.day) == (date(2026, 1, 5), date(2026, 2, 18))
    assert "That identity was proved on Tuesday 13 January 2026 changes nothing (11 CCR 7021(b)" in english(its)
    before = due_of("GDPR", "access", "2026-01-05", identified="2026-01-02")
    assert before == due_of("GDPR", "access", "2026-01-05")


def test_an_embargo_ends_with_the_reply_or_after_thirty_days() -> None:
    """PIPEDA 9(2.2)(b): the earlier of the two. It may outlast the thirty days for an answer."""
    assert due_of("PIPEDA", "embargo", "2026-11-20").day == date(2026, 12, 20)
    assert due_of("PIPEDA", "embargo", "2026-11-20", ended="2026-12-01T09:00:00-05:00").day == date(2026, 12, 1)
    assert due_of("PIPEDA", "embargo", "2026-11-20", ended="2027-03-01").day == date(2026, 12, 20)
    assert due_of("PIPEDA", "embargo", "2026-11-20", ended="2026-11-01").day == date(2026, 11, 20)
    assert due_of("PIPEDA", "access", "2026-01-05", ended="2026-01-06").day == date(2026, 2, 4)
    late = due_of("PIPEDA", "embargo", "2026-01-20")
    answer = due_of("PIPEDA", "access", "2026-01-05")
    assert late.day is not None
    assert answer.day is not None
    assert late.kind == "embargo"
    assert late.day > answer.day


def test_as_soon_as_feasible_has_no_date_and_is_watched() -> None:
    """PIPEDA 10.1; P-39.1, 3.5; PIPEDA 7(3)(d.4) and (e)."""
    for regime, clock in (("PIPEDA", "breach_notice"), ("P39.1", "breach_notice"), ("PIPEDA", "inform_person")):
        its = due_of(regime, clock, "2026-11-20T22:00:00-05:00")
        assert (its.day, its.moment) == (None, None)
        now = datetime.fromisoformat("2026-12-01T01:00:00-05:00")
        assert standing(its, now) == "watched"
        assert days_since(its, now) == 11
        assert "the law sets no day, so the time that passes is watched" in english(its)


def test_what_is_owed_beforehand_is_late_once_it_happened() -> None:
    """PIPEDA 7(3)(f): the Commissioner is told before the disclosure."""
    its = due_of("PIPEDA", "commissioner_told", "2026-11-20T10:00:00-05:00")
    assert its.moment == moment("2026-11-20T10:00:00-05:00")
    assert standing(its, datetime.fromisoformat("2026-11-20T09:00:00-05:00")) == "due_today"
    assert standing(its, datetime.fromisoformat("2026-11-20T10:00:01-05:00")) == "overdue"


@pytest.mark.parametrize(
    ("now", "stands"),
    [
        ("2026-02-03T23:59:59-05:00", "running"),
        ("2026-02-04T00:00:00-05:00", "due_today"),
        ("2026-02-04T23:59:59-05:00", "due_today"),
        ("2026-02-05T04:59:59+00:00", "due_today"),
        ("2026-02-05T00:00:00-05:00", "overdue"),
    ],
)
def test_due_today_is_a_state_of_its_own(now: str, stands: str) -> None:
    its = due_of("PIPEDA", "access", "2026-01-05")
    at = datetime.fromisoformat(now)
    assert standing(its, at) == stands
    assert is_refused_by_silence(its, at) == (stands == "overdue")


def test_another_zone_has_another_today() -> None:
    its = due_of("PIPEDA", "access", "2026-01-05")
    now = datetime.fromisoformat("2026-02-05T00:30:00-05:00")
    assert (standing(its, now), standing(its, now, ZoneInfo("America/Vancouver"))) == ("overdue", "due_today")


@pytest.mark.parametrize(
    ("regime", "refused"), [("PIPEDA", True), ("P39.1", True), ("GDPR", False), ("HIPAA", False), ("CCPA", False)]
)
def test_silence_is_a_refusal_where_the_law_says_so(regime: str, refused: bool) -> None:  # noqa: FBT001 - a column
    """PIPEDA 8(5); P-39.1, 32."""
    its = due_of(regime, "access", "2026-01-05")
    assert its.day is not None
    later = datetime.combine(its.day + timedelta(days=2), datetime.min.time(), ZoneInfo("UTC"))
    assert standing(its, later) == "overdue"
    assert is_refused_by_silence(its, later) is refused
    assert ("counts as a refusal" in english(its)) is refused


def test_the_explanation_shows_the_arithmetic_in_both_languages() -> None:
    its = due_of("PIPEDA", "access", "2026-03-06T15:00:00-05:00")
    received = "Received on Friday 6 March 2026 (in America/Toronto)"
    english_law, french_law = "Interpretation Act", "Loi d’interprétation"
    counsel, conseil = "confirm with counsel", "à faire confirmer par un conseiller juridique"
    sunday, monday = "dimanche 5 avril 2026", "lundi 6 avril 2026"
    assert its.explanation["en"] == [
        f"{received}; that day is not counted ({english_law}, s. 27(2); {counsel}).",
        (
            "No place within Canada is stated: days are those of the company’s zone, America/Toronto; holidays of one "
            "province alone are not counted."
        ),
        "Answer to a request: 30 calendar days, to Sunday 5 April 2026 (PIPEDA, s. 8(3)).",
        (
            "Not a last day: Sunday 5 April 2026, Monday 6 April 2026 (Easter Monday). "
            f"It moves to Tuesday 7 April 2026 ({english_law}, ss. 26 and 35(1); {counsel})."
        ),
        "Due by the end of Tuesday 7 April 2026.",
        "No answer by then counts as a refusal (PIPEDA, s. 8(5)).",
    ]
    assert its.explanation["fr"] == [
        (
            "Réception le vendredi 6 mars 2026 (America/Toronto) ; ce jour ne compte pas "
            f"({french_law}, par. 27(2) ; {conseil})."
        ),
        (
            "Aucun lieu précis n’est indiqué (Canada) : les jours sont ceux du fuseau de l’entreprise, America/Toronto "
            "; les jours fériés d’une seule province ne comptent pas."
        ),
        f"Réponse à une demande : 30 jours civils, jusqu’au {sunday} (LPRPDE, par. 8(3)).",
        (
            f"Ne peut être le dernier jour : {sunday}, {monday} (Lundi de Pâques). "
            f"Le délai passe au mardi 7 avril 2026 ({french_law}, art. 26 et par. 35(1) ; {conseil})."
        ),
        "À faire au plus tard le mardi 7 avril 2026.",
        "Le défaut de réponse dans ce délai vaut refus (LPRPDE, par. 8(5)).",
    ]


def test_a_first_of_the_month_and_a_time_of_day_are_written_as_french_does() -> None:
    its = due_of("GDPR", "breach_notice", "2026-03-29T00:00:05+01:00", zone="Europe/Paris")
    assert "mercredi 1er avril 2026, 1 h 00 min 05 (UTC+02:00)" in " ".join(its.explanation["fr"])
    assert "Wednesday 1 April 2026, 01:00:05 (UTC+02:00)" in english(its)


@pytest.mark.parametrize("start", ["1970-01-01", "0001-01-01T00:00:00+14:00", "2100-12-15", "9999-12-31T23:00:00Z"])
def test_where_no_calendar_reaches_there_is_no_due_date(start: str) -> None:
    with pytest.raises(OutsideCalendar, match="is not between 1994 and 2100"):
        due_of("PIPEDA", "access", start)


def test_what_is_asked_of_a_place_or_a_clock_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="CH is no part of the calendar eu: expected one of AT, BE,"):
        closed("eu", date(2026, 1, 5), "CH")
    with pytest.raises(ValueError, match="a moment without an offset has no day"):
        due_of("GDPR", "access", "2026-01-05T10:00:00")
    with pytest.raises(KeyError):
        due_of("GDPR", "no_such", "2026-01-05")
