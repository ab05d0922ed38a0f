"""How often a network address, or an API key, may knock. The edges ask; `Decision` holds what their headers say."""

import ipaddress
from datetime import timedelta
from uuid import UUID

from redis.asyncio import Redis

from omni_app.limits.window import Decision, take

SIGN_INS, SIGN_IN_WINDOW = 20, timedelta(minutes=15)
SIGN_UPS, SIGN_UP_WINDOW = 20, timedelta(minutes=15)
UPLOADS, UPLOAD_WINDOW = 100, timedelta(hours=1)
API_CALLS, API_WINDOW = 1_000, timedelta(hours=1)


def address_block(ip: str | None) -> str:
    """Who counts as one caller: an IPv4 address, or the /64 of an IPv6 address, which one customer of a provider holds whole.

    All callers without a readable address share one place, so they meet the limit sooner.
    """
    try:
        address = ipaddress.ip_address((ip or "").strip().partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.IPv6Network((address, 64), strict=False))
    return str(address)


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
    """Count one call with an API key. Open when Redis is away."""
    return await take("api", str(api_key_id), limit, API_WINDOW, when_away="open", client=client)
