"""Read documents in the background, and remove files nobody needs."""

from uuid import UUID

from omni_app.infra.scope import system_scope
from omni_app.infra.storage import delete_file
from omni_app.knowledge.jobs import DeleteFile, ReadDocument
from omni_app.knowledge.studying import advance
from workers.registry import handles


@handles(ReadDocument)
async def read_document(business_id: UUID | None, job: ReadDocument) -> None:
    """Bring one document one slice further; whatever was done already is not done again."""
    assert business_id is not None
    await advance(system_scope(business_id), job.document_id)


@handles(DeleteFile)
async def remove_file(_: UUID | None, job: DeleteFile) -> None:
    """Twice is as good as once."""
    await delete_file(job.storage_key)
