"""Work that channels ask for."""

from typing import ClassVar
from uuid import UUID

from omni_app.infra.jobs import Job


class HandleEvent(Job):
    """Read one stored provider event and do what it says."""

    queue: ClassVar[str] = "inbound"
    max_attempts: ClassVar[int] = 12
    event_id: UUID


class PollConnection(Job):
    """Ask a provider that sends no webhooks for news."""

    queue: ClassVar[str] = "inbound"
    max_attempts: ClassVar[int] = 2
    connection_id: UUID


class CheckConnection(Job):
    """Try a connection against its provider again."""

    queue: ClassVar[str] = "default"
    connection_id: UUID
