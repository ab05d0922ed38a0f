"""Work this room asks for."""

from typing import ClassVar
from uuid import UUID

from omni_app.infra.jobs import Job


class SendMail(Job):
    """Send one queued mail, or keep it for the mailbox page when no mail server is configured."""

    queue: ClassVar[str] = "outbound"
    mail_id: UUID
