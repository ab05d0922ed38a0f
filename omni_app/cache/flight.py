"""Customers who ask the same at the same time share one call of the model.

In one process the others wait for the first one's answer. Between processes a key in Redis says that somebody is at it; it has a
token, so nobody takes away another's, and it ends with the model's time-out, so a process that dies holds nobody up for longer.
When Redis is away each process makes its own call.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from redis.exceptions import RedisError

from omni_app.cache import shared
from omni_app.cache.stored import StoredAnswer
from omni_app.infra.background import start_task
from omni_app.infra.log import get_logger
from omni_app.infra.redis import key, redis_client

log = get_logger(__name__)

POLL_SECONDS = 0.05

_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """One question, as one state of one business answers it."""

    business_id: UUID
    question_hash: str
    cache_version: int
    persona_version: int

    @property
    def lock(self) -> str:
        versions = f"{self.cache_version}.{self.persona_version}"
        return key("flight", str(self.business_id), self.question_hash, versions)


@dataclass(frozen=True, slots=True)
class Failed:
    """Who led got no answer: trying again at once would fail as well. `reason` goes into the receipts."""

    reason: str


@dataclass(slots=True)
class Lead:
    """The caller makes the answer, and must call `land` whatever happens. `has_waited`: another one tried and gave up or died,
    so the answer may be stored already."""

    flight: Flight
    token: str = field(default_factory=lambda: uuid4().hex)
    holds_lock: bool = False
    has_waited: bool = False

    def land(self, answer: StoredAnswer | None, lasts: timedelta = timedelta()) -> None:
        """Give the stored answer to all who wait, here and, through Redis, elsewhere; None: let them go on by themselves."""
        self._tell(answer)
        if answer is not None or self.holds_lock:
            start_task(self._finish(answer, lasts), "answer shared")

    def pass_on(self, answer: StoredAnswer) -> None:
        """Give an answer that lies in Redis already to all who wait here."""
        self._tell(answer)
        if self.holds_lock:
            start_task(self._finish(None, timedelta()), "flight ended")

    def fail(self, reason: str) -> None:
        """Tell all who wait here that there is no answer to be had."""
        self._tell(Failed(reason))
        if self.holds_lock:
            start_task(self._finish(None, timedelta()), "flight ended")

    def _tell(self, answer: StoredAnswer | Failed | None) -> None:
        future = _underway.pop(self.flight, None)
        if future is not None and not future.done():
            future.set_result(answer)

    async def _finish(self, answer: StoredAnswer | None, lasts: timedelta) -> None:
        flight = self.flight
        if answer is not None:
            await shared.keep(flight.business_id, flight.question_hash, flight.cache_version, answer, lasts)
        if self.holds_lock:
            try:
                await redis_client().eval(_RELEASE, 1, flight.lock, self.token)  # type: ignore[misc]
            except (RedisError, OSError) as error:
                log.warning("flight not ended; its key ends by itself", error=str(error))


_underway: dict[Flight, asyncio.Future[StoredAnswer | Failed | None]] = {}


async def board(flight: Flight, seconds: float, *, may_lead: bool = True) -> Lead | StoredAnswer | Failed | None:
    """Lead, or wait for who leads, up to `seconds` (the model's time-out).

    Returns the answer somebody else just got; None when they died or nobody leads and the caller `may_lead` not, because what it
    makes would be for one customer alone: it makes its own then.
    """
    loop = asyncio.get_running_loop()
    future = _underway.get(flight)
    if future is not None and future.get_loop() is loop:
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(future)
        except TimeoutError:
            return None
    if not may_lead:
        return None
    future = _underway[flight] = loop.create_future()
    lead = Lead(flight)
    try:
        answer = await _take(lead, loop.time() + seconds, seconds)
    except BaseException:
        lead.land(None)
        raise
    if answer is None:
        return lead
    lead.pass_on(answer)
    return answer


async def _take(lead: Lead, until: float, seconds: float) -> StoredAnswer | None:
    """Take the key, or wait for the answer of who has it. None: the caller leads, at `until` without the key."""
    flight, loop = lead.flight, asyncio.get_running_loop()
    name = shared.answer_name(flight.business_id, flight.question_hash)
    while True:
        try:
            async with redis_client().pipeline(transaction=False) as pipe:
                pipe.get(name)
                pipe.set(flight.lock, lead.token, nx=True, px=max(1, int(seconds * 1000)))
                raw, is_taken = await pipe.execute()
        except (RedisError, OSError) as error:
            log.warning("flight not shared between processes", error=str(error))
            return None
        lead.holds_lock = bool(is_taken)
        found = shared.read(raw)
        if found is not None and found.fits(flight.cache_version, flight.persona_version):
            return found.answer
        if lead.holds_lock or loop.time() >= until:
            return None
        lead.has_waited = True
        await asyncio.sleep(POLL_SECONDS)
