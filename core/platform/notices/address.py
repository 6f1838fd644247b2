"""Where a webhook may go: what an address may look like, and which machines behind it may be spoken to."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from ipaddress import IPv4Network as Net4
from typing import Literal
from urllib.parse import urlsplit

from core.errors import Invalid
from core.i18n import N_

Address = IPv4Address | IPv6Address
Network = Net4 | IPv6Network

MOST_CHARACTERS = 500
_METADATA = frozenset(
    ip_address(a)
    for a in ("169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")
)
"""Where clouds answer their machines with credentials; refused even inside an allowed network."""
_NAT64 = ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart; `host` is a name or a literal address without brackets."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The Host header: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"http": 80, "https": 443}[self.scheme] else f"{host}:{self.port}"


def target(url: str) -> Target:
    """Take an address apart; raise `Invalid` for anything but plain http(s) without credentials."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _wrong() from None
    strange = not url.isascii() or any(c <= " " or c in "\\\x7f" for c in url)
    if strange or len(url) > MOST_CHARACTERS or not parts.hostname or parts.fragment:
        raise _wrong()
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc:
        raise _wrong()
    scheme: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme, parts.hostname, port or (443 if scheme == "https" else 80), path)


def networks(text: str) -> tuple[Network, ...]:
    """Read the setting: networks in CIDR, separated by spaces; raise `Invalid`."""
    try:
        return tuple(ip_network(one, strict=False) for one in text.split())
    except ValueError as error:
        raise Invalid(
            "webhook.networks",
            N_("AVAL_WEBHOOK_NETWORKS holds something that is no network: {problem}"),
            fix=N_("Write networks such as 10.0.0.0/8, separated by spaces."),
            problem=str(error),
        ) from None


def objection(scheme: str, found: Iterable[Address], allowed: Iterable[Network]) -> str:
    """Return why these machines may not be spoken to, as a code; empty where they may.

    Public machines over https only; private and loopback ones only inside an allowed network; link-local, multicast and
    the metadata services of clouds never. One bad address among several refuses all: a name must not choose.
    """
    nets = tuple(allowed)
    addresses = [_unwrapped(a) for a in found]
    if not addresses:
        return "unknown_host"
    for address in addresses:
        if address in _METADATA or address.is_link_local or address.is_multicast or address.is_unspecified:
            return "forbidden_address"
        inside = any(address.version == net.version and address in net for net in nets)
        if inside:
            continue
        if not address.is_global:
            return "private_address"
        if scheme != "https":
            return "needs_https"
    return ""


def literal(host: str) -> Address | None:
    """Return the address that `host` spells out, or none for a name."""
    try:
        return ip_address(host.split("%", 1)[0])
    except ValueError:
        return None


def _unwrapped(address: Address) -> Address:
    """An IPv4 address that hides in an IPv6 one is judged as what it is."""
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if inner is None and address in _NAT64:
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address


def _wrong() -> Invalid:
    return Invalid(
        "webhook.url",
        N_("This is no address that a webhook can be sent to."),
        fix=N_("Write https://host/path, without a user name, a password or spaces."),
        field="url",
    )
