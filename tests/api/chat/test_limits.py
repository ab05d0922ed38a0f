"""Frames are counted by socket and by public address."""

from datetime import timedelta

import pytest

from omni_app.api.chat.limits import PER_ADDRESS, PER_SOCKET, AddressWindows, Window, check, public_address
from omni_app.infra.errors import TooMany


def test_a_socket_may_send_sixty_frames_in_ten_seconds() -> None:
    window, windows = Window(), AddressWindows()
    for _ in range(PER_SOCKET):
        check(window, windows, None, 100.0)
    with pytest.raises(TooMany) as caught:
        check(window, windows, None, 104.0)
    assert caught.value.retry_after == timedelta(seconds=6)
    check(window, windows, None, 110.0)


def test_many_sockets_of_one_address_count_together() -> None:
    windows = AddressWindows()
    for _ in range(PER_ADDRESS):
        check(Window(), windows, "203.0.113.7", 100.0)
    with pytest.raises(TooMany):
        check(Window(), windows, "203.0.113.7", 101.0)
    check(Window(), windows, "203.0.113.8", 101.0)
    check(Window(), windows, None, 101.0)


def test_the_oldest_address_makes_room() -> None:
    windows = AddressWindows(most=2)
    for _ in range(PER_ADDRESS):
        assert windows.take("one", 100.0) == 0
    windows.take("two", 100.0)
    windows.take("three", 100.0)
    assert windows.take("one", 100.0) == 0


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("8.8.8.8", "8.8.8.8"),
        ("2606:4700::1111", "2606:4700::/64"),
        ("127.0.0.1", None),
        ("10.1.2.3", None),
        ("fd00::1", None),
        ("not an address", None),
        ("", None),
        (None, None),
    ],
)
def test_private_addresses_are_not_counted(host: str | None, counted: str | None) -> None:
    assert public_address(host) == counted


def test_the_refusal_of_a_frame_tells_the_wait_in_words() -> None:
    window, windows = Window(), AddressWindows()
    for _ in range(PER_SOCKET):
        check(window, windows, None, 100.0)
    with pytest.raises(TooMany, match=r"That was too fast\. Wait 6 seconds\."):
        check(window, windows, None, 104.5)
