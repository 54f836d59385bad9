"""The whole sample company through the real ledger: no name, number or address of anybody is where it must not be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson
import psycopg
from psycopg.sql import SQL, Identifier

from examples.company.company import SEED, events
from ledger import Ledger, fact_of
from ledger.vocabulary import parse_event
from projections import PROJECTIONS
from projections.follow import Follower
from projections.install import install

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

SHORTEST = 4
"""Shorter texts are words that happen to be values too."""
WORD = re.compile(r"[\w@.+-]+")


def texts(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts(each)


def personal(event: dict[str, Any]) -> Iterator[str]:
    """Yield every value that is somebody's: references, and whatever is private."""

    data = event["data"]
    for subject in data.get("subjects", []):
        if "reference" in subject:
            yield subject["reference"]["value"]
        yield from texts(subject.get("private", {}))
    yield from texts(data.get("private", {}))
    if "identifier" in data:
        yield data["identifier"]["value"]
    if data["actor"]["kind"] == "human":
        yield data["actor"].get("id", "")


def test_values_are_in_references_and_envelopes_and_nowhere_else(
    ledger: Ledger, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    sample = list(events(SEED, 1))
    values = {value for event in sample for value in personal(event) if len(value) >= SHORTEST}
    assert len(values) > 500
    facts = [fact_of(ledger.hashes, parse_event(orjson.dumps(event)), "key-sample") for event in sample]
    for start in range(0, len(facts), 1_000):
        ledger.append(facts[start : start + 1_000])
    install(database)
    with Follower(database) as follower:
        assert follower.wait(0, ledger.head(0), 120.0)
    with psycopg.connect(database) as connection:
        stored = dump(connection)
    haystack = stored | {"the log": caplog.text}
    for name, text in haystack.items():
        words = set(WORD.findall(text))
        found = [value for value in values if (value in words if WORD.fullmatch(value) else value in text)]
        assert not found, f"{len(found)} personal values in {name}"
    # The search can find: the very same values are in what the services sent.
    assert set(WORD.findall(orjson.dumps(sample).decode())) & values


def dump(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """Return every table's rows as text, entries as they were hashed."""
    tables = connection.execute(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('ledger', 'projections', 'access', 'public')"
    ).fetchall()
    found: dict[str, str] = {}
    for schema, table in tables:
        if (schema, table) == ("ledger", "entry"):
            rows = connection.execute("SELECT convert_from(bytes, 'UTF8') FROM ledger.entry").fetchall()
        else:
            rows = connection.execute(
                SQL("SELECT t::text FROM {}.{} AS t").format(Identifier(schema), Identifier(table))
            ).fetchall()
        found[f"{schema}.{table}"] = "\n".join(text for (text,) in rows)
    assert {"ledger.entry", "ledger.reference", *(f"projections.{each.tables[0]}" for each in PROJECTIONS)} <= set(
        found
    )
    return found
