"""Redis: one pool a process, short time-outs, no hidden retries."""

import asyncio
from functools import lru_cache
from typing import Any

from redis import Redis as SyncRedis
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.backoff import NoBackoff
from redis.connection import ConnectionPool as SyncConnectionPool
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from omni_app.settings import load_settings

# A process that is held up itself sees the answer later than it came, so these are times no living server takes.
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 5.0
# Who waits for a connection gives up after two such times in which none came back from a call that Redis answered.
PATIENCE_SECONDS = 1.0


def key(*parts: str) -> str:
    """A Redis key under this deployment's namespace."""
    return ":".join((load_settings().namespace, *parts))


def _url() -> str:
    url = load_settings().redis_url
    if url is None:
        raise RuntimeError("REDIS_URL is not set; start with `make run`, which starts its own Redis")
    return url.get_secret_value()


class PatientPool(ConnectionPool):
    """A pool whose callers wait for a connection, the longest waiting first, for as long as Redis answers anybody.

    The library's own blocking pool (performance-facts, Redis) gives a connection to whoever asks at the right moment and gives up
    after a fixed time, so a long queue of ours would look like a Redis that is away.
    """

    def __init__(self, max_connections: int = 32, patience: float = PATIENCE_SECONDS, **options: Any) -> None:
        super().__init__(max_connections=max_connections, **options)
        self._turns = asyncio.Semaphore(max_connections)
        self._patience = patience
        self._answered = 0

    async def get_connection(self, command_name: str | None = None, *keys: Any, **options: Any) -> AbstractConnection:
        """A connected connection. Raises `redis.exceptions.RedisError` when Redis is away."""
        await self._take_turn()
        try:
            connection: AbstractConnection = self.get_available_connection()  # type: ignore[no-untyped-call]
        except BaseException:
            self._turns.release()
            raise
        try:
            await self.ensure_connection(connection)
        except BaseException:
            await self.release(connection)
            raise
        return connection

    async def release(self, connection: AbstractConnection) -> None:
        """Take a connection back; one that is still connected was answered."""
        is_ours = connection in self._in_use_connections
        self._answered += connection.is_connected
        try:
            await super().release(connection)
        finally:
            if is_ours:
                self._turns.release()

    async def _take_turn(self) -> None:
        if not self._turns.locked():
            await self._turns.acquire()
            return
        waiting = asyncio.ensure_future(self._turns.acquire())
        seen, silences = self._answered, 0
        try:
            while not (await asyncio.wait({waiting}, timeout=self._patience))[0]:
                silences = silences + 1 if self._answered == seen else 0
                seen = self._answered
                if silences == 2:
                    raise RedisTimeoutError("no answer while others waited")
        except BaseException:
            if not waiting.cancel() and not waiting.cancelled():
                self._turns.release()
            raise


@lru_cache
def redis_client() -> Redis:
    """The shared async client. Its calls raise `redis.exceptions.RedisError` soon when Redis is away."""
    pool = PatientPool.from_url(_url(), max_connections=32, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=ANSWER_SECONDS)
    return Redis.from_pool(pool)


def sync_redis() -> SyncRedis:
    """A synchronous client for the job queue. Built from a pool: a client built from parts retries for seconds."""
    pool = SyncConnectionPool.from_url(
        _url(), socket_connect_timeout=CONNECT_SECONDS, socket_timeout=ANSWER_SECONDS, retry=Retry(NoBackoff(), 0)
    )
    return SyncRedis(connection_pool=pool)


async def close_redis() -> None:
    if redis_client.cache_info().currsize:
        await redis_client().aclose()
        redis_client.cache_clear()
