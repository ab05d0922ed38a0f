"""Join two customers who turned out to be one person, and take it back.

Everything of `from` moves to `into`; what is encrypted under one customer's data key is encrypted anew under the other's. The row
of `from` stays as a shell with its own key, name and tags, so that an undo finds it as it was.
"""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.conversations.jobs import AnswerConversation
from omni_app.conversations.notes import NOTE
from omni_app.customers.identifying import CONTACT_POINT
from omni_app.customers.jobs import RefreshTrust
from omni_app.customers.notes import CUSTOMER_NOTE
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.crypto import decrypt, encrypt, unwrap_data_key
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.jobs import enqueue
from omni_app.infra.scope import Permission
from omni_app.limits.ladder import EVIDENCE

# What belongs to a customer and is found by `customer_id`. The ledger stays as it was booked.
_OWNED = ("messages", "memories", "attachments", "receipts", "customer_notes", "abuse_events")

# (table, column, context) of texts under the customer's data key. Conversation notes belong to a customer by their conversation.
_SEALED = (
    ("receipts", "prompt", "receipts.prompt"),
    ("customer_notes", "text", CUSTOMER_NOTE),
    ("abuse_events", "evidence", EVIDENCE),
)

# A message is appended under its conversation's lock first and touches the customer second, so this order waits for it and never
# stands crosswise.
_LOCK_THREADS = text("select id from conversations where customer_id in (:from_id, :into_id) order by id for update")
_LOCK = text(
    """select id, name, language, timezone, birthday, tags, attributes, consent, data_key, verified_at, blocked_at, block_reason,
       restriction, restricted_until, last_seen_at, merged_into_id
       from customers where id in (:from_id, :into_id) order by id for update"""
)
_POINTS = text("select * from contact_points where customer_id in (:from_id, :into_id) order by created_at, id")
_DONE = text(
    "select id from merges where from_id = :from_id and into_id = :into_id and undone_at is null order by created_at desc limit 1"
)

# A turn under way was thought out for another customer: it loses its lease and records nothing, and a worker answers anew.
_MOVE_THREADS = text(
    """
    update conversations set customer_id = :to_id, fence = fence + 1, lease_holder = null, lease_until = null
    where customer_id = :of_id and id = any(:ids)
    returning id, speaker = 'ai' and last_customer_seq > answered_seq as is_open
    """
)

# Kinds of which one person has one for us: two customers with different ones are two people until staff say otherwise.
TELLING = (("email", ""), ("external", "site"))


@dataclass(frozen=True, slots=True)
class _Pair:
    """Both rows, locked, with their keys in clear."""

    source: Any
    target: Any
    source_key: bytes
    target_key: bytes


async def join_customers(db: Db, from_id: UUID, into_id: UUID, evidence: str) -> UUID:
    """Move everything of `from_id` to `into_id` and remember what moved; `from_id` stays as an empty shell. Gives the merge's id.

    Done twice it does it once. `evidence` says in words why they are one person. Raises `NotFound`, `Forbidden`, and `Conflict`
    when one of them is a shell of somebody else, or when both have proven, different e-mails (or site ids) and no member of
    staff decided.
    """
    db.scope.require(Permission.REPLY)
    if from_id == into_id:
        raise Conflict("This is the same customer.")
    pair = await _lock(db, from_id, into_id)
    if pair.source.merged_into_id == into_id:
        done = (await db.execute(_DONE, {"from_id": from_id, "into_id": into_id})).scalar_one_or_none()
        if done is not None:
            return UUID(str(done))
    if pair.source.merged_into_id is not None or pair.target.merged_into_id is not None:
        raise Conflict("One of the two was joined with another customer already.")
    points = (await db.execute(_POINTS, {"from_id": from_id, "into_id": into_id})).mappings().all()
    if db.scope.actor.kind not in {"member", "api_key"} and _are_two_people(points, from_id):
        raise Conflict("Both have proven addresses that differ. Somebody of your team can join them.")
    threads = (await db.execute("select id from conversations where customer_id = :id", {"id": from_id})).scalars().all()
    moved: dict[str, Any] = {"conversations": list(threads)}
    moved |= await _move_points(db, pair, [dict(point) for point in points])
    await _move_threads(db, pair.source.id, pair.target.id, list(threads))
    moved["notes"] = await _seal_notes(db, list(threads), pair.source_key, pair.target_key)
    for table in _OWNED:
        moved[table] = await _move_owned(db, table, pair.source.id, pair.target.id, pair.source_key, pair.target_key)
    moved["profile"] = await _join_profiles(db, pair)
    shells = "update customers set merged_into_id = :into_id where merged_into_id = :from_id or id = :from_id returning id"
    found = (await db.execute(shells, {"into_id": into_id, "from_id": from_id})).scalars().all()
    moved["shells"] = [shell for shell in found if shell != from_id]
    merge_id = new_id()
    await db.execute(
        """insert into merges (id, business_id, from_id, into_id, evidence, moved, created_at)
           values (:id, :business_id, :from_id, :into_id, :evidence, cast(:moved as jsonb), :now)""",
        {
            "id": merge_id,
            "business_id": db.scope.business_id,
            "from_id": from_id,
            "into_id": into_id,
            "evidence": evidence[:300],
            "moved": json.dumps(moved, default=str),
            "now": now(),
        },
    )
    after = {"from": str(from_id), "evidence": evidence[:300], "conversations": len(threads)}
    await audit.record(db, "customer.merged", "customer", into_id, after=after)
    await enqueue(db, RefreshTrust(customer_id=into_id))
    _tell(db, from_id, into_id)
    return merge_id


async def undo_join(db: Db, merge_id: UUID) -> None:
    """Give back what a join moved, with what was said in those conversations since. What was changed by hand since stays.

    Raises `NotFound`, `Forbidden`, and `Conflict` when it was undone already or a later join stands on it.
    """
    db.scope.require(Permission.REPLY)
    merge = (await db.execute("select * from merges where id = :id for update", {"id": merge_id})).mappings().one_or_none()
    if merge is None:
        raise NotFound("join of two customers")
    if merge["undone_at"] is not None:
        raise Conflict("This was undone already.")
    pair = await _lock(db, merge["from_id"], merge["into_id"])
    if pair.source.merged_into_id != merge["into_id"] or pair.target.merged_into_id is not None:
        raise Conflict("Undo the later join of this customer first.")
    moved = merge["moved"]
    await _return_points(db, pair, moved)
    threads = [UUID(one) for one in moved["conversations"]]
    await _move_threads(db, pair.target.id, pair.source.id, threads)
    await _seal_notes(db, threads, pair.target_key, pair.source_key)
    for table in _OWNED:
        await _move_owned(
            db, table, pair.target.id, pair.source.id, pair.target_key, pair.source_key, [UUID(i) for i in moved[table]], threads
        )
    await _part_profiles(db, pair, moved["profile"])
    back = {"id": pair.source.id, "shells": [UUID(one) for one in moved["shells"]]}
    await db.execute("update customers set merged_into_id = :id where id = any(:shells)", back)
    await db.execute("update customers set merged_into_id = null where id = :id", {"id": pair.source.id})
    await db.execute("update merges set undone_at = :now where id = :id", {"now": now(), "id": merge_id})
    await audit.record(
        db, "customer.merge_undone", "customer", pair.target.id, after={"from": str(pair.source.id)}, level="WARNING"
    )
    for customer_id in (pair.source.id, pair.target.id):
        await enqueue(db, RefreshTrust(customer_id=customer_id))
    _tell(db, pair.source.id, pair.target.id)


def _tell(db: Db, *customer_ids: UUID) -> None:
    for customer_id in customer_ids:
        live.publish(db, "customer.changed", customer_id=customer_id)


async def _lock(db: Db, from_id: UUID, into_id: UUID) -> _Pair:
    both = {"from_id": from_id, "into_id": into_id}
    await db.execute(_LOCK_THREADS, both)
    rows = {row.id: row for row in (await db.execute(_LOCK, both)).all()}
    if len(rows) != 2 or not all(row.data_key for row in rows.values()):
        raise NotFound("customer")
    source, target = rows[from_id], rows[into_id]
    return _Pair(source, target, unwrap_data_key(source.data_key), unwrap_data_key(target.data_key))


async def are_two_people(db: Db, one_id: UUID, other_id: UUID) -> bool:
    """Whether both customers have proven addresses of the same telling kind (e-mail, site id). Then only staff may join them."""
    points = (await db.execute(_POINTS, {"from_id": one_id, "into_id": other_id})).mappings().all()
    return _are_two_people(points, one_id)


def _are_two_people(points: Any, one_id: UUID) -> bool:
    for kind, channel in TELLING:
        proven = [p for p in points if (p["kind"], p["channel"], p["proof"]) == (kind, channel, "proven")]
        if {p["customer_id"] == one_id for p in proven} == {True, False}:
            return True
    return False


def _place(point: Any) -> tuple[str, str, str]:
    return point["kind"], point["channel"], point["value_index"]


async def _move_points(db: Db, pair: _Pair, points: list[dict[str, Any]]) -> dict[str, Any]:
    """Move addresses; of two that are the same, a claim gives way. Proven twice cannot be."""
    mine = [point for point in points if point["customer_id"] == pair.source.id]
    theirs = {_place(point): point for point in points if point["customer_id"] == pair.target.id}
    dropped: list[dict[str, Any]] = []
    moved: list[UUID] = []
    for point in mine:
        twin = theirs.get(_place(point))
        loser = None if twin is None else twin if point["proof"] == "proven" else point
        if loser is not None:
            dropped.append({**loser, "created_at": loser["created_at"].isoformat()})
            await db.execute("delete from contact_points where id = :id", {"id": loser["id"]})
        if loser is not point:
            moved.append(point["id"])
            await _give_point(db, point["id"], point["value"], pair.source_key, pair.target_key, pair.target.id)
    return {"contact_points": moved, "dropped_points": dropped}


async def _give_point(db: Db, point_id: UUID, value: str, key: bytes, new_key: bytes, customer_id: UUID) -> None:
    sealed = encrypt(new_key, decrypt(key, value, CONTACT_POINT), CONTACT_POINT)
    await db.execute(
        "update contact_points set customer_id = :customer_id, value = :value where id = :id",
        {"customer_id": customer_id, "value": sealed, "id": point_id},
    )


async def _return_points(db: Db, pair: _Pair, moved: dict[str, Any]) -> None:
    ids = [UUID(one) for one in moved["contact_points"]]
    rows = await db.execute(
        "select id, value from contact_points where id = any(:ids) and customer_id = :id", {"ids": ids, "id": pair.target.id}
    )
    for row in rows.all():
        await _give_point(db, row.id, row.value, pair.target_key, pair.source_key, pair.source.id)
    for point in moved["dropped_points"]:
        await db.execute(
            """insert into contact_points (id, business_id, customer_id, kind, channel, value, value_index, hints, proof,
               proven_by, created_at)
               values (:id, :business_id, :customer_id, :kind, :channel, :value, :value_index, cast(:hints as jsonb), :proof,
               :proven_by, cast(:created_at as timestamptz)) on conflict do nothing""",
            {**point, "hints": json.dumps(point["hints"])},
        )


async def _move_threads(db: Db, of_id: UUID, to_id: UUID, ids: list[UUID]) -> None:
    rows = (await db.execute(_MOVE_THREADS, {"of_id": of_id, "to_id": to_id, "ids": ids})).all()
    for row in rows:
        if row.is_open:
            await enqueue(db, AnswerConversation(conversation_id=row.id))
        live.publish(db, "conversation.changed", conversation_id=row.id)


async def _seal_notes(db: Db, threads: list[UUID], key: bytes, new_key: bytes) -> list[UUID]:
    """Encrypt the notes of moved conversations under the key of the customer they belong to now."""
    rows = (await db.execute("select id, text from notes where conversation_id = any(:ids)", {"ids": threads})).all()
    for row in rows:
        sealed = encrypt(new_key, decrypt(key, row.text, NOTE), NOTE)
        await db.execute("update notes set text = :text where id = :id", {"text": sealed, "id": row.id})
    return [row.id for row in rows]


async def _move_owned(
    db: Db,
    table: str,
    of_id: UUID,
    to_id: UUID,
    key: bytes,
    new_key: bytes,
    ids: list[UUID] | None = None,
    threads: list[UUID] | None = None,
) -> list[UUID]:
    """Move the rows of a customer (all, or those named and those of the named conversations)."""
    where = "customer_id = :of_id"
    if ids is not None:
        in_threads = "" if table == "customer_notes" else " or conversation_id = any(:threads)"
        where += f" and (id = any(:ids){in_threads})"
    values = {"of_id": of_id, "to_id": to_id, "ids": ids or [], "threads": threads or []}
    values = {name: value for name, value in values.items() if name == "to_id" or f":{name}" in where}
    # The names come from the constants above.
    rows = (await db.execute(f"update {table} set customer_id = :to_id where {where} returning id", values)).scalars().all()  # noqa: S608
    for column, context in ((c, x) for t, c, x in _SEALED if t == table):
        found = await db.execute(f"select id, {column} as sealed from {table} where id = any(:ids)", {"ids": list(rows)})  # noqa: S608
        for row in found.all():
            if row.sealed:
                sealed = encrypt(new_key, decrypt(key, row.sealed, context), context)
                await db.execute(f"update {table} set {column} = :sealed where id = :id", {"sealed": sealed, "id": row.id})  # noqa: S608
    return list(rows)


_SINGLE = (
    *("name", "language", "timezone", "birthday", "verified_at", "blocked_at", "block_reason"),
    *("restriction", "restricted_until"),
)


async def _join_profiles(db: Db, pair: _Pair) -> dict[str, Any]:
    """Fill what the target lacks; a block of either holds for the one person they are. Gives what was added."""
    source, target = pair.source, pair.target
    filled = {name: getattr(source, name) for name in _SINGLE if getattr(source, name) and not getattr(target, name)}
    tags = [tag for tag in source.tags if tag not in target.tags]
    attributes = {name: value for name, value in source.attributes.items() if name not in target.attributes}
    consent = {name: value for name, value in source.consent.items() if name not in target.consent}
    sets = ["tags = cast(:tags as jsonb)", "attributes = cast(:attributes as jsonb)", "consent = cast(:consent as jsonb)"]
    sets += [f"{name} = :{name}" for name in filled]
    changes = bool(filled or tags or attributes or consent)
    await db.execute(
        f"update customers set {', '.join(sets)}, version = version + :step, last_seen_at = greatest(last_seen_at, :seen) "  # noqa: S608
        "where id = :id",
        {
            **filled,
            "tags": json.dumps([*target.tags, *tags]),
            "attributes": json.dumps({**target.attributes, **attributes}),
            "consent": json.dumps({**target.consent, **consent}),
            "step": int(changes),
            "seen": source.last_seen_at,
            "id": target.id,
        },
    )
    return {"filled": filled, "tags": tags, "attributes": attributes, "consent": consent, "seen": target.last_seen_at}


async def _part_profiles(db: Db, pair: _Pair, added: dict[str, Any]) -> None:
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
