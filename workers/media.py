"""Fetch what providers keep of a message's files."""

from uuid import UUID

from omni_app.conversations.jobs import FetchAttachment
from omni_app.conversations.media import fetch_attachment, write_down
from omni_app.infra.scope import system_scope
from workers.registry import handles


@handles(FetchAttachment)
async def fetch(business_id: UUID | None, job: FetchAttachment) -> None:
    """Get the file once; a provider that is away is asked again."""
    assert business_id is not None
    scope = system_scope(business_id)
    if await fetch_attachment(scope, job.attachment_id):
        await write_down(scope, job.attachment_id)
