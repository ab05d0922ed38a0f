"""Work that customers ask for."""

from typing import ClassVar
from uuid import UUID

from omni_app.infra.jobs import Job


class RefreshTrust(Job):
    """Reckon a customer's trust anew: something it is made of has changed."""

    queue: ClassVar[str] = "default"
    customer_id: UUID
