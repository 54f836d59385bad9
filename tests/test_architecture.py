"""The shape of the code and of the schema: what a reader may rely on without looking."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from projections.install import install

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import LiteralString

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("api", "ledger", "projections")
REGISTERS = {"ledger.log"}
"""Tables that say which logs there are: the same few rows on every node."""

UNIQUE = """
    SELECT format('%I.%I', n.nspname, t.relname), x.indexrelid::regclass::text,
           (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum = x.indkey[0])
    FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname IN ('ledger', 'projections')
    WHERE x.indisunique
"""
WITHOUT_KEY = """
    SELECT t.oid::regclass::text FROM pg_class t
    JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname IN ('ledger', 'projections')
    WHERE t.relkind IN ('r', 'p') AND NOT EXISTS (SELECT FROM pg_index x WHERE x.indrelid = t.oid AND x.indisprimary)
"""
SEQUENCES = """
    SELECT t.oid::regclass::text FROM pg_class t
    JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname IN ('ledger', 'projections')
    WHERE t.relkind = 'S'
"""
TRIGGERS = """
    SELECT g.tgname FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname IN ('ledger', 'projections')
    WHERE NOT g.tgisinternal
"""
FUNCTIONS = """
    SELECT p.oid::regprocedure::text FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname IN ('ledger', 'projections')
    WHERE p.prosecdef AND p.proname NOT IN ('shred', 'unlink')
"""
"""But one, which checks for itself what it may delete: tests/ledger/test_forget.py."""


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[tuple[str, ...]]]:
    """The whole schema: migrated, with every projection's tables."""
    install(database)
    with psycopg.connect(database) as opened:
        yield opened


def without_log_first(connection: psycopg.Connection[tuple[str, ...]]) -> list[str]:
    """Return the unique indexes that could not be kept by one log's node alone."""
    rows = connection.execute(UNIQUE).fetchall()
    return [index for table, index, first in rows if table not in REGISTERS and first != "log_id"]


def test_every_unique_constraint_begins_with_the_log(connection: psycopg.Connection[tuple[str, ...]]) -> None:
    assert without_log_first(connection) == []
    assert len(connection.execute(UNIQUE).fetchall()) > 10
    connection.execute("CREATE UNIQUE INDEX sly ON ledger.entry (repeat_key)")
    assert without_log_first(connection) == ["ledger.sly"]


@pytest.mark.parametrize(
    "what", [WITHOUT_KEY, SEQUENCES, TRIGGERS, FUNCTIONS], ids=["keyless", "sequence", "trigger", "definer"]
)
def test_the_schema_has_no(connection: psycopg.Connection[tuple[str, ...]], what: LiteralString) -> None:
    assert connection.execute(what).fetchall() == []
    connection.execute("""
        CREATE TABLE ledger.sly (x serial);
        CREATE TRIGGER sly BEFORE UPDATE ON ledger.sly EXECUTE FUNCTION suppress_redundant_updates_trigger();
        CREATE FUNCTION ledger.sly() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
    """)
    assert len(connection.execute(what).fetchall()) == 1


def test_imports_go_down_only() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-cache",
        ],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_other_distribution_brings_a_package_of_our_names() -> None:
    owners = importlib.metadata.packages_distributions()
    assert {name: owners[name] for name in PACKAGES if set(owners.get(name, ())) - {"whosaw"}} == {}


def test_every_file_of_the_packages_ships() -> None:
    """What the code reads at run time is named in the package data."""
    suffixes = {path.suffix for name in PACKAGES for path in (ROOT / name).rglob("*") if path.is_file()}
    assert suffixes - {".pyc"} <= {".py", ".sql", ".toml", ".json", ".typ", ".txt", ".typed"}
