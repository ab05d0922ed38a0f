"""Files that are stored already and may stand at the top of a message template."""

from uuid import UUID

from sqlalchemy import text

from omni_app.channels.contract import TemplateUse
from omni_app.channels.registry import load_adapter
from omni_app.channels.templates import FILE
from omni_app.conversations.attachments import AttachmentView
from omni_app.conversations.barring import file_problem, media_kind
from omni_app.infra.database import Db
from omni_app.infra.errors import Invalid
from omni_app.infra.scope import Permission

_MOST = 30
# A sticker is a picture that a template does not take; of the others the provider says which it does.
_TYPES = {"image": ["image/jpeg", "image/png"], "video": ["video/mp4", "video/3gpp"], "document": ["application/pdf"]}

# What another customer sent is theirs.
_LIST = text(
    """
    select id, name, media_type, size from attachments
    where conversation_id = :conversation_id and status = 'stored' and media_type = any(:types)
    order by created_at desc, id limit :most
    """
)
_FIND = text(
    """
    select name, media_type, size from attachments
    where id = :id and conversation_id = :conversation_id and status = 'stored'
    """
)


async def list_header_files(db: Db, conversation_id: UUID, kind: str) -> list[AttachmentView]:
    """Files of a conversation that a template beginning with an image, video or document may take, newest first.

    Raises `Forbidden` without REPLY.
    """
    db.scope.require(Permission.REPLY)
    values = {"conversation_id": conversation_id, "types": _TYPES.get(kind, []), "most": _MOST}
    return [AttachmentView(**row._mapping) for row in await db.execute(_LIST, values)]


async def check_header_file(db: Db, conversation_id: UUID, channel_kind: str, use: TemplateUse) -> None:
    """Raise `Invalid` (field `header_media`) unless the file that `use` names is one of this conversation and fits the top of its
    template."""
    values = {"id": UUID(use.header_media.removeprefix(FILE)), "conversation_id": conversation_id}
    row = (await db.execute(_FIND, values)).one_or_none()
    if row is None:
        raise Invalid("This file is not there any more. Choose another one.", "header_media")
    if row.media_type not in _TYPES.get(use.header_kind, []) or media_kind(row.media_type) != use.header_kind:
        raise Invalid(f"“{row.name}” cannot stand at the top of this template.", "header_media")
    if problem := file_problem(load_adapter(channel_kind).capabilities, row.media_type, row.size):
        raise Invalid(problem, "header_media")
