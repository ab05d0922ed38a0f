"""`python -m embedded.sandbox`: the provider simulator of one OMNI_HOME, on 127.0.0.1 only."""

import asyncio
import contextlib
import gc
import os
import secrets
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

from embedded.sandbox.app import make_app, make_world
from embedded.sandbox.http_server import HttpServer
from omni_app.settings import Settings, load_settings


def read_token(home: Path) -> str:
    """The token of the control API, kept in OMNI_HOME/sandbox.token (0600) and made when it is missing."""
    path = home / "sandbox.token"
    with contextlib.suppress(FileNotFoundError):
        if token := path.read_text().strip():
            return token
    token = secrets.token_urlsafe(32)
    part = path.with_suffix(".token.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(token)
    part.replace(path)
    return token


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Raises OSError when a port is taken."""
    settings.home.mkdir(parents=True, exist_ok=True)
    token = settings.sandbox_token.get_secret_value() if settings.sandbox_token else read_token(settings.home)
    world = make_world(settings.home / "sandbox.db", public=settings.base_url, local=f"http://127.0.0.1:{settings.port}")
    done = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, done.set)
    web = HttpServer(make_app(world, token))
    port = await web.start(urlsplit(settings.sandbox_url or "").port or settings.port + 1)
    world.hooks.resume()
    print(f"sandbox on 127.0.0.1: HTTP {port}", flush=True)
    await done.wait()
    await web.stop()
    await world.stop()


def main() -> int:
    # What is imported stays: collecting it again and again would only take time.
    gc.freeze()
    try:
        asyncio.run(serve(load_settings()))
    except OSError as error:
        print(f"sandbox cannot start: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
