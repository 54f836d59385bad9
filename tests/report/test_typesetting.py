"""The process that typesets: what it may not do, and what its end means."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.report import ReportBusy, ReportFailed, glyphs, render_json, render_pdf, typesetting
from api.report.document import Printable, printable
from tests.report import accounts
from tests.report.reading import text_of

if TYPE_CHECKING:
    from pathlib import Path


def typeset(template: str, monkeypatch: pytest.MonkeyPatch, content: str = "{}") -> bytes:
    monkeypatch.setattr(typesetting, "_template", lambda: '#set document(title: "t")\n= t\n' + template)
    return typesetting.typeset(Printable(content.encode(), 0), b"{}")


def failure(template: str, monkeypatch: pytest.MonkeyPatch, content: str = "{}") -> str:
    with pytest.raises(ReportFailed) as failed:
        typeset(template, monkeypatch, content)
    return failed.value.reason


def test_a_document_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typesetting, "LONGEST_SECONDS", 1.5)
    template = "#let ever(n) = { let i = 0; while i < n { i += 1; range(100000).map(str).join() } }\n#ever(9999999)"
    assert failure(template, monkeypatch) == "time"


def test_a_document_that_takes_all_memory_ends_its_own_process_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert failure("#let all = range(400000000)", monkeypatch) == "memory"


def test_no_file_outside_the_order_can_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    assert failure('#read("/etc/passwd")', monkeypatch) == "refused"
    assert failure(f'#read("{secret}")', monkeypatch) == "refused"
    assert failure('#read("../../../../../etc/passwd")', monkeypatch) == "refused"


def test_the_process_knows_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHOSAW_DATABASE_URL", "postgresql://secret")
    assert not [name for name in typesetting._environment("/nowhere") if name.startswith("WHOSAW")]


def test_a_failure_never_repeats_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ReportFailed) as failed:
        typeset('#panic("Tremblay")', monkeypatch)
    assert "Tremblay" not in str(failed.value)
    assert failed.value.__cause__ is None


def test_a_letter_that_slips_through_is_named_on_the_second_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glyphs, "_undrawable", lambda: re.compile(r"(?!)"))
    account = accounts.empty()
    account["controller"]["name"] = "北 Québec"
    body = render_json(account)
    with pytest.raises(ReportFailed, match="unprintable"):
        typesetting.typeset(printable(body, "en"), body)
    assert "[U+5317]Québec" in text_of(render_pdf(account, language="en"))


def test_a_caller_that_finds_no_slot_is_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typesetting, "LONGEST_SECONDS", 0.01)
    for _ in range(typesetting.SLOTS):
        typesetting._slots.acquire()
    try:
        with pytest.raises(ReportBusy):
            render_pdf(accounts.empty(), language="en")
    finally:
        for _ in range(typesetting.SLOTS):
            typesetting._slots.release()


def test_a_slot_is_given_back_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(typesetting.SLOTS + 1):
        assert failure("#panic()", monkeypatch) == "refused"


def test_every_letter_listed_as_drawable_is_drawn_in_every_style(monkeypatch: pytest.MonkeyPatch) -> None:
    every = [chr(code) for first, last in glyphs.drawable() for code in range(first, last + 1)]
    assert len(every) > 7_000
    template = """#set text(font: ("Libertinus Serif", "New Computer Modern", "DejaVu Sans Mono"))
    #let letters = json("content.json").join(" ")
    #letters #text(weight: 600, letters) #text(style: "italic", letters)
    #text(font: ("DejaVu Sans Mono", "Libertinus Serif"), letters)"""
    assert typeset(template, monkeypatch, json.dumps(every)).startswith(b"%PDF-")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(max_size=60), min_size=8, max_size=8))
def test_any_text_at_all_becomes_a_report(texts: list[str]) -> None:
    account = accounts.empty()
    account["controller"] = {"name": texts[0], "contact": texts[1]}
    account["holdings"] = [{"category": texts[2], "system": texts[3], "since": texts[4], "state": texts[5]}]
    account["disclosures"] = [{"recipient": {"name": texts[6]}, "time": texts[7]}]
    assert render_pdf(account, language="fr").startswith(b"%PDF-")
