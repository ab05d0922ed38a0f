"""Files people send: kept once, their type found from the bytes, shown only through signed links."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from omni_app.infra.database import Db
from omni_app.infra.scope import Scope

MAX_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentView:
    """One stored file; `size` in bytes."""

    id: UUID
    name: str
    media_type: str
    size: int


async def keep_upload(
    scope: Scope, data: bytes, name: str, *, uploaded_by: str, conversation_id: UUID | None = None
) -> AttachmentView:
    """Check and store one file. Raises `Invalid` (field `file`): empty, too large, a type that may not be sent."""
    raise NotImplementedError


async def attach(
    db: Db, message_id: UUID, conversation_id: UUID, customer_id: UUID, ids: Sequence[UUID], uploaded_by: str
) -> list[AttachmentView]:
    """Tie uploads of `uploaded_by` to a message. Raises `Invalid` (field `attachments`) for one that is not theirs or is used."""
    raise NotImplementedError


def sign_link(attachment_id: UUID, business_id: UUID) -> str:
    """The path under which the file can be read for five minutes."""
    raise NotImplementedError
