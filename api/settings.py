"""Settings: environment variables with one prefix, typed, each with a default that is safe."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "WHOSAW_"
SECRETS = Path("/run/secrets")
"""Where a container finds a setting as a file, such as whosaw_database_url."""


class Settings(BaseSettings):
    """What a whosaw process is told. Read once at start."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
        extra="ignore",
        frozen=True,
    )

    database_url: SecretStr | None = Field(None, description="PostgreSQL 15 or newer; none: the embedded server")
    data_dir: Path = Field(Path(".whosaw"), description="folder of the embedded server, the keys and the demo")
    keys_dir: Path | None = Field(None, description="the key directory; none: keys/ in the data folder")
    signed_dir: Path | None = Field(None, description="the newest signed heads; none: signed/ in the key directory")
    signing_socket: Path | None = Field(None, description="socket of `whosaw signer`; none: this process signs itself")
    vault_url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="Vault or OpenBao that seals key-encryption keys; none: plain files",
    )
    vault_key: str = Field("whosaw", pattern=r"^[A-Za-z0-9_.-]+$", description="its transit key")
    vault_mount: str = Field("transit", pattern=r"^[A-Za-z0-9_./-]+$", description="where its transit engine is")
    vault_token_file: Path | None = Field(None, description="file of its token, mode 0600, read for each request")
    vault_roots: Path | None = Field(None, description="PEM file of the roots of its certificate; none: the system's")
    name: str = Field("whosaw.example/ledger", pattern=r"^[^\s+]*[^\s+/]$", description="the ledger's name, for ever")
    logs: int = Field(1, ge=1, le=1024, description="number of logs, fixed when the ledger is made")
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on; 0: any free one")
    follow: bool = Field(False, description="keep the projections current in the same process")
    durable: bool = Field(True, description="refuse a server that acknowledges before it is on disk")
    max_body_bytes: int = Field(16 * 1024 * 1024, ge=1024, description="largest request body")
    max_batch_events: int = Field(10_000, ge=1, description="most events in one request")
    max_requests: int = Field(512, ge=1, description="requests that may wait for an answer at a time")
    snapshot_seconds: int = Field(3600, ge=0, description="between two heads snapshots of a log; 0: none are made here")
    tombstones_file: Path | None = Field(
        None, description="whom it has forgotten, outside the database and its backups; none: in the key directory"
    )
    forget_seconds: float = Field(60.0, ge=0, description="how often it is looked who is due; 0: nobody here")
    rules_seconds: float = Field(
        600.0, ge=0, description="how often all people's facts are judged together; 0: not here"
    )
    forget_grace_days: int = Field(30, ge=0, description="how long forgetting somebody can be taken back")
    forget_on_request: bool = Field(True, description="whether a granted request for erasure begins it by itself")
    backup_days: int = Field(35, ge=0, description="how long backups and archives of the database are kept")
    public_checkpoints: bool = Field(False, description="whether anybody may read checkpoints")
    publish_dir: Path | None = Field(None, description="folder that newest checkpoints are written to")
    publish_seconds: float = Field(60.0, ge=1, description="how often newest checkpoints leave the machine")
    witnesses: str = Field("", description="who cosigns checkpoints: VERIFIER-KEY URL, separated by commas")
    timestamp_url: str | None = Field(None, pattern=r"^https?://", description="time stamp authority (RFC 3161)")
    timestamp_roots: Path | None = Field(None, description="PEM file of the roots that its replies are checked against")
    docs: bool = Field(False, description="whether /docs shows the API in a browser")
    language: Literal["en", "fr"] = Field("en", description="language where the caller states none")
    controller_name: str = Field("The company", description="who answers for the data, as reports say it")
    controller_contact: str = Field("privacy@company.example", description="where a person turns to")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="least level logged")

    @property
    def keys(self) -> Path:
        """The key directory."""
        return self.keys_dir or self.data_dir / "keys"

    @property
    def signed(self) -> Path:
        """The folder of the newest signed heads."""
        return self.signed_dir or self.keys / "signed"

    @property
    def tombstones(self) -> Path:
        """The file of whom the ledger has forgotten."""
        return self.tombstones_file or self.keys / "tombstones"

    def effective(self) -> list[tuple[str, str, str, str]]:
        """Return (variable, value, where it comes from, what it is for) of each; secrets are not shown."""
        rows: list[tuple[str, str, str, str]] = []
        for name, field in type(self).model_fields.items():
            value: Any = getattr(self, name)
            shown = "set, not shown" if isinstance(value, SecretStr) else str(value)
            origin = "set" if name in self.model_fields_set else "default"
            rows.append((PREFIX + name.upper(), shown, origin, field.description or ""))
        return rows
