"""`python -m omni_app.serve`: the web process. Granian serves pages, API and sockets from the prebuilt bundle on one port.

Imports nothing of Reflex, so Granian's main process stays small and its workers are forked clean. The bundle comes from
`python -m tools.build_frontend`; without it pages are 404 and the API works.
"""

import ctypes
import gc
import importlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server import Server

from omni_app.settings import ROOT, load_settings

# Seconds an open stream may hold up a stop; the supervisor waits a little longer.
KILL_TIMEOUT_SECONDS = 4
PR_SET_PDEATHSIG = 1
# Requests and open sockets of one worker.
MOST_OPEN = 20_000


def load_app(target: str) -> Callable[..., Any]:
    """Import `module:factory` in a forked worker and return the ASGI app it makes.

    A worker whose Granian main process was killed must not serve on: SIGTERM would hang in its own shutdown, SIGKILL does not.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    module, _, factory = target.partition(":")
    # All that a start makes stays: looking through it for garbage again and again is a seventh of the start.
    gc.disable()
    app: Callable[..., Any] = getattr(importlib.import_module(module), factory)()
    gc.freeze()
    gc.enable()
    return app


def main() -> None:
    settings = load_settings()
    os.chdir(ROOT)
    # Two of these are Reflex's internal variables, hence the leading underscores: serve what was built, compile nothing.
    os.environ["REFLEX_ENV_MODE"] = "prod"
    os.environ["__REFLEX_SKIP_COMPILE"] = "true"
    os.environ["__REFLEX_MOUNT_FRONTEND_COMPILED_APP"] = "true"
    Server(
        target="omni_app.omni_app:app",
        factory=True,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        address=settings.host,
        port=settings.port,
        workers=settings.web_workers,
        # An open widget counts as a request that is being answered; the default of 1,024 would leave no place for pages.
        backpressure=MOST_OPEN,
        workers_kill_timeout=KILL_TIMEOUT_SECONDS,
        respawn_failed_workers=True,
        log_level=LogLevels.warning,
    ).serve(target_loader=load_app)


if __name__ == "__main__":
    main()
