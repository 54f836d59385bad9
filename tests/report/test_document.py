"""The account as a document: what it declares, what it carries, and that nothing in it can act."""

from __future__ import annotations

import io
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pikepdf
import pytest

import api.report
from api.report import LANGUAGES, InvalidAccount, ReportTooLarge, render_json, render_pdf
from api.report.cap import MOST_ROWS, share
from api.report.typesetting import LARGEST_ACCOUNT_BYTES
from projections.account import STATEMENT
from tests.report import accounts

if TYPE_CHECKING:
    from collections.abc import Callable


def opened(body: bytes) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(body))


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize("make", [accounts.empty, accounts.typical, accounts.hostile])
def test_a_document_declares_its_standards_its_language_and_its_structure(
    make: Callable[[str], dict[str, Any]], language: str
) -> None:
    with opened(render_pdf(make(language), language=language)) as pdf:
        metadata = pdf.open_metadata()
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")
        assert metadata["pdfuaid:part"] == "1"
        assert str(pdf.Root.Lang).startswith(language)
        assert bool(pdf.Root.MarkInfo.Marked)
        assert "/StructTreeRoot" in pdf.Root
        assert metadata["dc:title"]


def test_the_json_is_inside_byte_for_byte_as_the_data_of_the_document() -> None:
    account = accounts.typical("fr")
    with opened(render_pdf(account, language="fr")) as pdf:
        assert list(pdf.attachments) == ["account.json"]
        assert pdf.attachments["account.json"].get_file().read_bytes() == render_json(account)
        (associated,) = list(pdf.Root.AF)
        assert str(associated.AFRelationship) == "/Data"


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_the_same_account_gives_the_same_bytes(language: str) -> None:
    first = render_pdf(accounts.typical(language), language=language)
    assert render_pdf(accounts.typical(language), language=language) == first


def test_the_order_of_members_does_not_change_the_bytes() -> None:
    account = accounts.typical("en")
    assert render_json(dict(reversed(account.items()))) == render_json(account)


def test_text_that_looks_like_markup_or_code_is_text() -> None:
    """A field that could read a file or run code would make the report a way in."""
    body = render_pdf(accounts.hostile("en"), language="en")
    with opened(body) as pdf:
        # Nothing can act when the document opens, and no link leads out of what an emitter wrote.
        assert "/OpenAction" not in pdf.Root
        assert "/AA" not in pdf.Root
        assert b"/JavaScript" not in body
        assert list(pdf.attachments) == ["account.json"]
    assert b"root:x:0" not in body


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_large_account_is_cut_in_the_document_and_whole_in_its_attachment(language: str) -> None:
    account = accounts.large(language, rows=2_500)
    with opened(render_pdf(account, language=language)) as pdf:
        inside = orjson.loads(pdf.attachments["account.json"].get_file().read_bytes())
    rows = sum(len(inside[name]) for name in ("holdings", "disclosures", "views"))
    assert rows == sum(len(account[name]) for name in ("holdings", "disclosures", "views")) >= MOST_ROWS


def test_rows_are_shared_so_that_a_short_table_is_never_cut_for_a_long_one() -> None:
    assert [cap.most for cap in share([10, 5_000, 20], 1_000)] == [10, 970, 20]
    assert sum(cap.most for cap in share([5_000, 5_000, 5_000], 1_000)) <= 1_000


def test_an_account_too_large_for_a_report_is_refused_and_not_cut_unsaid() -> None:
    account = accounts.empty("en")
    account["statement"] = "x" * (LARGEST_ACCOUNT_BYTES + 1)
    with pytest.raises(ReportTooLarge):
        render_pdf(account, language="en")


def test_an_account_of_another_shape_is_refused_without_repeating_its_values() -> None:
    account = accounts.empty("en") | {"holdings": "Tremblay"}
    with pytest.raises(InvalidAccount) as refused:
        render_pdf(account, language="en")
    assert "Tremblay" not in str(refused.value)


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="en, fr"):
        render_pdf(accounts.empty("en"), language="de")


def test_both_languages_say_the_same_things() -> None:
    def names(table: dict[str, Any], prefix: str = "") -> set[str]:
        found: set[str] = set()
        for name, value in table.items():
            found |= names(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name}
        return found

    folder = Path(api.report.__file__).parent / "words"
    english, french = (names(tomllib.loads((folder / f"{language}.toml").read_text())) for language in ("en", "fr"))
    assert english == french


def test_the_sentence_on_authorities_exists_in_every_language() -> None:
    assert set(STATEMENT) == set(LANGUAGES)
