"""`Idempotency-Key`: the same request sent again within 24 hours gets the first answer again."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from fastapi.responses import JSONResponse
from sqlalchemy import text

from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.errors import Conflict, Invalid
from omni_app.infra.scope import Scope

KEPT = timedelta(hours=24)
# While the first request is at work its twin is told to wait; a crashed first request frees the key after this.
HELD = timedelta(seconds=60)

_CLAIM = text(
    """
    insert into idempotency_keys as k (business_id, caller_id, key, request_hash, status, body, created_at, held_until)
    values (:business_id, :caller_id, :key, :hash, null, '{}', :now, :until)
    on conflict (caller_id, key) do update set
      request_hash = excluded.request_hash, status = null, body = '{}', created_at = excluded.created_at,
      held_until = excluded.held_until
    where k.created_at < :expired or (k.status is null and k.held_until < :now and k.request_hash = excluded.request_hash)
    returning true
    """
)
_READ = text("select request_hash, status, body from idempotency_keys where caller_id = :caller_id and key = :key")
_STORE = text(
    """update idempotency_keys set status = :status, body = cast(:body as jsonb), held_until = null
       where caller_id = :caller_id and key = :key"""
)
_DROP = text("delete from idempotency_keys where caller_id = :caller_id and key = :key and status is null")


async def run_once(
    scope: Scope, key: str | None, request: Any, work: Callable[[], Awaitable[JSONResponse]], *, held: timedelta = HELD
) -> JSONResponse:
    """Run `work` unless the caller sent the same `key` before; then give the stored answer with `Idempotency-Replayed: true`.

    `held`: how long a key whose process died stays taken; short where `work` itself does a repeat once.
    Raises `Invalid` for an unusable key and `Conflict` when the key belongs to another request or the first one is at work.
    Only what was done is kept: a refusal stored nothing, and what was refused may be allowed the next time.
    """
    if key is None:
        return await work()
    if not 1 <= len(key) <= 200 or not key.isprintable():
        raise Invalid("An Idempotency-Key has 1 to 200 printable characters.", "Idempotency-Key")
    caller_id = scope.actor.id
    digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    at = now()
    async with open_db(scope) as db:
        values = {
            "business_id": scope.business_id,
            "caller_id": caller_id,
            "key": key,
            "hash": digest,
            "now": at,
            "until": at + held,
            "expired": at - KEPT,
        }
        is_ours = (await db.execute(_CLAIM, values)).one_or_none() is not None
        known = None if is_ours else (await db.execute(_READ, {"caller_id": caller_id, "key": key})).one_or_none()
    if known is not None:
        if known.request_hash != digest:
            raise Conflict("This Idempotency-Key was used for a different request.")
        if known.status is None:
            raise Conflict("The first request with this Idempotency-Key is still at work. Try again in a moment.")
        return JSONResponse(known.body, known.status, headers={"Idempotency-Replayed": "true"})
    try:
        response = await work()
    except BaseException:
        await _finish(scope, _DROP, {"caller_id": caller_id, "key": key})
        raise
    stored = {"caller_id": caller_id, "key": key, "status": response.status_code, "body": bytes(response.body).decode()}
    await _finish(scope, _STORE, stored)
    return response


async def _finish(scope: Scope, statement: Any, values: dict[str, Any]) -> None:
    async with open_db(scope) as db:
        await db.execute(statement, values)
