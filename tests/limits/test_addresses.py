import pytest
from redis.asyncio import Redis

from omni_app.infra.ids import new_id
from omni_app.limits import take_api_call, take_sign_in, take_sign_up
from omni_app.limits.addresses import SIGN_INS, address_block


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


async def test_without_redis_people_sign_in_but_nobody_signs_up() -> None:
    gone = Redis.from_url("unix:///nowhere/redis.sock")
    assert (await take_sign_in("203.0.113.7", client=gone)).allowed
    assert not (await take_sign_up("203.0.113.7", client=gone)).allowed
    assert (await take_api_call(new_id(), client=gone)).allowed
