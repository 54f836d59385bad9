"""What the database itself refuses, tried as the role of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from ledger.ledger import in_role
from tests.ledger.facts import fact, used

if TYPE_CHECKING:
    from typing import LiteralString

    from ledger import Ledger

OF_RECORD = ("entry", "checkpoint", "tile")
FORBIDDEN: list[LiteralString] = [
    *(f"UPDATE ledger.{table} SET log_id = log_id" for table in OF_RECORD),
    *(f"DELETE FROM ledger.{table}" for table in OF_RECORD),
    *(f"TRUNCATE ledger.{table}" for table in OF_RECORD),
    *(f"DROP TABLE ledger.{table}" for table in OF_RECORD),
    *(f"ALTER TABLE ledger.{table} ADD COLUMN more text" for table in OF_RECORD),
    *(
        f"CREATE TRIGGER sly BEFORE INSERT ON ledger.{table} EXECUTE FUNCTION suppress_redundant_updates_trigger()"
        for table in OF_RECORD
    ),
    *(f"CREATE INDEX sly ON ledger.{table} (log_id)" for table in OF_RECORD),
    *(f"CREATE RULE sly AS ON INSERT TO ledger.{table} DO INSTEAD NOTHING" for table in OF_RECORD),
    "UPDATE ledger.entry SET bytes = 'x'",
    "UPDATE ledger.checkpoint SET note = 'x'",
    "SELECT 1 FROM ledger.entry FOR UPDATE",
    "INSERT INTO ledger.entry SELECT * FROM ledger.entry ON CONFLICT (log_id, position) DO UPDATE SET bytes = 'x'",
    "UPDATE ledger.log SET origin = 'elsewhere'",
    "UPDATE ledger.log SET log_id = 9",
    "INSERT INTO ledger.log (log_id, origin) VALUES (9, 'x')",
    "DELETE FROM ledger.log",
    "TRUNCATE ledger.log",
    "UPDATE ledger.subject SET wrapped_key = 'x'",
    "UPDATE ledger.reference SET subject = subject",
    "UPDATE ledger.member SET role = 'x'",
    "DELETE FROM ledger.subject",
    "DELETE FROM ledger.reference",
    "DELETE FROM ledger.member",
    "UPDATE ledger.heads SET position = position + 1",
    "UPDATE ledger.heads_page SET content = content",
    "TRUNCATE ledger.heads_page",
    "CREATE TABLE ledger.sly (x int)",
    "CREATE SCHEMA sly",
    "DROP SCHEMA ledger CASCADE",
    "SET session_replication_role = replica",
    "COPY ledger.entry TO PROGRAM 'cat'",
    "SELECT pg_read_file('PG_VERSION')",
    "UPDATE public.whosaw_migration SET digest = 'x'",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_api_s_role_can_not_change_what_is_of_record(
    ledger: Ledger, database: str, statement: LiteralString
) -> None:
    ledger.append([fact(ledger, used("e1", "C-1"))])
    with psycopg.connect(in_role(database, "whosaw_api")) as connection, pytest.raises(InsufficientPrivilege):
        connection.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM ledger.subject",
        "SELECT * FROM ledger.reference",
        "INSERT INTO ledger.entry SELECT * FROM ledger.entry",
        "UPDATE ledger.log SET size = size",
        "SELECT * FROM ledger.checkpoint",
        "SELECT * FROM ledger.heads_page",
        "DELETE FROM ledger.member",
    ],
)
def test_the_follower_s_role_reads_entries_and_members_and_nothing_more(
    ledger: Ledger, database: str, statement: LiteralString
) -> None:
    ledger.append([fact(ledger, used("e1", "C-1"))])
    with psycopg.connect(in_role(database, "whosaw_follow")) as connection:
        assert connection.execute("SELECT count(*) FROM ledger.entry").fetchone() == (1,)
        with pytest.raises(InsufficientPrivilege):
            connection.execute(statement)


def test_everybody_else_may_do_nothing_at_all(database: str) -> None:
    with psycopg.connect(database) as connection:
        granted = connection.execute(
            "SELECT count(*) FROM information_schema.role_table_grants "
            "WHERE table_schema = 'ledger' AND grantee = 'PUBLIC'"
        ).fetchone()
    assert granted == (0,)
