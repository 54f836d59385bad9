"""The packs that ship say what they must, and a file that does not is refused with a line that helps."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest

from ledger.vocabulary import CODES
from projections.law.calendar import CALENDARS
from projections.law.pack import PACKS, InvalidPack, check_versions, pack_for, read_pack

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


def test_a_version_is_the_one_in_force_on_the_day() -> None:
    """Portability came to P-39.1 on 22 September 2024."""
    last = date(2024, 9, 21)
    before, after = pack_for("whosaw:P39.1", last), pack_for("whosaw:P39.1", last + timedelta(days=1))
    assert before is not None
    assert after is not None
    assert (before.version, after.version) == ("2023-09", "2024-09")
    assert before.right("whosaw:Portability") is None
    assert after.right("whosaw:Portability") is not None
    assert pack_for("whosaw:P39.1", date(2023, 9, 21)) is None
    assert pack_for("whosaw:GDPR", date(2018, 5, 24)) is None
    assert pack_for("acme:Law", last) is None


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
