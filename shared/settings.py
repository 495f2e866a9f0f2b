"""The environment, read once into one frozen value. No other file in the app looks at ``os.environ``."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urlsplit

from shared.dataverse.budget import DOCUMENTED, Allowance
from shared.errors import Stop

SECRET_PREFIX = "BRIDGEWORK_SECRET_"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Settings:
    """What an admin decided at deployment. Names of the environment variables are in docs/settings.md."""

    storage_connection: str = field(default="", repr=False)
    storage_account: str = ""
    client_id: str = ""
    more_clients: tuple[str, ...] = ()
    identity_client_id: str = ""
    tenant_id: str = ""
    dataverse_auth: str = "managed-identity"
    client_secret: str = field(default="", repr=False)
    assertion_file: str = ""
    publisher_prefix: str = "bw"
    option_prefix: int = 72700
    source_hosts: tuple[str, ...] = ("*",)
    target_hosts: tuple[str, ...] = ("*.dynamics.com",)
    sharepoint_hosts: tuple[str, ...] = ("*.sharepoint.com",)
    graph_url: str = "https://graph.microsoft.com"
    allow_loopback: bool = False
    allowance: Allowance = DOCUMENTED
    lanes: int = 4
    shard_records: int = 2500
    batch_rows: int = 1000
    set_aside_share: float = 0.05
    key_url: str = ""
    local_key: str = field(default="", repr=False)
    retention_days: float = 30
    users_sign_in: bool = False
    notice_secret: str = field(default="", repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    def secret(self, name: str) -> str | None:
        """The value of the configured secret of that name (case and ``-``/``_`` do not matter), or None."""
        return self.secrets.get(normal_name(name))

    def allows_source(self, url: str) -> bool:
        """Whether a source at that address may be sent a configured secret."""
        return self._allows(url, self.source_hosts)

    def allows_target(self, url: str) -> bool:
        """Whether a target at that address may be asked for and sent an access token."""
        return self._allows(url, self.target_hosts)

    def allows_sharepoint(self, url: str) -> bool:
        """Whether files may be sent to a site at that address."""
        return self._allows(url, self.sharepoint_hosts)

    def _allows(self, url: str, patterns: tuple[str, ...]) -> bool:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        if host in LOOPBACK:
            return self.allow_loopback
        return parts.scheme == "https" and any(fnmatch.fnmatchcase(host, pattern) for pattern in patterns)


def normal_name(name: str) -> str:
    """A secret's name as the environment spells it: ``core-practice`` and ``CORE_PRACTICE`` are the same."""
    return re.sub(r"[^A-Z0-9]+", "_", name.upper())


def read(environment: Mapping[str, str]) -> Settings:
    """Settings from an environment. Raises Stop naming the variable that cannot be understood."""

    def text(name: str, default: str = "") -> str:
        return _resolved(environment.get(f"BRIDGEWORK_{name}", "")).strip() or default

    def number(name: str, default: float) -> float:
        try:
            return float(text(name, str(default)))
        except ValueError:
            raise Stop("setting-invalid", f"BRIDGEWORK_{name} must be a number.") from None

    def names(name: str, default: str) -> tuple[str, ...]:
        return tuple(part.strip().lower() for part in text(name, default).split(",") if part.strip())

    prefix = text("PUBLISHER_PREFIX", "bw")
    if not re.fullmatch(r"[a-z][a-z0-9]{1,7}", prefix) or prefix.startswith("mscrm"):
        raise Stop("setting-invalid", "BRIDGEWORK_PUBLISHER_PREFIX must be 2 to 8 lower-case letters and digits.")
    return Settings(
        storage_connection=text("STORAGE_CONNECTION"),
        storage_account=text("STORAGE_ACCOUNT"),
        client_id=text("CLIENT_ID"),
        more_clients=names("MORE_CLIENTS", ""),
        identity_client_id=text("IDENTITY_CLIENT_ID", text("CLIENT_ID")),
        tenant_id=text("TENANT_ID"),
        dataverse_auth=text("DATAVERSE_AUTH", "managed-identity"),
        client_secret=text("CLIENT_SECRET"),
        assertion_file=text("ASSERTION_FILE"),
        publisher_prefix=prefix,
        option_prefix=int(number("OPTION_PREFIX", 72700)),
        source_hosts=names("SOURCE_HOSTS", "*"),
        target_hosts=names("TARGET_HOSTS", "*.dynamics.com"),
        sharepoint_hosts=names("SHAREPOINT_HOSTS", "*.sharepoint.com"),
        graph_url=text("GRAPH_URL", "https://graph.microsoft.com").rstrip("/"),
        allow_loopback=text("ALLOW_LOOPBACK") == "true",
        allowance=_allowance(text("DATAVERSE_LIMITS")),
        lanes=int(number("LANES", 4)),
        shard_records=int(number("SHARD_RECORDS", 2500)),
        batch_rows=int(number("BATCH_ROWS", 1000)),
        set_aside_share=number("SET_ASIDE_SHARE", 0.05),
        key_url=text("KEY_URL"),
        local_key=text("LOCAL_KEY"),
        retention_days=number("RETENTION_DAYS", 30),
        users_sign_in=environment.get("WEBSITE_AUTH_ENABLED", "").lower() == "true",  # App Service's own name for it
        notice_secret=text("NOTICE_SECRET"),
        secrets={
            normal_name(name.removeprefix(SECRET_PREFIX)): value
            for name, value in environment.items()
            if name.startswith(SECRET_PREFIX) and _resolved(value)
        },
    )


def _allowance(said: str) -> Allowance:
    """``6000 requests, 1200 s in 300 s, 52 together`` as four numbers; the documented ones where nothing is said."""
    if not said:
        return DOCUMENTED
    try:
        requests, seconds, window, together = (float(part) for part in said.split(","))
    except ValueError:
        requests = seconds = window = together = 0.0
    if min(requests, seconds, window, together) <= 0:
        problem = "BRIDGEWORK_DATAVERSE_LIMITS must be four numbers: requests, seconds, window, together."
        raise Stop("setting-invalid", problem)
    return Allowance(int(requests), seconds, window, int(together))


def _resolved(value: str) -> str:
    """Nothing for a Key Vault reference that was not resolved: the platform then hands over the reference itself."""
    return "" if value.startswith("@Microsoft.KeyVault(") else value


@cache
def settings() -> Settings:
    """This process's settings."""
    return read(os.environ)
