"""A whole Omni of its own for a bench: supervisor, databases, web, worker and scheduler in a temporary home on a free port."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from embedded.addresses import child_environment, choose_addresses
from embedded.home import Home, database_account
from embedded.postgres import Cluster
from embedded.redis import RedisServer
from omni_app.settings import ROOT, Settings

PATIENCE_SECONDS = 180.0


# A bench asks more often in a minute than a program should in an hour.
_UNLIMITED = {"API_CALLS_PER_HOUR": "10000000"}


@dataclass(frozen=True, slots=True)
class Omni:
    """A running Omni: its address, the demo key, and the environment of a process beside it."""

    url: str
    api_key: str
    widget_key: str
    environment: Mapping[str, str]

    @property
    def database_address(self) -> str:
        """Connects as omni_system."""
        return self.environment["OMNI_DATABASE_SYSTEM_URL"].replace("postgresql+psycopg", "postgresql")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    """Until `url` answers 200. Raises RuntimeError when the process ends or time runs out."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"{url} does not answer")


@contextmanager
def running_omni(**settings: str) -> Iterator[Omni]:
    """Start everything, yield, stop everything."""
    with tempfile.TemporaryDirectory(prefix="omni-bench-") as folder:
        home, port = Path(folder) / "home", free_port()
        _borrow_model(home)
        environment = {**os.environ, "OMNI_HOME": str(home), "PORT": str(port), "LOG_LEVEL": "WARNING", **_UNLIMITED, **settings}
        log = (Path(folder) / "supervisor.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "embedded.supervisor"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(f"{url}/health", process)
            demo = json.loads((home / "demo.json").read_text())
            omni = Omni(url, demo["api_key"], demo["widget_key"], _child_environment(home, port))
            _hear_everybody(omni)
            yield omni
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
            log.close()


def _hear_everybody(omni: Omni) -> None:
    """A few visitors who write all the time, and the same again and again, would be slowed down and handed over."""
    with psycopg.connect(omni.database_address) as connection:
        connection.execute(
            """update businesses set plan = 'scale', daily_messages = 10000, limits = limits ||
               '{"new_daily_messages": 10000, "abuse": {"is_on": false, "repeats": 10}}'"""
        )


def _borrow_model(home: Path) -> None:
    """Link a model file that was built already: building it is not what is measured."""
    for known in (ROOT / ".omni" / "models", ROOT / ".test-home" / "models"):
        if any(known.glob("*.onnx")):
            home.mkdir(parents=True)
            (home / "models").mkdir(mode=0o755)
            for path in known.glob("*.onnx"):
                os.link(path, home / "models" / path.name)
            return


def _child_environment(home: Path, port: int) -> Mapping[str, str]:
    settings = Settings(omni_home=home, port=port)
    place = Home(home)
    sockets = place.sockets()
    cluster = Cluster(data=home / "pg", sockets=sockets / "pg", account=database_account())
    addresses = choose_addresses(settings, cluster, RedisServer(data=home / "redis", socket=sockets / "redis.sock"))
    return {**os.environ, **child_environment(settings, addresses)}
