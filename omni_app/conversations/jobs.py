"""Work that conversations ask for."""

from typing import ClassVar
from uuid import UUID

from omni_app.infra.jobs import Job


class AnswerConversation(Job):
    """Answer what stands open in a conversation."""

    queue: ClassVar[str] = "replies"
    conversation_id: UUID


class DeliverConversation(Job):
    """Send what waits in a conversation, in order."""

    queue: ClassVar[str] = "outbound"
    conversation_id: UUID


class FetchAttachment(Job):
    """Fetch a file that a provider keeps for a while."""

    queue: ClassVar[str] = "inbound"
    # The last try comes more than an hour after the first (`media.GIVE_UP_AFTER`).
    max_attempts: ClassVar[int] = 12
    attachment_id: UUID


class DeleteFiles(Job):
    """Take stored files off the disk whose rows are gone."""

    queue: ClassVar[str] = "bulk"
    storage_keys: tuple[str, ...]


class EmbedMessages(Job):
    """Make the vectors of a business's messages that have none of the current model yet."""

    queue: ClassVar[str] = "default"


class SummariseConversation(Job):
    """Write down what a conversation came to."""

    queue: ClassVar[str] = "default"
    conversation_id: UUID


class ForgetCustomer(Job):
    """Erase everything about a customer who asked for it."""

    queue: ClassVar[str] = "default"
    customer_id: UUID


class FinishErasure(Job):
    """Clear what a transaction inside one business cannot reach: audit values, jobs, mail, and costs booked meanwhile.

    `sealed_emails` are the customer's addresses, encrypted (`erasing.seal`).
    """

    queue: ClassVar[str] = "bulk"
    customer_ids: tuple[UUID, ...]
    conversation_ids: tuple[UUID, ...]
    sealed_emails: tuple[str, ...] = ()
