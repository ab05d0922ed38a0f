from datetime import timedelta

import pytest
from redis.asyncio import Redis

from omni_app.infra.ids import new_id
from omni_app.limits import take_api_call, take_sign_in, take_sign_up
from omni_app.limits.addresses import (
    KEYLESS,
    SIGN_INS,
    WEBHOOKS,
    address_block,
    is_public,
    mask_address,
    take_keyless_call,
    take_upload,
    take_webhook,
)


@pytest.mark.parametrize(
    ("ip", "block"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (" 203.0.113.7 ", "203.0.113.7"),
        ("203.0.113.999", "unknown"),
        ("' or 1=1", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_who_counts_as_one_caller(ip: str | None, block: str) -> None:
    assert address_block(ip) == block


@pytest.mark.parametrize(
    ("block", "kept"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:db8:1:2::7", "2001:db8:1::/48"),
        ("unknown", "unknown"),
        ("' or 1=1", "unknown"),
        ("", "unknown"),
    ],
)
def test_an_address_is_kept_without_its_last_part(block: str, kept: str) -> None:
    assert mask_address(block) == kept


@pytest.mark.parametrize(
    ("ip", "public"),
    [
        *((ip, True) for ip in ("8.8.8.8", "::ffff:8.8.8.8", "2606:4700::1")),
        *((ip, False) for ip in ("10.1.2.3", "127.0.0.1", "::ffff:10.1.2.3", "fd00::1", "fe80::1%eth0", "nonsense", "", None)),
    ],
)
def test_private_addresses_are_no_callers_of_their_own(ip: str | None, public: bool) -> None:
    assert is_public(ip) is public


async def test_webhooks_count_by_their_source(database: object) -> None:
    decisions = [await take_webhook("whatsapp:one") for _ in range(WEBHOOKS + 1)]
    assert [decision.allowed for decision in decisions] == [True] * WEBHOOKS + [False]
    assert timedelta() < decisions[-1].reset_after <= timedelta(minutes=1)
    assert (await take_webhook("whatsapp:two")).allowed


async def test_calls_without_a_key_count_by_their_address(database: object) -> None:
    decisions = [await take_keyless_call("203.0.113.7") for _ in range(KEYLESS + 1)]
    assert [decision.allowed for decision in decisions] == [True] * KEYLESS + [False]
    assert (await take_keyless_call("203.0.113.8")).allowed


async def test_one_address_may_try_so_often(database: object) -> None:
    decisions = [await take_sign_in("203.0.113.7") for _ in range(SIGN_INS + 1)]
    assert [decision.allowed for decision in decisions] == [True] * SIGN_INS + [False]
    assert (await take_sign_in("203.0.113.8")).allowed
    assert (await take_sign_up("203.0.113.7")).allowed


async def test_neighbours_in_one_ipv6_network_share_a_window(database: object) -> None:
    for host in range(SIGN_INS):
        assert (await take_sign_up(f"2001:db8::{host:x}")).allowed
    assert not (await take_sign_up("2001:db8::ffff")).allowed


async def test_key_has_a_window_of_its_own(database: object) -> None:
    key_id = new_id()
    decisions = [await take_api_call(key_id, limit=2) for _ in range(3)]
    assert [(one.allowed, one.limit, one.remaining) for one in decisions] == [(True, 2, 1), (True, 2, 0), (False, 2, 0)]
    assert (await take_api_call(new_id(), limit=2)).allowed


async def test_without_redis_each_limit_is_open_or_closed_as_the_documentation_says() -> None:
    gone = Redis.from_url("unix:///nowhere/redis.sock")
    assert (await take_sign_in("203.0.113.7", client=gone)).allowed
    assert not (await take_sign_up("203.0.113.7", client=gone)).allowed
    assert not (await take_upload("203.0.113.7", client=gone)).allowed
    assert (await take_api_call(new_id(), client=gone)).allowed
    assert (await take_keyless_call("203.0.113.7", client=gone)).allowed
    assert (await take_webhook("whatsapp:one", client=gone)).allowed
