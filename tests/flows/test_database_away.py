"""The web process while PostgreSQL cannot be reached: it lives, says so, and answers in words."""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.children import Program
from omni_app.settings import ROOT
from tests.harness.services import Services
from tests.harness.waiting import wait_until


def get(url: str, **headers: str) -> tuple[int, str]:
    """Status and body of one GET; 0 when nobody answers."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except (urllib.error.URLError, OSError):
        return 0, ""


@pytest.fixture
def lonely_server(services: Services, tmp_path: Path) -> Iterator[str]:
    """A web process whose database sockets lead nowhere."""
    nowhere = f"postgresql+psycopg://omni_app@/omni?host={tmp_path}"
    environment = services.child_environment(DATABASE_URL=nowhere, OMNI_DATABASE_SYSTEM_URL=nowhere)
    program = Program(
        name="web",
        command=[sys.executable, "-m", "omni_app.serve"],
        log=tmp_path / "web.log",
        cwd=ROOT,
        environment=environment,
        parent_death_signal=signal.SIGKILL,
    )
    process = program.popen()
    url = f"http://127.0.0.1:{environment['PORT']}"
    try:
        wait_until(lambda: get(f"{url}/live")[0] == 200 or process.poll() is not None, 60)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def test_health_is_503_live_is_200_and_the_api_says_it_is_away(lonely_server: str) -> None:
    status, body = get(f"{lonely_server}/health")
    assert status == 503
    assert json.loads(body)["parts"]["database"]["status"] == "down"
    assert get(f"{lonely_server}/live")[0] == 200
    assert get(f"{lonely_server}/ready")[0] == 503
    status, body = get(f"{lonely_server}/api/faq", Authorization="Bearer ebk_" + "x" * 43)
    assert status == 503
    assert json.loads(body)["code"] == "unavailable"
    assert "Traceback" not in body
