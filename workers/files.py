"""Take files off the disk once nothing refers to them."""

from uuid import UUID

from omni_app.conversations.jobs import DeleteFiles
from omni_app.infra.storage import delete_file
from workers.registry import handles


@handles(DeleteFiles)
async def delete_files(business_id: UUID | None, job: DeleteFiles) -> None:
    """Remove each file; one that is gone already is done."""
    for storage_key in job.storage_keys:
        await delete_file(storage_key)
