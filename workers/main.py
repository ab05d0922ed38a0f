"""The worker process: `python -m workers.main`."""

import os
import signal
import threading
from types import FrameType

from dramatiq import Worker
from redis.exceptions import RedisError

import workers.answers
import workers.budgets
import workers.cache_upkeep
import workers.documents
import workers.files
import workers.inbound
import workers.mail
import workers.media
import workers.memories
import workers.outbound
import workers.reports
import workers.trust
import workers.warming  # noqa: F401
from omni_app.infra.log import configure_logging, get_logger
from omni_app.infra.redis import key, sync_redis
from omni_app.settings import load_settings
from workers.broker import worker_broker

log = get_logger(__name__)

BEAT_SECONDS = 5.0
# An idle consumer polls Redis at most this far apart, so the first job of a quiet minute waits 50 ms on average.
POLL_MS = 100


class Consumers(Worker):
    """Looks into the queues only. What has to wait stands in the outbox, so there are no delayed messages to look for in Redis:
    that would be half of what an idle worker does."""

    def _add_consumer(self, queue_name: str, *, delay: bool = False) -> None:
        if not delay:
            super()._add_consumer(queue_name)


def main() -> None:
    """Run jobs until SIGTERM or SIGINT; jobs at work get five seconds, then the sweep gives them to somebody else."""
    settings = load_settings()
    configure_logging("worker", settings.log_level)
    stop = threading.Event()

    def ask_to_stop(_: int, __: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    worker = Consumers(worker_broker(), worker_threads=settings.worker_threads, worker_timeout=POLL_MS)
    worker.start()
    log.info("worker started", threads=settings.worker_threads)
    beats = sync_redis()
    while not stop.is_set():
        try:
            beats.set(key("beat", "worker"), os.getpid(), ex=20)
        except RedisError as error:
            log.warning("no sign of life left", error=str(error))
        stop.wait(BEAT_SECONDS)
    worker.stop(timeout=5000)
    log.info("worker stopped")
    # Threads that hang in a provider's call must not keep the process.
    os._exit(0)


if __name__ == "__main__":
    main()
