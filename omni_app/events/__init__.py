"""Facts in the past tense. Emitting one writes an outbox row; subscribers are bound in `workers/`."""

from datetime import date
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


class BudgetAlert(Event):
    """A budget reached a share of its limit (`kind` spent, `percent`), or went beyond it (`kind` excess)."""

    name: ClassVar[str] = "budget.alert"
    period_start: date
    kind: str
    percent: int


EVENTS: dict[str, type[Event]] = {event.name: event for event in (ConversationHandedOver, ConversationClosed, BudgetAlert)}

__all__ = ["EVENTS", "BudgetAlert", "ConversationClosed", "ConversationHandedOver", "Event", "emit"]
