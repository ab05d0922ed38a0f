"""`python -m embedded.sandbox`: the provider simulator of one OMNI_HOME, on 127.0.0.1 only."""

import asyncio
import gc
import os
import signal
import sys
from urllib.parse import urlsplit

import uvloop

from embedded.sandbox.access import read_token
from embedded.sandbox.app import make_app, make_world
from embedded.sandbox.http_server import HttpServer
from embedded.sandbox.imap import ImapServer
from embedded.sandbox.smtp import Mailbox
from omni_app.settings import Settings, load_settings


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
    mailbox = world.providers["smtp"]
    assert isinstance(mailbox, Mailbox)
    servers = [
        await mailbox.listen(settings.sandbox_smtp_port),
        await ImapServer(mailbox).listen(settings.sandbox_imap_port),
    ]
    smtp, imap = (int(server.sockets[0].getsockname()[1]) for server in servers)
    world.mail_ports |= {"smtp": smtp, "imap": imap}
    world.base = f"http://127.0.0.1:{port}"
    world.hooks.resume()
    print(f"sandbox on 127.0.0.1: HTTP {port}, SMTP {smtp}, IMAP {imap}", flush=True)
    await done.wait()
    for server in servers:
        server.close()
    await web.stop()
    await world.stop()


def main() -> int:
    # The file of threads and keys is nobody else's.
    os.umask(0o077)
    # What is imported stays: collecting it again and again would only take time.
    gc.freeze()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(load_settings()))
    except OSError as error:
        print(f"sandbox cannot start: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
