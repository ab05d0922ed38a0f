"""What a turn decides from, and what it comes to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter
from typing import Any

from omni_app.budgets.reserving import Reservation
from omni_app.cache.flight import Lead
from omni_app.cache.stored import StoredAnswer
from omni_app.conversations.answering import Answer
from omni_app.llm.registry import find_language_model
from omni_app.settings import load_settings

LOCAL_LEASE = timedelta(seconds=15)


def lease_time() -> timedelta:
    """How long one turn may hold a conversation: the model's time-out and some, or a few seconds for the local brain."""
    if find_language_model() is None:
        return LOCAL_LEASE
    return timedelta(seconds=load_settings().model_timeout_seconds) + LOCAL_LEASE


class Stopwatch:
    """Time of each step of a turn, in milliseconds."""

    def __init__(self) -> None:
        self._last = perf_counter()
        self.steps: list[dict[str, Any]] = []

    def lap(self, name: str) -> None:
        at = perf_counter()
        self.steps.append({"name": name, "ms": round((at - self._last) * 1000, 2)})
        self._last = at


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What stands open: the text of all unanswered messages, and the conversation before them, oldest first.

    `text` is empty when they are files only; `hash` is set for a self-contained message that stands alone.
    """

    text: str
    hash: str
    earlier: tuple[dict[str, Any], ...]

    @property
    def last_reply(self) -> dict[str, Any] | None:
        """The assistant's message that this one follows, unless somebody else spoke in between."""
        last = self.earlier[-1] if self.earlier else None
        return last if last is not None and last["role"] == "assistant" else None

    @property
    def follows_offer(self) -> bool:
        """Whether the assistant just said that it does not know, and offered a person."""
        return self.last_reply is not None and bool(self.last_reply["offers_person"])


@dataclass(slots=True)
class Seat:
    """A turn's place among those who ask the same at once: what it leads ends with the turn, however that ends."""

    lead: Lead | None = None

    def land(self, answer: StoredAnswer | None = None, lasts: timedelta = timedelta()) -> bool:
        """Give those who wait the stored answer, or let them go on by themselves. False when this turn led nothing."""
        lead, self.lead = self.lead, None
        if lead is not None:
            lead.land(answer, lasts)
        return lead is not None

    def fail(self, reason: str) -> None:
        """Spare those who wait the same try."""
        lead, self.lead = self.lead, None
        if lead is not None:
            lead.fail(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An answer to record, and the paid call that must be settled with it."""

    answer: Answer
    reservation: Reservation | None = None
    units: Mapping[str, int] | None = None
