"""What no database row can hold is no parameter of any question: it is refused before anything is asked of one.

Source: PostgreSQL, 8.3 "Character Types": text holds every character except the one with code zero.
"""

from __future__ import annotations

from starlette.requests import Request

from api.problems import Problem


async def storable(request: Request) -> None:
    """Refuse a query parameter that is not text as PostgreSQL takes it; paths have forms of their own.

    Of every route, so that none can forget it. Not in a thread of its own: it is a look at a few characters.

    Raises:
        Problem: There is one. It is not repeated.
    """
    if not all(_is_text(part) for pair in request.query_params.multi_items() for part in pair):
        raise Problem("invalid-parameter", "expected text without the character of code zero or half a surrogate")


def _is_text(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
