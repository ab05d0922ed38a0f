"""The scheduler process: `python -m workers.schedule`. Many may run; one leads."""

import asyncio
import os
import signal
from time import monotonic

from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from omni_app.infra.database import close_engines, open_engines, system_engine
from omni_app.infra.jobs import hand_over_with
from omni_app.infra.log import configure_logging, get_logger
from omni_app.infra.queue import send
from omni_app.infra.redis import close_redis, key, redis_client
from omni_app.settings import load_settings
from workers.sweeps import SWEEPS, Sweep

log = get_logger(__name__)

TICK_SECONDS = 0.5
# Any number works as long as every scheduler of one database uses the same one.
LEADER_LOCK = 7_305_114


async def lead(stop: asyncio.Event) -> None:
    """Take the leader lock and run what is due until stopped; losing the connection loses the lock, and another leads."""
    while not stop.is_set():
        try:
            engine = system_engine().execution_options(isolation_level="AUTOCOMMIT")
            async with engine.connect() as connection:
                await _lead_while_connected(connection, stop)
        except Exception as error:
            log.warning("scheduler starts over", error=str(error))
            await _wait(stop, 1.0)


async def _lead_while_connected(connection: AsyncConnection, stop: asyncio.Event) -> None:
    due: dict[Sweep, float] = dict.fromkeys(SWEEPS, 0.0)
    is_leader = False
    while not stop.is_set():
        if not is_leader:
            row = await connection.execute(text("select pg_try_advisory_lock(:lock)"), {"lock": LEADER_LOCK})
            is_leader = bool(row.scalar_one())
            if is_leader:
                log.info("scheduler leads")
        else:
            await connection.execute(text("select 1"))
            for sweep, at in due.items():
                if monotonic() >= at:
                    due[sweep] = monotonic() + sweep.every.total_seconds()
                    await _run(sweep)
        await _beat()
        await _wait(stop, TICK_SECONDS)


async def _run(sweep: Sweep) -> None:
    try:
        await sweep.work()
    except Exception as error:
        log.warning("sweep failed, it runs again", sweep=sweep.work.__name__, error=str(error))


async def _beat() -> None:
    try:
        await redis_client().set(key("beat", "scheduler"), os.getpid(), ex=20)
    except (RedisError, OSError) as error:
        log.warning("no sign of life left", error=str(error))


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


async def main() -> None:
    configure_logging("scheduler", load_settings().log_level)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    open_engines()
    hand_over_with(send)
    await lead(stop)
    await close_engines()
    await close_redis()


if __name__ == "__main__":
    asyncio.run(main())
