"""Answer conversations that no live process answers."""

from uuid import UUID

from omni_app.conversations.jobs import AnswerConversation
from omni_app.infra.scope import system_scope
from omni_app.orchestrator.turn import continue_conversation
from workers.registry import handles


@handles(AnswerConversation)
async def answer_conversation(business_id: UUID | None, job: AnswerConversation) -> None:
    """Answer what stands open, unless another turn holds the lease or a person took over."""
    assert business_id is not None
    await continue_conversation(system_scope(business_id), job.conversation_id)
