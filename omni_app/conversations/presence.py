"""Who is here now: visitors with an open widget, staff who look at or write in a conversation. Kept in Redis for seconds.

Each mark carries the moment it ends, so a process that dies leaves nobody behind. While Redis is away nobody is here: presence
is a hint, never a reason to fail.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from redis.exceptions import RedisError

from omni_app.infra.clock import now
from omni_app.infra.live import publish_now
from omni_app.infra.log import get_logger
from omni_app.infra.redis import key, redis_client

log = get_logger(__name__)

Who = Literal["assistant", "staff", "customer"]

VIEWING = timedelta(seconds=25)
TYPING = timedelta(seconds=5)
HERE = timedelta(seconds=40)


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewing:
    """A member who has a conversation open."""

    member_id: UUID
    name: str
    is_typing: bool


def _key(what: str, business_id: UUID, conversation_id: UUID) -> str:
    return key(what, str(business_id), str(conversation_id))


async def mark_viewing(business_id: UUID, conversation_id: UUID, member_id: UUID, name: str, on: bool) -> None:
    """A member opened (or, with `on` False, left) a conversation; call it again within `VIEWING` to stay.

    Others are told (`viewing.changed`) when this is news to them.
    """
    viewing, names = (_key(what, business_id, conversation_id) for what in ("viewing", "viewing-names"))
    member, at = str(member_id), now().timestamp()
    try:
        async with redis_client().pipeline(transaction=True) as pipe:
            pipe.zscore(viewing, member)
            if on:
                pipe.zadd(viewing, {member: at + VIEWING.total_seconds()})
                pipe.hset(names, member, name)
                pipe.expire(viewing, VIEWING)
                pipe.expire(names, VIEWING)
            else:
                pipe.zrem(viewing, member)
                pipe.zrem(_key("typing", business_id, conversation_id), member)
            until, *_ = await pipe.execute()
    except RedisError as error:
        log.warning("viewing not marked", error=str(error))
        return
    if (until is not None and float(until) > at) is not on:
        await publish_now(business_id, "viewing.changed", conversation_id=conversation_id)


async def viewers(business_id: UUID, conversation_id: UUID) -> list[Viewing]:
    """Members who have this conversation open now, by name."""
    viewing, names, typing = (_key(what, business_id, conversation_id) for what in ("viewing", "viewing-names", "typing"))
    at = now().timestamp()
    try:
        async with redis_client().pipeline(transaction=False) as pipe:
            pipe.zrangebyscore(viewing, f"({at}", "+inf")
            pipe.hgetall(names)
            pipe.zrangebyscore(typing, f"({at}", "+inf")
            members, known, writing = await pipe.execute()
    except RedisError as error:
        log.warning("viewers not read", error=str(error))
        return []
    found = [
        Viewing(member_id=UUID(member.decode()), name=known.get(member, b"").decode(), is_typing=member in writing)
        for member in members
    ]
    return sorted(found, key=lambda viewing: (viewing.name, str(viewing.member_id)))


async def show_typing(
    business_id: UUID, conversation_id: UUID, who: Who, name: str, on: bool, member_id: UUID | None = None
) -> None:
    """Tell everybody that somebody writes (or stopped): `typing.changed`. Say it again within `TYPING` to stay.

    A member's mark is kept for `viewers` too; those of the assistant and of the customer live only in the note.
    """
    if member_id is not None:
        typing = _key("typing", business_id, conversation_id)
        try:
            async with redis_client().pipeline(transaction=True) as pipe:
                if on:
                    pipe.zadd(typing, {str(member_id): now().timestamp() + TYPING.total_seconds()})
                    pipe.expire(typing, TYPING)
                else:
                    pipe.zrem(typing, str(member_id))
                await pipe.execute()
        except RedisError as error:
            log.warning("typing not marked", error=str(error))
    told = {"member_id": member_id} if member_id is not None else {}
    await publish_now(
        business_id, "typing.changed", conversation_id=conversation_id, who=who, name=name, on="1" if on else "0", **told
    )


async def visitors_are_here(here: Iterable[tuple[UUID, UUID]]) -> None:
    """These (business id, conversation id) have an open widget; call it again within `HERE`. One round trip for all."""
    try:
        async with redis_client().pipeline(transaction=False) as pipe:
            for business_id, conversation_id in here:
                pipe.set(_key("here", business_id, conversation_id), 1, ex=HERE)
            if len(pipe):
                await pipe.execute()
    except RedisError as error:
        log.warning("open widgets not marked", error=str(error))


async def visitor_is_here(business_id: UUID, conversation_id: UUID) -> None:
    """A customer opened the widget: mark it and tell the inbox (`viewing.changed`)."""
    await visitors_are_here([(business_id, conversation_id)])
    await publish_now(business_id, "viewing.changed", conversation_id=conversation_id)


async def visitor_has_left(business_id: UUID, conversation_id: UUID) -> None:
    """The last tab of a customer was closed: forget the mark and tell the inbox (`viewing.changed`)."""
    try:
        await redis_client().delete(_key("here", business_id, conversation_id))
    except RedisError as error:
        log.warning("leaving not marked", error=str(error))
    await publish_now(business_id, "viewing.changed", conversation_id=conversation_id)


async def are_here(business_id: UUID, conversation_ids: Collection[UUID]) -> set[UUID]:
    """Those of the conversations whose customer has the widget open now."""
    if not conversation_ids:
        return set()
    ids = list(conversation_ids)
    try:
        marks = await redis_client().mget([_key("here", business_id, conversation_id) for conversation_id in ids])
    except RedisError as error:
        log.warning("open widgets not read", error=str(error))
        return set()
    return {conversation_id for conversation_id, mark in zip(ids, marks, strict=True) if mark is not None}
