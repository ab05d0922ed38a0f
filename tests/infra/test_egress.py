"""No spelling of an address leads into the network Omni runs in; a name counts for all of its addresses."""

import asyncio
import ipaddress
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from omni_app.infra.egress import Guard, NotAllowed, NotReached, check_host, clean_host, is_public_address

PUBLIC = "93.184.216.34"


def names(*addresses: str) -> Guard:
    """Every name has these addresses."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return Guard(resolve=resolve, allow="")


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        *("100.100.100.200", "0.0.0.0", "0.1.2.3", "255.255.255.255", "224.0.0.1", "240.0.0.1", "192.0.0.192", "198.18.0.1"),
        *("168.63.129.16", "203.0.113.5", "::", "::1", "::127.0.0.1", "::ffff:93.184.216.34", "::ffff:10.0.0.1", "fe80::1"),
        *("fe80::1%eth0", "2606:4700::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1", "64:ff9b::7f00:1"),
        *("64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:10::1", "2001:db8::1", "100::1", "3fff::1", "5f00::1", "no address"),
    ],
)
def test_an_address_of_no_public_machine_is_refused(address: str) -> None:
    assert not is_public_address(address)


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:4700:4700::1111", "2a00:1450:4001:830::200e"])
def test_a_public_address_is_taken(address: str) -> None:
    assert is_public_address(address)


@given(st.ip_addresses())
@example(ipaddress.ip_address("192.88.99.1"))
def test_what_is_taken_is_global_by_the_registry(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if is_public_address(str(address)):
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_reserved


@pytest.mark.parametrize(
    "host",
    [
        *("0x7f.1", "2130706433", "127.1", "0177.0.0.1", "127.0.0.0x1", "0x7f000001", "1.2.3.4.5", "example.1"),
        *("", ".", "..", "a..b", "example.com..", "exa%6dple.com", "exam ple.com", "-a.com", "x" * 64 + ".com", "①②⑦.⓪.⓪.①"),
        *("example.com:80", "user@example.com", "example.com\r\nHost: evil"),
    ],
)
def test_an_odd_spelling_is_refused(host: str) -> None:
    with pytest.raises(NotAllowed):
        clean_host(host)


@pytest.mark.parametrize(
    ("host", "clean"),
    [
        ("Example.COM.", "example.com"),
        ("münchen.de", "xn--mnchen-3ya.de"),
        ("a_b.example.com", "a_b.example.com"),
        ("[2606:4700::0001]", "2606:4700::1"),
        (PUBLIC, PUBLIC),
    ],
)
def test_a_host_is_compared_in_one_spelling(host: str, clean: str) -> None:
    assert clean_host(host) == clean


@pytest.mark.parametrize(
    "host", ["localhost", "intranet", "metadata.google.internal", "metadata.google.internal.", "db.local", "METADATA.goog"]
)
async def test_a_name_of_the_inside_is_refused_without_asking_anybody(host: str) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        raise AssertionError(host)

    with pytest.raises(NotAllowed):
        await Guard(resolve=resolve, allow="").find_addresses(host, 443)


async def test_one_private_address_among_public_ones_spoils_the_name() -> None:
    with pytest.raises(NotAllowed, match="private network"):
        await names(PUBLIC, "2606:4700::1", "127.0.0.1").find_addresses("shop.example.com", 443)
    assert await names(PUBLIC, "2606:4700::1").find_addresses("shop.example.com", 443) == [PUBLIC, "2606:4700::1"]


async def test_an_unknown_name_may_be_tried_again() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        raise OSError("no such name")

    with pytest.raises(NotReached) as unknown:
        await Guard(resolve=resolve, allow="").find_addresses("shop.example.com", 443)
    assert not isinstance(unknown.value, NotAllowed)
    with pytest.raises(NotReached):
        await names().find_addresses("shop.example.com", 443)


async def test_only_the_very_pair_the_operator_named_is_exempt() -> None:
    guard = Guard(allow="127.0.0.1:8025, [::1]:8026 ,broken,mail:x")
    assert await guard.find_addresses("127.0.0.1", 8025) == ["127.0.0.1"]
    assert await guard.find_addresses("::1", 8026) == ["::1"]
    for host, port in (("127.0.0.1", 8026), ("127.0.0.2", 8025), ("localhost", 8025)):
        with pytest.raises(NotAllowed):
            await guard.find_addresses(host, port)


async def test_a_mail_server_is_checked_and_pinned() -> None:
    assert await check_host("mail.example.com", 587, guard=names(PUBLIC)) == PUBLIC
    with pytest.raises(NotAllowed, match="Port 6379"):
        await check_host("mail.example.com", 6379, guard=names(PUBLIC))
    with pytest.raises(NotAllowed, match="private"):
        await check_host("mail.example.com", 25, guard=names("10.0.0.25"))


async def test_a_resolver_that_says_nothing_does_not_hold_the_caller() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return ()

    with pytest.raises(NotReached, match="too long"):
        await check_host("mail.example.com", 25, guard=Guard(resolve=resolve, allow=""), timeout=0.05)
