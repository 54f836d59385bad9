"""What a person reads on the pages."""

from __future__ import annotations

from typing import Any

import pytest

from api.report import LANGUAGES, render_pdf
from api.report.cap import MOST_ROWS
from projections.account import STATEMENT
from tests.report import accounts
from tests.report.reading import pages_of, squeezed, text_of


def read(account: dict[str, Any], language: str = "en") -> str:
    return text_of(render_pdf(account, language=language))


def said(sentence: str, text: str) -> bool:
    return squeezed(sentence) in text


DRAWN = [text for text in accounts.HOSTILE if text.isascii() and text.isprintable() and len(text) < 400]


def test_markup_and_code_in_a_value_print_as_text() -> None:
    text = read(accounts.hostile())
    assert len(DRAWN) >= 6
    assert [value for value in DRAWN if not said(value, text)] == []


def test_a_letter_without_a_glyph_is_named_and_the_page_says_so() -> None:
    text = read(accounts.hostile())
    for named in ("[U+5317]", "[U+0000]", "[U+202E]", "[U+E000]", "[U+1F575]"):
        assert named in text
    assert said("Some characters cannot be drawn", text)
    assert said("Some long values are shortened", text)
    assert not said("Some characters cannot be drawn", read(accounts.typical()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notice_on_authorities_is_the_same_whatever_was_disclosed(language: str) -> None:
    typical = accounts.typical(language)
    without = typical | {"disclosures": [], "statement": None}
    for account in (accounts.empty(language), typical, without, {}):
        assert read(account, language).count(squeezed(STATEMENT[language])) == 1


def test_english_says_dates_times_and_the_zone() -> None:
    text = read(accounts.typical("en"))
    assert said("November 23, 2026, 3:04 p.m. EST", text)
    assert said("Eastern Time (America/Toronto)", text)
    assert said("since Jun 1, 2025", text)


def test_french_says_dates_numbers_and_terms_as_in_quebec() -> None:
    account = accounts.typical("fr")
    account["views"][1]["count"] = 12_345
    text = read(account, "fr")
    for said_so in ("23 novembre 2026, 15 h 04 HNE", "depuis le 1er juin 2025", "12 350 consultations ou utilisations"):
        assert said(said_so, text)
    for term in ("renseignements personnels", "communications de vos renseignements", "Adresse courriel"):
        assert said(term, text)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "\x00"])
def test_a_zone_nobody_knows_is_replaced_and_the_page_says_which_was_used(zone: str) -> None:
    text = read(accounts.typical() | {"time_zone": zone})
    assert said("November 23, 2026, 8:04 p.m. UTC", text)


def test_agreement_taken_for_granted_never_reads_as_agreement_given() -> None:
    account = accounts.typical()
    account["policy"] = [{"version": "2", "assent": {"mode": {"code": "deemed_by_use", "label": "Express"}}}]
    text = read(account)
    assert said("Deemed by use: you did not say yes", text)
    assert not said("Express: you said yes", text)


def test_a_policy_without_agreement_says_so() -> None:
    account = accounts.empty() | {"policy": [{"version": "2026-09-15", "assent": None}]}
    assert said("No agreement of yours is recorded", read(account))


def test_each_state_of_a_holding_has_its_own_words() -> None:
    text = read(accounts.typical())
    for state in ("Held", "Deletion asked", "Deleted", "Verified gone", "Kept nonetheless"):
        assert said(state, text)
    assert said("may remain in backups until Nov 14, 2026", text)


def test_what_is_asked_to_be_deleted_still_counts_as_held() -> None:
    account = accounts.empty()
    account["holdings"] = [{"category": "pd:Name", "state": "deletion_requested"}]
    assert said("The ledger shows 1 kind of information held about you", read(account))


def test_a_repeated_disclosure_is_one_row_with_its_first_its_number_and_its_last() -> None:
    text = read(accounts.typical())
    assert said("First: Jun 3, 2025 about every month 17 times in all Last: Oct 3, 2026", text)
    assert said("19 communications of your information, to 3 organizations", text)


def test_a_recipient_is_named_with_address_role_ground_and_authority() -> None:
    text = read(accounts.typical())
    for part in (
        "Cour du Québec, district de Montréal",
        "1, rue Notre-Dame Est, Montréal (Québec) H2Y 1B6, Canada",
        "received it as: Authority",
        "Authority: Production order, issued by Cour du Québec, dated Sep 28, 2026",
        "At the recipient’s request",
    ):
        assert said(part, text)


@pytest.mark.parametrize(
    ("precision", "shown", "hidden"),
    [
        ("exact", "Oct 1, 2026 10:30 a.m. EDT", None),
        ("day", "Oct 1, 2026", "10:30"),
        ("month", "October 2026", "Oct 1"),
        ("year", "2026", "October 2026"),
        ("unknown", "Time not known", "10:30"),
    ],
)
def test_a_date_is_shown_as_exactly_as_it_is_known(precision: str, shown: str, hidden: str | None) -> None:
    account = accounts.empty()
    account["disclosures"] = [{"time": "2026-10-01T10:30:00-04:00", "precision": precision}]
    text = read(account)
    assert said(shown, text)
    assert hidden is None or not said(hidden, text)


def test_a_code_without_a_label_shows_as_itself() -> None:
    account = accounts.empty()
    account["holdings"] = [{"category": {"code": "acme:Shoe"}, "purposes": ["acme:Fit"], "basis": "acme:why"}]
    text = read(account)
    for code in ("acme:Shoe", "acme:Fit", "acme:why"):
        assert code in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_account_with_no_members_at_all_is_a_report(language: str) -> None:
    nothing: dict[str, Any] = {"holdings": [{}], "disclosures": [{}], "views": [{}], "policy": [{}]}
    empty_parts: dict[str, Any] = {"as_of": {}, "controller": {}, "subject": {}, "proof": {"entries": [{}]}}
    assert len(pages_of(render_pdf(nothing | empty_parts, language=language))) >= 3


def test_codes_behind_the_tables_are_explained() -> None:
    text = read(accounts.typical())
    assert said("Collecting a debt owed to us (PIPEDA 7(3)(b)) ca-pipeda:7-3-b", text)


def test_the_appendix_ties_each_entry_to_its_row_with_a_short_fingerprint() -> None:
    text = read(accounts.typical())
    assert said(f"B3 202 Data disclosed Oct 1, 2026 10:30 a.m. EDT {accounts.leaf(202)[:16]}…", text)


def test_the_checkpoint_and_the_key_can_be_copied_whole() -> None:
    account = accounts.typical()
    text = read(account)
    assert said(account["proof"]["checkpoint"], text)
    assert account["proof"]["verifier_key"] in text


def test_rows_that_do_not_fit_are_announced_with_their_number() -> None:
    account = accounts.large(rows=1_500)
    text = read(account)
    assert text.count(squeezed("as many as fit in this document")) == 2
    assert said("of 1,500 rows, as many as fit", text)
    assert len(account["disclosures"]) + len(account["proof"]["entries"]) > MOST_ROWS


def test_every_page_says_which_page_it_is_and_of_how_many() -> None:
    pages = pages_of(render_pdf(accounts.typical("fr"), language="fr"))
    for number, text in enumerate(pages, 1):
        assert f"Page{number}de{len(pages)}" in text


def test_a_head_is_repeated_on_each_page_of_its_table() -> None:
    pages = pages_of(render_pdf(accounts.large(rows=60), language="en"))
    rows = [text for text in pages if squeezed("Carrier 00") in text]
    assert len(rows) > 3
    assert all(squeezed("Who received it") in text for text in rows)


def test_an_entry_behind_several_rows_names_them() -> None:
    account = accounts.empty()
    account["holdings"] = [{"category": f"pd:C{number}", "position": 7} for number in range(6)]
    account["proof"]["entries"] = [{"position": 7, "type": "data.collected", "leaf": accounts.leaf(7)}]
    assert said("A1, A2, A3, A4… 7 Data collected", read(account))


def test_codes_stand_in_the_order_of_a_dictionary() -> None:
    account = accounts.empty("fr")
    labels = ["Zone", "Études", "Espèces", "À l’interne"]
    account["holdings"] = [{"category": {"code": f"c:{number}", "label": text}} for number, text in enumerate(labels)]
    assert said("À l’interne c:3 Espèces c:2 Études c:1 Zone c:0", read(account, "fr"))
