"""Make the secrets that compose.yaml mounts, once: `python tools/passwords.py` fills ./secrets; what is there stays.

The folder is 0700. The files in it are 0644, because a container's user, who is not you, has to read what is mounted.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

LOGINS = ("owner", "api", "follow")


def main() -> None:
    """Write a password for each login and for the superuser, and the addresses that hold them."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "secrets")
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    write(folder / "superuser_password", secrets.token_urlsafe(32))
    for login in LOGINS:
        password = write(folder / f"{login}_password", secrets.token_urlsafe(32))
        write(folder / f"{login}_database_url", f"postgresql://whosaw_{login}:{password}@postgres/whosaw")


def write(file: Path, text: str) -> str:
    """Keep a secret that exists, write a new one otherwise; return it."""
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        return file.read_text(encoding="ascii")
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(text)
    return text


main()
