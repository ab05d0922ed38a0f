"""The whole product under its supervisor: it starts, says where it is, survives the death of each part, and stops."""

import contextlib
import os
import signal
import stat
import time
from pathlib import Path

from tests.harness.processes import get_status
from tests.harness.waiting import wait_until
from tests.run.omni import START_SECONDS, STOP_SECONDS, Omni


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


def launch_until_it_works(omni: Omni) -> None:
    """Start it, and look at it once its web process, worker and scheduler are on their way."""
    omni.launch()
    try:
        wait_until(lambda: {"web", "worker", "scheduler"} <= omni.living(), START_SECONDS)
    except TimeoutError:
        raise AssertionError(f"only {omni.living()} live:\n{omni.output}") from None
    omni.look()


def test_whatever_ends_it_nothing_is_left_running_and_the_next_start_goes_on(omni: Omni) -> None:
    kept, key, secret = (
        omni.teach(f"What survives everything on {time.time()}?"),
        omni.demo["api_key"],
        (omni.home / "master.key").read_text(),
    )
    # As when the power fails: all at once.
    omni.look()
    for pid in omni.family:
        # Some are gone already: their parent's death ended them.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert omni.process is not None
    omni.process.wait()
    # Who still ends would be taken for one of the next start.
    wait_until(lambda: not omni.survivors(), STOP_SECONDS)
    # The supervisor alone, in the middle of the start that repairs this.
    launch_until_it_works(omni)
    os.kill(omni.supervisor_pid(), signal.SIGKILL)
    omni.process.wait()
    wait_until(lambda: not omni.survivors(), STOP_SECONDS)
    omni.start(["make", "run"])
    assert omni.is_healthy()
    assert kept in omni.known_faqs()
    assert omni.demo["api_key"] == key
    assert (omni.home / "master.key").read_text() == secret


def stop_with(omni: Omni, number: signal.Signals) -> None:
    omni.look()
    began = time.monotonic()
    assert omni.process is not None
    omni.process.send_signal(number)
    wait_until(lambda: not omni.survivors(), STOP_SECONDS)
    # Nine are promised; the rest is for a machine with other work.
    assert time.monotonic() - began < 30
    omni.process.wait(STOP_SECONDS)
    assert "Everything has stopped" in omni.output


def test_a_signal_stops_every_process(omni: Omni) -> None:
    stop_with(omni, signal.SIGTERM)


def test_ctrl_c_in_the_middle_of_a_start_stops_every_process(installation: Omni) -> None:
    launch_until_it_works(installation)
    stop_with(installation, signal.SIGINT)
