"""Every setting of Aval, read once from the environment; the README lists them and a test holds the list."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Self

from core.errors import Invalid
from core.i18n import N_

MIB = 2**20
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
"""What this machine calls itself."""
CLIENT = frozenset({"AVAL_URL", "AVAL_TOKEN"})
"""Read by `aval push` and `aval release`, which talk to a server; a server started beside them leaves them alone."""


def _setting(default: str, purpose: str) -> str:
    return field(default=default, metadata={"purpose": purpose})


@dataclass(frozen=True)
class Settings:
    """The raw values as text; the properties below give them their type."""

    folder: str = _setting("var/aval", N_("Where the store, files and keys lie"))
    database_url: str = _setting("", N_("PostgreSQL for a team; SQLite in the folder when empty"))
    storage_url: str = _setting("", N_("Where artifacts and tables lie; the folder when empty"))
    host: str = _setting("127.0.0.1", N_("Address to listen on"))
    port: str = _setting("8501", N_("Port to listen on"))
    public_url: str = _setting("", N_("Address people type, when a proxy stands in front"))
    allow_plain_http: str = _setting("no", N_("Serve other addresses than loopback without TLS: yes or no"))
    upload_mib: str = _setting("1024", N_("Largest file taken, in MiB"))
    runner_mib: str = _setting("4096", N_("Memory of one isolated call, in MiB"))
    runner_seconds: str = _setting("120", N_("Time of one isolated call, in seconds"))
    signing_key: str = _setting(
        "", N_("File of the Ed25519 key that signs checkpoints; made in the folder when empty")
    )
    checkpoint_to: str = _setting(
        "",
        N_(
            "Where checkpoints go besides the store: folders, git:FOLDER or object storage URLs, separated by spaces"
        ),
    )
    log_origin: str = _setting("aval.local/log", N_("Name under which this installation signs its log"))
    webhook_networks: str = _setting(
        "", N_("Private networks that webhooks may reach, as CIDR, separated by spaces; none when empty")
    )
    mail_server: str = _setting(
        "", N_("Mail server for notifications: smtps://user@host or smtp://user@host:587; none when empty")
    )
    mail_password_file: str = _setting("", N_("File that holds the password of the mail server"))
    mail_from: str = _setting("aval@localhost", N_("Address that e-mails are written from"))
    mail_details: str = _setting("no", N_("Name models and people in e-mails: yes or no"))
    time_zone: str = _setting("UTC", N_("Time zone in which moments are shown"))
    workers: str = _setting("1", N_("Worker processes that the server supervises; 0 for none"))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read `AVAL_<NAME>` for each setting; raise `Invalid` on a name that is none of them."""
        names = {f"AVAL_{f.name.upper()}": f.name for f in fields(cls)}
        unknown = sorted(
            k
            for k in environment
            if k.startswith("AVAL_") and k not in names and k not in CLIENT and not k.startswith("AVAL_TEST_")
        )
        if unknown:
            raise Invalid(
                "settings.unknown",
                N_("There is no setting {name}."),
                fix=N_("The settings are: {known}."),
                name=unknown[0],
                known=", ".join(sorted(names)),
            )
        return cls(**{name: environment[key] for key, name in names.items() if environment.get(key)})

    def with_(self, **changes: str) -> Self:
        """Return a copy with some values changed."""
        return replace(self, **changes)

    @property
    def folder_path(self) -> Path:
        return Path(self.folder).expanduser().resolve()

    @property
    def database(self) -> str:
        if not self.database_url:
            return f"sqlite:///{self.folder_path / 'aval.db'}"
        return self.database_url.replace("postgresql://", "postgresql+psycopg://", 1)

    @property
    def storage(self) -> str:
        return self.storage_url or str(self.folder_path / "files")

    @property
    def upload_limit(self) -> int:
        return int(self.upload_mib) * MIB
