"""What became of the last test message of a connection, as its provider tells: kept in `channel_connections.state` {test}.

A test is no message of a conversation, so its statuses find no delivery; they end here. Only the last one is kept, and none of a
connection that is polled: its state belongs to the polling, and such providers report nothing of single messages.
"""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app.channels.contract import DeliveryUpdate
from omni_app.infra import live
from omni_app.infra.database import Db
from omni_app.infra.errors import NotFound
from omni_app.infra.scope import Permission

_RANKS = {name: rank for rank, name in enumerate(("sending", "sent", "failed", "delivered", "read"))}
_WORDS = {
    "sent": "The provider sent it on.",
    "delivered": "It was delivered.",
    "read": "It was delivered and opened.",
    "failed": "It was not delivered.",
}

_LOCK = text("select state->'test' as test from channel_connections where id = :id for no key update")
_KEEP = text("update channel_connections set state = jsonb_set(state, '{test}', cast(:test as jsonb)) where id = :id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """How far the last test got, in `words`; `is_lost` when it will not arrive, with the provider's words in `problem`.

    `id` is that of the test, "" when none was sent. `is_told`: the provider reported on it.
    """

    id: str = ""
    words: str = ""
    problem: str = ""
    is_lost: bool = False
    is_told: bool = False


async def note_test(db: Db, connection_id: UUID, delivery_id: UUID, provider_id: str = "") -> None:
    """Remember a test message by our id before it leaves, and by the provider's once it has one. Raises `Forbidden`."""
    db.scope.require(Permission.CONFIGURE)
    known = await _lock(db, connection_id)
    if known is None or known["id"] != str(delivery_id):
        known = {"id": str(delivery_id), "status": "sending", "problem": ""}
    # A status may have been faster than the answer to the send: what it said stays.
    await db.execute(_KEEP, {"id": connection_id, "test": json.dumps({**known, "provider_id": provider_id})})


async def apply_test_update(db: Db, connection_id: UUID, update: DeliveryUpdate) -> bool:
    """Take a provider's news of the last test message; False when they are about something else. Raises `Forbidden`.

    In any order and any number of times they end in the same state.
    """
    db.scope.require(Permission.REPLY)
    known = await _lock(db, connection_id)
    if known is None:
        return False
    is_ours = update.delivery_id is not None and known["id"] == str(update.delivery_id)
    if not is_ours and not (update.provider_id and known["provider_id"] == update.provider_id):
        return False
    if _RANKS[update.status] > _RANKS[known["status"]]:
        problem = update.error.text[:500] if update.error is not None and update.status == "failed" else ""
        await db.execute(_KEEP, {"id": connection_id, "test": json.dumps({**known, "status": update.status, "problem": problem})})
        live.publish(db, "channel.changed", connection_id=connection_id)
    return True


async def load_tried(db: Db, connection_id: UUID) -> Tried:
    """The last test message of a connection. Raises `NotFound`, `Forbidden` without CONFIGURE."""
    db.scope.require(Permission.CONFIGURE)
    found = await db.execute("select state->'test' as test from channel_connections where id = :id", {"id": connection_id})
    row = found.one_or_none()
    if row is None:
        raise NotFound("channel connection")
    if row.test is None:
        return Tried()
    status = str(row.test["status"])
    return Tried(
        id=str(row.test["id"]),
        words=_WORDS.get(status, ""),
        problem=str(row.test["problem"]),
        is_lost=status == "failed",
        is_told=status in _WORDS,
    )


async def _lock(db: Db, connection_id: UUID) -> dict[str, Any] | None:
    row = (await db.execute(_LOCK, {"id": connection_id})).one_or_none()
    return dict(row.test) if row is not None and row.test is not None else None
