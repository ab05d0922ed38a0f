"""Fetch what providers keep of a message's files."""

from uuid import UUID

from omni_app.conversations.jobs import FetchAttachment
from omni_app.conversations.media import fetch_attachment
from omni_app.infra.scope import system_scope
from workers.registry import handles


@handles(FetchAttachment)
async def fetch(business_id: UUID | None, job: FetchAttachment) -> None:
    """Get the file once; a provider that is away is asked again."""
    assert business_id is not None
    await fetch_attachment(system_scope(business_id), job.attachment_id)
