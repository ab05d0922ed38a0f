"""The outbox: work that leaves after commit.

A job or an event is a row written in the same transaction as what it is about. After commit its id is handed to Dramatiq; the
message carries nothing else. A worker claims the row (`claimed_until`), does the work, deletes the row. What a crash left
behind is sent again by the sweep. `omni_app` may only INSERT here.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Index, insert
from sqlmodel import Field

from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.ids import new_id
from omni_app.infra.tables import Table, id_field, json_field, maybe_time_field, time_field

QUEUES = ("replies", "inbound", "outbound", "default", "bulk")


class OutboxRow(Table, table=True):
    """One job (imperative), one event (past tense), or one event on its way to one subscriber."""

    __tablename__ = "outbox"
    # The sweep looks for rows that wait; dead ones stay for the page and are rare.
    __table_args__ = (Index("ix_outbox_waiting", "available_at", postgresql_where="dead_at is null"),)

    id: UUID = id_field()
    business_id: UUID | None = Field(default=None, nullable=True)
    kind: str = Field(description="job, event or delivery")
    name: str
    queue: str
    payload: dict[str, Any] = json_field()
    created_at: datetime = time_field()
    available_at: datetime = time_field()
    attempts: int = 0
    claimed_until: datetime | None = maybe_time_field()
    swept_at: datetime | None = maybe_time_field()
    dead_at: datetime | None = maybe_time_field()
    error: str | None = None


class Job(BaseModel):
    """A typed note with ids only: what to do. Subclasses name their queue; `handles` in workers binds exactly one handler."""

    model_config = ConfigDict(frozen=True)
    queue: ClassVar[str] = "default"
    max_attempts: ClassVar[int] = 8


class Event(BaseModel):
    """A fact in the past tense, with ids only; any number of subscribers (bound in workers) may hear it."""

    model_config = ConfigDict(frozen=True)
    name: ClassVar[str] = ""


JobType = TypeVar("JobType", bound=Job)

_hand_over: Callable[[UUID, str], None] | None = None


def hand_over_with(send: Callable[[UUID, str], None] | None) -> None:
    """Set what carries (outbox id, queue) to the workers after commit; without it the sweep alone sends."""
    global _hand_over
    _hand_over = send


def handed_over(outbox_id: UUID, queue: str) -> None:
    if _hand_over is not None:
        _hand_over(outbox_id, queue)


async def enqueue(db: Db, job: Job, available_at: datetime | None = None) -> UUID:
    """Write `job` into the outbox of this transaction; it leaves after commit, or at `available_at`."""
    return await put(db, "job", type(job).__name__, job.queue, job.model_dump(mode="json"), available_at)


async def emit(db: Db, event: Event) -> UUID:
    """Write `event` into the outbox of this transaction; its subscribers hear it after commit."""
    return await put(db, "event", event.name, "default", event.model_dump(mode="json"), None)


async def put(db: Db, kind: str, name: str, queue: str, payload: dict[str, Any], available_at: datetime | None) -> UUID:
    """Insert one outbox row. All defaults are made here: RETURNING would need SELECT, which omni_app does not have."""
    outbox_id, created_at = new_id(), now()
    scope = db.scope_or_none
    await db.execute(
        insert(OutboxRow.__table__),  # type: ignore[attr-defined]
        {
            "id": outbox_id,
            "business_id": scope.business_id if scope else None,
            "kind": kind,
            "name": name,
            "queue": queue,
            "payload": payload,
            "created_at": created_at,
            "available_at": available_at or created_at,
            "attempts": 0,
        },
    )
    if available_at is None or available_at <= created_at:
        db.after_commit(lambda: handed_over(outbox_id, queue))
    return outbox_id
