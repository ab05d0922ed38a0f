"""Redis: one blocking pool a process, short time-outs, no hidden retries."""

from functools import lru_cache

from redis import Redis as SyncRedis
from redis.asyncio import BlockingConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.connection import ConnectionPool
from redis.retry import Retry

from omni_app.settings import load_settings


def key(*parts: str) -> str:
    """A Redis key under this deployment's namespace."""
    return ":".join((load_settings().namespace, *parts))


def _url() -> str:
    url = load_settings().redis_url
    if url is None:
        raise RuntimeError("REDIS_URL is not set; start with `make run`, which starts its own Redis")
    return url.get_secret_value()


@lru_cache
def redis_client() -> Redis:
    """The shared async client. Its calls raise `redis.exceptions.RedisError` within about a second when Redis is away."""
    # The default pool raises as soon as it is empty; a blocking one waits for a connection (performance-facts, Redis).
    pool = BlockingConnectionPool.from_url(_url(), max_connections=32, timeout=2, socket_connect_timeout=1, socket_timeout=5)
    return Redis(connection_pool=pool)


def sync_redis() -> SyncRedis:
    """A synchronous client for the job queue. Built from a pool: a client built from parts retries for seconds."""
    pool = ConnectionPool.from_url(_url(), socket_connect_timeout=1, socket_timeout=5, retry=Retry(NoBackoff(), 0))
    return SyncRedis(connection_pool=pool)


async def close_redis() -> None:
    if redis_client.cache_info().currsize:
        await redis_client().aclose()
        redis_client.cache_clear()
