"""Work on the cache that leaves after commit."""

from typing import ClassVar

from omni_app.infra.jobs import Job


class RefitCache(Job):
    """Fit the business's verifier to what its staff judged."""

    queue: ClassVar[str] = "bulk"


class ForgetShared(Job):
    """Remove wordings from Redis; repeated until Redis was there to do it."""

    queue: ClassVar[str] = "default"
    question_hashes: tuple[str, ...] = ()
