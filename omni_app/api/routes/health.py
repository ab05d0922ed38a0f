"""/health, /ready, /live, /metrics."""

import asyncio
import hmac
import ipaddress
import time
from typing import Any

import psutil
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.exceptions import RedisError
from sqlalchemy import text

from omni_app.infra.database import app_engine, read_system
from omni_app.infra.errors import Forbidden
from omni_app.infra.log import get_logger
from omni_app.infra.metrics import DEAD_JOBS, QUEUE_AGE, QUEUE_SIZE
from omni_app.infra.redis import key, redis_client
from omni_app.llm.registry import find_language_model
from omni_app.settings import load_settings

router = APIRouter(tags=["Operations"])
log = get_logger(__name__)

# The queue counts as late when its oldest job waits longer than the sweep takes to send it twice.
LATE_SECONDS = 90.0
_process = psutil.Process()

_QUEUE = text(
    """
    select count(*) filter (where dead_at is null) as waiting, count(*) filter (where dead_at is not null) as dead,
      coalesce(extract(epoch from now() - min(available_at) filter (where dead_at is null and available_at <= now())), 0) as age
    from outbox
    """
)


async def _database() -> dict[str, Any]:
    started = time.perf_counter()
    async with asyncio.timeout(4), app_engine().connect() as connection:
        await connection.execute(text("select 1"))
    return {"status": "up", "ms": round((time.perf_counter() - started) * 1000, 1)}


async def _redis() -> dict[str, Any]:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(4):
            await redis_client().get(key("beat", "worker"))
    except (RedisError, OSError, TimeoutError) as error:
        return {"status": "down", "error": type(error).__name__}
    return {"status": "up", "ms": round((time.perf_counter() - started) * 1000, 1)}


async def _queue() -> dict[str, Any]:
    async with asyncio.timeout(4), read_system("health: queue") as connection:
        row = (await connection.execute(_QUEUE)).one()
    QUEUE_AGE.set(float(row.age))
    QUEUE_SIZE.set(row.waiting)
    DEAD_JOBS.set(row.dead)
    status = "late" if float(row.age) > LATE_SECONDS else "up"
    return {"status": status, "waiting": row.waiting, "dead": row.dead, "oldest_seconds": round(float(row.age), 1)}


async def _beats() -> dict[str, Any]:
    """Worker and scheduler leave a sign of life in Redis every few seconds."""
    try:
        worker, scheduler = await redis_client().mget(key("beat", "worker"), key("beat", "scheduler"))
    except (RedisError, OSError):
        return {"worker": {"status": "unknown"}, "scheduler": {"status": "unknown"}}
    return {"worker": {"status": "up" if worker else "down"}, "scheduler": {"status": "up" if scheduler else "down"}}


def _may_measure(request: Request) -> bool:
    token, given = load_settings().metrics_token, request.headers.get("authorization", "")
    if token is not None and token.get_secret_value():
        wanted = f"Bearer {token.get_secret_value()}"
        if hmac.compare_digest(given.encode(), wanted.encode()):
            return True
    # A proxy on this machine has an address of this machine for everybody, and says for whom it asks.
    is_passed_on = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip", "via"))
    return not is_passed_on and request.client is not None and _is_loopback(request.client.host)


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


@router.get("/health", summary="State of every part", responses={503: {"description": "The database is away"}})
async def health() -> JSONResponse:
    """200 with the state of every part; 503 only when the database is away."""
    parts: dict[str, Any] = {}
    try:
        parts["database"] = await _database()
        parts["queue"] = await _queue()
    except Exception as error:
        log.warning("health: database away", error=type(error).__name__)
        parts["database"] = {"status": "down", "error": type(error).__name__}
    parts["redis"] = await _redis()
    parts |= await _beats()
    model = find_language_model()
    parts["model"] = {"status": "up", "name": model.name if model else "local FAQs"}
    memory = psutil.virtual_memory()
    parts["memory"] = {"process_mb": round(_process.memory_info().rss / 1e6), "machine_free_mb": round(memory.available / 1e6)}
    parts["cpu"] = {"percent": psutil.cpu_percent(interval=None)}
    is_away = parts["database"]["status"] == "down"
    healthy = all(part.get("status", "up") == "up" for part in parts.values())
    status = "down" if is_away else "ok" if healthy else "degraded"
    return JSONResponse({"status": status, "parts": parts}, 503 if is_away else 200)


@router.get("/ready", summary="May traffic be sent here", responses={503: {"description": "Not now"}})
async def ready() -> JSONResponse:
    """200 when this process can answer: the database is reached."""
    try:
        await _database()
    except Exception:
        return JSONResponse({"status": "not ready"}, 503)
    return JSONResponse({"status": "ready"})


@router.get("/live", summary="Is the process alive")
async def live() -> JSONResponse:
    return JSONResponse({"status": "alive"})


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=PlainTextResponse,
    responses={403: {"description": "Neither from this machine nor with METRICS_TOKEN"}},
)
async def metrics(request: Request) -> Response:
    """Counters and times of this process, for this machine, and for who sends `METRICS_TOKEN` as a bearer token."""
    if not _may_measure(request):
        raise Forbidden("Ask from this machine, or send METRICS_TOKEN as a bearer token.")
    try:
        await _queue()
    except Exception:
        log.warning("metrics: queue not read")
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
