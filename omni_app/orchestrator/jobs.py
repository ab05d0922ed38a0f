"""Work that the assistant asks for ahead of its customers."""

from typing import ClassVar
from uuid import UUID

from omni_app.infra.jobs import Job


class WarmCache(Job):
    """Go on with a warming run. `tried` are keys of questions that were asked in vain; they are not paid for again."""

    queue: ClassVar[str] = "bulk"
    warming_id: UUID
    tried: tuple[str, ...] = ()


class StartWarming(Job):
    """Begin the warming run of a night, within the limit the business set for it."""

    queue: ClassVar[str] = "bulk"


class SuggestFaqs(Job):
    """Look for FAQs worth writing."""

    queue: ClassVar[str] = "bulk"
