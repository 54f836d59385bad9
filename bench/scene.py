"""What every measurement stands on: a durable embedded server, fresh ledgers, and facts like a company's."""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import orjson
import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from bench.event import event
from ledger import Fact, Keys, Ledger, fact_of
from ledger.fact import DIGEST_BYTES
from ledger.migrate import create_logs, migrate
from ledger.vocabulary import parse_event

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from ledger.fact import KeyedHashes

NAME = "bench.example/ledger"


def say(line: str) -> None:
    """Tell whoever waits what is going on."""
    sys.stderr.write(f"bench: {line}\n")
    sys.stderr.flush()


def fact(hashes: KeyedHashes, number: int, customer: int) -> Fact:
    """Return one validated fact."""
    return fact_of(hashes, parse_event(orjson.dumps(event(number, customer))), "key-bench")


def copies(hashes: KeyedHashes, like: Fact, customers: Sequence[int]) -> list[Fact]:
    """Return facts like one, of other ids and customers, without validating each anew: only to grow a ledger fast.

    They are appended like all others, so that the entries are real ones; only the id inside them is the same.
    """
    (who,) = like.about
    return [
        like._replace(
            repeat_key=os.urandom(DIGEST_BYTES),
            about=(
                who._replace(
                    digest=hashes.reference("customer", f"C-{customer}"), name=f"customer\0C-{customer}".encode()
                ),
            ),
        )
        for customer in customers
    ]


@contextmanager
def database(server: str) -> Generator[str]:
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
def ledger(server: str, folder: Path, logs: int = 1) -> Generator[tuple[Ledger, str]]:
    """A fresh ledger, and the address of its database."""
    with database(server) as dsn:
        migrate(dsn)
        create_logs(dsn, NAME, logs)
        keys = Keys.create(folder / secrets.token_hex(6), NAME, logs)
        with Ledger(dsn, keys) as opened:
            yield opened, dsn
