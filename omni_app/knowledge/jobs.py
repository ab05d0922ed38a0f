"""Work on documents that leaves after commit."""

from typing import ClassVar
from uuid import UUID

from omni_app.infra.jobs import Job


class ReadDocument(Job):
    """Read, cut and embed a document's latest text, or go on where another run stopped."""

    queue: ClassVar[str] = "bulk"
    document_id: UUID


class DeleteFile(Job):
    """Remove a file no row names any more."""

    queue: ClassVar[str] = "bulk"
    storage_key: str
