"""Work this room asks for."""

from typing import ClassVar
from uuid import UUID

from omni_app.infra.jobs import Job


class SendReport(Job):
    """Write one report that waits in `report_sends` and queue its mails; one that waits no more is left alone."""

    queue: ClassVar[str] = "bulk"
    send_id: UUID
