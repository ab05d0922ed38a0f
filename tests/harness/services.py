"""PostgreSQL, Redis and one database per test worker.

The controller starts both servers once, migrates a template database and hands the socket folder down in the environment; each
worker clones the template. All of it lies in one short folder (socket paths hold 107 bytes) that is removed at the end.
"""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from embedded.children import Program
from embedded.home import database_account, hand_over
from embedded.leftovers import start_time
from embedded.postgres import APP, OWNER, SYSTEM, Cluster
from embedded.redis import RedisServer
from omni_app.settings import ROOT, load_settings

RUN_VARIABLE = "OMNI_TEST_RUN"
TEMPLATE = "omni_template"
MODELS = ROOT / ".test-home" / "models"
# Public on purpose: it protects nothing but test rows.
TEST_MASTER_KEY = "dGVzdCBtYXN0ZXIga2V5IGZvciB0aGUgc3VpdGUgb24="
# What an operator's shell may hold and no test may see.
FOREIGN_VARIABLES = (
    *(
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "SMTP_URL",
        "SENDGRID_API_KEY",
        "SENDGRID_BASE_URL",
        "PUBLIC_URL",
        "MAIL_FROM",
        "OMNI_HOST",
    ),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"),
)
_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What one test worker has for itself. `environment` is what its processes need beside their PATH."""

    cluster: Cluster
    redis: RedisServer
    database: str
    redis_number: int
    home: Path
    port: int
    environment: Mapping[str, str]

    @property
    def base_url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def redis_url(self) -> str:
        return self.redis.url(self.redis_number)

    def superuser(self) -> psycopg.Connection:
        """A new synchronous connection to this worker's database that no policy binds, in autocommit mode."""
        return self.cluster.connect(self.database)

    def child_environment(self, **more: str) -> dict[str, str]:
        """The whole environment for a process of the product, its way out of this machine closed."""
        closed = {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "localhost,127.0.0.1"}
        return {**os.environ, **self.environment, **closed, **more}


class ServerRun:
    """The two servers of one test run."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"omni-test-{os.getpid()}-", dir="/tmp"))
        self._running: list[tuple[subprocess.Popen[bytes], signal.Signals]] = []

    def start(self) -> None:
        """Start both, make and migrate the template. Takes about four seconds."""
        remove_forgotten_folders()
        self.folder.chmod(0o711)
        cluster, server = _cluster(self.folder), _redis(self.folder)
        cluster.ensure_data(durable=False)
        self._run("redis", server.command(), signal.SIGTERM)
        self._run("postgres", cluster.command(), signal.SIGINT, as_database_user=True)
        cluster.wait_until_ready()
        cluster.ensure_roles()
        cluster.ensure_database(TEMPLATE)
        server.wait_until_ready()
        self._migrate(cluster)
        os.environ[RUN_VARIABLE] = str(self.folder)

    def _run(self, name: str, command: object, stop: signal.Signals, *, as_database_user: bool = False) -> None:
        program = Program(
            name=name,
            command=list(command),  # type: ignore[call-overload]
            log=self.folder / f"{name}.log",
            cwd=ROOT,
            account=database_account() if as_database_user else None,
            parent_death_signal=stop,
        )
        self._running.append((program.popen(), stop))

    def _migrate(self, cluster: Cluster) -> None:
        """Alembic in a process of its own: a template with an open connection cannot be cloned."""
        environment = {
            **os.environ,
            "OMNI_DATABASE_OWNER_URL": cluster.url(OWNER, TEMPLATE),
            "OMNI_DATABASE_SYSTEM_URL": cluster.url(SYSTEM, TEMPLATE),
            "DATABASE_URL": cluster.url(APP, TEMPLATE),
        }
        done = subprocess.run(
            [sys.executable, "-m", "alembic", "upgrade", "head"],
            check=False,
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0:
            raise RuntimeError(f"the migrations failed:\n{done.stdout}{done.stderr}")

    def stop(self) -> None:
        for process, number in self._running:
            process.send_signal(number)
        for process, _ in self._running:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        os.environ.pop(RUN_VARIABLE, None)
        shutil.rmtree(self.folder, ignore_errors=True)


def remove_forgotten_folders() -> None:
    """Folders of test runs that were killed: their servers ended with them, 60 MB each stayed."""
    for folder in Path("/tmp").glob("omni-test-*-*"):
        pid = folder.name.split("-")[2]
        if pid.isdigit() and start_time(int(pid)) is None:
            with contextlib.suppress(OSError):
                shutil.rmtree(folder)


def _cluster(folder: Path) -> Cluster:
    return Cluster(data=folder / "data", sockets=folder / "pg", account=database_account(), settings=_FAST)


def _redis(folder: Path) -> RedisServer:
    return RedisServer(data=folder / "redis", socket=folder / "redis.sock", durable=False)


def open_services(worker: str) -> Services:
    """Clone a database for the test worker `gw<n>` (or `main`) and put its addresses into this process's environment."""
    folder = Path(os.environ[RUN_VARIABLE])
    cluster, server = _cluster(folder), _redis(folder)
    database, home, port = f"omni_{worker}", folder / f"home-{worker}", free_port()
    number = 1 + int("".join(filter(str.isdigit, worker)) or 0) % 15
    clone(cluster, database)
    hand_over(home, None)
    link_models(home)
    environment = {
        "OMNI_HOME": str(home),
        "PORT": str(port),
        "OMNI_NAMESPACE": f"test-{worker}",
        "OMNI_MASTER_KEY": TEST_MASTER_KEY,
        "DATABASE_URL": cluster.url(APP, database),
        "OMNI_DATABASE_SYSTEM_URL": cluster.url(SYSTEM, database),
        "OMNI_DATABASE_OWNER_URL": cluster.url(OWNER, database),
        "REDIS_URL": server.url(number),
        "REFLEX_REDIS_URL": server.url(number),
        # Empty, not absent: a developer's `.env` may name them, and no test may reach a paid service.
        "OPENAI_API_KEY": "",
        "SMTP_URL": "",
        "SENDGRID_API_KEY": "",
    }
    for name in FOREIGN_VARIABLES:
        os.environ.pop(name, None)
    os.environ.update(environment)
    load_settings.cache_clear()
    return Services(
        cluster=cluster,
        redis=server,
        database=database,
        redis_number=number,
        home=home,
        port=port,
        environment=environment,
    )


def clone(cluster: Cluster, database: str) -> None:
    """A fresh copy of the migrated template, by copying files: 50 ms."""
    name = sql.Identifier(database)
    with cluster.connect() as superuser:
        superuser.execute(sql.SQL("drop database if exists {} with (force)").format(name))
        superuser.execute(
            sql.SQL("create database {} template {} owner {} strategy file_copy").format(
                name, sql.Identifier(TEMPLATE), sql.Identifier(OWNER)
            )
        )
        cluster.close_to_others(superuser, database)


def free_port() -> int:
    """A free port below the range the kernel hands out, so that no outgoing connection takes it before its server starts."""
    while True:
        port = random.randrange(15000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def link_models(home: Path) -> None:
    """Let `home` use the model file kept in the checkout: building it takes seconds, and homes are thrown away."""
    MODELS.mkdir(parents=True, exist_ok=True)
    (home / "models").symlink_to(MODELS)


def start_model_build() -> subprocess.Popen[bytes]:
    """Build the embedding model once per checkout, beside the start of the servers; returns at once when it lies there."""
    MODELS.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "OMNI_HOME": str(MODELS.parent)}
    return subprocess.Popen([sys.executable, "-m", "tools.model_file"], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)
