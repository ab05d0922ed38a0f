"""A member of staff as a process beside an Omni: connects a simulated account, and decides about messages nobody can tell of.

`python -m tests.run.channel_staff` with the environment of the web process. It reads one line of JSON (the simulated account),
prints the webhook address, and works until its input ends.
"""

import asyncio
import json
import sys
from typing import Any
from uuid import UUID

import httpx2

from omni_app.channels.connections import create_connection, load_connection
from omni_app.conversations.delivery import list_unknown, mark_arrived, retry_delivery
from omni_app.infra.database import close_engines, open_db, open_engines, system_db
from omni_app.infra.errors import Conflict, NotFound
from omni_app.infra.log import configure_logging
from omni_app.infra.redis import close_redis
from omni_app.infra.scope import Scope, system_scope
from omni_app.settings import load_settings

PAUSE_SECONDS = 0.5
# Kind of adapter -> its field for each credential of the simulated account.
FIELDS = {
    "whatsapp": {
        "phone_number_id": "phone_number_id",
        "business_account_id": "waba_id",
        "access_token": "access_token",
        "app_secret": "app_secret",
        "verify_token": "verify_token",
    },
}


async def connect(account: dict[str, Any]) -> tuple[Scope, str]:
    """The scope of the demo business and the address its provider sends webhooks to."""
    async with system_db("soak: business") as db:
        business_id = (await db.execute("select id from businesses order by created_at limit 1")).scalar_one()
    scope = system_scope(UUID(str(business_id)))
    kind = str(account["provider"])
    values = {name: str(account["credentials"][credential]) for name, credential in FIELDS[kind].items()}
    async with open_db(scope) as db:
        connection_id = await create_connection(db, kind, "Soak", values, is_sandbox=True)
        view = await load_connection(db, connection_id)
    return scope, view.webhooks[0].url


async def decide(scope: Scope, client: httpx2.AsyncClient) -> None:
    """Look up in the provider's own list what became of each message staff are asked about."""
    async with open_db(scope) as db:
        asked = await list_unknown(db)
    if not asked:
        return
    outbox = (await client.get("/outbox", params={"limit": "50000"})).text
    for message in asked:
        async with open_db(scope) as db:
            parts = (
                await db.execute(
                    "select id from deliveries where message_id = :id and status = 'unknown'", {"id": message.message_id}
                )
            ).scalars()
            has_arrived = all(str(part) in outbox for part in parts)
            try:
                await (mark_arrived if has_arrived else retry_delivery)(db, message.message_id)
            except (Conflict, NotFound):
                # A status was quicker.
                continue
        print("arrived" if has_arrived else "sent again", file=sys.stderr, flush=True)


async def main() -> None:
    configure_logging("staff", "WARNING")
    open_engines()
    account = json.loads(await asyncio.to_thread(sys.stdin.readline))
    scope, url = await connect(account)
    print(url, flush=True)
    settings = load_settings()
    assert settings.sandbox_token is not None
    over = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    token = settings.sandbox_token.get_secret_value()
    async with httpx2.AsyncClient(
        base_url=f"{settings.sandbox_url}/control", headers={"authorization": f"Bearer {token}"}, trust_env=False, timeout=30
    ) as client:
        while not over.done():
            try:
                await decide(scope, client)
            except Exception as error:
                print(f"not now: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            await asyncio.wait({over}, timeout=PAUSE_SECONDS)
    await close_engines()
    await close_redis()


if __name__ == "__main__":
    asyncio.run(main())
