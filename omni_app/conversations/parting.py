"""Take back a join of two customers: what moved goes back, with what was said there since."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.conversations.moving import OWNED, Pair, back, give_point, lock_pair, move_owned, move_threads, seal_notes
from omni_app.customers.jobs import RefreshTrust
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, NotFound
from omni_app.infra.jobs import enqueue
from omni_app.infra.scope import Permission

# What was begun since over an address that goes back was said by its owner.
_SINCE = text(
    """select id from conversations where customer_id = :id and contact_point_id = any(:points) and not id = any(:threads)"""
)
_REROUTE = text(
    """
    update conversations c set contact_point_id = cp.id from contact_points cp
    where c.id = :thread_id and cp.id = :point_id and c.customer_id = cp.customer_id
    """
)
_POINT_COLUMNS = (
    *("id", "business_id", "customer_id", "kind", "channel", "value", "value_index", "hints", "proof", "proven_by"),
    *("undeliverable_at", "undeliverable_reason", "created_at"),
)
_CASTS = {"hints": "jsonb", "undeliverable_at": "timestamptz", "created_at": "timestamptz"}
_PUT_BACK = text(
    f"""insert into contact_points ({", ".join(_POINT_COLUMNS)})
        values ({", ".join(f"cast(:{name} as {_CASTS[name]})" if name in _CASTS else f":{name}" for name in _POINT_COLUMNS)})
        on conflict do nothing"""  # noqa: S608 (constants)
)
# Who parted two has decided that they are two.
_DECIDE = text(
    """update merge_suggestions set status = 'dismissed', decided_by = :by, decided_at = :now
       where one_id = least(cast(:a as uuid), cast(:b as uuid)) and other_id = greatest(cast(:a as uuid), cast(:b as uuid))"""
)


async def undo_join(db: Db, merge_id: UUID) -> None:
    """Give back what a join moved, with what was said in those conversations or over those addresses since. What was changed by
    hand since stays.

    Raises `NotFound`, `Forbidden`, and `Conflict` when it was undone already or a later join stands on it.
    """
    db.scope.require(Permission.REPLY)
    merge = (await db.execute("select * from merges where id = :id for update", {"id": merge_id})).mappings().one_or_none()
    if merge is None:
        raise NotFound("join of two customers")
    if merge["undone_at"] is not None:
        raise Conflict("This was undone already.")
    pair = await lock_pair(db, merge["from_id"], merge["into_id"])
    if pair.source.merged_into_id != merge["into_id"] or pair.target.merged_into_id is not None:
        raise Conflict("Undo the later join of this customer first.")
    moved = merge["moved"]
    threads = [UUID(one) for one in moved["conversations"]]
    points = [UUID(one) for one in moved["contact_points"]]
    since = await db.execute(_SINCE, {"id": pair.target.id, "points": points, "threads": threads})
    threads += since.scalars().all()
    await _return_points(db, pair, points, moved["dropped_points"])
    way = back(pair)
    await move_threads(db, way, threads)
    await _reroute(db, moved.get("rerouted", {}))
    await seal_notes(db, way, threads)
    for table in OWNED:
        await move_owned(db, table, way, [UUID(one) for one in moved.get(table, [])], threads)
    await _part_profiles(db, pair, moved["profile"])
    shells = {"id": pair.source.id, "shells": [UUID(one) for one in moved["shells"]]}
    await db.execute("update customers set merged_into_id = :id where id = any(:shells)", shells)
    await db.execute("update customers set merged_into_id = null where id = :id", {"id": pair.source.id})
    await db.execute("update merges set undone_at = :now where id = :id", {"now": now(), "id": merge_id})
    await db.execute(_DECIDE, {"a": pair.source.id, "b": pair.target.id, "by": db.scope.actor.name, "now": now()})
    await audit.record(
        db, "customer.merge_undone", "customer", pair.target.id, after={"from": str(pair.source.id)}, level="WARNING"
    )
    for customer_id in (pair.source.id, pair.target.id):
        await enqueue(db, RefreshTrust(customer_id=customer_id))
        live.publish(db, "customer.changed", customer_id=customer_id)


async def _return_points(db: Db, pair: Pair, ids: list[UUID], dropped: list[dict[str, Any]]) -> None:
    rows = await db.execute(
        "select id, value from contact_points where id = any(:ids) and customer_id = :id", {"ids": ids, "id": pair.target.id}
    )
    for row in rows.all():
        await give_point(db, back(pair), row.id, row.value)
    for point in dropped:
        blank = {"undeliverable_at": None, "undeliverable_reason": ""}
        await db.execute(_PUT_BACK, {**blank, **point, "hints": json.dumps(point["hints"])})


async def _reroute(db: Db, rerouted: dict[str, str]) -> None:
    """Conversations whose claimed address gave way answer to it again."""
    for thread_id, point_id in rerouted.items():
        await db.execute(_REROUTE, {"thread_id": UUID(thread_id), "point_id": UUID(point_id)})


async def _part_profiles(db: Db, pair: Pair, added: dict[str, Any]) -> None:
    """Take out of the target what the join added and nobody changed since."""
    source, target = pair.source, pair.target
    # The shell kept its own values: what the target took from it still stands there.
    emptied = [name for name in added["filled"] if getattr(target, name) == getattr(source, name)]
    empty = {"name": "''", "language": "''", "timezone": "''", "restriction": "''"}
    sets = ["tags = cast(:tags as jsonb)", "attributes = cast(:attributes as jsonb)", "consent = cast(:consent as jsonb)"]
    sets += [f"{name} = {empty.get(name, 'null')}" for name in emptied]
    kept = {
        field: {n: v for n, v in getattr(target, field).items() if n not in added[field] or added[field][n] != v}
        for field in ("attributes", "consent")
    }
    await db.execute(
        f"update customers set {', '.join(sets)}, version = version + 1, "  # noqa: S608
        "last_seen_at = case when last_seen_at = :joined then cast(:seen as timestamptz) else last_seen_at end where id = :id",
        {
            "tags": json.dumps([tag for tag in target.tags if tag not in added["tags"]]),
            "attributes": json.dumps(kept["attributes"]),
            "consent": json.dumps(kept["consent"]),
            "joined": source.last_seen_at,
            "seen": added["seen"],
            "id": target.id,
        },
    )
