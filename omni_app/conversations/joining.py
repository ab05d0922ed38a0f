"""Join two customers who turned out to be one person. `parting` takes it back.

Everything of `from` moves to `into`; what is encrypted under one customer's data key is encrypted anew under the other's. The row
of `from` stays as a shell with its own key, name and tags, so that an undo finds it as it was.
"""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import text

from omni_app import audit
from omni_app.conversations.moving import OWNED, Pair, forth, give_point, lock_pair, move_owned, move_threads, seal_notes
from omni_app.conversations.parting import undo_join
from omni_app.customers.jobs import RefreshTrust
from omni_app.customers.suggesting import suggest
from omni_app.infra import live
from omni_app.infra.clock import now
from omni_app.infra.database import Db
from omni_app.infra.errors import Conflict, Invalid, NotFound
from omni_app.infra.ids import new_id
from omni_app.infra.jobs import enqueue
from omni_app.infra.scope import Permission

__all__ = ["TELLING", "accept_suggestion", "are_two_people", "join_by_staff", "join_customers", "join_twins", "undo_join"]

_POINTS = text("select * from contact_points where customer_id in (:from_id, :into_id) order by created_at, id")
_DONE = text(
    "select id from merges where from_id = :from_id and into_id = :into_id and undone_at is null order by created_at desc limit 1"
)
_DECIDE = text(
    """update merge_suggestions set status = 'joined', decided_by = :by, decided_at = :now
       where one_id = least(cast(:a as uuid), cast(:b as uuid)) and other_id = greatest(cast(:a as uuid), cast(:b as uuid))"""
)

# Kinds of which one person has one for us: two customers with different ones are two people until staff say otherwise.
TELLING = (("email", ""), ("external", "site"))

# A messenger's own id is as good as a name: two customers with different ones of the same messenger are two people. (The ids of
# the chat are browsers, those of e-mail unproven senders: one person has many. So it is with phone numbers.)
_ACCOUNTS = (("external", "whatsapp"), ("external", "telegram"), ("external", "instagram"))


async def join_customers(db: Db, from_id: UUID, into_id: UUID, evidence: str) -> UUID:
    """Move everything of `from_id` to `into_id` and remember what moved; `from_id` stays as an empty shell. Gives the merge's id.

    Done twice it does it once. `evidence` says in words why they are one person. Raises `NotFound`, `Forbidden`, and `Conflict`
    when one of them is a shell of somebody else, or when both have proven, different e-mails, site ids or accounts of one
    messenger and no member of staff decided.
    """
    db.scope.require(Permission.REPLY)
    if from_id == into_id:
        raise Conflict("This is the same customer.")
    pair = await lock_pair(db, from_id, into_id)
    if pair.source.merged_into_id == into_id:
        done = (await db.execute(_DONE, {"from_id": from_id, "into_id": into_id})).scalar_one_or_none()
        if done is not None:
            return UUID(str(done))
    if pair.source.merged_into_id is not None or pair.target.merged_into_id is not None:
        raise Conflict("One of the two was joined with another customer already.")
    points = (await db.execute(_POINTS, {"from_id": from_id, "into_id": into_id})).mappings().all()
    if db.scope.actor.kind not in {"member", "api_key"} and _are_two_people(points, from_id):
        raise Conflict("Both have proven addresses that differ. Somebody of your team can join them.")
    way = forth(pair)
    threads = (await db.execute("select id from conversations where customer_id = :id", {"id": from_id})).scalars().all()
    moved: dict[str, Any] = {"conversations": list(threads)}
    moved |= await _move_points(db, pair, [dict(point) for point in points])
    await move_threads(db, way, list(threads))
    moved["notes"] = await seal_notes(db, way, list(threads))
    for table in OWNED:
        moved[table] = await move_owned(db, table, way)
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
    await db.execute(_DECIDE, {"a": from_id, "b": into_id, "by": db.scope.actor.name, "now": now()})
    after = {"from": str(from_id), "evidence": evidence[:300], "conversations": len(threads)}
    await audit.record(db, "customer.merged", "customer", into_id, after=after)
    await enqueue(db, RefreshTrust(customer_id=into_id))
    for customer_id in (from_id, into_id):
        live.publish(db, "customer.changed", customer_id=customer_id)
    return merge_id


async def join_twins(db: Db, customer_id: UUID, twins: tuple[UUID, ...], channel: str) -> int:
    """Join into `customer_id` those whom the same sender's proven identifiers lead to (`Recognised.twins`); where their own ids
    conflict it becomes a suggestion. Gives how many were joined: recognise the sender anew then.

    Raises `Forbidden`; `Conflict` and `NotFound` when one of them was joined or erased meanwhile: start over.
    """
    db.scope.require(Permission.REPLY)
    joined = 0
    for twin_id in twins:
        if await are_two_people(db, twin_id, customer_id):
            await suggest(
                db, twin_id, customer_id, f"One sender on {channel} has an identifier of each, but they differ otherwise."
            )
        else:
            await join_customers(db, twin_id, customer_id, f"{channel} vouches for an identifier of each, of one sender")
            joined += 1
    return joined


async def join_by_staff(db: Db, from_id: UUID, into_id: UUID, reason: str) -> UUID:
    """Join two customers because somebody of the team knows they are one. `reason` in their words, up to 200 characters.

    Raises `Invalid` (field `reason`) and as `join_customers`; a machine may not.
    """
    db.scope.require(Permission.REPLY)
    why = " ".join(reason.replace("\x00", "").split())
    if not 1 <= len(why) <= 200:
        raise Invalid("Say how you know, in 1 to 200 characters.", "reason")
    if db.scope.actor.kind != "member":
        raise Conflict("Only somebody of your team can decide this.")
    return await join_customers(db, from_id, into_id, why)


async def accept_suggestion(db: Db, suggestion_id: UUID, into_id: UUID) -> UUID:
    """Join the suggested two; `into_id` is the one who stays. Those joined since stand for whom they were joined into.

    Raises `NotFound`, `Forbidden`, and `Conflict` when it was decided already or `into_id` is neither of the two.
    """
    db.scope.require(Permission.REPLY)
    found = await db.execute(
        """select s.status, s.evidence, coalesce(a.merged_into_id, a.id) as one, coalesce(b.merged_into_id, b.id) as other
           from merge_suggestions s join customers a on a.id = s.one_id join customers b on b.id = s.other_id
           where s.id = :id for update of s""",
        {"id": suggestion_id},
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound("suggestion")
    if row.status != "open" or row.one == row.other:
        raise Conflict("This was decided already.")
    if into_id not in (row.one, row.other):
        raise Conflict("This suggestion is about somebody else.")
    merge_id = await join_customers(db, row.other if row.one == into_id else row.one, into_id, row.evidence)
    await db.execute(
        "update merge_suggestions set status = 'joined', decided_by = :by, decided_at = :now where id = :id",
        {"by": db.scope.actor.name, "now": now(), "id": suggestion_id},
    )
    return merge_id


async def are_two_people(db: Db, one_id: UUID, other_id: UUID) -> bool:
    """Whether both customers have different proven addresses of one telling kind (e-mail, site id, account of one messenger).
    Then only staff may join them."""
    points = (await db.execute(_POINTS, {"from_id": one_id, "into_id": other_id})).mappings().all()
    return _are_two_people(points, one_id)


def _are_two_people(points: Any, one_id: UUID) -> bool:
    for kind, channel in (*TELLING, *_ACCOUNTS):
        proven = [p for p in points if (p["kind"], p["channel"], p["proof"]) == (kind, channel, "proven")]
        if {p["customer_id"] == one_id for p in proven} == {True, False}:
            return True
    return False


def _place(point: Any) -> tuple[str, str, str]:
    return point["kind"], point["channel"], point["value_index"]


async def _move_points(db: Db, pair: Pair, points: list[dict[str, Any]]) -> dict[str, Any]:
    """Move addresses; of two that are the same, a claim gives way and its conversations answer to the other. Proven twice cannot
    be."""
    mine = [point for point in points if point["customer_id"] == pair.source.id]
    theirs = {_place(point): point for point in points if point["customer_id"] == pair.target.id}
    dropped: list[dict[str, Any]] = []
    moved: list[UUID] = []
    rerouted: dict[str, str] = {}
    for point in mine:
        twin = theirs.get(_place(point))
        loser = None if twin is None else twin if point["proof"] == "proven" else point
        if twin is not None and loser is not None:
            dropped.append({**loser, "created_at": loser["created_at"].isoformat()})
            winner = point if loser is twin else twin
            threads = await db.execute(
                "update conversations set contact_point_id = :winner where contact_point_id = :loser returning id",
                {"winner": winner["id"], "loser": loser["id"]},
            )
            rerouted |= {str(thread_id): str(loser["id"]) for thread_id in threads.scalars()}
            await db.execute("delete from contact_points where id = :id", {"id": loser["id"]})
        if loser is not point:
            moved.append(point["id"])
            await give_point(db, forth(pair), point["id"], point["value"])
    return {"contact_points": moved, "dropped_points": dropped, "rerouted": rerouted}


_SINGLE = (
    *("name", "language", "timezone", "birthday", "verified_at", "blocked_at", "block_reason"),
    *("restriction", "restricted_until"),
)


async def _join_profiles(db: Db, pair: Pair) -> dict[str, Any]:
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
