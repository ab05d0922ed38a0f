"""The floor of a webhook: the same app, edge and coalesced insert, one HMAC by a constant key in place of everything else."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

from omni_app.api.app import create_api
from omni_app.api.lifespan import lifespan
from omni_app.api.middleware import Edge
from omni_app.channels.contract import RawEvent
from omni_app.channels.receipts import record
from omni_app.infra.clock import now

_KEY = b"the same for everybody"


def _app() -> Edge:
    api: FastAPI = create_api()
    # Before the address that answers every other webhook path with 404.
    routes = api.router.routes

    @api.post("/webhooks/floor/{business_id}/{connection_id}")
    async def floor(business_id: UUID, connection_id: UUID, request: Request) -> PlainTextResponse:
        body = await request.body()
        key = hmac.new(_KEY, body, hashlib.sha256).hexdigest()
        await record(business_id, connection_id, "floor", [RawEvent(key=key, body=body)], now())
        return PlainTextResponse("")

    routes.insert(0, routes.pop())

    @asynccontextmanager
    async def start(_: FastAPI) -> AsyncIterator[None]:
        async with lifespan():
            yield

    api.router.lifespan_context = start
    return Edge(api)


app = _app()
