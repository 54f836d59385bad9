"""What a regulator asks: questions 22 to 25."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from examples.questions.question import Question

ASKER = "regulator"
REGULATOR: tuple[Question, ...] = ()
