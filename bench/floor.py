"""The floors of a turn: the same web stack, edge, key look-up, engine and role, doing as little as can be done.

floor-1: an authenticated POST with one committed, scoped INSERT. floor-2: the same and one local embedding.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy import text

from omni_app.api.access import KeyScope
from omni_app.api.app import create_api
from omni_app.api.lifespan import lifespan
from omni_app.api.middleware import Edge
from omni_app.infra.clock import now
from omni_app.infra.database import open_db
from omni_app.infra.ids import new_id
from omni_app.infra.scope import Scope
from omni_app.llm.embedding import embed_one

_INSERT = text(
    """insert into cached_answers
         (id, business_id, question_hash, knowledge_version, text, source, sources, created_at, expires_at)
       values (:id, :business_id, :hash, 0, 'floor', 'none', '[]', :now, :now)"""
)


async def _insert(scope: Scope) -> None:
    async with open_db(scope) as db:
        row_id = new_id()
        await db.execute(_INSERT, {"id": row_id, "business_id": scope.business_id, "hash": f"floor-{row_id}", "now": now()})


def _app() -> Edge:
    api: FastAPI = create_api()
    api.router.routes[:] = [route for route in api.router.routes if getattr(route, "path", "") != "/api/{rest:path}"]

    @api.post("/api/floor1")
    async def floor1(request: Request, scope: KeyScope) -> JSONResponse:
        json.loads(await request.body())
        await _insert(scope)
        return JSONResponse({"success": True, "data": {}})

    @api.post("/api/floor2")
    async def floor2(request: Request, scope: KeyScope) -> JSONResponse:
        body = json.loads(await request.body())
        await embed_one(body["text"])
        await _insert(scope)
        return JSONResponse({"success": True, "data": {}})

    @asynccontextmanager
    async def start(_: FastAPI) -> AsyncIterator[None]:
        async with lifespan():
            yield

    api.router.lifespan_context = start
    return Edge(api)


app = _app()
