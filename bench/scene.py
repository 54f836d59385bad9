"""What every measurement stands on: a durable embedded server, fresh ledgers, and facts like a company's."""

from __future__ import annotations

import secrets
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import orjson
import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from ledger import Fact, Keys, Ledger, fact_of
from ledger.migrate import create_logs, migrate
from ledger.vocabulary import parse_event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ledger.fact import KeyedHashes

NAME = "bench.example/ledger"
SOURCE = "/services/billing"


def event(number: int, customer: int) -> dict[str, Any]:
    """Return a disclosure with everything that costs: a recipient's snapshot, codes, and a private part."""
    return {
        "specversion": "1.0",
        "id": f"evt-{number:012d}",
        "source": SOURCE,
        "type": "data.disclosed",
        "time": "2026-11-01T10:00:00-05:00",
        "recordedtime": "2026-11-01T10:00:01-05:00",
        "data": {
            "subjects": [{"reference": {"kind": "customer", "value": f"C-{customer}"}, "role": "dpv:Customer"}],
            "actor": {"kind": "service", "id": "billing", "role": "whosaw:Service"},
            "system": "billing",
            "policy_version": "2009-05-01",
            "recipient": {
                "id": f"recipient-{number % 15}",
                "name": "Collections North",
                "address": "100 Example Street, Montreal",
                "country": "loc:CA",
                "kind": "dpv:ForProfitOrganisation",
                "role": "dpv:DataProcessor",
            },
            "categories": ["pd:Name", "pd:TelephoneNumber"],
            "purpose": "dpv:CustomerClaimsManagement",
            "recipient_purpose": "dpv:CustomerClaimsManagement",
            "basis": "ca-qc-p39.1:18-9",
            "initiative": "controller",
            "mode": "transmitted",
            "private": {"note": "sent by secure transfer"},
        },
    }


def say(line: str) -> None:
    """Tell whoever waits what is going on."""
    sys.stderr.write(f"bench: {line}\n")
    sys.stderr.flush()


def facts(ledger: Ledger, first: int, customers: list[int]) -> list[Fact]:
    """Return facts of consecutive ids, one for each customer."""
    return [fact(ledger.hashes, first + index, customer) for index, customer in enumerate(customers)]


def fact(hashes: KeyedHashes, number: int, customer: int) -> Fact:
    """Return one validated fact."""
    return fact_of(hashes, parse_event(orjson.dumps(event(number, customer))), "key-bench")


@contextmanager
def database(server: str) -> Iterator[str]:
    """A fresh, empty database; dropped at the end."""
    name = f"bench_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    try:
        yield make_conninfo(server, dbname=name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))


@contextmanager
def ledger(server: str, folder: Path, logs: int = 1) -> Iterator[tuple[Ledger, str]]:
    """A fresh ledger, and the address of its database."""
    with database(server) as dsn:
        migrate(dsn)
        create_logs(dsn, NAME, logs)
        keys = Keys.create(folder / secrets.token_hex(6), NAME, logs)
        with Ledger(dsn, keys) as opened:
            yield opened, dsn
