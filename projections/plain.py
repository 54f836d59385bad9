"""A record as what JSON can say: what a table keeps of it is what an answer shows."""

from __future__ import annotations

from datetime import date
from typing import Any, cast


def plain(value: Any) -> Any:
    """Return a record, or anything in one, as JSON: members by name, days and times as RFC 3339 has them."""
    if isinstance(value, date):
        return value.isoformat()
    members = getattr(value, "_asdict", None)
    if members is not None:
        return {name: plain(each) for name, each in members().items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {name: plain(each) for name, each in cast("dict[str, Any]", value).items()}
    return value
