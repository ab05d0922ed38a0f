"""The whole product under its supervisor: it starts, says where it is, survives the death of each part, and stops."""

import contextlib
import os
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.home import hand_over
from tests.harness.processes import get_status
from tests.harness.services import free_port, link_models
from tests.harness.waiting import wait_until
from tests.run.omni import START_SECONDS, STOP_SECONDS, Omni


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Omni]:
    # Longer than a socket's path may be, on purpose: the sockets must find a place of their own.
    home = tmp_path_factory.mktemp("run") / ("a-long-name-" * 8) / "home"
    home.parent.mkdir()
    hand_over(home, None)
    link_models(home)
    made = Omni(home=home, port=free_port())
    yield made
    made.end()


@pytest.fixture
def omni(installation: Omni) -> Omni:
    """It runs and is healthy."""
    installation.ensure_started()
    wait_until(installation.is_healthy, START_SECONDS)
    return installation


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_says_where_it_is_and_who_may_enter(omni: Omni) -> None:
    demo = omni.demo
    for word in (f"http://localhost:{omni.port}", demo["owner"]["email"], demo["agent"]["password"], demo["api_key"]):
        assert word in omni.output
    assert demo["api_key"].startswith("ebk_")
    assert mode(omni.home / "demo.json") == 0o600
    assert mode(omni.home / "master.key") == 0o600
    assert mode(omni.home / "logs") == 0o700


def test_it_serves_the_pages_on_its_port(omni: Omni) -> None:
    assert get_status(omni.port, "/demo") == 200
    assert get_status(omni.port, "/") == 200


def test_a_second_one_on_the_same_home_gives_up(omni: Omni) -> None:
    code, words = omni.attempt()
    assert code == 1
    assert f"another Omni runs on {omni.home}" in words
    assert omni.is_healthy()


def test_a_second_one_on_the_same_port_says_what_to_set(omni: Omni, tmp_path: Path) -> None:
    code, words = omni.attempt(OMNI_HOME=str(tmp_path / "other"))
    assert code == 1
    assert "set PORT to a free one" in words
    assert not (tmp_path / "other" / "pg").exists()


@pytest.mark.parametrize("name", ["redis", "postgres", "scheduler", "worker", "web"])
def test_a_killed_part_comes_back_and_nothing_acknowledged_is_lost(omni: Omni, name: str) -> None:
    kept = omni.teach(f"What survives {name}?")
    before = omni.pids()[name]
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: omni.pids().get(name, before) != before, START_SECONDS)
    wait_until(omni.is_healthy, START_SECONDS)
    # The first transaction of a pool after its server died fails; the next is clean.
    wait_until(lambda: omni.request("GET", "/api/faq").status_code == 200, START_SECONDS)
    assert kept in omni.known_faqs()


def test_a_killed_supervisor_leaves_nothing_running_and_the_next_start_works(omni: Omni) -> None:
    kept, key, secret = omni.teach("What survives the supervisor?"), omni.demo["api_key"], (omni.home / "master.key").read_text()
    omni.look()
    os.kill(omni.supervisor_pid(), signal.SIGKILL)
    assert omni.process is not None
    omni.process.wait()
    wait_until(lambda: not omni.survivors(), STOP_SECONDS)
    omni.start()
    assert omni.is_healthy()
    assert kept in omni.known_faqs()
    assert omni.demo["api_key"] == key
    assert (omni.home / "master.key").read_text() == secret


def test_everything_killed_at_once_is_recovered(omni: Omni) -> None:
    kept = omni.teach("What survives everything?")
    omni.look()
    for pid in omni.family:
        # Some are gone already: their parent's death ended them.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert omni.process is not None
    omni.process.wait()
    omni.start(["make", "run"])
    assert kept in omni.known_faqs()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_every_process_within_ten_seconds(omni: Omni, number: signal.Signals) -> None:
    omni.look()
    began = time.monotonic()
    assert omni.process is not None
    omni.process.send_signal(number)
    wait_until(lambda: not omni.survivors(), STOP_SECONDS)
    assert time.monotonic() - began < STOP_SECONDS
    omni.process.wait(STOP_SECONDS)
    assert "Everything has stopped" in omni.output
