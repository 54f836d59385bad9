"""Make .venv as the requirement files say, once: `python tools/environment.py run|dev`.

`run` is what the product needs, `dev` is that and the tools of the gate. Runs on any Python from 3.11 on with nothing
installed. A stamp in .venv names what it was made of; while that holds, a second run only reads it.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
WHOLE = ENVIRONMENT / "made"
"""Written once pip is in: without it the environment is made anew."""
REQUIREMENTS = {"run": ROOT / "requirements.txt", "dev": ROOT / "requirements-dev.txt"}
PROJECTS = (ROOT / "pyproject.toml", ROOT / "client" / "pyproject.toml")
INCLUDES = {"run": ("run",), "dev": ("dev", "run")}
"""What an environment of each kind is good for."""
WHAT = {"run": "what the product needs", "dev": "what the product and its tests need"}
OLDEST = (3, 11)
NO_VENV = "this Python can not make environments: install its venv and ensurepip modules (python3-venv)"


def wanted(kind: str) -> str:
    """Return what an up-to-date stamp says."""
    made_of = (REQUIREMENTS[kind].read_bytes(), *(path.read_bytes() for path in PROJECTS), str(ROOT).encode())
    return "".join(hashlib.sha256(part).hexdigest()[:16] for part in made_of)


def stamp(kind: str) -> Path:
    """Return the file that says what the environment was made of."""
    return ENVIRONMENT / f"made-for-{kind}"


def is_made(kind: str) -> bool:
    """Tell whether the environment stands and is of today's requirements."""
    return PYTHON.exists() and stamp(kind).exists() and stamp(kind).read_text(encoding="ascii") == wanted(kind)


def make(kind: str) -> None:
    """Create or complete the environment. Interrupted, it has no stamp and is completed by the next run."""
    if not (PYTHON.exists() and WHOLE.exists()):
        say("making .venv")
        try:
            import venv  # noqa: PLC0415 - not every Python has it

            venv.create(ENVIRONMENT, clear=True, symlinks=True, with_pip=True)
        except (ImportError, subprocess.CalledProcessError) as error:
            sys.exit(f"whosaw: {NO_VENV} [{error}]")
        WHOLE.touch()
    for old in REQUIREMENTS:
        stamp(old).unlink(missing_ok=True)
    say(f"installing {WHAT[kind]}: once, about a minute")
    pip("--require-hashes", "--requirement", str(REQUIREMENTS[kind]))
    pip("--no-deps", "--no-build-isolation", "--editable", str(ROOT), "--editable", str(ROOT / "client"))
    for each in INCLUDES[kind]:
        stamp(each).write_text(wanted(each), encoding="ascii")


def pip(*what: str) -> None:
    """Install, quietly; on failure end with pip's own words."""
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
    if done.returncode != 0:
        last = [line for line in done.stdout.splitlines() if line.strip()][-8:]
        sys.exit(
            "\n".join([*last, "whosaw: the packages could not be installed: mend what is said above, run it again"])
        )


def say(what: str) -> None:
    """Tell the person waiting, beside standard output, which scripts read."""
    sys.stderr.write(f"whosaw: {what}\n")
    sys.stderr.flush()


def main() -> None:
    """Check first without a lock; make under one, for `make demo` and `make test` may start together."""
    kind = sys.argv[1]
    if is_made(kind):
        return
    if sys.version_info < OLDEST:
        sys.exit(f"whosaw: Python {OLDEST[0]}.{OLDEST[1]} or newer is needed, this is {sys.version.split()[0]}")
    try:
        ENVIRONMENT.mkdir(exist_ok=True)
        with (ROOT / ".venv.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not is_made(kind):
                make(kind)
    except OSError as error:
        sys.exit(
            f"whosaw: {error.filename or ROOT} can not be used: {error.strerror}; copy the project to a folder of yours"
        )


main()
