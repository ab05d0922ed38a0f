"""Remember, sum up and forget: the work behind conversations that nobody waits for."""

from uuid import UUID

from omni_app.conversations.erasing import finish_erasure
from omni_app.conversations.forgetting import erase_customer
from omni_app.conversations.jobs import EmbedMessages, FinishErasure, ForgetCustomer, SummariseConversation
from omni_app.conversations.memory import embed_messages
from omni_app.events import ConversationClosed
from omni_app.infra.database import open_db, system_db
from omni_app.infra.errors import NotFound
from omni_app.infra.jobs import enqueue
from omni_app.infra.scope import system_scope
from omni_app.orchestrator.summarising import summarise
from workers.registry import handles, hears


@handles(EmbedMessages)
async def make_memories(business_id: UUID | None, _: EmbedMessages) -> None:
    """Make the vectors of a business's messages that have none of the current model."""
    assert business_id is not None
    await embed_messages(system_scope(business_id))


@hears(ConversationClosed, "summarise")
async def ask_for_summary(business_id: UUID | None, event: ConversationClosed) -> None:
    """A closed conversation is summed up."""
    assert business_id is not None
    async with open_db(system_scope(business_id)) as db:
        await enqueue(db, SummariseConversation(conversation_id=event.conversation_id))


@handles(SummariseConversation)
async def sum_up(business_id: UUID | None, job: SummariseConversation) -> None:
    """Write a conversation's summary; one that is written already is not paid for again."""
    assert business_id is not None
    await summarise(system_scope(business_id), job.conversation_id)


@handles(ForgetCustomer)
async def forget_customer(business_id: UUID | None, job: ForgetCustomer) -> None:
    """Erase a customer who asked for it and confirmed; one who is gone already is done."""
    assert business_id is not None
    try:
        async with open_db(system_scope(business_id)) as db:
            await erase_customer(db, job.customer_id, asked_by="customer")
    except NotFound:
        return


@handles(FinishErasure)
async def clear_traces(business_id: UUID | None, job: FinishErasure) -> None:
    """Clear what the erasing transaction could not reach."""
    async with system_db("finish an erasure") as db:
        await finish_erasure(db, business_id, job.customer_ids, job.conversation_ids, job.sealed_emails)
