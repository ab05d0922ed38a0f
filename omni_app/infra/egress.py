"""Which addresses of other people Omni may connect to, and the connecting itself.

A customer's file, a webhook address or a mail server named in a form must never lead into the network Omni runs in. A name is
resolved once, every address it has is checked, and the connection goes to a checked address, so a name that changes its mind
between check and call (DNS rebinding) gains nothing. `OMNI_EGRESS_ALLOW` names the `host:port` pairs that are exempt.
https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpcore2
import idna

from omni_app.infra.errors import Unavailable
from omni_app.settings import load_settings

WEB_PORTS = frozenset((443, 8443))
MAIL_PORTS = frozenset((25, 143, 465, 587, 993, 2525))
CONNECT_SECONDS = 5.0

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port) -> its addresses as text; raises OSError when the name is not known."""

_NETWORKS = tuple(
    ipaddress.ip_network(one)
    for one in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
        *("192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        *("224.0.0.0/4", "240.0.0.0/4"),
        # A public address that only machines of one cloud see: it hands out their secrets.
        "168.63.129.16/32",
        # Inside 2000::/3, which is all of IPv6 that is asked for below: Teredo, ORCHID, documentation, 6to4.
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
)
_GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
_PRIVATE_ENDINGS = (".localhost", ".local", ".localdomain", ".internal", ".intranet", ".lan", ".home.arpa", ".onion")
_METADATA = frozenset(("metadata.goog", "metadata.google.internal", "instance-data.ec2.internal"))
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


class NotReached(Unavailable):
    """Nothing was sent: the name is not known, the address is not allowed, or nobody answers there."""

    def __init__(self, what: str, why: str = "") -> None:
        super().__init__(what)
        if why:
            self.args = (f"{what} cannot be reached: {why}.",)


class NotAllowed(NotReached):
    """The address may not be called from here; no later try will change that."""


async def resolve_name(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as the machine's resolver gives them. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def is_public_address(address: str) -> bool:
    """Whether an address (no name) is one of the public internet that belongs to a single machine elsewhere.

    IPv6 addresses that carry an IPv4 one inside (mapped, NAT64, 6to4, Teredo) are not: what they lead to is decided by others.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and (ip not in _GLOBAL_IPV6 or ip.scope_id is not None):
        return False
    return ip.is_global and not any(ip in network for network in _NETWORKS if network.version == ip.version)


def clean_host(host: str) -> str:
    """A host as it is compared and resolved: IDNA, lower case, without the root's dot. Raises `NotAllowed` for odd spellings.

    `0x7f.1`, `2130706433` or `127.1` are addresses to some resolvers and names to others (WHATWG URL, "ends in a number"), so
    only the plain spelling of an address is taken.
    """
    name = host.strip("[]") if ":" in host else host.removesuffix(".")
    if _is_address(name):
        return str(ipaddress.ip_address(name))
    if not name.isascii():
        try:
            name = idna.encode(name.lower()).decode()
        except (idna.IDNAError, UnicodeError) as error:
            raise NotAllowed("This address", "its name is not valid") from error
    name = name.lower()
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise NotAllowed("This address", "its name is not valid")
    if labels[-1].isdigit() or re.fullmatch(r"0x[0-9a-f]*", labels[-1]):
        raise NotAllowed(name, "write the address as four numbers from 0 to 255")
    return name


@lru_cache(maxsize=16)
def _pairs(text: str) -> frozenset[tuple[str, int]]:
    pairs = (one.strip().rpartition(":") for one in text.split(",") if one.strip())
    return frozenset((host.strip("[]").lower(), int(port)) for host, _, port in pairs if port.isdigit())


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What may be called. `allow` are the exempt `host:port` pairs, comma separated; None for those of the settings."""

    resolve: Resolve = resolve_name
    allow: str | None = None

    def is_exempt(self, host: str, port: int) -> bool:
        """Whether the operator allowed this very `host:port`."""
        allow = load_settings().egress_allow if self.allow is None else self.allow
        return (host.strip("[]").lower(), port) in _pairs(allow)

    async def find_addresses(self, host: str, port: int) -> list[str]:
        """All addresses of a host, each of them checked. Raises `NotAllowed`, `NotReached`."""
        if self.is_exempt(host, port):
            return await self._ask(host.strip("[]"), port)
        name = clean_host(host)
        if not _is_address(name) and ("." not in name or name in _METADATA or name.endswith(_PRIVATE_ENDINGS)):
            raise NotAllowed(name, "this is a name of a private network")
        addresses = await self._ask(name, port)
        if not all(is_public_address(address) for address in addresses):
            raise NotAllowed(name, "this is an address of a private network")
        return addresses

    async def _ask(self, host: str, port: int) -> list[str]:
        if _is_address(host):
            return [host]
        try:
            addresses = await self.resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise NotReached(host, "nobody knows this name") from error
        if not addresses:
            raise NotReached(host, "nobody knows this name")
        return list(addresses)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


GUARD = Guard()


async def check_host(
    host: str, port: int, *, ports: Collection[int] = MAIL_PORTS, timeout: float = CONNECT_SECONDS, guard: Guard = GUARD
) -> str:
    """The address to connect to for `host:port` (a mail server); TLS still has to check `host`.

    Raises `NotAllowed` for another port or an address inside a private network, `NotReached` when the name is not known.
    """
    if port not in ports and not guard.is_exempt(host, port):
        raise NotAllowed(f"Port {port}", "only " + ", ".join(str(one) for one in sorted(ports)) + " may be called")
    try:
        async with asyncio.timeout(timeout):
            return (await guard.find_addresses(host, port))[0]
    except TimeoutError as error:
        raise NotReached(host, "looking up its name took too long") from error


class GuardedNetwork(httpcore2.AsyncNetworkBackend):
    """Connects the HTTP client to checked addresses only; the name stays in the Host header and in TLS."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._inner = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address that answers. Raises `NotAllowed`, `NotReached`."""
        addresses = (await self._guard.find_addresses(host, port))[:4]
        failed: Exception | None = None
        for address in addresses:
            try:
                # Each gets its share of the time: a dead IPv6 route must not use up what IPv4 needs.
                share = None if timeout is None else timeout / len(addresses)
                return await self._inner.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
        raise NotReached(host, "nobody answers there") from failed

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore2.AsyncNetworkStream:
        """Never: other people's servers are not on this machine."""
        raise NotAllowed("This address", "it is no network address")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
