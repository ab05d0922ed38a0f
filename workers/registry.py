"""Which function does which job, and who hears which event."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from omni_app.infra.jobs import Event, Job

JobType = TypeVar("JobType", bound=Job)
EventType = TypeVar("EventType", bound=Event)

# A handler gets the business the work belongs to (None for work of the whole deployment) and the note itself.
Handler = Callable[[UUID | None, Any], Awaitable[None]]

handlers: dict[str, tuple[type[Job], Handler]] = {}
subscribers: defaultdict[str, dict[str, tuple[type[Event], Handler]]] = defaultdict(dict)


def handles(
    job: type[JobType],
) -> Callable[[Callable[[UUID | None, JobType], Awaitable[None]]], Callable[[UUID | None, JobType], Awaitable[None]]]:
    """Bind the one handler of a job. Raise ValueError when it has one already."""

    def bind(handler: Callable[[UUID | None, JobType], Awaitable[None]]) -> Callable[[UUID | None, JobType], Awaitable[None]]:
        if job.__name__ in handlers:
            raise ValueError(f"{job.__name__} has a handler already")
        handlers[job.__name__] = (job, handler)
        return handler

    return bind


def hears(
    event: type[EventType], name: str
) -> Callable[[Callable[[UUID | None, EventType], Awaitable[None]]], Callable[[UUID | None, EventType], Awaitable[None]]]:
    """Bind one more subscriber of an event; `name` is stored in outbox rows, so it must not change."""

    def bind(
        handler: Callable[[UUID | None, EventType], Awaitable[None]],
    ) -> Callable[[UUID | None, EventType], Awaitable[None]]:
        if name in subscribers[event.name]:
            raise ValueError(f"{event.name} has a subscriber {name} already")
        subscribers[event.name][name] = (event, handler)
        return handler

    return bind
