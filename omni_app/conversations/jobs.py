"""Work that conversations ask for."""

from typing import ClassVar
from uuid import UUID

from omni_app.infra.jobs import Job


class AnswerConversation(Job):
    """Answer what stands open in a conversation."""

    queue: ClassVar[str] = "replies"
    conversation_id: UUID
