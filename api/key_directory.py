"""The ledger's keys, as the settings say where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger import Keys, WrongLedger

if TYPE_CHECKING:
    from api.settings import Settings
    from ledger.key_ring import KeyService


def opened(settings: Settings, *, create: bool = False, signing: bool = False) -> Keys:
    """Read the key directory.

    Args:
        settings: Of this process.
        create: Make what is missing: for a ledger that has recorded nothing yet.
        signing: Read the logs' own keys, also if another process signs.

    Raises:
        WrongLedger: A key is missing, malformed, or can be read by others; or the service refuses.
        Unavailable: The signing process or the key management service does not answer. Retry.
    """
    make = Keys.create if create else Keys.open
    socket = None if signing else settings.signing_socket
    return make(settings.keys, settings.name, settings.logs, settings.signed, socket, service_of(settings))


def service_of(settings: Settings) -> KeyService | None:
    """Return the key management service of the settings; None if the keys are plain files.

    Raises:
        WrongLedger: The settings do not say how to ask it, or what asks it is not installed.
    """
    if settings.vault_url is None:
        return None
    if settings.vault_token_file is None:
        raise WrongLedger("expected WHOSAW_VAULT_TOKEN_FILE with WHOSAW_VAULT_URL, found none")
    try:
        from api.vault import Vault  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise WrongLedger("expected the extra `vault` with WHOSAW_VAULT_URL: pip install 'whosaw[vault]'") from None
    return Vault(
        settings.vault_url,
        settings.vault_key,
        settings.vault_token_file,
        settings.vault_mount,
        settings.vault_roots,
    )
