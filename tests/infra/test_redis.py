"""The pool of Redis connections: who waits, in which order, and for how long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from omni_app.infra.redis import PATIENCE_SECONDS, PatientPool
from tests.harness.waiting import until


@asynccontextmanager
async def simulated_redis(
    pause: float, *, connections: int, is_silent: bool = False, patience: float = PATIENCE_SECONDS
) -> AsyncIterator[Redis]:
    """A client of a server that answers each GET `pause` seconds later, or never says a word to one."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readline():
            parts = []
            for _ in range(int(head[1:])):
                size = int((await reader.readline())[1:])
                parts.append((await reader.readexactly(size + 2))[:-2])
            if parts[0] != b"GET":
                writer.write(b"+OK\r\n")
            elif not is_silent:
                await asyncio.sleep(pause)
                writer.write(b"$2\r\nok\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = Redis.from_pool(PatientPool(connections, patience, port=port, socket_timeout=30))
    try:
        yield client
    finally:
        await client.aclose()
        server.close()


async def test_a_long_queue_of_our_own_is_waited_for() -> None:
    async with simulated_redis(0.3, connections=2) as redis:
        assert await asyncio.gather(*(redis.get("a") for _ in range(16))) == [b"ok"] * 16


async def test_the_longest_waiting_comes_first() -> None:
    served: list[int] = []

    async def ask(redis: Redis, number: int) -> None:
        await redis.get("a")
        served.append(number)

    async with simulated_redis(0.0, connections=1) as redis:
        await asyncio.gather(*(ask(redis, number) for number in range(30)))
    assert served == list(range(30))


async def test_nobody_waits_for_a_connection_while_redis_is_silent() -> None:
    async with simulated_redis(0.0, connections=2, is_silent=True, patience=0.1) as redis:
        stuck = [asyncio.create_task(redis.get("a")) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(RedisError, match="no answer"):
            await redis.get("a")
        for task in stuck:
            task.cancel()
        await asyncio.wait(stuck)


async def test_who_stops_waiting_takes_no_place_away() -> None:
    async with simulated_redis(0.05, connections=2) as redis:
        tasks = [asyncio.create_task(redis.get("a")) for _ in range(12)]
        await until(lambda: sum(task.done() for task in tasks) >= 2)
        for task in tasks[4:8]:
            task.cancel()
        await asyncio.wait(tasks)
        assert await asyncio.gather(*(redis.get("a") for _ in range(4))) == [b"ok"] * 4
