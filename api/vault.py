"""The key-encryption keys, sealed by HashiCorp Vault or OpenBao: the transit engine encrypts what our files hold.

The service keeps a key that never leaves it. Without its leave the files open nothing; with it, a process asks once at
its start, and once more for each version that comes while it runs.

Source: the HTTP API of the transit secrets engine, encrypt and decrypt with `associated_data`.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any, cast

import hvac
from hvac.exceptions import BadGateway, InternalServerError, RateLimitExceeded, VaultDown, VaultError
from requests.exceptions import RequestException

from ledger import Unavailable, WrongLedger
from ledger.key_file import read_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TIMEOUT_SECONDS = 5
PASSING = (BadGateway, InternalServerError, RateLimitExceeded, VaultDown)
"""Sealed, starting, not the active one, or busy."""


class Vault:
    """One key of a transit engine. Threads may share it."""

    def __init__(self, url: str, key: str, token_file: Path, mount: str = "transit", roots: Path | None = None) -> None:
        """Ask nothing yet.

        Args:
            url: Where it answers, such as https://vault.example:8200.
            key: The name of a key of type aes256-gcm96 or chacha20-poly1305.
            token_file: Holds a token, mode 0600; read for each request, so that whatever renews it may write it anew.
            mount: Where the engine is mounted.
            roots: PEM file of the roots that its certificate is checked against; the system's if None.
        """
        self._url = url
        self._key = key
        self._token_file = token_file
        self._mount = mount
        self._roots = roots

    def seal(self, secret: bytes, context: bytes) -> str:
        """Return the service's ciphertext, such as `vault:v1:…`; see `ledger.key_ring.KeyService`."""
        return self._asked(
            lambda transit: transit.encrypt_data(
                name=self._key,
                plaintext=b64encode(secret).decode(),
                associated_data=b64encode(context).decode(),
                mount_point=self._mount,
            )["data"]["ciphertext"]
        )

    def open(self, sealed: str, context: bytes) -> bytes:
        """Return what was sealed; see `ledger.key_ring.KeyService`."""
        plaintext = self._asked(
            lambda transit: transit.decrypt_data(
                name=self._key,
                ciphertext=sealed,
                associated_data=b64encode(context).decode(),
                mount_point=self._mount,
            )["data"]["plaintext"]
        )
        return b64decode(plaintext)

    def _asked(self, ask: Callable[[Any], str]) -> str:
        """Ask the service; what it answers may quote what it was asked, so of an error its kind alone is told."""
        client = hvac.Client(
            url=self._url,
            token=read_text(self._token_file),
            timeout=TIMEOUT_SECONDS,
            verify=str(self._roots) if self._roots else True,
            # A standby answers with another's address: a token goes to the address that was given, and nowhere else.
            allow_redirects=False,
        )
        try:
            answer = ask(cast("Any", client).secrets.transit)
        except (RequestException, *PASSING) as error:
            raise Unavailable(f"the key management service does not answer ({type(error).__name__})") from None
        except VaultError as error:
            raise WrongLedger(f"the key management service refuses ({type(error).__name__})") from None
        except (KeyError, TypeError, ValueError) as error:
            raise WrongLedger(f"the key management service answers something else ({type(error).__name__})") from None
        finally:
            client.adapter.close()
        return answer
