"""The network is closed: a test that reaches for anything but this machine fails at once, with the address in the message."""

import ipaddress
import sys
from typing import Any

_HERE = {"localhost", "", None}


class NetworkClosed(Exception):
    """A test tried to leave this machine."""


def is_here(host: object) -> bool:
    """Whether a host name or address means this machine."""
    if host in _HERE:
        return True
    text = host.decode() if isinstance(host, bytes) else str(host)
    try:
        address = ipaddress.ip_address(text.split("%")[0])
    except ValueError:
        return text in _HERE or text.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def refuse_outside(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook (PEP 578): sees every connect and look-up of this process, whichever library makes it."""
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        if isinstance(address, tuple) and not is_here(address[0]):
            raise NetworkClosed(f"{event}: {address[0]}:{address[1]}")
    elif event == "socket.getaddrinfo" and not is_here(arguments[0]):
        raise NetworkClosed(f"{event}: {arguments[0]}")


def close_network() -> None:
    """For this process, for good: audit hooks cannot be removed."""
    sys.addaudithook(refuse_outside)
