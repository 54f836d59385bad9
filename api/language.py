"""Which of our two languages a caller reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from starlette.requests import Request

WEIGHT = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")

Language = Literal["en", "fr"]


def preferred(request: Request, otherwise: Language = "en") -> Language:
    """Return the language that the header Accept-Language likes most; `otherwise` if it names neither, or both alike.

    Source: RFC 9110, 12.5.4.
    """
    liked: dict[str, float] = {}
    for part in request.headers.get("accept-language", "").lower().split(","):
        tag, _, parameter = part.partition(";")
        weight = WEIGHT.fullmatch(parameter.strip())
        name = tag.strip().partition("-")[0]
        liked[name] = max(liked.get(name, 0.0), float(weight[1]) if weight else 1.0)
    english, french = liked.get("en", 0.0), liked.get("fr", 0.0)
    if english == french:
        return otherwise
    return "en" if english > french else "fr"
