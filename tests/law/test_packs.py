"""The packs that ship say what they must, and a file that does not is refused with a line that helps."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest

from ledger.vocabulary import CODES
from projections.law.calendar import CALENDARS
from projections.law.pack import PACKS, InvalidPack, Pack, check_versions, pack_for, read_pack

FOLDER = Path(__file__).parents[2] / "projections" / "law" / "packs"
GOOD = (FOLDER / "ca-pipeda-2018.toml").read_text(encoding="utf-8")
row = pytest.param
TODAY = date(2026, 11, 27)

# Every clock that is watched or counted: regime, clock, what it starts from, length and unit, how it ends.
CLOCKS = [
    ("PIPEDA", "access", "receipt", 30, "days", "deadline"),
    ("PIPEDA", "extension_notice", "request_date", 30, "days", "deadline"),
    ("PIPEDA", "embargo", "consultation", 30, "days", "embargo"),
    ("P39.1", "access", "receipt", 30, "days", "deadline"),
    ("PIPEDA", "breach_notice", "determination", None, "as_soon_as_feasible", "deadline"),
    ("P39.1", "breach_notice", "awareness", None, "as_soon_as_feasible", "deadline"),
    ("GDPR", "access", "receipt", 1, "months", "deadline"),
    ("GDPR", "breach_notice", "awareness", 72, "hours", "deadline"),
    ("HIPAA", "access", "receipt", 60, "days", "deadline"),
    ("CCPA", "confirmation", "receipt", 10, "business_days", "deadline"),
    ("CCPA", "access", "receipt", 45, "days", "deadline"),
    ("PIPEDA", "breach_record", "determination", 24, "months", "retention"),
    ("P39.1", "breach_record", "awareness", 5, "years", "retention"),
    ("CCPA", "request_log", "request", 24, "months", "retention"),
    ("HIPAA", "accounting_data", "disclosure", 6, "years", "retention"),
    ("HIPAA", "oral_statement", "statement", 30, "days", "limit"),
]
EXTENSIONS = {"PIPEDA": (30, "days"), "GDPR": (2, "months"), "HIPAA": (30, "days"), "CCPA": (45, "days")}

# What was not read again in the law's own text, and the two that were: regime, clock.
TO_CONFIRM = [
    ("P39.1", "access"),
    ("P39.1", "disclosure_entry"),
    ("P39.1", "breach_record"),
    ("PIPEDA", "unsubscribe"),
    ("HIPAA", "access"),
    ("CCPA", "access"),
    ("CCPA", "opt_out"),
]
READ = [("PIPEDA", "access"), ("PIPEDA", "embargo"), ("CCPA", "confirmation"), ("HIPAA", "accounting_data")]


@pytest.mark.parametrize(("regime", "clock", "starts", "length", "unit", "kind"), CLOCKS)
def test_every_time_of_the_table_is_in_its_pack(
    regime: str, clock: str, starts: str, length: int | None, unit: str, kind: str
) -> None:
    pack = pack_for(f"whosaw:{regime}", TODAY)
    assert pack is not None
    its = pack.clocks[clock]
    assert (its.starts, its.length, its.unit, its.kind) == (starts, length, unit, kind)


@pytest.mark.parametrize("regime", ["PIPEDA", "P39.1", "GDPR", "HIPAA", "CCPA"])
def test_an_answer_is_extended_as_far_as_its_law_allows_and_once(regime: str) -> None:
    pack = pack_for(f"whosaw:{regime}", TODAY)
    assert pack is not None
    its = pack.clocks["access"].extension
    assert (None if its is None else (its.length, its.unit)) == EXTENSIONS.get(regime)
    assert its is None or its.times == 1


def test_what_was_not_read_again_says_so() -> None:
    for wanted, rows in ((True, TO_CONFIRM), (False, READ)):
        for regime, clock in rows:
            pack = pack_for(f"whosaw:{regime}", TODAY)
            assert pack is not None
            assert pack.clocks[clock].confirm is wanted, (regime, clock)
    for regime in ("PIPEDA", "P39.1", "GDPR", "HIPAA", "CCPA"):
        pack = pack_for(f"whosaw:{regime}", TODAY)
        assert pack is not None
        assert pack.counting.confirm


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: f"{pack.code} {pack.version}")
def test_every_pack_is_made_of_known_codes_in_both_languages(pack: object) -> None:
    its = next(each for each in PACKS if each is pack)
    assert its.title.en
    assert its.title.fr
    assert its.calendar in CALENDARS
    for regime in its.regimes:
        assert pack_for(regime, its.in_force_from) is its
    for code in (*(each.code for each in its.rights), *(each.code for each in its.grounds)):
        assert set(CODES[code].labels) == {"en", "fr"}
    for ground in its.grounds:
        assert its.ground(ground.code) is ground
        assert set(ground.duties) <= set(its.clocks)
    for right in its.rights:
        assert all(its.right(code) is right for code in (right.code, *right.also))
    assert its.right("whosaw:NoSuch") is its.ground("whosaw:NoSuch") is None


# The first day of each version, and the clocks, rights and grounds that came with it; nothing ever went.
STEPS = [
    ("P39.1", "2006-06-14", {"ca-qc-p39.1:18-9.1"}),
    ("P39.1", "2022-09-22", {"breach_notice", "breach_record"}),
    ("P39.1", "2023-09-22", {"ca-qc-p39.1:18.3", "ca-qc-p39.1:28.1"}),
    ("P39.1", "2024-09-22", {"whosaw:Portability"}),
    ("PIPEDA", "2004-01-01", set()),
    ("PIPEDA", "2014-07-01", {"unsubscribe"}),
    ("PIPEDA", "2015-06-18", {f"ca-pipeda:7-3-{each}" for each in ("c.1-iv", "d.1", "d.2", "d.3", "d.4")}),
    ("PIPEDA", "2018-11-01", {"breach_notice", "breach_record"}),
    ("CCPA", "2020-08-14", {"confirmation", "request_log"}),
    ("CCPA", "2023-01-01", {"whosaw:Rectification"}),
    ("CCPA", "2023-03-29", set()),
]
FIRST = {
    "P39.1": "1994-01-01", "PIPEDA": "2001-01-01", "GDPR": "2018-05-25", "HIPAA": "2003-04-14", "CCPA": "2020-01-01",
}  # fmt: skip


def says(pack: Pack) -> set[str]:
    """Everything that a version has by name."""
    return {*pack.clocks, *(each.code for each in pack.rights), *(each.code for each in pack.grounds)}


@pytest.mark.parametrize(("regime", "day", "came"), STEPS)
def test_each_version_begins_on_its_day_with_what_it_brought(regime: str, day: str, came: set[str]) -> None:
    first = date.fromisoformat(day)
    before, after = pack_for(f"whosaw:{regime}", first - timedelta(days=1)), pack_for(f"whosaw:{regime}", first)
    assert before is not None
    assert after is not None
    assert before.version != after.version == day[:7]
    assert (says(after) - says(before), says(before) - says(after)) == (came, set())


@pytest.mark.parametrize(("regime", "day"), FIRST.items())
def test_no_law_was_in_force_before_its_first_day(regime: str, day: str) -> None:
    first = date.fromisoformat(day)
    assert pack_for(f"whosaw:{regime}", first) is not None
    assert pack_for(f"whosaw:{regime}", first - timedelta(days=1)) is None
    assert pack_for("acme:Law", first) is None
    versions = [each for each in PACKS if f"whosaw:{regime}" in each.regimes]
    steps = sorted(each.in_force_from for each in versions)
    assert [f"{each}" for each in steps] == [day, *(each for law, each, _ in STEPS if law == regime)]
    assert sorted(each.in_force_until for each in versions if each.in_force_until) == steps[1:], "no gap"


@pytest.mark.parametrize("year", range(1994, 2027))
def test_the_time_to_answer_is_thirty_days_in_every_year_of_the_canadian_laws(year: int) -> None:
    """P-39.1, s. 32, since 1994; PIPEDA, s. 8(3), since 2001."""
    day = date(year, 12, 31)
    for pack in filter(None, (pack_for("whosaw:P39.1", day), pack_for("whosaw:PIPEDA", day))):
        for right in ("whosaw:Access", "whosaw:Rectification", "whosaw:Erasure"):
            its = pack.right(right)
            assert its is not None
            assert (pack.clocks[its.clocks[0]].length, pack.clocks[its.clocks[0]].unit) == (30, "days")


def test_what_is_not_sure_of_an_older_version_says_so() -> None:
    """Whether PIPEDA governed a company within a province before 2004; when P-39.1, s. 18(9.1), began."""
    old, later = pack_for("whosaw:PIPEDA", date(2003, 12, 31)), pack_for("whosaw:PIPEDA", date(2004, 1, 1))
    assert old is not None
    assert later is not None
    assert (old.clocks["access"].confirm, later.clocks["access"].confirm) == (True, False)
    assert old.clocks["access"].note is not None
    own = pack_for("whosaw:P39.1", date(2010, 1, 1))
    assert own is not None
    ground = own.ground("ca-qc-p39.1:18-9.1")
    assert ground is not None
    assert ground.confirm


def test_two_versions_differ_in_what_the_later_one_brought_and_nothing_else() -> None:
    older, newer = (tomllib.loads((FOLDER / f"ca-qc-p39.1-{year}.toml").read_text("utf-8")) for year in (2023, 2024))
    newer["rights"] = [each for each in newer["rights"] if each["code"] != "whosaw:Portability"]
    changed = {name for name in {*older, *newer} if older.get(name) != newer.get(name)}
    assert changed == {"version", "in_force_from", "in_force_until"}


def test_the_companys_own_policy_sets_no_time() -> None:
    pack = pack_for("whosaw:CompanyPolicy", TODAY)
    assert pack is not None
    assert pack.clocks == {}
    assert all(right.clocks == () for right in pack.rights)


@pytest.mark.parametrize(
    ("regime", "ground", "duties"),
    [
        ("PIPEDA", "ca-pipeda:7-3-d.4", ("inform_person",)),
        ("PIPEDA", "ca-pipeda:7-3-e", ("inform_person",)),
        ("PIPEDA", "ca-pipeda:7-3-f", ("commissioner_told",)),
        ("PIPEDA", "ca-pipeda:7-3-b", ()),
        *(("P39.1", f"ca-qc-p39.1:18-{item}", ("disclosure_entry",)) for item in ("6", "7", "8", "9", "9.1", "10")),
        ("P39.1", "ca-qc-p39.1:18-5", ()),
        ("GDPR", "eu-gdpr:A6-1-f", ()),
    ],
)
def test_a_ground_brings_its_duties(regime: str, ground: str, duties: tuple[str, ...]) -> None:
    """PIPEDA 7(3)(d.4), (e), (f); P-39.1, 18."""
    pack = pack_for(f"whosaw:{regime}", TODAY)
    assert pack is not None
    its = pack.ground(ground)
    assert its is not None
    assert its.duties == duties


def test_consent_is_no_ground_without_consent() -> None:
    assert all(pack.ground("eu-gdpr:A6-1-a") is None for pack in PACKS)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        row('version = "2018-11"', 'version = "2018-11"\nsurp = 1', "unknown field `surp`", id="member"),
        row("length = 30", "lenght = 30", "unknown field `lenght`", id="a misspelt member of a clock"),
        row('rule = "ca-pipeda:8-3"', 'rule = "ca-pipeda:8-33"', "ca-pipeda:8-33 is no known code", id="code"),
        row('"whosaw:PIPEDA"', '"PIPEDA"', "matching regex", id="no code at all"),
        row('calendar = "ca"', 'calendar = "mars"', "mars is no calendar", id="calendar"),
        row('clocks = ["unsubscribe"]', 'clocks = ["never"]', "never is no clock of it", id="clock of a right"),
        row('notice = "extension_notice"', 'notice = "gone"', "gone is no clock of it", id="clock of a notice"),
        row('duties = ["commissioner_told"]', 'duties = ["x"]', "x is no clock of it", id="clock of a duty"),
        row('unit = "business_days"', 'unit = "moons"', "Invalid enum value 'moons'", id="unit"),
        row('unit = "beforehand"', 'unit = "beforehand"\nlength = 3', "expected a length, and none", id="length"),
        row('unit = "days"\nnotice', 'unit = "months"\nnotice', "in the unit of its clock", id="unit of an extension"),
        row("length = 10\n", "", "expected a length, and none", id="no length"),
        row("length = 10\n", "length = 0\n", "Expected `int` >= 1", id="none to count"),
        row('"ca-pipeda:4.10"', '"ca-pipeda:4.9"', "ca-pipeda:4.9 stands twice", id="a right twice"),
        row('"ca-pipeda:7-3-i"', '"ca-pipeda:7-3-e"', "ca-pipeda:7-3-e stands twice", id="a ground twice"),
        row("2018-11-01\n", "2018-11-01\nin_force_until = 2018-11-01\n", "ends before it begins", id="dates"),
        row('code = "ca-pipeda"', "code = ", "Invalid value", id="no TOML"),
        row(', fr = "LPRPDE, par. 8(3)"', "", "missing required field `fr`", id="one language"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_a_line_that_names_it(old: str, new: str, says: str) -> None:
    assert old in GOOD
    with pytest.raises(InvalidPack) as refused:
        read_pack(GOOD.replace(old, new, 1), "mine.toml")
    line = str(refused.value)
    assert line.startswith("mine.toml: ")
    assert says in line
    assert "\n" not in line


def test_two_packs_for_one_law_on_one_day_are_refused() -> None:
    later = GOOD.replace('version = "2018-11"', 'version = "2030"').replace("= 2018-11-01\n", "= 2030-01-01\n", 1)
    old = GOOD.replace("= 2018-11-01\n", "= 2018-11-01\nin_force_until = 2030-01-01\n", 1)
    check_versions([read_pack(old, "old"), read_pack(later, "later")])
    with pytest.raises(InvalidPack, match="ca-pipeda 2018-11 and ca-pipeda 2030 are both in force on 2030-01-01"):
        check_versions([read_pack(GOOD, "good"), read_pack(later, "later")])
