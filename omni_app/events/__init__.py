"""Facts in the past tense. Emitting one writes an outbox row; subscribers are bound in `workers/`."""

from typing import ClassVar
from uuid import UUID

from omni_app.infra.jobs import Event, emit


class ConversationHandedOver(Event):
    """A conversation now waits for a person."""

    name: ClassVar[str] = "conversation.handed_over"
    conversation_id: UUID


class ConversationClosed(Event):
    """A conversation was closed by staff."""

    name: ClassVar[str] = "conversation.closed"
    conversation_id: UUID


EVENTS: dict[str, type[Event]] = {event.name: event for event in (ConversationHandedOver, ConversationClosed)}

__all__ = ["EVENTS", "ConversationClosed", "ConversationHandedOver", "Event", "emit"]
