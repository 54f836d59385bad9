"""One kept-alive connection to a whosaw server. Waits out a full or restarting server, for a bounded time.

Made of the standard library's client alone, so that a command starts at once.
"""

from __future__ import annotations

import http.client
import json
import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast
from urllib.parse import urlsplit

from api.cli.failure import Exit, Failure

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_URL = "http://127.0.0.1:8000"
TIMEOUT_SECONDS = 30.0
PATIENT, IMPATIENT = 6, 2
"""Attempts: what must arrive is tried for some nine seconds; somebody waits for an answer."""
BUSY = frozenset({429, 502, 503, 504})


class Answer(NamedTuple):
    """What a server answered: a status below 400."""

    status: int
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes

    def json(self) -> Any:
        """Return the document."""
        return json.loads(self.body)


class Refused(Failure):
    """The server understood and said no. Repeating the call does not help."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.problem = problem
        super().__init__(Exit.REFUSED, explained(status, problem), expected="", remedy=first_error(problem))


class Connection:
    """Calls one server with one key. Belongs to one thread."""

    def __init__(self, url: str, key: str, attempts: int = PATIENT) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise Failure(Exit.ARGUMENT, "WHOSAW_URL is not a web address", expected="one such as " + DEFAULT_URL)
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._where = f"{parts.scheme}://{parts.hostname}:{port}"
        self._attempts = attempts
        self._prefix = parts.path.rstrip("/")
        self._http = kind(parts.hostname, port, timeout=TIMEOUT_SECONDS)
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.announced: int | None = None
        """How many rows the last answer of lines said before them that it has."""

    @classmethod
    def from_environment(cls, attempts: int = PATIENT) -> Self:
        """Open a connection to `WHOSAW_URL` with `WHOSAW_KEY`: a key on the command line would show in `ps`.

        Raises:
            Failure: No key is set.
        """
        key = os.environ.get("WHOSAW_KEY", "").strip()
        if not key:
            raise Failure(
                Exit.ARGUMENT,
                "WHOSAW_KEY is not set",
                expected="an API key",
                remedy="issue one with 'whosaw keys issue' and export WHOSAW_KEY",
            )
        return cls(os.environ.get("WHOSAW_URL", DEFAULT_URL), key, attempts)

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send one request and return the answer, trying again while the server is away or busy.

        Every call of this product is safe to repeat: events carry ids, queries change nothing but the log of queries.

        Raises:
            Refused: The server answered 4xx.
            Failure: It did not answer, or kept failing, for all attempts.
        """
        last = "no answer"
        for attempt in range(self._attempts):
            if attempt:
                time.sleep(min(0.2 * 2**attempt, 3.0))
            try:
                self._http.request(method, self._prefix + path, body, {**self._headers, **(headers or {})})
                response = self._http.getresponse()
                content = response.read()
            except (OSError, http.client.HTTPException) as error:
                self._http.close()
                last = getattr(error, "strerror", None) or type(error).__name__
                continue
            answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, content)
            if answer.status < http.HTTPStatus.BAD_REQUEST:
                return answer
            if answer.status not in BUSY and answer.status < http.HTTPStatus.INTERNAL_SERVER_ERROR:
                raise Refused(answer.status, problem_of(answer))
            last = explained(answer.status, problem_of(answer))
        raise Failure(
            Exit.UNREACHABLE,
            f"{self._where}: {last}, {self._attempts} times",
            remedy="start it with 'whosaw serve', or set WHOSAW_URL",
        )

    def lines(self, path: str, headers: dict[str, str]) -> Iterator[bytes]:
        """Yield the lines of an answer as they arrive; fewer if it breaks off, which the last line tells.

        Raises:
            Refused: The server answered 4xx.
            Failure: It did not answer.
        """
        try:
            self._http.request("GET", self._prefix + path, None, {**self._headers, **headers})
            response = self._http.getresponse()
            if response.status >= http.HTTPStatus.BAD_REQUEST:
                answer = Answer(response.status, {}, response.read())
                raise Refused(answer.status, problem_of(answer))
            said = response.getheader("Ledger-Rows", "")
            self.announced = int(said) if said.isdecimal() else None
            while line := response.readline():
                yield line
        except (OSError, http.client.HTTPException) as error:
            last = getattr(error, "strerror", None) or type(error).__name__
            raise Failure(Exit.UNREACHABLE, f"{self._where}: {last}", remedy="ask again") from error

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


def problem_of(answer: Answer) -> dict[str, Any]:
    """Return the problem document of an answer, or an empty one."""
    try:
        document = answer.json()
    except ValueError:
        return {}
    return cast("dict[str, Any]", document) if isinstance(document, dict) else {}


def explained(status: int, problem: dict[str, Any]) -> str:
    """Say a problem document in one line; its own words hold no personal value."""
    words = [str(problem[name]) for name in ("title", "detail") if problem.get(name)]
    return ": ".join([f"the server answered {status}", *words])


def first_error(problem: dict[str, Any]) -> str:
    """Say the first of a problem's errors, if it lists any."""
    errors: list[dict[str, Any]] = problem.get("errors", [])
    return f"{errors[0].get('pointer', '')}: {errors[0].get('detail', '')}" if errors else ""
