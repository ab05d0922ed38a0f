"""The simulator's HTTP interface: each provider below its own prefix, the control API below /control."""

from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from embedded.sandbox.control import Control
from embedded.sandbox.exotel import Exotel
from embedded.sandbox.instagram import Instagram
from embedded.sandbox.sendgrid import SendGrid
from embedded.sandbox.smtp import Mailbox
from embedded.sandbox.store import Store
from embedded.sandbox.telegram import Telegram
from embedded.sandbox.twilio import Twilio
from embedded.sandbox.whatsapp import WhatsApp
from embedded.sandbox.world import Provider, World

PROVIDERS: tuple[Callable[[World], Provider], ...] = (
    # Both are on the Graph: an Instagram account is known by the form of its id, so it is asked first.
    Instagram,
    WhatsApp,
    SendGrid,
    Mailbox,
    Telegram,
    Twilio,
    Exotel,
)
_MOUNTS = {"whatsapp": "/graph", "instagram": "/graph"}


def make_world(path: Path | str, *, public: str = "", local: str = "") -> World:
    """A world kept at `path` with every provider in it."""
    world = World(Store(path), public, local)
    for make in PROVIDERS:
        provider = make(world)
        world.providers[provider.kind] = provider
    return world


def make_app(world: World, token: str) -> Starlette:
    """The ASGI app of a world."""
    mounted: dict[str, list[BaseRoute]] = {}
    for kind, provider in world.providers.items():
        mounted.setdefault(_MOUNTS.get(kind, f"/{kind}"), []).extend(provider.routes())
    routes: list[BaseRoute] = [Route("/", _greet), Mount("/control", routes=Control(world, token).routes())]
    routes += [Mount(prefix, routes=found) for prefix, found in mounted.items() if found]
    return Starlette(routes=routes)


async def _greet(request: Request) -> Response:
    return JSONResponse({"sandbox": "omni"})
