"""`python -m embedded.supervisor`: starts everything in order, keeps it running, stops it within ten seconds.

Order: lock → end leftovers → is the port free? → data folders → Redis, the provider simulator, PostgreSQL → roles → one process
that migrates and seeds (the model file is built beside it) → web, worker, scheduler → /health answers → print the address → wait
for a signal.
"""

import asyncio
import http.client
import json
import os
import signal
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path

from embedded.addresses import Addresses, Misconfigured, child_environment, choose_addresses, choose_sandbox
from embedded.children import Child, Program
from embedded.home import Home, HomeInUse, database_account
from embedded.leftovers import Ledger
from embedded.postgres import Cluster, DatabaseNotReady
from embedded.redis import RedisNotReady, RedisServer
from embedded.sandbox.access import read_token
from omni_app.settings import ROOT, Settings, load_settings

PRODUCT_PATIENCE_SECONDS = 6.0
SERVER_PATIENCE_SECONDS = 3.0
# A machine with other work takes a minute for what takes ten seconds alone; a web process that cannot start says so at once.
HEALTH_PATIENCE_SECONDS = 300.0
MODEL_TOOL = "tools.model_file"


class CannotStart(Exception):
    """A reason to give up before serving, in the operator's words."""


def say(text: str) -> None:
    """One line for the terminal; a closed one must not end the supervisor."""
    try:
        print(text, flush=True)
    except OSError:
        # Whoever read our output has left; the logs in OMNI_HOME say the same.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


class Supervisor:
    """The children of one OMNI_HOME. `run` returns after everything has stopped."""

    def __init__(self, settings: Settings, home: Home, ledger: Ledger, addresses: Addresses) -> None:
        self._settings = settings
        self._home = home
        self._ledger = ledger
        self._addresses = addresses
        self._servers: list[Child] = []
        self._product: list[Child] = []
        self._began = time.monotonic()

    async def run(self) -> None:
        try:
            await self._start_servers()
            await self._prepare()
            await asyncio.gather(*[self._keep(name, module) for name, module in PRODUCT])
            await self._until_healthy()
            self._welcome()
            await asyncio.Event().wait()
        finally:
            await self._stop()

    def _child(self, program: Program) -> Child:
        return Child(program, self._ledger, say)

    def _module(self, name: str, module: str, *arguments: str, as_owner: bool = False) -> Child:
        return self._child(
            Program(
                name=name,
                command=[sys.executable, "-m", module, *arguments],
                log=self._home.log(name),
                cwd=ROOT,
                environment=child_environment(self._settings, self._addresses, as_owner=as_owner),
            )
        )

    async def _keep(self, name: str, module: str) -> None:
        child = self._module(name, module)
        self._product.append(child)
        await child.start_and_keep()

    async def _start_servers(self) -> None:
        cluster, server = self._addresses.cluster, self._addresses.redis
        if server is not None:
            await self._serve(Program(name="redis", command=server.command(), log=self._home.log("redis"), cwd=ROOT))
        if self._addresses.sandbox is not None:
            await self._keep("sandbox", "embedded.sandbox")
        if cluster is not None:
            cluster.ensure_data()
            await self._serve(
                Program(
                    name="postgres",
                    command=cluster.command(),
                    log=self._home.log("postgres"),
                    cwd=ROOT,
                    account=cluster.account,
                    stop_signal=signal.SIGINT,
                    parent_death_signal=signal.SIGINT,
                )
            )
            await asyncio.to_thread(cluster.wait_until_ready)
            await asyncio.to_thread(cluster.ensure_roles)
            await asyncio.to_thread(cluster.ensure_database)
        if server is not None:
            await asyncio.to_thread(server.wait_until_ready)
        if self._servers:
            say(f"  {' and '.join(child.program.name for child in self._servers)} up ({self._elapsed()})")

    async def _serve(self, program: Program) -> None:
        child = self._child(program)
        self._servers.append(child)
        await child.start_and_keep()

    async def _prepare(self) -> None:
        """Migrations and the demo business in one process, the model file in another beside it."""
        prepare = self._module("prepare", "omni_app.demo.prepare", as_owner=True)
        model = self._module("model", MODEL_TOOL)
        self._product += [prepare, model]
        await asyncio.gather(prepare.start(), model.start())
        for child in (prepare, model):
            if (code := await child.wait()) != 0:
                raise CannotStart(f"{child.program.name} failed (code {code}):\n{_last_lines(child.program.log)}")
            self._product.remove(child)
        say(f"  database migrated, model ready ({self._elapsed()})")

    async def _until_healthy(self) -> None:
        deadline = time.monotonic() + HEALTH_PATIENCE_SECONDS
        while await asyncio.to_thread(_health, self._settings) != 200:
            if time.monotonic() > deadline:
                log = self._home.path / "logs" / "web.log"
                raise CannotStart(f"/health did not answer 200 within {HEALTH_PATIENCE_SECONDS:g} s:\n{_last_lines(log)}")
            await asyncio.sleep(0.1)

    def _welcome(self) -> None:
        address = self._settings.base_url
        lines = [f"Omni is ready at {address} ({self._elapsed()})"]
        file = self._home.path / "demo.json"
        try:
            demo = json.loads(file.read_text())
            lines += [f"  {who:<8}{demo[who]['email']}  password {demo[who]['password']}" for who in ("owner", "agent")]
            lines += [f"  API key {demo['api_key']}", f"  website {address}/demo", f"  kept in {file}"]
        except (OSError, ValueError, KeyError):
            # A deployment without the demo business has no such file.
            pass
        say("\n".join([*lines, "Ctrl-C stops everything."]))

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._began:.1f} s"

    async def _stop(self) -> None:
        """The product first and together, then its servers; at most ten seconds in all."""
        await asyncio.gather(*[child.stop(PRODUCT_PATIENCE_SECONDS) for child in self._product])
        await asyncio.gather(*[child.stop(SERVER_PATIENCE_SECONDS) for child in self._servers])


PRODUCT = (("web", "omni_app.serve"), ("worker", "workers.main"), ("scheduler", "workers.schedule"))


def _health(settings: Settings) -> int:
    """The status of GET /health, 0 when nothing answers."""
    connection = http.client.HTTPConnection(_reachable(settings.host), settings.port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def _last_lines(log: Path, count: int = 20) -> str:
    try:
        return "\n".join(f"  {line}" for line in log.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return f"  (no {log})"


def _check_port(settings: Settings) -> None:
    """Raises `CannotStart` when the port is taken, before anything is started."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise CannotStart(
                f"port {settings.port} on {settings.host} cannot be used ({error.strerror}): set PORT to a free one, "
                f"for example `PORT={settings.port % 65535 + 1} make run`"
            ) from None


async def _until_signalled(supervisor: Supervisor) -> None:
    task = asyncio.current_task()
    assert task is not None
    signalled = False

    def stop(number: int) -> None:
        # Once only: a second Ctrl-C must not interrupt the orderly stop.
        nonlocal signalled
        if not signalled:
            signalled = True
            say(f"Stopping ({signal.Signals(number).name})")
            task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Under nohup the terminal's end is to be ignored.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            loop.add_signal_handler(number, stop, number)
    try:
        await supervisor.run()
    except asyncio.CancelledError:
        say("Everything has stopped")


def main() -> int:
    """The exit code: 0 after a signal, 1 when Omni could not start."""
    settings = load_settings()
    home = Home(settings.home)
    try:
        home.prepare()
        lock = home.lock()
    except HomeInUse as error:
        say(f"Omni cannot start: {error}. Stop it first, or set OMNI_HOME to another folder.")
        return 1
    except OSError as error:
        say(f"Omni cannot start: {error}")
        return 1
    with lock:
        ledger = Ledger(home.path / "children.json")
        ledger.end_leftovers(say=say)
        try:
            _check_port(settings)
            say(f"Omni starts in {home.path}")
            sockets = home.sockets()
            cluster = Cluster(data=home.path / "pg", sockets=sockets / "pg", account=database_account())
            server = RedisServer(data=home.path / "redis", socket=sockets / "redis.sock")
            addresses = choose_addresses(settings, cluster, server)
            addresses = replace(addresses, sandbox=choose_sandbox(settings, read_token(home.path)))
            if settings.omni_master_key is None:
                home.ensure_master_key()
            asyncio.run(_until_signalled(Supervisor(settings, home, ledger, addresses)))
        except KeyboardInterrupt:
            return 130
        except (CannotStart, Misconfigured, DatabaseNotReady, RedisNotReady, RuntimeError, OSError) as error:
            say(f"Omni cannot start: {error}")
            return 1
        finally:
            home.remove_outside_sockets()
    return 0


if __name__ == "__main__":
    sys.exit(main())
