"""Under which names Aval may be reached, and what each name allows: pure rules of the edge."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from core.errors import Invalid
from core.i18n import N_
from core.settings import LOOPBACK_NAMES, Settings

COOKIE = "aval"
SECURE_COOKIE = "__Host-aval"


@dataclass(frozen=True, slots=True)
class Addresses:
    """The loopback names, the public address where there is one, and bare IP numbers over plain HTTP if wanted."""

    public: str = ""
    plain: bool = False

    @classmethod
    def of(cls, settings: Settings) -> "Addresses":
        """Read the settings; raise `Invalid` where they would carry passwords over plain HTTP unasked."""
        plain = settings.allow_plain_http.strip().lower() == "yes"
        public = settings.public_url.strip().rstrip("/")
        parts = urlsplit(public)
        if public and (
            parts.scheme not in {"http", "https"} or not parts.netloc or parts.path or parts.username
        ):
            raise Invalid(
                "settings.public_url",
                N_("AVAL_PUBLIC_URL is no address: {url}."),
                fix=N_("Write it as https://aval.example.org."),
                url=public,
            )
        outside = not is_loopback(settings.host) and parts.scheme != "https"
        if (outside or (parts.scheme == "http" and not is_loopback(parts.hostname or ""))) and not plain:
            raise Invalid(
                "settings.plain_http",
                N_("Passwords would cross the network unencrypted."),
                fix=N_(
                    "Put a proxy with TLS in front and set AVAL_PUBLIC_URL=https://…, or set "
                    "AVAL_ALLOW_PLAIN_HTTP=yes on a network that you trust."
                ),
            )
        return cls(public, plain)

    def host_allowed(self, host: str) -> bool:
        """Say whether the Host header names us; an unknown name is how DNS rebinding begins."""
        name = _hostname(host)
        if not name:
            return False
        if name in LOOPBACK_NAMES or (self.public and host.lower() == urlsplit(self.public).netloc.lower()):
            return True
        return self.plain and not self.public and _is_ip(name)

    def secure(self, host: str) -> bool:
        """Say whether this name is reached through TLS, so that the cookie must be."""
        parts = urlsplit(self.public)
        return parts.scheme == "https" and host.lower() == parts.netloc.lower()

    def cookie(self, host: str) -> str:
        """Return the name of the session cookie under this host."""
        return SECURE_COOKIE if self.secure(host) else COOKIE

    def origin_allowed(self, origin: str | None, host: str) -> bool:
        """Say whether a request from `origin` comes from our own pages; a missing origin does not."""
        if not origin or not self.host_allowed(host):
            return False
        scheme = "https" if self.secure(host) else "http"
        return origin.lower() == f"{scheme}://{host.lower()}"


def is_loopback(host: str) -> bool:
    """Say whether `host` never leaves this machine."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _hostname(host: str) -> str:
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return ""
    if parts.username or parts.password or parts.path or parts.query or parts.fragment:
        return ""
    return (parts.hostname or "").lower()


def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
