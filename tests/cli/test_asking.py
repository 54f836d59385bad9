"""What can be asked about one person from the command line, and how an answer is shown as a table."""

from __future__ import annotations

import io
from pathlib import Path

import orjson
import pytest

from api.cli.ask import Question
from api.cli.asking import COLUMNS
from api.cli.tables import write_table

DOCUMENT = orjson.loads(Path(__file__).resolve().parents[2].joinpath("docs", "openapi.json").read_bytes())


@pytest.mark.parametrize("question", Question)
def test_every_question_has_a_route_of_its_name(question: Question) -> None:
    assert "get" in DOCUMENT["paths"][f"/v1/subjects/{{subject_id}}/{question}"]
    assert question in COLUMNS or question is Question.ACCOUNT


def test_a_column_may_be_a_member_of_a_member() -> None:
    row = {"category": "pd:Name", "retention": {"due": "2027-11-01", "rule": None}}
    out = io.StringIO()
    write_table([row], ("category", "retention.due", "retention.rule", "category.none"), out)
    assert out.getvalue().splitlines() == ["category  retention.due", "pd:Name   2027-11-01"]
