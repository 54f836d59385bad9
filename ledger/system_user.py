"""The operating-system user that the embedded server runs as: PostgreSQL refuses to run as root.

An ordinary user is her own server's user. For root a system user is made, which owns the server's files and nothing
else. No mode of a directory that somebody else made is ever widened for it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from contextlib import suppress
from time import sleep
from typing import TYPE_CHECKING, NamedTuple, Self

from ledger.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME = "whosaw"
"""Of the system user, made on first need and kept."""
TRIES, PAUSE_SECONDS = 20, 0.25
"""How often it is tried, for as long as somebody else holds the password file."""
ENVIRONMENT: Mapping[str, str] = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
"""All that the server's programs see of ours."""


class NotStarted(LedgerError):
    """The embedded server can not run here; the message says what to change."""


class SystemUser(NamedTuple):
    """Whose processes and files the embedded server's are."""

    uid: int
    gid: int

    @classmethod
    def of(cls, directory: Path) -> Self:
        """Return who runs the server of this data directory, which may not exist yet.

        Raises:
            NotStarted: We are root and no system user can be made, or the directory is somebody else's.
        """
        if os.geteuid() != 0:
            if directory.exists() and directory.stat().st_uid != os.geteuid():
                raise NotStarted(f"{directory} belongs to another user: choose another data directory, or remove it")
            return cls(os.geteuid(), os.getegid())
        if directory.exists() and directory.stat().st_uid != 0:
            found = directory.stat()  # An ordinary user's ledger stays hers when root starts it.
            return cls(found.st_uid, found.st_gid)
        try:
            entry = pwd.getpwnam(NAME)
        except KeyError:
            entry = _add()
        return cls(entry.pw_uid, entry.pw_gid)

    def own(self, path: Path) -> None:
        """Give a path that we just made to this user."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def write(self, path: Path, text: str) -> None:
        """Write a file of this user's, 0600; on return it is on disk."""
        descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, 0o600)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        self.own(path)

    def make_private(self, directory: Path) -> None:
        """Make a directory of this user's, 0700, or check that it is one already.

        Raises:
            NotStarted: Somebody else made it, or it is a link.
        """
        try:
            directory.mkdir(mode=0o700)
        except FileExistsError:
            found = directory.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {self.uid, os.geteuid()}:
                raise NotStarted(f"{directory} belongs to another user: remove it, or choose another place") from None
            directory.chmod(0o700)
        self.own(directory)

    def may_enter(self, directory: Path) -> bool:
        """Tell whether this user can reach what lies in a directory."""
        return self._try('cd -- "$1"', directory)

    def may_run(self, program: Path) -> bool:
        """Tell whether this user can execute a file."""
        return self._try('test -r "$1" -a -x "$1"', program)

    def _try(self, script: str, path: Path) -> bool:
        return self.run("/bin/sh", "-c", script, "sh", str(path)) == 0

    def run(self, *command: str) -> int:
        """Run a program as this user, its output thrown away, and return its exit status."""
        root = os.geteuid() == 0
        return subprocess.run(
            command,
            check=False,
            cwd="/",
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self.uid if root else None,
            group=self.gid if root else None,
            extra_groups=[] if root else None,
        ).returncode


def _add() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path=f"{os.defpath}:/usr/sbin:/sbin")
    if useradd is None:
        raise NotStarted("PostgreSQL does not run as root and there is no useradd here: run as an ordinary user")
    command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    said = ""
    for _ in range(TRIES):
        made = subprocess.run([*command, "--shell", "/bin/false", NAME], check=False, capture_output=True, text=True)
        # Another process may be making it: then useradd finds the password file locked, or the name taken.
        with suppress(KeyError):
            return pwd.getpwnam(NAME)
        said = made.stderr.strip()
        sleep(PAUSE_SECONDS)
    raise NotStarted(f"no system user could be made for PostgreSQL: {said}")
