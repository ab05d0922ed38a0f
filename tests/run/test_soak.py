"""A short soak: every part is killed or frozen once while people talk."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.home import hand_over
from tests.harness.services import free_port, link_models
from tests.run.omni import Omni
from tests.run.soak import Soak


@pytest.fixture
def omni(tmp_path: Path) -> Iterator[Omni]:
    home = tmp_path / "home"
    hand_over(home, None)
    link_models(home)
    made = Omni(home=home, port=free_port())
    made.start()
    yield made
    made.end()


def test_nothing_acknowledged_is_lost_or_answered_twice_whatever_dies(omni: Omni) -> None:
    async def soak() -> str:
        run = Soak(omni, seed=7)
        blows = [
            (3, run.kill("worker")),
            (2, run.kill("web")),
            (6, run.freeze("redis", 10)),
            (3, run.freeze("postgres", 10)),
            (3, run.kill("postgres")),
            (4, run.kill("redis")),
            (1, run.kill("scheduler")),
        ]
        report = await run.run(blows, visitors=6, callers=2)
        print(report)
        assert report.acknowledged > 20, report
        assert report.api_calls > 5, report
        assert report.comebacks > 0, report
        return "\n".join(report.problems)

    assert asyncio.run(soak()) == ""
