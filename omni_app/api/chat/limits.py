"""How many frames one socket and one address may send. Counted in this process: what is limited is its own time."""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta

from omni_app.infra.errors import TooMany
from omni_app.limits.addresses import address_block
from omni_app.limits.customers import in_seconds

WINDOW_SECONDS = 10.0
PER_SOCKET = 60
PER_ADDRESS = 1200
# Who goes on after being told this often is no widget.
PATIENCE = 5 * PER_SOCKET


@dataclass(slots=True)
class Window:
    """Frames since `began` (seconds of the event loop's clock)."""

    began: float = 0.0
    count: int = 0

    def take(self, at: float, limit: int) -> float:
        """Count one frame; seconds until the next one is welcome, 0 when this one is."""
        if at - self.began >= WINDOW_SECONDS:
            self.began, self.count = at, 0
        self.count += 1
        return 0.0 if self.count <= limit else self.began + WINDOW_SECONDS - at


class AddressWindows:
    """One window for each public address. A private address is a proxy or a colleague's desk: behind it may be everybody."""

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._windows: OrderedDict[str, Window] = OrderedDict()

    def take(self, address: str, at: float) -> float:
        """Count one frame of this address; seconds until the next one is welcome."""
        window = self._windows.get(address)
        if window is None:
            if len(self._windows) >= self._most:
                self._windows.popitem(last=False)
            window = self._windows[address] = Window()
        else:
            self._windows.move_to_end(address)
        return window.take(at, PER_ADDRESS)


def public_address(host: str | None) -> str | None:
    """Whom to count an address as (`address_block`), or None when it is none of the public internet."""
    try:
        return address_block(host) if host and ipaddress.ip_address(host).is_global else None
    except ValueError:
        return None


def check(window: Window, windows: AddressWindows, address: str | None, at: float) -> None:
    """Raises `TooMany` when this socket, or all sockets of its address, sent too many frames."""
    wait = window.take(at, PER_SOCKET)
    if address is not None:
        wait = max(wait, windows.take(address, at))
    if wait > 0:
        pause = timedelta(seconds=wait)
        raise TooMany(f"That was too fast. Wait {in_seconds(pause)}.", pause)
