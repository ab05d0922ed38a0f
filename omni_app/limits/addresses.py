"""How often a network address, an API key or a source of webhooks may knock. The edges ask; `Decision` holds the figures.

Each function says what happens when Redis is away; `docs/limits.md` holds the table.
"""

import ipaddress
from datetime import timedelta
from uuid import UUID

from redis.asyncio import Redis

from omni_app.limits.window import Decision, take

SIGN_INS, SIGN_IN_WINDOW = 20, timedelta(minutes=15)
SIGN_UPS, SIGN_UP_WINDOW = 20, timedelta(minutes=15)
UPLOADS, UPLOAD_WINDOW = 100, timedelta(hours=1)
API_CALLS, API_WINDOW = 1_000, timedelta(hours=1)
KEYLESS, KEYLESS_WINDOW = 200, timedelta(minutes=15)
WEBHOOKS, WEBHOOK_WINDOW = 100, timedelta(minutes=1)

UNKNOWN = "unknown"


def address_block(ip: str | None) -> str:
    """Who counts as one caller: an IPv4 address, or the /64 of an IPv6 address, which one customer of a provider holds whole.

    All callers without a readable address share one place, so they meet the limit sooner.
    """
    address = _read(ip)
    if address is None:
        return UNKNOWN
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((address, 64), strict=False))
    return str(address)


def is_public(ip: str | None) -> bool:
    """Whether `ip` is an address of the public internet. Behind a private one may be everybody: a proxy, an office."""
    address = _read(ip)
    return address is not None and address.is_global


def mask_address(block: str) -> str:
    """An address block as it is kept: without its last part, so that it names a neighbourhood and nobody in it.

    `203.0.113.7` → `203.0.113.0/24`, `2001:db8:1:2::/64` → `2001:db8:1::/48`.
    """
    try:
        network = ipaddress.ip_network(block, strict=False)
    except ValueError:
        return UNKNOWN
    return str(network.supernet(new_prefix=min(network.prefixlen, 24 if network.version == 4 else 48)))


def _read(ip: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address((ip or "").strip().partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


async def take_sign_in(ip: str | None, *, client: Redis | None = None) -> Decision:
    """Count one try to sign in. Open when Redis is away: each account's own lock stands in PostgreSQL."""
    return await take("sign-in", address_block(ip), SIGN_INS, SIGN_IN_WINDOW, when_away="open", client=client)


async def take_sign_up(ip: str | None, *, client: Redis | None = None) -> Decision:
    """Count one try to sign up, or to ask for a new password. Closed when Redis is away: nothing else guards against floods."""
    return await take("sign-up", address_block(ip), SIGN_UPS, SIGN_UP_WINDOW, when_away="closed", client=client)


async def take_upload(ip: str | None, *, client: Redis | None = None) -> Decision:
    """Count one upload from the widget. Closed when Redis is away: visitors are free to make, the disk is not."""
    return await take("upload", address_block(ip), UPLOADS, UPLOAD_WINDOW, when_away="closed", client=client)


async def take_api_call(api_key_id: UUID, limit: int = API_CALLS, *, client: Redis | None = None) -> Decision:
    """Count one call with an API key. Open when Redis is away: a program of the business must not stand still."""
    return await take("api", str(api_key_id), limit, API_WINDOW, when_away="open", client=client)


async def take_keyless_call(ip: str | None, *, client: Redis | None = None) -> Decision:
    """Count one call to the API without a valid key. Open when Redis is away: all it can reach is documents and refusals."""
    return await take("keyless", address_block(ip), KEYLESS, KEYLESS_WINDOW, when_away="open", client=client)


async def take_webhook(source: str, *, client: Redis | None = None) -> Decision:
    """Count one webhook of `source` (channel and connection, or the sender's address).

    Open when Redis is away: the signature keeps forgers out, and a message refused may never be sent again.
    """
    return await take("webhook", source[:200], WEBHOOKS, WEBHOOK_WINDOW, when_away="open", client=client)
